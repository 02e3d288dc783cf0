"""The functions of template.yaml: their variables, their permissions, their logs."""

import fnmatch
import re
import unittest

from support import (
    ACCOUNT,
    DEPLOY,
    KEY,
    REGION,
    REQUIRED,
    TEMPLATE,
    TOPIC,
    as_list,
    deployed,
    fully_deployed,
    run,
    sam_template,
    statements,
)

# The variables that each program reads. The template must set these, no more and no fewer.
VARIABLES = {
    "verify-signature": """
        LEDGER_TABLE EVENT_BUS_NAME SF_WEBHOOK_SECRET_PARAMETER SF_WEBHOOK_IP_ALLOWLIST
        SF_ORGANIZATION_ID WEBHOOK_TIMESTAMP_TOLERANCE""",
    "provision-order": """
        LEDGER_TABLE ORDER_QUEUE_URL SF_ACCESS_TOKEN_PARAMETER SF_REFRESH_FUNCTION SF_API_VERSION PORTAL_PRICEBOOK_ID
        SF_PROVISIONABLE_STATUSES SF_FIELD_STATUS SF_FIELD_ERROR_CODE SF_FIELD_ERROR_MESSAGE SF_FIELD_WHMCS_ORDER_ID
        SF_FIELD_LAST_ATTEMPT SF_FIELD_CLIENT SF_FIELD_PRODUCT SF_FIELD_BILLING_CYCLE SF_FIELD_SERVICE_ID
        SF_ERROR_MESSAGE_LENGTH SF_FIELD_CUSTOMER_NO SF_CURRENCY SF_FIELD_DOMAIN SF_FIELD_HOSTNAME
        SF_FIELD_CONFIG_OPTIONS SF_FIELD_CUSTOM_FIELDS WHMCS_CUSTOMER_NO_FIELD WHMCS_NO_INVOICE WHMCS_NO_EMAIL
        SF_STATUS_ACTIVATING SF_STATUS_PROVISIONED SF_STATUS_FAILED WHMCS_API_URL WHMCS_CREDENTIALS_PARAMETER
        WHMCS_PAYMENT_METHOD WHMCS_REQUIRE_PAY_METHOD WHMCS_MARKER_FIELD WHMCS_PRICE_FROM_SALESFORCE WHMCS_QUIET_TIME
        WHMCS_AUTO_SETUP WHMCS_SETUP_TIME
        RETRY_DELAY MAX_ATTEMPTS SECURITY_ALERT_WEBHOOK ALERT_WEBHOOK_SECRET_PARAMETER ALERT_TOPIC_ARN RUNBOOK_URL""",
    "recover-orders": """
        LEDGER_TABLE EVENT_BUS_NAME ORDER_QUEUE_URL WHMCS_CONCURRENCY SF_RECONCILE SF_RECONCILE_SINCE
        SF_ACCESS_TOKEN_PARAMETER
        SF_REFRESH_FUNCTION SF_API_VERSION PORTAL_PRICEBOOK_ID SF_PROVISIONABLE_STATUSES SF_FIELD_STATUS
        SECURITY_ALERT_WEBHOOK ALERT_WEBHOOK_SECRET_PARAMETER ALERT_TOPIC_ARN RUNBOOK_URL""",
    "refresh-sf-token": """
        LEDGER_TABLE SF_ACCESS_TOKEN_PARAMETER SECRETS_KEY_ARN SF_LOGIN_URL SF_CLIENT_ID SF_USERNAME SF_AUDIENCE
        SF_ORGANIZATION_ID SF_AUTH_FLOW SF_PRIVATE_KEY_PARAMETER SF_CLIENT_SECRET_PARAMETER SF_TOKEN_LIFETIME""",
    "order-status": "LEDGER_TABLE EVENT_BUS_NAME SF_WEBHOOK_SECRET_PARAMETER WEBHOOK_TIMESTAMP_TOLERANCE",
}

# What each function may do, and to which resource. `logs` stands for the function's own log group.
LOGS = {("logs:CreateLogStream", "logs"), ("logs:PutLogEvents", "logs")}
TRACES = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
LEDGER = f"dynamodb:{REGION}:{ACCOUNT}:table/orders-Ledger"
BUS = f"events:{REGION}:{ACCOUNT}:event-bus/orders-orders"
PARAMETER = f"ssm:{REGION}:{ACCOUNT}:parameter/orders/"
QUEUE = f"sqs:{REGION}:{ACCOUNT}:orders-OrderQueue"
FAILED = f"sqs:{REGION}:{ACCOUNT}:orders-FailedInvocations"
REFRESH = ("lambda:InvokeFunction", f"lambda:{REGION}:{ACCOUNT}:function:orders-refresh-sf-token")
ALERT = ("sns:Publish", TOPIC.removeprefix("arn:aws:"))
DECRYPT = ("kms:Decrypt", KEY.removeprefix("arn:aws:"))
ENCRYPT = ("kms:GenerateDataKey", KEY.removeprefix("arn:aws:"))
PERMISSIONS = {
    "verify-signature": {
        ("dynamodb:PutItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("events:PutEvents", BUS),
        ("ssm:GetParameters", PARAMETER + "salesforce/webhook-secret"),
        DECRYPT,
    },
    "provision-order": {
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        REFRESH,
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token"),
        ("ssm:GetParameters", PARAMETER + "whmcs/credentials"),
        ("ssm:GetParameters", PARAMETER + "alerts/webhook-secret"),
        ("sqs:ReceiveMessage", QUEUE),
        ("sqs:DeleteMessage", QUEUE),
        ("sqs:GetQueueAttributes", QUEUE),
        ALERT,
        DECRYPT,
    },
    "recover-orders": {
        ("dynamodb:Query", LEDGER + "/index/due"),
        ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER),
        ("events:PutEvents", BUS),
        REFRESH,
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token"),
        ("ssm:GetParameters", PARAMETER + "alerts/webhook-secret"),
        ("sqs:GetQueueAttributes", QUEUE),
        ("sqs:SendMessage", FAILED),
        ALERT,
        DECRYPT,
        ENCRYPT,
    },
    "refresh-sf-token": {
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token"),
        ("ssm:PutParameter", PARAMETER + "salesforce/access-token"),
        ("ssm:GetParameters", PARAMETER + "salesforce/private-key"),
        ("ssm:GetParameters", PARAMETER + "salesforce/client-secret"),
        ("dynamodb:UpdateItem", LEDGER),
        ("sqs:SendMessage", FAILED),
        DECRYPT,
        ENCRYPT,
    },
    "order-status": {
        ("dynamodb:GetItem", LEDGER),
        ("events:DescribeEventBus", BUS),
        ("ssm:GetParameters", PARAMETER + "salesforce/webhook-secret"),
        DECRYPT,
    },
}


# What each role must never allow, whatever else changes.
ORDERS = f"arn:aws:{LEDGER}"
SECRETS = {name: f"arn:aws:{PARAMETER}{name}" for name in ("salesforce/webhook-secret", "salesforce/private-key")}
SECRETS |= {name: f"arn:aws:{PARAMETER}{name}" for name in ("salesforce/client-secret", "whmcs/credentials")}
SECRETS["alerts/webhook-secret"] = f"arn:aws:{PARAMETER}alerts/webhook-secret"
TOKEN = f"arn:aws:{PARAMETER}salesforce/access-token"
NOBODY_MAY = {
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:Scan",
    "dynamodb:DeleteTable",
    "dynamodb:UpdateTable",
    "events:PutRule",
    "events:PutTargets",
    "events:StartReplay",
    "iam:PassRole",
    "kms:Encrypt",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "logs:CreateLogGroup",
    "logs:DeleteLogStream",
    "sqs:PurgeQueue",
    "ssm:DeleteParameter",
    "ssm:GetParametersByPath",
    "sts:AssumeRole",
}


def reads(*names):
    """Reading any secret but these."""
    return {("ssm:GetParameters", arn) for name, arn in SECRETS.items() if name not in names}


MAY_NOT = {
    "verify-signature": reads("salesforce/webhook-secret")
    | {
        ("ssm:GetParameters", TOKEN),
        ("ssm:PutParameter", "*"),
        ("dynamodb:GetItem", ORDERS),
        ("dynamodb:Query", "*"),
        ("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"),
        ("lambda:InvokeFunction", "*"),
        ("sqs:SendMessage", "*"),
        ("sqs:ReceiveMessage", "*"),
    },
    "provision-order": reads("whmcs/credentials", "alerts/webhook-secret")
    | {
        ("ssm:PutParameter", "*"),
        ("dynamodb:PutItem", ORDERS),
        ("dynamodb:Query", "*"),
        ("events:PutEvents", "*"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders-provision-order"),
        ("sqs:SendMessage", "*"),
    },
    "recover-orders": reads("alerts/webhook-secret")
    | {
        ("ssm:PutParameter", "*"),
        ("dynamodb:PutItem", ORDERS),
        ("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders-provision-order"),
        ("sqs:ReceiveMessage", "*"),
        ("sqs:SendMessage", f"arn:aws:{QUEUE}"),
    },
    "refresh-sf-token": reads("salesforce/private-key", "salesforce/client-secret")
    | {
        *(("ssm:PutParameter", arn) for arn in SECRETS.values()),
        # Without the condition's key, and with the key of an order.
        ("dynamodb:UpdateItem", ORDERS),
        ("dynamodb:GetItem", ORDERS),
        ("dynamodb:PutItem", ORDERS),
        ("events:PutEvents", "*"),
        ("lambda:InvokeFunction", "*"),
        ("sqs:ReceiveMessage", "*"),
        ("sns:Publish", "*"),
    },
    "order-status": reads("salesforce/webhook-secret")
    | {
        ("ssm:GetParameters", TOKEN),
        ("ssm:PutParameter", "*"),
        ("dynamodb:UpdateItem", ORDERS),
        ("dynamodb:PutItem", ORDERS),
        ("dynamodb:Query", "*"),
        ("events:PutEvents", "*"),
        ("lambda:InvokeFunction", "*"),
        ("sqs:SendMessage", "*"),
        ("sqs:ReceiveMessage", "*"),
        ("sns:Publish", "*"),
    },
}


def allows(role, action, resource, context=None):
    """Whether a role allows the action on the resource, `*` for any: IAM's rules, for the statements that the template
    has. A condition on a key that the context lacks does not hold."""

    def covers(statement):
        actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
        if not any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in actions):
            return False
        if resource != "*" and not any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources):
            return False
        return all(
            (context or {}).get(key) in as_list(expected)
            for condition in statement.get("Condition", {}).values()
            for key, expected in condition.items()
        )

    return any(covers(statement) for statement in statements(role))


class TemplateFunctionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack, cls.programs = fully_deployed()
        cls.functions = {
            cls.programs[logical]: properties for logical, properties in cls.stack.of_type("AWS::Lambda::Function")
        }
        cls.roles = {cls.stack.arn(logical): role for logical, role in cls.stack.of_type("AWS::IAM::Role")}

    def test_functions(self):
        self.assertEqual(list(self.functions), list(VARIABLES))
        for program, properties in self.functions.items():
            self.assertEqual(properties["FunctionName"], f"orders-{program}")
            self.assertEqual(properties["Handler"], "bootstrap")
            self.assertEqual(properties["Runtime"], "provided.al2")

    def test_nothing_is_reserved_of_an_account_that_has_little(self):
        for _, properties in deployed()[0].of_type("AWS::Lambda::Function"):
            self.assertNotIn("ReservedConcurrentExecutions", properties)
        stack, programs = deployed(WebhookReservedConcurrency="50")
        reserved = {
            programs[logical]: properties["ReservedConcurrentExecutions"]
            for logical, properties in stack.of_type("AWS::Lambda::Function")
            if "ReservedConcurrentExecutions" in properties
        }
        self.assertEqual(reserved, {"verify-signature": "50"})

    def test_tracing_is_off_unless_it_is_switched_on(self):
        for mode, stack in ("PassThrough", self.stack), ("Active", deployed(Tracing="Active")[0]):
            for logical, properties in stack.of_type("AWS::Lambda::Function"):
                self.assertEqual(properties["TracingConfig"], {"Mode": mode}, logical)

    def test_the_scripts_read_the_same_functions(self):
        self.assertEqual(run(DEPLOY / "package/functions").stdout.split(), list(self.functions))

    def test_variables(self):
        for program, names in VARIABLES.items():
            variables = self.functions[program]["Environment"]["Variables"]
            self.assertEqual(sorted(variables), sorted(["STACK_NAME", *names.split()]), program)

    def test_a_variable_has_the_name_of_its_parameter(self):
        template = sam_template.load(TEMPLATE)
        for logical, resource in template["Resources"].items():
            for variable, value in resource["Properties"].get("Environment", {}).get("Variables", {}).items():
                if value.get("Ref") in template["Parameters"]:
                    self.assertEqual(variable, re.sub(r"(?<!^)(?=[A-Z])", "_", value["Ref"]).upper(), logical)

    def test_variables_fit_into_the_limit_of_lambda(self):
        for program, properties in self.functions.items():
            size = sum(len(name) + len(str(value)) for name, value in properties["Environment"]["Variables"].items())
            self.assertLess(size, 4096 // 2, f"{program}: leave room for values longer than the defaults")

    def test_every_function_has_a_log_group_with_a_retention(self):
        groups = {group["LogGroupName"]: group for _, group in self.stack.of_type("AWS::Logs::LogGroup")}
        for program, properties in self.functions.items():
            group = groups[properties["LoggingConfig"]["LogGroup"]]
            self.assertEqual(group["LogGroupName"], f"/aws/lambda/orders-{program}")
            self.assertGreater(int(group["RetentionInDays"]), 0)

    def test_every_role_grants_exactly_what_its_function_needs(self):
        for program, properties in self.functions.items():
            role = self.roles[properties["Role"]]
            self.assertNotIn("ManagedPolicyArns", role, program)
            own = f"logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/orders-{program}:*"
            granted = set()
            for statement in statements(role):
                for action in as_list(statement["Action"]):
                    for resource in as_list(statement["Resource"]):
                        resource = resource.removeprefix("arn:aws:")
                        granted.add((action, "logs" if resource == own else resource))
            self.assertEqual(granted, LOGS | TRACES | PERMISSIONS[program], program)

    def test_refresh_writes_one_item_of_the_ledger(self):
        role = self.roles[self.functions["refresh-sf-token"]["Role"]]
        (statement,) = [found for found in statements(role) if found["Action"] == "dynamodb:UpdateItem"]
        self.assertEqual(statement["Condition"], {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["token"]}})

    def test_no_role_grants_a_wildcard(self):
        for arn, role in self.roles.items():
            for statement in statements(role):
                self.assertFalse([action for action in as_list(statement["Action"]) if "*" in action], arn)
                # X-Ray knows no resources.
                if {(action, "*") for action in as_list(statement["Action"])} == TRACES:
                    continue
                for resource in as_list(statement["Resource"]):
                    # Only the ARN of a log group ends with a star: its streams have no names yet.
                    self.assertNotIn("*", resource.removesuffix(":*") if ":log-group:" in resource else resource)

    def test_a_role_may_not(self):
        """What no change may allow: what the others may do, and what would undo the ledger or the limits."""
        for program, denied in MAY_NOT.items():
            role = self.roles[self.functions[program]["Role"]]
            for action, resource in denied | {(action, "*") for action in NOBODY_MAY}:
                self.assertFalse(allows(role, action, resource), f"{program} may {action} {resource}")
        # The check would find it.
        verify = self.roles[self.functions["verify-signature"]["Role"]]
        self.assertTrue(allows(verify, "events:PutEvents", f"arn:aws:{BUS}"))
        self.assertTrue(allows(verify, "dynamodb:PutItem", "*"))
        refresh = self.roles[self.functions["refresh-sf-token"]["Role"]]
        self.assertTrue(allows(refresh, "dynamodb:UpdateItem", f"arn:aws:{LEDGER}", {"dynamodb:LeadingKeys": "token"}))

    def test_the_secrets_key_is_used_only_if_given_and_only_for_the_own_secrets_and_queues(self):
        def key_statements(stack):
            return [
                (logical, statement)
                for logical, role in stack.of_type("AWS::IAM::Role")
                for statement in statements(role)
                if any(action.startswith("kms:") for action in as_list(statement["Action"]))
            ]

        self.assertEqual(key_statements(deployed()[0]), [])
        parameters = {}
        for logical, statement in key_statements(self.stack):
            condition = statement["Condition"]["StringEquals"]
            via = condition.pop("kms:ViaService")
            self.assertIn(via, {f"ssm.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"})
            if via.startswith("ssm."):
                names = as_list(condition.pop("kms:EncryptionContext:PARAMETER_ARN"))
                parameters.setdefault(logical, set()).update(
                    re.sub("^.*/orders/(salesforce/|whmcs/)?", "", name) for name in names
                )
            self.assertEqual(condition, {})
        self.assertEqual(
            parameters,
            {
                "VerifySignatureRole": {"webhook-secret"},
                "ProvisionOrderRole": {"access-token", "credentials", "alerts/webhook-secret"},
                "RecoverOrdersRole": {"access-token", "alerts/webhook-secret"},
                "RefreshSfTokenRole": {"access-token", "private-key", "client-secret"},
                "OrderStatusRole": {"webhook-secret"},
            },
        )

    def test_the_token_is_encrypted_with_the_secrets_key(self):
        for stack, key in (self.stack, KEY), (deployed()[0], ""):
            (refresh,) = (
                function for logical, function in stack.of_type("AWS::Lambda::Function") if logical == "RefreshSfToken"
            )
            self.assertEqual(refresh["Environment"]["Variables"]["SECRETS_KEY_ARN"], key)

    def test_only_schedules_of_this_account_may_use_their_roles(self):
        roles = {self.stack.arn(logical): role for logical, role in self.stack.of_type("AWS::IAM::Role")}
        schedules = [schedule["Target"]["RoleArn"] for _, schedule in self.stack.of_type("AWS::Scheduler::Schedule")]
        self.assertEqual(len(set(schedules)), 3)
        trusting = set()
        for arn, role in roles.items():
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            if statement["Principal"] == {"Service": "scheduler.amazonaws.com"}:
                trusting.add(arn)
                self.assertEqual(statement["Condition"], {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
        self.assertEqual(trusting, set(schedules))

    def test_only_named_sources_may_invoke_a_function(self):
        # The API's SourceArn is a Sub of the API's id, which the testbed's stack does not know.
        template = sam_template.translate(sam_template.load(TEMPLATE), REQUIRED, REGION)[0]
        permissions = [
            resource["Properties"]
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::Lambda::Permission"
        ]
        self.assertEqual(len(permissions), 4)  # schedules and queues need none: they have roles
        for permission in permissions:
            self.assertIn("SourceArn", permission)


if __name__ == "__main__":
    unittest.main()
