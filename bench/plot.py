#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the results of `make bench`: bench/plot.py BENCH_JSON DIRECTORY writes the plots of doc/performance.md as SVG,
readable on light and dark ground, and prints the table of goals for it."""

import html
import json
import math
import os
import sys

WIDTH, LEFT, RIGHT, TOP, ROW = 720, 190, 90, 64, 24
COLOURS = {
    "linux": "#2f81f7",
    "prepared": "#2da44e",
    "fake": "#8b949e",
    "floor": "#bf8700",
    "bwrap": "#db6d28",
    "crun": "#a475f9",
    "nsjail": "#e0559b",
    "programs": "#57909e",
    "fork+exec": "#57909e",
    "vfork+exec": "#57909e",
}
NAMES = {
    "linux": "warden, cold",
    "prepared": "warden, prepared",
    "fake": "warden, fake backend",
    "floor": "the kernel alone (floor)",
    "bwrap": "bwrap --unshare-all",
    "crun": "crun run",
    "programs": "fork+exec",
}
STYLE = """text { font: 12px sans-serif; fill: #1f2328 } .title { font-size: 15px; font-weight: bold }
.axis { stroke: #59636e } .grid { stroke: #59636e; stroke-opacity: .25 } .range { stroke: #1f2328 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .range { stroke: #e6edf3 } .axis { stroke: #9198a1 } }"""


def text(x, y, words, anchor="start", extra=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{extra}>{html.escape(words)}</text>'


def frame(title, subtitle, height, parts):
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{html.escape(title)}">',
            f"<style>{STYLE}</style>",
            text(12, 22, title, extra=' class="title"'),
            text(12, 42, subtitle),
            *parts,
            "</svg>\n",
        ]
    )


def step_of(most):
    """A round distance of at least four grid lines below `most`."""
    power = 10.0 ** math.floor(math.log10(most / 4))
    return max(power * factor for factor in (1, 2, 5) if power * factor <= most / 4)


def bars(title, subtitle, rows):
    """Horizontal bars: (label, colour, entry), with the quartiles as a line."""
    most = max(entry["q3"] for _, _, entry in rows) * 1.05
    scale, bottom = (WIDTH - LEFT - RIGHT) / most, TOP + ROW * len(rows)
    parts, step = [], step_of(most)
    for i in range(int(most / step) + 1):
        x = LEFT + i * step * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(text(x, bottom + 16, f"{i * step:g}", "middle"))
    for i, (label, colour, entry) in enumerate(rows):
        y = TOP + i * ROW
        parts.append(text(LEFT - 8, y + 13, label, "end"))
        parts.append(
            f'<rect x="{LEFT}" y="{y}" width="{entry["median"] * scale:.1f}" height="{ROW - 7}" fill="{colour}"/>'
        )
        middle, low, high = y + (ROW - 7) / 2, LEFT + entry["q1"] * scale, LEFT + entry["q3"] * scale
        parts.append(f'<line class="range" x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}"/>')
        parts.append(text(WIDTH - RIGHT + 6, y + 13, f"{entry['median']:.3g} {entry['unit']}"))
    return frame(title, subtitle, bottom + 28, parts)


def lines(title, subtitle, series, axis):
    """A line for each subject over evenly placed steps: {subject: {step: entry}}."""
    steps = sorted({step for points in series.values() for step in points})
    most = max(entry["q3"] for points in series.values() for entry in points.values()) * 1.05
    high, width = 280, WIDTH - 60 - 210
    parts, step = [], step_of(most)

    def place(number, value):
        return 60 + width * (steps.index(number) + 0.5) / len(steps), TOP + high * (1 - value / most)

    for i in range(int(most / step) + 1):
        y = place(steps[0], i * step)[1]
        parts.append(f'<line class="grid" x1="60" y1="{y:.1f}" x2="{60 + width}" y2="{y:.1f}"/>')
        parts.append(text(54, y + 4, f"{i * step:g}", "end"))
    for number in steps:
        parts.append(text(place(number, 0)[0], TOP + high + 18, f"{number:,}", "middle"))
    parts.append(text(60 + width / 2, TOP + high + 38, axis, "middle"))
    for i, (subject, points) in enumerate(series.items()):
        colour = COLOURS.get(subject, "#888888")
        path = " ".join("%.1f,%.1f" % place(number, points[number]["median"]) for number in sorted(points))
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        for number in points:
            x, y = place(number, points[number]["median"])
            low, top = place(number, points[number]["q1"])[1], place(number, points[number]["q3"])[1]
            parts.append(f'<line stroke="{colour}" x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{top:.1f}"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        parts.append(f'<rect x="{WIDTH - 195}" y="{TOP + i * 20}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(WIDTH - 178, TOP + 11 + i * 20, NAMES.get(subject, subject)))
    return frame(title, subtitle, TOP + high + 50, parts)


def find(results, what, key=None, **wanted):
    """The entries of a series by subject, or by subject and `key`."""
    found = {}
    for entry in results["series"]:
        if entry["what"] != what or any(entry[name] != value for name, value in wanted.items()):
            continue
        if key:
            found.setdefault(entry["subject"], {})[entry[key]] = entry
        else:
            found[entry["subject"]] = entry
    return found


def bars_of(results, title, subtitle, what):
    found = find(results, what, standing=0, clients=1)
    return found and bars(title, subtitle, [(NAMES.get(s, s), COLOURS.get(s, "#888888"), found[s]) for s in found])


def draw_requests(results, subtitle):
    rows = []
    for entry in results["series"]:
        if entry["group"] == "requests" and entry["subject"] in ("linux", "prepared", "fork+exec", "vfork+exec"):
            prepares = entry["subject"] == "prepared" and not entry["what"].startswith("create")
            label = f"{entry['what']}, prepared" if entry["subject"] == "prepared" else entry["what"]
            label = entry["subject"] + " true" if entry["what"] == "static true" else label
            if not prepares:
                rows.append((label, COLOURS[entry["subject"]], entry))
    return rows and bars("Requests through the socket", subtitle, rows)


def plots(results):
    host = results["host"]
    where = f"{host['cpus']} cpus, Linux {host['kernel']}, load {host['load']:.1f}; medians, quartiles as lines"
    yield "life", bars_of(results, "A life: create, run true, destroy", where, "life")
    yield "life-cpu", bars_of(results, "Processor time of a life, of all its processes", where, "life, cpu")
    yield "requests", draw_requests(results, where)
    for what, title in (("lives", "Lives a second"), ("jobs", "Jobs a second in one container")):
        found = find(results, what, key="clients")
        yield what, found and lines(title, where, found, "clients at once")
    found = find(results, "life", key="standing", clients=1)
    if any(len(points) > 1 for points in found.values()):
        yield "standing", lines("A life beside containers that stand, ms", where, found, "containers standing")


def print_goals(results):
    print("| what | measured | goal | |\n|---|---|---|---|")
    for goal in results["goals"]:
        wanted = "" if goal["goal"] is None else f"{'≥' if goal['least'] else '≤'} {goal['goal']:g}"
        reached = "" if goal["reached"] is None else "reached" if goal["reached"] else "not reached"
        print(f"| {goal['what']} | {goal['value']:.2f} {goal['unit']} | {wanted} | {reached} |")


def main():
    if len(sys.argv) != 3:
        sys.exit("Usage: bench/plot.py BENCH_JSON DIRECTORY")
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)
    for name, drawing in plots(results):
        if drawing:
            with open(os.path.join(sys.argv[2], f"{name}.svg"), "w", encoding="utf-8") as file:
                file.write(drawing)
    print_goals(results)


if __name__ == "__main__":
    main()
