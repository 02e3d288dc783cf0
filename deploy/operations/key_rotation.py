"""Rotates the key that signs Salesforce's assertions, in two runs with an administrator's upload between them.

Salesforce keeps one certificate for an app. So the new key waits beside the old one, in a parameter that no function
may read, until its certificate is uploaded. Tokens that Salesforce has issued stay valid meanwhile.
"""

import os
import subprocess
import tempfile

import smoke_test
from secret_forms import SECRETS
from stack_settings import Refused, describe, outputs_of

DAYS = 730
# Invocations until one requests a token itself: another may be in its way, but hardly twice.
TRIES = 5


def waiting(store):
    return store.path(SECRETS["salesforce-key"]) + "-next"


def begin(store, directory, now):
    """Makes the key and the certificate, which goes into a file of the directory."""
    if store.read(waiting(store)):
        raise Refused(
            f"A new key waits already ({waiting(store)}). When its certificate is in Salesforce: "
            f"{store.settings.secrets('rotate salesforce-key --confirm')}. To begin anew, delete that parameter."
        )
    key, certificate = generate(store.settings.stack)
    fault = SECRETS["salesforce-key"].fault(key)
    if fault:
        raise Refused(f"openssl made a key that cannot be used, because {fault}.")
    store.write(waiting(store), key)
    file = directory / f"{store.settings.stack}-{now:%Y-%m-%d}.crt"
    directory.mkdir(exist_ok=True)
    file.write_text(certificate)
    print(f"""The new key waits in {waiting(store)}; the suite still uses the old one.
Its certificate, which is no secret: {file}
Now an administrator of Salesforce uploads it: Setup, External Client App Manager, the app, Settings, OAuth Settings,
Flow Enablement, Enable JWT Bearer Flow. From then on Salesforce refuses the old key, and the present token lasts for
the session's time. So at once:
  {store.settings.secrets("rotate salesforce-key --confirm")}""")


def generate(name):
    """A key and its certificate, as PEM. For a moment the key is in a file that only its owner may read."""
    mask = os.umask(0o077)
    try:
        with tempfile.TemporaryDirectory() as directory:
            command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(DAYS)]
            command += ["-subj", f"/CN={name}", "-keyout", f"{directory}/key", "-out", f"{directory}/certificate"]
            result = subprocess.run(command, capture_output=True, text=True)
            if result.returncode != 0:
                raise Refused(f"openssl made no key: {result.stderr.strip()}")
            with open(f"{directory}/key") as key, open(f"{directory}/certificate") as certificate:
                return key.read(), certificate.read()
    except FileNotFoundError:
        raise Refused("openssl is missing; it makes the key.") from None
    finally:
        os.umask(mask)


def confirm(store, now):
    """Lets the suite use the new key, and asks for a token. Without one the old key is back."""
    new, path = store.read(waiting(store)), store.path(SECRETS["salesforce-key"])
    if new is None:
        raise Refused(f"No new key waits: {store.settings.secrets('rotate salesforce-key')} makes one.")
    old, is_valid = store.read(path), False
    try:
        store.write(path, new)
        problem = token(store, now)
        is_valid = problem is None
    finally:
        # Also where nobody could ask: an interrupted command must not leave a key that nobody has tried.
        if old and not is_valid:
            store.write(path, old)
    if problem:
        raise Refused(
            f"{problem}. The suite uses the old key again. Is the certificate in Salesforce, and ten minutes old? Then "
            f"{store.settings.secrets('rotate salesforce-key --confirm')} again."
        )
    store.ssm.delete_parameter(Name=waiting(store))
    print("Salesforce issues tokens for the new key, and the old one is gone. The certificate's file may go too.")


def token(store, now):
    """Why Salesforce issues no token for the present key, or None. A running function keeps the key for five minutes; a
    change of the function's description lets Lambda start a new one."""
    stack = describe(store.cloud.client("cloudformation"), store.settings.stack)
    if stack is None:
        return None
    functions, name = store.cloud.client("lambda"), outputs_of(stack)["RefreshFunction"]
    present = functions.get_function_configuration(FunctionName=name).get("Description", "")
    words = present.split(" (key of ")[0]
    functions.update_function_configuration(FunctionName=name, Description=f"{words} (key of {now:%Y-%m-%d %H:%M:%S})")
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    for _ in range(TRIES):
        is_refreshed, problem = smoke_test.token(functions, name)
        if is_refreshed or problem:
            return problem
    return "Other invocations of refresh-sf-token store tokens all the time, so nobody has tried the new key"
