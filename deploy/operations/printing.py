"""Text for a terminal, of values that other people wrote."""

import json
import time as clock
from datetime import UTC, datetime


def printable(value):
    """Without characters that could move the cursor or look like another line."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))


def text(value):
    return "–" if value is None or value == "" else printable(value)


def table(columns, rows):
    """The lines of a table.

    - columns: title, member of a row, whether it is a number
    - rows: dictionaries
    """
    cells = [[title for title, _, _ in columns]]
    cells += [[text(row[member]) for _, member, _ in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, (_, _, is_number) in zip(row, widths, columns, strict=True)
        ]
        yield "  ".join(padded).rstrip()


def time(milliseconds):
    """`2026-11-20T10:15:30Z` of milliseconds since 1970."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds // 1000, UTC).isoformat().replace("+00:00", "Z")


def age(milliseconds):
    """`3 h` of milliseconds: the largest unit that fits."""
    seconds = max(0, milliseconds) // 1000
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def milliseconds():
    """Since 1970."""
    return int(clock.time() * 1000)


def print_json(value):
    """Returns the exit status."""
    print(json.dumps(value, indent=1))
    return 0
