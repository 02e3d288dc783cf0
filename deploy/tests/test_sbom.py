"""The list of what a zip contains, its check against the security tracker, and the refusal of old packages."""

import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support import DEPLOY, ROOT, run, sbom

LIBC = run("clang", "-print-file-name=libc.a").stdout.strip()
FILES = [
    LIBC,
    LIBC.replace("libc.a", "libm.a"),
    f"{ROOT}/.local/libcurl/7.88.1-x86_64-0123456789ab/lib/libcurl.a",
    f"{ROOT}/.build/static/x86_64-unknown-linux-gnu/release/Orders.build/Ledger.swift.o",
    f"{ROOT}/.build/static/absent.o",
    "/opt/swift/usr/lib/swift_static/linux/libswiftCore.a",
]


def installed(field, package):
    return run("dpkg-query", "--show", "--showformat", f"${{{field}}}", package).stdout


class SBOMTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        control = self.directory / "package/DEBIAN/control"
        control.parent.mkdir(parents=True)
        control.write_text(
            "Package: ca-certificates\nVersion: 20250419~deb12u2\nArchitecture: all\nMaintainer: n\nDescription: d\n"
        )
        self.deb = self.directory / "ca-certificates.deb"
        self.assertEqual(run("dpkg-deb", "--build", control.parents[1], self.deb).returncode, 0)

    def components(self, newest=None, files=FILES):
        with mock.patch.object(sbom, "candidates", lambda packages: newest or {}):
            return sbom.components(files, self.deb)

    def test_the_components_are_the_sources_of_the_linked_files(self):
        found = {part["name"]: part for part in self.components()}
        self.assertEqual(list(found), ["ca-certificates", "curl", "glibc", "swift"])
        self.assertEqual(found["glibc"]["version"], installed("source:Version", "libc6-dev"))
        self.assertEqual(found["curl"]["version"], installed("source:Version", "libcurl4-openssl-dev"))
        self.assertEqual(found["glibc"]["properties"], [{"name": "package", "value": "libc6-dev"}])
        self.assertRegex(found["curl"]["purl"], r"^pkg:deb/debian/curl@[\w.~%-]+\?arch=source&distro=bookworm$")
        self.assertRegex(found["swift"]["purl"], r"^pkg:github/swiftlang/swift@swift-6\.3(\.\d+)?-RELEASE$")

    def test_a_file_of_no_package_is_an_error(self):
        with self.assertRaisesRegex(SystemExit, "mine.a is linked, and belongs to no Debian package"):
            self.components(files=[*FILES, "/usr/local/lib/mine.a"])

    def test_an_older_package_than_the_archive_has_is_refused(self):
        version = installed("Version", "libc6-dev")
        self.components({"libc6-dev": version})
        with self.assertRaisesRegex(sbom.Outdated, r"^libc6-dev \S+ \(the archive has 99\)$"):
            self.components({"libc6-dev": "99"})

    def test_the_candidates_are_those_of_apt(self):
        policy = (
            "libc6-dev:\n  Installed: 2.36-9\n  Candidate: 2.36-9+deb12u14\n  Version table:\n"
            "     2.36-9 500\n        500 http://deb.example/debian bookworm/main amd64 Packages\n"
            "libssl-dev:\n  Installed: (none)\n  Candidate: 3.0.22-1\n  Version table:\n"
        )
        with mock.patch.object(sbom, "output", lambda *_: policy):
            found = sbom.candidates(["libc6-dev", "libssl-dev"])
        self.assertEqual(found, {"libc6-dev": "2.36-9+deb12u14", "libssl-dev": "3.0.22-1"})

    def test_the_document_is_valid_and_the_same_each_time(self):
        archive = self.directory / "order-status.zip"
        archive.write_bytes(b"a zip")
        first, second = (json.dumps(sbom.document(archive, self.components())) for _ in range(2))
        self.assertEqual(first, second)
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(first)
        self.assertIsNone(error)
        self.assertEqual(json.loads(first)["specVersion"], "1.6")
        archive.write_bytes(b"another zip")
        other = sbom.document(archive, self.components())
        self.assertNotEqual(json.loads(first)["serialNumber"], other["serialNumber"])


def advisory(status, fixed=None, urgency="low"):
    state = {"status": status, "urgency": urgency, **({"fixed_version": fixed} if fixed else {})}
    return {"releases": {"bookworm": state}}


class AdvisoriesTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        purl = "pkg:deb/debian/openssl@3.0.19-1~deb12u2?arch=source&distro=bookworm"
        openssl = {"name": "openssl", "version": "3.0.19-1~deb12u2", "purl": purl}
        swift = {"name": "swift", "version": "6.3", "purl": "pkg:github/swiftlang/swift@6.3"}
        (self.directory / "one.cdx.json").write_text(json.dumps({"components": [openssl, swift]}))
        (self.directory / "two.cdx.json").write_text(json.dumps({"components": [openssl]}))

    def sbom(self, *options):
        return run(sys.executable, DEPLOY / "package/advisories.py", "--zips", self.directory, *options)

    def check(self, data):
        file = self.directory / "data"
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        return self.sbom("--check", "--data", file)

    def test_the_list(self):
        lines = self.sbom().stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["openssl", "swift"])

    def test_the_advisories_of_a_version(self):
        for entry, status, words in [
            (advisory("resolved", "3.0.20-1~deb12u1"), 1, "CVE-1, fixed in 3.0.20-1~deb12u1"),
            (advisory("resolved", "3.0.19-1~deb12u2"), 0, "no advisories"),
            (advisory("resolved", "3.0.9-1"), 0, "no advisories"),
            (advisory("resolved", "0"), 0, "no advisories"),
            (advisory("open"), 0, "CVE-1, no fix yet"),
            (advisory("open", urgency="unimportant"), 0, "no advisories"),
            ({"releases": {"trixie": {"status": "open", "urgency": "high"}}}, 0, "no advisories"),
        ]:
            with self.subTest(entry):
                result = self.check({"openssl": {"CVE-1": entry}})
                self.assertEqual((result.returncode, result.stderr), (status, ""))
                self.assertEqual(
                    result.stdout.splitlines(),
                    [f"openssl 3.0.19-1~deb12u2: {words}", "swift 6.3: not a package of Debian; not checked"],
                )

    def test_without_data_nothing_is_checked(self):
        for data in "no JSON", {}, {"curl": {}}:
            result = self.check(data)
            self.assertEqual((result.returncode, result.stdout), (69, ""))
            self.assertRegex(result.stderr, r"^Not checked: Debian's security tracker could not be read \(.*\)\n$")
        self.assertEqual(self.sbom("--check", "--data", self.directory / "nowhere").returncode, 69)

    def test_without_zips_there_is_nothing_to_check(self):
        result = self.sbom("--zips", self.directory / "empty", "--check")
        self.assertEqual((result.returncode, result.stdout), (66, ""))
        self.assertIn("run deploy/build first", result.stderr)


if __name__ == "__main__":
    unittest.main()
