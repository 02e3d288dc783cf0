"""The mutation test's own parts, without Swift: which changes count, their order, and commands that hang."""

import pathlib
import sys
import tempfile
import time
import unittest

from support import candidates, workshop

SOURCE = """\
func one(_ rows: [Int]) -> Int {
    var sum = 0
    for row in rows {
        sum += row
        if row > 3 {
            sum -= 1
        }
    }
    while sum > 9 { sum -= 9 }
    pages: repeat {
        sum += 1
    } while sum < 3
    let all = rows.map { row in
        row + 1
    }
    return sum
}
""".splitlines(keepends=True)


class CandidatesTest(unittest.TestCase):
    def test_a_mutant_changes_its_line_only(self):
        mutant = candidates.Mutant("Sources/AWS/Table.swift", 2, "b\n", "B\nbreak;\n")
        self.assertEqual(mutant.apply("a\nb\nc\n"), "a\nB\nbreak;\nc\n")
        self.assertEqual(mutant.module, "AWS")
        self.assertEqual(str(mutant), "Sources/AWS/Table.swift:2\n    - b\n    + B\n    + break;")

    def test_white_space_is_no_change(self):
        self.assertFalse(candidates.is_change("  let a = 1\n", "let a  = 1\n"))
        self.assertTrue(candidates.is_change("let a = 1\n", "let a = 0\n"))

    def test_a_loop_ends_only_in_its_body(self):
        inside = {line for line in range(1, len(SOURCE) + 1) if candidates.is_in_loop(SOURCE, line)}
        self.assertEqual(inside, {4, 5, 6, 7, 11})

    def test_an_added_jump_counts_in_a_loop_only(self):
        for line, continues, breaks in (4, True, True), (2, False, False), (14, False, False):
            self.assert_counts(line, "continue;", continues)
            self.assert_counts(line, "break;", breaks)

    def test_a_loop_that_goes_on_anyway_is_no_change(self):
        for line in 6, 11:
            self.assert_counts(line, "continue;", False)
            self.assert_counts(line, "break;", True)

    def assert_counts(self, line, added, counts):
        text = SOURCE[line - 1]
        mutant = candidates.Mutant("Sources/AWS/A.swift", line, text, f"{text}{added}\n")
        self.assertEqual(candidates.is_valid(mutant, SOURCE), counts, text)

    def test_a_constant_instead_of_a_variable_that_nobody_changes_is_no_change(self):
        text = SOURCE[1]
        self.assertFalse(
            candidates.is_valid(candidates.Mutant("Sources/AWS/A.swift", 2, text, text.replace("var", "let")), SOURCE)
        )

    def test_a_seed_repeats_the_order_and_each_line_comes_once_before_any_comes_twice(self):
        found = [
            candidates.Mutant("Sources/AWS/A.swift", line, "x", str(number))
            for line in range(1, 6)
            for number in range(line)
        ]
        order = candidates.shuffled(found, 7)
        self.assertEqual(order, candidates.shuffled(found, 7))
        self.assertNotEqual(order, candidates.shuffled(found, 8))
        self.assertEqual(set(order), set(found))
        self.assertEqual(sorted(mutant.line for mutant in order[:5]), [1, 2, 3, 4, 5])
        self.assertEqual(sorted(mutant.line for mutant in order[5:9]), [2, 3, 4, 5])


class RunTest(unittest.TestCase):
    def run_python(self, code, seconds=10, **options):
        start = time.monotonic()
        status, self.output = workshop.run([sys.executable, "-c", code], pathlib.Path.cwd(), seconds, **options)
        return status, time.monotonic() - start

    def test_a_command_has_its_status(self):
        self.assertEqual(self.run_python("print(1)")[0], 0)
        self.assertEqual(self.run_python("exit(3)")[0], 3)

    def test_a_hang_ends_at_its_limit(self):
        status, seconds = self.run_python("import time; time.sleep(60)", 0.5)
        self.assertIsNone(status)
        self.assertLess(seconds, 10)

    def test_the_first_issue_ends_the_tests(self):
        code = "import time; print('Test a recorded an issue', flush=True); time.sleep(60)"
        status, seconds = self.run_python(code, 60, stop_at=b"recorded an issue")
        self.assertIsNone(status)
        self.assertEqual(self.output, b"Test a recorded an issue\n")
        self.assertLess(seconds, 10)

    def test_what_a_command_started_ends_with_it(self):
        with tempfile.TemporaryDirectory() as directory:
            mark = pathlib.Path(directory) / "mark"
            child = f"import pathlib, time; time.sleep(1); pathlib.Path({str(mark)!r}).touch()"
            code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
            self.assertIsNone(self.run_python(code, 0.3)[0])
            time.sleep(1.5)
            self.assertFalse(mark.exists())


if __name__ == "__main__":
    unittest.main()
