"""Sends the messages of a dead-letter queue to their targets again.

Called by deploy/redrive, for the queues that SQS's own redrive cannot empty. They hold two kinds of messages. Lambda
writes a record with event and function when a function has failed in every retry. EventBridge and its scheduler write
the bare event when they cannot deliver it; the message attribute TARGET_ARN names the function or the queue that it was
for, and --function names a function where the attribute is missing.

The targets are the functions and the order queue of the stack that the dead-letter queue belongs to, and nothing else:
whoever may write to the queue must not reach everything that the operator may reach.

A function is invoked asynchronously, as it was the first time. It may fail again, and Lambda then returns the event to
the queue. A duplicate event does no harm, so a message is deleted after its target has accepted it, never before.
"""

import argparse
import contextlib
import json
import os
import re
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# Seconds: enough for a batch, however slow Lambda is. Messages that stay become visible again at the end.
VISIBILITY = 300
HOME = r":(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
FUNCTION = re.compile(rf"arn:aws[a-z-]*:lambda{HOME}function:(?P<name>[\w-]+)(:[\w$-]+)?")
QUEUE = re.compile(rf"arn:aws[a-z-]*:sqs{HOME}(?P<name>[\w-]+)")


class CannotRedrive(Exception):
    """Why a message stays in the queue."""


def parse(message, fallback):
    """Returns the target and the payload of a message.

    - fallback: the function of a message that names none
    """
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    try:
        body = json.loads(message["Body"])
    except ValueError:
        raise CannotRedrive("not JSON") from None
    if not isinstance(body, dict):
        raise CannotRedrive("not an event")
    if attributes.get("IS_PAYLOAD_TRUNCATED") == "true":
        raise CannotRedrive("truncated: the event was too long for the queue")

    # Only Lambda's records have this member; events of rules and schedules have none.
    if "requestContext" in body:
        context, payload = body["requestContext"], body.get("requestPayload")
        target = context.get("functionArn") if isinstance(context, dict) else None
        if payload is None or not isinstance(target, str):
            raise CannotRedrive("a Lambda record without event or function")
    else:
        target, payload = attributes.get("TARGET_ARN", ""), body
        if not parts_of(target):
            if not fallback:
                raise CannotRedrive("names no target: name a function with --function")
            target = fallback
    return target, payload


def parts_of(arn):
    return FUNCTION.fullmatch(arn) or QUEUE.fullmatch(arn)


def reason_of(error):
    """The error's name only: its text may contain what was sent."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


class Targets:
    """The functions of the queue's stack by name, and the URL of its order queue."""

    def __init__(self, cloudformation, sqs, queue):
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"].split(":")
        self.home = (arn[3], arn[4])
        self.stack = cloudformation.describe_stack_resources(PhysicalResourceId=queue)["StackResources"][0]["StackName"]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.stack)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        self.functions = {
            resource["PhysicalResourceId"]
            for resource in resources
            if resource["ResourceType"] == "AWS::Lambda::Function"
        }
        self.queues = {
            resource["PhysicalResourceId"].rsplit("/", 1)[-1]: resource["PhysicalResourceId"]
            for resource in resources
            if resource["LogicalResourceId"] == "OrderQueue"
        }

    def check(self, target):
        """Returns the name of a function and None, or None and the URL of a queue."""
        parts = parts_of(target)
        if parts is None and target in self.functions:
            return target, None
        if parts and (parts["region"], parts["account"]) == self.home:
            if QUEUE.fullmatch(target) and parts["name"] in self.queues:
                return None, self.queues[parts["name"]]
            if FUNCTION.fullmatch(target) and parts["name"] in self.functions:
                return parts["name"], None
        raise CannotRedrive(f"names no function of the stack {self.stack}, and not its order queue")


class Redrive:
    def __init__(self, sqs, functions, targets, queue, fallback):
        self.sqs, self.functions, self.targets = sqs, functions, targets
        self.queue, self.fallback = queue, fallback
        self.sent, self.stayed = 0, {}

    def run(self, most):
        """Handles up to `most` messages."""
        while (left := most - self.sent - len(self.stayed)) > 0:
            messages = self.sqs.receive_message(
                QueueUrl=self.queue,
                MaxNumberOfMessages=min(10, left),
                VisibilityTimeout=VISIBILITY,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            fresh = [message for message in messages if message["MessageId"] not in self.stayed]
            for message in fresh:
                self.handle(message)
            # Only messages that this run has already seen: it has handled the whole queue.
            if not fresh:
                break
        for handle in self.stayed.values():
            # If this fails, the message becomes visible by itself when VISIBILITY is over.
            with contextlib.suppress(BotoCoreError, ClientError):
                self.sqs.change_message_visibility(QueueUrl=self.queue, ReceiptHandle=handle, VisibilityTimeout=0)

    def handle(self, message):
        identity = message["MessageId"]
        try:
            target, payload = parse(message, self.fallback)
            function, queue = self.targets.check(target)
            self.send(function, queue, json.dumps(payload))
        except CannotRedrive as reason:
            return self.keep(message, str(reason))
        except (BotoCoreError, ClientError) as error:
            return self.keep(message, f"{target} did not accept it ({reason_of(error)})")
        try:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        except (BotoCoreError, ClientError) as error:
            return self.keep(message, f"sent, but not deleted ({reason_of(error)})")
        self.sent += 1
        print(f"{identity}  sent to {function or queue.rsplit('/', 1)[-1]}", flush=True)

    def send(self, function, queue, payload):
        if queue:
            self.sqs.send_message(QueueUrl=queue, MessageBody=payload)
        else:
            self.functions.invoke(FunctionName=function, InvocationType="Event", Payload=payload.encode())

    def keep(self, message, reason):
        self.stayed[message["MessageId"]] = message["ReceiptHandle"]
        print(f"{message['MessageId']}  stays: {reason}", flush=True)


def region(queue):
    """The region in the queue's URL, or the environment's if the URL names none."""
    found = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.", queue)
    return found[1] if found else os.environ.get("AWS_REGION") or boto3.session.Session().region_name


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


def main():
    options = argparse.ArgumentParser(prog="deploy/redrive", description=__doc__.splitlines()[0])
    options.add_argument("queue", metavar="queue-url")
    options.add_argument("--function", metavar="NAME", help="function for messages that name none")
    options.add_argument(
        "--max", type=positive, default=1000, metavar="N", help="maximum number of messages (default: 1000)"
    )
    options = options.parse_args()
    try:
        home = region(options.queue)
        sqs, functions, cloudformation = (boto3.client(name, home) for name in ("sqs", "lambda", "cloudformation"))
        targets = Targets(cloudformation, sqs, options.queue)
        redrive = Redrive(sqs, functions, targets, options.queue, options.function)
        redrive.run(options.max)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{options.queue}: {error}")
    print(f"{redrive.sent} sent again, {len(redrive.stayed)} stayed")
    sys.exit(1 if redrive.stayed else 0)


if __name__ == "__main__":
    main()
