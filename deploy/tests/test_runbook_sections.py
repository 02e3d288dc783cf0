"""Every error code and alarm has its place in the runbook, and the runbook explains no others."""

import re
import unittest

from support import DEPLOY, ROOT, fully_deployed

RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text(encoding="utf-8")
CODES = ROOT / "Sources/Orders/Provisioning/ErrorCode.swift"


def sections():
    """The text below each heading, by the anchor that GitHub gives the heading."""
    parts = re.split(r"^#+ (.*)$", re.sub(r"```.*?```", "", RUNBOOK, flags=re.DOTALL), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"): text
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


class RunbookSectionsTest(unittest.TestCase):
    def test_every_error_code_has_a_section(self):
        codes = set(re.findall(r'case \w+ = "(\w+)"', CODES.read_text(encoding="utf-8")))
        explained = set(re.findall(r"^### `([A-Z_]+)`$", RUNBOOK, re.MULTILINE))
        self.assertGreater(len(codes), 10)
        self.assertEqual(explained, codes)

    def test_a_section_of_a_code_says_how_to_confirm_and_to_fix_it(self):
        texts = sections()
        for code in re.findall(r"^### `([A-Z_]+)`$", RUNBOOK, re.MULTILINE):
            text = texts[code.lower()]
            self.assertLess(len(text.split()), 190, code)
            for word in "Means", "Confirm", "Fix":
                self.assertRegex(text, rf"(?i)\*\*{word}\*\*", code)

    def test_every_alarm_leads_to_a_section(self):
        texts = sections()
        rows = dict(re.findall(r"^\| `…-([\w-]+)` \| .* \|.*\]\(#([\w-]+)\)", RUNBOOK, re.MULTILINE))
        alarms = [alarm for _, alarm in fully_deployed()[0].of_type("AWS::CloudWatch::Alarm")]
        self.assertEqual(set(rows), {alarm["AlarmName"].removeprefix("orders-") for alarm in alarms})
        for alarm, anchor in rows.items():
            self.assertIn(anchor, texts, alarm)
        for alarm in alarms:
            for anchor in re.findall(r"RUNBOOK\.md#([\w-]+)", alarm["AlarmDescription"]):
                self.assertIn(anchor, texts, alarm["AlarmName"])

    def test_every_link_leads_somewhere(self):
        texts = sections()
        for anchor in re.findall(r"\]\(#([^)]+)\)", RUNBOOK):
            self.assertIn(anchor, texts)
        for page in re.findall(r"\]\(([^#)]+)", RUNBOOK):
            self.assertTrue((DEPLOY / page).exists(), page)


if __name__ == "__main__":
    unittest.main()
