"""A dead-letter queue's content goes to its functions again, and nothing leaves the queue that was not accepted."""
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

import resources  # noqa: E402

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"
EVENT = {"detail-type": "OrderProvisionRequested", "source": "salesforce.orders", "detail": {"orderId": "801Dn0000014UPaIAM"}}


def record(function, payload, condition="RetriesExhausted"):
    return {"version": "1.0", "timestamp": "2026-11-20T10:15:30.000Z", "requestPayload": payload, "requestContext": {
        "requestId": "1", "functionArn": function, "condition": condition, "approximateInvokeCount": 3}}


class Lambda(http.server.BaseHTTPRequestHandler):
    """Accepts every event, but for the function `broken`."""

    def do_POST(self):
        path = urllib.parse.unquote(self.path).split("/")
        payload = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((path[3], self.headers["X-Amz-Invocation-Type"], json.loads(payload)))
        refused = path[3].removesuffix(":$LATEST").endswith("broken")
        body = b'{"Type":"User","message":"no such function"}' if refused else b""
        self.send_response(404 if refused else 202)
        if refused:
            self.send_header("x-amzn-ErrorType", "ResourceNotFoundException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class RedriveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        cls.endpoint = f"http://127.0.0.1:{port}"
        server = subprocess.Popen([sys.executable, HERE / "moto_server.py", "-H", "127.0.0.1", "-p", str(port)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.kill)
        cls.moto = resources.Moto(cls.endpoint, "eu-west-1")
        cls.functions = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lambda)
        threading.Thread(target=cls.functions.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.functions.server_close)
        cls.addClassCleanup(cls.functions.shutdown)

    def setUp(self):
        self.functions.calls = []
        self.queue = self.moto.call("sqs", "CreateQueue", QueueName=self.id().rsplit(".", 1)[-1])["QueueUrl"]

    def put(self, body, **attributes):
        self.moto.call("sqs", "SendMessage", QueueUrl=self.queue, MessageBody=body if isinstance(body, str) else json.dumps(body),
                       MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()})

    def left(self):
        """What can be received at once from the queue."""
        messages = self.moto.call("sqs", "ReceiveMessage", QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return sorted(message["Body"] for message in messages)

    def redrive(self, *options, queue=None, **environment):
        return subprocess.run(
            [sys.executable, HERE / "redrive.py", queue or self.queue, *options], capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "local", "AWS_MAX_ATTEMPTS": "1",
                 "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL": self.endpoint,
                 "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{self.functions.server_port}", **environment})

    def test_what_a_function_failed_on_goes_to_it_again(self):
        self.put(record(ARN + "orders-provision-order:$LATEST", EVENT))
        self.put(record(ARN + "orders-recover-orders:$LATEST", {"all": True}, "EventAgeExceeded"))
        run = self.redrive()
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(sorted(self.functions.calls, key=str), [
            (ARN + "orders-provision-order:$LATEST", "Event", EVENT),
            (ARN + "orders-recover-orders:$LATEST", "Event", {"all": True})])
        self.assertEqual(run.stdout.splitlines()[-1], "2 sent again, 0 stayed")
        self.assertEqual(len(run.stdout.splitlines()), 3)
        self.assertEqual(self.left(), [])

    def test_what_was_not_delivered_goes_to_the_target_it_was_for(self):
        self.put(EVENT, TARGET_ARN=ARN + "orders-provision-order", ERROR_CODE="NO_PERMISSIONS")
        self.assertEqual(self.redrive("--function", "another").returncode, 0)
        self.assertEqual(self.functions.calls, [(ARN + "orders-provision-order", "Event", EVENT)])

    def test_an_event_that_does_not_say_whose_it_is_waits_for_the_name(self):
        self.put(EVENT)
        run = self.redrive()
        self.assertEqual((run.returncode, self.functions.calls), (1, []))
        self.assertIn("stays: it does not say whose it is: name the function with --function", run.stdout)
        run = self.redrive("--function", "orders-provision-order")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(self.functions.calls, [("orders-provision-order", "Event", EVENT)])
        self.assertEqual(self.left(), [])

    def test_what_cannot_be_understood_stays_and_does_not_hold_up_the_rest(self):
        odd = ["not JSON", "[]", json.dumps(record(None, EVENT)), json.dumps({"requestContext": {"functionArn": ARN + "x"}}),
               json.dumps({"requestContext": "x", "requestPayload": EVENT}),
               json.dumps(record("arn:aws:lambda:eu-west-1:999999999999:function:theirs", EVENT)),
               json.dumps(record("arn:aws:lambda:us-east-1:123456789012:function:elsewhere", EVENT)),
               json.dumps(record("anything", EVENT))]
        for body in odd:
            self.put(body)
        self.put({"detail": "cut"}, TARGET_ARN=ARN + "orders-provision-order", IS_PAYLOAD_TRUNCATED="true")
        self.put(record(ARN + "orders-provision-order", EVENT))
        run = self.redrive("--function", "orders-provision-order")
        self.assertEqual((run.returncode, run.stderr), (1, ""))
        self.assertEqual(len(self.functions.calls), 1)
        self.assertEqual(run.stdout.splitlines()[-1], "1 sent again, 9 stayed")
        self.assertEqual(self.left(), sorted([*odd, json.dumps({"detail": "cut"})]))

    def test_what_lambda_does_not_accept_stays(self):
        self.put(record(ARN + "broken", EVENT))
        self.put(record(ARN + "orders-provision-order", EVENT))
        run = self.redrive()
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stdout, r"stays: \S+broken did not accept it \(ResourceNotFoundException\)")
        self.assertEqual(run.stdout.splitlines()[-1], "1 sent again, 1 stayed")
        self.assertEqual(self.left(), [json.dumps(record(ARN + "broken", EVENT))])

    def test_without_lambda_everything_stays(self):
        self.put(record(ARN + "orders-provision-order", EVENT))
        run = self.redrive(AWS_ENDPOINT_URL_LAMBDA="http://127.0.0.1:1")
        self.assertEqual(run.returncode, 1)
        self.assertIn("did not accept it (EndpointConnectionError)", run.stdout)
        self.assertEqual(len(self.left()), 1)

    def test_no_more_than_asked_for(self):
        for number in range(12):
            self.put(record(ARN + "orders-provision-order", {"number": number}))
        self.assertEqual(self.redrive("--max", "11").stdout.splitlines()[-1], "11 sent again, 0 stayed")
        self.assertEqual(len(self.functions.calls), 11)
        self.assertEqual(len(self.left()), 1)

    def test_nothing_of_the_content_is_shown(self):
        self.put(record(ARN + "orders-provision-order", {"name": "Ada Lovelace"}))
        self.put('{"name": "Ada Lovelace"')
        self.put({"name": "Ada Lovelace"})
        run = self.redrive()
        self.assertNotIn("Lovelace", run.stdout + run.stderr)

    def test_an_empty_queue(self):
        run = self.redrive()
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "0 sent again, 0 stayed\n", ""))

    def test_faults_are_one_sentence(self):
        for options, told in [
            ({"queue": self.queue + "-nowhere"}, "does not exist"),
            ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Could not connect"),
        ]:
            run = self.redrive(**options)
            self.assertEqual((run.returncode, run.stdout), (1, ""))
            self.assertIn(told, run.stderr)
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertEqual(self.redrive("--max", "0").returncode, 2)


if __name__ == "__main__":
    unittest.main()
