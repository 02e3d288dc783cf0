"""Whether a deployed stack works: a Salesforce token, the signed health report, and deploy/doctor where it exists."""

import datetime
import hashlib
import hmac
import json
import os
import subprocess
import time

import urllib3
from botocore.httpsession import get_cert_path

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


def signed(path, secret, now):
    """The headers of a signed read (deploy/PORTAL.md)."""
    timestamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = hmac.new(secret.encode(), f"GET\n{path}\n{timestamp}".encode(), hashlib.sha256).hexdigest()
    return {"X-SF-Timestamp": timestamp, "X-SF-Signature": signature}


def token(functions, name):
    """Why Salesforce issues no token, or None."""
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    body = answer["Payload"].read().decode()
    if "FunctionError" not in answer:
        return None
    try:
        message = json.loads(body).get("errorMessage", body)
    except (ValueError, AttributeError):
        message = body
    return f"refresh-sf-token got no Salesforce token: {message}"


def health(url, secret, get=get, sleep=time.sleep):
    """What the health report calls unwell, or None. Repeats while the API does not answer as it should."""
    problem = "no answer"
    for _ in range(PATIENCE // 5):
        status, report = get(f"{url}/health", signed("/health", secret, datetime.datetime.now(datetime.UTC)))
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


def doctor(settings, region):
    """What deploy/doctor finds, or None. Its lines are for the operator, who sees them."""
    if not os.access(DOCTOR, os.X_OK):
        return None
    command = [str(DOCTOR), "--stack", settings.stack, "--region", region]
    command += ["--profile", settings.profile] if settings.profile else []
    return None if subprocess.run(command).returncode == 0 else "deploy/doctor found a fault, see above"


def run(cloud, settings, outputs, values):
    """The problems of a deployed stack; none when it works."""
    path = values["SfWebhookSecretParameter"]
    found = cloud.client("ssm").get_parameter(Name=path, WithDecryption=True)
    secret = found["Parameter"]["Value"].strip().splitlines()[0].strip()
    problems = [token(cloud.client("lambda"), outputs["RefreshFunction"]), health(outputs["ApiUrl"], secret)]
    if not any(problems):
        problems.append(doctor(settings, cloud.region))
    return [problem for problem in problems if problem]
