"""Prints what the functions' doctors find, with a tick or a cross for each part.

Called by deploy/doctor, with the answers of the testbed in a directory, or with a stack to ask. Status 1 means that
something is wrong, 2 that the stack could not be asked.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

import signed_read
from printing import printable

FUNCTIONS = {"provision-order": "ProvisionFunction", "refresh-sf-token": "RefreshFunction"}
DEAD_LETTERS = ("OrderDeadLettersUrl", "UndeliveredEventsUrl", "FailedInvocationsUrl", "MissedSchedulesUrl")
MARKS = {True: "✓", False: "✗", None: "–"}


class CannotAsk(Exception):
    """Why there is nothing to print."""


def check(name, ok, detail=None, help=None):
    return {"name": name, "ok": ok} | {key: value for key, value in (("detail", detail), ("help", help)) if value}


# What the functions say


def findings(answer):
    """The checks in a function's answer. A function that fails has said what is wrong, too."""
    try:
        answer = json.loads(answer)
        if "errorType" in answer:
            if answer["errorType"] == "MalformedEvent":
                return [check("doctor", False, "this version of the function has none", "Deploy the current zips.")]
            detail = f"{answer['errorType']}: {answer.get('errorMessage')}"
            return [check("start", False, detail, "Correct what the message names; the function's log has more.")]
        return [check(item["name"], item["ok"], item.get("detail"), item.get("help")) for item in answer["checks"]]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotAsk(f"The answer is no doctor's ({type(error).__name__}: {error})") from None


def health(status, body):
    """The checks of a signed GET /health."""
    try:
        parts = json.loads(body)
    except ValueError:
        parts = None
    if status == 401:
        help = (
            "Put the first line of the webhook secret's parameter into WEBHOOK_SECRET, and check this machine's clock."
        )
        return [check("/health", False, "the signature is refused", help)]
    if not isinstance(parts, dict) or "ledger" not in parts:
        return [check("/health", False, f"HTTP {status} instead of a report", "Look into the log of order-status.")]
    help = "Look into the log of order-status; an old token is for refresh-sf-token."
    return [
        check(f"{name} for order-status", part["ok"], part.get("problem"), None if part["ok"] else help)
        for name, part in parts.items()
        if isinstance(part, dict)
    ]


def testbed(directory):
    """What the testbed has answered."""
    answers = pathlib.Path(directory)
    parts = {name: findings((answers / name).read_text(encoding="utf-8")) for name in FUNCTIONS}
    status, _, body = (answers / "health").read_text(encoding="utf-8").partition(" ")
    return parts | {"signed /health": health(int(status), body)}


# What a stack says. boto3 is in the operators' venv only, and nobody asks the testbed with it.


class Stack:
    def __init__(self, client, name):
        """client: makes the client of an AWS service."""
        self.client = client
        stack = self.call("cloudformation", "describe_stacks", StackName=name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        missing = {*FUNCTIONS.values(), "ApiUrl", "OrderBusName", *DEAD_LETTERS} - set(self.outputs)
        if missing:
            raise CannotAsk(f"{name} is no stack of this suite: it has no output {', '.join(sorted(missing))}.")

    def call(self, service, operation, **parameters):
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self.client(service), operation)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise CannotAsk(f"{service}: {error}") from None

    def function(self, output):
        """The function's own checks, made where it runs."""
        reply = self.call("lambda", "invoke", FunctionName=self.outputs[output], Payload=b'{"doctor":true}')
        return findings(reply["Payload"].read().decode())

    def resources(self):
        """What the functions may not look at themselves, with the operator's rights."""
        looks = (
            ("order bus", self.bus),
            ("order queue's consumer", self.consumer),
            ("dead letters", self.dead_letters),
        )
        return [self.look(name, look) for name, look in (*looks, ("fixed address", self.address))]

    def look(self, name, look):
        try:
            return check(name, *look())
        except CannotAsk as error:
            return check(name, None, str(error), "Your own rights do not reach that far; it may be all right.")

    def bus(self):
        self.call("events", "describe_event_bus", Name=self.outputs["OrderBusName"])
        return (True,)

    def consumer(self):
        reply = self.call("lambda", "list_event_source_mappings", FunctionName=self.outputs["ProvisionFunction"])
        states = [mapping["State"] for mapping in reply["EventSourceMappings"]]
        help = "aws lambda update-event-source-mapping --enabled; deploy/RUNBOOK.md, The order queue."
        return (True,) if states == ["Enabled"] else (False, f"its state is {', '.join(states) or 'missing'}", help)

    def dead_letters(self):
        full = {}
        for output in DEAD_LETTERS:
            name = "ApproximateNumberOfMessages"
            reply = self.call("sqs", "get_queue_attributes", QueueUrl=self.outputs[output], AttributeNames=[name])
            if count := int(reply["Attributes"][name]):
                full[output.removesuffix("Url")] = count
        texts = ", ".join(f"{name} has {count}" for name, count in full.items())
        return (False, texts, "deploy/RUNBOOK.md, Dead letters.") if full else (True, "none")

    def address(self):
        function = self.call("lambda", "get_function_configuration", FunctionName=self.outputs["ProvisionFunction"])
        subnets = function.get("VpcConfig", {}).get("SubnetIds", [])
        if subnets:
            return True, f"{len(subnets)} subnets of a VPC; its NAT gateway has the address"
        return (
            None,
            "none: the functions run outside a VPC, and their address changes",
            "You need one where WHMCS lists addresses and the credentials have no accesskey, or where the profile of"
            " Salesforce's integration user has login ranges.",
        )

    def parts(self, secret):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = {name: pool.submit(self.function, output) for name, output in FUNCTIONS.items()}
            asked["stack"] = pool.submit(self.resources)
            asked["signed /health"] = pool.submit(signed_health, self.outputs["ApiUrl"], secret)
            return {name: future.result() for name, future in asked.items()}


def signed_health(url, secret):
    if not secret:
        return [check("/health", None, "WEBHOOK_SECRET is not set, and only signed reads are answered in full")]
    request = urllib.request.Request(
        f"{url}/health", headers=signed_read.headers("/health", secret, datetime.datetime.now(datetime.UTC))
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return health(reply.status, reply.read())
    except urllib.error.HTTPError as error:
        return health(error.code, error.read())
    except OSError as error:
        return [check("/health", False, f"no answer: {error}", "Check ApiUrl, and your own network.")]


# Output


def report(parts):
    for name, checks in parts.items():
        yield name
        for item in checks:
            detail = f": {printable(item['detail'])}" if "detail" in item else ""
            yield f"  {MARKS[item['ok']]} {printable(item['name'])}{detail}"
            if item["ok"] is not True and "help" in item:
                yield f"      {printable(item['help'])}"
    faults = count(parts)
    yield ""
    yield {0: "No faults.", 1: "1 fault."}.get(faults, f"{faults} faults.")


def count(parts):
    return sum(item["ok"] is False for checks in parts.values() for item in checks)


def main():
    options = argparse.ArgumentParser(prog="deploy/doctor", description=__doc__.splitlines()[0])
    source = options.add_mutually_exclusive_group(required=True)
    source.add_argument("--answers", metavar="DIRECTORY")
    source.add_argument("--stack", metavar="NAME")
    options.add_argument("--region")
    options.add_argument("--profile")
    options.add_argument("--json", action="store_true")
    options = options.parse_args()
    try:
        parts = testbed(options.answers) if options.answers else ask(options)
    except CannotAsk as error:
        print(printable(error), file=sys.stderr)
        sys.exit(2)
    if options.json:
        print(json.dumps({"ok": not count(parts), "parts": parts}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(report(parts)))
    sys.exit(1 if count(parts) else 0)


def ask(options):
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    # A doctor may take as long as its function's timeout.
    config = Config(read_timeout=150, retries={"total_max_attempts": 2})
    try:
        session = boto3.Session(profile_name=options.profile, region_name=options.region)
        # Made here: a session is not for several threads at once.
        clients = {name: session.client(name, config=config) for name in ("cloudformation", "lambda", "events", "sqs")}
    except BotoCoreError as error:
        raise CannotAsk(str(error)) from None
    return Stack(clients.__getitem__, options.stack).parts(os.environ.get("WEBHOOK_SECRET"))


if __name__ == "__main__":
    main()
