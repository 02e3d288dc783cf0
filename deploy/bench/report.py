"""Computes figures from samples, and formats them as Markdown tables."""

import math
import statistics

FLOOR, WALL, PYTHON, DYNAMIC, ZIP = "C floor", "libcurl in C", "awslambdaric", "dynamic build", "zip"
PROGRAMS = [FLOOR, WALL, PYTHON, DYNAMIC, ZIP]


def percentile(samples, percent):
    """The smallest sample that `percent` of all samples do not exceed."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def p99(samples):
    return percentile(samples, 99)


class Row:
    """A figure of each program.

    - sample: key of the samples; statistic: computes the figure from them
    - unit: unit of the figure; scale: the size of this unit in the samples' own (µs, bytes, delays)
    - goal: maximum for the zip, in the unit, or as a multiple of libcurl in C when it ends in ×
    - relative: whether the table shows ratios to libcurl in C
    """

    def __init__(self, title, sample, statistic, unit, scale, goal=None, relative=True):
        self.title = title
        self.sample = sample
        self.statistic = statistic
        self.unit = unit
        self.scale = scale
        self.goal = goal
        self.relative = relative

    def figures(self, samples):
        """The figures by program, in the unit. Programs without samples are left out."""
        return {
            name: self.statistic(samples[name][self.sample]) / self.scale
            for name in PROGRAMS
            if samples.get(name, {}).get(self.sample)
        }

    def ratios(self, figures):
        return {name: figure / figures[WALL] for name, figure in figures.items()} if WALL in figures else {}

    def limit(self):
        """The number of the goal, and whether it limits the ratio."""
        return float(self.goal.split()[0].removesuffix("×")), self.goal.endswith("×")

    def is_met(self, figures):
        number, is_ratio = self.limit()
        return (self.ratios(figures) if is_ratio else figures)[ZIP] <= number


MINIMUM = "… minimum"

ROWS = [
    Row("spawn → first `next`", "next", statistics.median, "ms", 1000, "1.1×"),
    Row(MINIMUM, "next", min, "ms", 1000),
    Row("spawn → first answer", "first", statistics.median, "ms", 1000, "1.1×"),
    Row(MINIMUM, "first", min, "ms", 1000),
    Row("refused signature, p50", "refused", statistics.median, "µs", 1, "1.3×"),
    Row("refused signature, p99", "refused", p99, "µs", 1),
    Row("refused signature, CPU", "refused CPU", statistics.median, "µs", 1, "1.3×"),
    Row("accepted, p50", "accepted", statistics.median, "µs", 1, "1.5×"),
    Row("accepted, p99", "accepted", p99, "µs", 1),
    Row("accepted, CPU", "accepted CPU", statistics.median, "µs", 1, "1.5×"),
    Row("cold request → 202", "cold", statistics.median, "× 20 ms", 1, "3.5 × 20 ms"),
    Row("peak memory", "peak", statistics.median, "MB", 1e6, "12 MB", relative=False),
    Row("size", "size", statistics.median, "MB", 1e6, "6 MB", relative=False),
]


def digits(number, count=3):
    """The number with `count` significant digits, without an exponent."""
    if number == 0:
        return "0"
    return f"{number:.{max(0, count - 1 - math.floor(math.log10(abs(number))))}f}"


def table(lines):
    """A Markdown table, padded to be readable as text. All columns but the first are right-aligned."""
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(lines[0]))]
    shown = [
        "| "
        + " | ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    ]
    rule = (
        "|"
        + "|".join("-" * (width + 2) if column == 0 else "-" * (width + 1) + ":" for column, width in enumerate(widths))
        + "|"
    )
    return "\n".join([shown[0], rule, *shown[1:]])


def programs_table(samples, names=None):
    """One row for each figure, one column for each program, and the goal of the zip.

    - names: titles of columns that do not have their program's name
    """
    lines = [["", *((names or {}).get(name, name) for name in PROGRAMS), "goal"]]
    for row in ROWS:
        figures = row.figures(samples)
        ratios = row.ratios(figures) if row.relative else {}
        cells = []
        for name in PROGRAMS:
            if name not in figures:
                cells.append("–")
            elif name == WALL or name not in ratios:
                cells.append(f"{digits(figures[name])} {row.unit}")
            else:
                cells.append(f"{digits(figures[name])} {row.unit} ({digits(ratios[name], 2)}×)")
        verdict = "" if row.goal is None else f"≤ {row.goal}, {'met' if row.is_met(figures) else 'missed'}"
        lines.append([row.title, *cells, verdict])
    return table(lines)


def zips_table(samples, wall):
    """One row for each zip.

    - samples: by function; wall: the samples of spawn → first `next` of libcurl in C
    """
    lines = [["zip", "spawn → first `next`", "peak memory at start", "size"]]
    for function, of in samples.items():
        start = statistics.median(of["next"])
        lines.append(
            [
                function,
                f"{digits(start / 1000)} ms ({digits(start / statistics.median(wall), 2)}×)",
                f"{digits(statistics.median(of['peak']) / 1e6)} MB",
                f"{digits(of['size'] / 1e6)} MB",
            ]
        )
    return table(lines)
