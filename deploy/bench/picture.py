"""Draws the picture: one panel for each figure, one bar for each program."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

import report

# Title, and whether the bars show the ratio to libcurl in C (from 1, logarithmic) or the figure itself (from 0).
PANELS = [
    ("spawn → first `next`", True),
    ("spawn → first answer", True),
    ("refused signature, p50", True),
    ("accepted, p50", True),
    ("cold request → 202", False),
    ("peak memory", False),
]
COLOURS = {
    report.FLOOR: "#8c959f",
    report.WALL: "#b4bac1",
    report.PYTHON: "#d4a72c",
    report.DYNAMIC: "#7aa7d9",
    report.ZIP: "#0a5fb4",
}
GOAL = "#1a7f37"
INK = "#24292f"


def draw(samples, names, target):
    plt.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "text.color": INK,
            "axes.labelcolor": INK,
            "xtick.color": "#57606a",
            "ytick.color": INK,
        }
    )
    figure, axes = plt.subplots(2, 3, figsize=(11, 5.2), layout="constrained")
    rows = {row.title: row for row in report.ROWS if row.title != report.MINIMUM}
    for axis, (title, is_ratio) in zip(axes.flat, PANELS, strict=True):
        panel(axis, rows[title], samples, names, is_ratio)
    figure.savefig(target, dpi=160, facecolor="white", metadata={"Software": None})
    plt.close(figure)


def panel(axis, row, samples, names, is_ratio):
    figures = row.figures(samples)
    ratios = row.ratios(figures)
    lengths = ratios if is_ratio else figures
    least = 1 if is_ratio else 0
    limit, _ = row.limit()
    most = max(limit, *lengths.values())
    for place, name in enumerate(report.PROGRAMS):
        text, end = "–", least
        if name in figures:
            text, end = f"{report.digits(figures[name])} {row.unit}", lengths[name]
            axis.barh(place, end - least, left=least, height=0.6, color=COLOURS[name])
            if is_ratio and name != report.WALL:
                text += f" · {report.digits(ratios[name], 2)}×"
        axis.annotate(
            text,
            (max(end, least), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold" if name == report.ZIP else "normal",
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
        )
    axis.axvline(limit, color=GOAL, linestyle=(0, (4, 2)), linewidth=1.3)
    axis.text(0, 1.11, row.title.replace("`", ""), transform=axis.transAxes, fontweight="bold", fontsize=10)
    axis.text(0, 1.02, f"goal ≤ {row.goal}", transform=axis.transAxes, color=GOAL)
    axis.set_yticks(range(len(report.PROGRAMS)), [names.get(name, name) for name in report.PROGRAMS])
    axis.set_ylim(len(report.PROGRAMS) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.spines["bottom"].set_color("#d0d7de")
    axis.axvline(least, color="#8c959f", linewidth=1.3)
    # Leaves room for the text after the longest bar.
    if is_ratio:
        axis.set_xscale("log")
        end = max(most, 4) ** 1.75
        axis.set_xlim(min(1, *lengths.values()) * 0.8, end)
        axis.set_xticks([tick for tick in (1, 10, 100, 1000) if tick <= end])
        axis.xaxis.set_major_formatter("{x:g}×")
        axis.minorticks_off()
        axis.set_xlabel("multiple of libcurl in C, logarithmic", fontsize=8)
    else:
        axis.set_xlim(0, most * 1.6)
        axis.set_xlabel(row.unit, fontsize=8)
