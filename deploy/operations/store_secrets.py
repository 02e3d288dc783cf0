"""Puts the suite's secrets into Parameter Store and rotates them. Called by deploy/secrets.

A secret comes from standard input, without echo, or is generated here. It is on no command line, in no history and in
no output. Each run removes old webhook secrets whose time is over.
"""

import datetime
import getpass
import json
import secrets
import sys

import key_rotation
from secret_forms import SECRETS
from stack_settings import ENVIRONMENTS, ROOT, Cloud, Refused, describe, ends, parameters_of, parser, settings_of

# The tag of the webhook secret's parameter: until when the lines after the first are accepted.
EXPIRY = "orders:old-secrets-expire"
TIME = "%Y-%m-%dT%H:%M:%SZ"
SALESFORCE = 'deploy/salesforce/README.md, "The signed door", step 2'


class Store:
    """The secrets of one stack."""

    def __init__(self, settings):
        self.settings, self.cloud = settings, Cloud(settings)
        self.ssm = self.cloud.client("ssm")
        deployed = describe(self.cloud.client("cloudformation"), settings.stack)
        self.deployed = parameters_of(deployed) if deployed else {}

    def path(self, secret):
        own = f"/{self.settings.stack}/{secret.tail}"
        return self.named(secret) or own

    def named(self, secret):
        """The path that samconfig.toml or the stack names, if any."""
        return self.settings.values.get(secret.parameter) or self.deployed.get(secret.parameter)

    def read(self, path):
        """The value, or None."""
        found = self.ssm.get_parameters(Names=[path], WithDecryption=True)["Parameters"]
        return found[0]["Value"] if found else None

    def write(self, path, value):
        key = self.settings.values.get("SecretsKeyArn") or self.deployed.get("SecretsKeyArn")
        chosen = {"KeyId": key} if key else {}
        self.ssm.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True, **chosen)

    # The webhook secret: one a line, the first is current.

    def lines(self):
        value = self.read(self.path(SECRETS["webhook"])) or ""
        return [line.strip() for line in value.splitlines() if line.strip()]

    def expiry(self):
        """Until when old secrets are accepted, or None."""
        tags = self.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=self.path(SECRETS["webhook"]))
        text = next((tag["Value"] for tag in tags["TagList"] if tag["Key"] == EXPIRY), None)
        return datetime.datetime.strptime(text, TIME).replace(tzinfo=datetime.UTC) if text else None

    def prune(self, now, at_once=False):
        """Removes old webhook secrets. Returns what it did, or until when one stays; None when there is none."""
        lines = self.lines()
        if len(lines) < 2:
            return None
        expiry = self.expiry()
        if not at_once and (expiry is None or now < expiry):
            until = f"{expiry:%Y-%m-%d %H:%M} UTC" if expiry else "somebody removes it"
            return f"The old webhook secret is accepted until {until}."
        path = self.path(SECRETS["webhook"])
        self.write(path, lines[0])
        self.ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=path, TagKeys=[EXPIRY])
        return "Removed the old webhook secret. Running functions refuse it within five minutes."

    def rotate_webhook(self, days, now):
        lines = self.lines()
        if not lines:
            raise Refused(f"There is no webhook secret yet: {self.settings.secrets('put webhook')}.")
        if len(lines) > 1 and days:
            raise Refused(
                "An older secret is still accepted, and a sender may use it. When none does, "
                f"{self.settings.secrets('prune --now')}, then rotate."
            )
        path, new = self.path(SECRETS["webhook"]), secrets.token_hex(32)
        if days:
            expiry = now + datetime.timedelta(days=days)
            # First the time: an old secret without one would stay for ever.
            tag = {"Key": EXPIRY, "Value": expiry.strftime(TIME)}
            self.ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=path, Tags=[tag])
            self.write(path, f"{new}\n{lines[0]}")
            print(f"Stored a new webhook secret; the old one is accepted until {expiry:%Y-%m-%d %H:%M} UTC.")
        else:
            self.write(path, new)
            self.ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=path, TagKeys=[EXPIRY])
            print("Stored a new webhook secret; running functions refuse the old one within five minutes.")
        print(f"Now: give the new one to Salesforce ({SALESFORCE}) and to the portal, and send an order.")
        if days:
            print(f"Then: {self.settings.secrets('prune --now')}; after that time any run of deploy/secrets does it.")

    def put(self, secret):
        path = self.path(secret)
        present = self.read(path)
        if secret.name == "webhook" and present:
            raise Refused(f"The webhook secret exists: {self.settings.secrets('rotate webhook')} replaces it.")
        value = secrets.token_hex(32) if secret.name in ("webhook", "alerts") else ask(secret)
        fault = secret.fault(value)
        if fault:
            raise Refused(f"Nothing was stored, because {fault}.")
        self.write(path, value)
        print(f"{'Replaced' if present else 'Stored'} the {secret.title} in {path}.")
        if secret.name == "webhook":
            print(f"It was generated. Now: give it to Salesforce ({SALESFORCE}) and to the portal.")
            return
        if secret.name == "alerts":
            print("It was generated. Now: give it to the receiver of the alerts.")
            if self.named(secret) != path:
                line = f"{secret.parameter}={path}"
                print(f"Then: add {line} to deploy/samconfig.toml, and {self.settings.deploy} signs the alerts.")
        if present:
            print("Running functions read it within five minutes, or within 20 while Parameter Store does not answer.")

    def list(self):
        for secret in SECRETS.values():
            value, path = self.read(self.path(secret)), self.path(secret)
            if value is None and secret.name == "alerts" and not self.named(secret):
                continue
            state = "missing" if value is None else secret.fault(value) or "as it should be"
            print(f"{secret.name:<18} {path:<45} {state}")


def ask(secret):
    """The secret from standard input: what is piped, or what somebody types without echo."""
    if not sys.stdin.isatty():
        return sys.stdin.read().strip()
    if secret.name == "whmcs":
        members = {name: getpass.getpass(f"{name}: ").strip() for name in ("identifier", "secret")}
        access = getpass.getpass("accesskey (Enter for none): ").strip()
        return json.dumps(members | ({"accesskey": access} if access else {}))
    if secret.name == "salesforce-key":
        raise Refused("A key has many lines: redirect its file to standard input (< server.key), then delete the file.")
    return getpass.getpass(f"{secret.title}: ").strip()


def run(store, options, now):
    if options.action == "put":
        store.put(SECRETS[options.secret])
    elif options.action == "list":
        store.list()
    elif options.action == "prune":
        print(store.prune(now, at_once=options.now) or "There is no old webhook secret.")
    elif options.what == "webhook":
        store.rotate_webhook(options.days, now)
    elif options.confirm:
        key_rotation.confirm(store, now)
    else:
        key_rotation.begin(store, ROOT / ".local", now)


def main(now=None):
    options = parser("deploy/secrets", __doc__.splitlines()[0])
    options.add_argument("environment", choices=ENVIRONMENTS)
    actions = options.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="shows which secrets exist and have the right form")
    put = actions.add_parser("put", help="stores a secret: from standard input, or generated (webhook, alerts)")
    put.add_argument("secret", choices=sorted(SECRETS))
    prune = actions.add_parser("prune", help="removes an old webhook secret whose time is over")
    prune.add_argument("--now", action="store_true", help="removes it before its time")
    rotate = actions.add_parser("rotate", help="replaces a secret").add_subparsers(dest="what", required=True)
    webhook = rotate.add_parser("webhook")
    webhook.add_argument("--days", type=int, default=7, choices=range(0, 91), metavar="DAYS", help="0 to 90; 0 at once")
    key = rotate.add_parser("salesforce-key")
    key.add_argument("--confirm", action="store_true", help="the certificate is in Salesforce")
    options = options.parse_args()
    now = now or datetime.datetime.now(datetime.UTC)
    store = Store(settings_of(options.environment, options))
    if options.action != "prune" and (pruned := store.prune(now)):
        print(pruned)
    run(store, options, now)
    return 0


if __name__ == "__main__":
    ends(main)
