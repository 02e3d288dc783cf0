"""A copy of the project in which mutants are built and tested, one at a time."""

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import time

SUITES = ("AWSTests", "SalesforceTests", "WHMCSTests", "OrdersTests", "SimulationTests")
BUILD_SECONDS = 1200
# Of address space: a mutant that allocates without end must not take the machine with it.
MEMORY = 8 << 30


class CannotBuild(Exception):
    """The unchanged project does not build, or its tests fail."""


class Workshop:
    def __init__(self, root, place):
        self.place = place
        self.limits = {}  # suite → seconds
        self.objects = {}  # module → hash of its optimised code
        copy(root, place)

    def prepare(self):
        """Builds the unchanged project, and measures how long its tests take."""
        self.limits = dict.fromkeys(SUITES, BUILD_SECONDS)
        if not self.build():
            raise CannotBuild("the unchanged project does not build")
        for suite in SUITES:
            start = time.monotonic()
            if not self.passes(suite):
                raise CannotBuild(f"{suite} fails without any mutant")
            # A loaded machine is slower, and a hang is found in time.
            self.limits[suite] = 60 + 4 * (time.monotonic() - start)

    @contextlib.contextmanager
    def applied(self, mutant):
        file = self.place / mutant.path
        source = file.read_text(encoding="utf-8")
        file.write_text(mutant.apply(source), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(source, encoding="utf-8")

    def build(self):
        """Whether the project and its tests compile."""
        return run(["swift", "build", "--quiet", "--build-tests"], self.place, BUILD_SECONDS)[0] == 0

    def killer(self, module):
        """The first suite that finds the mutant; None if none does.

        The module's own comes first, then those of what uses it.
        """
        suites = dict.fromkeys([f"{module}Tests", "OrdersTests", "SimulationTests"])
        return next((suite for suite in suites if not self.passes(suite)), None)

    def passes(self, suite):
        """Whether all tests of a suite pass. Ends at the first that does not; a hang fails.

        On a busy machine an emulator may answer too late, which says nothing of the mutant: then it runs once more.
        """
        (program,) = (self.place / ".build/debug").glob("*PackageTests.xctest")
        # Without the dot it would find WHMCSTests.OrdersTests as well.
        tests = [program, "--testing-library", "swift-testing", "--filter", f"^{suite}\\."]
        for _ in range(2):
            status, output = run(tests, self.place, self.limits[suite], stop_at=b"recorded an issue")
            if status == 0 or b"Timeout was reached" not in output:
                break
        return status == 0

    def is_equivalent(self, module):
        """Whether the applied mutant makes the same optimised code as the source that was there before."""
        return self.optimised(module) == self.objects.get(module)

    def note_objects(self, module):
        """Notes the optimised code of the unchanged module."""
        if module not in self.objects:
            self.objects[module] = self.optimised(module)

    def optimised(self, module):
        build = ["swift", "build", "--quiet", "-c", "release", "--target", module]
        scratch = self.place / ".build-optimised"
        # Debug information has the column of every expression.
        if run([*build, "--scratch-path", scratch, "-Xswiftc", "-gnone"], self.place, BUILD_SECONDS)[0] != 0:
            return None
        digest = hashlib.sha256()
        for file in sorted((scratch / "release" / f"{module}.build").glob("*.o")):
            digest.update(file.read_bytes())
        return digest.hexdigest()


def copy(root, place):
    """Makes `place` a copy of the project's files. Files that are the same keep their times, and so their objects."""
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, text=True
    )
    names = {name for name in listed.split("\0") if name and (root / name).is_file()}
    for name in names:
        target = place / name
        content = (root / name).read_bytes()
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(root / name, target)
    for target in [*(place / "Sources").rglob("*"), *(place / "Tests").rglob("*")]:
        if target.is_file() and target.relative_to(place).as_posix() not in names:
            target.unlink()
    (place / ".local").mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (place / ".local/venv").symlink_to(root / ".local/venv")


def run(command, directory, seconds, stop_at=None):
    """Runs a command with everything that it starts.

    Returns its status, None after `seconds` or as soon as its output has `stop_at`, and the end of its output.
    """
    with subprocess.Popen(
        command,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    ) as process:
        try:
            return watch(process, seconds, stop_at)
        finally:
            # Its children too.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def watch(process, seconds, stop_at):
    end = time.monotonic() + seconds
    os.set_blocking(process.stdout.fileno(), False)
    rest = b""
    while time.monotonic() < end:
        output = process.stdout.read() or b""
        rest = (rest + output)[-4096 - len(output) :]
        if stop_at and stop_at in rest and rest.endswith(b"\n"):
            return None, rest
        if not output and process.poll() is not None:
            return process.returncode, rest
        time.sleep(0.05)
    return None, rest
