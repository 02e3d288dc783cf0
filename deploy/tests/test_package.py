"""deploy/build: what its checks refuse, what its zips contain, how it calls Docker."""

import os
import pathlib
import tempfile
import time
import unittest
import zipfile

from support import DEPLOY, ROOT, run

CHECK = DEPLOY / "package/check.py"


class InDirectory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)


class CheckTest(InDirectory):
    PROGRAMS = {
        "plain": '#include <stdio.h>\nint main(void) { return puts("") < 0; }',
        "names": '#include <netdb.h>\nint main(void) { struct addrinfo *a; return getaddrinfo("a", 0, 0, &a); }',
        "users": '#include <pwd.h>\nint main(void) { return getpwnam("root") == 0; }',
        # The C library warns about this one too, but for another reason: it loads nothing.
        "mktemp": "#include <stdlib.h>\nint main(int c, char **v) { return mktemp(v[c - 1]) == 0; }",
    }

    def clang(self, *arguments, source=None):
        made = run("clang", "-w", "-x", "c", "-", *arguments, input=source) if source else run("clang", *arguments)
        self.assertEqual(made.returncode, 0, made.stderr)

    def check(self, source, *arguments, stand_in=None):
        program, linked, objects = self.directory / "program", self.directory / "map", []
        for name, text in (("program.o", self.PROGRAMS[source]), ("stand-in.o", stand_in)):
            if text:
                objects.append(self.directory / name)
                self.clang("-c", "-o", objects[-1], source=text)
        self.clang("-fuse-ld=lld", *arguments, *objects, "-o", program, f"-Wl,-Map={linked}")
        return run("python3", CHECK, program, linked)

    def test_a_static_program_passes(self):
        for source in ("plain", "mktemp"):
            result = self.check(source, "-static")
            self.assertEqual((result.returncode, result.stderr), (0, ""), source)

    def test_a_program_that_needs_a_loader_fails(self):
        for arguments in ([], ["-static-libgcc"], ["-no-pie"]):
            result = self.check("plain", *arguments)
            self.assertEqual(result.returncode, 1)
            self.assertIn("it needs a loader", result.stderr)
            self.assertIn("it needs shared libraries", result.stderr)

    def test_a_static_program_that_relocates_itself_fails(self):
        result = self.check("plain", "-static-pie")
        self.assertEqual(result.returncode, 1)
        self.assertIn("it needs shared libraries", result.stderr)

    def test_the_check_names_the_function_that_loads_libraries(self):
        for source, function in (("names", "getaddrinfo"), ("users", "getpwnam")):
            result = self.check(source, "-static")
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, rf"calls {function}, which loads shared libraries\n$")

    def test_a_replaced_function_passes(self):
        result = self.check("users", "-static", stand_in="void *getpwnam(const char *name) { return 0; }")
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class ZipTest(InDirectory):
    def zip(self, name, when):
        package = self.directory / name
        (package / "certs").mkdir(parents=True)
        for path in ("certs/b.0", "bootstrap", "certs/a.0"):
            (package / path).write_text(path)
            os.utime(package / path, (when, when))
        target = self.directory / f"{name}.zip"
        made = run("python3", DEPLOY / "package/zip.py", target, package)
        self.assertEqual(made.returncode, 0, made.stderr)
        return target

    def test_the_same_content_makes_the_same_bytes(self):
        first, second = self.zip("first", time.time()), self.zip("second", 1_000_000_000)
        self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_files_are_readable_and_bootstrap_is_executable(self):
        with zipfile.ZipFile(self.zip("package", time.time())) as archive:
            self.assertEqual(
                [(entry.filename, oct(entry.external_attr >> 16)) for entry in archive.infolist()],
                [("bootstrap", "0o100755"), ("certs/a.0", "0o100644"), ("certs/b.0", "0o100644")],
            )


class CertificatesTest(InDirectory):
    """The zip's authorities against those of a package that the test makes."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        directory = pathlib.Path(directory.name)
        cls.pem = {name: cls.certificate(directory, name) for name in ("one", "two", "private")}
        package = directory / "package"
        (package / "DEBIAN").mkdir(parents=True)
        (package / "DEBIAN/control").write_text(
            "Package: ca-certificates\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: a test\n"
        )
        (package / "usr/share/ca-certificates/mozilla").mkdir(parents=True)
        for name in ("one", "two"):
            (package / f"usr/share/ca-certificates/mozilla/{name}.crt").write_text(cls.pem[name])
        # Not an authority that the package trusts.
        (package / "usr/share/doc").mkdir()
        (package / "usr/share/doc/example.crt").write_text(cls.pem["private"])
        cls.deb = directory / "ca-certificates.deb"
        made = run("dpkg-deb", "--root-owner-group", "--build", package, cls.deb)
        assert made.returncode == 0, made.stderr

    @staticmethod
    def certificate(directory, name):
        request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=CA"]
        made = run("openssl", *request, "-keyout", directory / "key", "-out", directory / f"{name}.pem")
        assert made.returncode == 0, made.stderr
        return (directory / f"{name}.pem").read_text()

    def check(self, *names):
        target = self.directory / "function.zip"
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("bootstrap", "")
            for name in names:
                archive.writestr(f"certs/{name}", self.pem[name])
        return run("python3", DEPLOY / "package/certificates.py", target, self.deb)

    def test_the_authorities_of_the_package_pass(self):
        result = self.check("one", "two")
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_another_authority_fails(self):
        result = self.check("one", "two", "private")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(
            result.stderr, r"function.zip: certs/private is not in the package \(SHA-256 [0-9a-f]{64}\)\n$"
        )

    def test_a_missing_authority_fails(self):
        result = self.check("one")
        self.assertEqual(result.returncode, 1)
        self.assertIn("function.zip: mozilla/two.crt of the package is missing", result.stderr)


class ArchiveTest(InDirectory):
    """deploy/package/archive with an apt that answers, or not."""

    def setUp(self):
        super().setUp()
        self.script = self.directory / "deploy/package/archive"
        self.script.parent.mkdir(parents=True)
        self.script.write_text((DEPLOY / "package/archive").read_text(encoding="utf-8"))
        self.script.chmod(0o755)
        self.updated = self.directory / ".local/apt/updated"

    def archive(self, answers=True):
        """Runs `apt-cache policy x`. Returns the result, and the commands that apt was called with."""
        for name in ("apt-get", "apt-cache"):
            status = 0 if answers or name == "apt-cache" else 100
            program = self.directory / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.directory}/calls"\nexit {status}\n')
            program.chmod(0o755)
        calls = self.directory / "calls"
        calls.write_text("")
        path = f"{self.directory}:{os.environ['PATH']}"
        result = run(self.script, "apt-cache", "policy", "x", env={**os.environ, "PATH": path})
        return result, [f"{line.split()[0]} {line.split()[-1]}" for line in calls.read_text().splitlines()]

    def test_the_lists_are_at_most_an_hour_old(self):
        self.assertEqual(self.archive()[1], ["apt-get update", "apt-cache x"])
        self.assertEqual(self.archive()[1], ["apt-cache x"])
        os.utime(self.updated, (time.time() - 3700,) * 2)
        self.assertEqual(self.archive()[1], ["apt-get update", "apt-cache x"])

    def test_old_lists_are_used_with_a_warning_and_none_are_an_error(self):
        result, calls = self.archive(answers=False)
        self.assertEqual((result.returncode, calls), (1, ["apt-get update"]))
        self.assertIn(".local/apt has no lists", result.stderr)
        self.archive()
        os.utime(self.updated, (time.time() - 3700,) * 2)
        result, calls = self.archive(answers=False)
        self.assertEqual((result.returncode, calls), (0, ["apt-get update", "apt-cache x"]))
        self.assertIn("using their lists of", result.stderr)

    def test_the_sources_of_the_machine_are_read_with_their_source_packages(self):
        self.archive()
        texts = [path.read_text() for path in (self.directory / ".local/apt/sources").iterdir()]
        self.assertTrue(
            any(line.startswith(("Types: deb deb-src", "deb-src ")) for line in "\n".join(texts).splitlines())
        )


class BuildTest(InDirectory):
    def build(self, *arguments, system="Linux"):
        """Runs deploy/build with a docker that only prints its arguments, one a line."""
        for name, body in (("docker", 'printf "%s\\n" "$@"'), ("uname", f"echo {system}")):
            (self.directory / name).write_text(f"#!/bin/sh\n{body}\n")
            (self.directory / name).chmod(0o755)
        path = f"{self.directory}:{os.environ['PATH']}"
        return run(DEPLOY / "build", *arguments, env={**os.environ, "PATH": path})

    def test_an_unknown_function_is_refused_and_all_functions_are_named(self):
        result = self.build("verify-signatures")
        self.assertEqual(result.returncode, 64)
        self.assertIn(" ".join(run(DEPLOY / "package/functions").stdout.split()), result.stderr)
        self.assertIn("verify-signature", result.stderr)

    def test_docker_gets_the_checkout_and_the_functions(self):
        for arguments, system in ((["--docker", "order-status"], "Linux"), (["order-status"], "Darwin")):
            words = self.build(*arguments, system=system).stdout.split("\n")
            self.assertEqual(words[:6], ["run", "--rm", "--volume", f"{ROOT}:{ROOT}", "--workdir", str(ROOT)])
            self.assertRegex(words[6], r"^swift:6\.3-bookworm@sha256:[0-9a-f]{64}$")
            self.assertIn(f"image: {words[6]}\n", (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
            self.assertEqual(words[7:9], ["bash", "-c"])
            self.assertEqual(words[-3:], ["build", "order-status", ""])


if __name__ == "__main__":
    unittest.main()
