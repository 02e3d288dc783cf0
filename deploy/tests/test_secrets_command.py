"""deploy/secrets against moto: what it stores, what it refuses, what it prints."""

import datetime
import json
import os
import re
import subprocess
import sys
import unittest
import unittest.mock

from botocore.exceptions import ClientError, WaiterError

from support import DEPLOY, ROOT, TEMPLATE, WEBHOOK_SECRET, run, sam_template

# isort: split
# support knows where these are.
import key_rotation
import secret_forms
import smoke_test
import store_secrets
from deploy_case import KEY, SECRET, DeployTestCase
from moto_cloudformation import Cloud

WEBHOOK = "/orders-dev/salesforce/webhook-secret"
PRIVATE = "/orders-dev/salesforce/private-key"
WHMCS = "/orders-dev/whmcs/credentials"
ALERTS = "/orders-dev/alerts/webhook-secret"


class SecretsCommandTest(DeployTestCase):
    def setUp(self):
        super().setUp()
        self.ssm = self.cloud.client("ssm")
        patch = unittest.mock.patch.object(store_secrets, "ROOT", self.root)
        patch.start()
        self.addCleanup(patch.stop)

    def secrets(self, *arguments, typed=None, piped="", now=None):
        """Status and output, which shows nothing that is stored."""
        words = ("store_secrets.py", "dev", *arguments)
        status, output = self.command(lambda: store_secrets.main(now), *words, typed=typed, piped=piped)
        for page in self.ssm.get_paginator("get_parameters_by_path").paginate(
            Path="/", Recursive=True, WithDecryption=True
        ):
            for line in "\n".join(parameter["Value"] for parameter in page["Parameters"]).splitlines():
                if len(line) > 8:
                    self.assertNotIn(line, output)
        return status, output

    def value(self, name):
        parameter = self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        self.assertEqual(parameter["Type"], "SecureString")
        return parameter["Value"]

    def test_the_webhook_secret_is_generated_once(self):
        self.ssm.delete_parameter(Name=WEBHOOK)
        status, output = self.secrets("put", "webhook", piped="mine\n")
        self.assertEqual(status, 0, output)
        self.assertRegex(self.value(WEBHOOK), "^[0-9a-f]{64}$")
        status, output = self.secrets("put", "webhook")
        self.assertEqual(status, 1)
        self.assertIn("deploy/secrets dev rotate webhook replaces it", output)

    def test_the_secret_of_the_alerts_is_generated(self):
        self.assertNotIn("alerts", self.secrets("list")[1])
        status, output = self.secrets("put", "alerts")
        self.assertEqual(status, 0, output)
        first = self.value(ALERTS)
        self.assertRegex(first, "^[0-9a-f]{64}$")
        self.assertIn(f"Then: add AlertWebhookSecretParameter={ALERTS} to deploy/samconfig.toml", output)
        self.configure(AlertWebhookSecretParameter=ALERTS)
        status, output = self.secrets("put", "alerts")
        self.assertEqual((status, "Then:" in output, "within five minutes" in output), (0, False, True), output)
        self.assertNotEqual(self.value(ALERTS), first)
        self.assertRegex(self.secrets("list")[1], rf"(?m)^alerts +{ALERTS} +as it should be$")

    def test_a_reader_that_stops_is_no_error(self):
        script = "import stack_settings; stack_settings.ends(lambda: print('x' * 70_000))"
        for text in script, script.replace(" * 70_000", ""):
            reading, writing = os.pipe()
            os.close(reading)
            command = [sys.executable, "-c", text]
            with os.fdopen(writing, "wb") as pipe:
                ended = subprocess.run(
                    command, stdout=pipe, stderr=subprocess.PIPE, cwd=DEPLOY / "operations", text=True
                )
            self.assertEqual((ended.returncode, ended.stderr), (1, ""))

    def test_a_rotation_keeps_the_old_secret_until_its_time(self):
        status, output = self.secrets("rotate", "webhook", "--days", "3")
        self.assertEqual(status, 0, output)
        new, old = self.value(WEBHOOK).splitlines()
        self.assertEqual(old, SECRET)
        self.assertRegex(new, "^[0-9a-f]{64}$")
        status, output = self.secrets("rotate", "webhook")
        self.assertEqual(status, 1)
        self.assertIn("prune --now", output)
        today = datetime.datetime.now(datetime.UTC)
        for days, left in (2.9, [new, old]), (3.1, [new]):
            status, output = self.secrets("list", now=today + datetime.timedelta(days=days))
            self.assertEqual((status, self.value(WEBHOOK).splitlines()), (0, left), output)
        self.assertEqual(self.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=WEBHOOK)["TagList"], [])

    def test_an_old_secret_goes_at_once_where_asked(self):
        self.secrets("rotate", "webhook")
        new = self.value(WEBHOOK).splitlines()[0]
        _, output = self.secrets("prune")
        self.assertIn("is accepted until", output)
        self.assertEqual(len(self.value(WEBHOOK).splitlines()), 2)
        self.secrets("prune", "--now")
        self.assertEqual(self.value(WEBHOOK), new)
        self.secrets("rotate", "webhook", "--days", "0")
        self.assertNotIn(new, self.value(WEBHOOK))
        self.assertEqual(len(self.value(WEBHOOK).splitlines()), 1)
        self.assertIn("There is no old webhook secret.", self.secrets("prune")[1])

    def test_old_lines_that_somebody_wrote_stay_until_somebody_removes_them(self):
        self.put(WEBHOOK, f"{SECRET}\n{SECRET}-2")
        _, output = self.secrets("list")
        self.assertIn("until somebody removes it", output)
        self.assertEqual(len(self.value(WEBHOOK).splitlines()), 2)

    def test_credentials_are_typed_without_echo_or_piped(self):
        answers = iter(["id-1", "secret-1", ""])
        with unittest.mock.patch("getpass.getpass", lambda prompt: next(answers)):
            status, output = self.secrets("put", "whmcs", typed="")
        self.assertEqual(status, 0, output)
        self.assertEqual(json.loads(self.value(WHMCS)), {"identifier": "id-1", "secret": "secret-1"})
        piped = {"identifier": "i", "secret": "s", "accesskey": "a"}
        self.assertEqual(self.secrets("put", "whmcs", piped=json.dumps(piped))[0], 0)
        self.assertEqual(json.loads(self.value(WHMCS)), piped)

    def test_what_cannot_be_right_is_not_stored(self):
        short = run("openssl", "genrsa", "1024").stdout
        for name, value, reason in [
            ("whmcs", "identifier:secret", "not JSON"),
            ("whmcs", "[]", "not a JSON object of texts"),
            ("whmcs", '{"identifier":"i"}', "its members are not"),
            ("whmcs", '{"identifier":"i","secret":"s","acceskey":"a"}', "its members are not"),
            ("whmcs", '{"identifier":"i","secret":""}', "not a JSON object of texts"),
            ("salesforce-key", "a key", "not a private key in PEM"),
            ("salesforce-key", KEY.replace("\n", ""), "not a private key in PEM"),
            ("salesforce-key", KEY[:200] + KEY[260:], "openssl does not read it"),
            ("salesforce-key", short, "fewer than 2048 bits"),
            ("salesforce-key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n", "passphrase"),
            ("salesforce-secret", "two words that are long", "not one word"),
            ("salesforce-secret", "", "not one word"),
        ]:
            with self.subTest(reason):
                before = {name: self.value(name) for name in (WHMCS, PRIVATE)}
                status, output = self.secrets("put", name, piped=value)
                self.assertEqual(status, 1)
                self.assertIn(reason, output)
                self.assertEqual({name: self.value(name) for name in (WHMCS, PRIVATE)}, before)

    def test_a_key_of_the_operator_encrypts(self):
        key = self.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.configure(SecretsKeyArn=key)
        self.secrets("put", "whmcs", piped='{"identifier":"i","secret":"s"}')
        filters = [{"Key": "Name", "Values": [WHMCS]}]
        (described,) = self.ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
        self.assertEqual(described["KeyId"], key)

    def test_the_list_shows_what_is_missing(self):
        self.ssm.delete_parameter(Name=PRIVATE)
        _, output = self.secrets("list")
        self.assertRegex(output, rf"(?m)^salesforce-key +{PRIVATE} +missing$")
        self.assertRegex(output, rf"(?m)^webhook +{WEBHOOK} +as it should be$")

    def test_a_key_rotation_waits_for_the_upload(self):
        self.assertEqual(self.deploy()[0], 0)
        status, output = self.secrets("rotate", "salesforce-key")
        self.assertEqual(status, 0, output)
        self.assertEqual(self.value(PRIVATE).strip(), KEY.strip())
        new = self.value(PRIVATE + "-next")
        (certificate,) = self.root.glob(".local/orders-dev-*.crt")
        of_certificate = run("openssl", "x509", "-noout", "-pubkey", "-in", certificate).stdout
        self.assertEqual(run("openssl", "pkey", "-pubout", input=new).stdout, of_certificate)
        self.assertIn(str(certificate), output)
        self.assertEqual(self.secrets("rotate", "salesforce-key")[0], 1)

        Cloud.token = "invalid_grant: invalid assertion"
        status, output = self.secrets("rotate", "salesforce-key", "--confirm")
        self.assertEqual(status, 1)
        self.assertIn("invalid assertion. The suite uses the old key again.", output)
        self.assertEqual(self.value(PRIVATE).strip(), KEY.strip())

        Cloud.token = None
        status, output = self.secrets("rotate", "salesforce-key", "--confirm")
        self.assertEqual(status, 0, output)
        self.assertEqual(self.value(PRIVATE), new)
        with self.assertRaises(ClientError):
            self.value(PRIVATE + "-next")
        self.assertEqual(self.secrets("rotate", "salesforce-key", "--confirm")[0], 1)

    def confirm(self):
        return self.secrets("rotate", "salesforce-key", "--confirm")

    def test_a_confirmation_that_nobody_could_check_leaves_the_old_key(self):
        self.deploy()
        self.secrets("rotate", "salesforce-key")
        new = self.value(PRIVATE + "-next")
        for error in (
            ClientError({"Error": {"Code": "Throttling"}}, "Invoke"),
            KeyboardInterrupt(),
            WaiterError("x", "y", {}),
        ):
            with (
                self.subTest(error=error),
                unittest.mock.patch.object(smoke_test, "token", side_effect=error),
                self.assertRaises(type(error)),
            ):
                self.confirm()
            self.assertEqual(self.value(PRIVATE).strip(), KEY.strip())
            self.assertEqual(self.value(PRIVATE + "-next"), new)

    def test_only_a_token_of_the_new_key_confirms_it(self):
        self.deploy()
        self.secrets("rotate", "salesforce-key")
        new = self.value(PRIVATE + "-next")
        for answer in b'{"refreshed": false}', b"{}", b"no JSON", b"[]":
            self.cloud.answers = [answer] * key_rotation.TRIES
            status, output = self.confirm()
            self.assertEqual((status, self.value(PRIVATE).strip()), (1, KEY.strip()), answer)
            self.assertIn("nobody has tried the new key. The suite uses the old key again.", output)
        self.cloud.invoked.clear()
        self.cloud.answers = [b'{"refreshed": false}'] * 2
        status, output = self.confirm()
        self.assertEqual((status, self.value(PRIVATE), len(self.cloud.invoked)), (0, new, 3), output)

    def test_the_private_key_is_never_in_a_file_that_others_read(self):
        modes = []

        def run_openssl(command, **options):
            directory = os.path.dirname(command[command.index("-keyout") + 1])
            modes.append((os.stat(directory).st_mode & 0o777, os.umask(0o077)))
            return real(command, **options)

        real = key_rotation.subprocess.run
        with unittest.mock.patch.object(key_rotation.subprocess, "run", run_openssl):
            key_rotation.generate("orders")
        self.assertEqual(modes, [(0o700, 0o077)])
        self.assertNotEqual(os.umask(0o022), 0o077)

    def test_the_script_needs_no_secret_as_an_argument(self):
        script = (DEPLOY / "secrets").read_text(encoding="utf-8")
        self.assertIn("operations/store_secrets.py", script)


class SecretFormsTest(unittest.TestCase):
    def test_the_weak_secrets_of_the_programs(self):
        source = (ROOT / "Sources/Orders/Webhook/SecretWeakness.swift").read_text(encoding="utf-8")
        for name, expected in ("beginnings", secret_forms.BEGINNINGS), ("words", secret_forms.WORDS):
            (found,) = re.findall(rf"let {name} = \[(.*)\]", source)
            self.assertEqual(tuple(json.loads(f"[{found}]")), expected)
        self.assertEqual(secret_forms.TESTBED, WEBHOOK_SECRET.decode())
        for secret in [
            SECRET[:31],
            "x" * 40,
            "ab" * 20,
            "abc" * 20 + "a",
            "{!$Credential.Secret}" + "q" * 20,
            "Change-Me-0123456789-0123456789-0123456789",
            WEBHOOK_SECRET.decode(),
            "",
            f"{SECRET}\nshort",
        ]:
            self.assertIsNotNone(secret_forms.webhook(secret), secret)
        for secret in SECRET, f"\n {SECRET}\r\n{SECRET}-2\n", "ü" * 8 + "abcdefghijklmnop":
            self.assertIsNone(secret_forms.webhook(secret), secret)

    def test_the_paths_are_the_templates(self):
        declared = sam_template.load(TEMPLATE)["Parameters"]
        for secret in secret_forms.SECRETS.values():
            # Nobody has to sign the alerts.
            default = "" if secret.name == "alerts" else f"/orders/{secret.tail}"
            self.assertEqual(declared[secret.parameter]["Default"], default)


if __name__ == "__main__":
    unittest.main()
