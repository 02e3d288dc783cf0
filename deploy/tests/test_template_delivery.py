"""The events of template.yaml: rules, schedules, retries, dead-letter queues, and the state behind them."""

import unittest

from support import ACCOUNT, REGION, RELAY, as_list, deployed, fully_deployed, statements

# Maximum retries and maximum age in seconds, by rule and schedule.
RETRIES = {
    "ProvisionOrderRequested": (185, 86400),
    "RelayedOrder": (185, 86400),
    "RefreshSfTokenTokenAged": (5, 3600),
    "RefreshSfTokenSchedule": (5, 3600),
    "RecoverOrdersSchedule": (5, 60),
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
            function = settings[target["Arn"].rsplit(":", 1)[-1]]
            destination = function["DestinationConfig"]["OnFailure"]["Destination"]
            self.assertEqual(destination, queues["FailedInvocations"], logical)
            self.assertEqual(function["MaximumRetryAttempts"], 2, logical)
            # Lambda's second retry comes three minutes after the event.
            self.assertGreater(function["MaximumEventAgeInSeconds"], 180, logical)

    def test_every_dead_letter_queue_keeps_messages_for_two_weeks(self):
        for logical, queue in self.all("AWS::SQS::Queue").items():
            kept = (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"])
            self.assertEqual(kept, (1209600, True), logical)

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
            }
            self.assertEqual(granted, expected, logical)

    def test_every_rule_may_write_to_its_dead_letter_queue(self):
        for given in {}, {"SalesforceEventSource": RELAY}:
            stack, _ = deployed(**given)
            ((_, policy),) = stack.of_type("AWS::SQS::QueuePolicy")
            (statement,) = policy["PolicyDocument"]["Statement"]
            self.assertEqual(statement["Principal"], {"Service": "events.amazonaws.com"})
            rules = [(stack.arn(logical), rule) for logical, rule in stack.of_type("AWS::Events::Rule")]
            self.assertEqual(
                sorted(statement["Condition"]["ArnEquals"]["aws:SourceArn"]), sorted(arn for arn, _ in rules)
            )
            for _, rule in rules:
                self.assertEqual(rule["Targets"][0]["DeadLetterConfig"]["Arn"], statement["Resource"])

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
        (index,) = ledger["GlobalSecondaryIndexes"]
        self.assertEqual(index["IndexName"], "due")
        self.assertEqual([key["AttributeName"] for key in index["KeySchema"]], ["open", "dueAt"])
        self.assertEqual(
            {attribute["AttributeName"]: attribute["AttributeType"] for attribute in ledger["AttributeDefinitions"]},
            {"pk": "S", "open": "S", "dueAt": "N"},
        )
        self.assertEqual(ledger["TimeToLiveSpecification"], {"AttributeName": "expiresAt", "Enabled": True})
        self.assertTrue(ledger["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
        self.assertTrue(ledger["SSESpecification"]["SSEEnabled"])


if __name__ == "__main__":
    unittest.main()
