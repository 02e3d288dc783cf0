#!/usr/bin/env python3
"""Fails, naming the reason, when a linked program would need anything of the system that it runs on: a loader, a shared
library, a symbol, or one of the C library's functions that load shared libraries when they are called. Those are the
ones that the static C library itself warns of; lld, which wrote the map, does not pass the warning on.

    python3 deploy/package/check.py <program> <its map, written by lld>
"""
import re
import subprocess
import sys


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def linked(map_path):
    """What was linked, by file: members of archives, or nothing for an object."""
    files = {}
    with open(map_path, encoding="utf-8") as lines:
        for line in lines:
            # "<address> <load address> <size> <alignment>         <file>(<member>):(<section>)"
            found = re.match(r"\s*(?:[0-9a-f]+\s+){3}\d+\s{9}(\S+?)(?:\((\S+)\))?:\(", line)
            if found:
                files.setdefault(found[1], set()).add(found[2])
    return {file: members for file, members in files.items() if not file.startswith("<")}


def symbols(files):
    """C's global symbols: names that are defined, and (file and member, name) of those that are referred to."""
    defined, referred = set(), set()
    for line in output("nm", "--print-file-name", "--format=posix", "--extern-only", *files).splitlines():
        # "<file>[<member>]: <name> <letter> …". What is weak (w, v) may be absent, and whoever refers to it knows.
        found = re.match(r"(.+?)(?:\[(.+)\])?: (\w+) ([A-VX-Z])\b", line)
        if found and found[2] in files[found[1]]:
            if found[4] == "U":
                referred.add((f"{found[1]}({found[2]})" if found[2] else found[1], found[3]))
            else:
                defined.add(found[3])
    return defined, referred


def asks_the_system(libc, name):
    """Whether the C library warns that the function loads shared libraries."""
    warning = output("readelf", f"--string-dump=.gnu.warning.{name}", libc)
    return "statically linked applications requires" in warning


def faults(program, map_path):
    headers = output("readelf", "--wide", "--program-headers", program)
    if " INTERP " in headers:
        yield "it needs a loader"
    if " DYNAMIC " in headers:
        yield "it needs shared libraries"
    # A static program settles one kind itself: which of several versions of a function suits the processor.
    relocations = re.findall(r"^[0-9a-f]{8,} .*", output("readelf", "--wide", "--relocs", program), re.MULTILINE)
    left = [line for line in relocations if "IRELATIV" not in line]
    if left:
        yield f"it leaves {len(left)} symbols to a loader"

    libc = output("clang", "-print-file-name=libc.a").strip()
    files = {file: members for file, members in linked(map_path).items() if not file.endswith("/libc.a")}
    if not files:
        yield f"{map_path} does not say what it was linked from"
        return
    defined, referred = symbols(files)
    # A function's warning is a section of its name.
    warned = set(re.findall(r" \.gnu\.warning\.(\S+) ", output("readelf", "--wide", "--section-headers", libc)))
    suspects = (warned - defined) & {name for _, name in referred}
    asking = {name for name in suspects if asks_the_system(libc, name)}
    for place, name in sorted(referred):
        if name in asking:
            yield f"{place.rpartition('/')[2]} asks the system by {name}"


if __name__ == "__main__":
    found = list(faults(*sys.argv[1:]))
    for fault in found:
        print(f"{sys.argv[1]}: {fault}", file=sys.stderr)
    sys.exit(bool(found))
