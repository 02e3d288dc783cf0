"""What deploy/build rests on: what its check refuses, what its zips are made of, how it calls Docker."""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "deploy/package/check.py"


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)


class InDirectory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)


class CheckTest(InDirectory):
    PROGRAMS = {
        "plain": "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }",
        "names": "#include <netdb.h>\nint main(void) { struct addrinfo *a; return getaddrinfo(\"a\", 0, 0, &a); }",
        "users": "#include <pwd.h>\nint main(void) { return getpwnam(\"root\") == 0; }",
        # Warned of as well, but for another reason, and it asks nobody.
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

    def test_what_needs_nothing_of_the_system_passes(self):
        for source in ("plain", "mktemp"):
            result = self.check(source, "-static")
            self.assertEqual((result.returncode, result.stderr), (0, ""), source)

    def test_what_needs_a_loader_does_not(self):
        for arguments in ([], ["-static-libgcc"], ["-no-pie"]):
            result = self.check("plain", *arguments)
            self.assertEqual(result.returncode, 1)
            self.assertIn("it needs a loader", result.stderr)
            self.assertIn("it needs shared libraries", result.stderr)

    def test_static_and_moved_by_its_own_start_is_not_fully_static(self):
        result = self.check("plain", "-static-pie")
        self.assertEqual(result.returncode, 1)
        self.assertIn("it needs shared libraries", result.stderr)

    def test_what_would_load_plug_ins_is_named(self):
        for source, function in (("names", "getaddrinfo"), ("users", "getpwnam")):
            result = self.check(source, "-static")
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, rf"asks the system by {function}\n$")

    def test_a_function_of_our_own_in_its_place_passes(self):
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
        made = run("python3", ROOT / "deploy/package/zip.py", target, package)
        self.assertEqual(made.returncode, 0, made.stderr)
        return target

    def test_the_same_content_makes_the_same_bytes(self):
        first, second = self.zip("first", time.time()), self.zip("second", 1_000_000_000)
        self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_everybody_may_read_it_and_run_bootstrap(self):
        with zipfile.ZipFile(self.zip("package", time.time())) as archive:
            self.assertEqual([(entry.filename, oct(entry.external_attr >> 16)) for entry in archive.infolist()], [
                ("bootstrap", "0o100755"), ("certs/a.0", "0o100644"), ("certs/b.0", "0o100644")])


class BuildTest(InDirectory):
    def build(self, *arguments, system="Linux"):
        """Runs it with a docker that only tells what it was told; the words, one a line."""
        for name, body in (("docker", 'printf "%s\\n" "$@"'), ("uname", f"echo {system}")):
            (self.directory / name).write_text(f"#!/bin/sh\n{body}\n")
            (self.directory / name).chmod(0o755)
        path = f"{self.directory}:{os.environ['PATH']}"
        return run(ROOT / "deploy/build", *arguments, env={**os.environ, "PATH": path})

    def test_an_unknown_function_is_refused_with_the_names_of_all(self):
        result = self.build("verify-signatures")
        self.assertEqual(result.returncode, 64)
        self.assertIn("verify-signature provision-order refresh-sf-token recover-orders order-status", result.stderr)

    def test_docker_gets_the_checkout_and_the_functions(self):
        for arguments, system in ((["--docker", "order-status"], "Linux"), (["order-status"], "Darwin")):
            words = self.build(*arguments, system=system).stdout.split("\n")
            self.assertEqual(words[:6], ["run", "--rm", "--volume", f"{ROOT}:{ROOT}", "--workdir", str(ROOT)])
            self.assertEqual(words[6:9], ["swift:6.3-bookworm", "bash", "-c"])
            self.assertEqual(words[-3:], ["build", "order-status", ""])


if __name__ == "__main__":
    unittest.main()
