"""deploy/salesforce/refresh-sandbox, with stand-ins for the Salesforce CLI and the AWS CLI."""

import json
import os
import pathlib
import sys
import tempfile
import unittest

from support import DEPLOY, run

SCRIPT = DEPLOY / "salesforce/refresh-sandbox"
ORG = "00Dxx0000000009EAA"
SOURCE = f"aws.partner/salesforce.com/{ORG}/0YLxx0000000002GAA"
API = "https://sandbox.execute-api.eu-west-1.amazonaws.com"
DESTINATION = "arn:aws:EU-WEST-1:111122223333"
URL = "https://example--test.sandbox.my.salesforce.com"
USER = "orders@example.com.test"

STACK = {
    "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders-test/1",
    "Parameters": {
        "SalesforceEventSource": SOURCE,
        "SfOrganizationId": ORG,
        "SfLoginUrl": URL,
        "SfUsername": USER,
        "SfClientId": "3MVG9",
        "SfWebhookSecretParameter": "/orders/salesforce/webhook-secret",
    },
    "Outputs": {"ApiUrl": API},
}
# What the CLIs answer, by a part of the command's line; the first that fits.
BOUND = {
    "FROM Organization": [{"Id": ORG, "IsSandbox": True}],
    "named-credential-setup": {"calloutUrl": API},
    "FROM EventRelayConfig": [{"Id": "7k8", "State": "RUN"}],
    "FROM NamedCredential": [{"Endpoint": DESTINATION}],
    "FROM EventRelayFeedback": [{"RemoteResource": SOURCE}],
    "org display": {"instanceUrl": URL},
    "FROM PermissionSetAssignment": [{"Assignee": {"Username": USER, "IsActive": True}}],
    "FROM Provisioning_Setting__mdt": [],
    "COUNT()": 0,
    "describe-stacks": STACK,
}
STAND_IN = """#!{python}
import json, os, pathlib, sys
line = " ".join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]])
with open(os.environ["CALLS"], "a") as calls:
    body = sys.stdin.read() if sys.argv[-3:-2] == ["-"] else ""
    calls.write(line + " " + body + os.environ.get("ORDERS_API_URL", "") + os.environ.get("AWS_ACCOUNT_ID", "") + "\\n")
for part, answer in json.loads(os.environ["ANSWERS"]).items():
    if part in line:
        break
else:
    answer = {{}}
if answer is None:
    print(json.dumps({{"message": "not there"}}))
    sys.exit(1)
if "describe-stacks" in line:
    answer["Parameters"] = [dict(ParameterKey=k, ParameterValue=v) for k, v in answer["Parameters"].items()]
    answer["Outputs"] = [dict(OutputKey=k, OutputValue=v) for k, v in answer["Outputs"].items()]
    answer = {{"Stacks": [answer]}}
elif "get-parameter" in line:
    print("current-secret\\nold-secret")
    sys.exit()
elif "api request" not in line:
    if isinstance(answer, int):
        answer = {{"totalSize": answer, "records": []}}
    elif isinstance(answer, list):
        answer = {{"totalSize": len(answer), "records": answer}}
    answer = {{"status": 0, "result": answer}}
print(json.dumps(answer))
"""


class RefreshSandboxTest(unittest.TestCase):
    def refresh(self, *options, **answers):
        """The result, and the commands that ran."""
        return self.run_script("sandbox", "--stack", "orders-test", *options, answers=answers)

    def run_script(self, *arguments, answers):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            for command in ["sf", "aws"]:
                (directory / command).write_text(STAND_IN.format(python=sys.executable))
                (directory / command).chmod(0o755)
            # pyenv's python3 puts its own directory before this one.
            (directory / "python3").symlink_to(sys.executable)
            calls = directory / "calls"
            calls.touch()
            environment = {
                **os.environ,
                "PATH": f"{directory}:{os.environ['PATH']}",
                "CALLS": str(calls),
                "ANSWERS": json.dumps({**BOUND, **{key.replace("_of_", " "): value for key, value in answers.items()}}),
            }
            return run(SCRIPT, *arguments, env=environment), calls.read_text().splitlines()

    def changes(self, calls):
        return [call for call in calls if "deploy start" in call or "--method" in call]

    def test_a_bound_sandbox_leaves_what_no_script_can_see(self):
        result, calls = self.refresh()
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertEqual(
            [line for line in result.stdout.splitlines() if line.startswith("to do")],
            [
                "to do   secret of WHMCS Orders: Salesforce does not copy it",
                "to do   external client app: SfClientId is 3MVG9",
            ],
        )
        self.assertIn(f"bound   endpoint of WHMCS Orders: {API}", result.stdout)
        self.assertIn(f"bound   partner event source: {SOURCE}", result.stdout)
        self.assertIn("/orders/salesforce/webhook-secret", result.stdout)
        self.assertEqual(self.changes(calls), [])

    def test_production_is_never_touched(self):
        result, calls = self.refresh("--apply", FROM_of_Organization=[{"Id": ORG, "IsSandbox": False}])
        self.assertEqual(result.returncode, 2)
        self.assertIn("is a production org", result.stderr)
        self.assertEqual(len(calls), 1)

    def test_productions_stack_is_not_bound(self):
        parameters = {**STACK["Parameters"], "SfLoginUrl": "https://login.salesforce.com"}
        result, calls = self.refresh("--apply", **{"describe-stacks": {**STACK, "Parameters": parameters}})
        self.assertEqual(result.returncode, 2)
        self.assertIn("may be production's", result.stderr)
        self.assertFalse([call for call in calls if "deploy" in call or "get-parameter" in call])

    # As a refresh leaves it: production's addresses, and no relay of this org.
    COPIED = {
        "named-credential-setup": {"calloutUrl": "https://production.example"},
        "FROM NamedCredential": [{"Endpoint": "arn:aws:EU-WEST-1:999999999999"}],
        "FROM EventRelayFeedback": [],
        "FROM PermissionSetAssignment": [{"Assignee": {"Username": "orders@example.com", "IsActive": True}}],
        "FROM Provisioning_Setting__mdt": [{"WHMCS_Admin_URL__c": "https://billing.example.com/admin"}],
        "COUNT()": 12,
    }

    def test_without_apply_everything_is_listed_and_nothing_changes(self):
        result, calls = self.refresh(**self.COPIED)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(self.changes(calls), [])
        for what in [
            "endpoint of WHMCS Orders: https://production.example",
            "event relay: to arn:aws:EU-WEST-1:999999999999",
            f"SfUsername: {USER}",
            "WHMCS Admin URL: https://billing.example.com/admin",
            "orders that name a WHMCS order: 12",
        ]:
            self.assertIn(f"to do   {what}\n", result.stdout)
        self.assertIn(f"this script with --apply sets the endpoint to {API}", result.stdout)
        self.assertIn("SfUsername=orders@example.com\n", result.stdout)

    def test_apply_binds_endpoint_and_relay(self):
        result, calls = self.refresh("--apply", **self.COPIED)
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        endpoint, secret, *changes = self.changes(calls)
        self.assertTrue(endpoint.endswith(API) and "signed-door/namedCredentials" in endpoint)
        self.assertIn("/named-credentials/credential --method POST --body - --target-org sandbox {", secret)
        self.assertIn('"credentials": {"Secret": {"value": "current-secret", "encrypted": true}}', secret)
        self.assertNotIn("secret", result.stdout.replace("secret of WHMCS Orders", "").replace("webhook-secret", ""))
        self.assertEqual(len(changes), 3)
        self.assertIn('EventRelayConfig/7k8 --method PATCH --body {"Metadata": {"state": "STOP"}}', changes[0])
        self.assertIn("EventRelayConfig/7k8 --method DELETE", changes[1])
        self.assertIn("event-door/relay", changes[2])
        self.assertTrue(changes[2].endswith("111122223333"))
        self.assertIn(f"bound   event relay: to {DESTINATION}", result.stdout)
        self.assertIn("the RemoteResource of EventRelayFeedback", result.stdout)

    def test_a_secret_that_salesforce_does_not_take_is_left(self):
        result, calls = self.refresh("--apply", **{**self.COPIED, "named-credentials/credential": None})
        self.assertIn("to do   secret of WHMCS Orders", result.stdout)
        self.assertEqual(len([call for call in calls if "named-credentials/credential " in call]), 2)

    def test_packages_that_are_not_installed_are_left_out(self):
        result, calls = self.refresh("--apply", **{"named-credential-setup": None, "FROM NamedCredential": []})
        self.assertEqual(self.changes(calls), [])
        self.assertIn("absent  signed door\nabsent  event door\n", result.stdout)
        self.assertNotIn("secret", result.stdout)

    def test_a_relay_of_another_org_is_not_this_one_s(self):
        other = "aws.partner/salesforce.com/00Dxx0000000001EAA/0YLxx0000000001GAA"
        result, _ = self.refresh(**{"FROM EventRelayFeedback": [{"RemoteResource": other}]})
        self.assertIn("to do   event relay", result.stdout)

    def test_a_stack_of_another_organization_is_not_bound(self):
        parameters = {**STACK["Parameters"], "SfOrganizationId": "00Dxx0000000001EAA"}
        result, _ = self.refresh(**{"describe-stacks": {**STACK, "Parameters": parameters}})
        self.assertIn("to do   SfOrganizationId: 00Dxx0000000001EAA\n", result.stdout)
        self.assertIn(f"SfOrganizationId={ORG}\n", result.stdout)

    def test_an_inactive_user_is_not_bound(self):
        inactive = [{"Assignee": {"Username": USER, "IsActive": False}}]
        result, _ = self.refresh(**{"FROM PermissionSetAssignment": inactive})
        self.assertIn("give an active user the permission set WHMCS Integration", result.stdout)

    def test_a_cli_that_fails_is_one_sentence(self):
        result, _ = self.refresh(**{"FROM Organization": None})
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(result.stderr, "sf data query --query: not there\n")

    def test_wrong_arguments_show_the_usage(self):
        for arguments in [(), ("org",), ("org", "--stack"), ("org", "--stack", "s", "--now"), ("org", "stack", "s")]:
            with self.subTest(arguments):
                result, calls = self.run_script(*arguments, answers={})
                self.assertEqual((result.returncode, result.stdout, calls), (64, "", []))
                self.assertRegex(result.stderr, "^usage: deploy/salesforce/refresh-sandbox <org>")

    def test_every_folder_that_is_deployed_exists(self):
        source = (DEPLOY / "operations/refresh_sandbox.py").read_text()
        for folder in ["signed-door/namedCredentials", "event-door/relay"]:
            self.assertIn(f'"{folder}"', source)
            self.assertTrue((DEPLOY / "salesforce" / folder).is_dir())


if __name__ == "__main__":
    unittest.main()
