"""The parameters of a deployment: from samconfig.toml, from the environment, from the deployed stack.

samconfig.toml is the truth: a parameter that it does not name has the template's default, whatever the stack has now.
Only a NoEcho parameter, whose value nobody may read, comes from an environment variable, or stays as it is.
"""

import os
import re

from stack_settings import Refused


def choose(declared, settings, deployed):
    """Returns CloudFormation's list of parameters.

    - declared: the parameters of GetTemplateSummary
    - deployed: the stack's present values by name, or None for a new stack
    """
    unknown = sorted(set(settings.values) - {parameter["ParameterKey"] for parameter in declared})
    if unknown:
        raise Refused(f"samconfig.toml names {', '.join(unknown)}, which template.yaml does not have.")
    missing, chosen = [], []
    for parameter in declared:
        name, default = parameter["ParameterKey"], parameter.get("DefaultValue")
        value = settings.values.get(name)
        if parameter.get("NoEcho"):
            if value:
                raise Refused(f"samconfig.toml names {name}, whose value nobody may read: use {variable(name)}.")
            # A workflow sets a variable that has no value to an empty text.
            value = os.environ.get(variable(name)) or None
            if value is None and deployed is not None and name in deployed:
                chosen.append({"ParameterKey": name, "UsePreviousValue": True})
                continue
        if value is None or value == "" and default is None:
            value = default
        if value is None:
            missing.append(f"  {name}: {parameter.get('Description', '')}")
        chosen.append({"ParameterKey": name, "ParameterValue": value})
    if missing:
        lines = "\n".join(missing)
        raise Refused(f"samconfig.toml, [{settings.environment}.deploy.parameters]: give a value for\n{lines}")
    return chosen


def variable(name):
    """The environment variable of a parameter: SecurityAlertWebhook is SECURITY_ALERT_WEBHOOK."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def values_of(chosen):
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in chosen if "ParameterValue" in entry}


def unchanged(deployed):
    """The parameters of a deployed stack, for deploying an earlier template with them."""
    hidden = {name for name, value in deployed.items() if value == "****"}
    return [
        {"ParameterKey": name, "UsePreviousValue": True}
        if name in hidden
        else {"ParameterKey": name, "ParameterValue": value}
        for name, value in deployed.items()
    ]


def differences(deployed, chosen, declared):
    """Rows of name, present value and new value, where they differ; the values that nobody may read as ****."""
    hidden = {parameter["ParameterKey"] for parameter in declared if parameter.get("NoEcho")}
    return [
        (name, deployed.get(name, "–"), "****" if name in hidden else value)
        for name, value in values_of(chosen).items()
        if deployed.get(name) != value and deployed.get(name) != "****"
    ]
