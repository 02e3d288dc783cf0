"""The sample events are signed, fit the routes, and are explained."""

import base64
import hashlib
import hmac
import json
import re
import unittest

from support import EVENTS, WEBHOOK_SECRET, deployed, function_descriptions, sample_event

NAMES = sorted(path.name for path in EVENTS.glob("*.json"))


class SampleEventsTest(unittest.TestCase):
    def test_signatures(self):
        nonces = set()
        for name, is_valid in [
            ("fulfill.json", True),
            ("fulfill-base64.json", True),
            ("fulfill-rest-v1.json", True),
            ("fulfill-stale.json", True),
            ("fulfill-bad-signature.json", False),
        ]:
            with self.subTest(name):
                sample = sample_event(name)
                body = base64.b64decode(sample["body"]) if sample["isBase64Encoded"] else sample["body"].encode()
                headers = {key.lower(): value for key, value in sample["headers"].items()}
                signature = hmac.new(WEBHOOK_SECRET, body, hashlib.sha256).hexdigest()
                self.assertEqual(headers["x-sf-signature"] == signature, is_valid)
                request = json.loads(body)
                self.assertEqual(headers["x-sf-timestamp"], request["timestamp"])
                self.assertEqual(headers["x-sf-nonce"], request["nonce"])
                self.assertRegex(request["nonce"], "^[0-9a-f]{16,}$")
                self.assertEqual(sample["pathParameters"]["sfOrderId"], request["orderId"])
                self.assertIn("idempotency-key", headers)
                self.assertNotIn(request["nonce"], nonces)
                nonces.add(request["nonce"])

    def test_signatures_of_reads(self):
        for name in ["status.json", "health-signed.json"]:
            with self.subTest(name):
                sample = sample_event(name)
                signed = f"GET\n{sample['rawPath']}\n{sample['headers']['x-sf-timestamp']}"
                signature = hmac.new(WEBHOOK_SECRET, signed.encode(), hashlib.sha256).hexdigest()
                self.assertEqual(sample["headers"]["x-sf-signature"], signature)

    def test_requests_have_a_route_of_the_template(self):
        stack, _ = deployed()
        routes = {
            f"{route['method']} {route['path']}"
            for found in function_descriptions.find_routes(stack).values()
            for route in found
        }
        for name in NAMES:
            if sample_event(name).get("version") == "2.0":
                self.assertIn(sample_event(name)["routeKey"], routes, name)

    def test_the_readme_explains_every_sample(self):
        readme = (EVENTS / "README.md").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"`([\w-]+\.json)`", readme)), set(NAMES))


if __name__ == "__main__":
    unittest.main()
