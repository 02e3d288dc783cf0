"""Sends a dead-letter queue's content again. Called by deploy/redrive.

Three kinds of messages lie in the queues of template.yaml. A record of Lambda's (a function failed to the end) holds
event and function. What EventBridge and its scheduler could not deliver is the plain event; the function is told by
the message's attribute TARGET_ARN, or by --function where that is missing.

A function is invoked asynchronously, as it was the first time: it may fail again, and the event then comes back to
the queue. That an event is sent twice does no harm, so a message is deleted after it was accepted, never before.
"""

import argparse
import json
import os
import re
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# Long enough for a batch, however slow Lambda is; what stays is shown again at the end.
VISIBILITY = 300
FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:[\w-]+(:[\w$-]+)?")


class Stays(Exception):
    """Why a message can't be sent again."""


def understand(message, fallback, home):
    """The function and the payload of a message. `home` is the queue's region and account."""
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    try:
        body = json.loads(message["Body"])
    except ValueError:
        raise Stays("it is not JSON")
    if not isinstance(body, dict):
        raise Stays("it is no event")
    if attributes.get("IS_PAYLOAD_TRUNCATED") == "true":
        raise Stays("it was too long for the queue, and is cut")

    # Only Lambda's records have this: what rules and schedules send has none.
    if "requestContext" in body:
        context, payload = body["requestContext"], body.get("requestPayload")
        function = context.get("functionArn") if isinstance(context, dict) else None
        if payload is None or not isinstance(function, str):
            raise Stays("it is a record of Lambda's without event or function")
    else:
        function, payload = attributes.get("TARGET_ARN", ""), body
        if not FUNCTION.fullmatch(function):
            if not fallback:
                raise Stays("it does not say whose it is: name the function with --function")
            return fallback, payload

    # Whoever can write to the queue must not choose among all that the operator may invoke.
    named = FUNCTION.fullmatch(function)
    if not named or (named["region"], named["account"]) != home:
        raise Stays("it names no function of this account and region")
    return function, payload


def why(error):
    """The error's name: its text may hold what was sent."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


class Redrive:
    def __init__(self, sqs, functions, queue, fallback):
        self.sqs, self.functions, self.queue, self.fallback = sqs, functions, queue, fallback
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"].split(":")
        self.home = (arn[3], arn[4])
        self.sent, self.stayed = 0, {}

    def run(self, most):
        """Handles `most` messages, or as many as there are."""
        while (left := most - self.sent - len(self.stayed)) > 0:
            messages = self.sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=min(10, left), VisibilityTimeout=VISIBILITY, WaitTimeSeconds=1,
                MessageAttributeNames=["All"]).get("Messages", [])
            fresh = [message for message in messages if message["MessageId"] not in self.stayed]
            for message in fresh:
                self.handle(message)
            # An old one again: the queue has been gone through.
            if not fresh:
                break
        for handle in self.stayed.values():
            try:
                self.sqs.change_message_visibility(QueueUrl=self.queue, ReceiptHandle=handle, VisibilityTimeout=0)
            except (BotoCoreError, ClientError):
                pass  # it shows again by itself, later

    def handle(self, message):
        identity = message["MessageId"]
        try:
            function, payload = understand(message, self.fallback, self.home)
            self.functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode())
        except Stays as reason:
            return self.keep(message, f"{reason}")
        except (BotoCoreError, ClientError) as error:
            return self.keep(message, f"{function} did not accept it ({why(error)})")
        try:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        except (BotoCoreError, ClientError) as error:
            return self.keep(message, f"it was sent, but can't be deleted ({why(error)})")
        self.sent += 1
        print(f"{identity}  sent to {function.split(':function:')[-1]}", flush=True)

    def keep(self, message, reason):
        self.stayed[message["MessageId"]] = message["ReceiptHandle"]
        print(f"{message['MessageId']}  stays: {reason}", flush=True)


def region(queue):
    """The queue's own; the environment's for an endpoint that does not tell."""
    told = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.", queue)
    return told[1] if told else os.environ.get("AWS_REGION") or boto3.session.Session().region_name


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


def main():
    options = argparse.ArgumentParser(prog="deploy/redrive", description=__doc__.splitlines()[0])
    options.add_argument("queue", metavar="queue-url")
    options.add_argument("--function", metavar="NAME", help="the function for messages that do not say whose they are")
    options.add_argument("--max", type=positive, default=1000, metavar="N", help="how many at the most (default: 1000)")
    options = options.parse_args()
    try:
        where = region(options.queue)
        redrive = Redrive(boto3.client("sqs", where), boto3.client("lambda", where), options.queue, options.function)
        redrive.run(options.max)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{options.queue}: {error}")
    print(f"{redrive.sent} sent again, {len(redrive.stayed)} stayed")
    sys.exit(1 if redrive.stayed else 0)


if __name__ == "__main__":
    main()
