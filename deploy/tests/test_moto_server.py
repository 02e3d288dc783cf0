"""moto loses no write while it refuses other transactions, and no message while it deletes others; what replaces its
slow parts gives the right answers."""

import json
import threading
import unittest

from support import ACCOUNT, REGION, MotoError, start_moto

KEY = {"pk": {"S": "counter"}}


class MotoServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.moto = start_moto(cls)

    def setUp(self):
        self.table = self.id().rsplit(".", 1)[-1]
        attributes = [("pk", "S"), ("open", "S"), ("dueAt", "N")]
        index = {
            "IndexName": "due",
            "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [
                {"AttributeName": "open", "KeyType": "HASH"},
                {"AttributeName": "dueAt", "KeyType": "RANGE"},
            ],
        }
        self.call(
            "CreateTable",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": type} for name, type in attributes],
            GlobalSecondaryIndexes=[index],
            BillingMode="PAY_PER_REQUEST",
        )

    def call(self, action, **body):
        return self.moto.call("dynamodb", action, TableName=self.table, **body)

    def transact(self, *updates):
        updates = [{"Update": {"TableName": self.table, **update}} for update in updates]
        self.moto.call("dynamodb", "TransactWriteItems", TransactItems=updates)

    def count(self, times):
        for _ in range(times):
            self.call(
                "UpdateItem",
                Key=KEY,
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    def be_refused(self, times):
        refused = {
            "Key": {"pk": {"S": "other"}},
            "UpdateExpression": "SET n = :n",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":n": {"N": "1"}},
        }
        for _ in range(times):
            with self.assertRaises(MotoError):
                self.transact(refused)

    def test_a_refused_transaction_loses_no_other_write(self):
        threads = [threading.Thread(target=self.count, args=(100,)) for _ in range(2)]
        threads += [threading.Thread(target=self.be_refused, args=(100,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.call("GetItem", Key=KEY)["Item"]["n"]["N"], "200")

    def put_unless_last_exists(self, *numbers):
        """Sets each key's number in one transaction, on condition that the last key does not exist."""
        updates = [
            {
                "Key": {"pk": {"S": key}},
                "UpdateExpression": "SET n = :n",
                "ExpressionAttributeValues": {":n": {"N": number}},
            }
            for key, number in numbers
        ]
        updates[-1]["ConditionExpression"] = "attribute_not_exists(pk)"
        self.transact(*updates)

    def numbers(self):
        return {item["pk"]["S"]: item["n"]["N"] for item in self.call("Scan")["Items"]}

    def test_a_transaction_writes_all_or_nothing(self):
        self.put_unless_last_exists(("b", "1"), ("a", "1"))
        with self.assertRaises(MotoError):
            self.put_unless_last_exists(("b", "2"), ("new", "2"), ("a", "2"))
        self.assertEqual(self.numbers(), {"a": "1", "b": "1"})
        self.put_unless_last_exists(("b", "3"), ("new", "3"))
        self.assertEqual(self.numbers(), {"a": "1", "b": "3", "new": "3"})

    def test_an_index_is_sorted(self):
        for key, due in [("a", "10"), ("c", "9"), ("b", "9"), ("d", "100"), ("e", None)]:
            item = {"pk": {"S": key}, "n": {"N": "1"}}
            if due:
                item |= {"open": {"S": "1"}, "dueAt": {"N": due}}
            self.call("PutItem", Item=item)
        keys, position = [], {}
        while position is not None:
            page = self.call(
                "Query",
                IndexName="due",
                Limit=1,
                KeyConditionExpression="#o = :o AND dueAt <= :n",
                ExpressionAttributeNames={"#o": "open"},
                ExpressionAttributeValues={":o": {"S": "1"}, ":n": {"N": "99"}},
                **position,
            )
            keys += [item["pk"]["S"] for item in page["Items"]]
            last = page.get("LastEvaluatedKey")
            position = {"ExclusiveStartKey": last} if last else None
        self.assertEqual(keys, ["b", "c", "a"])

    def queue(self, action, **body):
        return self.moto.call("sqs", action, **body)

    def test_a_queue_loses_no_message_while_others_are_deleted(self):
        queue = self.queue("CreateQueue", QueueName="busy")["QueueUrl"]

        def send():
            for number in range(200):
                self.queue("SendMessage", QueueUrl=queue, MessageBody=str(number))

        senders = [threading.Thread(target=send) for _ in range(3)]
        for sender in senders:
            sender.start()
        received = 0
        while True:
            answer = self.queue("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self.queue("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                received += 1
            if not answer.get("Messages") and not any(sender.is_alive() for sender in senders):
                break
        self.assertEqual(received, 600)

    def test_a_received_message_is_hidden_until_its_time(self):
        queue = self.queue("CreateQueue", QueueName="hidden")["QueueUrl"]
        self.queue("SendMessage", QueueUrl=queue, MessageBody="now")
        self.queue("SendMessage", QueueUrl=queue, MessageBody="later", DelaySeconds=600)
        names = ["ApproximateNumberOfMessages" + what for what in ("", "NotVisible", "Delayed")]

        def counts():
            answer = self.queue("GetQueueAttributes", QueueUrl=queue, AttributeNames=names)
            return [answer["Attributes"][name] for name in names]

        self.assertEqual(counts(), ["1", "0", "1"])
        message = self.queue("ReceiveMessage", QueueUrl=queue, VisibilityTimeout=600)["Messages"][0]
        self.assertEqual(message["Body"], "now")
        self.assertEqual(counts(), ["0", "1", "1"])
        self.assertNotIn("Messages", self.queue("ReceiveMessage", QueueUrl=queue))
        self.queue(
            "ChangeMessageVisibility", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
        self.assertEqual(counts(), ["1", "0", "1"])
        self.assertEqual(self.queue("ReceiveMessage", QueueUrl=queue)["Messages"][0]["Body"], "now")

    def test_an_event_takes_its_trace_header_to_the_queue(self):
        queue = self.queue("CreateQueue", QueueName="traced")["QueueUrl"]
        self.moto.call("events", "PutRule", Name="traced", EventPattern='{"source": ["traced"]}')
        target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:traced"}
        self.moto.call("events", "PutTargets", Rule="traced", Targets=[target])
        header = "Root=1-58406520-a006649127e371903a2de979;Parent=defdfd9912dc5a56;Sampled=1"
        event = {"Source": "traced", "DetailType": "x"}
        entries = [{**event, "Detail": '{"n": 1}', "TraceHeader": header}, {**event, "Detail": '{"n": 2}'}]
        self.assertEqual(len(self.moto.call("events", "PutEvents", Entries=entries)["Entries"]), 2)
        messages = self.queue("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])
        found = {
            json.loads(message["Body"])["detail"]["n"]: message["Attributes"].get("AWSTraceHeader")
            for message in messages["Messages"]
        }
        self.assertEqual(found, {1: header, 2: None})


if __name__ == "__main__":
    unittest.main()
