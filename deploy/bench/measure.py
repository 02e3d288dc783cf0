"""Measures the programs in alternation. Called by deploy/bench/run, which builds them.

    measure.py full  <dynamic build> <picture>
    measure.py quick <dynamic build> <picture>     a few rounds, to check that the benchmark works

Writes progress to stderr, and the tables to stdout in Markdown.
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
FUNCTIONS = subprocess.check_output([ROOT / "deploy/package/functions"], text=True).split()
DELAY = 20_000  # µs; of the slow upstream

# Starts of each program; rounds of warm events; events of a round; cold requests.
REPETITIONS = {"full": (300, 40, 250, 100), "quick": (3, 1, 60, 3)}
WARM_UP = 50  # events of each round before the figures count

SAMPLES = [
    "next",
    "first",
    "refused",
    "refused CPU",
    "refused peak",
    "accepted",
    "accepted CPU",
    "accepted peak",
    "cold",
]

ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",  # as Lambda sets it; no event is sampled
    "STACK_NAME": "orders",
    "LEDGER_TABLE": "t",
    "EVENT_BUS_NAME": "b",
    "ORDER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
    "SF_WEBHOOK_SECRET_PARAMETER": "/secret",
    "SF_ACCESS_TOKEN_PARAMETER": "/token",
    "SF_REFRESH_FUNCTION": "r",
    "WHMCS_API_URL": "https://whmcs.example/api.php",
    "WHMCS_PAYMENT_METHOD": "mailin",
    "SF_PROVISIONABLE_STATUSES": "Approved",
    "WHMCS_CREDENTIALS_PARAMETER": "/whmcs",
    "SF_CLIENT_ID": "c",
    "SF_USERNAME": "u",
    "SF_PRIVATE_KEY_PARAMETER": "/key",
    "PATH": os.environ["PATH"],
    **{name: os.environ[name] for name in ["LD_LIBRARY_PATH"] if name in os.environ},
}


@contextlib.contextmanager
def upstream(delay):
    """The URL of an AWS that answers after `delay` µs."""
    with subprocess.Popen(
        [BIN / "upstream", str(delay), events.SECRET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


class Bench:
    def __init__(self, directory, prompt, slow):
        self.file = directory / "events"
        self.prompt = prompt
        self.slow = slow

    def run(self, command, requests=(), expected="", warm_up=0, slow=False):
        """Runs a program once and returns what deploy/bench/runtime.c measured."""
        self.file.write_text(events.lines(requests))
        # Also stands in for Salesforce, because refresh-sf-token preconnects to it.
        upstream = self.slow if slow else self.prompt
        done = subprocess.run(
            [BIN / "runtime", self.file, expected, str(warm_up), *command],
            cwd=HERE,
            capture_output=True,
            text=True,
            env={**ENVIRONMENT, "AWS_ENDPOINT_URL": upstream, "SF_LOGIN_URL": upstream},
        )
        if done.returncode != 0:
            sys.exit(f"{command[0]}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def note(text):
    print(text, file=sys.stderr, flush=True)


def shuffled(names):
    """A random order, because a program that follows a large one finds the processor's caches filled by that one."""
    return random.sample(list(names), len(names))


def unpack(directory):
    """Extracts the programs from the zips. Returns their paths by function."""
    for function in FUNCTIONS:
        with zipfile.ZipFile(ROOT / f".build/lambda/{function}.zip") as archive:
            archive.extract("bootstrap", directory / function)
        (directory / function / "bootstrap").chmod(0o755)
    return {function: directory / function / "bootstrap" for function in FUNCTIONS}


def measure(bench, repetitions, zips, dynamic):
    """Returns the samples of the programs and of the zips' starts, in µs, bytes and delays of the slow upstream."""
    starts, rounds, many, cold_requests = repetitions
    commands = {
        FLOOR: [BIN / "floor"],
        WALL: [BIN / "wall"],
        PYTHON: [sys.executable, "-m", "awslambdaric", "handler.handle"],
        DYNAMIC: [dynamic],
        ZIP: [zips["verify-signature"]],
    }
    refusal = dict.fromkeys(commands, "INVALID_SIGNATURE") | {FLOOR: "{}", WALL: "{}"}
    ours = [DYNAMIC, ZIP]
    # With this argument the wall makes the calls of an accepted event.
    acceptance = {name: commands[name] for name in ours} | {WALL: [*commands[WALL], "calls"]}
    answers = dict.fromkeys(ours, "Accepted") | {WALL: "{}"}
    samples = {name: {key: [] for key in SAMPLES} for name in commands}
    functions = {function: {"next": [], "peak": []} for function in zips}
    # This program is in both tables, and so are its starts.
    functions["verify-signature"]["next"] = samples[ZIP]["next"]

    note(f"Starting each program {starts} times")
    for _ in range(starts):
        for name in shuffled([*commands, *zips]):
            if name in zips:
                run = bench.run([zips[name]])
                functions[name]["next"].append(run["next"])
                functions[name]["peak"].append(run["peak"] * 1024)
            else:
                run = bench.run(commands[name], [events.refused()], refusal[name])
                samples[name]["next"].append(run["next"])
                samples[name]["first"].append(run["first"])

    note(f"Sending each program {rounds} rounds of {many} events")
    for _ in range(rounds):
        for name in shuffled(commands):
            command = commands[name]
            runs = {"refused": bench.run(command, [events.refused()] * many, refusal[name], WARM_UP)}
            if name in acceptance:
                accepted = [events.accepted() for _ in range(many)]
                runs["accepted"] = bench.run(acceptance[name], accepted, answers[name], WARM_UP)
            for kind, run in runs.items():
                samples[name][kind] += run["answers"]
                samples[name][f"{kind} CPU"].append(run["cpu"])
                samples[name][f"{kind} peak"].append(run["peak"] * 1024)

    note(f"Sending {cold_requests} cold requests")
    for _ in range(cold_requests):
        for name in shuffled(ours):
            run = bench.run(commands[name], [events.accepted()], "Accepted", slow=True)
            samples[name]["cold"].append(run["first"] / DELAY)

    for of in samples.values():
        of["peak"] = of["accepted peak"] or of["refused peak"]
    for function in zips:
        functions[function]["size"] = (ROOT / f".build/lambda/{function}.zip").stat().st_size
    samples[ZIP]["size"] = [functions["verify-signature"]["size"]]
    return samples, functions


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = next(
        (line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} × {model}, Linux {platform.release().split('-')[0]}"


def load():
    return f"{os.getloadavg()[0]:.2f}"


def main():
    mode, dynamic, target = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3])
    before = load()
    with tempfile.TemporaryDirectory() as name, upstream(0) as prompt, upstream(DELAY) as slow:
        directory = pathlib.Path(name)
        samples, functions = measure(Bench(directory, prompt, slow), REPETITIONS[mode], unpack(directory), dynamic)
    names = {DYNAMIC: "debug build"} if mode == "quick" else {}
    print(report.programs_table(samples, names))
    print()
    print(report.zips_table(functions, samples[WALL]["next"]))
    print()
    starts, rounds, many, cold_requests = REPETITIONS[mode]
    print(
        f"{machine()}; load {before} before, {load()} after. Each program, in alternation: {starts} starts, "
        f"{rounds * (many - WARM_UP)} warm events, {cold_requests} cold requests."
    )
    if mode == "quick":
        print("A quick run: it shows that the benchmark works; its figures mean nothing.")
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.draw(samples, names, target)
    note(f"Wrote {target}")


if __name__ == "__main__":
    main()
