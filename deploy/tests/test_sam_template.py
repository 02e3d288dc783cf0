"""Each error of the template or its parameters is one sentence."""

import copy
import sys
import tempfile
import unittest

from support import EMULATION, REGION, REQUIRED, TEMPLATE, function_descriptions, run, sam_template


class SAMTemplateErrorsTest(unittest.TestCase):
    def test_parameters(self):
        declared = sam_template.load(TEMPLATE)["Parameters"]
        for given, message in [
            ({}, "needs a value for parameter SfClientId, SfProvisionableStatuses, WhmcsApiUrl, WhmcsPaymentMethod"),
            ({**REQUIRED, "Sfclient": "x"}, "has no parameter Sfclient"),
            ({**REQUIRED, "Runtime": "python3.14"}, "Runtime must be one of provided.al2, provided.al2023"),
            ({**REQUIRED, "LogRetention": "2555"}, "LogRetention must be one of"),
            ({**REQUIRED, "MaxAttempts": "many"}, "MaxAttempts must be a whole number"),
            ({**REQUIRED, "MaxAttempts": "0"}, "MaxAttempts must be 1 to 1000"),
            ({**REQUIRED, "WhmcsApiUrl": "http://billing.example.com/includes/api.php"}, "WhmcsApiUrl must match"),
            ({**REQUIRED, "SfLoginUrl": "http://login.salesforce.com"}, "SfLoginUrl must match"),
            ({**REQUIRED, "SalesforceEventSource": "aws.partner/salesforce.com"}, "SalesforceEventSource must match"),
            ({**REQUIRED, "SfRefreshSchedule": "rate(1 hours)"}, "SfRefreshSchedule must match"),
            ({**REQUIRED, "SfProvisionableStatuses": ""}, "SfProvisionableStatuses must match"),
            ({**REQUIRED, "SfProvisionableStatuses": "Approved,*"}, "SfProvisionableStatuses must match"),
            ({**REQUIRED, "SfReconcileSince": "20261120"}, "SfReconcileSince must match"),
            ({**REQUIRED, "SfReconcile": "yes"}, "SfReconcile must be one of true, false"),
            ({**REQUIRED, "AlertTopicArn": "alerts"}, "AlertTopicArn must match"),
            ({**REQUIRED, "SecurityAlertWebhook": "http://hooks.example.com/T0/secret"}, "not the given value$"),
        ]:
            with self.subTest(given), self.assertRaisesRegex(sam_template.TemplateError, message):
                sam_template.choose_parameters(declared, given)

    def test_templates(self):
        whole = sam_template.load(TEMPLATE)

        def without_zip(template):
            template["Resources"]["OrderStatus"]["Properties"]["CodeUri"] = "Sources/"

        def unknown_function(template):
            template["Resources"]["OrderBus"]["Properties"]["Name"] = {"Fn::ImportValue": "bus"}

        def dangling_reference(template):
            template["Resources"]["OrderStatus"]["Properties"]["Environment"]["Variables"]["X"] = {"Ref": "Nowhere"}

        def cron(template):
            schedule = template["Resources"]["RefreshSfToken"]["Properties"]["Events"]["Schedule"]
            schedule["Properties"]["ScheduleExpression"] = "cron(0 * * * ? *)"

        def refused_by_sam(template):
            template["Resources"]["OrderStatus"]["Properties"]["Events"]["Health"]["Type"] = "Telepathy"

        for spoil, message in [
            (without_zip, "OrderStatus's CodeUri must be a zip"),
            (unknown_function, "uses Fn::ImportValue"),
            (dangling_reference, "refers to Nowhere"),
            (cron, "only rate"),
            (refused_by_sam, "SAM refuses it: .*Health"),
        ]:
            template = copy.deepcopy(whole)
            spoil(template)
            with self.subTest(spoil.__name__), self.assertRaisesRegex(sam_template.TemplateError, message):
                parameters = sam_template.choose_parameters(template["Parameters"], REQUIRED)
                translated, programs = sam_template.translate(template, parameters, REGION)
                stack = sam_template.Stack(translated, parameters, REGION, "local")
                queues = {stack.arn(logical): "" for logical, _ in stack.of_type("AWS::SQS::Queue")}
                function_descriptions.describe(stack, programs, queues, {})

    def test_an_alarm_over_a_sum_has_the_metrics_of_the_sum(self):
        def alarm(expression, *stats):
            metrics = [
                {
                    "Id": f"m{i}",
                    "MetricStat": {"Metric": {"Namespace": "N", "MetricName": stat}, "Period": 60, "Stat": stat},
                }
                for i, stat in enumerate(stats)
            ]
            return {
                "Metrics": [{"Id": "all", "Expression": expression}, *metrics],
                "EvaluationPeriods": 3,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
            }

        rule = function_descriptions.alarm_rule(alarm("SUM(METRICS())", "Sum", "Sum"))
        self.assertEqual(rule["metrics"], [{"namespace": "N", "name": "Sum", "dimensions": {}}] * 2)
        self.assertEqual((rule["statistic"], rule["periodSeconds"], rule["datapointsToAlarm"]), ("Sum", 60, 3))
        for other in ("m0 / m1", "Sum", "Sum"), ("SUM(METRICS())", "Sum", "Maximum"), ("SUM(METRICS())", "Maximum"):
            self.assertIsNone(function_descriptions.alarm_rule(alarm(*other)))

    def test_an_error_ends_the_program(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as broken:
            broken.write("Resources: [")
            broken.flush()
            for template, message in [
                ("nowhere.yaml", "cannot read it"),
                (broken.name, "is not YAML"),
                (TEMPLATE, "needs a value"),
            ]:
                program = [sys.executable, EMULATION / "create_resources.py", "--template", template]
                result = run(*program, "--endpoint", "http://127.0.0.1:1", "--region", REGION)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertIn(message, result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)


if __name__ == "__main__":
    unittest.main()
