#!/usr/bin/env python3
"""Writes what a zip contains, as a CycloneDX document: the source packages whose files the linker took, by its map, and
the package of the authorities. Fails if Debian's archive has a newer version of one. The same input makes the same
bytes.

    python3 deploy/package/sbom.py <zip> <the map that lld wrote> <ca-certificates_….deb>

The document lies beside the zip: <function>.cdx.json. Format: "CycloneDX v1.6 JSON Reference"; purls: "Package URL".
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse
import uuid

from check import linked, output

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMAT = "${Package}\t${Version}\t${source:Package}\t${source:Version}\n"


class Outdated(Exception):
    """The archive has newer packages."""


def release():
    """`bookworm`"""
    names = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return names["VERSION_CODENAME"]


def package_of(file):
    """The Debian package that a file belongs to. dpkg knows some files by their path from before /usr was merged."""
    real = str(pathlib.Path(file).resolve())
    for path in real, real.removeprefix("/usr"):
        found = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise SystemExit(f"{file} is linked, and belongs to no Debian package")


def is_newer(one, other):
    return subprocess.run(["dpkg", "--compare-versions", one, "gt", other]).returncode == 0


def candidates(packages):
    """The newest version that the archive has of each package."""
    policy = output(ROOT / "deploy/package/archive", "apt-cache", "policy", *packages)
    return dict(re.findall(r"(?m)^(\S+):\n  Installed: .*\n  Candidate: (\S+)$", policy))


def debian(source, version, packages, **more):
    purl = f"pkg:deb/debian/{source}@{urllib.parse.quote(version, safe='.-~')}?arch=source&distro={release()}"
    names = [{"name": "package", "value": name} for name in sorted(packages)]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": source,
        "version": version,
        "purl": purl,
        "properties": names,
        **more,
    }


def swift(banner):
    tag = re.search(r"\((swift-\S+)\)", banner)[1]
    purl = f"pkg:github/swiftlang/swift@{tag}"
    return {"type": "library", "bom-ref": purl, "name": "swift", "version": tag, "purl": purl}


def components(files, authorities):
    """The components of these linked files, and of the package of the authorities."""
    packages = set()
    for file in files:
        if "/.local/libcurl/" in file:
            # Built from the source package of the headers that it is compiled with.
            packages.add("libcurl4-openssl-dev")
        elif "/swift_static/" not in file and "/.build/static/" not in file:
            packages.add(package_of(file))
    newest = candidates(packages)
    sources, outdated = {}, []
    for line in output("dpkg-query", "--show", "--showformat", FORMAT, *packages).splitlines():
        package, version, source, source_version = line.split("\t")
        if is_newer(newest.get(package, version), version):
            outdated.append(f"{package} {version} (the archive has {newest[package]})")
        sources.setdefault((source, source_version), []).append(package)
    if outdated:
        raise Outdated(", ".join(outdated))
    found = [swift(output("swift", "--version"))]
    for (source, version), packages in sources.items():
        patches = {}
        if source == "curl" and is_newer("8.14", version):
            diff = {"url": "deploy/package/lazy-ares.patch"}
            patches = {"pedigree": {"patches": [{"type": "backport", "diff": diff}]}}
        found.append(debian(source, version, packages, **patches))
    name, version = output("dpkg-deb", "--show", authorities).split()
    found.append(debian(name, version, [name]))
    return sorted(found, key=lambda component: component["purl"])


def document(archive, parts):
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    root = {
        "type": "application",
        "bom-ref": archive.stem,
        "name": archive.stem,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    body = {
        "metadata": {"component": root},
        "components": parts,
        "dependencies": [{"ref": archive.stem, "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **body,
    }


def main(archive, map_path, authorities):
    archive = pathlib.Path(archive)
    try:
        parts = components(sorted(linked(map_path)), authorities)
    except Outdated as error:
        sys.exit(
            f"{archive}: it would link older packages than the archive has: {error}. Upgrade them and build again."
        )
    text = json.dumps(document(archive, parts), indent=1, ensure_ascii=False)
    archive.with_suffix(".cdx.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
