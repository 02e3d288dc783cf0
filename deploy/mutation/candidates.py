"""What could be changed in the sources: every mutant that universalmutator's rules for Swift make of a line."""

import contextlib
import dataclasses
import io
import random
import re

MODULES = ("AWS", "Orders", "Salesforce", "WHMCS")
RULES = ["universal.rules", "c_like.rules", "swift.rules"]
# A changed comment changes nothing, and a changed import is never valid.
UNCHANGED = [r"^\s*//", r"^\s*(@testable )?import "]
LOOP = re.compile(r"\s*(\w+: )?(for|while|repeat)\b.*\{$")
FUNCTION = re.compile(r"\s*((\w+ )*(func|init|var|subscript)\b.*|.*\bin)$")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One line of a file, and what stands in its place; a rule may make two lines of it."""

    path: str  # from the root of the project
    line: int  # the first is 1
    before: str
    after: str

    @property
    def module(self):
        return self.path.split("/")[1]

    def apply(self, source):
        lines = source.splitlines(keepends=True)
        lines[self.line - 1] = self.after
        return "".join(lines)

    def __str__(self):
        changed = [f"    - {self.before.strip()}", *(f"    + {line.strip()}" for line in self.after.splitlines())]
        return "\n".join([f"{self.path}:{self.line}", *changed])


def is_change(before, after):
    """Whether more than white space differs."""
    return re.sub(r"\s", "", before) != re.sub(r"\s", "", after)


def is_in_loop(source, line):
    """Whether the line is in the body of a loop. swift-format indents each body by its depth."""
    depth = indentation(source[line - 1])
    for before in reversed(source[: line - 1]):
        if not before.strip() or indentation(before) >= depth:
            continue
        depth = indentation(before)
        if LOOP.match(before):
            return True
        if FUNCTION.match(before):
            return False
    return False


def indentation(line):
    return len(line) - len(line.lstrip())


def is_last_in_loop(source, line):
    """Whether only closing braces follow before the loop begins again."""
    for place, after in enumerate(source[line:], start=line + 1):
        if not after.strip().startswith("}") or "else" in after:
            return False
        if not is_in_loop(source, place):
            return True
    return True


def is_valid(mutant, source):
    """Whether the mutant can be valid and differ. A variable that nobody changes may be a constant. Outside a loop
    nothing continues, and a break ends a case that ends there anyway."""
    if not is_change(mutant.before, mutant.after) or mutant.after == re.sub(r"\bvar\b", "let", mutant.before):
        return False
    added = mutant.after.splitlines()[-1].strip()
    if added == "continue;" and is_last_in_loop(source, mutant.line):
        return False
    return added not in ("break;", "continue;") or is_in_loop(source, mutant.line)


def mutants(root, modules=MODULES):
    """Every mutant of the modules, in the order of their files and lines."""
    # Only this needs the package: the script's own tests run without it.
    from universalmutator import mutator

    found = []
    for module in sorted(modules):
        for file in sorted((root / "Sources" / module).rglob("*.swift")):
            source = file.read_text(encoding="utf-8").splitlines(keepends=True)
            # It prints the names of its rules.
            with contextlib.redirect_stdout(io.StringIO()):
                made = mutator.mutants_regexp(source, RULES, ignorePatterns=UNCHANGED)
            path = file.relative_to(root).as_posix()
            of_file = [Mutant(path, line, source[line - 1], text) for line, text, *_ in made]
            found += [mutant for mutant in of_file if is_valid(mutant, source)]
    return found


def shuffled(found, seed):
    """The same order for the same sources and seed. Lines with many mutants do not come more often than others: of each
    line one mutant comes before the second of any."""
    generator = random.Random(seed)
    by_line = {}
    for mutant in found:
        by_line.setdefault((mutant.path, mutant.line), []).append(mutant)
    lines = list(by_line.values())
    for line in lines:
        generator.shuffle(line)
    generator.shuffle(lines)
    rounds = max(map(len, lines), default=0)
    return [line[number] for number in range(rounds) for line in lines if number < len(line)]
