"""A checkout and an AWS for the tests of the commands that deploy."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
import unittest.mock
import zipfile

from support import REGION, REQUIRED, run

# isort: split
# support knows where these are.
import deploy
import smoke_test
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
        return self.command(deploy.main, "deploy.py", environment, *options, typed=typed)

    def command(self, main, *arguments, typed=None, piped=""):
        """Status, and what the command prints, errors included.

        - typed: what somebody types at a terminal, piped: what comes from elsewhere
        """
        output = io.StringIO()
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            unittest.mock.patch.object(sys, "argv", list(arguments)),
            unittest.mock.patch.object(sys, "stdin", io.StringIO(piped if typed is None else typed)) as stdin,
        ):
            stdin.isatty = lambda: typed is not None
            try:
                status = main()
            except stack_settings.Refused as refusal:
                print(refusal)
                status = 1
            except SystemExit as end:
                status = end.code
        self.assertNotIn(SECRET, output.getvalue())
        return status, output.getvalue()

    def stack(self, name="orders-dev"):
        return self.cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]

    def code(self, stack="orders-dev"):
        """The hash of each function's code."""
        functions = self.cloud.client("lambda").list_functions()["Functions"]
        return {f["FunctionName"]: f["CodeSha256"] for f in functions if f["FunctionName"].startswith(f"{stack}-")}
