"""The headers of a signed read (deploy/PORTAL.md)."""

import hashlib
import hmac


def headers(path, secret, now):
    timestamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = hmac.new(secret.encode(), f"GET\n{path}\n{timestamp}".encode(), hashlib.sha256).hexdigest()
    return {"X-SF-Timestamp": timestamp, "X-SF-Signature": signature}
