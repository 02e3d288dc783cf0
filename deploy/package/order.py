#!/usr/bin/env python3
"""Writes deploy/package/order, the functions that run from a program's start to its first answers, by their turn. The
linker puts them side by side: a start then touches a few pages of the file instead of some everywhere, which are read
from a disk when it is a cold one. Names that are gone are passed over, so that the list may be older than the programs;
make it anew when much of a start has changed. Needs valgrind, and what deploy/bench/run has built.

    deploy/bench/run --quick && .local/venv/bin/python deploy/package/order.py
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

# With their names, as they were before they were stripped.
PROGRAMS = next((ROOT / ".build/static").glob("*-linux-gnu/release"))
REQUESTS = {"verify-signature": [(events.refused(), "INVALID_SIGNATURE"), (events.accepted(), "Accepted")]}


def functions(bench, program, directory):
    """What runs in a start and each of the program's requests; one file for each twenty thousand jumps, since at the end
    the program is killed."""
    command = [shutil.which("valgrind"), "--tool=callgrind", "--demangle=no", "--compress-strings=no",
               "--dump-every-bb=20000", f"--callgrind-out-file={directory}/{program}", PROGRAMS / program]
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
    (ROOT / "deploy/package/order").write_text("".join(f"{function}\n" for function in order))
    print(f"{len(order)} functions")


if __name__ == "__main__":
    main()
