"""What deploy/FIRST-HOUR.md, samconfig.toml and the sample workflow say exists, and works as they say."""

import os
import re
import tomllib
import unittest

import yaml

from support import DEPLOY, ROOT, TEMPLATE, run, sam_template

# isort: split
# support knows where these are.
import store_secrets
from deploy_case import KEY, DeployTestCase

PAGE = (DEPLOY / "FIRST-HOUR.md").read_text(encoding="utf-8")
SALESFORCE = (DEPLOY / "salesforce/README.md").read_text(encoding="utf-8")
WORKFLOW = (DEPLOY / "github-deploy.yml").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"(?ms)^ *```{language}\n(.*?)^ *```$", PAGE)


class FirstHourTest(DeployTestCase):
    def test_the_commands_for_secrets(self):
        for parameter in self.cloud.client("ssm").describe_parameters()["Parameters"]:
            self.cloud.client("ssm").delete_parameter(Name=parameter["Name"])
        (commands,) = [block for block in blocks("sh") if "deploy/secrets" in block]
        # The app for the token, to which the page leads, stores the key.
        (key,) = re.findall(r"(?m)^\.\./(secrets dev put .*)$", SALESFORCE)
        (shown,) = re.findall(r"`(deploy/secrets dev list)`", PAGE)
        inputs = {"whmcs": '{"identifier":"i","secret":"s"}', "salesforce-key": KEY}
        lines = [*commands.splitlines(), f"deploy/{key}", shown]
        for script, *arguments in (line.split("#")[0].split("<")[0].split() for line in lines):
            self.assertEqual(script, "deploy/secrets")
            piped = inputs.get(arguments[-1], "")
            status, output = self.command(store_secrets.main, "store_secrets.py", *arguments, piped=piped)
            self.assertEqual(status, 0, output)
        self.assertEqual(output.count("as it should be"), 3, output)


class DocumentsTest(unittest.TestCase):
    def test_every_script_exists(self):
        text = PAGE + WORKFLOW
        for name in set(re.findall(r"\bdeploy/([a-z]+)\b(?![./-])", text)) - {"tests", "salesforce"}:
            self.assertTrue(os.access(DEPLOY / name, os.X_OK), name)

    def test_every_link_leads_somewhere(self):
        for page, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", PAGE):
            text = (DEPLOY / page).read_text(encoding="utf-8") if page else PAGE
            heads = {
                re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"(?m)^#+ (.*)$", text)
            }
            self.assertIn(anchor, heads, page)

    def test_samconfig_names_parameters_of_the_template(self):
        declared = sam_template.load(TEMPLATE)["Parameters"]
        for environment, table in tomllib.loads((ROOT / "deploy/samconfig.toml").read_text(encoding="utf-8")).items():
            if environment == "version":
                continue
            values = dict(pair.split("=", 1) for pair in table["deploy"]["parameters"]["parameter_overrides"])
            self.assertLessEqual(set(values), set(declared))
            required = {name for name, parameter in declared.items() if "Default" not in parameter}
            self.assertLessEqual(required, set(values))
            given = {**{name: "https://x/y" if "Url" in name else "x" for name in required}}
            given |= {name: value for name, value in values.items() if value}
            sam_template.choose_parameters(declared, given)

    def test_the_workflow(self):
        workflow, used = yaml.safe_load(WORKFLOW), (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
        job = workflow["jobs"]["deploy"]
        self.assertIn(job["container"]["image"], (DEPLOY / "build").read_text(encoding="utf-8"))
        for step in job["steps"]:
            if "uses" in step:
                self.assertIn(step["uses"], used)
            # What somebody types must not become a command.
            self.assertNotIn("${{", step.get("run", ""))
        (script,) = [step["run"] for step in job["steps"] if step.get("shell") == "bash"]
        # The image has none, and prepare installs none.
        self.assertNotIn("curl", script)
        self.assertEqual(run("bash", "-n", input=script).returncode, 0)
        self.assertEqual(run("shellcheck", "--shell", "bash", "-", input=script).stdout, "")


if __name__ == "__main__":
    unittest.main()
