"""The commands of the runbook and of the configuration's page, run by the AWS CLI against moto."""

import http.client
import http.server
import json
import pathlib
import re
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from support import DEPLOY, EMULATION, REGION, REQUIRED, TEMPLATE, deployed, run, sam_template, start_moto

ORDER = "801Dn0000014UPaIAM"

# The tests' venv has version 1 of the AWS CLI, and the pages are for version 2. Version 1 takes a payload as it is,
# without an option, and an endpoint of SQS in this region only from the command line.
AWS_CLI = """aws() {
    local words=()
    for word in "$@"; do
        case $word in --cli-binary-format | raw-in-base64-out) ;; *) words+=("$word") ;; esac
    done
    command aws --endpoint-url "$AWS_ENDPOINT_URL" "${words[@]}"
}"""


def blocks(page):
    """The commands of each fenced block."""
    text = (DEPLOY / page).read_text(encoding="utf-8")
    return [block for _, block in re.findall(r"^( *)```sh\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)]


class Front(http.server.BaseHTTPRequestHandler):
    """AWS: moto, and what moto cannot do. Keeps the operations of those."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urllib.parse.unquote(self.path)
        form = dict(urllib.parse.parse_qsl(body.decode("latin-1")))
        # moto's CloudFormation needs packages that nothing else here does, and cannot create this stack.
        if form.get("Action") == "DescribeStacks":
            return self.answer("DescribeStacks", self.server.stacks(form["StackName"]), "text/xml")
        # moto's Lambda runs functions in Docker, and none on a custom runtime.
        if path.startswith(("/2015-03-31/", "/2016-08-19/account-settings")):
            known = re.sub(r"/(functions|event-source-mappings)/[^/?]+", r"/\1/*", path.split("?")[0])
            answer = {"UUID": "u", "EventSourceMappings": [], "recovered": 1}
            return self.answer(f"{self.command} {known}", json.dumps(answer))
        # moto has no redrive.
        if self.headers.get("X-Amz-Target") == "AmazonSQS.StartMessageMoveTask":
            source = json.loads(body)["SourceArn"]
            return self.answer(f"StartMessageMoveTask {source}", json.dumps({"TaskHandle": "t"}))
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.server.moto).netloc)
        connection.request(self.command, self.path, body, dict(self.headers))
        reply = connection.getresponse()
        return self.send(reply.status, reply.read(), reply.headers.get("Content-Type", ""))

    do_GET = do_PUT = do_POST

    def answer(self, operation, text, type="application/json"):
        self.server.operations.append(operation)
        self.send(200, text.encode(), type)

    def send(self, status, body, type):
        self.send_response(status)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class RunbookTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.moto = start_moto(cls)
        program = [sys.executable, "-W", "ignore", EMULATION / "create_resources.py", "--template", TEMPLATE]
        program += ["--endpoint", cls.moto.endpoint, "--region", REGION, "--stack-name", "orders"]
        made = run(*program, *(f"--parameter={name}={value}" for name, value in REQUIRED.items()), timeout=60)
        assert made.returncode == 0, made.stderr
        cls.table = json.loads(made.stdout)["table"]

        stack, _ = deployed()
        cls.outputs = {}
        for name, output in sam_template.load(TEMPLATE)["Outputs"].items():
            value = stack.resolve(output["Value"])
            if stack.resources.get(output["Value"].get("Ref"), {}).get("Type") == "AWS::SQS::Queue":
                value = cls.moto.call("sqs", "GetQueueUrl", QueueName=value)["QueueUrl"]
            cls.outputs[name] = value

        cls.front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
        cls.front.moto, cls.front.stacks = cls.moto.endpoint, cls.stacks
        threading.Thread(target=cls.front.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.front.server_close)
        cls.addClassCleanup(cls.front.shutdown)

    @classmethod
    def stacks(cls, name):
        assert name == "orders"
        members = "".join(
            f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
            for key, value in cls.outputs.items()
        )
        return (
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>orders</StackName>"
            f"<Outputs>{members}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
        )

    def setUp(self):
        self.front.operations = []
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        # They have tests of their own (test_redrive.py, test_doctor.py, test_secrets_command.py).
        (self.directory / "deploy").mkdir()
        for tool in "redrive", "doctor", "secrets":
            (self.directory / "deploy" / tool).write_text(f'#!/bin/sh\necho "{tool} $*"\n')
            (self.directory / "deploy" / tool).chmod(0o755)
        # Without the venv that deploy/orders would make.
        orders = f'#!/bin/sh\nexec "{sys.executable}" "{DEPLOY}/operations/orders.py" "$@"\n'
        (self.directory / "deploy/orders").write_text(orders)
        (self.directory / "deploy/orders").chmod(0o755)
        (self.directory / "server.key").write_text("-----BEGIN PRIVATE KEY-----\n")

    def shell(self, *commands, **values):
        """Runs commands of the pages, with the values in place of what a reader fills in. Returns their output."""
        text = "\n".join([AWS_CLI, *commands]).replace("801…", ORDER)
        for option, value in values.items():
            text = text.replace(f'--{option.replace("_", "-")} "…"', f"--{option.replace('_', '-')} '{value}'")
        endpoint = f"http://127.0.0.1:{self.front.server_port}"
        environment = {
            "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            "AWS_ENDPOINT_URL": endpoint,
        }
        done = run("bash", "-euo", "pipefail", "-c", text, cwd=self.directory, env=environment, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""), text)
        return done.stdout

    def block(self, *words):
        """The only block of the runbook with these words."""
        (found,) = (block for block in blocks("RUNBOOK.md") if all(word in block for word in words))
        return found

    def runbook(self, *words, instead=":", **values):
        """`instead` replaces functions of the first block."""
        return self.shell(blocks("RUNBOOK.md")[0], instead, self.block(*words), **values)

    def put_order(self):
        item = {"pk": {"S": f"order#{ORDER}"}, "open": {"S": "1"}, "dueAt": {"N": "1"}, "status": {"S": "Activating"}}
        self.moto.call("dynamodb", "PutItem", TableName=self.table, Item=item)

    def test_every_output_that_a_command_reads_exists(self):
        names = set(re.findall(r"\$\(output (\w+)\)", "".join(blocks("RUNBOOK.md"))))
        self.assertGreater(len(names), 8)
        self.assertEqual(names - set(self.outputs), set())

    def test_every_block_is_run_here(self):
        tested = pathlib.Path(__file__).read_text(encoding="utf-8")
        calls = re.findall(r"self\.runbook\(\s*\"([^\"]+)\"", tested)
        rest = [block for block in blocks("RUNBOOK.md")[1:] if not any(call in block for call in calls)]
        self.assertEqual(rest, [])
        self.assertEqual(len(blocks("CONFIGURATION.md")), 1)

    def log(self, program, line):
        group, stream = f"/aws/lambda/orders-{program}", "today"
        self.moto.call("logs", "CreateLogGroup", logGroupName=group)
        self.addCleanup(self.moto.call, "logs", "DeleteLogGroup", logGroupName=group)
        self.moto.call("logs", "CreateLogStream", logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": json.dumps(line)}
        self.moto.call("logs", "PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=[event])

    def cloudwatch(self, action, **parameters):
        """In its own protocol, because the CLI takes half a second."""
        body = urllib.parse.urlencode({"Action": action, "Version": "2010-08-01", **parameters})
        credential = f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/monitoring/aws4_request, SignedHeaders=host"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"{credential}, Signature=0"}
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.moto.endpoint).netloc)
        connection.request("POST", "/", body, headers)
        self.assertEqual(connection.getresponse().status, 200)

    def test_first_look(self):
        self.put_order()
        self.log("provision-order", {"level": "WARN", "message": "run failed", "orderId": ORDER})
        alarm = {"AlarmName": "orders-orders-overdue", "AlarmDescription": "overdue", "EvaluationPeriods": "1"}
        alarm |= {"ComparisonOperator": "GreaterThanThreshold", "Threshold": "0", "Statistic": "Sum", "Period": "60"}
        self.cloudwatch("PutMetricAlarm", **alarm, Namespace="Orders", MetricName="OldestDueAge")
        self.cloudwatch("SetAlarmState", AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="test")
        output = self.runbook("describe-alarms")
        self.assertEqual(output.splitlines()[0].split("\t"), ["orders-orders-overdue", "overdue"])
        self.assertIn('"Activating"', output)
        self.assertIn("run failed", output.splitlines()[-1])

    def test_confirm_the_faults_of_an_order(self):
        # It has a test of its own (test_plan.py).
        output = self.runbook("deploy/orders plan", instead='deploy/orders() { echo "orders $*"; }')
        self.assertEqual(output, f"orders plan {ORDER} --stack orders\n")

    def test_recovery(self):
        self.log("recover-orders", {"level": "ERROR", "message": "due orders not published"})
        self.assertIn("due orders not published", self.runbook("$stack-recover-orders"))

    def test_the_doctor(self):
        self.assertEqual(self.runbook("deploy/doctor"), "doctor --stack orders\n")

    def test_unfinished_orders(self):
        self.put_order()
        output = self.runbook("dynamodb query")
        self.assertEqual(output.splitlines()[0], f"order#{ORDER}")
        self.assertEqual(json.loads(output.split("\n", 1)[1])["Item"]["status"], {"S": "Activating"})

    def test_find_out_why_an_order_failed(self):
        self.put_order()
        output = self.runbook("deploy/orders list")
        self.assertRegex(output, rf"(?m)^{ORDER} .* recover-orders, due since 1970")
        self.assertIn(f"order       {ORDER}\n", output)
        self.assertTrue(output.endswith(f"{ORDER} is published.\n"), output)

    def test_the_order_queue(self):
        self.assertIn("ApproximateNumberOfMessages", self.runbook("get-queue-attributes"))
        self.assertEqual(self.front.operations[-1], "GET /2015-03-31/event-source-mappings")
        self.runbook("update-event-source-mapping", uuid="11111111-2222-3333-4444-555555555555")
        self.assertEqual(self.front.operations[-1], "PUT /2015-03-31/event-source-mappings/*")

    def test_dead_letters(self):
        queue = self.outputs["OrderDeadLettersUrl"]
        self.moto.call("sqs", "SendMessage", QueueUrl=queue, MessageBody="lost")
        (message,) = json.loads(self.runbook("receive-message"))["Messages"]
        self.assertEqual(message["Body"], "lost")
        output = self.runbook("start-message-move-task")
        self.assertIn(f"StartMessageMoveTask {self.outputs['OrderDeadLettersArn']}", self.front.operations)
        redriven = [line.split()[1] for line in output.splitlines() if line.startswith("redrive ")]
        names = ("FailedInvocationsUrl", "UndeliveredEventsUrl", "MissedSchedulesUrl")
        self.assertEqual(redriven, [self.outputs[name] for name in names])
        self.runbook("delete-message", receipt_handle=message["ReceiptHandle"])
        left = self.moto.call("sqs", "ReceiveMessage", QueueUrl=queue)
        self.assertEqual(left.get("Messages", []), [])

    def test_traces(self):
        group = "--log-group-name /aws/lambda/orders-provision-order"
        line = json.dumps({"message": "step done", "orderId": ORDER, "traceId": "1-58406520-a006649127e371903a2de979"})
        events = json.dumps([{"timestamp": int(time.time() * 1000), "message": line}])
        self.shell(
            f"aws logs create-log-group {group}",
            f"aws logs create-log-stream {group} --log-stream-name s",
            f"aws logs put-log-events {group} --log-stream-name s --log-events '{events}'",
        )
        output = self.runbook("batch-get-traces", trace_ids="1-58406520-a006649127e371903a2de979")
        self.assertIn(line, output)
        self.assertIn('"UnprocessedTraceIds"', output)

    def test_publish_an_order_again(self):
        self.runbook("lambda invoke", "orderId")
        self.assertEqual(self.front.operations[-1], "POST /2015-03-31/functions/*/invocations")

    def test_the_log_lines_of_an_alarm(self):
        group = "/aws/lambda/orders-provision-order"
        event = {"timestamp": int(time.time() * 1000), "message": '{"message":"run failed"}'}
        self.moto.call("logs", "CreateLogGroup", logGroupName=group)
        self.addCleanup(self.moto.call, "logs", "DeleteLogGroup", logGroupName=group)
        self.moto.call("logs", "CreateLogStream", logGroupName=group, logStreamName="s")
        self.moto.call("logs", "PutLogEvents", logGroupName=group, logStreamName="s", logEvents=[event, event])
        self.assertEqual(self.runbook("run failed"), f"{event['message']}\n" * 2)

    def test_every_alarm_reads_a_log_of_the_stack(self):
        # One run of the AWS CLI, above, takes a second.
        names = {"instead": 'lines() { echo "$1"; }'}
        shown = [
            (self.runbook("alert", **names), ["provision-order"]),
            (
                self.runbook("for function in", **names),
                ["verify-signature", "provision-order", "refresh-sf-token", "order-status"],
            ),
            (self.runbook("refused", **names), ["verify-signature", "api"]),
            (self.runbook("output RefreshFunction", **names), ["refresh-sf-token"]),
        ]
        groups = {group["LogGroupName"] for _, group in deployed()[0].of_type("AWS::Logs::LogGroup")}
        for output, expected in shown:
            named = re.findall(r"^/aws/.*$", output, re.MULTILINE)
            self.assertEqual([name.split("/orders-")[1] for name in named], expected)
            self.assertEqual(set(named) - groups, set())
        self.assertEqual(self.front.operations[-1], "POST /2015-03-31/functions/*/invocations")

    def test_throttles(self):
        self.runbook("get-account-settings")
        self.assertEqual(self.front.operations[-1], "GET /2016-08-19/account-settings")

    def test_salesforce_quota(self):
        self.assertIn('"Label": "SalesforceQuotaUsed"', self.runbook("SalesforceQuotaUsed"))

    def test_relay_silent(self):
        source = "aws.partner/salesforce.com/00Dxx0000000001EAA/0YLxx0000000001GAA"
        self.moto.call("events", "CreatePartnerEventSource", Name=source, Account="123456789012")
        self.assertIn(source, self.runbook("describe-event-source", name=source))

    def test_replay_a_day(self):
        self.assertIn('"ReplayName": "day-2026-11-20"', self.runbook("start-replay"))

    def test_restore_the_ledger(self):
        self.put_order()
        self.runbook("restore-table-to-point-in-time")
        restored = "orders-ledger-restored"
        item = self.moto.call(
            "dynamodb", "GetItem", TableName=restored, Key={"pk": {"S": f"order#{ORDER}"}}, ConsistentRead=True
        )["Item"]
        self.assertEqual(item["status"], {"S": "Activating"})
        expiry = self.moto.call("dynamodb", "DescribeTimeToLive", TableName=restored)["TimeToLiveDescription"]
        self.assertEqual(expiry, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"})
        table = self.moto.call("dynamodb", "DescribeTable", TableName=restored)["Table"]
        self.assertTrue(table["DeletionProtectionEnabled"])

    def test_the_secrets_and_their_rotation(self):
        self.assertEqual(self.runbook("rotate webhook"), "secrets prod rotate webhook\n")
        self.assertEqual(self.runbook("prune --now"), "secrets prod prune --now\n")
        self.shell(blocks("CONFIGURATION.md")[0])
        self.runbook("put-parameter --overwrite")
        self.runbook("put-parameter --overwrite")
        read = "aws ssm get-parameter --name /orders/salesforce/webhook-secret --with-decryption"
        secrets = self.shell(f"{read} --query Parameter.Value --output text").split()
        self.assertEqual(len(set(secrets)), 2)
        for secret in secrets:
            self.assertRegex(secret, "^[0-9a-f]{64}$")


if __name__ == "__main__":
    unittest.main()
