"""Whether a deployed stack works: a Salesforce token, the signed health report, and deploy/doctor."""

import datetime
import json
import subprocess
import time

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import get_cert_path

import signed_read
from printing import printable
from stack_settings import ROOT

DOCTOR = ROOT / "deploy/doctor"
# A new API and its functions may need some seconds.
PATIENCE = 60


def get(url, headers):
    """Status and JSON object of an answer; status 0 for none."""
    # botocore's authorities: a Python of macOS may have none.
    http = urllib3.PoolManager(ca_certs=get_cert_path(True), timeout=15, retries=False)
    try:
        answer = http.request("GET", url, headers=headers)
    except urllib3.exceptions.HTTPError as error:
        return 0, {"problem": str(error)}
    try:
        report = json.loads(answer.data)
    except ValueError:
        report = None
    return answer.status, report if isinstance(report, dict) else {}


def token(functions, name):
    """Whether this invocation got a token, and why Salesforce issues none, or None.

    Without a token and a reason, another invocation stored one meanwhile.
    """
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    body = answer["Payload"].read().decode()
    try:
        report = json.loads(body)
    except ValueError:
        report = None
    report = report if isinstance(report, dict) else {}
    if "FunctionError" not in answer:
        return report.get("refreshed") is True, None
    return False, f"refresh-sf-token got no Salesforce token: {report.get('errorMessage', body)}"


def health(url, secret, get=get, sleep=time.sleep):
    """What the health report calls unwell, or None. Repeats while the API does not answer as it should."""
    problem = "no answer"
    for _ in range(PATIENCE // 5):
        status, report = get(
            f"{url}/health", signed_read.headers("/health", secret, datetime.datetime.now(datetime.UTC))
        )
        if status == 200 and report.get("status") == "ok":
            return None
        parts = [
            f"{name}: {part.get('problem', 'not ok')}"
            for name, part in report.items()
            if isinstance(part, dict) and not part.get("ok")
        ]
        problem = ", ".join(parts) or report.get("code") or report.get("problem") or "no report"
        sleep(5)
    return f"GET {url}/health answers {status} ({problem})"


def crosses(settings, region):
    """What deploy/doctor finds, by the part's name; None when it cannot ask the stack."""
    command = [str(DOCTOR), "--stack", settings.stack, "--region", region, "--json"]
    command += ["--profile", settings.profile] if settings.profile else []
    try:
        parts = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)["parts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {
        f"{part}: {item['name']}": printable(" ".join(filter(None, [item.get("detail"), item.get("help")])))
        for part, items in parts.items()
        for item in items
        if item["ok"] is False
    }


def run(cloud, settings, outputs, values, before=None):
    """The problems of a deployed stack; none when it works.

    - before: the doctor's crosses before the deployment. Those stay notes, and so do all where nobody knows: a dead
      letter, a product without a WHMCS id or a mapping that an operator has disabled is not the deployment's fault.
    """
    try:
        return list(problems(cloud, settings, outputs, values, before))
    except (ClientError, BotoCoreError, LookupError) as error:
        # Whoever cannot test a deployment does not know that it works.
        return [f"The test could not be run: {type(error).__name__}: {error}"]


def problems(cloud, settings, outputs, values, before):
    path = values["SfWebhookSecretParameter"]
    found = cloud.client("ssm").get_parameter(Name=path, WithDecryption=True)
    secret = found["Parameter"]["Value"].strip().splitlines()[0].strip()
    _, refused = token(cloud.client("lambda"), outputs["RefreshFunction"])
    unwell = health(outputs["ApiUrl"], secret)
    if refused or unwell:
        yield from filter(None, [refused, unwell])
        return
    after = crosses(settings, cloud.region)
    if after is None:
        print("Note: deploy/doctor could not ask the stack.")
    for name, text in (after or {}).items():
        if before is None or name in before:
            print(f"Note: deploy/doctor says of {name}: {text}")
        else:
            yield f"{name} was in order before: {text}"
