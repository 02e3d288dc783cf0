"""Deploys the suite: checks what it needs, shows the change, deploys it, tests it, and goes back if the test fails.

Called by deploy/dev and deploy/prod. Status 0 means that the stack runs what was to be deployed. Needs neither SAM nor
the AWS CLI: CloudFormation carries out SAM's transform.
"""

import contextlib
import datetime
import json
import sys

import smoke_test
import stack_changes
import stack_checks
import stack_parameters
from stack_release import TEMPLATE, Bucket, build_missing
from stack_settings import (
    Cloud,
    Refused,
    describe,
    ends,
    outputs_of,
    parameters_of,
    parser,
    settings_of,
)

# States that an update can start from.
READY = "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"
CAPABILITIES = {"CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"}


class Deployment:
    def __init__(self, settings, is_confirmed):
        self.settings, self.is_confirmed = settings, is_confirmed
        self.cloud = Cloud(settings)
        self.cloudformation = self.cloud.client("cloudformation")
        self.bucket = Bucket(self.cloud, settings.stack)

    def run(self):
        build_missing()
        present = self.present_stack()
        deployed = parameters_of(present) if present else None
        self.bucket.create()
        # GetTemplateSummary takes a template as long as this one only from S3.
        source = self.bucket.put_template(TEMPLATE.read_text(encoding="utf-8"))
        summary = self.cloudformation.get_template_summary(TemplateURL=source)
        parameters = stack_parameters.choose(summary["Parameters"], self.settings, deployed)
        values = stack_parameters.values_of(parameters)
        self.check(values, deployed)

        previous = self.previous(present)
        url = self.bucket.upload()
        name = self.plan(url, parameters, summary, present)
        if name:
            self.confirm(name, is_new=present is None)
            before = smoke_test.crosses(self.settings, self.cloud.region) if present else None
            print("Deploying; CloudFormation's console shows each step")
            stack_changes.execute(self.cloudformation, self.settings.stack, name)
        else:
            before = None
            print("Nothing to change: the stack has this template, these zips and these parameters.")
        return self.test(values, previous if name else None, before)

    def present_stack(self):
        """The stack's description, None when there is none. Removes what a failed first deployment left."""
        stack = self.settings.stack
        present = describe(self.cloudformation, stack)
        status = present["StackStatus"] if present else None
        if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
            print(f"Removing what a failed deployment left ({status})")
            self.cloudformation.delete_stack(StackName=stack)
            after = stack_changes.wait(self.cloudformation, stack)
            if after != "DELETE_COMPLETE":
                raise Refused(f"The stack {stack} is {after}: delete it in the console, then deploy again.")
            return None
        if status == "REVIEW_IN_PROGRESS":
            raise Refused(
                f"The stack {stack} is REVIEW_IN_PROGRESS: somebody's first deployment waits for its confirmation, or "
                "its change set was left. If nobody is at it: aws cloudformation delete-stack "
                f"--stack-name {stack} --region {self.cloud.region}, then deploy again."
            )
        if status and status.endswith("_IN_PROGRESS"):
            raise Refused(f"The stack {stack} is {status}: wait until that has ended.")
        if status == "DELETE_FAILED":
            raise Refused(f"The stack {stack} is DELETE_FAILED: delete it in the console first.")
        if status and status not in READY:
            raise Refused(
                f"The stack {stack} is {status}: continue its rollback first "
                f"(aws cloudformation continue-update-rollback --stack-name {stack})."
            )
        return present

    def check(self, values, deployed):
        settings, today = self.settings, datetime.date.today()
        faults = [
            *stack_checks.zips(values["Architecture"]),
            *stack_checks.runtime(values, deployed is not None, today),
            *stack_checks.salesforce(values),
            *stack_checks.paths(values, settings.stack, deployed),
            *stack_checks.secrets(self.cloud.client("ssm"), values, settings),
            *stack_checks.concurrency(self.cloud.client("lambda"), values, settings.stack),
            *stack_checks.ledger(self.cloud.client("dynamodb"), values),
        ]
        if faults:
            raise Refused("\n".join(faults))
        remarks = [stack_checks.runtime_remark(values, today)]
        if stack_checks.outdated():
            remarks.append("A source is newer than the zips: run deploy/build first if it should be deployed.")
        for remark in filter(None, remarks):
            print(f"Note: {remark}")

    def previous(self, present):
        """What the stack runs now: the template's URL, its parameters and its ledger."""
        if present is None:
            return None
        answer = self.cloudformation.get_template(StackName=self.settings.stack, TemplateStage="Original")
        body = answer["TemplateBody"]
        text = body if isinstance(body, str) else json.dumps(body)
        table = outputs_of(present)["LedgerTable"]
        return self.bucket.put_template(text), stack_parameters.unchanged(parameters_of(present)), table

    def plan(self, url, parameters, summary, present):
        """Creates the change set and prints it. Returns its name, or None when there is nothing to change."""
        stack, is_new = self.settings.stack, present is None
        capabilities = CAPABILITIES | set(summary.get("Capabilities", []))
        name = stack_changes.create(self.cloudformation, stack, url, parameters, capabilities, is_new)
        if name is None:
            return None
        changes = stack_changes.changes_of(self.cloudformation, stack, name)
        print(f"{stack} in {self.cloud.region}, account {self.cloud.account}:", *stack_changes.show(changes), sep="\n")
        if is_new:
            return name
        rows = stack_parameters.differences(parameters_of(present), parameters, summary["Parameters"])
        if rows:
            print("", *stack_changes.table([("parameter", "now", "new"), *rows]), sep="\n")
        if stack_changes.empties_ledger(changes):
            stack_changes.discard(self.cloudformation, stack, name, is_new)
            table = outputs_of(present)["LedgerTable"]
            raise Refused(
                f"The change would replace the ledger, {table}, by an empty table, so nothing was deployed: add "
                f"ExistingLedgerTable={table} to deploy/samconfig.toml."
            )
        if any(change["LogicalResourceId"] == "Ledger" and change["Action"] == "Remove" for change in changes):
            print("ExistingLedgerTable takes the place of the stack's own table, which stays in the account.")
        return name

    def confirm(self, name, is_new):
        """Asks in prod."""
        if self.settings.environment != "prod" or self.is_confirmed:
            return
        answer = ""
        if sys.stdin.isatty():
            # Whoever interrupts the question refuses too, and no change set is left.
            with contextlib.suppress(KeyboardInterrupt, EOFError):
                answer = input("Type yes to deploy; anything else changes nothing: ")
        if answer.strip() != "yes":
            stack_changes.discard(self.cloudformation, self.settings.stack, name, is_new)
            raise Refused("Nothing was deployed." if sys.stdin.isatty() else "Nobody to ask: --yes deploys without.")

    def test(self, values, previous, before):
        outputs = outputs_of(describe(self.cloudformation, self.settings.stack))
        print("Testing")
        problems = smoke_test.run(self.cloud, self.settings, outputs, values, before)
        if not problems:
            self.next_steps(outputs)
            return 0
        print(*problems, sep="\n", file=sys.stderr)
        if previous is None:
            print(
                "The stack stays as it is, because there is nothing earlier to go back to. Fix the cause, then run "
                f"{self.settings.deploy} again; deploy/FIRST-HOUR.md has the usual ones.",
                file=sys.stderr,
            )
            return 1
        return self.go_back(previous)

    def go_back(self, previous):
        print("Going back to the previous template, zips and parameters", file=sys.stderr)
        url, parameters, table = previous
        stack, cloudformation = self.settings.stack, self.cloudformation
        capabilities = {*CAPABILITIES, "CAPABILITY_NAMED_IAM"}
        name = stack_changes.create(cloudformation, stack, url, parameters, capabilities, is_new=False)
        if name:
            if stack_changes.empties_ledger(stack_changes.changes_of(cloudformation, stack, name)):
                stack_changes.discard(cloudformation, stack, name, is_new=False)
                present = outputs_of(describe(cloudformation, stack))["LedgerTable"]
                raise Refused(
                    f"The previous version would begin with an empty ledger, so the stack stays as it is and uses the "
                    f"table {present}. Fix the cause, then run {self.settings.deploy} again; to go back to the table "
                    f"{table}, do so with ExistingLedgerTable={table} in deploy/samconfig.toml."
                )
            stack_changes.execute(cloudformation, stack, name)
        description = describe(cloudformation, stack)
        problems = smoke_test.run(self.cloud, self.settings, outputs_of(description), parameters_of(description))
        if problems:
            print("The previous version fails the test too, so its cause is outside the stack:", *problems, sep="\n")
        print("The stack runs the previous version.", file=sys.stderr)
        return 1

    def next_steps(self, outputs):
        url, stack = outputs["ApiUrl"], self.settings.stack
        print(f"""
{stack} works. Salesforce posts to {url}/orders/<order id>/fulfill
Next:
  the address in Salesforce: ORDERS_API_URL={url}, deploy/salesforce/README.md, "The signed door"
  what an order would do:    deploy/orders plan <orderId> --stack {stack} --region {self.cloud.region}
  the first bad night:       deploy/RUNBOOK.md""")


def main():
    environment = sys.argv.pop(1)
    options = parser(f"deploy/{environment}", __doc__.splitlines()[0])
    options.add_argument("--runtime", choices=sorted(stack_checks.RUNTIME_ENDS), help="Lambda runtime of the functions")
    options.add_argument("--yes", action="store_true", help="do not ask")
    options = options.parse_args()
    settings = settings_of(environment, options)
    if options.runtime:
        settings.values["Runtime"] = options.runtime
    return Deployment(settings, options.yes).run()


if __name__ == "__main__":
    ends(main)
