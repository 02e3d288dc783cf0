"""Binds a refreshed sandbox to its own AWS stack. Called by deploy/salesforce/refresh-sandbox, in its directory.

Salesforce copies production into the sandbox: also the addresses of production's stack. Secrets, and all that has the
org's id in it, are not copied or no longer fit.
"""

import json
import os
import re
import subprocess
import sys

TOOLING = "/services/data/v66.0/tooling/sobjects"
CREDENTIAL = "/services/data/v66.0/named-credentials/credential"


class Failed(Exception):
    pass


def run(*command, stdin=None, **variables):
    result = subprocess.run(command, capture_output=True, text=True, input=stdin, env={**os.environ, **variables})
    if result.returncode != 0:
        # The Salesforce CLI writes its errors as JSON to stdout.
        try:
            message = json.loads(result.stdout)["message"]
        except (ValueError, KeyError, TypeError):
            message = result.stderr.strip()
        raise Failed(f"{' '.join(command[:4])}: {message}")
    return result.stdout


class Sandbox:
    def __init__(self, org):
        self.org = org

    def sf(self, *arguments, **variables):
        return json.loads(run("sf", *arguments, "--target-org", self.org, "--json", **variables))["result"]

    def query(self, soql, *options):
        return self.sf("data", "query", "--query", soql, *options)["records"]

    def request(self, path, *options, stdin=None):
        return run("sf", "api", "request", "rest", path, *options, "--target-org", self.org, stdin=stdin)

    def deploy(self, folder, **variables):
        self.sf("project", "deploy", "start", "--source-dir", folder, **variables)


class Report:
    """One line for each thing to bind, and what is left to do."""

    def __init__(self):
        self.todo = []

    def done(self, what, value):
        print(f"bound   {what}: {value}")

    def left(self, what, now, do):
        print(f"to do   {what}: {now}")
        self.todo.append(do)


def read_stack(name):
    """The stack's parameters and outputs, by name, and its region and account."""
    described = run("aws", "cloudformation", "describe-stacks", "--stack-name", name, "--output", "json")
    stack = json.loads(described)["Stacks"][0]
    values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack["Parameters"]}
    values.update({entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]})
    values["region"], values["account"] = stack["StackId"].split(":")[3:5]
    return values


def bind_endpoint(sandbox, org_id, stack, report, apply):
    path = "/services/data/v66.0/named-credentials/named-credential-setup/WHMCS_Orders"
    try:
        now = json.loads(sandbox.request(path))["calloutUrl"]
    except Failed:
        return print("absent  signed door")
    if now == stack["ApiUrl"]:
        report.done("endpoint of WHMCS Orders", now)
    elif apply:
        sandbox.deploy("signed-door/namedCredentials", ORDERS_API_URL=stack["ApiUrl"])
        report.done("endpoint of WHMCS Orders", stack["ApiUrl"])
    else:
        report.left("endpoint of WHMCS Orders", now, f"--apply sets the endpoint to {stack['ApiUrl']}")
    if stack["SfOrganizationId"][:15] == org_id[:15]:
        report.done("SfOrganizationId", org_id)
    else:
        now = stack["SfOrganizationId"] or "any"
        report.left("SfOrganizationId", now, f"deploy the stack with SfOrganizationId={org_id}")
    bind_secret(sandbox, stack, report, apply)


def bind_secret(sandbox, stack, report, apply):
    """Salesforce neither copies a secret nor shows whether there is one."""
    parameter = stack["SfWebhookSecretParameter"]
    if apply and store_secret(sandbox, parameter):
        return report.done("secret of WHMCS Orders", f"the first line of {parameter}")
    return report.left(
        "secret of WHMCS Orders",
        "Salesforce does not copy it",
        "Setup, Named Credentials, External Credentials, WHMCS Orders, Sender, Edit: enter Secret, the first line of "
        f"{parameter} in the stack's account",
    )


def store_secret(sandbox, parameter):
    """Whether Salesforce took the secret. It travels by stdin only: others see the arguments of a command."""
    query = ["--query", "Parameter.Value", "--output", "text"]
    value = run("aws", "ssm", "get-parameter", "--with-decryption", "--name", parameter, *query)
    body = {
        "externalCredential": "WHMCS_Orders",
        "principalName": "Sender",
        "principalType": "NamedPrincipal",
        "authenticationProtocol": "Custom",
        "credentials": {"Secret": {"value": value.strip().splitlines()[0].strip(), "encrypted": True}},
    }
    for method in ["POST", "PATCH"]:  # The second replaces a value.
        try:
            sandbox.request(CREDENTIAL, "--method", method, "--body", "-", stdin=json.dumps(body))
            return True
        except Failed:
            continue
    return False


def bind_relay(sandbox, org_id, stack, report, apply):
    relays = sandbox.query(
        "SELECT Id, State FROM EventRelayConfig WHERE DeveloperName = 'OrderProvision'", "--use-tooling-api"
    )
    credentials = sandbox.query("SELECT Endpoint FROM NamedCredential WHERE DeveloperName = 'OrderProvision_AWS'")
    if not credentials:
        return print("absent  event door")
    destination = f"arn:aws:{stack['region'].upper()}:{stack['account']}"
    now = credentials[0]["Endpoint"]
    sources = [row["RemoteResource"] for row in sandbox.query("SELECT RemoteResource FROM EventRelayFeedback")]
    own = [source for source in sources if source and org_id in source]
    if now != destination or not own:
        if not apply:
            report.left("event relay", f"to {now}", f"--apply creates the relay to {destination}, stopped")
            return None
        for relay in relays:
            # A relay cannot change its account, and only a stopped one can go.
            stop = json.dumps({"Metadata": {"state": "STOP"}})
            if relay["State"] != "STOP":
                sandbox.request(f"{TOOLING}/EventRelayConfig/{relay['Id']}", "--method", "PATCH", "--body", stop)
            sandbox.request(f"{TOOLING}/EventRelayConfig/{relay['Id']}", "--method", "DELETE")
        values = {"AWS_REGION_IN_CAPITALS": stack["region"].upper(), "AWS_ACCOUNT_ID": stack["account"]}
        sandbox.deploy("event-door/relay", **values)
        sources = [row["RemoteResource"] for row in sandbox.query("SELECT RemoteResource FROM EventRelayFeedback")]
        own = [source for source in sources if source and org_id in source]
    report.done("event relay", f"to {destination}")
    if own and stack["SalesforceEventSource"] == own[0]:
        report.done("partner event source", own[0])
    else:
        source = own[0] if own else "the RemoteResource of EventRelayFeedback, in a minute"
        report.left(
            "partner event source",
            stack["SalesforceEventSource"] or "none",
            f"deploy the stack with SalesforceEventSource={source}, then Setup, Event Relays, Order Provision: Run",
        )
    return None


def bind_token(sandbox, stack, report):
    url = sandbox.sf("org", "display")["instanceUrl"]
    users = sandbox.query(
        "SELECT Assignee.Username, Assignee.IsActive FROM PermissionSetAssignment "
        "WHERE PermissionSet.Name = 'WHMCS_Integration'"
    )
    active = [row["Assignee"]["Username"] for row in users if row["Assignee"]["IsActive"]]
    if stack["SfLoginUrl"] == url:
        report.done("SfLoginUrl", url)
    else:
        report.left("SfLoginUrl", stack["SfLoginUrl"], f"deploy the stack with SfLoginUrl={url}")
    if stack["SfUsername"] in active:
        report.done("SfUsername", stack["SfUsername"])
    elif active:
        report.left("SfUsername", stack["SfUsername"], f"deploy the stack with SfUsername={active[0]}")
    else:
        report.left("SfUsername", stack["SfUsername"], "give an active user the permission set WHMCS Integration")
    report.left(
        "external client app",
        f"SfClientId is {stack['SfClientId']}",
        "Setup, External Client App Manager, WHMCS Provisioning: compare the consumer key with SfClientId, and check "
        "certificate, pre-authorization and permission set (clicks 4 to 6 of the README)",
    )


def check_data(sandbox, report):
    for row in sandbox.query("SELECT WHMCS_Admin_URL__c FROM Provisioning_Setting__mdt"):
        if row["WHMCS_Admin_URL__c"]:
            report.left(
                "WHMCS Admin URL",
                row["WHMCS_Admin_URL__c"],
                "Setup, Custom Metadata Types, Provisioning Setting, Default: the address of the sandbox's WHMCS",
            )
    count = sandbox.sf("data", "query", "--query", "SELECT COUNT() FROM Order WHERE WHMCS_Order_ID__c != NULL")
    if count["totalSize"] > 0:
        report.left(
            "orders that name a WHMCS order",
            count["totalSize"],
            "clear WHMCS Order and Provisioning Status of the orders that you test with",
        )


def main(org, stack_name, apply):
    sandbox, report = Sandbox(org), Report()
    (organization,) = sandbox.query("SELECT Id, IsSandbox FROM Organization")
    if not organization["IsSandbox"]:
        raise Failed(f"{org} is a production org; only sandboxes are bound again")
    stack = read_stack(stack_name)
    login = stack["SfLoginUrl"]
    if apply and login != "https://test.salesforce.com" and ".sandbox." not in login:
        # It would hand production's secret to the sandbox.
        raise Failed(f"{stack_name} may be production's: its SfLoginUrl is {login}. Deploy the sandbox's stack first")
    bind_endpoint(sandbox, organization["Id"], stack, report, apply)
    bind_relay(sandbox, organization["Id"], stack, report, apply)
    bind_token(sandbox, stack, report)
    check_data(sandbox, report)
    for number, step in enumerate(report.todo, 1):
        print(f"{number}. {re.sub(r'^--apply', 'this script with --apply', step)}")
    return 1 if report.todo else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2], "--apply" in sys.argv[3:]))
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(2)
