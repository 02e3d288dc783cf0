"""Somebody who has read only the runbook gets a failed order through: its transcript, played on the testbed."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

from support import DEPLOY, ROOT, run

TESTBED = ROOT / ".build/debug/testbed"
# What differs from run to run, and what stands for it.
CHANGING = [
    (r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME"),
    (r"\d\d:\d\d:\d\d\.\d{3}", "CLOCK"),
    (r"\b\d+ ms\b", "N ms"),
    (r"\b\d+ s\b", "N s"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\b10\d\d\b", "ID"),
    (r" +", " "),
]


def transcript():
    """The commands of the runbook's transcript, each with its output."""
    (block,) = re.findall(r"^```console\n(.*?)^```$", (DEPLOY / "RUNBOOK.md").read_text(), re.DOTALL | re.MULTILINE)
    commands = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [command.partition("\n")[::2] for command in commands]


def settled(text):
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    # Programs that work at once log in any order.
    lines = text.splitlines()
    logged = iter(sorted(line for line in lines if "CLOCK" in line))
    return [next(logged) if "CLOCK" in line else line for line in lines]


class OrdersOnTheTestbedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not TESTBED.exists():
            raise AssertionError("swift build comes first")
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        # A project of its own, because a testbed may run in this one.
        cls.project = pathlib.Path(directory.name)
        (cls.project / ".local").mkdir()
        (cls.project / "deploy").mkdir()
        for path in ("template.yaml", ".local/venv", "deploy/aws-emulation", "deploy/package"):
            (cls.project / path).symlink_to(ROOT / path)
        cls.script("orders", f'exec "{sys.executable}" "{DEPLOY}/operations/orders.py" "$@"')
        cls.script("testbed", f'exec "{TESTBED}" "$@"')
        cls.log = cls.project / ".local/testbed.log"
        with cls.log.open("w") as log:
            testbed = subprocess.Popen([TESTBED, "up", "--port", "0"], stdout=log, stderr=log, cwd=cls.project)
        cls.addClassCleanup(testbed.wait)
        cls.addClassCleanup(testbed.terminate)
        deadline = time.monotonic() + 60
        while "The testbed is up" not in cls.log.read_text():
            if testbed.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(cls.log.read_text())
            time.sleep(0.05)
        cls.addresses = json.loads((cls.project / ".local/testbed.json").read_text())

    @classmethod
    def script(cls, name, command):
        file = cls.project / "deploy" / name
        file.write_text(f"#!/bin/sh\n{command}\n")
        file.chmod(0o755)

    def shell(self, command):
        return run("bash", "-uo", "pipefail", "-c", command, cwd=self.project, timeout=60)

    def test_the_transcript_of_the_runbook(self):
        played = transcript()
        self.assertGreater(len(played), 6)
        for command, output in played:
            # A reader takes the address from the output of `show`.
            done = self.shell(re.sub(r"http://127\.0\.0\.1:\d+(?=/_sim)", self.addresses["whmcs"], command))
            with self.subTest(command):
                self.assertEqual(settled(done.stdout), settled(output))
                self.assertEqual(done.stderr, "")

    def test_an_open_order_gets_through(self):
        order, faults = "801Dn0000014UPfIAM", self.addresses["whmcs"] + "/_simulator/faults"
        fault = json.dumps({"fault": "maintenance", "on": "GetPayMethods", "times": 100})
        self.assertEqual(self.shell(f"curl --silent --fail {faults} --data '{fault}'").returncode, 0)
        self.shell(f"deploy/testbed fulfill {order} --timeout 1")
        (waiting,) = json.loads(self.shell("deploy/orders list --open --json").stdout)["open"]["orders"]
        self.assertEqual((waiting["orderId"], waiting["waitsFor"]), (order, "retry"))
        self.assertEqual(waiting["errorCode"], "WHMCS_UNAVAILABLE")
        self.shell(f"curl --silent --fail --request DELETE {faults}")
        done = self.shell(f"deploy/orders again {order} --wait")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[0], f"{order} is published.")
        self.assertTrue(done.stdout.endswith("Provisioned · sf_success_update\n"), done.stdout)
        self.assertEqual(self.shell("deploy/orders again --all").stdout, "0 open orders published again\n")

    def test_without_a_testbed_the_command_says_how_to_start_one(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            done = run(sys.executable, DEPLOY / "operations/orders.py", "list", cwd=elsewhere)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^No testbed is running: start one with deploy/try --keep.*\n$")


if __name__ == "__main__":
    unittest.main()
