"""What must hold of template.yaml, of resources.py and of events/. Run it: python deploy/local/test_template.py"""

import base64
import copy
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TEMPLATE = os.path.join(ROOT, "template.yaml")
sys.path.insert(0, HERE)

import resources  # noqa: E402

RELAY = "aws.partner/salesforce.com/00Dxx0000000001EAA/0YLxx0000000001GAA"
REQUIRED = {"SfClientId": "local", "WhmcsApiUrl": "http://127.0.0.1:4244/includes/api.php", "WhmcsPaymentMethod": "stripe"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"

# What the programs read from their environment. The names in the template must be these, no more and no fewer.
VARIABLES = {
    "verify-signature": """
        LEDGER_TABLE EVENT_BUS_NAME SF_WEBHOOK_SECRET_PARAMETER SF_WEBHOOK_IP_ALLOWLIST WEBHOOK_TIMESTAMP_TOLERANCE
        SECURITY_ALERT_WEBHOOK ALERT_TOPIC_ARN""",
    "provision-order": """
        LEDGER_TABLE SF_ACCESS_TOKEN_PARAMETER SF_REFRESH_FUNCTION SF_API_VERSION PORTAL_PRICEBOOK_ID
        SF_PROVISIONABLE_STATUSES SF_FIELD_STATUS SF_FIELD_ERROR_CODE SF_FIELD_ERROR_MESSAGE SF_FIELD_WHMCS_ORDER_ID
        SF_FIELD_LAST_ATTEMPT SF_FIELD_CLIENT SF_FIELD_PRODUCT SF_FIELD_BILLING_CYCLE SF_FIELD_SERVICE_ID
        SF_STATUS_ACTIVATING SF_STATUS_PROVISIONED SF_STATUS_FAILED WHMCS_API_URL WHMCS_CREDENTIALS_PARAMETER
        WHMCS_PAYMENT_METHOD WHMCS_REQUIRE_PAY_METHOD WHMCS_MARKER_FIELD WHMCS_PRICE_FROM_SALESFORCE WHMCS_QUIET_TIME
        RETRY_DELAY MAX_ATTEMPTS SECURITY_ALERT_WEBHOOK ALERT_TOPIC_ARN""",
    "recover-orders": """
        LEDGER_TABLE EVENT_BUS_NAME SF_RECONCILE SF_ACCESS_TOKEN_PARAMETER SF_REFRESH_FUNCTION SF_API_VERSION
        PORTAL_PRICEBOOK_ID SF_PROVISIONABLE_STATUSES SF_FIELD_STATUS SECURITY_ALERT_WEBHOOK ALERT_TOPIC_ARN""",
    "refresh-sf-token": """
        SF_ACCESS_TOKEN_PARAMETER SF_LOGIN_URL SF_CLIENT_ID SF_USERNAME SF_AUDIENCE SF_AUTH_FLOW
        SF_PRIVATE_KEY_PARAMETER SF_CLIENT_SECRET_PARAMETER SF_TOKEN_LIFETIME""",
    "order-status": "LEDGER_TABLE EVENT_BUS_NAME SF_ACCESS_TOKEN_PARAMETER",
}

# What each function may do, and to what. `logs` stands for the function's own log group.
LOGS = {("logs:CreateLogStream", "logs"), ("logs:PutLogEvents", "logs")}
LEDGER = "dynamodb:eu-west-1:123456789012:table/orders-Ledger"
BUS = "events:eu-west-1:123456789012:event-bus/orders-orders"
PARAMETER = "ssm:eu-west-1:123456789012:parameter/orders/"
FAILED = "sqs:eu-west-1:123456789012:orders-FailedInvocations"
REFRESH = ("lambda:InvokeFunction", "lambda:eu-west-1:123456789012:function:orders-refresh-sf-token")
ALERT = ("sns:Publish", TOPIC.removeprefix("arn:aws:"))
DECRYPT = ("kms:Decrypt", KEY.removeprefix("arn:aws:"))
PERMISSIONS = {
    "verify-signature": LOGS | {
        ("dynamodb:PutItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER), ("events:PutEvents", BUS),
        ("ssm:GetParameters", PARAMETER + "salesforce/webhook-secret"), ALERT, DECRYPT},
    "provision-order": LOGS | {
        ("dynamodb:GetItem", LEDGER), ("dynamodb:UpdateItem", LEDGER), REFRESH,
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token"),
        ("ssm:GetParameters", PARAMETER + "whmcs/credentials"), ("sqs:SendMessage", FAILED), ALERT, DECRYPT},
    "recover-orders": LOGS | {
        ("dynamodb:Query", LEDGER + "/index/due"), ("dynamodb:GetItem", LEDGER),
        ("dynamodb:UpdateItem", LEDGER), ("events:PutEvents", BUS), REFRESH,
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token"), ("sqs:SendMessage", FAILED), ALERT},
    "refresh-sf-token": LOGS | {
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token"),
        ("ssm:PutParameter", PARAMETER + "salesforce/access-token"),
        ("ssm:GetParameters", PARAMETER + "salesforce/private-key"),
        ("ssm:GetParameters", PARAMETER + "salesforce/client-secret"), ("sqs:SendMessage", FAILED), DECRYPT},
    "order-status": LOGS | {
        ("dynamodb:GetItem", LEDGER), ("events:DescribeEventBus", BUS),
        ("ssm:GetParameters", PARAMETER + "salesforce/access-token")},
}


def deployed(**given):
    stack, programs = resources.read(TEMPLATE, {**REQUIRED, **given}, name="orders")
    # More than the local stack needs to know of.
    stack.ARNS = {**stack.ARNS, "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
                  "AWS::Events::Rule": "events:{region}:{account}:rule/{name}"}
    return stack, programs


def listed(value):
    return value if isinstance(value, list) else [value]


def event(name):
    with open(os.path.join(ROOT, "events", name), encoding="utf-8") as file:
        return json.load(file)


class Template(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack, cls.programs = deployed(SalesforceEventSource=RELAY, SecretsKeyArn=KEY, AlertTopicArn=TOPIC)
        cls.functions = {cls.programs[logical]: (logical, properties)
                         for logical, properties in cls.stack.of_type("AWS::Lambda::Function")}

    def all(self, type):
        return dict(self.stack.of_type(type))

    def test_the_functions(self):
        self.assertEqual(list(self.functions), list(VARIABLES))
        for program, (_, properties) in self.functions.items():
            self.assertEqual(properties["FunctionName"], f"orders-{program}")
            self.assertEqual(properties["Handler"], "bootstrap")
            self.assertEqual(properties["Runtime"], "provided.al2")
        self.assertEqual(self.functions["refresh-sf-token"][1]["ReservedConcurrentExecutions"], 1)

    def test_their_variables(self):
        for program, names in VARIABLES.items():
            variables = self.functions[program][1]["Environment"]["Variables"]
            self.assertEqual(sorted(variables), sorted(names.split()), program)

    def test_a_variable_has_the_name_of_its_parameter(self):
        template = resources.load(TEMPLATE)
        for logical, resource in template["Resources"].items():
            for variable, value in resource["Properties"].get("Environment", {}).get("Variables", {}).items():
                if value.get("Ref") in template["Parameters"]:
                    self.assertEqual(variable, re.sub(r"(?<!^)(?=[A-Z])", "_", value["Ref"]).upper(), logical)

    def test_their_variables_fit_into_lambda(self):
        for program, (_, properties) in self.functions.items():
            size = sum(len(name) + len(str(value)) for name, value in properties["Environment"]["Variables"].items())
            self.assertLess(size, 4096 // 2, f"{program}: leave room for longer values than the defaults")

    def test_each_has_a_log_group_that_ends(self):
        groups = {group["LogGroupName"]: group for group in self.all("AWS::Logs::LogGroup").values()}
        for program, (_, properties) in self.functions.items():
            group = groups[properties["LoggingConfig"]["LogGroup"]]
            self.assertEqual(group["LogGroupName"], f"/aws/lambda/orders-{program}")
            self.assertGreater(int(group["RetentionInDays"]), 0)

    def test_each_has_a_role_that_says_exactly_what_it_may(self):
        roles = {self.stack.arn(logical): role for logical, role in self.all("AWS::IAM::Role").items()}
        for program, (_, properties) in self.functions.items():
            role = roles[properties["Role"]]
            self.assertNotIn("ManagedPolicyArns", role, program)
            own = f"logs:eu-west-1:123456789012:log-group:/aws/lambda/orders-{program}:*"
            granted = set()
            for policy in role["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    for action in listed(statement["Action"]):
                        for resource in listed(statement["Resource"]):
                            resource = resource.removeprefix("arn:aws:")
                            granted.add((action, "logs" if resource == own else resource))
            self.assertEqual(granted, PERMISSIONS[program], program)

    def test_no_role_may_do_anything_to_everything(self):
        for logical, role in self.all("AWS::IAM::Role").items():
            for policy in role["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    self.assertFalse([a for a in listed(statement["Action"]) if "*" in a], logical)
                    for resource in listed(statement["Resource"]):
                        # Only a log group's ARN ends with a star: its streams have no names yet.
                        self.assertNotIn("*", resource.removesuffix(":*") if ":log-group:" in resource else resource)

    def test_the_secrets_key_is_used_through_parameter_store_and_only_if_there_is_one(self):
        def decrypts(stack):
            return [statement for _, role in stack.of_type("AWS::IAM::Role") for policy in role["Policies"]
                    for statement in policy["PolicyDocument"]["Statement"] if statement["Action"] == "kms:Decrypt"]

        self.assertEqual(len(decrypts(self.stack)), 3)
        for statement in decrypts(self.stack):
            self.assertEqual(statement["Condition"]["StringEquals"]["kms:ViaService"], "ssm.eu-west-1.amazonaws.com")
        self.assertEqual(decrypts(deployed()[0]), [])

    def test_what_a_rule_or_schedule_starts_can_be_retried_and_ends_somewhere(self):
        settings = {s["FunctionName"]: s for s in self.all("AWS::Lambda::EventInvokeConfig").values()}
        queues = {logical: self.stack.arn(logical) for logical in self.all("AWS::SQS::Queue")}
        retries = {"ProvisionOrderRequested": (185, 86400), "RelayedOrder": (185, 86400),
                   "RefreshSfTokenTokenAged": (5, 3600), "RefreshSfTokenSchedule": (5, 3600),
                   "RecoverOrdersSchedule": (5, 60)}
        rules, schedules = self.all("AWS::Events::Rule"), self.all("AWS::Scheduler::Schedule")
        targets = [(logical, target, "UndeliveredEvents") for logical, rule in rules.items() for target in rule["Targets"]]
        targets += [(logical, schedule["Target"], "MissedSchedules") for logical, schedule in schedules.items()]
        self.assertEqual({logical for logical, _, _ in targets}, set(retries))
        for logical, target, queue in targets:
            self.assertEqual(target["DeadLetterConfig"]["Arn"], queues[queue], logical)
            policy = target["RetryPolicy"]
            self.assertEqual((policy["MaximumRetryAttempts"], policy["MaximumEventAgeInSeconds"]), retries[logical])
            function = settings[target["Arn"].rsplit(":", 1)[-1]]
            destination = function["DestinationConfig"]["OnFailure"]["Destination"]
            self.assertEqual(destination, queues["FailedInvocations"], logical)
            self.assertEqual(function["MaximumRetryAttempts"], 2, logical)
            # Lambda's second retry comes three minutes after the event.
            self.assertGreater(function["MaximumEventAgeInSeconds"], 180, logical)

    def test_every_dead_letter_queue_keeps_for_two_weeks(self):
        for logical, queue in self.all("AWS::SQS::Queue").items():
            self.assertEqual((queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]), (1209600, True), logical)

    def test_every_schedule_may_write_to_its_dead_letter_queue(self):
        roles = {self.stack.arn(logical): role for logical, role in self.all("AWS::IAM::Role").items()}
        for logical, schedule in self.all("AWS::Scheduler::Schedule").items():
            target = schedule["Target"]
            granted = {(action, resource) for policy in roles[target["RoleArn"]]["Policies"]
                       for statement in policy["PolicyDocument"]["Statement"]
                       for action in listed(statement["Action"]) for resource in listed(statement["Resource"])}
            self.assertEqual(granted, {("lambda:InvokeFunction", target["Arn"]),
                                       ("sqs:SendMessage", target["DeadLetterConfig"]["Arn"])}, logical)

    def test_every_rule_may_write_to_its_dead_letter_queue(self):
        for given in {}, {"SalesforceEventSource": RELAY}:
            stack, _ = deployed(**given)
            (_, policy), = stack.of_type("AWS::SQS::QueuePolicy")
            statement, = policy["PolicyDocument"]["Statement"]
            self.assertEqual(statement["Principal"], {"Service": "events.amazonaws.com"})
            rules = [(stack.arn(logical), rule) for logical, rule in stack.of_type("AWS::Events::Rule")]
            self.assertEqual(sorted(statement["Condition"]["ArnEquals"]["aws:SourceArn"]),
                             sorted(arn for arn, _ in rules))
            for _, rule in rules:
                self.assertEqual(rule["Targets"][0]["DeadLetterConfig"]["Arn"], statement["Resource"])

    def test_only_named_sources_may_start_a_function(self):
        # The API's SourceArn is a Sub that names the API, which has no name before it exists.
        template = resources.translate(resources.load(TEMPLATE), REQUIRED, "eu-west-1")[0]
        permissions = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Permission"]
        self.assertEqual(len(permissions), 6)  # schedules need none, they have roles
        for permission in permissions:
            self.assertIn("SourceArn", permission)

    def test_the_ledger(self):
        (logical, ledger), = self.all("AWS::DynamoDB::Table").items()
        self.assertEqual(self.stack.resources[logical]["DeletionPolicy"], "Retain")
        self.assertEqual(self.stack.resources[logical]["UpdateReplacePolicy"], "Retain")
        self.assertEqual(ledger["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        index, = ledger["GlobalSecondaryIndexes"]
        self.assertEqual(index["IndexName"], "due")
        self.assertEqual([key["AttributeName"] for key in index["KeySchema"]], ["open", "dueAt"])
        self.assertEqual({a["AttributeName"]: a["AttributeType"] for a in ledger["AttributeDefinitions"]},
                         {"pk": "S", "open": "S", "dueAt": "N"})
        self.assertEqual(ledger["TimeToLiveSpecification"], {"AttributeName": "expiresAt", "Enabled": True})
        self.assertTrue(ledger["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
        self.assertTrue(ledger["SSESpecification"]["SSEEnabled"])

    def test_the_archive(self):
        archive, = self.all("AWS::Events::Archive").values()
        self.assertEqual(archive["SourceArn"], f"arn:aws:{BUS}")
        self.assertEqual(archive["RetentionDays"], "90")
        self.assertNotIn("EventPattern", archive)

    def test_recovery_runs_every_minute(self):
        self.assertEqual(self.all("AWS::Scheduler::Schedule")["RecoverOrdersSchedule"]["ScheduleExpression"], "rate(1 minute)")
        recover = self.functions["recover-orders"][1]
        self.assertEqual(recover["Timeout"], 60)
        self.assertNotIn("ReservedConcurrentExecutions", recover)

    def test_every_dead_letter_queue_has_an_alarm(self):
        watched = {}
        for alarm in self.all("AWS::CloudWatch::Alarm").values():
            if alarm["Namespace"] == "AWS/SQS":
                dimension, = alarm["Dimensions"]
                self.assertEqual(dimension["Name"], "QueueName")
                watched[dimension["Value"]] = alarm
        self.assertEqual(set(watched), {self.stack.physical(logical) for logical in self.all("AWS::SQS::Queue")})
        for alarm in watched.values():
            self.assertEqual((alarm["MetricName"], alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]),
                             ("ApproximateNumberOfMessagesVisible", "Maximum", 0, "GreaterThanThreshold"))
            self.assertEqual(alarm["TreatMissingData"], "ignore")

    def test_recovery_has_alarms(self):
        alarms = {alarm["MetricName"]: alarm for alarm in self.all("AWS::CloudWatch::Alarm").values()}
        for metric in "Errors", "Invocations":
            self.assertEqual(alarms[metric]["Dimensions"], [{"Name": "FunctionName", "Value": "orders-recover-orders"}])
        self.assertEqual(alarms["Invocations"]["TreatMissingData"], "breaching")
        age = alarms["OldestDueAge"]
        self.assertEqual((age["Namespace"], age["Statistic"], age["Threshold"]), ("Orders", "Maximum", 15 * 60 * 1000))
        self.assertNotIn("Dimensions", age)

    def test_alarms_go_to_the_topic_and_only_if_there_is_one(self):
        for stack, actions in (self.stack, [TOPIC]), (deployed()[0], None):
            alarms = stack.of_type("AWS::CloudWatch::Alarm")
            self.assertEqual(len(alarms), 6)
            for logical, alarm in alarms:
                self.assertEqual((alarm.get("AlarmActions"), alarm.get("OKActions")), (actions, actions), logical)
        self.assertNotIn("sns:Publish", json.dumps([role for _, role in deployed()[0].of_type("AWS::IAM::Role")]))

    def test_the_runbook_knows_every_alarm(self):
        with open(os.path.join(ROOT, "deploy", "RUNBOOK.md"), encoding="utf-8") as file:
            explained = set(re.findall(r"^\| `…-([\w-]+)` \|", file.read(), re.MULTILINE))
        self.assertEqual(explained, {alarm["AlarmName"].removeprefix("orders-")
                                     for alarm in self.all("AWS::CloudWatch::Alarm").values()})

    def test_without_an_event_relay_there_is_no_partner_bus(self):
        stack, _ = deployed()
        self.assertEqual(len(stack.of_type("AWS::Events::EventBus")), 1)
        self.assertEqual(len(stack.of_type("AWS::Events::Rule")), 2)
        self.assertFalse([logical for logical in stack.resources if logical.startswith("Relay")])

    def test_the_relay_is_pinned_to_org_and_channel(self):
        self.assertEqual(self.all("AWS::Events::Rule")["RelayedOrder"]["EventPattern"]["source"], [RELAY])


class Faults(unittest.TestCase):
    """Each is told in one sentence."""

    def test_of_parameters(self):
        declared = resources.load(TEMPLATE)["Parameters"]
        for given, told in [
            ({}, "needs a value for parameter SfClientId, WhmcsApiUrl, WhmcsPaymentMethod"),
            ({**REQUIRED, "Sfclient": "x"}, "has no parameter Sfclient"),
            ({**REQUIRED, "Runtime": "python3.14"}, "Runtime must be one of provided.al2, provided.al2023"),
            ({**REQUIRED, "LogRetention": "2555"}, "LogRetention must be one of"),
            ({**REQUIRED, "MaxAttempts": "many"}, "MaxAttempts must be a whole number"),
            ({**REQUIRED, "MaxAttempts": "0"}, "MaxAttempts must be 1 to 100"),
            ({**REQUIRED, "WhmcsApiUrl": "http://billing.example.com/includes/api.php"}, "WhmcsApiUrl must look like"),
            ({**REQUIRED, "SfLoginUrl": "http://login.salesforce.com"}, "SfLoginUrl must look like"),
            ({**REQUIRED, "SalesforceEventSource": "aws.partner/salesforce.com"}, "SalesforceEventSource must look like"),
            ({**REQUIRED, "SfRefreshSchedule": "rate(1 hours)"}, "SfRefreshSchedule must look like"),
            ({**REQUIRED, "SfReconcile": "yes"}, "SfReconcile must be one of true, false"),
            ({**REQUIRED, "AlertTopicArn": "alerts"}, "AlertTopicArn must look like"),
            ({**REQUIRED, "SecurityAlertWebhook": "http://hooks.example.com/T0/secret"}, "not what was given$"),
        ]:
            with self.subTest(given), self.assertRaisesRegex(resources.Fault, told):
                resources.choose(declared, given)

    def test_of_templates(self):
        whole = resources.load(TEMPLATE)

        def without_zip(template):
            template["Resources"]["OrderStatus"]["Properties"]["CodeUri"] = "Sources/"

        def unknown_function(template):
            template["Resources"]["OrderBus"]["Properties"]["Name"] = {"Fn::ImportValue": "bus"}

        def dangling(template):
            template["Resources"]["OrderStatus"]["Properties"]["Environment"]["Variables"]["X"] = {"Ref": "Nowhere"}

        def cron(template):
            schedule = template["Resources"]["RefreshSfToken"]["Properties"]["Events"]["Schedule"]
            schedule["Properties"]["ScheduleExpression"] = "cron(0 * * * ? *)"

        def refused_by_sam(template):
            template["Resources"]["OrderStatus"]["Properties"]["Events"]["Health"]["Type"] = "Telepathy"

        for spoil, told in [
            (without_zip, "OrderStatus's CodeUri must be a zip"),
            (unknown_function, "uses Fn::ImportValue"),
            (dangling, "refers to Nowhere"),
            (cron, "only rate"),
            (refused_by_sam, "SAM refuses it: .*Health"),
        ]:
            template = copy.deepcopy(whole)
            spoil(template)
            with self.subTest(spoil.__name__), self.assertRaisesRegex(resources.Fault, told):
                parameters = resources.choose(template["Parameters"], REQUIRED)
                translated, programs = resources.translate(template, parameters, "eu-west-1")
                stack = resources.Stack(translated, parameters, "eu-west-1", "local")
                resources.describe(stack, programs, {stack.arn(q): "" for q, _ in stack.of_type("AWS::SQS::Queue")}, {})

    def test_end_the_program(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as broken:
            broken.write("Resources: [")
            broken.flush()
            for template, told in [("nowhere.yaml", "can't be read"), (broken.name, "is not YAML"), (TEMPLATE, "needs a value")]:
                run = subprocess.run(
                    [sys.executable, os.path.join(HERE, "resources.py"), "--template", template,
                     "--endpoint", "http://127.0.0.1:1", "--region", "eu-west-1"], capture_output=True, text=True)
                self.assertEqual((run.returncode, run.stdout), (1, ""))
                self.assertIn(told, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


class Moto(unittest.TestCase):
    """The template in a real moto: every sample event that travels on a bus reaches its function's tap."""

    @classmethod
    def setUpClass(cls):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        endpoint = f"http://127.0.0.1:{port}"
        cls.server = subprocess.Popen(
            [os.path.join(os.path.dirname(sys.executable), "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop)
        parameters = {**REQUIRED, "SalesforceEventSource": RELAY}
        run = subprocess.run(
            [sys.executable, os.path.join(HERE, "resources.py"), "--template", TEMPLATE, "--endpoint", endpoint,
             "--region", "eu-west-1", *(f"--parameter={name}={value}" for name, value in parameters.items())],
            capture_output=True, text=True, timeout=60)
        if run.returncode:
            raise AssertionError(run.stderr)
        cls.told = json.loads(run.stdout)
        cls.functions = {function["name"]: function for function in cls.told["functions"]}
        cls.moto = resources.Moto(endpoint, "eu-west-1")

    @classmethod
    def stop(cls):
        cls.server.terminate()
        cls.server.wait()

    def arrivals(self):
        """What waits in the taps, by program."""
        found = []
        for name, function in self.functions.items():
            for tap in function["taps"]:
                messages = self.moto.call("sqs", "ReceiveMessage", QueueUrl=tap["queueUrl"], MaxNumberOfMessages=10)
                for message in messages.get("Messages", []):
                    self.moto.call("sqs", "DeleteMessage", QueueUrl=tap["queueUrl"], ReceiptHandle=message["ReceiptHandle"])
                    found.append((name, json.loads(message["Body"])))
        return found

    def put(self, bus, sample, **changed):
        sample = {**sample, **changed}
        answer = self.moto.call("events", "PutEvents", Entries=[{
            "EventBusName": bus, "Source": sample["source"], "DetailType": sample["detail-type"],
            "Detail": json.dumps(sample["detail"]), "Resources": sample["resources"]}])
        self.assertEqual(answer["FailedEntryCount"], 0)

    def test_events_reach_their_functions(self):
        for bus, name, program in [
            (self.told["eventBus"], "order-provision-requested.json", "provision-order"),
            (RELAY, "platform-event.json", "provision-order"),
            ("default", "ssm-policy-action.json", "refresh-sf-token"),
        ]:
            sample = event(name)
            self.put(bus, sample)
            with self.subTest(name):
                (reached, arrived), = self.arrivals()
                self.assertEqual(reached, program)
                for key in "source", "detail-type", "detail", "region", "resources":
                    self.assertEqual(arrived[key], sample[key])

    def test_events_of_others_reach_nobody(self):
        order, relayed, policy = map(event, ("order-provision-requested.json", "platform-event.json", "ssm-policy-action.json"))
        self.put(self.told["eventBus"], order, source="salesforce.other")
        self.put(self.told["eventBus"], order, **{"detail-type": "OrderProvisioned"})
        self.put("default", order)
        self.put(RELAY, relayed, source="aws.partner/salesforce.com/00Dyy0000000001EAA/0YLxx0000000001GAA")
        self.put(RELAY, relayed, **{"detail-type": "OrderChanged__e"})
        self.put("default", policy, detail={**policy["detail"], "parameter-name": "/another/token"})
        self.put("default", policy, detail={**policy["detail"], "policy-type": "Empty"})
        self.assertEqual(self.arrivals(), [])

    def test_the_archive_is_replayed_to_the_bus(self):
        bus = f"arn:aws:events:eu-west-1:{resources.ACCOUNT}:event-bus/{self.told['eventBus']}"
        archive, = self.moto.call("events", "ListArchives", EventSourceArn=bus)["Archives"]
        self.assertEqual(archive["RetentionDays"], 90)
        self.put(self.told["eventBus"], event("order-provision-requested.json"))
        (_, first), = self.arrivals()
        self.moto.call("events", "StartReplay", ReplayName="again", Destination={"Arn": bus}, EventEndTime=4e9, EventStartTime=0,
                       EventSourceArn=f"arn:aws:events:eu-west-1:{resources.ACCOUNT}:archive/{archive['ArchiveName']}")
        replayed = [arrived for _, arrived in self.arrivals() if arrived["time"] == first["time"]]
        self.assertIn(("again", first["detail"]), [(arrived["replay-name"], arrived["detail"]) for arrived in replayed])

    def test_the_table_works(self):
        table = self.told["table"]
        key = {"pk": {"S": "order#801Dn0000014UPaIAM"}}
        self.moto.call("dynamodb", "PutItem", TableName=table, Item={**key, "open": {"S": "1"}, "dueAt": {"N": "5"}})
        due = self.moto.call("dynamodb", "Query", TableName=table, IndexName="due",
                             KeyConditionExpression="#open = :one AND dueAt <= :now",
                             ExpressionAttributeNames={"#open": "open"},
                             ExpressionAttributeValues={":one": {"S": "1"}, ":now": {"N": "6"}})
        self.assertEqual([item["pk"] for item in due["Items"]], [key["pk"]])
        life = self.moto.call("dynamodb", "DescribeTimeToLive", TableName=table)["TimeToLiveDescription"]
        self.assertEqual(life, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"})

    def test_what_the_local_stack_is_told(self):
        routes = {(route["method"], route["path"], name)
                  for name, function in self.functions.items() for route in function["routes"]}
        self.assertEqual(routes, {("POST", "/orders/{sfOrderId}/fulfill", "verify-signature"),
                                  ("GET", "/orders/{sfOrderId}", "order-status"), ("GET", "/health", "order-status")})
        refresh = self.functions["refresh-sf-token"]
        self.assertEqual([(s["seconds"], s["input"]) for s in refresh["schedules"]], [(3600, None)])
        self.assertEqual(refresh["reservedConcurrency"], 1)
        recover = self.functions["recover-orders"]
        self.assertEqual([(s["seconds"], s["input"]) for s in recover["schedules"]], [(60, None)])
        self.assertEqual(recover["environment"]["LEDGER_TABLE"], self.told["table"])
        self.assertEqual(recover["environment"]["EVENT_BUS_NAME"], self.told["eventBus"])
        self.assertEqual(refresh["functionName"], self.functions["provision-order"]["environment"]["SF_REFRESH_FUNCTION"])
        self.assertEqual(len(self.functions["provision-order"]["taps"]), 2)
        for function in self.functions.values():
            for value in function["environment"].values():
                self.assertIsInstance(value, str)
            sources = function["taps"] + function["schedules"]
            for queue in [function["onFailureQueueUrl"]] + [source["deadLetterQueueUrl"] for source in sources]:
                if queue:
                    self.moto.call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])


class Events(unittest.TestCase):
    SECRET = b"local-webhook-secret-do-not-use-elsewhere"

    def test_the_signatures_are_real(self):
        nonces = set()
        for name, right in [("fulfill.json", True), ("fulfill-base64.json", True), ("fulfill-rest-v1.json", True),
                            ("fulfill-stale.json", True), ("fulfill-bad-signature.json", False)]:
            with self.subTest(name):
                sample = event(name)
                body = base64.b64decode(sample["body"]) if sample["isBase64Encoded"] else sample["body"].encode()
                headers = {key.lower(): value for key, value in sample["headers"].items()}
                signature = hmac.new(self.SECRET, body, hashlib.sha256).hexdigest()
                self.assertEqual(headers["x-sf-signature"] == signature, right)
                said = json.loads(body)
                self.assertEqual(headers["x-sf-timestamp"], said["timestamp"])
                self.assertEqual(headers["x-sf-nonce"], said["nonce"])
                self.assertRegex(said["nonce"], "^[0-9a-f]{16,}$")
                self.assertEqual(sample["pathParameters"]["sfOrderId"], said["orderId"])
                self.assertIn("idempotency-key", headers)
                self.assertNotIn(said["nonce"], nonces)
                nonces.add(said["nonce"])

    def test_the_requests_fit_the_routes(self):
        stack, _ = deployed()
        routes = {f"{route['method']} {route['path']}" for found in resources.find_routes(stack).values() for route in found}
        for name in sorted(os.listdir(os.path.join(ROOT, "events"))):
            if name.endswith(".json") and event(name).get("version") == "2.0":
                self.assertIn(event(name)["routeKey"], routes, name)

    def test_every_sample_is_explained(self):
        with open(os.path.join(ROOT, "events", "README.md"), encoding="utf-8") as file:
            explained = set(re.findall(r"`([\w-]+\.json)`", file.read()))
        self.assertEqual(explained, {name for name in os.listdir(os.path.join(ROOT, "events")) if name.endswith(".json")})


if __name__ == "__main__":
    unittest.main()
