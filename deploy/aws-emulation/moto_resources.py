"""Creates the resources of template.yaml in moto.

moto's own CloudFormation is not used: it supports neither routes, schedules, asynchronous settings nor a table's time
to live, and with it a rule that targets a Lambda function makes PutEvents fail. So each resource is created by its own
call, and a rule that targets a function has a queue in its place, which the testbed polls for the function.
"""

import json

from sam_template import ACCOUNT, TemplateError


def create_resources(stack, moto):
    """Returns the URL of each queue by its ARN, and the queues that stand for each function in rules by its ARN."""
    create_tables(stack, moto)
    queues = create_queues(stack, moto)
    create_buses(stack, moto)
    create_archives(stack, moto)
    return queues, create_rules(stack, moto)


def create_tables(stack, moto):
    known = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    for logical, properties in stack.of_type("AWS::DynamoDB::Table"):
        name = stack.physical(logical)
        moto.call(
            "dynamodb", "CreateTable", TableName=name, **{key: properties[key] for key in known if key in properties}
        )
        if "TimeToLiveSpecification" in properties:
            moto.call(
                "dynamodb",
                "UpdateTimeToLive",
                TableName=name,
                TimeToLiveSpecification=properties["TimeToLiveSpecification"],
            )


def create_queues(stack, moto):
    """Dead-letter queues first: SQS refuses a redrive policy that names a queue that does not exist."""
    queues = sorted(stack.of_type("AWS::SQS::Queue"), key=lambda queue: "RedrivePolicy" in queue[1])
    return {
        stack.arn(logical): create_queue(moto, stack.physical(logical), properties) for logical, properties in queues
    }


def create_queue(moto, name, properties):
    known = ("MessageRetentionPeriod", "RedrivePolicy", "VisibilityTimeout")
    attributes = {key: properties[key] for key in known if key in properties}
    texts = {key: json.dumps(value) if isinstance(value, dict) else str(value) for key, value in attributes.items()}
    return moto.call("sqs", "CreateQueue", QueueName=name, Attributes=texts)["QueueUrl"]


def create_buses(stack, moto):
    for logical, _ in stack.of_type("AWS::Events::EventBus"):
        # The name of a partner's bus contains slashes, and moto looks up only the part after the last one whenever a
        # rule or an event names a bus. Created under that part, the bus is found by its full name.
        moto.call("events", "CreateEventBus", Name=stack.physical(logical).rsplit("/", 1)[-1])


def create_archives(stack, moto):
    for logical, properties in stack.of_type("AWS::Events::Archive"):
        moto.call(
            "events",
            "CreateArchive",
            ArchiveName=stack.physical(logical),
            EventSourceArn=properties["SourceArn"],
            RetentionDays=int(properties.get("RetentionDays", 0)),
        )


def create_rules(stack, moto):
    rule_queues = {}
    for logical, properties in stack.of_type("AWS::Events::Rule"):
        if "EventPattern" not in properties:
            raise TemplateError(f"{logical} has no EventPattern; schedules belong to AWS::Scheduler::Schedule")
        rule = stack.physical(logical)
        bus = properties.get("EventBusName", "default")
        moto.call(
            "events",
            "PutRule",
            Name=rule,
            EventBusName=bus,
            EventPattern=json.dumps(properties["EventPattern"]),
            State=properties.get("State", "ENABLED"),
        )
        for target in properties.get("Targets", []):
            arn = target["Arn"]
            if ":lambda:" in arn:
                name = f"{rule}-{target['Id']}"
                rule_queues.setdefault(arn, []).append({"rule": rule, "queueUrl": create_queue(moto, name, {})})
                arn = f"arn:aws:sqs:{stack.region}:{ACCOUNT}:{name}"
            elif ":sqs:" not in arn:
                raise TemplateError(f"{logical} targets {arn}; the testbed supports only functions and queues")
            moto.call("events", "PutTargets", Rule=rule, EventBusName=bus, Targets=[{"Id": target["Id"], "Arn": arn}])
    return rule_queues
