"""AWS for the tests of deploy/dev and its relatives: moto in the test's process, with its CloudFormation.

deploy/FIRST-HOUR.md lists what moto cannot do. What it lacks and a deployment needs is added here: SAM's transform,
names of event buses, outputs, an HTTP API that has an id, failures, and two answers of Lambda.
"""

import contextlib
import functools
import io
import json
import logging
import os
import pickle
import unittest.mock
import warnings

import boto3
import botocore.client
import moto
import yaml
from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.utils import yaml_tag_constructor
from moto.events.models import EventBus

from support import REGION

LIMITS = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}


class Api:
    """An HTTP API that has an id and no more."""

    @staticmethod
    def cloudformation_name_type():
        return ""

    @staticmethod
    def cloudformation_type():
        return "AWS::ApiGatewayV2::Api"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        api = cls()
        api.physical_resource_id = "api" + resource_name.rsplit("-", 1)[-1].lower()
        return api

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, *arguments, **keywords):
        return original_resource

    def delete(self, account_id, region_name):
        pass


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads YAML ten times as fast as moto's."""


Loader.add_multi_constructor("", yaml_tag_constructor)
_load = yaml.load


def _load_once(stream, Loader):
    """moto reads a template several times in each call."""
    return pickle.loads(_pickled(stream)) if isinstance(stream, str) else _load(stream, Loader)


@functools.cache
def _pickled(text):
    return pickle.dumps(_load(text, Loader))


@functools.cache
def _transformed(text, parameters):
    """What SAM's transform makes of a template: the translator is SAM's own."""
    from samtranslator.translator.transform import transform

    class NoManagedPolicies:
        def load(self):
            return {}

    return pickle.dumps(transform(_load_once(text, Loader), dict(parameters), NoManagedPolicies()))


_parse, _apply, _parameters = ChangeSet._parse_template, ChangeSet.apply, Stack.parameter_list


def _parse_and_transform(self):
    _parse(self)
    if "Transform" in self.template_dict:
        self.template_dict = pickle.loads(_transformed(self.template, tuple(self.parameters.items())))


def _apply_with_outputs(self):
    stack = self.stack
    failing = Cloud.failing and next((name for name in self.template_dict["Resources"] if name == Cloud.failing), None)
    if failing:
        return
    _apply(self)
    stack.parameters, stack.template_dict = self.parameters, self.template_dict
    stack.output_map = stack._create_output_map()


def _hidden_parameters(self):
    hidden = self.resource_map.no_echo_parameter_keys
    return [
        {**entry, "ParameterValue": "****"} if entry["ParameterKey"] in hidden else entry
        for entry in _parameters.fget(self)
    ]


_execute = CloudFormationBackend.execute_change_set


def _execute_or_fail(self, change_set_name, stack_name=None):
    change_set = self.describe_change_set(change_set_name)
    stack = self.stacks[change_set.stack_id]
    _execute(self, change_set_name, stack_name)
    if Cloud.failing in change_set.template_dict["Resources"]:
        stack._add_stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
        for name, reason in ((Cloud.failing, Cloud.reason), ("ApiLogs", "Resource update cancelled")):
            stack._add_stack_event("UPDATE_FAILED", reason)
            stack.events[-1].logical_resource_id, stack.events[-1].resource_type = name, "AWS::Lambda::Function"
        stack.status = "UPDATE_ROLLBACK_COMPLETE" if change_set.change_set_type == "UPDATE" else "ROLLBACK_COMPLETE"


class Session:
    """boto3's, whose clients last for all tests: to make one takes as long as ten calls."""

    def __init__(self, profile_name=None, region_name=None):
        self.profile_name, self.region_name = profile_name, region_name

    def client(self, service):
        return _client(service, self.region_name)


_session = boto3.Session()


@functools.cache
def _client(service, region):
    return _session.client(service, region)


class Cloud:
    """An AWS for one test.

    - token: what refresh-sf-token answers: a message of failure, or None
    - answers: what refresh-sf-token answers to its next invocations instead
    - failing, reason: a resource whose deployment fails, and why
    """

    token, failing, reason = None, None, ""

    def __init__(self, test):
        Cloud.token = Cloud.failing = None
        self.invoked, self.answers, self.policies = [], [], {}
        logging.getLogger("moto").setLevel(logging.ERROR)  # It warns of each resource that it does not create.
        logging.getLogger("samtranslator").setLevel(logging.ERROR)
        environment = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        call = botocore.client.BaseClient._make_api_call

        def answer(client, operation, arguments):
            # moto's Lambda runs functions in Docker, and has no account settings.
            if operation == "GetAccountSettings":
                return {"AccountLimit": dict(LIMITS)}
            # moto's S3 applies a policy without its conditions, and would refuse everything.
            if operation == "PutBucketPolicy":
                self.policies[arguments["Bucket"]] = json.loads(arguments["Policy"])
                return {}
            if operation == "Invoke":
                self.invoked.append(arguments["FunctionName"])
                if self.answers:
                    return {"Payload": io.BytesIO(self.answers.pop(0))}
                failure = {"FunctionError": "Unhandled"} if self.token else {}
                body = b'{"errorMessage": "%s"}' % self.token.encode() if self.token else b'{"refreshed": true}'
                return {**failure, "Payload": io.BytesIO(body)}
            reply = call(client, operation, arguments)
            # moto lists what it does not create as resources without a name.
            if operation == "ListStackResources":
                found = reply["StackResourceSummaries"]
                reply["StackResourceSummaries"] = [resource for resource in found if resource["ResourceType"]]
            return reply

        warnings.simplefilter("ignore")
        stack = contextlib.ExitStack()
        test.addCleanup(stack.close)
        for patch in (
            unittest.mock.patch.dict(os.environ, environment),
            moto.mock_aws(),
            unittest.mock.patch.object(botocore.client.BaseClient, "_make_api_call", answer),
            unittest.mock.patch.object(ChangeSet, "_parse_template", _parse_and_transform),
            unittest.mock.patch.object(ChangeSet, "apply", _apply_with_outputs),
            unittest.mock.patch.object(Stack, "parameter_list", property(_hidden_parameters)),
            unittest.mock.patch.object(CloudFormationBackend, "execute_change_set", _execute_or_fail),
            unittest.mock.patch.object(EventBus, "physical_resource_id", property(lambda bus: bus.name), create=True),
            unittest.mock.patch.object(yaml, "load", _load_once),
            unittest.mock.patch.object(boto3, "Session", Session),
            unittest.mock.patch.dict(parsing.get_model_map(), {Api.cloudformation_type(): Api}),
        ):
            stack.enter_context(patch)

    @staticmethod
    def client(service):
        return Session(region_name=REGION).client(service)
