"""Where a stack is and which values its parameters have: samconfig.toml, and the options of a command.

deploy/dev, deploy/prod, deploy/secrets and deploy/destroy read the same settings.
"""

import argparse
import dataclasses
import os
import pathlib
import sys
import tomllib

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMCONFIG = ROOT / "deploy/samconfig.toml"
ENVIRONMENTS = "dev", "prod"


class Refused(Exception):
    """Why nothing was done, or what went wrong: one sentence for the operator."""


@dataclasses.dataclass
class Settings:
    environment: str
    stack: str
    region: str | None
    profile: str | None
    # The values of template parameters by name, as samconfig.toml has them.
    values: dict[str, str]
    # The options that name this stack, for the commands that a sentence proposes.
    options: str = ""

    @property
    def deploy(self):
        return f"deploy/{self.environment}{self.options}"

    def secrets(self, words):
        return f"deploy/secrets {self.environment}{self.options} {words}"


def parser(program, description):
    options = argparse.ArgumentParser(prog=program, description=description)
    options.add_argument("--stack", metavar="NAME", help="the stack's name, if it is not samconfig.toml's")
    options.add_argument("--region", metavar="REGION", help="the region, if it is not samconfig.toml's")
    options.add_argument("--profile", metavar="PROFILE", help="a profile of AWS's configuration files")
    return options


def settings_of(environment, options):
    name, region, profile, values = read(environment)
    stack = options.stack or name
    owner = owner_of(stack)
    if stack != name and owner:
        raise Refused(
            f"{stack} is {owner}'s stack; use deploy/{owner}, or {owner} with deploy/secrets and deploy/destroy."
        )
    # The paths that carry the stack's name follow it.
    values = {
        key: value.replace(f"/{name}/", f"/{stack}/", 1) if value.startswith(f"/{name}/") else value
        for key, value in values.items()
    }
    given = {"stack": options.stack, "region": options.region, "profile": options.profile}
    words = "".join(f" --{name} {value}" for name, value in given.items() if value)
    return Settings(environment, stack, options.region or region, options.profile or profile, values, words)


def load():
    try:
        return tomllib.loads(SAMCONFIG.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"samconfig.toml: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"samconfig.toml is not TOML: {error}.") from error


def owner_of(stack):
    """The environment of samconfig.toml that has this stack, or None."""
    for environment, table in load().items():
        try:
            if table["deploy"]["parameters"]["stack_name"] == stack:
                return environment
        except (KeyError, TypeError):
            continue
    return None


def read(environment):
    """Stack name, region, profile and parameter values of an environment in samconfig.toml."""
    try:
        table = load()[environment]["deploy"]["parameters"]
        pairs = [text.partition("=") for text in table.get("parameter_overrides", [])]
        name = table["stack_name"]
    except (KeyError, TypeError, AttributeError) as error:
        raise Refused(f"samconfig.toml lacks [{environment}.deploy.parameters] with a stack_name.") from error
    return name, table.get("region"), table.get("profile"), {key: value for key, _, value in pairs}


class Cloud:
    """The clients of one account and region, which answer: the constructor asks who the caller is."""

    def __init__(self, settings):
        try:
            self.session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
            self.region = self.session.region_name
            if not self.region:
                raise Refused("No region: name it in samconfig.toml, or with --region.")
            identity = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            reason = str(error).rstrip(".")
            raise Refused(f"AWS does not take the credentials: {reason}. Log in, or name a --profile.") from error
        self.account = identity["Account"]
        self.partition = identity["Arn"].split(":")[1]

    def client(self, service):
        return self.session.client(service)


def describe(cloudformation, stack):
    """The stack's description, or None when there is none."""
    try:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise


def outputs_of(description):
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def parameters_of(description):
    return {entry["ParameterKey"]: entry.get("ParameterValue", "") for entry in description.get("Parameters", [])}


def ends(main):
    """Runs a command's main function; an error of AWS or of the operator is one sentence, and status 1."""
    try:
        status = main()
        # A reader that has stopped, as head does, shows here and not at Python's own end.
        sys.stdout.flush()
        sys.exit(status)
    except BrokenPipeError:
        # Python's documentation of the module signal, "Note on SIGPIPE".
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Refused as refusal:
        sys.exit(str(refusal))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted; what AWS has begun continues there.")
