"""Lists what the zips contain, and compares it with Debian's security tracker. Called by deploy/sbom.

The tracker's data is {package: {CVE: {"releases": {release: {"status", "fixed_version", "urgency"}}}}}: `resolved` with
the version that has the fix (0: never affected), `open` without one ("Debian security tracker", json export).
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

ZIPS = pathlib.Path(__file__).resolve().parents[2] / ".build/lambda"
TRACKER = "https://security-tracker.debian.org/tracker/data/json"


def components(directory):
    """The components of all zips, by purl."""
    found = {}
    for path in sorted(directory.glob("*.cdx.json")):
        for component in json.loads(path.read_text(encoding="utf-8"))["components"]:
            found[component["purl"]] = component
    return [component for _, component in sorted(found.items())]


def tracker(path):
    """The tracker's data, from a file or from Debian."""
    if path:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    with urllib.request.urlopen(TRACKER, timeout=60) as reply:
        return json.load(reply)


def is_older(version, other):
    return subprocess.run(["dpkg", "--compare-versions", version, "lt", other]).returncode == 0


def advisories(component, data):
    """(CVE, the version that fixes it or None) of each advisory that concerns this version."""
    release = re.search(r"[?&]distro=(\w+)", component["purl"])[1]
    for cve, entry in sorted(data.get(component["name"], {}).items()):
        state = entry["releases"].get(release, {})
        fixed = state.get("fixed_version")
        if state.get("status") == "resolved" and is_older(component["version"], fixed):
            yield cve, fixed
        # Debian calls what is no vulnerability in practice unimportant.
        if state.get("status") not in (None, "resolved") and state.get("urgency") != "unimportant":
            yield cve, None


def check(parts, data):
    """Prints the result; returns whether a component lacks a fix."""
    lacks_fix = False
    for part in parts:
        title = f"{part['name']} {part['version']}"
        if not part["purl"].startswith("pkg:deb/debian/"):
            print(f"{title}: not a package of Debian; not checked")
            continue
        found = list(advisories(part, data))
        for cve, fixed in found:
            print(f"{title}: {cve}, " + (f"fixed in {fixed}" if fixed else "no fix yet"))
        if not found:
            print(f"{title}: no advisories")
        lacks_fix |= any(fixed for _, fixed in found)
    return lacks_fix


def main():
    options = argparse.ArgumentParser(prog="deploy/sbom", description=__doc__.splitlines()[0])
    options.add_argument("--check", action="store_true", help="compare with Debian's security tracker")
    options.add_argument("--data", metavar="FILE", help="a copy of the tracker's data")
    options.add_argument("--zips", type=pathlib.Path, default=ZIPS, metavar="DIRECTORY", help=argparse.SUPPRESS)
    options = options.parse_args()
    parts = components(options.zips)
    if not parts:
        print(f"{options.zips} holds no zips: run deploy/build first", file=sys.stderr)
        sys.exit(os.EX_NOINPUT)
    if not options.check:
        for part in parts:
            print(f"{part['name']}  {part['version']}  {part['purl']}")
        return
    try:
        data = tracker(options.data)
        if not any(part["name"] in data for part in parts):
            raise ValueError("it knows none of these packages")
    # ValueError: not JSON
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"Not checked: Debian's security tracker could not be read ({error})", file=sys.stderr)
        sys.exit(os.EX_UNAVAILABLE)
    sys.exit(check(parts, data))


if __name__ == "__main__":
    main()
