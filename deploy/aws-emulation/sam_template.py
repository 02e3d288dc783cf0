"""Reads template.yaml as CloudFormation would: checks the parameters, translates SAM, resolves the intrinsic functions.

SAM's own translator does the translation, so the testbed runs what AWS would deploy.
"""

import logging
import os
import re

ACCOUNT = "123456789012"  # moto's default account
NO_VALUE = object()  # stands for AWS::NoValue


class TemplateError(Exception):
    """The template or its parameters cannot be used as they are."""


def load(path):
    """The template as SAM's own reader returns it: `!Ref x` becomes {"Ref": "x"}."""
    import yaml
    from samtranslator.yaml_helper import intrinsics_multi_constructor

    # libyaml's loader is ten times as fast as the one SAM uses, and every start of the testbed waits for it.
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        pass

    Loader.add_multi_constructor("!", intrinsics_multi_constructor)
    try:
        with open(path, encoding="utf-8") as file:
            template = yaml.load(file, Loader)
    except OSError as error:
        raise TemplateError(f"cannot read it: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TemplateError("it is not YAML: " + " ".join(str(error).split())) from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError("it has no Resources")
    return template


def choose_parameters(declared, given):
    """Returns the value of every parameter after the checks that CloudFormation makes."""
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"it has no parameter {', '.join(unknown)}")
    values = {
        name: str(given.get(name, spec.get("Default", NO_VALUE)))
        for name, spec in declared.items()
        if name in given or "Default" in spec
    }
    missing = [name for name in declared if name not in values]
    if missing:
        raise TemplateError(f"it needs a value for parameter {', '.join(missing)}")
    for name, value in values.items():
        check_parameter(name, value, declared[name])
    return values


def check_parameter(name, value, spec):
    shown = "the given value" if str(spec.get("NoEcho", "")).lower() == "true" else repr(value)
    if "AllowedValues" in spec and value not in map(str, spec["AllowedValues"]):
        raise TemplateError(
            f"parameter {name} must be one of {', '.join(map(str, spec['AllowedValues']))}, not {shown}"
        )
    if "AllowedPattern" in spec and not re.fullmatch(spec["AllowedPattern"], value):
        raise TemplateError(f"parameter {name} must match {spec['AllowedPattern']}, not {shown}")
    if spec["Type"] == "Number":
        if not re.fullmatch(r"-?\d+", value):
            raise TemplateError(f"parameter {name} must be a whole number, not {shown}")
        if not spec.get("MinValue", int(value)) <= int(value) <= spec.get("MaxValue", int(value)):
            raise TemplateError(
                f"parameter {name} must be {spec.get('MinValue')} to {spec.get('MaxValue')}, not {value}"
            )


def translate(template, parameters, region):
    """Returns plain CloudFormation, and the program of each function by the function's logical id."""
    programs = {}
    for logical, resource in template["Resources"].items():
        if resource.get("Type") == "AWS::Serverless::Function":
            code = resource.get("Properties", {}).get("CodeUri")
            if not isinstance(code, str) or not code.endswith(".zip"):
                raise TemplateError(f"{logical}'s CodeUri must be a zip named after its program")
            programs[logical] = os.path.basename(code)[: -len(".zip")]
            # SAM translates after the upload, when the code is in S3.
            resource["Properties"]["CodeUri"] = "s3://local/code.zip"

    os.environ["AWS_DEFAULT_REGION"] = region  # the translator asks boto3 for the region
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # silences its warnings about its own metrics
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    class NoManagedPolicies:
        def load(self):
            return {}

    try:
        return transform(template, dict(parameters), NoManagedPolicies()), programs
    except InvalidDocumentException as error:
        raise TemplateError("SAM refuses it: " + "; ".join(cause.message for cause in error.causes)) from error


def read_stack(path, given, region="eu-west-1", name="local"):
    """Returns the template as a stack, and the program of each function by logical id. Reads the file only."""
    template = load(path)
    parameters = choose_parameters(template.get("Parameters", {}), given)
    translated, programs = translate(template, parameters, region)
    return Stack(translated, parameters, region, name), programs


class Stack:
    """A translated template whose names are known. Resolves intrinsic functions as CloudFormation would."""

    # Resource type → the ARN after `arn:aws:`.
    ARNS = {
        "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
        "AWS::Events::EventBus": "events:{region}:{account}:event-bus/{name}",
        "AWS::IAM::Role": "iam::{account}:role/{name}",
        "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
        "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
        "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    }
    # Resource type → the property that names the resource.
    NAMES = {
        "AWS::DynamoDB::Table": "TableName",
        "AWS::Events::EventBus": "Name",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::SQS::Queue": "QueueName",
    }

    def __init__(self, template, parameters, region, name):
        self.name = name
        self.region = region
        self.values = {
            **parameters,
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackName": name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.conditions = template.get("Conditions", {})
        self.resources = {
            logical: resource
            for logical, resource in template["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def of_type(self, type):
        """The logical id and the resolved properties of every resource of this type."""
        return [
            (logical, self.resolve(resource.get("Properties", {})))
            for logical, resource in self.resources.items()
            if resource["Type"] == type
        ]

    def holds(self, name):
        if name not in self.conditions:
            raise TemplateError(f"it has no condition {name}")
        return self.resolve(self.conditions[name])

    def physical(self, logical):
        """The resource's name in AWS."""
        if logical not in self.resources:
            raise TemplateError(f"it refers to {logical}, which does not exist")
        resource = self.resources[logical]
        given = resource.get("Properties", {}).get(self.NAMES.get(resource["Type"]))
        return self.resolve(given) if given else f"{self.name}-{logical}"

    def arn(self, logical):
        name, type = self.physical(logical), self.resources[logical]["Type"]
        if type not in self.ARNS:
            raise TemplateError(f"it needs the ARN of {logical}; the testbed knows no ARN of a {type}")
        return "arn:aws:" + self.ARNS[type].format(region=self.region, account=ACCOUNT, name=name)

    def resolve(self, node):
        if isinstance(node, list):
            return [item for item in map(self.resolve, node) if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((key, argument),) = node.items()
            if key == "Ref" or key == "Condition" and isinstance(argument, str) or key.startswith("Fn::"):
                return self.intrinsic(key, argument)
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}

    def intrinsic(self, key, argument):
        if key == "Ref":
            return self.values[argument] if argument in self.values else self.physical(argument)
        if key == "Condition":
            return self.holds(argument)
        if key == "Fn::GetAtt":
            logical, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
            if attribute == "Arn":
                return self.arn(logical)
            if attribute == self.NAMES.get(self.resources.get(logical, {}).get("Type")):
                return self.physical(logical)
            raise TemplateError(f"it reads {logical}.{attribute}; the testbed knows only Arn and the name")
        if key == "Fn::Sub":
            text, extra = argument if isinstance(argument, list) else (argument, {})
            return re.sub(r"\$\{([^!}][^}]*)\}", lambda match: self.substitute(match[1], extra), text)
        if key == "Fn::If":
            return self.resolve(argument[1 if self.holds(argument[0]) else 2])
        if key == "Fn::Equals":
            first, second = map(self.resolve, argument)
            return str(first) == str(second)
        if key == "Fn::Not":
            return not self.resolve(argument[0])
        if key in ("Fn::And", "Fn::Or"):
            return (all if key == "Fn::And" else any)(map(self.resolve, argument))
        if key == "Fn::Join":
            return argument[0].join(map(str, self.resolve(argument[1])))
        if key == "Fn::Split":
            return str(self.resolve(argument[1])).split(argument[0])
        raise TemplateError(f"it uses {key}, which the testbed does not resolve")

    def substitute(self, name, extra):
        if name in extra:
            return str(self.resolve(extra[name]))
        return str(self.intrinsic("Fn::GetAtt" if "." in name else "Ref", name))
