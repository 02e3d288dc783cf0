"""The runbook's drill: a ledger is restored, the stack changes over to it, and a replay brings back what it lacks.

What provision-order does with a replayed event of an unknown order is a test of the programs (Tests/OrdersTests).
"""

import datetime
import json
import unittest

from support import ACCOUNT, REGION, sample_event

# isort: split
# support knows where these are.
import stack_settings
from deploy_case import DeployTestCase

RESTORED = "orders-dev-ledger-restored"
KNOWN, LATER = "801Dn0000014UPaIAM", "801Dn0000014UPfIAM"


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
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=old, TargetTableName=RESTORED, RestoreDateTime=datetime.datetime.now(datetime.UTC)
        )
        dynamodb.put_item(TableName=old, Item={**item, "pk": {"S": f"order#{LATER}"}})
        self.publish(outputs["OrderBusName"], KNOWN, LATER)
        self.receive(outputs["OrderQueueUrl"])

        # deploy/dev refuses the table until the runbook's commands have completed it.
        self.configure(ExistingLedgerTable=RESTORED)
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("has no time to live on expiresAt", output)
        dynamodb.update_time_to_live(
            TableName=RESTORED, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
        )
        dynamodb.update_continuous_backups(
            TableName=RESTORED, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertRegex(output, rf"(?m)^ExistingLedgerTable +{RESTORED}$")

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
