"""deploy/plan asks a function for a plan and prints it."""

import http.server
import json
import sys
import threading
import unittest

from support import DEPLOY, run

ORDER = "801Dn0000014UPaIAM"
LINE = {
    "orderItemId": "802Dn0000000001AAA",
    "name": "Web Hosting",
    "productId": 185,
    "product": "Hosting",
    "cycle": "monthly",
    "quantity": 2,
    "whmcsPrice": "9.90",
    "salesforcePrice": "12.5",
    "domain": None,
    "hostname": None,
    "configOptions": {},
    "customFields": {},
    "faults": [],
}
PLAN = {
    "orderId": ORDER,
    "client": {"id": 1234, "currency": "EUR"},
    "paymentMethod": "stripe",
    "pricesFrom": "Salesforce",
    "currency": "EUR",
    "lines": [LINE],
    "faults": [],
    "ledger": None,
}


class Lambda(http.server.BaseHTTPRequestHandler):
    """Answers every invocation with the server's `reply`: status, headers, JSON."""

    def do_POST(self):
        self.server.calls.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        status, headers, answer = self.server.reply
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class PlanTest(unittest.TestCase):
    def print(self, plan):
        return run(sys.executable, DEPLOY / "operations/plan.py", input=json.dumps(plan))

    def test_a_good_plan(self):
        result = self.print(PLAN)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(
            result.stdout,
            """\
order      801Dn0000014UPaIAM
client     1234, pays in EUR
gateway    stripe
prices     Salesforce's count (EUR)
ledger     no such order

line  order item          name         product      cycle    quantity  WHMCS  Salesforce
   1  802Dn0000000001AAA  Web Hosting  185 Hosting  monthly         2   9.90        12.5

No faults.
""",
        )

    def test_details_faults_and_the_ledger(self):
        line = {**LINE, "hostname": "web1", "configOptions": {"10": "2", "9": "x"}, "customFields": {"403": "Größe"}}
        unknown = {**LINE, "productId": None, "product": None, "cycle": None, "quantity": None, "whmcsPrice": None}
        ledger = {"status": "Failed", "whmcsOrderId": 7, "errorCode": "WHMCS_REJECTED", "hasPlan": True}
        faults = [{"code": "CLIENT_CLOSED", "message": "WHMCS client 1234 is closed"}]
        result = self.print(
            {**PLAN, "client": None, "lines": [line, unknown], "faults": faults, "ledger": ledger, "currency": None}
        )
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[1], "client     –")
        self.assertEqual(lines[4], "ledger     Failed, WHMCS order 7, WHMCS_REJECTED")
        self.assertTrue(lines[5].endswith("may differ."))
        self.assertTrue(lines[7].endswith("details"))
        self.assertTrue(lines[8].endswith("hostname web1; option 9 = x; option 10 = 2; field 403 = Größe"))
        self.assertRegex(lines[9], r"Web Hosting  –  +–  +–  +–  +12\.5  –$")
        self.assertEqual(lines[-1], "CLIENT_CLOSED  WHMCS client 1234 is closed")

    def test_any_other_answer_is_one_sentence(self):
        for answer in ["", "null", "[]", '{"errorMessage":"x"}', json.dumps({**PLAN, "lines": [{}]})]:
            with self.subTest(answer):
                result = run(sys.executable, DEPLOY / "operations/plan.py", input=answer)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertRegex(result.stderr, r"^The answer is no plan \(.*\)\n$")

    def ask(self, status=200, headers=None, answer=PLAN):
        """Asks a deployed function. Returns the result, and the calls of Lambda."""
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lambda) as server:
            server.calls, server.reply = [], (status, headers or {}, answer)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            environment = {
                "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}",
            }
            result = run(sys.executable, DEPLOY / "operations/plan.py", ORDER, "--function", "f", env=environment)
            server.shutdown()
            return result, server.calls

    def test_a_deployed_function_is_invoked(self):
        result, calls = self.ask()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("No faults.", result.stdout)
        self.assertEqual(calls, [("/2015-03-31/functions/f/invocations", {"plan": ORDER})])

    def test_an_error_of_the_function_is_shown(self):
        answer = {"errorType": "Unreadable", "errorMessage": "the ledger"}
        result, _ = self.ask(headers={"X-Amz-Function-Error": "Unhandled"}, answer=answer)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(json.loads(result.stderr), answer)

    def test_a_function_that_cannot_be_invoked_is_one_sentence(self):
        for status, name in (404, "ResourceNotFoundException"), (500, "ServiceException"):
            result, calls = self.ask(status, {"x-amzn-ErrorType": name}, {"message": "no"})
            self.assertEqual((result.returncode, result.stdout, len(calls)), (2, "", 1))
            self.assertRegex(result.stderr, rf"^f: An error occurred \({name}\) .*\n$")

    def test_wrong_arguments_show_the_usage(self):
        for arguments in [(), ("nonsense",), (ORDER, "--function"), (ORDER, "extra"), (ORDER + '"', "--function", "f")]:
            with self.subTest(arguments):
                result = run(DEPLOY / "plan", *arguments)
                self.assertEqual((result.returncode, result.stdout), (64, ""))
                self.assertRegex(result.stderr, "^usage: deploy/plan <orderId>")


if __name__ == "__main__":
    unittest.main()
