"""Makes in moto what template.yaml would make in AWS, and prints what the local stack needs to know.

    python resources.py --template template.yaml --endpoint http://127.0.0.1:5000 --region eu-west-1 \\
        --parameter SfClientId=local --parameter WhmcsApiUrl=http://127.0.0.1:4244/includes/api.php …

SAM's own translator reads the template, so what runs locally is what deploys. moto's CloudFormation is
not used: it knows neither routes, schedules, async settings nor a table's time to live, and a rule that
targets a Lambda function makes its PutEvents fail. So the few resources are made by their own calls, and
each such rule gets a queue, a *tap*, in the function's place; the local stack drains it.

The answer is one JSON document on stdout. A fault is one sentence on stderr, and exit status 1.
"""

import argparse
import json
import logging
import os
import re
import sys
import time
import urllib.error
import urllib.request

ACCOUNT = "123456789012"  # moto's
NOTHING = object()  # what AWS::NoValue leaves behind


class Fault(Exception):
    """Something in the template, the parameters or moto that can't be worked with."""


# ---------------------------------------------------------------------------------------------------
# The template


def load(path):
    """The template as SAM's own reader sees it: `!Ref x` is {"Ref": "x"}."""
    import yaml
    from samtranslator.yaml_helper import intrinsics_multi_constructor

    # The C reader is ten times as fast as the one SAM uses, and this runs at each start.
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        pass

    Loader.add_multi_constructor("!", intrinsics_multi_constructor)
    try:
        with open(path, encoding="utf-8") as file:
            template = yaml.load(file, Loader)
    except OSError as error:
        raise Fault(f"it can't be read: {error.strerror}")
    except yaml.YAMLError as error:
        raise Fault("it is not YAML: " + " ".join(str(error).split()))
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise Fault("it has no Resources")
    return template


def choose(declared, given):
    """Every parameter's value, checked as CloudFormation would."""
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise Fault(f"it has no parameter {', '.join(unknown)}")
    values = {name: str(given.get(name, spec.get("Default", NOTHING))) for name, spec in declared.items()
              if name in given or "Default" in spec}
    missing = [name for name in declared if name not in values]
    if missing:
        raise Fault(f"it needs a value for parameter {', '.join(missing)}")
    for name, value in values.items():
        spec = declared[name]
        shown = "what was given" if str(spec.get("NoEcho", "")).lower() == "true" else repr(value)
        if "AllowedValues" in spec and value not in map(str, spec["AllowedValues"]):
            raise Fault(f"parameter {name} must be one of {', '.join(map(str, spec['AllowedValues']))}, not {shown}")
        if "AllowedPattern" in spec and not re.fullmatch(spec["AllowedPattern"], value):
            raise Fault(f"parameter {name} must look like {spec['AllowedPattern']}, not {shown}")
        if spec["Type"] == "Number":
            if not re.fullmatch(r"-?\d+", value):
                raise Fault(f"parameter {name} must be a whole number, not {shown}")
            if not spec.get("MinValue", int(value)) <= int(value) <= spec.get("MaxValue", int(value)):
                raise Fault(f"parameter {name} must be {spec.get('MinValue')} to {spec.get('MaxValue')}, not {value}")
    return values


def translate(template, parameters, region):
    """Plain CloudFormation, and the program of each function by its logical id."""
    programs = {}
    for logical, resource in template["Resources"].items():
        if resource.get("Type") == "AWS::Serverless::Function":
            code = resource.get("Properties", {}).get("CodeUri")
            if not isinstance(code, str) or not code.endswith(".zip"):
                raise Fault(f"{logical}'s CodeUri must be a zip named after its program")
            programs[logical] = os.path.basename(code)[: -len(".zip")]
            # Translation comes after upload, where the code is in S3 already.
            resource["Properties"]["CodeUri"] = "s3://local/code.zip"

    os.environ["AWS_DEFAULT_REGION"] = region  # the translator asks boto3 for it
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of its own unpublished metrics
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    class NoManagedPolicies:
        def load(self):
            return {}

    try:
        return transform(template, dict(parameters), NoManagedPolicies()), programs
    except InvalidDocumentException as error:
        raise Fault("SAM refuses it: " + "; ".join(cause.message for cause in error.causes))


class Stack:
    """The translated template with its names settled: resolves intrinsics as CloudFormation would."""

    # Type → the part of the ARN after the account.
    ARNS = {
        "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
        "AWS::Events::EventBus": "events:{region}:{account}:event-bus/{name}",
        "AWS::IAM::Role": "iam::{account}:role/{name}",
        "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
        "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    }
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
            "AWS::AccountId": ACCOUNT, "AWS::NoValue": NOTHING, "AWS::Partition": "aws", "AWS::Region": region,
            "AWS::StackName": name, "AWS::URLSuffix": "amazonaws.com",
        }
        self.conditions = template.get("Conditions", {})
        self.resources = {logical: resource for logical, resource in template["Resources"].items()
                          if "Condition" not in resource or self.holds(resource["Condition"])}

    def of_type(self, type):
        """Logical id and resolved properties of every resource of a type."""
        return [(logical, self.resolve(resource.get("Properties", {})))
                for logical, resource in self.resources.items() if resource["Type"] == type]

    def holds(self, name):
        if name not in self.conditions:
            raise Fault(f"it has no condition {name}")
        return self.resolve(self.conditions[name])

    def physical(self, logical):
        if logical not in self.resources:
            raise Fault(f"it refers to {logical}, which is not there")
        resource = self.resources[logical]
        given = resource.get("Properties", {}).get(self.NAMES.get(resource["Type"]))
        return self.resolve(given) if given else f"{self.name}-{logical}"

    def arn(self, logical):
        name, type = self.physical(logical), self.resources[logical]["Type"]
        if type not in self.ARNS:
            raise Fault(f"it needs the ARN of {logical}, a {type}, which has none locally")
        return "arn:aws:" + self.ARNS[type].format(region=self.region, account=ACCOUNT, name=name)

    def resolve(self, node):
        if isinstance(node, list):
            return [item for item in map(self.resolve, node) if item is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, argument), = node.items()
            if key == "Ref" or key == "Condition" and isinstance(argument, str) or key.startswith("Fn::"):
                return self.intrinsic(key, argument)
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NOTHING}

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
            raise Fault(f"it asks for {logical}.{attribute}; only Arn and the name are known locally")
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
        raise Fault(f"it uses {key}, which is not understood locally")

    def substitute(self, name, extra):
        if name in extra:
            return str(self.resolve(extra[name]))
        return str(self.intrinsic("Fn::GetAtt" if "." in name else "Ref", name))


# ---------------------------------------------------------------------------------------------------
# moto


class Moto:
    """AWS's JSON calls, bare: loading boto3's models would take longer than all the calls do."""

    TARGETS = {"dynamodb": "DynamoDB_20120810", "events": "AWSEvents", "sqs": "AmazonSQS"}

    def __init__(self, endpoint, region):
        self.endpoint = endpoint
        self.region = region
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        # moto may be started at the same time as this; each takes a second of its own.
        self.patience = time.monotonic() + 10

    def call(self, service, action, **body):
        headers = {
            "Content-Type": "application/x-amz-json-1.0" if service != "events" else "application/x-amz-json-1.1",
            "X-Amz-Target": f"{self.TARGETS[service]}.{action}",
            # moto takes service and region from here, and does not check the signature unless told to.
            "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20260101/{self.region}/{service}/aws4_request, "
                             "SignedHeaders=host, Signature=0",
        }
        request = urllib.request.Request(self.endpoint, json.dumps(body).encode(), headers)
        try:
            while True:
                try:
                    with self.opener.open(request, timeout=30) as reply:
                        return json.loads(reply.read() or b"{}")
                except urllib.error.URLError as error:
                    if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > self.patience:
                        raise
                    time.sleep(0.02)
        except urllib.error.HTTPError as error:
            answer = " ".join(error.read(400).decode(errors="replace").split())
            raise Fault(f"moto refused {service} {action} with {error.code}: {answer}")
        except OSError as error:
            raise Fault(f"moto does not answer at {self.endpoint}: {getattr(error, 'reason', error)}")


def create_tables(stack, moto):
    known = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    for logical, properties in stack.of_type("AWS::DynamoDB::Table"):
        name = stack.physical(logical)
        moto.call("dynamodb", "CreateTable", TableName=name,
                  **{key: properties[key] for key in known if key in properties})
        if "TimeToLiveSpecification" in properties:
            moto.call("dynamodb", "UpdateTimeToLive", TableName=name,
                      TimeToLiveSpecification=properties["TimeToLiveSpecification"])


def create_queues(stack, moto):
    """The address of each queue, by its ARN."""
    return {stack.arn(logical): create_queue(moto, stack.physical(logical))
            for logical, _ in stack.of_type("AWS::SQS::Queue")}


def create_queue(moto, name):
    return moto.call("sqs", "CreateQueue", QueueName=name)["QueueUrl"]


def create_buses(stack, moto):
    for logical, _ in stack.of_type("AWS::Events::EventBus"):
        # A partner's bus has slashes in its name, and moto looks up what follows the last one whenever
        # a rule or an event names a bus. Made under that, it is found by its full name.
        moto.call("events", "CreateEventBus", Name=stack.physical(logical).rsplit("/", 1)[-1])


def create_archives(stack, moto):
    for logical, properties in stack.of_type("AWS::Events::Archive"):
        moto.call("events", "CreateArchive", ArchiveName=stack.physical(logical), EventSourceArn=properties["SourceArn"],
                  RetentionDays=int(properties.get("RetentionDays", 0)))


def create_rules(stack, moto, queues):
    """The taps of each function, by its ARN."""
    taps = {}
    for logical, properties in stack.of_type("AWS::Events::Rule"):
        if "EventPattern" not in properties:
            raise Fault(f"{logical} has no EventPattern; schedules belong to AWS::Scheduler::Schedule")
        rule = stack.physical(logical)
        bus = properties.get("EventBusName", "default")
        moto.call("events", "PutRule", Name=rule, EventBusName=bus,
                  EventPattern=json.dumps(properties["EventPattern"]), State=properties.get("State", "ENABLED"))
        for number, target in enumerate(properties.get("Targets", [])):
            if ":lambda:" not in target["Arn"]:
                raise Fault(f"{logical} has the target {target['Arn']}; only functions are known locally")
            tap = f"{rule}-tap" if number == 0 else f"{rule}-tap-{number}"
            taps.setdefault(target["Arn"], []).append({
                "rule": rule,
                "queueUrl": create_queue(moto, tap),
                "deadLetterQueueUrl": queue_of(target.get("DeadLetterConfig"), queues),
            })
            moto.call("events", "PutTargets", Rule=rule, EventBusName=bus, Targets=[
                {"Id": target["Id"], "Arn": f"arn:aws:sqs:{stack.region}:{ACCOUNT}:{tap}"}])
    return taps


def queue_of(config, queues):
    return queues[config["Arn"]] if config else None


# ---------------------------------------------------------------------------------------------------
# What the local stack is told


def describe(stack, programs, queues, taps):
    routes, schedules, asynchronous = find_routes(stack), find_schedules(stack, queues), find_async(stack, queues)
    functions = []
    for logical, properties in stack.of_type("AWS::Lambda::Function"):
        if logical not in programs:
            raise Fault(f"{logical} must be an AWS::Serverless::Function, so that its program can be told")
        arn = stack.arn(logical)
        functions.append({
            "name": programs[logical],
            "functionName": properties["FunctionName"],
            "timeout": int(properties.get("Timeout", 3)),
            "memory": int(properties.get("MemorySize", 128)),
            "reservedConcurrency": properties.get("ReservedConcurrentExecutions"),
            "environment": {name: str(value) for name, value
                            in properties.get("Environment", {}).get("Variables", {}).items()},
            "routes": routes.get(arn, []),
            "schedules": schedules.get(arn, []),
            "taps": taps.get(arn, []),
            # Where the template is silent, these are Lambda's own.
            **asynchronous.get(properties["FunctionName"],
                               {"maximumRetryAttempts": 2, "maximumEventAge": 21600, "onFailureQueueUrl": None}),
        })
    return {"table": only(stack, "AWS::DynamoDB::Table"), "eventBus": order_bus(stack), "functions": functions}


def only(stack, type):
    names = [stack.physical(logical) for logical, _ in stack.of_type(type)]
    if len(names) != 1:
        raise Fault(f"it must have exactly one {type}, but has {len(names)}")
    return names[0]


def order_bus(stack):
    """The bus that is ours: a partner's has a source of its own."""
    names = [stack.physical(logical) for logical, properties in stack.of_type("AWS::Events::EventBus")
             if "EventSourceName" not in properties]
    if len(names) != 1:
        raise Fault(f"it must have exactly one bus of its own, but has {len(names)}")
    return names[0]


def find_routes(stack):
    """SAM writes the routes of an HTTP API into an OpenAPI document."""
    routes = {}
    for logical, properties in stack.of_type("AWS::ApiGatewayV2::Api"):
        for path, methods in properties.get("Body", {}).get("paths", {}).items():
            for method, operation in methods.items():
                integration = operation.get("x-amazon-apigateway-integration", {})
                match = re.search(r"functions/(arn:[^/]+)/invocations$", integration.get("uri", ""))
                if not match:
                    raise Fault(f"{logical}'s route {method.upper()} {path} leads to no function")
                routes.setdefault(match[1], []).append({
                    "method": method.upper(),
                    "path": path,
                    "payloadFormatVersion": integration.get("payloadFormatVersion", "2.0"),
                })
    return routes


def find_schedules(stack, queues):
    units = {"minute": 60, "hour": 3600, "day": 86400}
    schedules = {}
    for logical, properties in stack.of_type("AWS::Scheduler::Schedule"):
        expression = properties.get("ScheduleExpression", "")
        match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
        if not match:
            raise Fault(f"{logical} runs at {expression!r}; only rate(…) is understood locally")
        target = properties["Target"]
        schedules.setdefault(target["Arn"], []).append({
            "name": properties.get("Name", stack.physical(logical)),
            "seconds": int(match[1]) * units[match[2]],
            "input": target.get("Input"),
            "deadLetterQueueUrl": queue_of(target.get("DeadLetterConfig"), queues),
        })
    return schedules


def find_async(stack, queues):
    settings = {}
    for _, properties in stack.of_type("AWS::Lambda::EventInvokeConfig"):
        destination = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        settings[properties["FunctionName"]] = {
            "maximumRetryAttempts": int(properties.get("MaximumRetryAttempts", 2)),
            "maximumEventAge": int(properties.get("MaximumEventAgeInSeconds", 21600)),
            "onFailureQueueUrl": queues[destination] if destination else None,
        }
    return settings


# ---------------------------------------------------------------------------------------------------


def read(path, given, region="eu-west-1", name="local"):
    """The template as a stack, and its programs. Touches nothing but the file."""
    template = load(path)
    parameters = choose(template.get("Parameters", {}), given)
    translated, programs = translate(template, parameters, region)
    return Stack(translated, parameters, region, name), programs


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--template", required=True)
    options.add_argument("--endpoint", required=True, help="moto's address")
    options.add_argument("--region", required=True)
    options.add_argument("--stack-name", default="local", help="start of every name (default: local)")
    options.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    options = options.parse_args()
    try:
        odd = [pair for pair in options.parameter if "=" not in pair]
        if odd:
            raise Fault(f"--parameter takes Name=Value, not {odd[0]!r}")
        stack, programs = read(options.template, dict(pair.split("=", 1) for pair in options.parameter),
                               options.region, options.stack_name)
        moto = Moto(options.endpoint, options.region)
        create_tables(stack, moto)
        queues = create_queues(stack, moto)
        create_buses(stack, moto)
        create_archives(stack, moto)
        answer = describe(stack, programs, queues, create_rules(stack, moto, queues))
    except Fault as fault:
        sys.exit(f"{options.template}: {fault}")
    except ModuleNotFoundError as error:
        sys.exit(f"{options.template}: the Python package {error.name} is missing: install requirements.txt")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # A shape nobody thought of. The reader wants to know where to look, not how Python got here.
        sys.exit(f"{options.template}: a part of it has an unexpected shape ({type(error).__name__}: {error})")
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
