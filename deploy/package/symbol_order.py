#!/usr/bin/env python3
"""Writes deploy/package/symbol-order.txt: the functions that run from a program's start to its first answers, in order
of their first call. The linker places them contiguously. A start then touches a few pages of the file instead of many,
and a cold start reads each of these from disk. The linker ignores names that no longer exist, so the list may be older
than the programs; write it again when much of a start has changed. Needs valgrind, and deploy/bench/run before.

    deploy/bench/run --quick && .local/venv/bin/python deploy/package/symbol_order.py
"""

import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy/bench"))
import events  # noqa: E402
import measure  # noqa: E402

# The programs before they were stripped of their symbols.
PROGRAMS = next((ROOT / ".build/static").glob("*-linux-gnu/release"))
REQUESTS = {"verify-signature": [(events.refused(), "INVALID_SIGNATURE"), (events.accepted(), "Accepted")]}


def functions(bench, program, directory):
    """The functions that run in a start and in each of the program's requests. valgrind writes a file every 20000 basic
    blocks, because the program is killed and writes none at its end."""
    command = [
        shutil.which("valgrind"),
        "--tool=callgrind",
        "--demangle=no",
        "--compress-strings=no",
        "--dump-every-bb=20000",
        f"--callgrind-out-file={directory}/{program}",
        PROGRAMS / program,
    ]
    for request, wanted in REQUESTS.get(program, [(None, "")]):
        bench.run(command, [request] * 2 if request else [], wanted)
        files = sorted(directory.glob(f"{program}.*"), key=lambda file: int(file.suffix[1:]))
        for file in files:
            yield from re.findall(r"^fn=([\w$.]+)", file.read_text(), re.MULTILINE)
            file.unlink()


def main():
    with tempfile.TemporaryDirectory() as name, measure.upstream(0) as upstream:
        directory = pathlib.Path(name)
        bench = measure.Bench(directory, upstream, upstream)
        found = [function for program in measure.FUNCTIONS for function in functions(bench, program, directory)]
    order = [function for function in dict.fromkeys(found) if not function.startswith("0x")]
    (ROOT / "deploy/package/symbol-order.txt").write_text("".join(f"{function}\n" for function in order))
    print(f"{len(order)} functions")


if __name__ == "__main__":
    main()
