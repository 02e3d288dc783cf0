"""deploy/redrive sends messages to their targets again, and deletes only those that were accepted."""

import http.server
import json
import os
import sys
import threading
import unittest
import urllib.parse

from support import ACCOUNT, DEPLOY, REGION, run, start_moto

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
EVENT = {
    "detail-type": "OrderProvisionRequested",
    "source": "salesforce.orders",
    "detail": {"orderId": "801Dn0000014UPaIAM"},
}


def record(function, payload, condition="RetriesExhausted"):
    return {
        "version": "1.0",
        "timestamp": "2026-11-20T10:15:30.000Z",
        "requestPayload": payload,
        "requestContext": {
            "requestId": "1",
            "functionArn": function,
            "condition": condition,
            "approximateInvokeCount": 3,
        },
    }


class AWS(http.server.BaseHTTPRequestHandler):
    """Lambda accepts every event, except for the function `orders-broken`. CloudFormation knows one stack."""

    NO_STACK = "<R><Error><Code>ValidationError</Code><Message>Stack for it does not exist</Message></Error></R>"
    FUNCTIONS = ("orders-provision-order", "orders-recover-orders", "orders-broken")

    def do_POST(self):
        path = urllib.parse.unquote(self.path).split("/")
        payload = self.rfile.read(int(self.headers["Content-Length"]))
        if path == ["", ""]:
            found = self.stack(dict(urllib.parse.parse_qsl(payload.decode())))
            return self.answer(200, found) if found else self.answer(400, self.NO_STACK)
        self.server.calls.append((path[3], self.headers["X-Amz-Invocation-Type"], json.loads(payload)))
        if path[3] == "orders-broken":
            return self.answer(404, '{"Type":"User","message":"no such function"}')
        return self.answer(202, "")

    def stack(self, query):
        """Two pages, because a stack may have more than a hundred resources."""
        page = int(query.get("NextToken", "0"))
        resources = [("AWS::Lambda::Function", name, name) for name in self.FUNCTIONS]
        resources += [("AWS::SQS::Queue", logical, url) for logical, url in self.server.queues.items()]
        if query["Action"] == "DescribeStackResources":
            resources = [found for found in resources if found[2] == query["PhysicalResourceId"]]
            if not resources:
                return None
            name = "StackResources"
        else:
            assert query["StackName"] == "orders"
            resources, name = resources[2 * page : 2 * page + 2], "StackResourceSummaries"
        members = "".join(
            f"<member><StackName>orders</StackName><ResourceType>{type}</ResourceType><LogicalResourceId>{logical}"
            f"</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId></member>"
            for type, logical, physical in resources
        )
        following = f"<NextToken>{page + 1}</NextToken>" if name == "StackResourceSummaries" and resources else ""
        return f"<R><{query['Action']}Result><{name}>{members}</{name}>{following}</{query['Action']}Result></R>"

    def answer(self, status, text):
        self.send_response(status)
        if status == 404:
            self.send_header("x-amzn-ErrorType", "ResourceNotFoundException")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class RedriveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.moto = start_moto(cls)
        cls.functions = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AWS)
        threading.Thread(target=cls.functions.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.functions.server_close)
        cls.addClassCleanup(cls.functions.shutdown)

    def setUp(self):
        self.functions.calls = []
        self.queue = self.create_queue("")
        self.functions.queues = {"FailedInvocations": self.queue}

    def create_queue(self, suffix):
        return self.moto.call("sqs", "CreateQueue", QueueName=self.id().rsplit(".", 1)[-1] + suffix)["QueueUrl"]

    def put(self, body, **attributes):
        self.moto.call(
            "sqs",
            "SendMessage",
            QueueUrl=self.queue,
            MessageBody=body if isinstance(body, str) else json.dumps(body),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )

    def left(self):
        """The bodies of the visible messages."""
        messages = self.moto.call("sqs", "ReceiveMessage", QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages", []
        )
        return sorted(message["Body"] for message in messages)

    def redrive(self, *options, queue=None, **environment):
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_ENDPOINT_URL": self.moto.endpoint,
            "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{self.functions.server_port}",
            "AWS_ENDPOINT_URL_CLOUDFORMATION": f"http://127.0.0.1:{self.functions.server_port}",
            **environment,
        }
        program = DEPLOY / "operations/redrive.py"
        return run(sys.executable, program, queue or self.queue, *options, env=environment, timeout=60)

    def test_a_failed_event_goes_to_its_function_again(self):
        self.put(record(ARN + "orders-provision-order:$LATEST", EVENT))
        self.put(record(ARN + "orders-recover-orders:$LATEST", {"all": True}, "EventAgeExceeded"))
        result = self.redrive()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(
            sorted(self.functions.calls, key=str),
            [
                ("orders-provision-order", "Event", EVENT),
                ("orders-recover-orders", "Event", {"all": True}),
            ],
        )
        self.assertEqual(result.stdout.splitlines()[-1], "2 sent again, 0 stayed")
        self.assertEqual(len(result.stdout.splitlines()), 3)
        self.assertEqual(self.left(), [])

    def test_an_undelivered_event_goes_to_its_target(self):
        self.put(EVENT, TARGET_ARN=ARN + "orders-provision-order", ERROR_CODE="NO_PERMISSIONS")
        self.assertEqual(self.redrive("--function", "another").returncode, 0)
        self.assertEqual(self.functions.calls, [("orders-provision-order", "Event", EVENT)])

    def test_an_undelivered_order_goes_to_its_queue(self):
        orders = self.create_queue("-orders")
        self.functions.queues["OrderQueue"] = orders
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:" + orders.rsplit("/", 1)[-1]
        self.put(EVENT, TARGET_ARN=arn)
        self.put({"detail": "theirs"}, TARGET_ARN=arn.replace(ACCOUNT, "999999999999"))
        self.put({"detail": "back"}, TARGET_ARN=f"arn:aws:sqs:{REGION}:{ACCOUNT}:" + self.queue.rsplit("/", 1)[-1])
        result = self.redrive()
        self.assertEqual((result.returncode, self.functions.calls), (1, []))
        self.assertEqual(result.stdout.splitlines()[-1], "1 sent again, 2 stayed")
        (message,) = self.moto.call("sqs", "ReceiveMessage", QueueUrl=orders)["Messages"]
        self.assertEqual(json.loads(message["Body"]), EVENT)

    def test_an_order_stays_while_its_queue_does_not_exist(self):
        self.functions.queues["OrderQueue"] = self.queue + "-nowhere"
        self.put(EVENT, TARGET_ARN=f"arn:aws:sqs:{REGION}:{ACCOUNT}:" + self.queue.rsplit("/", 1)[-1] + "-nowhere")
        result = self.redrive()
        self.assertEqual(result.returncode, 1)
        self.assertIn("-nowhere did not accept it (AWS.SimpleQueueService.NonExistentQueue)", result.stdout)

    def test_only_functions_of_the_stack_are_invoked(self):
        others = ["payroll", "orders-provision-order-2", "orders"]
        for name in others:
            self.put(record(ARN + name, EVENT))
            self.put(EVENT, TARGET_ARN=ARN + name)
        self.put(EVENT)
        self.put(record(ARN + "orders-provision-order", EVENT))
        result = self.redrive("--function", "payroll")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertEqual(self.functions.calls, [("orders-provision-order", "Event", EVENT)])
        self.assertEqual(
            result.stdout.count("stays: names no function of the stack orders, and not its order queue"), 7
        )

    def test_a_queue_of_no_stack_is_not_emptied(self):
        self.put(record(ARN + "orders-provision-order", EVENT))
        self.functions.queues = {}
        result = self.redrive()
        self.assertEqual((result.returncode, self.functions.calls), (1, []))
        self.assertRegex(result.stderr, r"Stack for it does not exist\n$")

    def test_an_event_without_a_function_needs_the_option(self):
        self.put(EVENT)
        result = self.redrive()
        self.assertEqual((result.returncode, self.functions.calls), (1, []))
        self.assertIn("stays: names no target: name a function with --function", result.stdout)
        result = self.redrive("--function", "orders-provision-order")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(self.functions.calls, [("orders-provision-order", "Event", EVENT)])
        self.assertEqual(self.left(), [])

    def test_a_malformed_message_stays_and_does_not_block_the_others(self):
        odd = [
            "not JSON",
            "[]",
            json.dumps(record(None, EVENT)),
            json.dumps({"requestContext": {"functionArn": ARN + "x"}}),
            json.dumps({"requestContext": "x", "requestPayload": EVENT}),
            json.dumps(record("arn:aws:lambda:eu-west-1:999999999999:function:theirs", EVENT)),
            json.dumps(record("arn:aws:lambda:us-east-1:123456789012:function:elsewhere", EVENT)),
            json.dumps(record("anything", EVENT)),
        ]
        for body in odd:
            self.put(body)
        self.put({"detail": "cut"}, TARGET_ARN=ARN + "orders-provision-order", IS_PAYLOAD_TRUNCATED="true")
        self.put(record(ARN + "orders-provision-order", EVENT))
        result = self.redrive("--function", "orders-provision-order")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertEqual(len(self.functions.calls), 1)
        self.assertEqual(result.stdout.splitlines()[-1], "1 sent again, 9 stayed")
        self.assertEqual(self.left(), sorted([*odd, json.dumps({"detail": "cut"})]))

    def test_an_event_that_lambda_refuses_stays(self):
        self.put(record(ARN + "orders-broken", EVENT))
        self.put(record(ARN + "orders-provision-order", EVENT))
        result = self.redrive()
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"stays: \S+orders-broken did not accept it \(ResourceNotFoundException\)")
        self.assertEqual(result.stdout.splitlines()[-1], "1 sent again, 1 stayed")
        self.assertEqual(self.left(), [json.dumps(record(ARN + "orders-broken", EVENT))])

    def test_every_message_stays_while_lambda_does_not_answer(self):
        self.put(record(ARN + "orders-provision-order", EVENT))
        result = self.redrive(AWS_ENDPOINT_URL_LAMBDA="http://127.0.0.1:1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("did not accept it (EndpointConnectionError)", result.stdout)
        self.assertEqual(len(self.left()), 1)

    def test_the_maximum_number_of_messages(self):
        for number in range(12):
            self.put(record(ARN + "orders-provision-order", {"number": number}))
        self.assertEqual(self.redrive("--max", "11").stdout.splitlines()[-1], "11 sent again, 0 stayed")
        self.assertEqual(len(self.functions.calls), 11)
        self.assertEqual(len(self.left()), 1)

    def test_the_output_does_not_contain_the_messages(self):
        self.put(record(ARN + "orders-provision-order", {"name": "Ada Lovelace"}))
        self.put('{"name": "Ada Lovelace"')
        self.put({"name": "Ada Lovelace"})
        result = self.redrive()
        self.assertNotIn("Lovelace", result.stdout + result.stderr)

    def test_an_empty_queue(self):
        result = self.redrive()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "0 sent again, 0 stayed\n", ""))

    def test_an_error_is_one_sentence(self):
        for options, message in [
            ({"queue": self.queue + "-nowhere"}, "does not exist"),
            ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Could not connect"),
        ]:
            result = self.redrive(**options)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn(message, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertEqual(self.redrive("--max", "0").returncode, 2)


if __name__ == "__main__":
    unittest.main()
