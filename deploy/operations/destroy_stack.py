"""Deletes a stack, after it has named what goes and what stays. Called by deploy/destroy."""

import collections
import sys

import stack_changes
from secret_forms import SECRETS
from stack_release import Bucket
from stack_settings import (
    ENVIRONMENTS,
    Cloud,
    Refused,
    describe,
    ends,
    outputs_of,
    parameters_of,
    parser,
    settings_of,
)

QUEUES = "OrderQueueUrl", "OrderDeadLettersUrl", "UndeliveredEventsUrl", "FailedInvocationsUrl", "MissedSchedulesUrl"


class Destruction:
    def __init__(self, settings):
        self.settings, self.cloud = settings, Cloud(settings)
        self.cloudformation = self.cloud.client("cloudformation")
        self.bucket = Bucket(self.cloud, settings.stack)
        self.stack = describe(self.cloudformation, settings.stack)
        if self.stack is None:
            raise Refused(f"There is no stack {settings.stack} in {self.cloud.region}, account {self.cloud.account}.")
        self.outputs, self.parameters = outputs_of(self.stack), parameters_of(self.stack)

    def run(self, confirmed):
        name, region = self.settings.stack, self.cloud.region
        print(f"The stack {name} in {region}, account {self.cloud.account}.", "It goes:", *self.goes(), sep="\n")
        print("It stays:", *self.stays(), sep="\n")
        if confirmed is None and sys.stdin.isatty():
            confirmed = input("Type the stack's name to delete it; anything else changes nothing: ").strip()
        if confirmed != name:
            raise Refused("Nothing was deleted.")
        before = stack_changes.latest_event(self.cloudformation, name)
        # A stack that is gone is found by its id only.
        identity = self.stack["StackId"]
        self.cloudformation.delete_stack(StackName=name)
        status = stack_changes.wait(self.cloudformation, identity)
        if status != "DELETE_COMPLETE":
            lines = stack_changes.failures(self.cloudformation, identity, before)
            raise Refused("\n".join([f"The stack is {status}, because of", *lines]))
        if self.bucket.exists():
            self.bucket.delete()
        print(f"Deleted {name}. What stays costs little; these commands remove it too:", *self.commands(), sep="\n")
        return 0

    def goes(self):
        """What the deletion loses."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.settings.stack)
        types = collections.Counter(
            resource["ResourceType"].split("::", 1)[1] for page in pages for resource in page["StackResourceSummaries"]
        )
        types.pop("DynamoDB::Table", None)
        yield "  " + ", ".join(f"{count} {name}" for name, count in sorted(types.items()))
        yield "  with the functions' logs, and the archive of the order bus: events can be replayed to that bus only"
        if waiting := self.waiting():
            yield f"  with {waiting} messages in its queues, dead letters included"
        if self.bucket.exists():
            yield f"  the bucket {self.bucket.name}: the zips and templates of all versions"

    def waiting(self):
        sqs, names = self.cloud.client("sqs"), ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        total = 0
        for queue in filter(None, map(self.outputs.get, QUEUES)):
            attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names))["Attributes"]
            total += sum(int(attributes[name]) for name in names)
        return total

    def stays(self):
        table = self.outputs["LedgerTable"]
        yield f"  the ledger, {table}, with its protection against deletion"
        if count := self.open_orders(table):
            yield f"    {count} orders in it are open: nobody finishes them, unless a stack gets this table"
        secrets = ", ".join(sorted({*self.secret_paths(), self.parameters["SfAccessTokenParameter"]}))
        yield f"  in Parameter Store: {secrets}"
        if self.parameters.get("SalesforceEventSource"):
            yield "  the partner event source, which Salesforce owns: stop its Event Relay there"
        if self.parameters.get("AlertTopicArn"):
            yield f"  the topic {self.parameters['AlertTopicArn']}"

    def open_orders(self, table):
        pages = (
            self.cloud.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=table,
                IndexName="due",
                Select="COUNT",
                KeyConditionExpression="#open = :one",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues={":one": {"S": "1"}},
            )
        )
        return sum(page["Count"] for page in pages)

    def secret_paths(self):
        return filter(None, (self.parameters.get(secret.parameter) for secret in SECRETS.values()))

    def commands(self):
        where = f"--region {self.cloud.region}"
        table = self.outputs["LedgerTable"]
        names = " ".join(sorted({*self.secret_paths(), self.parameters["SfAccessTokenParameter"]}))
        yield f"  aws ssm delete-parameters {where} --names {names}"
        yield f"  aws dynamodb update-table {where} --table-name {table} --no-deletion-protection-enabled"
        yield f"  aws dynamodb delete-table {where} --table-name {table}"
        yield "A later stack continues with the table, if samconfig.toml names it as ExistingLedgerTable."


def main():
    options = parser("deploy/destroy", __doc__.splitlines()[0])
    options.add_argument("environment", choices=ENVIRONMENTS)
    options.add_argument("--confirm", metavar="NAME", help="the stack's name, for scripts")
    options = options.parse_args()
    return Destruction(settings_of(options.environment, options)).run(options.confirm)


if __name__ == "__main__":
    ends(main)
