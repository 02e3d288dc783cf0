"""What deploy/dev and deploy/prod refuse before they change anything, each with the sentence that helps."""

import datetime
import http.server
import threading
import unittest
import unittest.mock

from botocore.exceptions import ClientError

from support import DEPLOY, REGION, TEMPLATE, run, sam_template

# isort: split
# support knows where these are.
import deploy
import moto_cloudformation
import signed_read
import smoke_test
import stack_changes
import stack_checks
import stack_release
import stack_settings
from deploy_case import SECRET, DeployTestCase

WEBHOOK = "/orders-dev/salesforce/webhook-secret"


class RefusalTest(DeployTestCase):
    def refused(self, *sentences, options=()):
        status, output = self.deploy("dev", *options)
        self.assertEqual(status, 1, output)
        for sentence in sentences:
            self.assertIn(sentence, output)
        self.assertEqual(self.cloud.client("cloudformation").describe_stacks()["Stacks"], [])
        return output

    def test_all_faults_at_once(self):
        self.cloud.client("ssm").delete_parameter(Name=WEBHOOK)
        self.put("/orders-dev/whmcs/credentials", "identifier:secret")
        stack_release.zip_of("order-status").unlink()
        stack_release.zip_of("recover-orders").write_text("no zip")
        self.configure(SfUsername="")
        output = self.refused(
            "No zip of order-status: run deploy/build",
            "recover-orders.zip holds no bootstrap",
            "SfUsername is empty",
            f"The webhook secret is missing in Parameter Store ({WEBHOOK}): deploy/secrets dev put webhook.",
            "The WHMCS credentials (/orders-dev/whmcs/credentials) cannot be right, because it is not JSON",
        )
        self.assertNotIn("identifier:secret", output)

    def test_a_plain_parameter_is_no_secret(self):
        self.cloud.client("ssm").delete_parameter(Name=WEBHOOK)
        self.put(WEBHOOK, SECRET, "String")
        self.refused(f"The webhook secret ({WEBHOOK}) is no SecureString")

    def test_client_credentials_need_another_secret(self):
        self.configure(SfAuthFlow="client-credentials", SfUsername="")
        output = self.refused("deploy/secrets dev put salesforce-secret")
        self.assertNotIn("private-key", output)

    def test_values_that_nobody_gave(self):
        self.configure(SfClientId="", WhmcsApiUrl=None)
        output = self.refused("samconfig.toml, [dev.deploy.parameters]: give a value for\n  SfClientId: Consumer key")
        self.assertIn("  WhmcsApiUrl: ", output)
        self.assertNotIn("WhmcsPaymentMethod", output)

    def test_names_that_the_template_does_not_have(self):
        self.configure(SfClientID="x")
        self.refused("samconfig.toml names SfClientID, which template.yaml does not have.")

    def test_the_zips_are_for_the_architecture(self):
        self.build(machine=183)
        self.refused("is built for arm64, and Architecture is x86_64")
        self.configure(Architecture="arm64")
        self.assertEqual(self.deploy()[0], 0)

    def test_the_paths_of_another_stack(self):
        self.configure(WhmcsCredentialsParameter="/orders/whmcs/credentials")
        self.refused("begin it with /orders-dev/ in samconfig.toml")

    def test_the_secret_of_the_alerts_where_there_is_one(self):
        self.configure(AlertWebhookSecretParameter="/orders/alerts/webhook-secret")
        self.refused("AlertWebhookSecretParameter is /orders/alerts/webhook-secret: begin it with /orders-dev/")
        path = "/orders-dev/alerts/webhook-secret"
        self.configure(AlertWebhookSecretParameter=path)
        self.refused(f"The secret of the alerts is missing in Parameter Store ({path}): deploy/secrets dev put alerts.")
        self.put(path, SECRET, "String")
        self.refused(f"The secret of the alerts ({path}) is no SecureString")
        self.put(path, SECRET)
        self.assertEqual(self.deploy()[0], 0)

    def test_a_stack_keeps_the_paths_that_it_has(self):
        with unittest.mock.patch.object(stack_checks, "paths", lambda *_: []):
            self.configure(SfClientSecretParameter="/shared/client-secret")
            self.assertEqual(self.deploy()[0], 0)
        self.assertEqual(self.deploy()[0], 0)

    def test_a_new_account_runs_ten_functions_at_once(self):
        self.configure(WhmcsConcurrency="7", WebhookReservedConcurrency="5")
        output = self.refused("WhmcsConcurrency is 7, and of the account's 10 concurrent executions 5 are free")
        self.assertIn("set it to 2, or ask AWS for more", output)
        self.assertIn("WebhookReservedConcurrency is 5, and AWS keeps 100 of the account's 10", output)
        large = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}
        with unittest.mock.patch.dict(moto_cloudformation.LIMITS, large):
            self.assertEqual(self.deploy()[0], 0)

    def test_an_existing_table_must_be_a_ledger(self):
        self.configure(ExistingLedgerTable="orders-restored")
        self.refused("ExistingLedgerTable is orders-restored, and DynamoDB says: ")
        self.cloud.client("dynamodb").create_table(
            TableName="orders-restored",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.refused("is no ledger", "no time to live on expiresAt", "no point-in-time recovery")

    def test_credentials_and_region(self):
        failed = unittest.mock.Mock(side_effect=stack_settings.ClientError({"Error": {"Code": "ExpiredToken"}}, "Get"))
        with (
            unittest.mock.patch.object(moto_cloudformation.Session, "client", failed),
            self.assertRaisesRegex(stack_settings.Refused, "AWS does not take the credentials: .*ExpiredToken"),
        ):
            deploy.Deployment(stack_settings.Settings("dev", "orders-dev", REGION, None, {}), True)
        with self.assertRaisesRegex(stack_settings.Refused, "No region"):
            deploy.Deployment(stack_settings.Settings("dev", "orders-dev", None, None, {}), True)

    def test_samconfig(self):
        for text, message in [
            ("x = [", "is not TOML"),
            ("[prod.deploy.parameters]\nstack_name = 'x'", r"lacks \[dev.deploy.parameters\]"),
            ("[dev.deploy.parameters]\nregion = 'x'", "with a stack_name"),
        ]:
            (self.root / "samconfig.toml").write_text(text)
            with self.assertRaisesRegex(stack_settings.Refused, message):
                stack_settings.read("dev")

    def test_the_stack_of_another_environment(self):
        file = self.root / "samconfig.toml"
        text = file.read_text()
        file.write_text(f'version = 0.1\n{text}[prod.deploy.parameters]\nstack_name = "orders"\n')
        self.refused("orders is prod's stack; use deploy/prod", options=("--stack", "orders"))
        # Its own name is no other's, even where two accounts have a stack of this name.
        file.write_text(f'{text}[prod.deploy.parameters]\nstack_name = "orders-dev"\n')
        self.assertEqual(self.deploy("dev", "--stack", "orders-dev")[0], 0)

    def test_the_missing_zips_are_built_where_that_is_possible(self):
        stack_release.zip_of("order-status").unlink()
        (self.root / "deploy").mkdir()
        script = self.root / "deploy/build"
        script.write_text(f'#!/bin/sh\necho "$*" >>{self.root}/built; exit 1\n')
        script.chmod(0o755)
        for tools, arguments in ({"swift", "docker"}, ""), ({"docker"}, "--docker"):
            with (
                self.subTest(tools),
                unittest.mock.patch.object(stack_release.shutil, "which", lambda name, tools=tools: name in tools),
            ):
                self.refused("deploy/build failed")
                self.assertEqual((self.root / "built").read_text().splitlines()[-1], arguments)


class RuntimeTest(unittest.TestCase):
    def test_aws_ends_provided_al2(self):
        values = {"Runtime": "provided.al2"}
        for day, exists, is_refused in [
            ((2027, 1, 31), False, False),
            ((2027, 2, 1), False, True),
            ((2027, 2, 1), True, False),
            ((2027, 3, 3), True, True),
        ]:
            faults = list(stack_checks.runtime(values, exists, datetime.date(*day)))
            self.assertEqual(bool(faults), is_refused, day)
        self.assertIn("2027-03-03", stack_checks.runtime_remark(values, datetime.date(2026, 11, 26)))
        self.assertIsNone(stack_checks.runtime_remark({"Runtime": "provided.al2023"}, datetime.date(2026, 11, 26)))

    def test_the_runtimes_are_the_templates(self):
        declared = sam_template.load(TEMPLATE)["Parameters"]["Runtime"]["AllowedValues"]
        self.assertEqual(sorted(stack_checks.RUNTIME_ENDS), sorted(declared))


class LedgerTest(unittest.TestCase):
    def test_the_indexes_are_the_templates(self):
        indexes = sam_template.load(TEMPLATE)["Resources"]["Ledger"]["Properties"]["GlobalSecondaryIndexes"]
        expected = {index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]] for index in indexes}
        self.assertEqual(stack_checks.INDEXES, expected)


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers with the server's status and body."""

    def do_GET(self):
        status, body = self.server.reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class SmokeTest(unittest.TestCase):
    def test_every_answer_is_a_status_and_an_object(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/health"
            for reply, expected in [
                ((200, b'{"status":"ok"}'), (200, {"status": "ok"})),
                ((503, b'{"status":"unavailable"}'), (503, {"status": "unavailable"})),
                ((502, b"<html>"), (502, {})),
                ((200, b"[]"), (200, {})),
            ]:
                server.reply = reply
                self.assertEqual(smoke_test.get(url, {}), expected)
            server.shutdown()
        status, report = smoke_test.get(url, {})
        self.assertEqual((status, list(report)), (0, ["problem"]))

    def test_the_signature_is_that_of_the_portal(self):
        """The commands of PORTAL.md make the same."""
        when = datetime.datetime(2026, 11, 26, 22, 0, 0, tzinfo=datetime.UTC)
        script = (DEPLOY / "PORTAL.md").read_text(encoding="utf-8").split("```sh\n")[1].split("```")[0]
        lines = [line for line in script.splitlines() if not line.startswith(("curl", "path=", "timestamp="))]
        text = "\n".join(["path=/health", "timestamp=2026-11-26T22:00:00Z", f"secret={SECRET}", *lines])
        expected = run("bash", "-c", text + '\nprintf %s "$signature"').stdout
        headers = signed_read.headers("/health", SECRET, when)
        self.assertEqual(headers, {"X-SF-Timestamp": "2026-11-26T22:00:00Z", "X-SF-Signature": expected})

    def test_a_stack_that_is_slow_to_answer_is_well(self):
        answers = [(0, {"problem": "refused"}), (503, {}), (200, {"status": "ok"})]
        slept = []
        self.assertIsNone(smoke_test.health("https://x", SECRET, lambda *_: answers.pop(0), slept.append))
        self.assertEqual(slept, [5, 5])

    def test_what_is_unwell_is_named(self):
        parts = {"ledger": {"ok": True}, "token": {"ok": False, "problem": "refresh-sf-token has stored no token"}}
        for answer, words in [
            ((503, {"status": "unavailable", **parts}), "503 (token: refresh-sf-token has stored no token)"),
            ((401, {"code": "INVALID_SIGNATURE"}), "401 (INVALID_SIGNATURE)"),
            ((0, {"problem": "timed out"}), "0 (timed out)"),
            ((200, {"status": "ok?"}), "200 (no report)"),
            ((503, {"status": "ok"}), "503 (no report)"),
        ]:
            problem = smoke_test.health("https://x", SECRET, lambda *_, answer=answer: answer, lambda _: None)
            self.assertIn(words, problem)


class ChangeSetTest(unittest.TestCase):
    def test_a_plan_that_cloudformation_refuses(self):
        cloudformation = unittest.mock.Mock()
        cloudformation.describe_stacks.side_effect = ClientError(
            {"Error": {"Code": "ValidationError"}}, "DescribeStacks"
        )
        waiter = stack_changes.WaiterError("change_set_create_complete", "failed", {})
        cloudformation.get_waiter.return_value.wait.side_effect = waiter
        for reason, answer in [
            ("No updates are to be performed.", None),
            ("Transform failed: x", "Transform failed: x"),
        ]:
            cloudformation.describe_change_set.return_value = {"StatusReason": reason}
            arguments = (cloudformation, "orders", "https://x", [], {"CAPABILITY_IAM"})
            if answer is None:
                self.assertIsNone(stack_changes.create(*arguments, is_new=False))
                cloudformation.delete_stack.assert_not_called()
            else:
                with self.assertRaisesRegex(stack_settings.Refused, answer):
                    stack_changes.create(*arguments, is_new=True)
                cloudformation.delete_stack.assert_called_once_with(StackName="orders")

    def test_a_discarded_first_deployment_leaves_no_stack(self):
        states = [{"StackStatus": "REVIEW_IN_PROGRESS"}, None]
        with (
            unittest.mock.patch.object(stack_changes, "describe", lambda *_: states.pop(0)),
            unittest.mock.patch.object(stack_changes.wait, "__defaults__", (lambda seconds: None,)),
        ):
            stack_changes.discard(unittest.mock.Mock(), "orders", "change", is_new=True)
        self.assertEqual(states, [])

    def test_it_waits_until_cloudformation_has_cleaned_up(self):
        states = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]
        slept = []
        with unittest.mock.patch.object(stack_changes, "describe", lambda *_: {"StackStatus": states.pop(0)}):
            self.assertEqual(stack_changes.wait(None, "orders", slept.append), "UPDATE_COMPLETE")
        self.assertEqual(slept, [5, 5])

    def test_replacements_are_shown(self):
        change = {"Action": "Modify", "LogicalResourceId": "Api", "ResourceType": "T", "Replacement": "True"}
        perhaps = {**change, "LogicalResourceId": "Bus", "Replacement": "Conditional"}
        self.assertEqual([line.split()[-1] for line in stack_changes.show([perhaps, change])[1:]], ["yes", "perhaps"])


if __name__ == "__main__":
    unittest.main()
