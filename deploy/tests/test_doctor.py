"""deploy/doctor prints what the functions' doctors and the stack say."""

import contextlib
import hashlib
import hmac
import http.server
import io
import json
import pathlib
import sys
import tempfile
import threading
import unittest
from unittest import mock

import boto3
from botocore.response import StreamingBody
from botocore.stub import Stubber

from support import ACCOUNT, DEPLOY, REGION, TEMPLATE, run, sam_template

sys.path.insert(0, str(DEPLOY / "operations"))
import doctor

GOOD = {"checks": [{"name": "ledger", "ok": True}, {"name": "order queue", "ok": True, "detail": "3 wait"}], "ok": True}
BAD = {
    "checks": [
        {"name": "ledger", "ok": True},
        {"name": "WHMCS", "ok": False, "detail": "no\x1b[2J JSON", "help": "Check\nit."},
        {"name": "catalogue", "ok": None, "detail": "not compared", "help": "Ask again."},
    ],
    "ok": False,
}
HEALTH = {"status": "ok", "ledger": {"ok": True}, "bus": {"ok": True, "milliseconds": 3}, "token": {"ok": True}}
OUTPUTS = {
    "ProvisionFunction": "orders-provision-order",
    "RefreshFunction": "orders-refresh-sf-token",
    "OrderBusName": "orders-orders",
    **{name: f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name[:-3]}" for name in doctor.DEAD_LETTERS},
}


HEALTHY = f"200 {json.dumps(HEALTH)}"


class Result:
    """What the program writes, and its status."""

    def __init__(self, *arguments):
        output, errors = io.StringIO(), io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["doctor", *arguments]),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(errors),
        ):
            try:
                doctor.main()
            except SystemExit as ended:
                self.returncode = ended.code
        self.stdout, self.stderr = output.getvalue(), errors.getvalue()


class TestbedTest(unittest.TestCase):
    """With answers as `deploy/testbed` prints them."""

    def doctor(self, *options, provision=GOOD, refresh=GOOD, health=HEALTHY):
        with tempfile.TemporaryDirectory() as directory:
            files = {"provision-order": provision, "refresh-sf-token": refresh, "health": health}
            for name, content in files.items():
                text = content if isinstance(content, str) else json.dumps(content)
                (pathlib.Path(directory) / name).write_text(text, encoding="utf-8")
            return Result("--answers", directory, *options)

    def test_a_healthy_suite(self):
        result = self.doctor()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(
            result.stdout,
            """\
provision-order
  ✓ ledger
  ✓ order queue: 3 wait
refresh-sf-token
  ✓ ledger
  ✓ order queue: 3 wait
signed /health
  ✓ ledger for order-status
  ✓ bus for order-status
  ✓ token for order-status

No faults.
""",
        )

    def test_a_cross_has_the_sentence_that_helps(self):
        result = self.doctor(provision=BAD)
        self.assertEqual(result.returncode, 1)
        self.assertIn("  ✗ WHMCS: no�[2J JSON\n      Check�it.\n", result.stdout)
        self.assertIn("  – catalogue: not compared\n      Ask again.\n", result.stdout)
        self.assertTrue(result.stdout.endswith("\n1 fault.\n"))

    def test_json(self):
        result = self.doctor("--json", refresh=BAD)
        self.assertEqual(result.returncode, 1)
        answer = json.loads(result.stdout)
        self.assertEqual((answer["ok"], answer["parts"]["refresh-sf-token"]), (False, BAD["checks"]))
        self.assertEqual(list(answer["parts"]), ["provision-order", "refresh-sf-token", "signed /health"])

    def test_a_function_that_fails_is_a_cross(self):
        failure = {"errorType": "Configuration", "errorMessage": "SF_CLIENT_ID is not set"}
        result = self.doctor(refresh=failure)
        self.assertEqual(result.returncode, 1)
        self.assertIn("  ✗ start: Configuration: SF_CLIENT_ID is not set\n      Correct what", result.stdout)
        result = self.doctor(provision={"errorType": "MalformedEvent", "errorMessage": "x"})
        self.assertIn("  ✗ doctor: this version of the function has none\n      Deploy the current", result.stdout)

    def test_health(self):
        sick = HEALTH | {"bus": {"ok": False, "problem": "no answer"}}
        for health, line in (
            (f"503 {json.dumps(sick)}", "✗ bus for order-status: no answer\n      Look into the log of order-status"),
            ('401 {"code":"INVALID_SIGNATURE"}', "✗ /health: the signature is refused\n      Put the first line"),
            ('500 {"message":"x"}', "✗ /health: HTTP 500 instead of a report\n      Look into"),
            ("502 <html>", "✗ /health: HTTP 502 instead of a report\n      Look into"),
        ):
            with self.subTest(health):
                result = self.doctor(health=health)
                self.assertEqual(result.returncode, 1)
                self.assertIn(line, result.stdout)

    def test_any_other_answer_is_one_sentence(self):
        for answer in ["", "null", "[]", '{"refreshed":true}', '{"checks":[{}]}', '{"checks":1}']:
            with self.subTest(answer):
                result = self.doctor(provision=answer)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, r"^The answer is no doctor's \(.*\)\n$")

    def test_wrong_arguments_show_the_usage(self):
        for arguments in [
            ("x",),
            ("--stack",),
            ("--stack", ""),
            ("--region", "eu-west-1"),
            ("--json", "--profile", "p"),
        ]:
            with self.subTest(arguments):
                result = run(DEPLOY / "doctor", *arguments)
                self.assertEqual((result.returncode, result.stdout), (64, ""))
                self.assertRegex(result.stderr, "^usage: deploy/doctor")


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, self.headers["X-SF-Timestamp"], self.headers["X-SF-Signature"]))
        status, body = self.server.reply
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


class StackTest(unittest.TestCase):
    """With the answers of AWS, which botocore checks against its own description of the services."""

    @classmethod
    def setUpClass(cls):
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        names = ("cloudformation", "lambda", "events", "sqs")
        cls.clients = {name: boto3.client(name, region_name=REGION, **keys) for name in names}
        cls.api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
        threading.Thread(target=cls.api.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.api.server_close)
        cls.addClassCleanup(cls.api.shutdown)
        cls.outputs = OUTPUTS | {"ApiUrl": f"http://127.0.0.1:{cls.api.server_port}"}

    def setUp(self):
        self.api.requests, self.api.reply = [], (200, HEALTH)
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()
            self.addCleanup(stub.deactivate)

    def stack(self):
        self.answer_stack(self.outputs)
        return doctor.Stack(self.clients.__getitem__, "orders")

    def answer_stack(self, outputs):
        stack = {
            "StackName": "orders",
            "CreationTime": "2026-11-20T10:15:30Z",
            "StackStatus": "CREATE_COMPLETE",
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        }
        self.stubs["cloudformation"].add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "orders"})

    def answer_invoke(self, output, answer):
        payload = json.dumps(answer).encode()
        body = StreamingBody(io.BytesIO(payload), len(payload))
        self.stubs["lambda"].add_response(
            "invoke", {"Payload": body}, {"FunctionName": OUTPUTS[output], "Payload": b'{"doctor":true}'}
        )

    def answer_resources(self, state="Enabled", letters=0, subnets=()):
        self.stubs["events"].add_response("describe_event_bus", {}, {"Name": "orders-orders"})
        function = {"FunctionName": OUTPUTS["ProvisionFunction"]}
        mappings = {"EventSourceMappings": [{"State": state}]}
        self.stubs["lambda"].add_response("list_event_source_mappings", mappings, function)
        for count, name in enumerate(doctor.DEAD_LETTERS):
            attributes = {"ApproximateNumberOfMessages": str(letters if count == 1 else 0)}
            expected = {"QueueUrl": OUTPUTS[name], "AttributeNames": ["ApproximateNumberOfMessages"]}
            self.stubs["sqs"].add_response("get_queue_attributes", {"Attributes": attributes}, expected)
        vpc = {"VpcConfig": {"SubnetIds": list(subnets)}} if subnets else {}
        self.stubs["lambda"].add_response("get_function_configuration", vpc, function)

    def resources(self, **given):
        self.answer_resources(**given)
        return {check["name"]: check for check in self.stack().resources()}

    def test_every_output_exists(self):
        self.assertLessEqual(set(self.outputs), set(sam_template.load(TEMPLATE)["Outputs"]))

    def test_the_functions_are_asked_where_they_run(self):
        self.answer_invoke("ProvisionFunction", BAD)
        stack = self.stack()
        self.assertEqual(stack.function("ProvisionFunction"), BAD["checks"])
        self.stubs["lambda"].assert_no_pending_responses()

    def test_all_parts_are_asked(self):
        with (
            mock.patch.object(doctor.Stack, "function", lambda _, output: [doctor.check(output, True)]),
            mock.patch.object(doctor.Stack, "resources", lambda _: [doctor.check("bus", True)]),
        ):
            parts = self.stack().parts("s" * 32)
        self.assertEqual(list(parts), ["provision-order", "refresh-sf-token", "stack", "signed /health"])
        self.assertEqual(doctor.count(parts), 0)

    def test_resources(self):
        self.assertEqual({check["ok"] for check in self.resources(subnets=["subnet-1", "subnet-2"]).values()}, {True})

    def test_resources_that_fail(self):
        checks = self.resources(state="Disabled", letters=2)
        self.assertEqual(checks["order queue's consumer"]["ok"], False)
        self.assertIn("Disabled", checks["order queue's consumer"]["detail"])
        self.assertIn("--enabled", checks["order queue's consumer"]["help"])
        self.assertEqual(checks["dead letters"]["detail"], "UndeliveredEvents has 2")
        self.assertIn("RUNBOOK", checks["dead letters"]["help"])
        self.assertIsNone(checks["fixed address"]["ok"])
        self.assertIn("login ranges", checks["fixed address"]["help"])

    def test_what_the_operator_may_not_see_is_not_checked(self):
        self.stubs["events"].add_client_error("describe_event_bus", "AccessDeniedException", "no")
        stack = self.stack()
        found = stack.look("order bus", stack.bus)
        self.assertIsNone(found["ok"])
        self.assertIn("AccessDeniedException", found["detail"])

    def test_a_stack_that_cannot_be_asked_is_one_sentence(self):
        for code in ("ValidationError", "AccessDenied"):
            self.stubs["cloudformation"].add_client_error("describe_stacks", code, "no")
            with self.assertRaisesRegex(doctor.CannotAsk, code):
                doctor.Stack(self.clients.__getitem__, "orders")
        self.answer_stack({})
        with self.assertRaisesRegex(doctor.CannotAsk, "orders is no stack of this suite: it has no output ApiUrl"):
            doctor.Stack(self.clients.__getitem__, "orders")

    def test_a_stack_that_is_not_there_is_status_2(self):
        error = doctor.CannotAsk("cloudformation: orders does not exist")
        with mock.patch.object(doctor, "Stack", side_effect=error):
            result = Result("--stack", "orders", "--region", REGION)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (2, "", f"{error}\n"))

    def test_health_is_signed(self):
        secret = "8f2c61d0b7e94a35c3f1b2a49d7e5068"
        checks = doctor.signed_health(self.outputs["ApiUrl"], secret)
        self.assertEqual({check["ok"] for check in checks}, {True})
        ((path, time, signature),) = self.api.requests
        self.assertEqual(path, "/health")
        signed = hmac.new(secret.encode(), f"GET\n/health\n{time}".encode(), hashlib.sha256)
        self.assertEqual(signature, signed.hexdigest())
        self.api.reply = (503, HEALTH | {"token": {"ok": False, "problem": "no token"}})
        *_, token = doctor.signed_health(self.outputs["ApiUrl"], secret)
        self.assertEqual((token["ok"], token["detail"]), (False, "no token"))

    def test_health_that_is_not_asked(self):
        (unset,) = doctor.signed_health(self.outputs["ApiUrl"], None)
        self.assertIsNone(unset["ok"])
        (silent,) = doctor.signed_health("http://127.0.0.1:9", "s")
        self.assertEqual((silent["ok"], silent["help"]), (False, "Check ApiUrl, and your own network."))


if __name__ == "__main__":
    unittest.main()
