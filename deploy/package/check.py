#!/usr/bin/env python3
"""Fails, with the reason, if a linked program needs anything from the system: a loader, a shared library, a symbol, or
a C library function that loads shared libraries when called. The static C library itself warns about those functions,
but lld does not show the warnings.

    python3 deploy/package/check.py <program> <the map that lld wrote>
"""

import re
import subprocess
import sys


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def linked(map_path):
    """The linked files, and the members of each archive."""
    files = {}
    with open(map_path, encoding="utf-8") as lines:
        for line in lines:
            # "<address> <load address> <size> <alignment>         <file>(<member>):(<section>)"
            found = re.match(r"\s*(?:[0-9a-f]+\s+){3}\d+\s{9}(\S+?)(?:\((\S+)\))?:\(", line)
            if found:
                files.setdefault(found[1], set()).add(found[2])
    return {file: members for file, members in files.items() if not file.startswith("<")}


def symbols(files):
    """C's global symbols: the defined names, and (file and member, name) of each reference."""
    defined, referenced = set(), set()
    for line in output("nm", "--print-file-name", "--format=posix", "--extern-only", *files).splitlines():
        # "<file>[<member>]: <name> <letter> …". A weak symbol (w, v) may be absent, and its user expects that.
        found = re.match(r"(.+?)(?:\[(.+)\])?: (\w+) ([A-VX-Z])\b", line)
        if found and found[2] in files[found[1]]:
            if found[4] == "U":
                referenced.add((f"{found[1]}({found[2]})" if found[2] else found[1], found[3]))
            else:
                defined.add(found[3])
    return defined, referenced


def loads_libraries(libc, name):
    """Whether the C library warns that this function loads shared libraries."""
    warning = output("readelf", f"--string-dump=.gnu.warning.{name}", libc)
    return "statically linked applications requires" in warning


def violations(program, map_path):
    headers = output("readelf", "--wide", "--program-headers", program)
    if " INTERP " in headers:
        yield "it needs a loader"
    if " DYNAMIC " in headers:
        yield "it needs shared libraries"
    # A static program resolves one kind itself: which of several versions of a function suits the processor.
    relocations = re.findall(r"^[0-9a-f]{8,} .*", output("readelf", "--wide", "--relocs", program), re.MULTILINE)
    unresolved = [line for line in relocations if "IRELATIV" not in line]
    if unresolved:
        yield f"it leaves {len(unresolved)} symbols to a loader"

    libc = output("clang", "-print-file-name=libc.a").strip()
    files = {file: members for file, members in linked(map_path).items() if not file.endswith("/libc.a")}
    if not files:
        yield f"{map_path} names no linked files"
        return
    defined, referenced = symbols(files)
    # The C library stores the warning about a function in a section with the name of the function.
    warned = set(re.findall(r" \.gnu\.warning\.(\S+) ", output("readelf", "--wide", "--section-headers", libc)))
    suspects = (warned - defined) & {name for _, name in referenced}
    loading = {name for name in suspects if loads_libraries(libc, name)}
    for place, name in sorted(referenced):
        if name in loading:
            yield f"{place.rpartition('/')[2]} calls {name}, which loads shared libraries"


if __name__ == "__main__":
    found = list(violations(*sys.argv[1:]))
    for violation in found:
        print(f"{sys.argv[1]}: {violation}", file=sys.stderr)
    sys.exit(bool(found))
