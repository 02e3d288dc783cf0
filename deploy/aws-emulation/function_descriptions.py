"""Describes template.yaml to the testbed: each function's program, environment, triggers and retries; the alarms."""

import re

from permissions import permissions
from sam_template import TemplateError

# Lambda's own, where the template sets nothing.
DEFAULT_TIMEOUT = 3
DEFAULT_MEMORY = 128
DEFAULT_RETRY_ATTEMPTS = 2
DEFAULT_EVENT_AGE = 21600
DEFAULT_BATCH_SIZE = 10
DEFAULT_VISIBILITY_TIMEOUT = 30


def describe(stack, programs, queues, rule_queues):
    routes, schedules, mappings = find_routes(stack), find_schedules(stack), find_mappings(stack, queues)
    asynchronous = find_async_settings(stack, queues)
    functions = []
    for logical, properties in stack.of_type("AWS::Lambda::Function"):
        if logical not in programs:
            raise TemplateError(f"{logical} must be an AWS::Serverless::Function, whose CodeUri names its program")
        arn = stack.arn(logical)
        variables = properties.get("Environment", {}).get("Variables", {})
        functions.append(
            {
                "name": programs[logical],
                "functionName": properties["FunctionName"],
                "timeoutSeconds": int(properties.get("Timeout", DEFAULT_TIMEOUT)),
                "memoryMB": int(properties.get("MemorySize", DEFAULT_MEMORY)),
                "reservedConcurrency": reserved_concurrency(properties),
                "isTraced": properties.get("TracingConfig", {}).get("Mode") == "Active",
                "permissions": permissions(stack, properties["Role"]),
                "environment": {name: str(value) for name, value in variables.items()},
                "routes": routes.get(arn, []),
                "schedules": schedules.get(arn, []),
                "ruleQueues": rule_queues.get(arn, []),
                "queueMappings": mappings.get(properties["FunctionName"], []),
                **asynchronous.get(properties["FunctionName"], async_settings({}, queues)),
            }
        )
    return {
        "table": only_table(stack),
        "eventBus": order_bus(stack),
        "functions": functions,
        "alarms": find_alarms(stack),
    }


def reserved_concurrency(properties):
    reserved = properties.get("ReservedConcurrentExecutions")
    return None if reserved is None else int(reserved)


def only_table(stack):
    names = [stack.physical(logical) for logical, _ in stack.of_type("AWS::DynamoDB::Table")]
    if len(names) != 1:
        raise TemplateError(f"it must have exactly one AWS::DynamoDB::Table, but has {len(names)}")
    return names[0]


def order_bus(stack):
    """The suite's own bus. A partner's bus has an EventSourceName."""
    names = [
        stack.physical(logical)
        for logical, properties in stack.of_type("AWS::Events::EventBus")
        if "EventSourceName" not in properties
    ]
    if len(names) != 1:
        raise TemplateError(f"it must have exactly one bus of its own, but has {len(names)}")
    return names[0]


def find_routes(stack):
    """The routes of each function by ARN. SAM writes them into the OpenAPI document of the HTTP API."""
    routes = {}
    for logical, properties in stack.of_type("AWS::ApiGatewayV2::Api"):
        for path, methods in properties.get("Body", {}).get("paths", {}).items():
            for method, operation in methods.items():
                integration = operation.get("x-amazon-apigateway-integration", {})
                match = re.search(r"functions/(arn:[^/]+)/invocations$", integration.get("uri", ""))
                if not match:
                    raise TemplateError(f"{logical}'s route {method.upper()} {path} invokes no function")
                routes.setdefault(match[1], []).append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "payloadFormatVersion": integration.get("payloadFormatVersion", "2.0"),
                    }
                )
    return routes


def find_schedules(stack):
    """The schedules of each function by ARN."""
    units = {"minute": 60, "hour": 3600, "day": 86400}
    schedules = {}
    for logical, properties in stack.of_type("AWS::Scheduler::Schedule"):
        expression = properties.get("ScheduleExpression", "")
        match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
        if not match:
            raise TemplateError(f"{logical} runs at {expression!r}; the testbed supports only rate(…)")
        target = properties["Target"]
        schedules.setdefault(target["Arn"], []).append(
            {
                "name": properties.get("Name", stack.physical(logical)),
                "seconds": int(match[1]) * units[match[2]],
                "input": target.get("Input"),
            }
        )
    return schedules


def find_mappings(stack, queues):
    """The event source mappings of each function by its name: the queues that Lambda polls for it."""
    properties_of = {stack.arn(logical): properties for logical, properties in stack.of_type("AWS::SQS::Queue")}
    mappings = {}
    for logical, properties in stack.of_type("AWS::Lambda::EventSourceMapping"):
        arn = properties["EventSourceArn"]
        if arn not in queues:
            raise TemplateError(f"{logical} polls {arn}; the testbed supports only queues of the template")
        queue = properties_of[arn]
        letters = queue.get("RedrivePolicy", {}).get("deadLetterTargetArn")
        concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
        mappings.setdefault(properties["FunctionName"], []).append(
            {
                "queueUrl": queues[arn],
                "queueArn": arn,
                "deadLetterQueueUrl": queues[letters] if letters else None,
                "visibilityTimeoutSeconds": int(queue.get("VisibilityTimeout", DEFAULT_VISIBILITY_TIMEOUT)),
                "batchSize": int(properties.get("BatchSize", DEFAULT_BATCH_SIZE)),
                "maximumConcurrency": int(concurrency) if concurrency else None,
                "reportsItemFailures": "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
            }
        )
    return mappings


def find_async_settings(stack, queues):
    """What Lambda does with an asynchronous event that fails, by function name."""
    return {
        properties["FunctionName"]: async_settings(properties, queues)
        for _, properties in stack.of_type("AWS::Lambda::EventInvokeConfig")
    }


def async_settings(properties, queues):
    destination = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return {
        "maximumRetryAttempts": int(properties.get("MaximumRetryAttempts", DEFAULT_RETRY_ATTEMPTS)),
        "maximumEventAgeSeconds": int(properties.get("MaximumEventAgeInSeconds", DEFAULT_EVENT_AGE)),
        "onFailureQueueUrl": queues[destination] if destination else None,
    }


def find_alarms(stack):
    """The alarms, as deploy/drill judges them. One over metric math other than a sum has no rule."""
    return [
        {"name": properties["AlarmName"].removeprefix(f"{stack.name}-"), "rule": alarm_rule(properties)}
        for _, properties in stack.of_type("AWS::CloudWatch::Alarm")
    ]


def alarm_rule(properties):
    if "MetricName" in properties:
        metrics, statistic, period = [properties], properties["Statistic"], properties["Period"]
    else:
        stats = [entry["MetricStat"] for entry in properties["Metrics"] if "MetricStat" in entry]
        expressions = [entry["Expression"] for entry in properties["Metrics"] if "Expression" in entry]
        if expressions != ["SUM(METRICS())"] or len({(stat["Stat"], stat["Period"]) for stat in stats}) != 1:
            return None
        metrics, statistic, period = [stat["Metric"] for stat in stats], stats[0]["Stat"], stats[0]["Period"]
        if statistic != "Sum":
            return None
    periods = int(properties["EvaluationPeriods"])
    return {
        "metrics": [
            {
                "namespace": metric["Namespace"],
                "name": metric["MetricName"],
                "dimensions": {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", [])},
            }
            for metric in metrics
        ],
        "statistic": statistic,
        "periodSeconds": int(period),
        "evaluationPeriods": periods,
        "datapointsToAlarm": int(properties.get("DatapointsToAlarm", periods)),
        "threshold": float(properties["Threshold"]),
        "comparison": properties["ComparisonOperator"],
        "missingData": properties.get("TreatMissingData", "missing"),
    }
