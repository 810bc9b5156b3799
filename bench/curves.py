"""Drawings as SVG: lines and bars, legible on light and dark ground, without scripts."""

import math
from html import escape

from bench.reading import Curve, number

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 62, 52
ROW = 30
COLOURS = (
    "#2f7ed8",
    "#d9722e",
    "#2f9e5b",
    "#b04fc4",
    "#c23b4e",
    "#1b9aaa",
    "#8a7300",
    "#7a6ff0",
    "#6b8e23",
    "#a0522d",
)
STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-size: 16px; font-weight: 600 }
.small { font-size: 12px; fill: #57606a } .axis { stroke: #8c959f } .grid { stroke: #8c959f; opacity: .25 }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .small { fill: #9ea7b3 } .ground { fill: #0d1117 } }"""


def draw(curve: Curve) -> str:
    """The whole file."""
    return bars(curve) if curve.bars else lines(curve)


def page(height: float, title: str, body: list[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height:g}"/>',
            f'<text class="title" x="16" y="26">{escape(title)}</text>',
            *body,
            "</svg>\n",
        ]
    )


def ticks(least: float, most: float, *, log: bool) -> list[float]:
    """Round numbers over the whole span."""
    if log:
        return [
            10.0**power
            for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
        ]
    raw = (most - least) / 5 or 1
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * each for each in (1, 2, 5, 10) if unit * each >= raw)
    first = math.floor(least / step)
    return [step * each for each in range(first, math.ceil(most / step - 1e-9) + 1)]


def scale(marks: list[float], begin: float, end: float, *, log: bool):
    """From a value to its place."""
    low, high = marks[0], marks[-1]
    if log:
        low, high = math.log10(low), math.log10(high)

    def place(value: float) -> float:
        at = math.log10(value) if log else value
        return begin + (end - begin) * (at - low) / ((high - low) or 1)

    return place


def lines(curve: Curve) -> str:
    every = [point for points in curve.lines.values() for point in points]
    if not every:
        return page(80, curve.title, ['<text x="16" y="56">nothing was measured</text>'])
    bottom = HEIGHT - BOTTOM
    across = ticks(min(0, *(x for x, _ in every)), max(x for x, _ in every), log=False)
    least = min(y for _, y in every)
    # From nothing, unless that hides the curve: memory that only drifts is drawn as it is.
    floor = max(least, 0.01) if curve.log else min(0.0, least)
    up = ticks(floor, max(y for _, y in every), log=curve.log)
    x_at = scale(across, LEFT, WIDTH - RIGHT, log=False)
    y_at = scale(up, bottom, TOP, log=curve.log)
    body = []
    for mark in up:
        y = y_at(mark)
        body.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        body.append(
            f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(mark)}</text>'
        )
    for mark in across:
        x = x_at(mark)
        body.append(
            f'<text class="small" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{number(mark)}</text>'
        )
    body.append(
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>'
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    body.append(
        f'<text class="small" x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{escape(curve.x)}</text>'
    )
    body.append(f'<text class="small" x="{LEFT - 54}" y="{TOP - 14}">{escape(curve.y)}</text>')
    ends = []
    for (name, points), colour in zip(curve.lines.items(), COLOURS * 3, strict=False):
        path = " ".join(f"{x_at(x):.1f},{y_at(max(y, floor)):.1f}" for x, y in points)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(points) < 30:
            body += [
                f'<circle cx="{x_at(x):.1f}" cy="{y_at(max(y, floor)):.1f}" r="3" fill="{colour}"/>'
                for x, y in points
            ]
        ends.append((y_at(max(points[-1][1], floor)), name, colour))
    return page(HEIGHT, curve.title, body + labels(ends))


def labels(ends: list[tuple[float, str, str]]) -> list[str]:
    """Names at the lines' ends, pushed apart where they would touch."""
    made, last = [], TOP - 20.0
    for at, name, colour in sorted(ends):
        y = max(at, last + 16)
        last = y
        x = WIDTH - RIGHT + 12
        made.append(f'<rect x="{x}" y="{y - 5:.1f}" width="10" height="10" fill="{colour}"/>')
        made.append(f'<text x="{x + 16}" y="{y + 4:.1f}">{escape(name)}</text>')
    return made


def bars(curve: Curve) -> str:
    height = TOP + ROW * len(curve.bars) + BOTTOM
    most = max(curve.bars.values())
    marks = ticks(min(curve.bars.values()) if curve.log else 0, most, log=curve.log)
    x_at = scale(marks, LEFT + 60, WIDTH - 90, log=curve.log)
    bottom = TOP + ROW * len(curve.bars)
    body = []
    for mark in marks:
        x = x_at(mark)
        body.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
        body.append(
            f'<text class="small" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{number(mark)}</text>'
        )
    ordered = sorted(curve.bars.items(), key=lambda item: item[1], reverse=curve.log)
    for row, (name, value) in enumerate(ordered):
        y = TOP + ROW * row + 5
        own = "twelve" in name.lower()
        colour = COLOURS[1] if own else COLOURS[0]
        wide = max(1.0, x_at(value) - x_at(marks[0]))
        body.append(f'<text x="{LEFT + 52}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        body.append(
            f'<rect x="{x_at(marks[0]):.1f}" y="{y}" width="{wide:.1f}" height="20" rx="2" fill="{colour}"/>'
        )
        body.append(f'<text x="{x_at(value) + 6:.1f}" y="{y + 15}">{number(value)}</text>')
    body.append(f'<text class="small" x="{LEFT + 60}" y="{bottom + 40}">{escape(curve.x)}</text>')
    return page(height, curve.title, body)
