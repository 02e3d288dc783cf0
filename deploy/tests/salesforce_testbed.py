"""Runs a built program once on a testbed, as `deploy/testbed invoke` does."""

import json
import os
import pathlib
import subprocess
import tempfile

from support import ROOT

TESTBED = ROOT / ".build/debug/testbed"


def invoke(function, event):
    """The function's answer, and the lines of its log."""
    if not TESTBED.exists():
        raise AssertionError("swift build comes first")
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "event.json")
        file.write_text(json.dumps(event))
        command = [TESTBED, "invoke", function, file, "--as-is"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ, timeout=120)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    prefix = function + " | "
    lines = [line.removeprefix(prefix) for line in result.stderr.splitlines() if line.startswith(prefix)]
    return json.loads(result.stdout), [json.loads(line) for line in lines]
