"""Calls moto with AWS's JSON protocol, bare: to load boto3's models would take longer than all the calls do."""

import json
import time
import urllib.error
import urllib.request


class MotoError(Exception):
    """moto refused a call or did not answer."""


class MotoClient:
    TARGETS = {"dynamodb": "DynamoDB_20120810", "events": "AWSEvents", "sqs": "AmazonSQS", "logs": "Logs_20140328"}

    def __init__(self, endpoint, region):
        self.endpoint = endpoint
        self.region = region
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        # moto may still be starting: the testbed starts it at the same time as this process, and each takes a second.
        self.connect_until = time.monotonic() + 10

    def call(self, service, action, **body):
        headers = {
            "Content-Type": "application/x-amz-json-1.0" if service != "events" else "application/x-amz-json-1.1",
            "X-Amz-Target": f"{self.TARGETS[service]}.{action}",
            # moto reads service and region from here, and does not check the signature unless told to.
            "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20260101/{self.region}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        request = urllib.request.Request(self.endpoint, json.dumps(body).encode(), headers)
        try:
            while True:
                try:
                    with self.opener.open(request, timeout=30) as reply:
                        return json.loads(reply.read() or b"{}")
                except urllib.error.URLError as error:
                    refused = isinstance(error.reason, ConnectionRefusedError)
                    if not refused or time.monotonic() > self.connect_until:
                        raise
                    time.sleep(0.02)
        except urllib.error.HTTPError as error:
            answer = " ".join(error.read(400).decode(errors="replace").split())
            raise MotoError(f"moto refused {service} {action} with {error.code}: {answer}") from error
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise MotoError(f"moto does not answer at {self.endpoint}: {reason}") from error
