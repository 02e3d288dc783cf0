"""The lists of Python packages: pinned, hashed, and no longer than they must be."""

import importlib.metadata
import re
import unittest

from support import DEPLOY

LISTS = sorted((DEPLOY / "setup").glob("requirements*.txt"))


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(path):
    """The lines of each package: its version, and its hashes."""
    text = re.sub(r" \\\n +", " ", path.read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins(path):
    """The version of each package by its normal name."""
    found = (re.match(r"([\w.-]+)(?:\[[\w, ]+\])?==(\S+) ", line) for line in packages(path))
    return {normal(pin[1]): pin[2] for pin in found}


def closure(name):
    """The normal names of a package and all that it requires, by what is installed here."""
    found = {normal(name)}
    for requirement in importlib.metadata.requires(name) or []:
        if "extra ==" not in requirement:
            found |= closure(re.match(r"[\w.-]+", requirement)[0])
    return found


class RequirementsTest(unittest.TestCase):
    def test_every_package_has_a_version_and_hashes(self):
        self.assertGreater(len(LISTS), 4)
        for path in LISTS:
            for line in packages(path):
                self.assertRegex(line, r"^[\w.-]+(\[[\w, ]+\])?==\S+( --hash=sha256:[0-9a-f]{64})+$", path.name)

    def test_the_lists_pin_the_same_versions(self):
        versions = {}
        for path in LISTS:
            for name, version in pins(path).items():
                versions.setdefault(name, set()).add(version)
        self.assertIn("awslambdaric", versions)
        self.assertEqual({name: found for name, found in versions.items() if len(found) > 1}, {})

    def test_pip_requires_the_hashes(self):
        script = (DEPLOY / "setup/prepare").read_text(encoding="utf-8")
        installs = re.findall(r"pip install .*", script)
        self.assertTrue(installs and all("--require-hashes" in line for line in installs), installs)

    def test_production_credentials_meet_boto3_and_nothing_else(self):
        self.assertEqual(set(pins(DEPLOY / "setup/requirements-operations.txt")), closure("boto3"))
        for name in "redrive", "plan", "dev", "prod", "secrets", "destroy":
            script = (DEPLOY / name).read_text(encoding="utf-8")
            self.assertRegex(script, r'prepare"? --operations')
            self.assertNotIn(".local/venv", script)


if __name__ == "__main__":
    unittest.main()
