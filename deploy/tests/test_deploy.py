"""deploy/dev and deploy/prod against moto: first deployment, update, failure, failed test, and the way back."""

import base64
import hashlib
import json
import platform
import unittest
import unittest.mock

from botocore.exceptions import ClientError, EndpointConnectionError

from support import ACCOUNT, DEPLOY, REGION, ROOT

# isort: split
# support knows where these are.
import deploy
import smoke_test
import stack_changes
import stack_release
import stack_settings
from deploy_case import CREDENTIALS, KEY, SECRET, DeployTestCase
from moto_cloudformation import Cloud


class DeployTest(DeployTestCase):
    def test_the_first_deployment_and_the_same_again(self):
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertEqual(len(self.code()), 5)
        self.assertRegex(output, r"(?m)^Add +Ledger +AWS::DynamoDB::Table$")
        outputs = stack_settings.outputs_of(self.stack())
        self.assertRegex(outputs["ApiUrl"], rf"^https://api\w+\.execute-api\.{REGION}\.amazonaws\.com$")
        self.assertIn(f"{outputs['ApiUrl']}/orders/<order id>/fulfill", output)
        self.assertEqual(self.cloud.invoked, ["orders-dev-refresh-sf-token"])
        ((url, headers),) = self.asked
        self.assertEqual(url, outputs["ApiUrl"] + "/health")
        self.assertRegex(headers["X-SF-Signature"], "^[0-9a-f]{64}$")
        self.check_bucket()
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertIn("Nothing to change", output)

    def check_bucket(self):
        """It is private, and belongs to one stack."""
        s3 = self.cloud.client("s3")
        (bucket,) = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        self.assertRegex(bucket, rf"^orders-dev-[0-9a-f]{{8}}-{ACCOUNT}-{REGION}$")
        self.assertEqual(s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        self.assertEqual(set(block.values()), {True})
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        (statement,) = self.cloud.policies[bucket]["Statement"]
        self.assertEqual(statement["Effect"], "Deny")
        self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
        names = {stack_release.Bucket(self.fake(), name).name for name in ("Orders", "orders", "o" * 128)}
        self.assertEqual(len(names), 3)
        self.assertLessEqual(max(map(len, names)), 63)

    def fake(self):
        return unittest.mock.Mock(account=ACCOUNT, region="ap-northeast-1")

    @unittest.skipUnless((ROOT / ".build/lambda/order-status.zip").exists(), "deploy/build makes the zips")
    def test_the_zips_themselves(self):
        architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
        self.configure(Architecture=architecture)
        with unittest.mock.patch.object(stack_release, "ROOT", ROOT):
            status, output = self.deploy()
            self.assertEqual(status, 0, output)
            for function in stack_release.functions():
                digest = hashlib.sha256(stack_release.zip_of(function).read_bytes()).digest()
                self.assertEqual(self.code()[f"orders-dev-{function}"], base64.b64encode(digest).decode())

    def test_a_zip_is_trusted_by_its_content(self):
        self.deploy()
        s3 = self.cloud.client("s3")
        (bucket,) = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        zips = {
            item["Key"]: s3.head_object(Bucket=bucket, Key=item["Key"], ChecksumMode="ENABLED")
            for item in s3.list_objects_v2(Bucket=bucket, Prefix="zips/")["Contents"]
        }
        self.assertEqual(len(zips), 5)
        for key, head in zips.items():
            self.assertEqual(f"zips/{base64.b64decode(head['ChecksumSHA256']).hex()}.zip", key)
        template = self.cloud.client("cloudformation").get_template(StackName="orders-dev", TemplateStage="Original")
        for key, head in zips.items():
            address = json.dumps({"Bucket": bucket, "Key": key, "Version": head["VersionId"]})
            self.assertIn(f"CodeUri: {address}", template["TemplateBody"])

        # Somebody writes another program under a name that the next deployment would use.
        before = self.code()
        key = sorted(zips)[0]
        for checksum in {"ChecksumAlgorithm": "SHA256"}, {}:
            s3.put_object(Bucket=bucket, Key=key, Body=b"another program", **checksum)
            status, output = self.deploy()
            self.assertEqual(status, 0, output)
            self.assertNotEqual(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), b"another program")
            self.assertEqual(self.code(), before)
        # The same zips again are the same version.
        self.assertIn("Nothing to change", self.deploy()[1])

    def test_an_update_shows_what_changes(self):
        self.deploy()
        before = self.code()
        self.build(b"2")
        self.configure(MaxAttempts="20")
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"(?m)^Modify +ProvisionOrder +AWS::Lambda::Function$")
        self.assertRegex(output, r"(?m)^MaxAttempts +12 +20$")
        self.assertNotRegex(output, r"(?m)^RetryDelay ")
        self.assertFalse(set(before.values()) & set(self.code().values()))
        # A parameter that samconfig.toml does not name has the default again.
        self.configure()
        _, output = self.deploy()
        self.assertRegex(output, r"(?m)^MaxAttempts +20 +12$")

    def test_a_hidden_parameter_comes_from_the_environment_or_stays(self):
        hook = "https://hooks.example.com/T0/hidden"
        with unittest.mock.patch.dict("os.environ", {"SECURITY_ALERT_WEBHOOK": hook}):
            _, output = self.deploy()
        self.assertNotIn(hook, output)
        self.build(b"2")
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        variables = self.cloud.client("lambda").get_function_configuration(FunctionName="orders-dev-provision-order")
        self.assertEqual(variables["Environment"]["Variables"]["SECURITY_ALERT_WEBHOOK"], hook)
        self.configure(SecurityAlertWebhook=hook)
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("use SECURITY_ALERT_WEBHOOK", output)

    def test_a_hidden_parameter_that_the_stack_did_not_have_is_not_shown(self):
        self.deploy()
        hook = "https://hooks.example.com/T0/hidden"
        self.build(b"2")

        def earlier(description):
            values = stack_settings.parameters_of(description)
            return {name: value for name, value in values.items() if name != "SecurityAlertWebhook"}

        with (
            unittest.mock.patch.dict("os.environ", {"SECURITY_ALERT_WEBHOOK": hook}),
            unittest.mock.patch.object(deploy, "parameters_of", earlier),
        ):
            _, output = self.deploy()
        self.assertNotIn(hook, output)
        self.assertRegex(output, r"(?m)^SecurityAlertWebhook +– +\*{4}$")

    def test_a_failed_test_goes_back_to_the_previous_version(self):
        self.configure(MaxAttempts="11")
        self.deploy()
        before = self.code()
        self.build(b"2")
        self.configure(MaxAttempts="20")
        answers = [(503, {"status": "unavailable", "bus": {"ok": False, "problem": "AccessDenied"}})] * 12
        self.health = lambda: answers.pop() if answers else (200, {"status": "ok"})
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("answers 503 (bus: AccessDenied)", output)
        self.assertTrue(output.endswith("The stack runs the previous version.\n"), output)
        self.assertEqual(self.code(), before)
        self.assertEqual(stack_settings.parameters_of(self.stack())["MaxAttempts"], "11")

    def test_a_test_that_cannot_be_run_goes_back(self):
        self.deploy()
        before = self.code()
        denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Invoke")
        for marker, error in (
            (b"2", denied),
            (b"3", KeyError("RefreshFunction")),
            (b"4", EndpointConnectionError(endpoint_url="x")),
        ):
            self.build(marker)
            with (
                self.subTest(error=error),
                unittest.mock.patch.object(smoke_test, "token", side_effect=[error, (True, None)]),
            ):
                status, output = self.deploy()
                self.assertEqual(status, 1)
                self.assertIn(f"The test could not be run: {type(error).__name__}: {error}", output)
                self.assertTrue(output.endswith("The stack runs the previous version.\n"), output)
                self.assertEqual(self.code(), before)

    def test_a_failed_test_of_a_first_deployment_stays_and_says_what_to_do(self):
        Cloud.token = "invalid_grant: user hasn't approved this consumer"
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("user hasn't approved this consumer", output)
        self.assertIn("run deploy/dev again", output)
        self.assertEqual(len(self.code()), 5)

    def test_a_failed_update_names_the_resource_and_the_reason(self):
        self.deploy()
        self.build(b"2")
        Cloud.failing, Cloud.reason = "OrderStatus", "The runtime is not supported"
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("The stack is UPDATE_ROLLBACK_COMPLETE, because of\n", output)
        self.assertRegex(output, r"(?m)^OrderStatus +AWS::Lambda::Function +The runtime is not supported$")
        self.assertNotIn("cancelled", output)
        # The next attempt reports its own failures only.
        Cloud.failing, Cloud.reason = "RecoverOrders", "Throttled"
        self.build(b"3")
        _, output = self.deploy()
        self.assertIn("Throttled", output)
        self.assertNotIn("The runtime is not supported", output)

    def test_what_a_failed_first_deployment_left_is_removed(self):
        Cloud.failing = "OrderStatus"
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("ROLLBACK_COMPLETE", output)
        Cloud.failing = None
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertIn("Removing what a failed deployment left (ROLLBACK_COMPLETE)", output)

    def test_a_stack_in_another_state_is_left_alone(self):
        for state, words in [
            ("UPDATE_IN_PROGRESS", "wait until that has ended"),
            ("REVIEW_IN_PROGRESS", "somebody's first deployment waits for its confirmation"),
            ("UPDATE_ROLLBACK_FAILED", "continue its rollback first"),
            ("DELETE_FAILED", "delete it in the console first"),
        ]:
            description = {"StackStatus": state, "Parameters": []}
            with self.subTest(state), unittest.mock.patch.object(deploy, "describe", lambda *_, d=description: d):
                status, output = self.deploy()
                self.assertEqual(status, 1)
                self.assertIn(f"orders-dev is {state}: {words}", output)

    def test_prod_asks_and_only_yes_deploys(self):
        self.configure("prod", "orders")
        for name, value in ("salesforce/webhook-secret", SECRET), ("salesforce/private-key", KEY):
            self.put(f"/orders/{name}", value)
        self.put("/orders/whmcs/credentials", CREDENTIALS)
        for typed in "y\n", None:
            status, output = self.deploy("prod", typed=typed)
            self.assertEqual(status, 1)
            self.assertIn("Nothing was deployed" if typed else "--yes", output)
            with self.assertRaises(ClientError):
                self.stack("orders")
        for interruption in KeyboardInterrupt, EOFError:
            with unittest.mock.patch("builtins.input", side_effect=interruption):
                self.assertEqual(self.deploy("prod", typed="")[0], 1)
            with self.assertRaises(ClientError):
                self.stack("orders")
        self.assertEqual(self.deploy("prod", typed="yes\n")[0], 0)
        self.build(b"2")
        self.assertEqual(self.deploy("prod", "--yes")[0], 0)

    def test_two_stacks_stand_beside_each_other(self):
        self.deploy()
        for name in "salesforce/webhook-secret", "salesforce/private-key":
            self.put(f"/orders-two/{name}", SECRET if "secret" in name else KEY)
        self.put("/orders-two/whmcs/credentials", CREDENTIALS)
        status, output = self.deploy("dev", "--stack", "orders-two")
        self.assertEqual(status, 0, output)
        self.assertEqual(len(self.code("orders-two")), 5)
        second = self.cloud.client("lambda").get_function_configuration(FunctionName="orders-two-order-status")
        name = second["Environment"]["Variables"]["SF_WEBHOOK_SECRET_PARAMETER"]
        self.assertEqual(name, "/orders-two/salesforce/webhook-secret")
        self.assertEqual(len(self.cloud.client("s3").list_buckets()["Buckets"]), 2)

    def test_a_replaced_ledger_is_refused(self):
        self.deploy()
        change = {"LogicalResourceId": "Ledger", "Action": "Modify", "Replacement": "True", "ResourceType": "T"}
        self.build(b"2")
        with unittest.mock.patch.object(stack_changes, "changes_of", lambda *_: [change]):
            status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("would replace the ledger", output)

    def doctor(self, *crosses):
        items = [{"name": name, "ok": False, "detail": f"{name} is wrong\n", "help": "Mend it."} for name in crosses]
        items.append({"name": "table", "ok": True})
        answer = json.dumps({"ok": not crosses, "parts": {"provision-order": items}})
        self.say(answer)

    def say(self, answer):
        (self.root / "doctor").write_text(
            f"#!/bin/sh\necho \"$*\" >{self.root}/arguments\ncat <<'END'\n{answer}\nEND\n"
        )
        (self.root / "doctor").chmod(0o755)

    def test_a_cross_that_the_deployment_did_not_cause_is_a_note(self):
        self.doctor("catalogue")
        for marker in b"1", b"2":
            self.build(marker)
            status, output = self.deploy()
            self.assertEqual(status, 0, output)
            self.assertIn(
                "Note: deploy/doctor says of provision-order: catalogue: catalogue is wrong\ufffd Mend it.", output
            )
        self.assertEqual((self.root / "arguments").read_text(), f"--stack orders-dev --region {REGION} --json\n")

    def test_a_new_cross_goes_back(self):
        self.deploy()
        code = self.code()
        self.build(b"2")
        with unittest.mock.patch.object(smoke_test, "crosses", side_effect=[{}, {"provision-order: queue": "no"}, {}]):
            status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("provision-order: queue was in order before: no", output)
        self.assertEqual(self.code(), code)

    def test_a_doctor_that_cannot_ask_decides_nothing(self):
        for answer in "", "[]", "{}":
            self.say(answer)
            status, output = self.deploy()
            self.assertEqual((status, "could not ask" in output), (0, True), output)

    def test_the_scripts_use_the_operators_packages(self):
        for name in "dev", "prod":
            script = (DEPLOY / name).read_text(encoding="utf-8")
            self.assertIn(f"deploy/operations/deploy.py {name} ", script)


if __name__ == "__main__":
    unittest.main()
