"""Creates the resources of template.yaml in moto.

moto's own CloudFormation is not used: it supports neither routes, schedules, asynchronous settings nor a table's time
to live, and with it a rule that targets a Lambda function makes PutEvents fail. So each resource is created by its own
call, and a rule targets a queue in place of its function; the testbed polls that queue for the function.
"""

import json

from sam_template import ACCOUNT, TemplateError


def create_resources(stack, moto):
    """Returns the URL of each queue by its ARN, and the queues of each function's rules by the function's ARN."""
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
    return {
        stack.arn(logical): create_queue(moto, stack.physical(logical))
        for logical, _ in stack.of_type("AWS::SQS::Queue")
    }


def create_queue(moto, name):
    return moto.call("sqs", "CreateQueue", QueueName=name)["QueueUrl"]


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
        for number, target in enumerate(properties.get("Targets", [])):
            if ":lambda:" not in target["Arn"]:
                raise TemplateError(f"{logical} targets {target['Arn']}; the testbed supports only functions")
            name = f"{rule}-events" if number == 0 else f"{rule}-events-{number}"
            rule_queues.setdefault(target["Arn"], []).append({"rule": rule, "queueUrl": create_queue(moto, name)})
            queue_target = {"Id": target["Id"], "Arn": f"arn:aws:sqs:{stack.region}:{ACCOUNT}:{name}"}
            moto.call("events", "PutTargets", Rule=rule, EventBusName=bus, Targets=[queue_target])
    return rule_queues
