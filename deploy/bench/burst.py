"""Draws how a burst went: the open orders, and the age of the oldest.

usage: burst.py SERIES PICTURE
"""

import csv
import sys

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

INK = "#24292f"
LINE = "#0a5fb4"
OUTAGE = "#f6d8d3"


def read(path):
    """The columns of the series, which end with the last open order."""
    with open(path, newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    last = max(index for index, row in enumerate(rows) if row["open"] > 0)
    rows = rows[: last + 2]
    return {name: [row[name] for row in rows] for name in rows[0]}


def draw(series, target):
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "ytick.color": INK})
    figure, axes = plt.subplots(2, 1, figsize=(8, 4.2), sharex=True, layout="constrained")
    minutes = [seconds / 60 for seconds in series["seconds"]]
    panel(axes[0], "open orders", minutes, series["open"], series["down"])
    ages = [seconds / 60 for seconds in series["oldest"]]
    panel(axes[1], "age of the oldest open order, minutes", minutes, ages, series["down"])
    axes[1].set_xlabel("minutes since the first request; WHMCS is down in the shaded time", fontsize=8)
    figure.savefig(target, dpi=110, facecolor="white", metadata={"Software": None})
    plt.close(figure)


def panel(axis, title, minutes, values, down):
    axis.plot(minutes, values, color=LINE, linewidth=1.6)
    times = [minute for minute, is_down in zip(minutes, down, strict=True) if is_down]
    if times:
        axis.axvspan(times[0], times[-1], color=OUTAGE, linewidth=0)
    axis.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axis.set_xlim(0, minutes[-1])
    axis.set_ylim(0, None)
    axis.grid(axis="y", color="#eaeef2")
    axis.spines[["top", "right"]].set_visible(False)


draw(read(sys.argv[1]), sys.argv[2])
