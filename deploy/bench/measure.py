"""Lets the programs take turns, and tells how long each took. Called by deploy/bench/run, which builds them.

    measure.py full  <dynamic build> <picture>
    measure.py quick <dynamic build> <picture>     a few turns only, to see that all of it works

Progress is on stderr; on stdout are the tables, in Markdown.
"""
import contextlib
import json
import os
import pathlib
import platform
import random
import subprocess
import sys
import tempfile
import zipfile

import events
import picture
import report
from report import DYNAMIC, FLOOR, PYTHON, WALL, ZIP

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = ROOT / ".build/bench"
FUNCTIONS = ["verify-signature", "provision-order", "refresh-sf-token", "recover-orders", "order-status"]
DELAY = 20_000  # µs

# How often each program is started; rounds of warm events, and how many each has; how often the click is made.
TURNS = {"full": (300, 40, 250, 100), "quick": (3, 1, 60, 3)}
SKIPPED = 50  # of a round's events, until a program is warm

ENVIRONMENT = {
    "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "LEDGER_TABLE": "t",
    "EVENT_BUS_NAME": "b", "SF_WEBHOOK_SECRET_PARAMETER": "/secret", "SF_ACCESS_TOKEN_PARAMETER": "/token",
    "SF_REFRESH_FUNCTION": "r", "WHMCS_API_URL": "https://whmcs.example/api.php", "WHMCS_PAYMENT_METHOD": "mailin",
    "WHMCS_CREDENTIALS_PARAMETER": "/whmcs", "SF_CLIENT_ID": "c", "SF_USERNAME": "u", "SF_PRIVATE_KEY_PARAMETER": "/key",
    "PATH": os.environ["PATH"],
    **{name: os.environ[name] for name in ["LD_LIBRARY_PATH"] if name in os.environ},
}


@contextlib.contextmanager
def upstream(delay):
    """AWS, which answers after so many µs; its address."""
    with subprocess.Popen([BIN / "upstream", str(delay), events.SECRET], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as server:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


class Bench:
    def __init__(self, directory, prompt, slow):
        self.file = directory / "events"
        self.prompt = prompt
        self.slow = slow

    def run(self, command, requests=(), wanted="", skipped=0, slow=False):
        """One life of a program; what deploy/bench/runtime.c tells of it."""
        self.file.write_text(events.lines(requests))
        # Salesforce is there too: refresh-sf-token opens a connection to it.
        outside = self.slow if slow else self.prompt
        done = subprocess.run(
            [BIN / "runtime", self.file, wanted, str(skipped), *command], cwd=HERE, capture_output=True, text=True,
            env={**ENVIRONMENT, "AWS_ENDPOINT_URL": outside, "SF_LOGIN_URL": outside})
        if done.returncode != 0:
            sys.exit(f"{command[0]}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def note(words):
    print(words, file=sys.stderr, flush=True)


def shuffled(names):
    """What comes after a large program finds the processor's caches full of that; let it not be always the same."""
    return random.sample(list(names), len(names))


def unpack(directory):
    """The programs as the zips hold them, by function."""
    for function in FUNCTIONS:
        with zipfile.ZipFile(ROOT / f".build/lambda/{function}.zip") as archive:
            archive.extract("bootstrap", directory / function)
        (directory / function / "bootstrap").chmod(0o755)
    return {function: directory / function / "bootstrap" for function in FUNCTIONS}


def measure(bench, turns, zips, dynamic):
    """The samples of the programs, and those of the zips' starts: µs, bytes, delays."""
    starts, rounds, many, clicks = turns
    commands = {FLOOR: [BIN / "floor"], WALL: [BIN / "wall"],
                PYTHON: [sys.executable, "-m", "awslambdaric", "handler.handle"],
                DYNAMIC: [dynamic], ZIP: [zips["verify-signature"]]}
    refusal = {name: "INVALID_SIGNATURE" for name in commands} | {FLOOR: "{}", WALL: "{}"}
    ours = [DYNAMIC, ZIP]
    samples = {name: {key: [] for key in ("next", "first", "refused", "refused CPU", "accepted", "accepted CPU", "click",
                                          "refused peak", "accepted peak")} for name in commands}
    functions = {function: {"next": [], "peak": []} for function in zips}
    # The same program, so that each of its starts counts for both tables.
    functions["verify-signature"]["next"] = samples[ZIP]["next"]

    note(f"Starting each program {starts} times")
    for _ in range(starts):
        for name in shuffled([*commands, *zips]):
            if name in zips:
                life = bench.run([zips[name]])
                functions[name]["next"].append(life["next"])
                functions[name]["peak"].append(life["peak"] * 1024)
            else:
                life = bench.run(commands[name], [events.refused()], refusal[name])
                samples[name]["next"].append(life["next"])
                samples[name]["first"].append(life["first"])

    note(f"Sending each {rounds} times {many} events")
    for _ in range(rounds):
        for name in shuffled(commands):
            command = commands[name]
            lives = {"refused": bench.run(command, [events.refused()] * many, refusal[name], SKIPPED)}
            if name in ours:
                lives["accepted"] = bench.run(
                    command, [events.accepted() for _ in range(many)], "Accepted", SKIPPED)
            for kind, life in lives.items():
                samples[name][kind] += life["answers"]
                samples[name][f"{kind} CPU"].append(life["cpu"])
                samples[name][f"{kind} peak"].append(life["peak"] * 1024)

    note(f"Clicking {clicks} times")
    for _ in range(clicks):
        for name in shuffled(ours):
            life = bench.run(commands[name], [events.accepted()], "Accepted", slow=True)
            samples[name]["click"].append(life["first"] / DELAY)

    for name, of in samples.items():
        of["peak"] = of["accepted peak"] or of["refused peak"]
    for function in zips:
        functions[function]["size"] = (ROOT / f".build/lambda/{function}.zip").stat().st_size
    samples[ZIP]["size"] = [functions["verify-signature"]["size"]]
    return samples, functions


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")),
                 platform.machine())
    return f"{os.cpu_count()} × {model}, Linux {platform.release().split('-')[0]}"


def load():
    return f"{os.getloadavg()[0]:.2f}"


def main():
    mode, dynamic, target = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3])
    before = load()
    with tempfile.TemporaryDirectory() as name, upstream(0) as prompt, upstream(DELAY) as slow:
        directory = pathlib.Path(name)
        samples, functions = measure(Bench(directory, prompt, slow), TURNS[mode], unpack(directory), dynamic)
    names = {DYNAMIC: "debug build"} if mode == "quick" else {}
    print(report.programs_table(samples, names))
    print()
    print(report.zips_table(functions, samples[FLOOR]["next"]))
    print()
    starts, rounds, many, clicks = TURNS[mode]
    print(f"{machine()}; load {before} before, {load()} after. {starts} starts, {rounds * (many - SKIPPED)} warm events, "
          f"{clicks} clicks of each program, in turns.")
    if mode == "quick":
        print("A quick run: it shows that the bench works, and its figures claim nothing.")
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.draw(samples, names, target)
    note(f"The picture: {target}")


if __name__ == "__main__":
    main()
