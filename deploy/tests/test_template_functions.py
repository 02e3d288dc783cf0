"""The functions of template.yaml: their variables, their permissions, their logs."""

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
        LEDGER_TABLE SF_ACCESS_TOKEN_PARAMETER SF_REFRESH_FUNCTION SF_API_VERSION PORTAL_PRICEBOOK_ID
        SF_PROVISIONABLE_STATUSES SF_FIELD_STATUS SF_FIELD_ERROR_CODE SF_FIELD_ERROR_MESSAGE SF_FIELD_WHMCS_ORDER_ID
        SF_FIELD_LAST_ATTEMPT SF_FIELD_CLIENT SF_FIELD_PRODUCT SF_FIELD_BILLING_CYCLE SF_FIELD_SERVICE_ID
        SF_ERROR_MESSAGE_LENGTH SF_FIELD_CUSTOMER_NO SF_CURRENCY SF_FIELD_DOMAIN SF_FIELD_HOSTNAME
        SF_FIELD_CONFIG_OPTIONS SF_FIELD_CUSTOM_FIELDS WHMCS_CUSTOMER_NO_FIELD WHMCS_NO_INVOICE WHMCS_NO_EMAIL
        SF_STATUS_ACTIVATING SF_STATUS_PROVISIONED SF_STATUS_FAILED WHMCS_API_URL WHMCS_CREDENTIALS_PARAMETER
        WHMCS_PAYMENT_METHOD WHMCS_REQUIRE_PAY_METHOD WHMCS_MARKER_FIELD WHMCS_PRICE_FROM_SALESFORCE WHMCS_QUIET_TIME
        WHMCS_AUTO_SETUP WHMCS_SETUP_TIME
        RETRY_DELAY MAX_ATTEMPTS SECURITY_ALERT_WEBHOOK ALERT_TOPIC_ARN""",
    "recover-orders": """
        LEDGER_TABLE EVENT_BUS_NAME ORDER_QUEUE_URL WHMCS_CONCURRENCY SF_RECONCILE SF_RECONCILE_SINCE
        SF_ACCESS_TOKEN_PARAMETER
        SF_REFRESH_FUNCTION SF_API_VERSION PORTAL_PRICEBOOK_ID SF_PROVISIONABLE_STATUSES SF_FIELD_STATUS
        SECURITY_ALERT_WEBHOOK ALERT_TOPIC_ARN""",
    "refresh-sf-token": """
        LEDGER_TABLE SF_ACCESS_TOKEN_PARAMETER SF_LOGIN_URL SF_CLIENT_ID SF_USERNAME SF_AUDIENCE SF_AUTH_FLOW
        SF_PRIVATE_KEY_PARAMETER SF_CLIENT_SECRET_PARAMETER SF_TOKEN_LIFETIME""",
    "order-status": "LEDGER_TABLE EVENT_BUS_NAME SF_WEBHOOK_SECRET_PARAMETER WEBHOOK_TIMESTAMP_TOLERANCE",
}

# What each function may do, and to which resource. `logs` stands for the function's own log group.
LOGS = {("logs:CreateLogStream", "logs"), ("logs:PutLogEvents", "logs")}
LEDGER = f"dynamodb:{REGION}:{ACCOUNT}:table/orders-Ledger"
BUS = f"events:{REGION}:{ACCOUNT}:event-bus/orders-orders"
PARAMETER = f"ssm:{REGION}:{ACCOUNT}:parameter/orders/"
QUEUE = f"sqs:{REGION}:{ACCOUNT}:orders-OrderQueue"
FAILED = f"sqs:{REGION}:{ACCOUNT}:orders-FailedInvocations"
REFRESH = ("lambda:InvokeFunction", f"lambda:{REGION}:{ACCOUNT}:function:orders-refresh-sf-token")
ALERT = ("sns:Publish", TOPIC.removeprefix("arn:aws:"))
DECRYPT = ("kms:Decrypt", KEY.removeprefix("arn:aws:"))
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
        ("sqs:GetQueueAttributes", QUEUE),
        ("sqs:SendMessage", FAILED),
        ALERT,
    },
    "refresh-sf-token": {
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token"),
        ("ssm:PutParameter", PARAMETER + "salesforce/access-token"),
        ("ssm:GetParameters", PARAMETER + "salesforce/private-key"),
        ("ssm:GetParameters", PARAMETER + "salesforce/client-secret"),
        ("dynamodb:UpdateItem", LEDGER),
        ("sqs:SendMessage", FAILED),
        DECRYPT,
    },
    "order-status": {
        ("dynamodb:GetItem", LEDGER),
        ("events:DescribeEventBus", BUS),
        ("ssm:GetParameters", PARAMETER + "salesforce/webhook-secret"),
        DECRYPT,
    },
}


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
        self.assertEqual(self.functions["refresh-sf-token"]["ReservedConcurrentExecutions"], 1)

    def test_the_scripts_read_the_same_functions(self):
        self.assertEqual(run(DEPLOY / "package/functions").stdout.split(), list(self.functions))

    def test_variables(self):
        for program, names in VARIABLES.items():
            variables = self.functions[program]["Environment"]["Variables"]
            self.assertEqual(sorted(variables), sorted(names.split()), program)

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
            self.assertEqual(granted, LOGS | PERMISSIONS[program], program)

    def test_refresh_writes_one_item_of_the_ledger(self):
        role = self.roles[self.functions["refresh-sf-token"]["Role"]]
        (statement,) = [found for found in statements(role) if found["Action"] == "dynamodb:UpdateItem"]
        self.assertEqual(statement["Condition"], {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["token"]}})

    def test_no_role_grants_a_wildcard(self):
        for arn, role in self.roles.items():
            for statement in statements(role):
                self.assertFalse([action for action in as_list(statement["Action"]) if "*" in action], arn)
                for resource in as_list(statement["Resource"]):
                    # Only the ARN of a log group ends with a star: its streams have no names yet.
                    self.assertNotIn("*", resource.removesuffix(":*") if ":log-group:" in resource else resource)

    def test_the_secrets_key_is_used_only_if_given_and_only_through_parameter_store(self):
        def decrypt_statements(stack):
            return [
                statement
                for _, role in stack.of_type("AWS::IAM::Role")
                for statement in statements(role)
                if statement["Action"] == "kms:Decrypt"
            ]

        self.assertEqual(len(decrypt_statements(self.stack)), 4)
        for statement in decrypt_statements(self.stack):
            self.assertEqual(statement["Condition"]["StringEquals"]["kms:ViaService"], f"ssm.{REGION}.amazonaws.com")
        self.assertEqual(decrypt_statements(deployed()[0]), [])

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
