"""What several test files share: paths, the template, moto, the sample events."""

import json
import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
EMULATION = DEPLOY / "aws-emulation"
EVENTS = ROOT / "events"
TEMPLATE = ROOT / "template.yaml"
sys.path[:0] = [str(EMULATION), *(str(DEPLOY / name) for name in ("bench", "mutation", "operations", "package"))]

# Tests import the modules of other directories from here, where their paths are known.
import candidates  # noqa: E402, F401
import events  # noqa: E402, F401
import function_descriptions  # noqa: E402, F401
import handler  # noqa: E402, F401
import ledger  # noqa: E402, F401
import orders  # noqa: E402, F401
import orders_list  # noqa: E402, F401
import report  # noqa: E402, F401
import sam_template  # noqa: E402
import sbom  # noqa: E402, F401
import waiting  # noqa: E402, F401
import workshop  # noqa: E402, F401
from moto_client import MotoClient, MotoError  # noqa: E402, F401

ACCOUNT = sam_template.ACCOUNT
REGION = "eu-west-1"
WEBHOOK_SECRET = b"local-webhook-secret-do-not-use-elsewhere"

# The parameters that have no default, and values for the optional ones that switch resources on.
REQUIRED = {
    "SfClientId": "local",
    "SfProvisionableStatuses": "Approved",
    "WhmcsApiUrl": "http://127.0.0.1:4244/includes/api.php",
    "WhmcsPaymentMethod": "stripe",
}
RELAY = "aws.partner/salesforce.com/00Dxx0000000001EAA/0YLxx0000000001GAA"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def deployed(**parameters):
    """The template's stack under the name `orders`, and its programs by logical id."""
    stack, programs = sam_template.read_stack(TEMPLATE, {**REQUIRED, **parameters}, REGION, "orders")
    # The testbed needs no ARNs of these.
    stack.ARNS = {
        **stack.ARNS,
        "AWS::Events::Archive": "events:{region}:{account}:archive/{name}",
        "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    }
    return stack, programs


def fully_deployed():
    """The same with every optional resource."""
    return deployed(
        SalesforceEventSource=RELAY,
        SecretsKeyArn=KEY,
        AlertTopicArn=TOPIC,
        AlertWebhookSecretParameter="/orders/alerts/webhook-secret",
        CatalogueCheckSchedule="rate(1 day)",
    )


def statements(role):
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def as_list(value):
    return value if isinstance(value, list) else [value]


def sample_event(name):
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def start_moto(test_class):
    """Starts moto until the test class ends, and returns a client."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, EMULATION / "moto_server.py", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    test_class.addClassCleanup(server.wait)
    test_class.addClassCleanup(server.kill)
    return MotoClient(f"http://127.0.0.1:{port}", REGION)
