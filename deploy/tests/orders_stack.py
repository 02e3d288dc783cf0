"""A stack for deploy/orders: moto with the template's table and log groups; CloudFormation and Lambda as a fake."""

import contextlib
import functools
import http.server
import io
import json
import os
import sys
import threading
import unittest.mock
import urllib.parse

import boto3

from support import EMULATION, REGION, REQUIRED, TEMPLATE, orders, run, start_moto

STACK = "orders"
API = "https://billing.example.com/includes/api.php"


class AWS(http.server.BaseHTTPRequestHandler):
    """CloudFormation knows one stack. Lambda keeps the events, and answers with the server's `reply`."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/":
            query = dict(urllib.parse.parse_qsl(body.decode()))
            if query["StackName"] != STACK:
                error = "<Code>ValidationError</Code><Message>Stack with id x does not exist</Message>"
                return self.answer(400, f"<R><Error>{error}</Error></R>")
            return self.answer(200, self.server.description)
        name = self.path.split("/")[3]
        self.server.events.append((name, json.loads(body)))
        headers, answer = self.server.reply(name, json.loads(body))
        self.answer(200, json.dumps(answer), headers)

    def answer(self, status, text, headers=()):
        self.send_response(status)
        for header, value in headers:
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def members(names, values):
    key, value = names
    return "".join(f"<member><{key}>{k}</{key}><{value}>{v}</{value}></member>" for k, v in values.items())


class DeployedStack:
    """Started once for a test class."""

    def __init__(self, test_class):
        self.moto = start_moto(test_class)
        program = [sys.executable, "-W", "ignore", EMULATION / "create_resources.py", "--template", TEMPLATE]
        program += ["--endpoint", self.moto.endpoint, "--region", REGION, "--stack-name", STACK]
        made = run(*program, *(f"--parameter={name}={value}" for name, value in REQUIRED.items()), timeout=60)
        assert made.returncode == 0, made.stderr
        self.table = json.loads(made.stdout)["table"]
        self.aws = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AWS)
        outputs = {
            "LedgerTable": self.table,
            "ProvisionFunction": "orders-provision-order",
            "RecoverFunction": "orders-recover-orders",
        }
        parameters = {"SfLoginUrl": "https://example.my.salesforce.com", "WhmcsApiUrl": API}
        self.aws.description = (
            f"<R><DescribeStacksResult><Stacks><member><StackName>{STACK}</StackName>"
            f"<Outputs>{members(('OutputKey', 'OutputValue'), outputs)}</Outputs>"
            f"<Parameters>{members(('ParameterKey', 'ParameterValue'), parameters)}</Parameters>"
            "</member></Stacks></DescribeStacksResult></R>"
        )
        threading.Thread(target=self.aws.serve_forever, daemon=True).start()
        test_class.addClassCleanup(self.aws.server_close)
        test_class.addClassCleanup(self.aws.shutdown)
        local = f"http://127.0.0.1:{self.aws.server_port}"
        self.environment = {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_ENDPOINT_URL": self.moto.endpoint,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": local,
            "AWS_ENDPOINT_URL_LAMBDA": local,
        }
        self.found = functools.cache(orders.Stack)
        self.reset()

    def reset(self):
        """An empty ledger, and a Lambda whose answer a test chooses."""
        self.aws.events, self.aws.reply = [], lambda name, event: ((), {"recovered": 1})
        for item in self.moto.call("dynamodb", "Scan", TableName=self.table)["Items"]:
            self.moto.call("dynamodb", "DeleteItem", TableName=self.table, Key={"pk": item["pk"]})

    @functools.cache  # noqa: B019
    def client(self, service):
        """boto3's, of moto."""
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(service, endpoint_url=self.moto.endpoint, region_name=REGION, **keys)

    def put(self, key, **attributes):
        item = {"pk": {"S": key}, **{name: typed(value) for name, value in attributes.items()}}
        self.moto.call("dynamodb", "PutItem", TableName=self.table, Item=item)

    def put_order(self, id, **attributes):
        self.put(f"order#{id}", **attributes)

    def orders(self, *words):
        """Runs deploy/orders on the stack. Returns status, stdout and stderr."""
        # boto3 takes a second for its clients.
        with unittest.mock.patch.object(orders, "Stack", self.found):
            return call(*words, "--stack", STACK, environment=self.environment)


def call(*words, environment=None):
    out, errors = io.StringIO(), io.StringIO()
    with (
        unittest.mock.patch.dict(os.environ, environment or {}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        try:
            status = orders.main(list(words))
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), errors.getvalue()


def typed(value):
    """DynamoDB's form of a value."""
    if isinstance(value, dict):
        return {"M": {name: typed(member) for name, member in value.items()}}
    if isinstance(value, list):
        return {"L": [typed(element) for element in value]}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
