"""The README of deploy/salesforce names what exists, and shows the sentences that users see."""

import json
import re
import unittest

from salesforce_metadata import PROJECT, files, name, of_type, one
from salesforce_source import classes, labels
from support import ROOT
from test_salesforce_contract import errors

README = (PROJECT / "README.md").read_text()


def table(heading):
    """The rows of the table whose first column has the heading, without it."""
    block = re.search(rf"(?m)^\| {re.escape(heading)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", README + "\n")[1]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in block.splitlines()]


class ReadmeTest(unittest.TestCase):
    def test_links_lead_somewhere(self):
        def anchors(text):
            titles = re.findall(r"(?m)^#+ (.+)$", text)
            return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}

        for target in re.findall(r"\]\(([^)]+)\)", README):
            if target.startswith("https:"):
                continue
            file, _, anchor = target.partition("#")
            path = PROJECT / file
            self.assertTrue(path.exists(), target)
            if anchor:
                document = README if not file else path.read_text()
                self.assertIn(anchor, anchors(document), target)

    def test_commands_name_existing_packages_tests_and_metadata(self):
        names = {path.stem for path in classes()}
        self.assertEqual({test for test in names if test.endswith("Test")}, set(re.findall(r"--tests (\w+)", README)))
        for folder in re.findall(r"--source-dir ([\w/-]+)", README):
            self.assertTrue((PROJECT / folder).is_dir(), folder)
        for permissions in re.findall(r"\bWHMCS_(?:Operator|Signed_Door|Event_Door|Integration)\b", README):
            self.assertTrue(files(f"{permissions}.permissionset-meta.xml"), permissions)
        labels_of_sets = {one(root, "label") for root in of_type("PermissionSet").values()}
        for label in re.findall(r"\*\*(WHMCS [\w ]+)\*\*", README):
            self.assertIn(label, labels_of_sets)
        self.assertTrue(all(f"**{label}**" in README for label in labels_of_sets))

    def test_every_replaced_value_is_in_a_command(self):
        replacements = json.loads((PROJECT / "sfdx-project.json").read_text())["replacements"]
        for replacement in replacements:
            self.assertRegex(README, replacement.get("replaceWithEnv") or re.escape(replacement["replaceWithFile"]))

    def test_the_errors_are_those_of_the_suite(self):
        rows = table("error of the order")
        found = {code: who for codes, who, _ in rows for code in re.findall(r"`([A-Z_]+)`", codes)}
        self.assertEqual(found, {code: re.match(r"\w+", who)[0] for code, who in errors().items()})
        self.assertTrue(all(do for _, _, do in rows))

    def test_the_sentences_are_the_labels(self):
        texts = [text for found in labels().values() for text in found.values()]
        sentences = [cell for row in table("sentence begins") for cell in re.sub(r" \(.*?\)", "", row[0]).split(", ")]
        for sentence in sentences:
            start = re.sub(r"\d+ attempts", "{0} attempts", sentence)
            self.assertTrue(any(text.startswith(start) for text in texts), sentence)
        answers = [text for found in labels().values() for label, text in found.items() if "_Answer_" in label]
        for text in answers:
            starts = [re.sub(r"\d+ attempts", "{0} attempts", sentence) for sentence in sentences]
            self.assertTrue(any(text.startswith(start) for start in starts), text)

    def test_the_statuses_are_those_of_the_card(self):
        texts = labels()["fields"]
        shown = {
            text for label, text in texts.items() if label.startswith("WHMCS_Status_") and "Not_Allowed" not in label
        }
        self.assertEqual({row[0].strip("*") for row in table("card")}, shown)

    def test_clicks_name_what_the_metadata_shows(self):
        for path in files():
            root = of_type("Flow").get(path) or of_type("CustomField").get(path)
            if root is not None and name(path).startswith(("Order_Approved", "WHMCS_Order_ID", "WH_", "Billing")):
                self.assertIn(f"*{one(root, 'label')}*", README)

    def test_the_suite_s_documents_lead_here(self):
        for document in ["README.md", "deploy/CONFIGURATION.md"]:
            self.assertIn("salesforce/README.md", (ROOT / document).read_text())


if __name__ == "__main__":
    unittest.main()
