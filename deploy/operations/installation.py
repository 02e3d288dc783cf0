"""Where the suite runs: a deployed stack, or the testbed on this machine. The operators' tools ask either alike."""

import json
import pathlib
import re
from datetime import datetime

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stack_settings import outputs_of, parameters_of

# A function may take as long as its timeout, and is not worth a second invocation.
INVOKE = Config(read_timeout=150, retries={"total_max_attempts": 1})
# Programs whose log lines have an order's id, in the order of the road.
PROGRAMS = ("verify-signature", "provision-order", "recover-orders")
# Of pages of a log group, each of at most 1 MB: a search must end on a busy stack.
MOST_PAGES = 50


class CannotAsk(Exception):
    """Why the suite could not be asked, in one sentence."""


class Installation:
    """What a stack and the testbed have in common: a table, functions, and what a reader of their outputs types."""

    # Appended to the commands that the output proposes.
    option = ""

    def __init__(self, client, table, names):
        """- client: makes boto3's client of a service
        - names: of the functions, by program
        """
        self.client, self.table, self.names = client, table, names
        self.dynamodb = client("dynamodb")

    def invoke(self, program, event):
        """The function's answer, as text."""
        name = self.names[program]
        reply = self.client("lambda", config=INVOKE).invoke(FunctionName=name, Payload=json.dumps(event).encode())
        answer = reply["Payload"].read().decode()
        if "FunctionError" in reply:
            raise CannotAsk(f"{name} failed: {answer}")
        return answer


class Stack(Installation):
    def __init__(self, name, region=None, profile=None):
        try:
            session = boto3.Session(region_name=region, profile_name=profile)
            description = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except (BotoCoreError, ClientError) as error:
            raise CannotAsk(f"the stack {name} cannot be read: {error}") from None
        outputs = outputs_of(description)
        self.parameters = parameters_of(description)
        missing = {"LedgerTable", "ProvisionFunction", "RecoverFunction"} - set(outputs)
        if missing:
            raise CannotAsk(f"the stack {name} has no output {', '.join(sorted(missing))}: it is not this suite's")
        names = {"provision-order": outputs["ProvisionFunction"], "recover-orders": outputs["RecoverFunction"]}
        super().__init__(session.client, outputs["LedgerTable"], names)
        self.name = name
        self.option = " --stack " + name
        self.request_again = "in Salesforce: *Request again* on the order's card"

    def salesforce(self, order):
        login = self.parameters.get("SfLoginUrl", "")
        return f"{login.rstrip('/')}/{order}" if login else None

    def whmcs(self, order):
        """The page of a WHMCS order, or of all. An installation may have renamed its admin directory."""
        base, found, _ = self.parameters.get("WhmcsApiUrl", "").rpartition("/includes/")
        return f"{base}/admin/orders.php{f'?action=view&id={order}' if order else ''}" if found else None

    def log(self, order, since, until):
        """The lines of the programs' logs that name the order, `(program, text)`, and why some are missing.

        - since, until: milliseconds since 1970
        """
        lines, faults, logs = [], [], self.client("logs")
        for program in PROGRAMS:
            group = f"/aws/lambda/{self.name}-{program}"
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=since, endTime=until, filterPattern=f'"{order}"'
            )
            try:
                for count, page in enumerate(pages, start=1):
                    lines += [(program, event["message"]) for event in page["events"]]
                    if count == MOST_PAGES and "nextToken" in page:
                        faults.append(f"{group} is searched for {MOST_PAGES} MB only")
                        break
            except (BotoCoreError, ClientError) as error:
                faults.append(f"{group} cannot be read: {error}")
        return lines, faults


class Testbed(Installation):
    """The testbed that runs in this directory."""

    def __init__(self, local=pathlib.Path(".local")):
        try:
            self.addresses = json.loads((local / "testbed.json").read_text())
            endpoints = {"dynamodb": self.addresses["aws"], "lambda": self.addresses["lambda"]}
        except (OSError, ValueError, KeyError):
            raise CannotAsk("No testbed is running: start one with deploy/try --keep, or name a --stack.") from None

        def client(service, config=INVOKE):
            return boto3.client(
                service,
                region_name="eu-west-1",
                endpoint_url=endpoints[service],
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=config,
            )

        super().__init__(client, None, {name: name for name in PROGRAMS})
        try:
            (self.table,) = self.dynamodb.list_tables()["TableNames"]
        except (BotoCoreError, ClientError, ValueError):
            raise CannotAsk(f"The testbed does not answer at {self.addresses['aws']}: start it anew.") from None
        self.journal = local / "testbed.log"
        self.request_again = "as Salesforce would: deploy/testbed fulfill <order id>"

    def salesforce(self, order):
        return self.addresses["salesforce"] + "/_simulator/state"

    def whmcs(self, order):
        return self.addresses["whmcs"] + "/_simulator/state"

    def log(self, order, since, until):
        """As of a stack. The file may have lines of an earlier testbed."""
        lines = []
        try:
            with self.journal.open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    program, found, text = line.rstrip("\n").partition(" | ")
                    if found and program in PROGRAMS and order in text and since <= time_of(text) <= until:
                        lines.append((program, text))
        except OSError:
            return [], ["the testbed writes its log where it was started"]
        return lines, []


def time_of(line):
    """Milliseconds since 1970; 0 of a line that is not the suite's."""
    found = re.search(r'"timestamp":"([^"]+)"', line)
    try:
        return int(datetime.fromisoformat(found[1]).timestamp() * 1000) if found else 0
    except ValueError:
        return 0
