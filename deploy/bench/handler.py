"""The function that awslambdaric runs: only the refusal of a wrong signature, with the answer of verify-signature."""

import hashlib
import hmac
import json

SECRET = b"local-webhook-secret-do-not-use-elsewhere"


def handle(event, context):
    signature = hmac.new(SECRET, event["body"].encode(), hashlib.sha256).hexdigest()
    if hmac.compare_digest(signature, event["headers"].get("x-sf-signature", "")):
        return {"statusCode": 501, "headers": {}, "body": "", "isBase64Encoded": False}
    problem = {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "code": "INVALID_SIGNATURE",
        "detail": "X-SF-Signature is not the hex HMAC-SHA256 of the body as it was sent",
        "requestId": event["requestContext"]["requestId"],
    }
    return {
        "statusCode": 401,
        "headers": {"Content-Type": "application/problem+json"},
        "body": json.dumps(problem),
        "isBase64Encoded": False,
    }
