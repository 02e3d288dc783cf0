"""The requests of the benchmark, as API Gateway passes them on: one to refuse, and any number to accept."""

import datetime
import hashlib
import hmac
import json
import pathlib
import secrets

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "events"
SECRET = "local-webhook-secret-do-not-use-elsewhere"  # signs the sample events


def refused():
    """The sample event with the wrong signature."""
    return json.loads((EVENTS / "fulfill-bad-signature.json").read_text())


def accepted():
    """A new request with the current time."""
    event = json.loads((EVENTS / "fulfill.json").read_text())
    time = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    nonce = secrets.token_hex(16)
    order = event["pathParameters"]["sfOrderId"]
    event["body"] = json.dumps({"orderId": order, "timestamp": time, "nonce": nonce}, separators=(",", ":"))
    event["headers"].update(
        {
            "content-length": str(len(event["body"])),
            "idempotency-key": f"{order}-{nonce}",
            "x-sf-nonce": nonce,
            "x-sf-signature": hmac.new(SECRET.encode(), event["body"].encode(), hashlib.sha256).hexdigest(),
            "x-sf-timestamp": time,
        }
    )
    return event


def lines(events):
    """One event a line, as runtime.c reads them."""
    return "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
