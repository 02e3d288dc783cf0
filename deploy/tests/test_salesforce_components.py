"""The components' own tests, deploy/tests/salesforce/*.test.mjs, run by Node.js."""

import pathlib
import re
import shutil
import tempfile
import unittest

import salesforce_components
from support import DEPLOY, run

TESTS = sorted((DEPLOY / "tests/salesforce").glob("*.test.mjs"))


class ComponentsTest(unittest.TestCase):
    def test_the_components_pass_their_tests(self):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            salesforce_components.build(directory)
            for test in TESTS:
                shutil.copy(test, directory)
            result = run("node", "--test", "--test-reporter=tap", cwd=directory, timeout=120)
        self.assertEqual(result.returncode, 0, result.stdout[-6000:] + result.stderr)
        self.assertGreater(int(re.search(r"(?m)^# pass (\d+)$", result.stdout)[1]), 20)

    def test_decorators_become_wires(self):
        source = salesforce_components.without_decorators(
            "class A extends LightningElement {\n    @api recordId;\n"
            "    @wire(getRecord, { recordId: '$recordId' })\n    receive() {}\n}\n"
        )
        self.assertNotIn("@", source)
        wires = "static wires = [{ adapter: getRecord, config: { recordId: '$recordId' }, member: 'receive' }];"
        self.assertIn(wires, source)


if __name__ == "__main__":
    unittest.main()
