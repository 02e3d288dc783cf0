"""deploy/bench: its events are signed, its stopwatch checks the answers, its tables show what the samples say."""

import hashlib
import hmac
import json
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest

from support import DEPLOY, WEBHOOK_SECRET, events, handler, report

BENCH = DEPLOY / "bench"


class EventsTest(unittest.TestCase):
    def signature(self, event):
        return hmac.new(WEBHOOK_SECRET, event["body"].encode(), hashlib.sha256).hexdigest()

    def test_accepted_requests_are_signed_consistent_and_distinct(self):
        made = [events.accepted() for _ in range(50)]
        for event in made:
            body, headers = json.loads(event["body"]), event["headers"]
            self.assertEqual(headers["x-sf-signature"], self.signature(event))
            self.assertEqual((headers["x-sf-nonce"], headers["x-sf-timestamp"]), (body["nonce"], body["timestamp"]))
            self.assertEqual(event["pathParameters"]["sfOrderId"], body["orderId"])
        for header in ("x-sf-nonce", "idempotency-key"):
            self.assertEqual(len({event["headers"][header] for event in made}), 50)

    def test_the_refused_request_has_a_wrong_signature(self):
        self.assertNotEqual(events.refused()["headers"]["x-sf-signature"], self.signature(events.refused()))

    def test_each_event_is_one_line(self):
        made = [events.accepted(), events.refused()]
        self.assertEqual([json.loads(line) for line in events.lines(made).splitlines()], made)

    def test_the_python_handler_checks_the_signature(self):
        answer = handler.handle(events.refused(), None)
        self.assertEqual((answer["statusCode"], json.loads(answer["body"])["code"]), (401, "INVALID_SIGNATURE"))
        self.assertNotEqual(handler.handle(events.accepted(), None)["statusCode"], 401)


class ReportTest(unittest.TestCase):
    def test_percentiles_are_samples(self):
        for samples, percent, expected in [
            ([5], 99, 5),
            ([3, 1, 2], 50, 2),
            (range(1, 101), 99, 99),
            (range(1, 1001), 99, 990),
            ([1, 2], 99, 2),
        ]:
            self.assertEqual(report.percentile(list(samples), percent), expected)

    def test_significant_digits(self):
        for number, count, expected in [
            (0, 3, "0"),
            (0.44712, 3, "0.447"),
            (2.968, 3, "2.97"),
            (29.95, 2, "30"),
            (143.4, 3, "143"),
            (1146.2, 3, "1146"),
            (5.78, 2, "5.8"),
            (0.051, 2, "0.051"),
        ]:
            self.assertEqual(report.digits(number, count), expected)

    def cells(self, samples):
        """The cells of the table by the title of their row and of their column."""
        head, _, *lines = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in report.programs_table(samples).splitlines()
        ]
        return {line[0]: dict(zip(head, line, strict=True)) for line in lines if not line[0].startswith("…")}

    def samples(self, start, accepted):
        of = {"next": [400, 500, 9000], "first": [600], "refused": [10], "refused CPU": [10], "peak": [1e6]}
        ours = of | {"next": [start], "accepted": [accepted], "accepted CPU": [accepted], "cold": [3.2], "size": [7e6]}
        wall = of | {"accepted": [100], "accepted CPU": [100]}
        return {report.FLOOR: of, report.WALL: wall, report.PYTHON: of, report.DYNAMIC: ours, report.ZIP: ours}

    def test_a_row_shows_figures_ratios_and_the_goal(self):
        cells = self.cells(self.samples(start=550, accepted=150))
        self.assertEqual(
            cells["spawn → first `next`"],
            {
                "": "spawn → first `next`",
                "C floor": "0.500 ms (1.0×)",
                "libcurl in C": "0.500 ms",
                "awslambdaric": "0.500 ms (1.0×)",
                "dynamic build": "0.550 ms (1.1×)",
                "zip": "0.550 ms (1.1×)",
                "goal": "≤ 1.1×, met",
            },
        )
        self.assertEqual(cells["accepted, CPU"]["C floor"], "–")
        self.assertEqual(cells["accepted, CPU"]["libcurl in C"], "100 µs")
        self.assertEqual(cells["accepted, CPU"]["zip"], "150 µs (1.5×)")
        self.assertEqual(cells["accepted, CPU"]["goal"], "≤ 1.5×, met")
        self.assertEqual(cells["cold request → 202"]["zip"], "3.20 × 20 ms")
        self.assertEqual(cells["peak memory"]["awslambdaric"], "1.00 MB")
        self.assertEqual(cells["size"]["goal"], "≤ 6 MB, missed")

    def test_a_goal_missed_by_a_little_is_missed(self):
        cells = self.cells(self.samples(start=551, accepted=151))
        self.assertEqual(cells["spawn → first `next`"]["goal"], "≤ 1.1×, missed")
        self.assertEqual(cells["accepted, CPU"]["goal"], "≤ 1.5×, missed")

    def test_the_table_of_the_zips(self):
        lines = report.zips_table(
            {"order-status": {"next": [1000, 1500, 9000], "peak": [9e6], "size": 5_500_000}}, [500]
        )
        self.assertEqual(
            [cell.strip() for cell in lines.splitlines()[-1].strip("|").split("|")],
            ["order-status", "1.50 ms (3.0×)", "9.00 MB", "5.50 MB"],
        )


class StopwatchTest(unittest.TestCase):
    """runtime.c and upstream.c."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        for name in ("floor", "runtime", "upstream"):
            subprocess.run(
                ["clang", "-O1", "-Wall", "-Wextra", "-Werror", "-o", cls.directory / name, BENCH / f"{name}.c"],
                check=True,
            )

    def run_program(self, *command, requests="{}\n" * 5, expected="{}"):
        file = self.directory / "events"
        file.write_text(requests)
        return subprocess.run(
            [self.directory / "runtime", file, expected, "2", *command], capture_output=True, text=True
        )

    def test_events_after_the_warm_up_are_timed(self):
        result = json.loads(self.run_program(self.directory / "floor").stdout)
        self.assertEqual(len(result["answers"]), 3)
        self.assertGreater(result["first"], result["next"])
        self.assertGreater(min(result["answers"] + [result["next"], result["cpu"], result["peak"]]), 0)

    def test_a_start_without_events(self):
        result = json.loads(self.run_program(self.directory / "floor", requests="").stdout)
        self.assertEqual((result["answers"], result["first"]), ([], 0))

    def test_an_unexpected_answer_is_a_failure(self):
        done = self.run_program(self.directory / "floor", expected="Accepted")
        self.assertEqual((done.returncode, done.stderr), (1, "the program does not answer Accepted, but: {}\n"))

    def test_a_program_that_exits_or_does_not_exist_is_a_failure(self):
        for program, words in [
            ("/bin/true", "the program exited\n"),
            ("/no/such", "/no/such: No such file or directory\n"),
        ]:
            done = self.run_program(program)
            self.assertEqual((done.returncode, done.stderr), (1, words))

    def connect(self, *words):
        server = subprocess.Popen(
            [self.directory / "upstream", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.stdin.close)
        port = int(server.stdout.readline())

        def client():
            connection = socket.create_connection(("127.0.0.1", port))
            self.addCleanup(connection.close)
            return connection

        return client

    def test_upstream_answers_every_action_on_one_connection(self):
        connection = self.connect("0", "a-secret")()
        for target, status, body in [
            ("AmazonSSM.GetParameters", 200, '{"Parameters":[{"Name":"/secret","Value":"a-secret"}]}'),
            ("DynamoDB_20120810.TransactWriteItems", 200, "{}"),
            ("AWSEvents.PutEvents", 200, '{"Entries":[{"EventId":"1"}],"FailedEntryCount":0}'),
            ("DynamoDB_20120810.PutItem", 400, "{}"),
        ]:
            connection.sendall(f"POST / HTTP/1.1\r\nX-Amz-Target: {target}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
            head, _, answer = connection.recv(4096).decode().partition("\r\n\r\n")
            self.assertEqual((int(head.split()[1]), answer), (status, body))
        connection.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
        self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 404 "))

    def test_upstream_delays_each_request_independently(self):
        client = self.connect("30000", "a-secret")
        unfinished, other = client(), client()
        unfinished.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
        began = time.monotonic()
        other.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
        self.assertIn(b"404", other.recv(4096))
        self.assertGreaterEqual(time.monotonic() - began, 0.03)


if __name__ == "__main__":
    unittest.main()
