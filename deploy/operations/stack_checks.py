"""What must hold before a deployment. Each fault is one sentence that says what to do; all are reported at once."""

import datetime
import re
import zipfile

from botocore.exceptions import ClientError

import secret_forms
from stack_release import functions, zip_of
from stack_settings import ROOT

# e_machine of ELF.
MACHINES = {62: "x86_64", 183: "arm64"}
# AWS refuses new functions, and updates, from these days on (Lambda's Developer Guide, "Lambda runtimes").
RUNTIME_ENDS = {
    "provided.al2": (datetime.date(2027, 2, 1), datetime.date(2027, 3, 3)),
    "provided.al2023": (datetime.date(2029, 7, 31), datetime.date(2029, 8, 31)),
}
# Functions that run beside provision-order: the webhook, recovery, the token, a reader.
OTHERS = 4
# Lambda keeps this many for functions without a reserve.
UNRESERVED = 100
INDEXES = {"due": ["open", "dueAt"], "failed": ["errorCode", "endedAt"]}


def zips(architecture):
    """Faults of the zips, and a remark when they are older than the source."""
    missing = [function for function in functions() if not zip_of(function).exists()]
    if missing:
        yield (
            f"No zip of {', '.join(missing)}: run deploy/build (Debian with Swift 6.3, or Docker), or put the zips "
            "of a CI run into .build/lambda."
        )
    for function in set(functions()) - set(missing):
        try:
            with zipfile.ZipFile(zip_of(function)) as archive, archive.open("bootstrap") as program:
                header = program.read(20)
        except (zipfile.BadZipFile, KeyError, OSError):
            yield f".build/lambda/{function}.zip holds no bootstrap: run deploy/build."
            continue
        machine = MACHINES.get(int.from_bytes(header[18:20], "little")) if header[:4] == b"\x7fELF" else None
        if machine != architecture:
            yield (
                f".build/lambda/{function}.zip is built for {machine or 'another system'}, and Architecture is "
                f"{architecture}: build on such a machine, or set Architecture in samconfig.toml."
            )


def outdated():
    """Whether a source file is newer than the zips. A remark only: the times of a checkout say little."""
    times = [zip_of(function).stat().st_mtime for function in functions()]
    sources = (path for path in (ROOT / "Sources").rglob("*.swift"))
    return any(path.stat().st_mtime > min(times) for path in sources)


def runtime(values, exists, today):
    """A fault when AWS refuses the runtime today."""
    name = values["Runtime"]
    last = RUNTIME_ENDS[name][1 if exists else 0]
    if today >= last:
        yield f"AWS refuses {name} since {last}: deploy with --runtime provided.al2023; the zips run on both."


def runtime_remark(values, today):
    name = values["Runtime"]
    end = RUNTIME_ENDS[name][1]
    if (end - today).days < 180:
        return f"AWS refuses updates of functions on {name} from {end} on; the zips run on provided.al2023 too."
    return None


def salesforce(values):
    if values["SfAuthFlow"] == "jwt-bearer" and not values["SfUsername"]:
        yield "SfUsername is empty, and the flow jwt-bearer needs the integration user."


def paths(values, stack, deployed):
    """Two stacks must not share a secret, nor write each other's token."""
    for name, value in values.items():
        is_own = not value or value.startswith(f"/{stack}/") or (deployed or {}).get(name) == value
        if re.fullmatch(r"(Alert|Sf|Whmcs)\w+Parameter", name) and not is_own:
            yield f"{name} is {value}: begin it with /{stack}/ in samconfig.toml, so that no other stack uses it."


def secrets(ssm, values, settings):
    """Faults of the secrets in Parameter Store. Reads them, because a wrong form stops the functions later."""
    wanted = {values[secret.parameter]: secret for secret in secret_forms.needed(values)}
    try:
        found = ssm.get_parameters(Names=list(wanted), WithDecryption=True)["Parameters"]
    except ClientError as error:
        yield f"The secrets cannot be read: {error}."
        return
    parameters = {parameter["Name"]: parameter for parameter in found}
    for path, secret in wanted.items():
        put = settings.secrets(f"put {secret.name}")
        if path not in parameters:
            yield f"The {secret.title} is missing in Parameter Store ({path}): {put}."
        elif parameters[path]["Type"] != "SecureString":
            yield f"The {secret.title} ({path}) is no SecureString: delete the parameter, then {put}."
        elif fault := secret.fault(parameters[path]["Value"]):
            yield f"The {secret.title} ({path}) cannot be right, because {fault}: {put}."


def concurrency(functions_client, values, stack):
    """A new account may run 10 functions at once, and reserve none."""
    limits = functions_client.get_account_settings()["AccountLimit"]
    limit, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    orders, reserve = int(values["WhmcsConcurrency"]), int(values["WebhookReservedConcurrency"])
    quota = "or ask AWS for more (Service Quotas, Lambda, Concurrent executions)"
    try:
        mine = functions_client.get_function_concurrency(FunctionName=f"{stack}-verify-signature")
        free += mine.get("ReservedConcurrentExecutions", 0)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    if orders + OTHERS > free - reserve:
        yield (
            f"WhmcsConcurrency is {orders}, and of the account's {limit} concurrent executions {free - reserve} are "
            f"free, {OTHERS} of which the other functions need: set it to {max(2, free - reserve - OTHERS)}, {quota}."
        )
    if reserve and free - reserve < UNRESERVED:
        yield (
            f"WebhookReservedConcurrency is {reserve}, and AWS keeps {UNRESERVED} of the account's {limit} concurrent "
            f"executions unreserved: set it to {max(0, free - UNRESERVED)}, {quota}."
        )


def ledger(dynamodb, values):
    """An existing table must be what the template would have made."""
    name = values["ExistingLedgerTable"]
    if not name:
        return
    try:
        table = dynamodb.describe_table(TableName=name)["Table"]
    except ClientError as error:
        yield f"ExistingLedgerTable is {name}, and DynamoDB says: {error}."
        return
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    if [key["AttributeName"] for key in table["KeySchema"]] != ["pk"] or not INDEXES.items() <= indexes.items():
        yield f"The table {name} is no ledger: its key must be pk, and its indexes {', '.join(INDEXES)}."
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if (expiry.get("AttributeName"), expiry["TimeToLiveStatus"]) not in (
        ("expiresAt", "ENABLED"),
        ("expiresAt", "ENABLING"),
    ):
        yield f"The table {name} has no time to live on expiresAt, which a restore does not keep: deploy/RUNBOOK.md."
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] != "ENABLED":
        yield f"The table {name} has no point-in-time recovery, which a restore does not keep: deploy/RUNBOOK.md."
