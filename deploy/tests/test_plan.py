"""deploy/plan asks a function for a plan and prints it."""

import json
import os
import pathlib
import sys
import tempfile
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

# Answers `aws lambda invoke` with $ANSWER, whose last argument is the file for the answer.
AWS = """#!/usr/bin/env bash
printf '%s\\n' "$@" >"$CALL"
while [ $# -gt 1 ]; do
    if [ "$1" = --payload ]; then cat "${2#file://}" >>"$CALL"; fi
    shift
done
printf '%s' "$ANSWER" >"$1"
echo "${FUNCTION_ERROR:-None}"
"""


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

    def invoke(self, *arguments, answer=PLAN, error=""):
        with tempfile.TemporaryDirectory() as directory:
            aws, call = pathlib.Path(directory, "aws"), pathlib.Path(directory, "call")
            aws.write_text(AWS, encoding="utf-8")
            aws.chmod(0o755)
            variables = {
                "PATH": f"{directory}:{os.environ['PATH']}",
                "CALL": str(call),
                "ANSWER": json.dumps(answer),
                "FUNCTION_ERROR": error,
            }
            result = run(DEPLOY / "plan", *arguments, env={**os.environ, **variables})
            return result, call.read_text(encoding="utf-8") if call.exists() else ""

    def test_a_deployed_function_is_invoked(self):
        result, call = self.invoke(ORDER, "--function", "orders-provision-order")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("No faults.", result.stdout)
        self.assertIn("lambda\ninvoke\n--function-name\norders-provision-order\n", call)
        self.assertTrue(call.endswith('{"plan":"801Dn0000014UPaIAM"}'))

    def test_an_error_of_the_function_is_shown(self):
        answer = {"errorType": "Unreadable", "errorMessage": "the ledger"}
        result, _ = self.invoke(ORDER, "--function", "f", answer=answer, error="Unhandled")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(json.loads(result.stderr), answer)

    def test_wrong_arguments_show_the_usage(self):
        for arguments in [(), ("nonsense",), (ORDER, "--function"), (ORDER, "extra"), (ORDER + '"', "--function", "f")]:
            with self.subTest(arguments):
                result, call = self.invoke(*arguments)
                self.assertEqual((result.returncode, result.stdout, call), (64, "", ""))
                self.assertRegex(result.stderr, "^usage: deploy/plan <orderId>")


if __name__ == "__main__":
    unittest.main()
