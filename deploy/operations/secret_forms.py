"""The form of each secret: what Parameter Store holds, and why a value cannot be right. No function shows a value."""

import json
import re
import subprocess

TESTBED = "local-webhook-secret-do-not-use-elsewhere"
# As Sources/Orders/Webhook/SecretWeakness.swift has them; a test compares.
BEGINNINGS = "{!", "<", "your"
WORDS = "changeme", "replaceme", "placeholder", "password", "secretkeyhere"


class Secret:
    """A secret of the suite.

    - parameter: the template parameter with its path in Parameter Store
    - tail: the path after `/<stack>/`
    - fault: the function that says why a value cannot be right, or None
    """

    def __init__(self, name, parameter, tail, title, fault):
        self.name, self.parameter, self.tail, self.title, self.fault = name, parameter, tail, title, fault


def webhook(value):
    """One secret a line; any weak one opens the door."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", value) if line.strip()]
    if not lines:
        return "it is empty"
    return next((fault for fault in map(weakness, lines) if fault), None)


def weakness(secret):
    lowered = re.sub("[A-Z]", lambda letter: letter[0].lower(), secret)
    letters = re.sub("[^a-z]", "", lowered)
    size = len(secret.encode())
    if lowered.startswith(BEGINNINGS) or any(word in letters for word in WORDS):
        return "a line is a placeholder"
    if size < 32:
        return "a line has fewer than 32 bytes"
    # It repeats a piece of any length when it is its own beginning, shifted by that length.
    data = secret.encode()
    if any(data[shift:] == data[: size - shift] for shift in range(1, size // 2 + 1)):
        return "a line repeats itself"
    return "it is the testbed's, which is published" if secret == TESTBED else None


def whmcs(value):
    try:
        members = json.loads(value)
    except ValueError:
        return "it is not JSON"
    if not isinstance(members, dict) or not all(isinstance(text, str) and text for text in members.values()):
        return "it is not a JSON object of texts"
    if not {"identifier", "secret"} <= set(members) <= {"identifier", "secret", "accesskey"}:
        return "its members are not identifier, secret and, where WHMCS requires one, accesskey"
    return None


def private_key(value):
    if "-----BEGIN ENCRYPTED PRIVATE KEY-----" in value or "Proc-Type: 4,ENCRYPTED" in value:
        return "the key is encrypted by a passphrase, which the suite does not have"
    if not re.search(r"-----BEGIN (RSA )?PRIVATE KEY-----\s.*\s-----END (RSA )?PRIVATE KEY-----", value, re.DOTALL):
        return "it is not a private key in PEM"
    try:
        command = ["openssl", "rsa", "-noout", "-modulus"]
        result = subprocess.run(command, input=value, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    modulus = re.search(r"Modulus=([0-9A-F]+)", result.stdout)
    if result.returncode != 0 or not modulus:
        return "openssl does not read it as an RSA key"
    return None if int(modulus[1], 16).bit_length() >= 2048 else "it has fewer than 2048 bits"


def client_secret(value):
    return None if re.fullmatch(r"\S{16,}", value) else "it is not one word of 16 characters or more"


def alerts(value):
    """What the receiver of the alerts takes is its own matter."""
    return None if value.strip() else "it is empty"


SECRETS = {
    secret.name: secret
    for secret in (
        Secret("webhook", "SfWebhookSecretParameter", "salesforce/webhook-secret", "webhook secret", webhook),
        Secret("salesforce-key", "SfPrivateKeyParameter", "salesforce/private-key", "Salesforce key", private_key),
        Secret(
            "salesforce-secret", "SfClientSecretParameter", "salesforce/client-secret", "consumer secret", client_secret
        ),
        Secret("whmcs", "WhmcsCredentialsParameter", "whmcs/credentials", "WHMCS credentials", whmcs),
        Secret("alerts", "AlertWebhookSecretParameter", "alerts/webhook-secret", "secret of the alerts", alerts),
    )
}


def needed(values):
    """The secrets that a stack with these parameters reads."""
    salesforce = "salesforce-secret" if values["SfAuthFlow"] == "client-credentials" else "salesforce-key"
    names = ["webhook", salesforce, "whmcs", *(["alerts"] if values["AlertWebhookSecretParameter"] else [])]
    return [SECRETS[name] for name in names]
