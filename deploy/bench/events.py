"""The requests that are measured, as API Gateway hands them over: one that is refused, and ones that are accepted."""
import datetime
import hashlib
import hmac
import json
import pathlib
import secrets

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "events"
SECRET = "local-webhook-secret-do-not-use-elsewhere"  # the one that the samples are signed with


def refused():
    """The sample whose signature is wrong."""
    return json.loads((EVENTS / "fulfill-bad-signature.json").read_text())


def accepted():
    """A request that has never been here, of now."""
    event = json.loads((EVENTS / "fulfill.json").read_text())
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    nonce = secrets.token_hex(16)
    order = event["pathParameters"]["sfOrderId"]
    event["body"] = json.dumps({"orderId": order, "timestamp": time, "nonce": nonce}, separators=(",", ":"))
    event["headers"].update({
        "content-length": str(len(event["body"])),
        "idempotency-key": f"{order}-{nonce}",
        "x-sf-nonce": nonce,
        "x-sf-signature": hmac.new(SECRET.encode(), event["body"].encode(), hashlib.sha256).hexdigest(),
        "x-sf-timestamp": time,
    })
    return event


def lines(events):
    """One event a line, as the Runtime API of this bench reads them."""
    return "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
