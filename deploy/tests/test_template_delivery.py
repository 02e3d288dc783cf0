"""The events of template.yaml: rules, schedules, retries, dead-letter queues, and the state behind them."""

import json
import unittest

from support import ACCOUNT, KEY, REGION, RELAY, TEMPLATE, as_list, deployed, fully_deployed, sam_template, statements

# Maximum retries and maximum age in seconds, by rule and schedule.
RETRIES = {
    "RequestedOrder": (185, 86400),
    "RelayedOrder": (185, 86400),
    "RefreshSfTokenTokenAged": (5, 3600),
    "RefreshSfTokenSchedule": (5, 3600),
    "RecoverOrdersSchedule": (5, 60),
    "CatalogueCheck": (2, 3600),
}


class TemplateDeliveryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack, cls.programs = fully_deployed()

    def all(self, type):
        return dict(self.stack.of_type(type))

    def test_every_trigger_retries_and_has_a_dead_letter_queue(self):
        settings = {config["FunctionName"]: config for config in self.all("AWS::Lambda::EventInvokeConfig").values()}
        queues = {logical: self.stack.arn(logical) for logical in self.all("AWS::SQS::Queue")}
        rules, schedules = self.all("AWS::Events::Rule"), self.all("AWS::Scheduler::Schedule")
        targets = [
            (logical, target, "UndeliveredEvents") for logical, rule in rules.items() for target in rule["Targets"]
        ]
        targets += [(logical, schedule["Target"], "MissedSchedules") for logical, schedule in schedules.items()]
        self.assertEqual({logical for logical, _, _ in targets}, set(RETRIES))
        for logical, target, queue in targets:
            self.assertEqual(target["DeadLetterConfig"]["Arn"], queues[queue], logical)
            policy = target["RetryPolicy"]
            self.assertEqual((policy["MaximumRetryAttempts"], policy["MaximumEventAgeInSeconds"]), RETRIES[logical])
            if logical in ("RequestedOrder", "RelayedOrder"):
                self.assertEqual(target["Arn"], queues["OrderQueue"])
                continue
            # Its failure is worth no letter: provision-order may not write one, and the next look comes.
            if logical == "CatalogueCheck":
                continue
            function = settings[target["Arn"].rsplit(":", 1)[-1]]
            destination = function["DestinationConfig"]["OnFailure"]["Destination"]
            self.assertEqual(destination, queues["FailedInvocations"], logical)
            self.assertEqual(function["MaximumRetryAttempts"], 2, logical)
            # Lambda's second retry comes three minutes after the event.
            self.assertGreater(function["MaximumEventAgeInSeconds"], 180, logical)
        self.assertEqual(set(settings), {"orders-recover-orders", "orders-refresh-sf-token"})

    def test_the_order_queue_feeds_provision_order_at_a_limited_concurrency(self):
        for given, concurrency in ({}, "5"), ({"WhmcsConcurrency": "40"}, "40"):
            ((_, mapping),) = deployed(**given)[0].of_type("AWS::Lambda::EventSourceMapping")
            self.assertEqual(mapping["EventSourceArn"], self.stack.arn("OrderQueue"))
            self.assertEqual(mapping["FunctionName"], "orders-provision-order")
            self.assertEqual(mapping["BatchSize"], 1)
            self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
            self.assertEqual(mapping["ScalingConfig"], {"MaximumConcurrency": concurrency})
            self.assertNotIn("Enabled", mapping)
        parameter = sam_template.load(TEMPLATE)["Parameters"]["WhmcsConcurrency"]
        self.assertEqual((parameter["MinValue"], parameter["MaxValue"]), (2, 1000))  # Lambda's bounds
        provision = self.all("AWS::Lambda::Function")["ProvisionOrder"]
        self.assertNotIn("ReservedConcurrentExecutions", provision)

    def test_a_message_that_fails_is_delivered_five_times(self):
        queue = self.all("AWS::SQS::Queue")["OrderQueue"]
        timeout = self.all("AWS::Lambda::Function")["ProvisionOrder"]["Timeout"]
        self.assertEqual(queue["VisibilityTimeout"], 6 * timeout)
        letters = self.stack.arn("OrderDeadLetters")
        self.assertEqual(queue["RedrivePolicy"], {"deadLetterTargetArn": letters, "maxReceiveCount": 5})

    def test_every_queue_is_encrypted_and_keeps_dead_letters_for_two_weeks(self):
        queues = self.all("AWS::SQS::Queue")
        for queue in queues.values():
            self.assertEqual((queue["KmsMasterKeyId"], "SqsManagedSseEnabled" in queue), (KEY, False))
        for _, queue in deployed()[0].of_type("AWS::SQS::Queue"):
            self.assertEqual(("KmsMasterKeyId" in queue, queue["SqsManagedSseEnabled"]), (False, True))
        kept = {logical: queue["MessageRetentionPeriod"] for logical, queue in queues.items()}
        # A dead letter has the age of its message.
        self.assertEqual(kept.pop("OrderQueue"), 604800)
        self.assertEqual(set(kept.values()), {1209600})

    def test_every_schedule_may_write_to_its_dead_letter_queue(self):
        roles = {self.stack.arn(logical): role for logical, role in self.all("AWS::IAM::Role").items()}
        for logical, schedule in self.all("AWS::Scheduler::Schedule").items():
            target = schedule["Target"]
            granted = {
                (action, resource)
                for statement in statements(roles[target["RoleArn"]])
                for action in as_list(statement["Action"])
                for resource in as_list(statement["Resource"])
            }
            expected = {
                ("lambda:InvokeFunction", target["Arn"]),
                ("sqs:SendMessage", target["DeadLetterConfig"]["Arn"]),
                ("kms:Decrypt", KEY),
                ("kms:GenerateDataKey", KEY),
            }
            self.assertEqual(granted, expected, logical)

    def test_only_the_rules_may_write_to_their_queues(self):
        for given in {}, {"SalesforceEventSource": RELAY}:
            stack, _ = deployed(**given)
            expected = {}
            for logical, rule in stack.of_type("AWS::Events::Rule"):
                (target,) = rule["Targets"]
                for queue in target["DeadLetterConfig"]["Arn"], target["Arn"]:
                    if ":sqs:" in queue:
                        expected.setdefault(queue, []).append(stack.arn(logical))
            granted = {}
            for _, policy in stack.of_type("AWS::SQS::QueuePolicy"):
                (statement,) = policy["PolicyDocument"]["Statement"]
                self.assertEqual(statement["Principal"], {"Service": "events.amazonaws.com"})
                self.assertEqual((statement["Effect"], statement["Action"]), ("Allow", "sqs:SendMessage"))
                self.assertEqual(policy["Queues"], [statement["Resource"].rsplit(":", 1)[-1]])
                granted[statement["Resource"]] = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
            self.assertEqual(
                {queue: sorted(rules) for queue, rules in granted.items()},
                {queue: sorted(rules) for queue, rules in expected.items()},
            )

    def test_the_catalogues_are_compared_only_if_wanted(self):
        check = self.all("AWS::Scheduler::Schedule")["CatalogueCheck"]
        self.assertEqual(check["ScheduleExpression"], "rate(1 day)")
        self.assertEqual(check["Target"]["Arn"], self.stack.arn("ProvisionOrder"))
        self.assertEqual(json.loads(check["Target"]["Input"]), {"doctor": "catalogue"})
        self.assertFalse([logical for logical in deployed()[0].resources if logical.startswith("CatalogueCheck")])

    def test_recovery_runs_every_minute(self):
        schedule = self.all("AWS::Scheduler::Schedule")["RecoverOrdersSchedule"]
        self.assertEqual(schedule["ScheduleExpression"], "rate(1 minute)")
        recover = self.all("AWS::Lambda::Function")["RecoverOrders"]
        self.assertEqual(recover["Timeout"], 60)
        self.assertNotIn("ReservedConcurrentExecutions", recover)

    def test_without_an_event_relay_there_is_no_partner_bus(self):
        stack, _ = deployed()
        self.assertEqual(len(stack.of_type("AWS::Events::EventBus")), 1)
        self.assertEqual(len(stack.of_type("AWS::Events::Rule")), 2)
        self.assertFalse([logical for logical in stack.resources if logical.startswith("Relay")])

    def test_the_relay_is_pinned_to_org_and_channel(self):
        self.assertEqual(self.all("AWS::Events::Rule")["RelayedOrder"]["EventPattern"]["source"], [RELAY])

    def test_orders_have_a_limit_of_their_own(self):
        ((_, stage),) = self.all("AWS::ApiGatewayV2::Stage").items()
        self.assertEqual(set(stage["RouteSettings"]), {"POST /orders/{sfOrderId}/fulfill"})
        ((_, api),) = self.all("AWS::ApiGatewayV2::Api").items()
        self.assertIn("post", api["Body"]["paths"]["/orders/{sfOrderId}/fulfill"])
        for limits in [stage["DefaultRouteSettings"], *stage["RouteSettings"].values()]:
            self.assertEqual(limits, {"ThrottlingRateLimit": "50", "ThrottlingBurstLimit": "100"})

    def test_the_archive_keeps_all_events_of_the_order_bus(self):
        (archive,) = self.all("AWS::Events::Archive").values()
        self.assertEqual(archive["SourceArn"], f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/orders-orders")
        self.assertEqual(archive["RetentionDays"], "90")
        self.assertNotIn("EventPattern", archive)

    def test_the_ledger(self):
        ((logical, ledger),) = self.all("AWS::DynamoDB::Table").items()
        self.assertEqual(self.stack.resources[logical]["DeletionPolicy"], "Retain")
        self.assertEqual(self.stack.resources[logical]["UpdateReplacePolicy"], "Retain")
        self.assertEqual(ledger["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        indexes = {
            index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
            for index in ledger["GlobalSecondaryIndexes"]
        }
        self.assertEqual(indexes, {"due": ["open", "dueAt"], "failed": ["errorCode", "endedAt"]})
        self.assertEqual(
            {attribute["AttributeName"]: attribute["AttributeType"] for attribute in ledger["AttributeDefinitions"]},
            {"pk": "S", "open": "S", "dueAt": "N", "errorCode": "S", "endedAt": "N"},
        )
        self.assertEqual(ledger["TimeToLiveSpecification"], {"AttributeName": "expiresAt", "Enabled": True})
        self.assertTrue(ledger["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
        self.assertTrue(ledger["SSESpecification"]["SSEEnabled"])
        self.assertTrue(ledger["DeletionProtectionEnabled"])

    def test_only_the_webhook_and_recovery_put_events_on_the_order_bus(self):
        (policy,) = self.all("AWS::Events::EventBusPolicy").values()
        self.assertEqual(policy["EventBusName"], "orders-orders")
        roles = [self.stack.arn(role) for role in ("VerifySignatureRole", "RecoverOrdersRole")]
        self.assertEqual(
            policy["Statement"],
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "events:PutEvents",
                "Resource": self.stack.arn("OrderBus"),
                "Condition": {
                    "ArnNotEquals": {"aws:PrincipalArn": roles},
                    "Bool": {"aws:PrincipalIsAWSService": "false"},
                },
            },
        )
        putting = {
            self.stack.arn(logical)
            for logical, role in self.all("AWS::IAM::Role").items()
            if any("events:PutEvents" in as_list(statement["Action"]) for statement in statements(role))
        }
        self.assertEqual(putting, set(roles))


if __name__ == "__main__":
    unittest.main()
