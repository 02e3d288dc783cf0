"""Every test that deploy/SECURITY.md names exists."""

import re
import unittest

from support import ROOT


class SecurityTest(unittest.TestCase):
    def test_the_threat_model_names_tests_that_exist(self):
        rows = (ROOT / "deploy/SECURITY.md").read_text(encoding="utf-8").splitlines()
        named = [name for row in rows if row.startswith("| ") for name in re.findall(r"`([^`]+)`", row.split("|")[4])]
        self.assertGreater(len(named), 30)
        swift = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "Tests").rglob("*.swift"))
        python = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "deploy/tests").glob("test_*.py"))
        for name in named:
            is_known = f"def {name}(" in python if name.startswith("test_") else f'"{name}"' in swift
            self.assertTrue(is_known, name)


if __name__ == "__main__":
    unittest.main()
