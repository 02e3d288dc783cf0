"""deploy/salesforce has the names, values and lengths that the suite has by default."""

import re
import unittest

from salesforce_metadata import files, of_type, one, read, text
from salesforce_source import classes, formulas, labels, nodes, parse, parse_formula, scripts, value
from sam_template import load
from support import DEPLOY, ROOT, TEMPLATE

OBJECTS = {"order field": "Order", "account field": "Account", "product field": "Product2", "line field": "OrderItem"}


def settings():
    """Variable → (default, meaning) of CONFIGURATION.md."""
    rows = re.findall(r"(?m)^\| `(SF_\w+)` \| [^|]+ \| ([^|]+) \| (.+) \|$", (DEPLOY / "CONFIGURATION.md").read_text())
    return {variable: (default.strip().strip("`"), meaning) for variable, default, meaning in rows}


def field(object_name, field_name):
    (path,) = [path for path in files(f"{field_name}.field-meta.xml") if f"/{object_name}/" in str(path)]
    return read(path)


def picklist(root):
    return text(root, "valueSet/valueSetDefinition/value/fullName")


def errors():
    """Code → who fixes it, as the suite's README has it."""
    rows = re.findall(r"(?m)^\| (`[A-Z_`, ]+`) \| [^|]+ \| ([^|]+) \|$", (ROOT / "README.md").read_text())
    return {code: who.strip() for codes, who in rows for code in re.findall(r"`([A-Z_]+)`", codes)}


class ContractTest(unittest.TestCase):
    def test_every_default_field_exists_on_its_object(self):
        found = 0
        for variable, (default, meaning) in settings().items():
            if not default.endswith("__c"):
                continue
            (object_name,) = [OBJECTS[start] for start in OBJECTS if meaning.startswith(start)]
            with self.subTest(variable):
                root = field(object_name, default)
                self.assertIn(variable, one(root, "description"))
                found += 1
        self.assertEqual(found, 10)

    def test_ids_of_whmcs_are_text(self):
        for object_name, field_name in [
            ("Order", "WHMCS_Order_ID__c"),
            ("OrderItem", "WHMCS_Service_ID__c"),
            ("Product2", "WH_Product_ID__c"),
            ("Account", "WH_Account__c"),
        ]:
            self.assertEqual(one(field(object_name, field_name), "type"), "Text")

    def test_the_statuses_are_the_default_ones_and_tracked(self):
        root = field("Order", "Provisioning_Status__c")
        defaults = [
            load(TEMPLATE)["Parameters"][f"SfStatus{status}"]["Default"]
            for status in ["Activating", "Provisioned", "Failed"]
        ]
        self.assertEqual(picklist(root), defaults)
        self.assertEqual(one(root, "trackHistory"), "true")
        (order,) = [root for path, root in of_type("CustomObject").items() if path.name.startswith("Order.")]
        self.assertEqual(one(order, "enableHistory"), "true")

    def test_the_message_is_as_long_as_the_suite_writes_it(self):
        length = settings()["SF_ERROR_MESSAGE_LENGTH"][0].split()[0]
        self.assertEqual(one(field("Order", "Provisioning_Error_Message__c"), "length"), length)
        longest = max(len(code) for code in errors())
        self.assertGreaterEqual(int(one(field("Order", "Provisioning_Error_Code__c"), "length")), longest)

    def test_the_service_ids_have_the_length_that_the_suite_fills(self):
        source = (ROOT / "Sources/Salesforce/FieldValue.swift").read_text()
        self.assertIn(one(field("OrderItem", "WHMCS_Service_ID__c"), "length"), re.findall(r"\d+", source))

    def test_every_billing_cycle_is_one_of_whmcs(self):
        source = (ROOT / "Sources/WHMCS/BillingCycle.swift").read_text()
        cycles = re.search(r"case ([\w, ]+)", source)[1].split(", ")
        self.assertEqual([cycle.lower() for cycle in picklist(field("Product2", "Billing_Cycle__c"))], cycles)

    def test_the_errors_are_those_of_the_suite(self):
        source = (ROOT / "Sources/Orders/Provisioning/ErrorCode.swift").read_text()
        self.assertEqual(set(errors()), set(re.findall(r'= "([A-Z_]+)"', source)))

    def test_who_fixes_an_error_is_what_the_readme_says(self):
        # The first word of `customer; then request again`.
        expected = {code: re.match(r"\w+", who)[0].capitalize() for code, who in errors().items()}
        formula = parse_formula(formulas()["Provisioning_Fixed_By__c.field-meta.xml"])
        case = next(nodes(formula, "call_expression"))
        arguments = [value(node).strip("'") for node in case.child_by_field_name("arguments").named_children]
        self.assertEqual(arguments[0], "Provisioning_Error_Code__c")
        self.assertEqual(dict(zip(arguments[1:-1:2], arguments[2:-1:2], strict=True)), expected)

        (script,) = [source for path, source in scripts().items() if path.name == "progress.js"]
        table = re.search(r"const FIXED_BY = \{(.*?)\};", script, re.S)[1]
        self.assertEqual(dict(re.findall(r"([A-Z_]+): '(\w+)'", table)), expected)

    def test_every_error_has_a_text_for_the_operator(self):
        texts = labels()["fields"]
        self.assertEqual({label.removeprefix("WHMCS_Do_") for label in texts if "_Do_" in label}, set(errors()))
        (script,) = [source for path, source in scripts().items() if path.name == "labels.js"]
        table = re.search(r"export const WHAT_TO_DO = \{(.*?)\};", script, re.S)[1]
        imports = dict(re.findall(r"import (\w+) from '@salesforce/label/c\.(\w+)'", script))
        self.assertEqual(
            {code: imports[local] for code, local in re.findall(r"([A-Z_]+): (\w+)", table)},
            {code: f"WHMCS_Do_{code}" for code in errors()},
        )
        for label in texts:
            self.assertIn(label, imports.values() if label.startswith(("WHMCS_Do_", "WHMCS_By_")) else [label])

    def test_the_event_has_the_names_that_provision_order_reads(self):
        source = (ROOT / "Sources/Orders/ProvisionRequested.swift").read_text()
        event = re.search(r'platformEventType = "(\w+)"', source)[1]
        for field_name in re.findall(r'"(\w+__c)"', source):
            self.assertTrue(field(event, field_name))

    def test_apex_knows_every_refusal_of_the_webhook(self):
        swift = "".join(path.read_text() for path in (ROOT / "Sources/Orders/Webhook").glob("*.swift"))
        swift += (ROOT / "Sources/Orders/ProblemDetails.swift").read_text()
        statuses = {int(status) for status in re.findall(r"ProblemDetails\(\s*(\d{3}),", swift)} | {400}
        (source,) = [source for path, source in classes().items() if path.stem == "SignedAnswer"]
        switch = next(nodes(parse("apex", source), "switch_expression"))
        handled = {int(status) for status in re.findall(r"\b\d{3}\b", value(switch))}
        self.assertEqual({status for status in statuses if status < 500} - handled, set())
        for code in re.findall(r"'([A-Z_]{6,})'", source):
            self.assertIn(f'"{code}"', swift)


if __name__ == "__main__":
    unittest.main()
