"""deploy/orders on a deployed stack: lists, one order's story, publishing again."""

import datetime
import json
import re
import time
import unittest
import unittest.mock

import boto3

from orders_stack import DeployedStack, call, typed
from support import DEPLOY, REGION, ROOT, as_list, ledger, orders_list, run, waiting

NOW = int(time.time() * 1000)
MINUTE = 60_000
HOUR = 60 * MINUTE
A, B, C, D = "801Dn0000014UPaIAM", "801Dn0000014UPbIAM", "801Dn0000014UPcIAM", "801Dn0000014UPdIAM"
OPEN = {"status": "Activating", "open": "1", "attempt": 1, "tries": 2, "updatedAt": NOW, "requestedAt": NOW - HOUR}
FAILED = {
    "status": "Failed",
    "step": "sf_failure_update",
    "attempt": 1,
    "tries": 1,
    "errorMessage": "WHMCS client 1236 has no pay method",
    "requestedAt": NOW - HOUR,
    "updatedAt": NOW - HOUR,
    "history": [
        {"at": NOW - HOUR, "status": "Accepted", "attempt": 1},
        {"at": NOW - HOUR + 1000, "status": "Failed", "attempt": 1, "code": "PAYMENT_METHOD_MISSING"},
    ],
}


def failed(code="PAYMENT_METHOD_MISSING", ago=HOUR, **more):
    return {**FAILED, "errorCode": code, "endedAt": NOW - ago, **more}


def ids(output):
    return re.findall(r"^801\w{15}", output, re.MULTILINE)


class OrdersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = DeployedStack(cls)

    def setUp(self):
        self.stack.reset()

    def orders(self, *words, status=0):
        code, out, errors = self.stack.orders(*words)
        self.assertEqual((code, errors), (status, ""))
        return out

    def json(self, *words, status=0):
        return json.loads(self.orders(*words, "--json", status=status))

    # list

    def test_an_empty_ledger(self):
        out = self.orders("list")
        self.assertEqual(
            out.splitlines(),
            [
                "Open (0): the suite continues by itself",
                "",
                "Failed (0): each waits for a person, and for a new request",
            ],
        )

    def test_open_orders_and_what_they_wait_for(self):
        breaker = {"failures": 6, "openedAt": NOW - MINUTE}
        down = {"errorCode": "WHMCS_UNAVAILABLE"}
        # This module may have been loaded minutes ago.
        later, before = NOW + HOUR, NOW - MINUTE
        cases = {
            "run": {"leaseOwner": "r", "leaseUntil": later, "dueAt": later},
            "retry": {"dueAt": later, **down},
            "due": {"dueAt": before, "status": "Accepted"},
            "repair": {"dueAt": later, "errorCode": "WHMCS_SETUP_FAILED", "setupFailedAt": before},
            "report": {"dueAt": later, "status": "Provisioned", "endedAt": before},
        }
        for kind, more in cases.items():
            with self.subTest(kind):
                self.stack.reset()
                self.stack.put_order(A, **{**OPEN, **more})
                (order,) = self.json("list", "--open")["open"]["orders"]
                self.assertEqual((order["orderId"], order["waitsFor"]), (A, kind))
        self.stack.put_order(A, **{**OPEN, "dueAt": later, **down})
        for key, more, sentence in [
            ("whmcs", {}, "WHMCS, which does not answer since"),
            ("whmcsAddOrder", {}, "WHMCS's AddOrder, which does not answer since"),
            ("whmcs", {"isRefusal": 1}, "WHMCS, which refuses the suite since"),
        ]:
            with self.subTest(sentence):
                self.stack.put("breakers", **{key: {**breaker, **more}})
                self.assertIn(sentence, self.orders("list", "--open"))
        # A closed breaker keeps nobody waiting.
        self.stack.put("breakers", whmcs={"failures": 2})
        self.assertIn("its next run, due", self.orders("list", "--open"))
        # Salesforce answers, and the report of a failure needs Salesforce alone.
        self.stack.put_order(A, **{**failed("WHMCS_UNAVAILABLE"), "open": "1", "dueAt": later})
        (order,) = self.json("list", "--open")["open"]["orders"]
        self.assertEqual(order["waitsFor"], "report")

    def test_failed_orders_the_newest_first_by_code_and_age(self):
        self.stack.put_order(A, **failed("MAPPING_FAILED", 3 * HOUR, whmcsOrderId=1002))
        self.stack.put_order(B, **failed("CLIENT_CLOSED", HOUR))
        self.stack.put_order(C, **failed("MAPPING_FAILED", MINUTE))
        # A retry has a code and no end; a provisioned order has an end and no code.
        self.stack.put_order(D, **OPEN, errorCode="MAPPING_FAILED", dueAt=NOW)
        out = self.orders("list", "--failed")
        self.assertEqual(ids(out), [C, B, A])
        self.assertIn("Failed (3: MAPPING_FAILED 2, CLIENT_CLOSED 1): ", out)
        self.assertRegex(out, rf"{A} +3 h  MAPPING_FAILED +1 +1002  admin")
        self.assertEqual(ids(self.orders("list", "--failed", "--code", "MAPPING_FAILED")), [C, A])
        self.assertEqual(ids(self.orders("list", "--failed", "--older", "30m")), [B, A])
        self.assertEqual(ids(self.orders("list", "--failed", "--older", "2h", "--code", "CLIENT_CLOSED")), [])
        self.assertEqual(ids(self.orders("list", "--open", "--code", "MAPPING_FAILED")), [D])
        self.assertEqual(ids(self.orders("list", "--open", "--older", "2h")), [])
        self.assertEqual(ids(self.orders("list")), [D, C, B, A])

    def test_orders_that_need_a_person(self):
        self.stack.put_order(A, **OPEN, dueAt=NOW, errorCode="WHMCS_SETUP_FAILED", setupFailedAt=NOW)
        self.stack.put_order(B, **OPEN, dueAt=NOW)
        self.stack.put_order(C, **failed())
        self.assertEqual(ids(self.orders("list", "--person")), [A, C])

    def test_a_list_ends_at_its_limit_and_goes_on_where_it_ended(self):
        for number in range(7):
            code = "MAPPING_FAILED" if number % 2 else "CLIENT_CLOSED"
            self.stack.put_order(ledger.order_id(f"801Dn0000014UF{number}"), **failed(code, number * HOUR))
            self.stack.put_order(ledger.order_id(f"801Dn0000014UO{number}"), **OPEN, dueAt=NOW + number)
        for kind, order in (("failed", "UF"), ("open", "UO")):
            with self.subTest(kind):
                seen, after, pages = [], [], 0
                while after is not None and pages < 5:
                    out = self.orders("list", f"--{kind}", "--limit", "3", *after)
                    more = re.search(
                        r"^More: deploy/orders list --\w+ --after (\S+) --stack orders$", out, re.MULTILINE
                    )
                    self.assertEqual(bool(more), " and more): " in out)
                    seen, pages = seen + ids(out), pages + 1
                    after = ["--after", more[1]] if more else None
                self.assertEqual([id[:15] for id in seen], [f"801Dn0000014{order}{number}" for number in range(7)])
                self.assertEqual(pages, 3)

    def test_a_list_looks_at_a_bounded_number_of_open_orders(self):
        self.addCleanup(setattr, orders_list, "MOST_OPEN", orders_list.MOST_OPEN)
        orders_list.MOST_OPEN = 4
        for number in range(6):
            self.stack.put_order(ledger.order_id(f"801Dn0000014UO{number}"), **OPEN, dueAt=NOW + number)
        found = self.json("list", "--open", "--code", "CLIENT_CLOSED")["open"]
        self.assertEqual(found, {"orders": [], "next": f"{NOW + 3}-{ledger.order_id('801Dn0000014UO3')}"})

    # show

    def log(self, program, *lines):
        group = f"/aws/lambda/orders-{program}"
        logs = self.stack.client("logs")
        logs.create_log_group(logGroupName=group)
        self.addCleanup(logs.delete_log_group, logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        events = [{"timestamp": NOW - HOUR + at, "message": json.dumps(line)} for at, line in lines]
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)

    def line(self, at, message, id=C, **more):
        when = datetime.datetime.fromtimestamp((NOW - HOUR + at) / 1000, datetime.UTC)
        stamp = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return at, {"timestamp": stamp, "level": "INFO", "message": message, "orderId": id, "requestId": "r", **more}

    def test_the_story_of_a_failed_order(self):
        plan = {"clientId": 1236, "paymentMethod": "stripe", "items": []}
        self.stack.put_order(C, **failed(plan=plan))
        step = {"step": "order_details", "outcome": "failed", "milliseconds": 12, "errorCode": "PAYMENT_METHOD_MISSING"}
        self.log("verify-signature", self.line(1, "request accepted"), self.line(1, "request accepted", A))
        self.log("provision-order", self.line(-HOUR, "an earlier request"), self.line(3, "step", **step))
        self.log("recover-orders", self.line(2, "publishing again", attempts=1))
        out = self.orders("show", C)
        self.assertNotIn(A, out)
        self.assertNotIn("earlier request", out)
        lines = out.splitlines()
        for line in [
            r"order       801Dn0000014UPcIAM",
            r"status      Failed since \S+Z, 1 h ago; request 1, runs 1",
            r"error       PAYMENT_METHOD_MISSING: WHMCS client 1236 has no pay method",
            r"fixed by    customer",
            r"waits for   a person: the customer adds a pay method in WHMCS",
            r"then        request it again in Salesforce: \*Request again\* on the order's card",
            r"runbook     deploy/RUNBOOK\.md#[\w-]+",
            r"Salesforce  https://example\.my\.salesforce\.com/801Dn0000014UPcIAM",
            r"WHMCS       no order",
            r"            client 1236",
            r"  \S+Z  Failed       request 1  PAYMENT_METHOD_MISSING",
        ]:
            self.assertTrue(any(re.fullmatch(line, found) for found in lines), f"{line}\n{out}")
        shown = [line.split("  ", 2)[2] for line in lines[lines.index("log of the last request") + 1 :]]
        self.assertEqual(
            [re.sub(r" +", " ", line) for line in shown],
            [
                "verify-signature request accepted",
                "recover-orders publishing again attempts=1",
                "provision-order order_details failed, PAYMENT_METHOD_MISSING, 12 ms",
            ],
        )

    def test_the_story_of_a_provisioned_order_has_its_ids_and_links(self):
        self.stack.put_order(
            A,
            **{**OPEN, "status": "Provisioned", "step": "sf_success_update", "endedAt": NOW, "open": "1"},
            dueAt=NOW + MINUTE,
            whmcsOrderId=1002,
            whmcsServiceIds=[1004, 1005],
        )
        for id in (A, A[:15]):
            out = self.orders("show", id)
            self.assertIn("WHMCS       order 1002, services 1004, 1005\n", out)
            self.assertIn("https://billing.example.com/admin/orders.php?action=view&id=1002", out)
            self.assertIn("waits for   Salesforce to confirm the status Provisioned; next report", out)
        # The log groups do not exist in this account.
        self.assertEqual(out.count("cannot be read"), 3)

    def test_an_addorder_in_doubt_is_shown_with_its_section(self):
        self.stack.put_order(A, **failed("WHMCS_OUTCOME_UNKNOWN"), addOrder="sent", addOrderAt=NOW, addOrderClientId=7)
        story = self.json("show", A)
        self.assertEqual(story["runbook"], "deploy/RUNBOOK.md#whmcs_outcome_unknown")
        self.assertEqual((story["whmcs"]["addOrder"], story["whmcs"]["clientId"]), ("sent", 7))
        self.assertIn("AddOrder was sent, by", self.orders("show", A))

    def test_values_of_other_people_cannot_move_the_cursor(self):
        self.stack.put_order(A, **{**failed(), "errorMessage": "\x1b[2Jgone\nstatus      Provisioned", "step": "a\rb"})
        self.log("provision-order", self.line(1, "x", A, error="\x1b]0;t\x07"))
        out = self.orders("show", A)
        self.assertNotRegex(out, r"[^\n\x20-\U0010ffff]")
        self.assertEqual(sum(line.startswith("status  ") for line in out.splitlines()), 1)

    def test_a_secret_attribute_is_not_shown(self):
        self.stack.put_order(A, **failed(), markerRef="reference-of-marker", leaseOwner="owner", unknown="secret")
        out = self.orders("show", A) + json.dumps(self.json("show", A))
        self.assertNotRegex(out, "reference-of-marker|secret")

    # again

    def test_an_open_order_is_published(self):
        self.stack.put_order(A, **OPEN, dueAt=NOW + HOUR)
        self.assertEqual(self.orders("again", A[:15]), f"{A} is published.\n")
        self.assertEqual(self.stack.aws.events, [("orders-recover-orders", {"orderId": A})])

    def test_again_waits_for_the_final_status(self):
        for status, more, code in [("Provisioned", {}, 0), ("Failed", {"errorCode": "CLIENT_CLOSED"}, 1)]:

            def finish(name, event, status=status, more=more):
                self.stack.put_order(A, **{**OPEN, "status": status, "endedAt": NOW, **more})
                return (), {"recovered": 1}

            with self.subTest(status):
                self.stack.put_order(A, **OPEN, dueAt=NOW + HOUR)
                self.stack.aws.reply = finish
                lines = self.orders("again", A, "--wait", status=code).splitlines()
                self.assertEqual(lines[:2], [f"{A} is published.", " · ".join([status, *more.values()])])
                self.assertEqual(len(lines), 2 if status == "Provisioned" else 3)
                self.stack.put_order(A, **OPEN, dueAt=NOW + HOUR)
                code_seen, out, errors = self.stack.orders("again", A, "--wait", "--json")
                self.assertEqual((code_seen, json.loads(out)["status"]), (code, status))
                self.assertIn("is published", errors)

    def test_again_stops_to_wait(self):
        self.stack.put_order(A, **OPEN, dueAt=NOW + HOUR)
        out = self.orders("again", A, "--wait", "--timeout", "1", status=1)
        self.assertIn(f"No final status after 1 s: deploy/orders show {A} --stack orders", out)

    def test_an_order_that_is_not_open_is_not_published(self):
        self.stack.put_order(C, **failed())
        out = self.orders("again", C, status=1)
        self.assertIn(
            "(PAYMENT_METHOD_MISSING): it cannot be published, only requested again.\nNext: the customer", out
        )
        self.assertIn("*Request again* on the order's card", out)
        self.stack.put_order(A, status="Provisioned", updatedAt=NOW, endedAt=NOW)
        self.assertIn("there is nothing to do", self.orders("again", A))
        self.stack.put_order(B, **OPEN, leaseUntil=NOW + HOUR, dueAt=NOW + HOUR)
        self.assertIn("A run works on", self.orders("again", B))
        self.assertEqual(self.stack.aws.events, [])

    def test_a_failure_that_salesforce_does_not_know_is_published_and_needs_a_request(self):
        self.stack.put_order(C, **failed(), open="1", dueAt=NOW + HOUR)
        out = self.orders("again", C, status=1)
        self.assertIn("published, but only to report its failure (PAYMENT_METHOD_MISSING) to Salesforce.\nNext: ", out)
        self.assertEqual(len(self.stack.aws.events), 1)

    def test_all_open_orders(self):
        self.stack.aws.reply = lambda name, event: ((), {"recovered": 12, "left": 3})
        self.assertEqual(
            self.orders("again", "--all"), "12 open orders published again, 3 are left: repeat the command\n"
        )
        self.assertEqual(self.stack.aws.events, [("orders-recover-orders", {"all": True})])

    # plan

    def test_the_plan_is_that_of_deploy_plan(self):
        plan = {
            "orderId": A,
            "client": None,
            "paymentMethod": None,
            "pricesFrom": "WHMCS",
            "currency": None,
            "lines": [],
            "faults": [{"code": "CLIENT_CLOSED", "message": "closed"}],
            "ledger": None,
        }
        self.stack.aws.reply = lambda name, event: ((), plan)
        self.assertIn("CLIENT_CLOSED  closed", self.orders("plan", A, status=1))
        self.assertEqual(self.json("plan", A, status=1), plan)
        self.assertEqual(self.stack.aws.events[0], ("orders-provision-order", {"plan": A}))

    # What goes wrong

    def test_a_fault_is_one_sentence(self):
        self.stack.aws.reply = lambda name, event: ([("X-Amz-Function-Error", "Unhandled")], {"errorMessage": "ledger"})
        self.stack.put_order(A, **OPEN, dueAt=NOW)
        for words, message in [
            (("show", B), "The ledger does not know order"),
            (("again", A), 'orders-recover-orders failed: {"errorMessage": "ledger"}'),
        ]:
            status, out, errors = self.stack.orders(*words)
            self.assertEqual((status, out, len(errors.splitlines())), (2, "", 1))
            self.assertIn(message, errors)
        status, _, errors = call("list", "--stack", "other", environment=self.stack.environment)
        self.assertEqual((status, len(errors.splitlines())), (2, 1))
        self.assertIn("Stack with id x does not exist", errors)
        unreachable = {**self.stack.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        status, _, errors = call("list", "--stack", "orders", environment=unreachable)
        self.assertEqual((status, len(errors.splitlines())), (2, 1))

    def test_wrong_arguments(self):
        for words in [
            ("list", "--open", "--failed"),
            ("list", "--older", "soon"),
            ("list", "--limit", "0"),
            ("list", "--code", "a b"),
            ("list", "--after", f"1-{A}"),
            ("list", "--failed", "--after", "x"),
            ("show", "801"),
            ("show", A[:15] + "AAA"),
            ("again",),
            ("again", A, "--all"),
            ("plan", A + '"'),
            ("nothing",),
        ]:
            with self.subTest(words):
                status, out, errors = self.stack.orders(*words)
                self.assertEqual((status, out), (64, ""))
                self.assertIn("usage: deploy/orders", errors)
        self.assertEqual(call("show", A, "--region", "eu-west-1")[0], 64)
        result = run(DEPLOY / "orders")
        self.assertEqual((result.returncode, result.stdout), (64, ""))
        self.assertRegex(result.stderr, "^usage: deploy/orders list")

    # Rights

    def test_the_operators_policy_allows_every_call_and_nothing_else(self):
        page = (DEPLOY / "CONFIGURATION.md").read_text(encoding="utf-8")
        (block,) = re.findall(r"^```json\n(\{\n  \"Version.*?)^```$", page, re.DOTALL | re.MULTILINE)
        allowed = {
            (action, resource)
            for statement in json.loads(block)["Statement"]
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        }
        calls = set()
        session = boto3.Session(region_name=REGION)
        session.events.register("provide-client-params.*", lambda params, model, **_: calls.add(right(model, params)))
        self.stack.put_order(A, **OPEN, dueAt=NOW)
        with unittest.mock.patch.object(boto3, "Session", return_value=session):
            for words in (["list"], ["show", A], ["again", A], ["plan", A]):
                call(*words, "--stack", "orders", environment=self.stack.environment)
        self.assertEqual(calls, allowed)


def right(model, params):
    """The action and the resource that a call needs, in the words of the page."""
    service, operation = model.service_model.signing_name, model.name
    resource = {
        "cloudformation": lambda: "stack/STACK/*",
        "dynamodb": lambda: "table/TABLE" + (f"/index/{params['IndexName']}" if operation == "Query" else ""),
        "logs": lambda: re.sub("^/aws/lambda/orders-.*", "log-group:/aws/lambda/STACK-*", params["logGroupName"]),
        "lambda": lambda: "function:" + params["FunctionName"].replace("orders-", "STACK-", 1),
    }[service]()
    action = {"Invoke": "InvokeFunction"}.get(operation, operation)
    return f"{service}:{action}", f"arn:aws:{service}:REGION:ACCOUNT:{resource}"


class CodesTest(unittest.TestCase):
    def test_every_error_code_has_its_advice_and_a_section(self):
        swift = (ROOT / "Sources/Orders/Provisioning/ErrorCode.swift").read_text(encoding="utf-8")
        codes = re.findall(r'case \w+ = "([A-Z_]+)"', swift)
        self.assertEqual(set(waiting.CODES), set(codes))
        runbook = (DEPLOY / "RUNBOOK.md").read_text(encoding="utf-8")
        headings = [re.sub(r"[^\w\- ]", "", line.lstrip("# ")).lower() for line in re.findall("^#.*", runbook, re.M)]
        anchors = {heading.replace(" ", "-") for heading in headings}
        for code in codes:
            self.assertIn(waiting.section(code).removeprefix("deploy/RUNBOOK.md#"), anchors)

    def test_a_code_is_fixed_by_whom_the_readme_names(self):
        rows = re.findall(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|[^|]*\| ([a-z]+)", (ROOT / "README.md").read_text(), re.M)
        named = {code: person for codes, person in rows for code in re.findall(r"[A-Z_]{4,}", codes)}
        fixers = {code: person for code, (person, _) in waiting.CODES.items()}
        self.assertEqual({code: named.get(code) for code in fixers}, fixers)


class LaggingTable:
    """DynamoDB whose index still has an order that has ended, and the old due times of the others. It leaves one of
    three keys unread at first."""

    def __init__(self):
        self.items = {f"order#{id}": {"open": "1", "dueAt": 1} for id in (A, B)} | {f"order#{C}": {"dueAt": 1}}
        self.batches = []

    def query(self, **_):
        return {"Items": [{"pk": {"S": key}, "dueAt": {"N": "0"}} for key in self.items]}

    def batch_get_item(self, RequestItems):
        keys = [key["pk"]["S"] for key in RequestItems["ledger"]["Keys"]]
        self.batches.append(len(keys))
        read, left = (keys[:-1], keys[-1:]) if len(keys) > 1 else (keys, [])
        items = [{"pk": {"S": key}, **{n: typed(v) for n, v in self.items[key].items()}} for key in read]
        unread = {"ledger": {"Keys": [{"pk": {"S": key}} for key in left]}} if left else {}
        return {"Responses": {"ledger": items}, "UnprocessedKeys": unread}


class LedgerTest(unittest.TestCase):
    def test_an_index_that_lags_and_keys_that_are_left_unread(self):
        table = LaggingTable()
        found = list(ledger.Ledger(table, "ledger").open_orders())
        self.assertEqual([(order["place"], order["dueAt"]) for order in found], [(f"0-{A}", 1), (f"0-{B}", 1)])
        self.assertEqual(table.batches, [3, 1])


class OrderIDTest(unittest.TestCase):
    def test_both_forms_of_an_id(self):
        for text, id in [
            ("801Dn0000014UPa", A),
            (A, A),
            ("001Dn00000AbCd1", "001Dn00000AbCd1IAF"),
            ("801Dn0000014UPaIAA", None),
            ("801Dn0000014UP", None),
            ("801Dn0000014UPaIA", None),
            ("801Dn0000014UP_", None),
            (A + "\n", None),
            ("", None),
        ]:
            self.assertEqual(ledger.order_id(text), id, text)


if __name__ == "__main__":
    unittest.main()
