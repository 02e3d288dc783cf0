"""Change sets: create one, show it, carry it out, and say why it failed."""

import time

from botocore.exceptions import ClientError, WaiterError

from stack_settings import Refused, describe

# CloudFormation's words for a change set without a change.
NOTHING = "didn't contain changes", "No updates are to be performed"


def create(cloudformation, stack, template_url, parameters, capabilities, is_new):
    """Returns the name of the change set, or None when there is nothing to change."""
    name = time.strftime("deploy-%Y%m%d-%H%M%S", time.gmtime())
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateURL=template_url,
        Parameters=parameters,
        Capabilities=sorted(capabilities),
    )
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(StackName=stack, ChangeSetName=name)
    except WaiterError as error:
        answer = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
        reason = answer.get("StatusReason", str(error))
        discard(cloudformation, stack, name, is_new)
        if any(words in reason for words in NOTHING):
            return None
        raise Refused(f"CloudFormation cannot plan the change: {reason}.") from error
    return name


def discard(cloudformation, stack, name, is_new):
    """A change set that creates a stack leaves an empty one behind, which the next deployment would refuse."""
    cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)
    if is_new:
        cloudformation.delete_stack(StackName=stack)
        wait(cloudformation, stack)


def changes_of(cloudformation, stack, name):
    pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name)
    return [change["ResourceChange"] for page in pages for change in page["Changes"]]


def empties_ledger(changes):
    """Whether an update would begin with an empty table, which knows none of the orders that exist."""
    return any(
        change["LogicalResourceId"] == "Ledger" and (change["Action"] == "Add" or change.get("Replacement") == "True")
        for change in changes
    )


def show(changes):
    rows = [("action", "resource", "type", "replaced")]
    for change in sorted(changes, key=lambda change: (change["Action"], change["LogicalResourceId"])):
        replaced = {"True": "yes", "Conditional": "perhaps"}.get(change.get("Replacement"), "")
        rows.append((change["Action"], change["LogicalResourceId"], change["ResourceType"], replaced))
    return table(rows)


def table(rows):
    """Lines of columns of equal width."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def execute(cloudformation, stack, name, sleep=time.sleep):
    """Carries it out and waits. Raises Refused with the failures by resource."""
    before = latest_event(cloudformation, stack)
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    status = wait(cloudformation, stack, sleep)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        lines = failures(cloudformation, stack, before)
        raise Refused("\n".join([f"The stack is {status}, because of", *lines]))


def wait(cloudformation, stack, sleep=time.sleep):
    """Returns the final status; DELETE_COMPLETE for a stack that is gone."""
    while True:
        description = describe(cloudformation, stack)
        status = description["StackStatus"] if description else "DELETE_COMPLETE"
        if not status.endswith("_IN_PROGRESS"):
            return status
        sleep(5)


def latest_event(cloudformation, stack):
    try:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    except ClientError:
        return None
    return events[0]["EventId"] if events else None


def failures(cloudformation, stack, before):
    """What failed since the event `before`, oldest first: resource, type, reason. A cancelled resource failed because
    another one did."""
    rows = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            if event["EventId"] == before:
                return table(rows[::-1]) if rows else ["no failure that CloudFormation names."]
            reason = event.get("ResourceStatusReason", "")
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
                rows.append((event["LogicalResourceId"], event["ResourceType"], reason))
    return table(rows[::-1]) if rows else ["no failure that CloudFormation names."]
