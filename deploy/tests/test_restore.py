"""The runbook's drill: a ledger is restored, the stack changes over to it, and a replay brings back what it lacks.

What provision-order does with a replayed event of an unknown order is a test of the programs (Tests/OrdersTests).
"""

import datetime
import json
import unittest
import unittest.mock

from support import ACCOUNT, REGION, sample_event

# isort: split
# support knows where these are.
import smoke_test
import stack_changes
import stack_settings
from deploy_case import DeployTestCase

RESTORED = "orders-dev-ledger-restored"
KNOWN, LATER = "801Dn0000014UPaIAM", "801Dn0000014UPfIAM"


def changes_of(cloudformation, stack, name):
    """moto's, with the ledger: moto does not see that a parameter changes a resource's condition."""
    before = stack_settings.parameters_of(cloudformation.describe_stacks(StackName=stack)["Stacks"][0])
    answer = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
    owns = [not values.get("ExistingLedgerTable") for values in (before, stack_settings.parameters_of(answer))]
    action = {(True, False): "Remove", (False, True): "Add"}.get(tuple(owns))
    ledger = {"LogicalResourceId": "Ledger", "ResourceType": "AWS::DynamoDB::Table", "Action": action}
    return _changes_of(cloudformation, stack, name) + ([ledger] if action else [])


_changes_of = stack_changes.changes_of


@unittest.mock.patch.object(stack_changes, "changes_of", changes_of)
class RestoreDrillTest(DeployTestCase):
    def test_the_drill(self):
        self.assertEqual(self.deploy()[0], 0)
        outputs = stack_settings.outputs_of(self.stack())
        dynamodb, old = self.cloud.client("dynamodb"), outputs["LedgerTable"]
        item = {"pk": {"S": f"order#{KNOWN}"}, "open": {"S": "1"}, "dueAt": {"N": "1"}, "status": {"S": "Activating"}}
        dynamodb.put_item(TableName=old, Item=item)

        # The runs stop; moto would look for Docker to run them.
        functions = self.cloud.client("lambda")
        (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

        # The restore. DynamoDB gives the new table neither time to live nor backups nor protection.
        self.restore(old)
        dynamodb.put_item(TableName=old, Item={**item, "pk": {"S": f"order#{LATER}"}})
        self.publish(outputs["OrderBusName"], KNOWN, LATER)
        self.receive(outputs["OrderQueueUrl"])

        # deploy/dev refuses the table until the runbook's commands have completed it.
        self.configure(ExistingLedgerTable=RESTORED)
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("has no time to live on expiresAt", output)
        self.complete(RESTORED)
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertRegex(output, rf"(?m)^ExistingLedgerTable +{RESTORED}$")
        self.assertIn("takes the place of the stack's own table, which stays in the account", output)

        # Every function uses the restored table, and the roles allow it.
        outputs = stack_settings.outputs_of(self.stack())
        self.assertEqual(outputs["LedgerTable"], RESTORED)
        tables = [
            function["Environment"]["Variables"]["LEDGER_TABLE"] for function in functions.list_functions()["Functions"]
        ]
        self.assertEqual(tables, [RESTORED] * 5)
        due = dynamodb.query(
            TableName=outputs["LedgerTable"],
            IndexName="due",
            KeyConditionExpression="#open = :one",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues={":one": {"S": "1"}},
        )
        self.assertEqual([found["pk"]["S"] for found in due["Items"]], [f"order#{KNOWN}"])

        # The replay reaches the same queue, marked, with the order that the restored ledger does not know.
        self.cloud.client("events").start_replay(
            ReplayName="after-restore",
            EventSourceArn=outputs["OrderArchiveArn"],
            EventStartTime=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
            EventEndTime=datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC),
            Destination={"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{outputs['OrderBusName']}"},
        )
        replayed = self.receive(outputs["OrderQueueUrl"])
        self.assertEqual({event["detail"]["orderId"] for event in replayed}, {KNOWN, LATER})
        self.assertEqual({event["replay-name"] for event in replayed}, {"after-restore"})

        # The stack's own table is still there.
        self.assertEqual(dynamodb.scan(TableName=old)["Count"], 2)

    def test_no_deployment_begins_with_an_empty_ledger(self):
        self.assertEqual(self.deploy()[0], 0)
        old = self.ledger()
        self.restore(old)
        self.complete(RESTORED)

        patch = unittest.mock.patch.object(stack_changes, "discard", wraps=stack_changes.discard)
        discarded = patch.start()
        self.addCleanup(patch.stop)

        # The change-over fails its test: the way back would add a table without an order.
        self.configure(ExistingLedgerTable=RESTORED)
        with unittest.mock.patch.object(smoke_test, "run", lambda *_: ["Salesforce is down"]):
            status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("Salesforce is down", output)
        self.assertIn(f"the stack stays as it is and uses the table {RESTORED}.", output)
        self.assertIn(f"with ExistingLedgerTable={old} in deploy/samconfig.toml", output)
        self.assert_uses(RESTORED)

        # And so would a samconfig.toml that names the table no longer.
        self.configure()
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn(f"add ExistingLedgerTable={RESTORED} to deploy/samconfig.toml", output)
        self.assert_uses(RESTORED)

        self.assertEqual(discarded.call_count, 2)

        # moto gives a stack's table neither.
        self.complete(old)
        self.configure(ExistingLedgerTable=old)
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assert_uses(old)

    def ledger(self):
        return stack_settings.outputs_of(self.stack())["LedgerTable"]

    def assert_uses(self, table):
        self.assertEqual(self.ledger(), table)
        self.assertEqual(len(self.cloud.client("dynamodb").list_tables()["TableNames"]), 2)

    def restore(self, table):
        self.cloud.client("dynamodb").restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=RESTORED, RestoreDateTime=datetime.datetime.now(datetime.UTC)
        )

    def complete(self, table):
        dynamodb = self.cloud.client("dynamodb")
        dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
        )
        dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )

    def publish(self, bus, *orders):
        sample = sample_event("order-provision-requested.json")
        entries = [
            {
                "EventBusName": bus,
                "Source": sample["source"],
                "DetailType": sample["detail-type"],
                "Detail": json.dumps({**sample["detail"], "orderId": order}),
            }
            for order in orders
        ]
        self.assertEqual(self.cloud.client("events").put_events(Entries=entries)["FailedEntryCount"], 0)

    def receive(self, queue):
        messages = self.cloud.client("sqs").receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=60
        )
        return [json.loads(message["Body"]) for message in messages.get("Messages", [])]


if __name__ == "__main__":
    unittest.main()
