"""The template in a real moto: events reach the queues of their functions, and the table works."""

import json
import sys
import unittest

from support import ACCOUNT, EMULATION, REGION, RELAY, REQUIRED, TEMPLATE, run, sample_event, start_moto


class MotoResourcesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.moto = start_moto(cls)
        parameters = {**REQUIRED, "SalesforceEventSource": RELAY}
        program = [sys.executable, "-W", "ignore", EMULATION / "create_resources.py", "--template", TEMPLATE]
        program += ["--endpoint", cls.moto.endpoint, "--region", REGION]
        result = run(*program, *(f"--parameter={name}={value}" for name, value in parameters.items()), timeout=60)
        if result.returncode:
            raise AssertionError(result.stderr)
        cls.description = json.loads(result.stdout)
        cls.functions = {function["name"]: function for function in cls.description["functions"]}

    def arrivals(self):
        """The program and the event of every message in the queues of the functions."""
        found = []
        for name, function in self.functions.items():
            for source in function["ruleQueues"] + function["queueMappings"]:
                queue = source["queueUrl"]
                answer = self.moto.call("sqs", "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10)
                for message in answer.get("Messages", []):
                    self.moto.call("sqs", "DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                    found.append((name, json.loads(message["Body"])))
        return found

    def put(self, bus, sample, **changes):
        sample = {**sample, **changes}
        entry = {
            "EventBusName": bus,
            "Source": sample["source"],
            "DetailType": sample["detail-type"],
            "Detail": json.dumps(sample["detail"]),
            "Resources": sample["resources"],
        }
        answer = self.moto.call("events", "PutEvents", Entries=[entry])
        self.assertEqual(answer["FailedEntryCount"], 0)

    def test_every_sample_event_reaches_its_function(self):
        for bus, name, program in [
            (self.description["eventBus"], "order-provision-requested.json", "provision-order"),
            (RELAY, "platform-event.json", "provision-order"),
            ("default", "ssm-policy-action.json", "refresh-sf-token"),
        ]:
            sample = sample_event(name)
            self.put(bus, sample)
            with self.subTest(name):
                ((receiver, arrived),) = self.arrivals()
                self.assertEqual(receiver, program)
                for key in "source", "detail-type", "detail", "region", "resources":
                    self.assertEqual(arrived[key], sample[key])

    def test_other_events_reach_no_function(self):
        names = "order-provision-requested.json", "platform-event.json", "ssm-policy-action.json"
        order, relayed, policy = map(sample_event, names)
        self.put(self.description["eventBus"], order, source="salesforce.other")
        self.put(self.description["eventBus"], order, **{"detail-type": "OrderProvisioned"})
        self.put("default", order)
        self.put(RELAY, relayed, source="aws.partner/salesforce.com/00Dyy0000000001EAA/0YLxx0000000001GAA")
        self.put(RELAY, relayed, **{"detail-type": "OrderChanged__e"})
        self.put("default", policy, detail={**policy["detail"], "parameter-name": "/another/token"})
        self.put("default", policy, detail={**policy["detail"], "policy-type": "Empty"})
        self.assertEqual(self.arrivals(), [])

    def test_a_replay_of_the_archive_reaches_the_bus(self):
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{self.description['eventBus']}"
        (archive,) = self.moto.call("events", "ListArchives", EventSourceArn=bus)["Archives"]
        self.assertEqual(archive["RetentionDays"], 90)
        self.put(self.description["eventBus"], sample_event("order-provision-requested.json"))
        ((_, first),) = self.arrivals()
        self.moto.call(
            "events",
            "StartReplay",
            ReplayName="again",
            Destination={"Arn": bus},
            EventStartTime=0,
            EventEndTime=4e9,
            EventSourceArn=f"arn:aws:events:{REGION}:{ACCOUNT}:archive/{archive['ArchiveName']}",
        )
        replayed = [arrived for _, arrived in self.arrivals() if arrived["time"] == first["time"]]
        self.assertIn(("again", first["detail"]), [(arrived["replay-name"], arrived["detail"]) for arrived in replayed])

    def test_the_order_queue_hides_received_messages_and_dead_letters_those_that_fail_too_often(self):
        (mapping,) = self.functions["provision-order"]["queueMappings"]
        queue, letters = mapping["queueUrl"], mapping["deadLetterQueueUrl"]
        attributes = self.moto.call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        self.assertEqual(attributes["VisibilityTimeout"], str(mapping["visibilityTimeoutSeconds"]))
        self.moto.call("sqs", "SendMessage", QueueUrl=queue, MessageBody="{}")
        receive = {"QueueUrl": queue, "VisibilityTimeout": 0, "AttributeNames": ["All"]}
        for count in range(1, 6):
            (message,) = self.moto.call("sqs", "ReceiveMessage", **receive)["Messages"]
            self.assertEqual(message["Attributes"]["ApproximateReceiveCount"], str(count))
        self.assertNotIn("Messages", self.moto.call("sqs", "ReceiveMessage", **receive))
        (message,) = self.moto.call("sqs", "ReceiveMessage", QueueUrl=letters)["Messages"]
        self.moto.call("sqs", "DeleteMessage", QueueUrl=letters, ReceiptHandle=message["ReceiptHandle"])

    def test_the_table_has_its_index_and_its_time_to_live(self):
        table = self.description["table"]
        key = {"pk": {"S": "order#801Dn0000014UPaIAM"}}
        self.moto.call("dynamodb", "PutItem", TableName=table, Item={**key, "open": {"S": "1"}, "dueAt": {"N": "5"}})
        due = self.moto.call(
            "dynamodb",
            "Query",
            TableName=table,
            IndexName="due",
            KeyConditionExpression="#open = :one AND dueAt <= :now",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues={":one": {"S": "1"}, ":now": {"N": "6"}},
        )
        self.assertEqual([item["pk"] for item in due["Items"]], [key["pk"]])
        time_to_live = self.moto.call("dynamodb", "DescribeTimeToLive", TableName=table)["TimeToLiveDescription"]
        self.assertEqual(time_to_live, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"})

    def test_the_description_for_the_testbed(self):
        routes = {
            (route["method"], route["path"], name)
            for name, function in self.functions.items()
            for route in function["routes"]
        }
        expected = {
            ("POST", "/orders/{sfOrderId}/fulfill", "verify-signature"),
            ("GET", "/orders/{sfOrderId}", "order-status"),
            ("GET", "/health", "order-status"),
        }
        self.assertEqual(routes, expected)
        refresh = self.functions["refresh-sf-token"]
        self.assertEqual([(s["seconds"], s["input"]) for s in refresh["schedules"]], [(3600, None)])
        self.assertIsNone(refresh["reservedConcurrency"])
        lease = {"action": "dynamodb:UpdateItem", "resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/local-Ledger"}
        self.assertIn(lease, refresh["permissions"])
        recover = self.functions["recover-orders"]
        self.assertEqual([(s["seconds"], s["input"]) for s in recover["schedules"]], [(60, None)])
        self.assertEqual(recover["environment"]["LEDGER_TABLE"], self.description["table"])
        self.assertEqual(recover["environment"]["EVENT_BUS_NAME"], self.description["eventBus"])
        provision = self.functions["provision-order"]
        self.assertEqual(refresh["functionName"], provision["environment"]["SF_REFRESH_FUNCTION"])
        self.assertEqual(
            [(name, len(f["ruleQueues"])) for name, f in self.functions.items() if f["ruleQueues"]],
            [("refresh-sf-token", 1)],
        )
        (mapping,) = provision["queueMappings"]
        self.assertEqual((mapping["batchSize"], mapping["maximumConcurrency"]), (1, 5))
        self.assertTrue(mapping["reportsItemFailures"])
        for function in self.functions.values():
            for value in function["environment"].values():
                self.assertIsInstance(value, str)
            queue = function["onFailureQueueUrl"]
            if queue:
                self.moto.call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])


if __name__ == "__main__":
    unittest.main()
