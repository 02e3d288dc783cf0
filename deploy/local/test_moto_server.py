"""Nothing that was written is lost while transactions of others are refused."""
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
                          AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
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


if __name__ == "__main__":
    unittest.main()
