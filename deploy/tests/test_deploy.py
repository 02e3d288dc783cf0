"""deploy/dev and deploy/prod against moto: first deployment, update, failure, failed test, and the way back."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
import unittest.mock
import zipfile

from botocore.exceptions import ClientError

from support import ACCOUNT, DEPLOY, REGION, REQUIRED, run

# isort: split
# support knows where these are.
import deploy
import smoke_test
import stack_changes
import stack_release
import stack_settings
from moto_cloudformation import Cloud

SECRET = "0123456789abcdef0123456789abcdef-of-the-webhook"
CREDENTIALS = json.dumps({"identifier": "i" * 32, "secret": "s" * 32})
KEY = run("openssl", "genrsa", "2048").stdout
VALUES = {**REQUIRED, "SfUsername": "integration@example.com"}


def elf(machine, marker):
    """The beginning of a program for this machine."""
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + marker


class DeployTestCase(unittest.TestCase):
    """A checkout with zips and a samconfig.toml of its own, and an AWS with the secrets."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        (self.root / ".build/lambda").mkdir(parents=True)
        self.cloud = Cloud(self)
        self.health = (200, {"status": "ok"})
        self.asked = []

        def get(url, headers):
            self.asked.append((url, headers))
            return self.health() if callable(self.health) else self.health

        for patch in (
            unittest.mock.patch.object(stack_settings, "SAMCONFIG", self.root / "samconfig.toml"),
            unittest.mock.patch.object(stack_release, "ROOT", self.root),
            unittest.mock.patch.object(smoke_test.health, "__defaults__", (get, lambda seconds: None)),
            unittest.mock.patch.object(smoke_test, "DOCTOR", self.root / "doctor"),
            unittest.mock.patch.object(stack_release.shutil, "which", lambda name: None),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.configure()
        self.build()
        for name, value in ("salesforce/webhook-secret", SECRET), ("salesforce/private-key", KEY):
            self.put(f"/orders-dev/{name}", value)
        self.put("/orders-dev/whmcs/credentials", CREDENTIALS)

    def configure(self, environment="dev", stack="orders-dev", **values):
        paths = {
            parameter: f"/{stack}/{tail}"
            for parameter, tail in (
                ("SfWebhookSecretParameter", "salesforce/webhook-secret"),
                ("SfPrivateKeyParameter", "salesforce/private-key"),
                ("SfClientSecretParameter", "salesforce/client-secret"),
                ("SfAccessTokenParameter", "salesforce/access-token"),
                ("WhmcsCredentialsParameter", "whmcs/credentials"),
            )
        }
        pairs = [f'"{name}={value}"' for name, value in {**VALUES, **paths, **values}.items() if value is not None]
        text = f'[{environment}.deploy.parameters]\nstack_name = "{stack}"\nregion = "{REGION}"\n'
        (self.root / "samconfig.toml").write_text(f"{text}parameter_overrides = [{', '.join(pairs)}]\n")

    def build(self, marker=b"1", machine=62):
        for function in stack_release.functions():
            with zipfile.ZipFile(stack_release.zip_of(function), "w") as archive:
                # With a fixed time, so that the same program is the same zip.
                archive.writestr(zipfile.ZipInfo("bootstrap"), elf(machine, marker + function.encode()))

    def put(self, name, value, type="SecureString"):
        self.cloud.client("ssm").put_parameter(Name=name, Value=value, Type=type, Overwrite=True)

    def deploy(self, environment="dev", *options, typed=None):
        """Status, and what the command prints, errors included."""
        output = io.StringIO()
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            unittest.mock.patch.object(sys, "argv", ["deploy.py", environment, *options]),
            unittest.mock.patch.object(sys, "stdin", io.StringIO(typed or "")) as stdin,
        ):
            stdin.isatty = lambda: typed is not None
            try:
                status = deploy.main()
            except stack_settings.Refused as refusal:
                print(refusal)
                status = 1
        self.assertNotIn(SECRET, output.getvalue())
        return status, output.getvalue()

    def stack(self, name="orders-dev"):
        return self.cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]

    def code(self, stack="orders-dev"):
        """The hash of each function's code."""
        functions = self.cloud.client("lambda").list_functions()["Functions"]
        return {f["FunctionName"]: f["CodeSha256"] for f in functions if f["FunctionName"].startswith(f"{stack}-")}


class DeployTest(DeployTestCase):
    def test_the_first_deployment(self):
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

    def test_the_bucket_is_private_and_belongs_to_one_stack(self):
        self.deploy()
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

    def test_the_same_again_changes_nothing(self):
        self.deploy()
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertIn("Nothing to change", output)

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

    def test_a_parameter_that_samconfig_does_not_name_has_the_default_again(self):
        self.configure(MaxAttempts="20")
        self.deploy()
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

    def test_what_a_failed_first_deployment_left_is_removed(self):
        Cloud.failing = "OrderStatus"
        status, output = self.deploy()
        self.assertEqual(status, 1)
        self.assertIn("ROLLBACK_COMPLETE", output)
        Cloud.failing = None
        status, output = self.deploy()
        self.assertEqual(status, 0, output)
        self.assertIn("Removing what a failed deployment left (ROLLBACK_COMPLETE)", output)

    def test_prod_asks_and_only_yes_deploys(self):
        self.configure("prod", "orders")
        for name, value in ("salesforce/webhook-secret", SECRET), ("salesforce/private-key", KEY):
            self.put(f"/orders/{name}", value)
        self.put("/orders/whmcs/credentials", CREDENTIALS)
        for typed in "y\n", "\n", "no\n", None:
            status, output = self.deploy("prod", typed=typed)
            self.assertEqual(status, 1)
            self.assertIn("Nothing was deployed" if typed else "--yes", output)
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

    def test_the_doctor_decides_too(self):
        (self.root / "doctor").write_text(f'#!/bin/sh\necho "$*" >{self.root}/arguments; exit 1\n')
        (self.root / "doctor").chmod(0o755)
        status, output = self.deploy("dev")
        self.assertEqual(status, 1)
        self.assertIn("deploy/doctor found a fault", output)
        self.assertEqual((self.root / "arguments").read_text(), f"--stack orders-dev --region {REGION}\n")

    def test_the_scripts_use_the_operators_packages(self):
        for name in "dev", "prod":
            script = (DEPLOY / name).read_text(encoding="utf-8")
            self.assertIn(f"deploy/operations/deploy.py {name} ", script)


if __name__ == "__main__":
    unittest.main()
