"""From samples to figures, and from figures to the Markdown tables."""
import math
import statistics

FLOOR, WALL, PYTHON, DYNAMIC, ZIP = "C floor", "libcurl in C", "awslambdaric", "dynamic build", "zip"
PROGRAMS = [FLOOR, WALL, PYTHON, DYNAMIC, ZIP]


def percentile(samples, percent):
    """The smallest sample that so many of a hundred do not exceed."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def p99(samples):
    return percentile(samples, 99)


class Row:
    """A figure of each program.

    - sample: what it is made of, a key of the samples; statistic: how
    - unit: what it is shown in, and how many of the samples' own (µs, bytes, delays) that is
    - goal: what the zip's may be at the most, in the unit, or as a multiple of the floor's when it ends in ×
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
        """By program, in the unit; without those that have none."""
        return {name: self.statistic(samples[name][self.sample]) / self.scale
                for name in PROGRAMS if samples.get(name, {}).get(self.sample)}

    def ratios(self, figures):
        return {name: figure / figures[FLOOR] for name, figure in figures.items()} if FLOOR in figures else {}

    def limit(self):
        """The goal's number, and whether it is of the ratio."""
        return float(self.goal.split()[0].removesuffix("×")), self.goal.endswith("×")

    def is_met(self, figures):
        number, of_ratio = self.limit()
        return (self.ratios(figures) if of_ratio else figures)[ZIP] <= number


ROWS = [
    Row("spawn → first `next`", "next", statistics.median, "ms", 1000, "2×"),
    Row("… at the least", "next", min, "ms", 1000),
    Row("spawn → first answer", "first", statistics.median, "ms", 1000, "3×"),
    Row("… at the least", "first", min, "ms", 1000),
    Row("refused signature, p50", "refused", statistics.median, "µs", 1, "1.4×"),
    Row("refused signature, p99", "refused", p99, "µs", 1),
    Row("refused signature, CPU", "refused CPU", statistics.median, "µs", 1),
    Row("accepted, p50", "accepted", statistics.median, "µs", 1),
    Row("accepted, p99", "accepted", p99, "µs", 1),
    Row("accepted, CPU", "accepted CPU", statistics.median, "µs", 1, "500 µs"),
    Row("cold click → 202", "click", statistics.median, "× 20 ms", 1, "3.5 × 20 ms"),
    Row("peak memory", "peak", statistics.median, "MB", 1e6, "12 MB", relative=False),
    Row("size", "size", statistics.median, "MB", 1e6, "6 MB", relative=False),
]


def digits(number, count=3):
    """So many digits that count, and never an exponent."""
    if number == 0:
        return "0"
    return f"{number:.{max(0, count - 1 - math.floor(math.log10(abs(number))))}f}"


def table(lines):
    """Markdown, padded so that it can be read as it is; all but the first column to the right."""
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(lines[0]))]
    shown = ["| " + " | ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 2) if column == 0 else "-" * (width + 1) + ":"
                          for column, width in enumerate(widths)) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])


def programs_table(samples, names=None):
    """A row a figure, a column a program, and what the zip's is to be.

    - names: what a program's column is called, where not by its name
    """
    lines = [["", *((names or {}).get(name, name) for name in PROGRAMS), "goal"]]
    for row in ROWS:
        figures = row.figures(samples)
        ratios = row.ratios(figures) if row.relative else {}
        cells = []
        for name in PROGRAMS:
            if name not in figures:
                cells.append("–")
            elif name == FLOOR or name not in ratios:
                cells.append(f"{digits(figures[name])} {row.unit}")
            else:
                cells.append(f"{digits(figures[name])} {row.unit} ({digits(ratios[name], 2)}×)")
        verdict = "" if row.goal is None else f"≤ {row.goal}, {'met' if row.is_met(figures) else 'missed'}"
        lines.append([row.title, *cells, verdict])
    return table(lines)


def zips_table(samples, floor):
    """A row a zip.

    - samples: by function; floor: the floor's spawn → first `next`, all its samples
    """
    lines = [["zip", "spawn → first `next`", "peak memory then", "size"]]
    for function, of in samples.items():
        start = statistics.median(of["next"])
        lines.append([
            function, f"{digits(start / 1000)} ms ({digits(start / statistics.median(floor), 2)}×)",
            f"{digits(statistics.median(of['peak']) / 1e6)} MB", f"{digits(of['size'] / 1e6)} MB"])
    return table(lines)
