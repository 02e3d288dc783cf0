"""Dashboard, alarms, objectives and costs, held against the metrics that deploy/OBJECTIVES.md lists.

A Swift test (SuiteMetricsTests) holds that list against what the programs write.
"""

import json
import re
import unittest

from support import DEPLOY, ROOT, fully_deployed

PAGE = (DEPLOY / "OBJECTIVES.md").read_text(encoding="utf-8")
RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text(encoding="utf-8")


def table(heading):
    """The rows below a header row that begins with these cells."""
    lines = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def number(text):
    return float(text.replace(",", ""))


METRICS = {
    (name.strip("`"), tuple(dimensions.split(", ")))
    for name, _, sets, _, _ in table("metric | unit | dimensions | written by | meaning")
    for dimensions in sets.split("; ")
}
VALUES = {name.strip("`"): set(values.split(", ")) for name, values, _ in table("dimension | values | usual")}
USUAL = {name.strip("`"): int(usual.strip("| ") or 0) for name, _, usual in table("dimension | values | usual")}


def alarm_metrics(alarm):
    """(namespace, name, dimensions) of each metric that the alarm watches."""
    stats = [entry["MetricStat"]["Metric"] for entry in alarm.get("Metrics", []) if "MetricStat" in entry]
    for metric in stats or [alarm]:
        yield metric["Namespace"], metric["MetricName"], {d["Name"]: d["Value"] for d in metric["Dimensions"]}


def shown_metrics(widget):
    """The same of a widget. A search leaves dimensions open: None."""
    for metric in widget["properties"].get("metrics", []):
        if not isinstance(metric[0], dict):
            namespace, name, *dimensions, _ = metric
            yield namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True))
            continue
        search = re.fullmatch(r"SEARCH\('\{(\w+),([\w,]+)\} (.*)', '[\w.]+', \d+\)", metric[0]["expression"])
        namespace, dimensions, terms = search.groups()
        given = dict(re.findall(r'(\w+)="([^"]*)"', terms))
        name = given.pop("MetricName")
        assert given.keys() <= set(dimensions.split(",")), metric
        yield namespace, name, {dimension: given.get(dimension) for dimension in dimensions.split(",")}


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack, _ = fully_deployed()
        cls.alarms = [alarm for _, alarm in cls.stack.of_type("AWS::CloudWatch::Alarm")]
        ((_, dashboard),) = cls.stack.of_type("AWS::CloudWatch::Dashboard")
        cls.widgets = json.loads(dashboard["DashboardBody"])["widgets"]

    def check(self, namespace, name, dimensions):
        """The metric exists: of the suite in the list, of AWS in the stack."""
        if namespace == "Orders":
            self.assertIn((name, tuple(dimensions)), METRICS)
            self.assertEqual(dimensions["Stack"], "orders")
            for dimension, value in dimensions.items():
                if dimension != "Stack" and value is not None:
                    self.assertIn(value, VALUES[f"{name}.{dimension}"])
            return
        ((_, value),) = dimensions.items()
        kinds = {"AWS/SQS": ("AWS::SQS::Queue", None), "AWS/Lambda": ("AWS::Lambda::Function", "FunctionName")}
        kind, key = kinds[namespace]
        resources = self.stack.of_type(kind)
        self.assertIn(value, [value[key] if key else self.stack.physical(logical) for logical, value in resources])

    def test_an_alarm_watches_metrics_that_exist(self):
        for alarm in self.alarms:
            for metric in alarm_metrics(alarm):
                with self.subTest(alarm["AlarmName"], metric=metric):
                    self.check(*metric)

    def test_the_dashboard_shows_metrics_that_exist(self):
        for widget in self.widgets:
            for metric in shown_metrics(widget):
                with self.subTest(widget["properties"]["title"], metric=metric):
                    self.check(*metric)

    def test_every_metric_is_on_the_dashboard(self):
        shown = {(name, tuple(dimensions)) for widget in self.widgets for _, name, dimensions in shown_metrics(widget)}
        self.assertEqual(METRICS - shown, set())
        self.assertGreater(len(METRICS), 20)

    def test_the_dashboard_has_every_alarm_and_no_overlap(self):
        fields = [
            (x, y)
            for widget in self.widgets
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        ]
        self.assertEqual(len(fields), len(set(fields)))
        self.assertTrue(all(x < 24 for x, _ in fields))
        shown = {
            arn.split(":alarm:")[1] for w in self.widgets if w["type"] == "alarm" for arn in w["properties"]["alarms"]
        }
        # Without Event Relay it does not exist, and a dashboard has no conditions.
        self.assertEqual(shown, {alarm["AlarmName"] for alarm in self.alarms} - {"orders-relay-silent"})

    def test_every_objective_names_metrics_that_exist(self):
        rows = table("objective | target | expression")
        self.assertGreater(len(rows), 7)
        for objective, _, expression in rows:
            term = r"([A-Z]\w+)(?:\[(\w+)=([\w-]+)\])?\.(?:Sum|PR\(:\d+\))"
            named = re.findall(term, expression)
            self.assertTrue(named, objective)
            self.assertRegex(re.sub(term, "1", expression).strip("`"), r"^[\d()+\-*/, ]*(FILL[\d()+\-*/, ]*)*$")
            for name, dimension, value in named:
                with self.subTest(objective, metric=name):
                    self.check("Orders", name, {"Stack": "orders"} | ({dimension: value} if dimension else {}))

    def test_an_alarm_names_its_section_of_the_runbook(self):
        headings = re.findall(r"^#+ (.*)$", RUNBOOK, re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        for alarm in self.alarms:
            path, anchor = alarm["AlarmDescription"].rsplit("; ", 1)[1].split("#")
            self.assertEqual(path, "deploy/RUNBOOK.md")
            self.assertIn(anchor, anchors, alarm["AlarmName"])
            row = re.search(rf"^\| `…-{alarm['AlarmName'].removeprefix('orders-')}` \|.*$", RUNBOOK, re.MULTILINE)
            self.assertIn(f"](#{anchor})", row[0])

    def test_the_list_has_every_refusal_and_every_action(self):
        orders = ROOT / "Sources/Orders"
        sources = [*(orders / "Webhook").glob("*.swift"), orders / "ProblemDetails.swift"]
        text = "".join(path.read_text(encoding="utf-8") for path in sources)
        refusals = re.findall(r'ProblemDetails\(\s*4\d\d, "(\w+)"', text)
        self.assertEqual(VALUES["Refusals.Code"], set(refusals))
        text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "Sources/WHMCS").glob("*.swift"))
        actions = set(re.findall(r'"((?:Get|Add|Accept|Cancel)[A-Z]\w+)"', text))
        self.assertEqual(VALUES["CallTime.Action"] & actions, actions)
        self.assertGreater(len(actions), 8)

    def test_a_saved_query_reads_lines_that_the_programs_write(self):
        sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "Sources").rglob("*.swift"))
        groups = {group["LogGroupName"] for _, group in self.stack.of_type("AWS::Logs::LogGroup")}
        queries = [query for _, query in self.stack.of_type("AWS::Logs::QueryDefinition")]
        self.assertEqual({query["Name"].split("/")[0] for query in queries}, {"orders"})
        named = set()
        for query in queries:
            self.assertLessEqual(set(query["LogGroupNames"]), groups)
            named.update(re.findall(r'message !?= "([^"]*)"', query["QueryString"]))
        self.assertEqual({message for message in named if f'"{message}"' not in sources}, set())
        self.assertGreater(len(named), 2)

    def counts(self):
        """How many metrics CloudWatch counts: in a usual month, and at most."""
        usual = most = 0
        for name, dimensions in METRICS:
            keys = [f"{name}.{dimension}" for dimension in dimensions[1:]]
            if not keys:
                usual, most = usual + 1, most + 1
                continue
            product = 1
            for key in keys:
                # An action belongs to one service.
                product *= 1 if key == "CallTime.Service" else len(VALUES[key])
            usual, most = usual + sum(USUAL[key] for key in keys), most + product
        return usual, most

    def test_costs(self):
        metric, alarm, dashboard, gigabyte = (number(price) for _, price in table("what | list price in $"))
        amounts = {what: [number(cell) for cell in cells] for what, *cells in table("amount | usual | at most")}
        self.assertEqual(amounts["metrics"], list(self.counts()))
        watched = sum(len(list(alarm_metrics(alarm))) for alarm in self.alarms)
        self.assertEqual(amounts["metrics that alarms watch"], [watched, watched])
        of_order, of_round = (number(size) for _, size in table("what | bytes of metrics"))
        rows = table("orders a month | metrics, usual")
        self.assertEqual([number(row[0]) for row in rows], [1_000, 100_000])
        for orders, *costs in rows:
            logs = (number(orders) * of_order + 60 * 24 * 30 * of_round) / 1e9 * gigabyte
            usual, most = (metric * count for count in amounts["metrics"])
            expected = [usual, most, alarm * watched, dashboard, logs]
            expected += [sum(expected) - most, sum(expected) - usual]
            self.assertEqual([number(cost) for cost in costs], [round(cost, 2) for cost in expected], orders)


if __name__ == "__main__":
    unittest.main()
