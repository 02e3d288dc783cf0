"""The options of template.yaml: the console's groups, a VPC, an existing ledger, two stacks in one account."""

import json
import re
import tomllib
import unittest

from support import ACCOUNT, KEY, REGION, RELAY, REQUIRED, ROOT, TEMPLATE, TOPIC, deployed, sam_template, statements

# The functions that call Salesforce or WHMCS.
OUTSIDE = {"orders-provision-order", "orders-recover-orders", "orders-refresh-sf-token"}
VPC = {"VpcSubnetIds": "subnet-0a1b2c3d,subnet-4e5f6a7b", "VpcSecurityGroupIds": "sg-0a1b2c3d"}
# The property that names a resource of a type; CloudFormation names the others after the stack.
NAMES = "FunctionName", "LogGroupName", "Name", "AlarmName", "QueueName", "TableName", "RoleName", "ArchiveName"


def roles_of(stack):
    """The resolved role of each function by the function's name."""
    roles = {stack.arn(logical): role for logical, role in stack.of_type("AWS::IAM::Role")}
    return {
        properties["FunctionName"]: roles[properties["Role"]]
        for _, properties in stack.of_type("AWS::Lambda::Function")
    }


class InterfaceTest(unittest.TestCase):
    def test_every_parameter_has_a_group_a_label_and_a_description(self):
        template = sam_template.load(TEMPLATE)
        interface = template["Metadata"]["AWS::CloudFormation::Interface"]
        grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
        declared = template["Parameters"]
        self.assertEqual(sorted(grouped), sorted(declared))
        self.assertEqual(sorted(interface["ParameterLabels"]), sorted(declared))
        labels = [label["default"] for label in interface["ParameterLabels"].values()]
        self.assertEqual(len(labels), len(set(labels)))
        for name, parameter in declared.items():
            self.assertGreater(len(parameter.get("Description", "")), 10, name)
        required = {name for name, parameter in declared.items() if "Default" not in parameter}
        self.assertLess(required, set(interface["ParameterGroups"][0]["Parameters"]))


class NetworkTest(unittest.TestCase):
    def test_only_what_calls_outside_is_in_the_vpc(self):
        stack, _ = deployed(**VPC)
        configured = {
            properties["FunctionName"]: properties["VpcConfig"]
            for _, properties in stack.of_type("AWS::Lambda::Function")
            if "VpcConfig" in properties
        }
        self.assertEqual(set(configured), OUTSIDE)
        expected = {"SubnetIds": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
        self.assertEqual(list(configured.values()), [expected] * 3)

    def test_lambda_may_manage_interfaces_and_the_programs_may_not(self):
        stack, _ = deployed(**VPC)
        with_policy = {name for name, role in roles_of(stack).items() if "ManagedPolicyArns" in role}
        self.assertEqual(with_policy, OUTSIDE)
        ((_, policy),) = stack.of_type("AWS::IAM::ManagedPolicy")
        allow, deny = policy["PolicyDocument"]["Statement"]
        self.assertEqual({action.split(":")[0] for action in allow["Action"]}, {"ec2"})
        self.assertEqual((deny["Effect"], deny["Action"], deny["Resource"]), ("Deny", "ec2:*", "*"))
        functions = deny["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
        self.assertEqual({arn.rsplit(":", 1)[1] for arn in functions}, OUTSIDE)

    def test_without_subnets_there_is_no_network(self):
        stack, _ = deployed()
        self.assertEqual(stack.of_type("AWS::IAM::ManagedPolicy"), [])
        for _, properties in stack.of_type("AWS::Lambda::Function"):
            self.assertNotIn("VpcConfig", properties)
        for role in roles_of(stack).values():
            self.assertNotIn("ManagedPolicyArns", role)

    def test_subnets_want_security_groups(self):
        declared = sam_template.load(TEMPLATE)
        rule = declared["Rules"]["SubnetsWantSecurityGroups"]
        self.assertIn("VpcSubnetIds", json.dumps(rule["RuleCondition"]))
        self.assertIn("VpcSecurityGroupIds", json.dumps(rule["Assertions"][0]["Assert"]))
        for name, value in ("VpcSubnetIds", "subnet-1, subnet-2"), ("VpcSecurityGroupIds", "default"):
            with self.assertRaises(sam_template.TemplateError):
                sam_template.choose_parameters(declared["Parameters"], {**REQUIRED, name: value})


class ExistingLedgerTest(unittest.TestCase):
    def test_every_function_and_role_names_the_table(self):
        stack, _ = deployed(ExistingLedgerTable="orders-restored")
        self.assertEqual(stack.of_type("AWS::DynamoDB::Table"), [])
        text = json.dumps([stack.resolve(resource) for resource in stack.resources.values()])
        self.assertNotIn("orders-Ledger", text)
        for _, properties in stack.of_type("AWS::Lambda::Function"):
            self.assertEqual(properties["Environment"]["Variables"]["LEDGER_TABLE"], "orders-restored")
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders-restored"
        own = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders-Ledger"
        before = roles_of(deployed()[0])
        for name, role in roles_of(stack).items():
            self.assertIn(table, json.dumps(role), name)
            self.assertEqual(json.loads(json.dumps(before[name]).replace(own, table)), role)
        outputs = sam_template.load(TEMPLATE)["Outputs"]
        self.assertEqual(stack.resolve(outputs["LedgerTable"]["Value"]), "orders-restored")


class TwoStacksTest(unittest.TestCase):
    """dev and prod of samconfig.toml in one account and region."""

    @classmethod
    def setUpClass(cls):
        config = tomllib.loads((ROOT / "deploy/samconfig.toml").read_text(encoding="utf-8"))
        cls.stacks = {}
        for environment in "dev", "prod":
            table = config[environment]["deploy"]["parameters"]
            given = dict(pair.split("=", 1) for pair in table["parameter_overrides"])
            given = {**{name: value for name, value in given.items() if value}, "AlertTopicArn": TOPIC}
            given = {**REQUIRED, **given, "SecretsKeyArn": KEY, **VPC, "SalesforceEventSource": RELAY}
            name = table["stack_name"]
            if environment == "prod":
                given["SalesforceEventSource"] = RELAY.replace("00Dxx", "00Dyy")
            cls.stacks[environment] = sam_template.read_stack(TEMPLATE, given, REGION, name)[0]
            cls.stacks[environment].ARNS = {
                **sam_template.Stack.ARNS,
                "AWS::Events::Archive": "events:{region}:{account}:archive/{name}",
                "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
            }
        cls.names = {environment: stack.name for environment, stack in cls.stacks.items()}

    def of_both(self, read):
        return [set(read(stack)) for stack in self.stacks.values()]

    def assertDistinct(self, read):
        dev, prod = self.of_both(read)
        self.assertTrue(dev and prod)
        self.assertEqual(dev & prod, set())

    def test_names(self):
        def names(stack):
            for logical, resource in stack.resources.items():
                properties = stack.resolve(resource.get("Properties", {}))
                for key in NAMES:
                    if key in properties and isinstance(properties[key], str):
                        yield resource["Type"], properties[key]
                yield resource["Type"], stack.physical(logical)

        # The stage of an API of its own.
        dev, prod = self.of_both(names)
        self.assertLessEqual({type for type, _ in dev & prod}, {"AWS::ApiGatewayV2::Stage"})
        self.assertGreater(len(dev), 50)

    def test_secrets_and_tokens(self):
        self.assertDistinct(
            lambda stack: (
                value
                for _, properties in stack.of_type("AWS::Lambda::Function")
                for name, value in properties["Environment"]["Variables"].items()
                if value and re.search("_(PARAMETER|TABLE|BUS_NAME|QUEUE_URL|FUNCTION)$", name)
            )
        )

    def test_what_the_roles_may_reach(self):
        def resources(stack):
            for _, role in stack.of_type("AWS::IAM::Role"):
                for statement in statements(role):
                    found = statement["Resource"]
                    yield from found if isinstance(found, list) else [found]

        dev, prod = self.of_both(resources)
        # X-Ray's actions and those on network interfaces know no resources.
        self.assertEqual(dev & prod, {TOPIC, KEY, "*"})

    def test_the_rules_of_the_default_bus(self):
        def patterns(stack):
            for _, rule in stack.of_type("AWS::Events::Rule"):
                yield json.dumps([rule.get("EventBusName"), rule["EventPattern"]], sort_keys=True)

        self.assertDistinct(patterns)

    def test_the_metrics_of_the_alarms(self):
        def metrics(stack):
            for _, alarm in stack.of_type("AWS::CloudWatch::Alarm"):
                if "MetricName" in alarm:
                    yield json.dumps([alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions", [])])

        self.assertDistinct(metrics)


if __name__ == "__main__":
    unittest.main()
