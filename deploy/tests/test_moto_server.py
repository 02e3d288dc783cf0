"""Nothing that was written is lost while transactions of others are refused, and what moto_server.py hastens is right."""
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

SERVER = pathlib.Path(__file__).with_name("moto_server.py")
KEY = {"pk": {"S": "counter"}}


class MotoServerTest(unittest.TestCase):
    def setUp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        self.server = subprocess.Popen(
            [sys.executable, SERVER, "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        for _ in range(200):
            try:
                self.call("CreateTable", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}
                                                for name, kind in [("pk", "S"), ("open", "S"), ("dueAt", "N")]],
                          GlobalSecondaryIndexes=[{
                              "IndexName": "due", "Projection": {"ProjectionType": "KEYS_ONLY"},
                              "KeySchema": [{"AttributeName": "open", "KeyType": "HASH"},
                                            {"AttributeName": "dueAt", "KeyType": "RANGE"}]}],
                          BillingMode="PAY_PER_REQUEST")
                return
            except urllib.error.URLError:
                time.sleep(0.1)
        self.fail("the server does not start")

    def call(self, action, **body):
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{action}", "Content-Type": "application/x-amz-json-1.0",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/dynamodb/aws4_request"}
        request = urllib.request.Request(self.url, json.dumps({"TableName": "t", **body}).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def count(self, times):
        for _ in range(times):
            self.call("UpdateItem", Key=KEY, UpdateExpression="ADD n :one",
                      ExpressionAttributeValues={":one": {"N": "1"}})

    def be_refused(self, times):
        never = {"Update": {"TableName": "t", "Key": {"pk": {"S": "other"}}, "UpdateExpression": "SET n = :n",
                            "ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": {":n": {"N": "1"}}}}
        for _ in range(times):
            with self.assertRaises(urllib.error.HTTPError):
                self.call("TransactWriteItems", TransactItems=[never])

    def test_refused_transactions_take_nothing_of_others_with_them(self):
        threads = [threading.Thread(target=self.count, args=(100,)) for _ in range(2)]
        threads += [threading.Thread(target=self.be_refused, args=(100,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.call("GetItem", Key=KEY)["Item"]["n"]["N"], "200")

    def transact(self, *puts):
        """Puts or changes items, by key and number, if the last of them is not there yet."""
        writes = [{"Update": {"TableName": "t", "Key": {"pk": {"S": key}}, "UpdateExpression": "SET n = :n",
                              "ExpressionAttributeValues": {":n": {"N": n}}}} for key, n in puts]
        writes[-1]["Update"]["ConditionExpression"] = "attribute_not_exists(pk)"
        self.call("TransactWriteItems", TransactItems=writes)

    def numbers(self):
        return {item["pk"]["S"]: item["n"]["N"] for item in self.call("Scan")["Items"]}

    def test_a_transaction_is_all_or_nothing(self):
        self.transact(("b", "1"), ("a", "1"))
        with self.assertRaises(urllib.error.HTTPError):
            self.transact(("b", "2"), ("new", "2"), ("a", "2"))
        self.assertEqual(self.numbers(), {"a": "1", "b": "1"})
        self.transact(("b", "3"), ("new", "3"))
        self.assertEqual(self.numbers(), {"a": "1", "b": "3", "new": "3"})

    def test_an_index_is_read_in_its_order(self):
        for key, due in [("a", "10"), ("c", "9"), ("b", "9"), ("d", "100"), ("e", None)]:
            item = {"pk": {"S": key}, "n": {"N": "1"}} | ({"open": {"S": "1"}, "dueAt": {"N": due}} if due else {})
            self.call("PutItem", Item=item)
        keys, position = [], {}
        while position is not None:
            page = self.call("Query", IndexName="due", Limit=1, KeyConditionExpression="#o = :o AND dueAt <= :n",
                             ExpressionAttributeNames={"#o": "open"},
                             ExpressionAttributeValues={":o": {"S": "1"}, ":n": {"N": "99"}}, **position)
            keys += [item["pk"]["S"] for item in page["Items"]]
            last = page.get("LastEvaluatedKey")
            position = {"ExclusiveStartKey": last} if last else None
        self.assertEqual(keys, ["b", "c", "a"])


if __name__ == "__main__":
    unittest.main()
