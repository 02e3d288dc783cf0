"""deploy/destroy against moto: what it names, what it asks, what stays."""

import unittest

from botocore.exceptions import ClientError

# isort: split
import support  # noqa: F401

# isort: split
# support knows where these are.
import destroy_stack
import stack_settings
from deploy_case import SECRET, DeployTestCase


class DestroyTest(DeployTestCase):
    def destroy(self, *options, typed=None):
        return self.command(destroy_stack.main, "destroy_stack.py", "dev", *options, typed=typed)

    def test_it_names_what_stays_and_deletes_the_rest(self):
        self.assertEqual(self.deploy()[0], 0)
        outputs = stack_settings.outputs_of(self.stack())
        table = outputs["LedgerTable"]
        dynamodb = self.cloud.client("dynamodb")
        for number in range(3):
            item = {"pk": {"S": f"order#{number}"}, "open": {"S": "1"}, "dueAt": {"N": "1"}}
            dynamodb.put_item(TableName=table, Item=item)
        self.cloud.client("sqs").send_message(QueueUrl=outputs["OrderDeadLettersUrl"], MessageBody="lost")

        for answer in "orders\n", "yes\n", "\n", None:
            status, output = self.destroy(typed=answer)
            self.assertEqual(status, 1)
            self.assertIn("Nothing was deleted.", output)
            self.assertEqual(self.stack()["StackStatus"], "CREATE_COMPLETE")
        self.assertIn("with 1 messages in its queues", output)
        self.assertIn(f"the ledger, {table}", output)
        self.assertIn("3 orders in it are open", output)
        self.assertIn("/orders-dev/salesforce/webhook-secret", output)
        self.assertIn("5 Lambda::Function", output)

        status, output = self.destroy(typed="orders-dev\n")
        self.assertEqual(status, 0, output)
        with self.assertRaises(ClientError):
            self.stack()
        self.assertEqual(dynamodb.scan(TableName=table)["Count"], 3)
        self.assertEqual(self.cloud.client("s3").list_buckets()["Buckets"], [])
        parameter = self.cloud.client("ssm").get_parameter(
            Name="/orders-dev/salesforce/webhook-secret", WithDecryption=True
        )
        self.assertEqual(parameter["Parameter"]["Value"], SECRET)
        self.assertIn(f"--table-name {table} --no-deletion-protection-enabled", output)
        # The alerts of this stack are not signed.
        self.assertRegex(output, r"(?m)--names( /orders-dev/[a-z/-]+){5}$")

    def test_a_stack_that_is_not_there(self):
        status, output = self.destroy("--confirm", "orders-dev")
        self.assertEqual(status, 1)
        self.assertIn("There is no stack orders-dev in eu-west-1", output)


if __name__ == "__main__":
    unittest.main()
