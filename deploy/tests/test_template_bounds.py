"""The parameters of template.yaml have the bounds and defaults of the code that reads them."""

import re
import unittest

from support import ROOT, TEMPLATE, sam_template

FILES = [path.read_text(encoding="utf-8") for path in (ROOT / "Sources/Orders").rglob("*.swift")]
SOURCE = "\n".join(FILES)


def number(text):
    return int(text.replace("_", ""))


class TemplateBoundsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        template = sam_template.load(TEMPLATE)
        cls.parameters = {
            variable: template["Parameters"][value["Ref"]]
            for resource in template["Resources"].values()
            for variable, value in resource["Properties"].get("Environment", {}).get("Variables", {}).items()
            if value.get("Ref") in template["Parameters"]
        }

    def of_type(self, test):
        return {name: parameter for name, parameter in self.parameters.items() if test(parameter)}

    def test_numbers_have_the_range_and_the_default_of_the_code(self):
        read = re.findall(r'"([A-Z_]+)",\s*default: ([\d_]+),\s*in: ([\d_]+)\.\.\.([\d_]+)', SOURCE)
        expected = {
            name: tuple(parameter[key] for key in ("Default", "MinValue", "MaxValue"))
            for name, parameter in self.of_type(lambda parameter: parameter["Type"] == "Number").items()
        }
        self.assertEqual({name: tuple(map(number, bounds)) for name, *bounds in read}, expected)

    def test_switches_have_the_default_of_the_code(self):
        read = dict(re.findall(r'"([A-Z_]+)",\s*default: (true|false)\)', SOURCE))
        switches = self.of_type(lambda parameter: parameter.get("AllowedValues") == ["true", "false"])
        self.assertEqual(read, {name: parameter["Default"] for name, parameter in switches.items()})

    def test_texts_have_the_default_of_the_code(self):
        read = dict(re.findall(r'"([A-Z_]+)",\s*default: "([^"]*)"', SOURCE))
        self.assertGreater(len(read), 3)
        self.assertEqual(read, {name: self.parameters[name]["Default"] for name in read})

    def test_the_api_version_has_the_pattern_of_the_code(self):
        (source,) = [file for file in FILES if "must be like v66.0" in file]
        least, most = re.search(r"\((\d)\.\.\.(\d)\)\.contains\(", source).groups()
        self.assertEqual(self.parameters["SF_API_VERSION"]["AllowedPattern"], rf"^v\d{{{least},{most}}}\.0$")


if __name__ == "__main__":
    unittest.main()
