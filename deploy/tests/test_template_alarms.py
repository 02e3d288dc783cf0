"""The alarms of template.yaml. test_runbook_sections.py looks for their places in the runbook."""

import json
import unittest

from support import TOPIC, deployed, fully_deployed


class TemplateAlarmsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack, _ = fully_deployed()
        cls.alarms = [alarm for _, alarm in cls.stack.of_type("AWS::CloudWatch::Alarm")]

    def test_every_queue_has_an_alarm(self):
        watched = {}
        for alarm in self.alarms:
            if alarm.get("Namespace") == "AWS/SQS":
                (dimension,) = alarm["Dimensions"]
                self.assertEqual(dimension["Name"], "QueueName")
                watched[dimension["Value"]] = alarm
        queues = {self.stack.physical(logical) for logical, _ in self.stack.of_type("AWS::SQS::Queue")}
        self.assertEqual(set(watched), queues)
        waiting = watched.pop("orders-OrderQueue")
        for alarm in watched.values():
            self.assertEqual(
                (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]),
                ("ApproximateNumberOfMessagesVisible", "Maximum", 0, "GreaterThanThreshold"),
            )
            self.assertEqual(alarm["TreatMissingData"], "ignore")
        self.assertEqual(
            (waiting["MetricName"], waiting["Statistic"], waiting["Threshold"], waiting["ComparisonOperator"]),
            ("ApproximateAgeOfOldestMessage", "Maximum", 30 * 60, "GreaterThanThreshold"),
        )
        # A message that fails is counted until its third delivery.
        queue = dict(self.stack.of_type("AWS::SQS::Queue"))["OrderQueue"]
        self.assertGreater(waiting["Threshold"], 2 * queue["VisibilityTimeout"])

    def test_recovery_has_alarms(self):
        alarms = {alarm["MetricName"]: alarm for alarm in self.alarms if "MetricName" in alarm}
        for metric in "Errors", "Invocations":
            self.assertEqual(alarms[metric]["Dimensions"], [{"Name": "FunctionName", "Value": "orders-recover-orders"}])
        self.assertEqual(alarms["Invocations"]["TreatMissingData"], "breaching")
        age = alarms["OldestDueAge"]
        self.assertEqual((age["Namespace"], age["Statistic"], age["Threshold"]), ("Orders", "Maximum", 30 * 60 * 1000))
        # An order in its backoff, of at most an hour, is met once in that time.
        self.assertEqual((age["Period"], age["EvaluationPeriods"], age["DatapointsToAlarm"]), (60, 65, 1))

    def test_alarms_notify_the_topic_only_if_there_is_one(self):
        # Without Event Relay nothing watches it.
        for stack, actions, count in (self.stack, [TOPIC], 16), (deployed()[0], None, 15):
            alarms = stack.of_type("AWS::CloudWatch::Alarm")
            self.assertEqual(len(alarms), count)
            for logical, alarm in alarms:
                self.assertEqual((alarm.get("AlarmActions"), alarm.get("OKActions")), (actions, actions), logical)
        self.assertNotIn("sns:Publish", json.dumps([role for _, role in deployed()[0].of_type("AWS::IAM::Role")]))


if __name__ == "__main__":
    unittest.main()
