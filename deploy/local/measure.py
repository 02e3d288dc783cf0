#!/usr/bin/env python3
"""Measures the built programs against a Runtime API of its own, on loopback.

    swift build -c release --static-swift-stdlib
    .local/venv/bin/python deploy/local/measure.py [directory of the programs]

Prints, as medians: spawn to first `next` and peak memory of each program, and the time of a refused
signature when warm. A program is started anew for each figure of its start.
"""
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release")
STARTS, EVENTS = 21, 2000
PROGRAMS = ["verify-signature", "provision-order", "refresh-sf-token", "order-status"]
EVENT = (ROOT / "events/fulfill-bad-signature.json").read_bytes()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_moto():
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    body = json.dumps({"Name": "/secret", "Value": "a-secret-for-measuring", "Type": "SecureString"}).encode()
    headers = {"X-Amz-Target": "AmazonSSM.PutParameter", "Content-Type": "application/x-amz-json-1.1",
               "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/ssm/aws4_request"}
    for _ in range(100):
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", body, headers)).read()
            return server, port
        except OSError:
            time.sleep(0.1)
    raise SystemExit("moto did not start")


def environment(api, moto):
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api}", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{moto}", "LEDGER_TABLE": "t",
        "EVENT_BUS_NAME": "b", "SF_WEBHOOK_SECRET_PARAMETER": "/secret", "SF_ACCESS_TOKEN_PARAMETER": "/token",
        "SF_REFRESH_FUNCTION": "r", "WHMCS_API_URL": "https://whmcs.example/api.php", "WHMCS_PAYMENT_METHOD": "mailin",
        "WHMCS_CREDENTIALS_PARAMETER": "/w", "SF_LOGIN_URL": f"http://127.0.0.1:{moto}", "SF_CLIENT_ID": "c",
        "SF_USERNAME": "u", "SF_PRIVATE_KEY_PARAMETER": "/key", "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
    }


def request(connection):
    """One request of a program: its first line and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head.split(b"\r\n")[0], body


def run(program, moto, events):
    """Start in ms, times of the events in µs, peak memory in KiB."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.perf_counter()
        child = subprocess.Popen(
            [BIN / program], env=environment(server.getsockname()[1], moto), stderr=subprocess.DEVNULL)
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line, _ = request(connection)
        start = (time.perf_counter() - began) * 1000
        assert line.startswith(b"GET /2018-06-01/runtime/invocation/next"), line
        times = []
        for number in range(events):
            head = (f"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: {number}\r\nLambda-Runtime-Deadline-Ms: "
                    f"{int(time.time() * 1000) + 10000}\r\nContent-Length: {len(EVENT)}\r\n\r\n").encode()
            began = time.perf_counter()
            connection.sendall(head + EVENT)
            _, body = request(connection)
            times.append((time.perf_counter() - began) * 1e6)
            assert json.loads(body)["statusCode"] == 401, body
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            request(connection)
        # Not wait4's figure: that counts this Python, whose copy the child is before it becomes the program.
        status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
        child.kill()
        child.wait()
        connection.close()
        return start, times, peak


def main():
    moto, port = start_moto()
    try:
        print(f"{'program':18}{'start ms':>10}{'peak MiB':>10}{'size MB':>10}")
        for program in PROGRAMS:
            runs = [run(program, port, 0) for _ in range(STARTS)]
            print(f"{program:18}{statistics.median(r[0] for r in runs):10.1f}"
                  f"{statistics.median(r[2] for r in runs) / 1024:10.1f}{(BIN / program).stat().st_size / 1e6:10.1f}")
        _, times, peak = run("verify-signature", port, EVENTS)
        times = sorted(times[200:])
        print(f"refused signature, warm: p50 {statistics.median(times):.0f} µs, "
              f"p99 {times[int(len(times) * 0.99)]:.0f} µs, peak {peak / 1024:.1f} MiB")
    finally:
        moto.kill()


main()
