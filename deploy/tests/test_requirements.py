"""All lists of requirements are installed into one venv."""

import re
import unittest

from support import DEPLOY


class RequirementsTest(unittest.TestCase):
    def test_the_lists_pin_the_same_versions(self):
        pins = {}
        for file in (DEPLOY / "setup").glob("requirements*.txt"):
            for name, version in re.findall(r"(?m)^([\w.-]+)(?:\[[\w,]+\])?==(\S+)$", file.read_text()):
                pins.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(version)
        self.assertIn("awslambdaric", pins)
        self.assertEqual({name: versions for name, versions in pins.items() if len(versions) > 1}, {})


if __name__ == "__main__":
    unittest.main()
