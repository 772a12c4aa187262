"""Draws outcomes as one SVG: one block of bars for each figure, our bars in colour, a mark at the target."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import median

from benchmarks.figures import number, series
from benchmarks.measure import Figure, Row
from benchmarks.run import Outcome

COLUMNS, COLUMN, LABEL, BAR, FIGURE, LINE, HEAD, GAP = 2, 560, 190, 280, 50, 20, 44, 18  # pixels, except the first

LEGEND = "Shorter is better. Blue: this project. Light: the cost of the layers below. Red: the target."

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2937 }
.title { font-weight: 600; font-size: 13px }
.unit { fill: #6b7280 }
.ours { fill: #2563eb }
.peer { fill: #9ca3af }
.limit { fill: #d1d5db }
.target { stroke: #dc2626; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb }
  .unit { fill: #9ca3af }
  .ours { fill: #60a5fa }
  .peer { fill: #6b7280 }
  .limit { fill: #4b5563 }
}
"""


def draw(outcomes: Sequence[Outcome]) -> str:
    """Places each block in the column that is shortest at that point."""
    heights, drawn = [GAP + LINE] * COLUMNS, [f'<g transform="translate({GAP} 8)">{text(0, LEGEND)}</g>']
    for outcome in outcomes:
        for figure in outcome.measure.figures:
            lines = block(outcome, figure)
            column = heights.index(min(heights))
            place = f"translate({GAP + column * COLUMN} {heights[column]})"
            drawn.append(f'<g transform="{place}">{"".join(lines)}</g>')
            heights[column] += HEAD + LINE * len(outcome.measure.rows) + GAP
    size = f'width="{COLUMNS * COLUMN + GAP}" height="{max(heights)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def block(outcome: Outcome, figure: Figure) -> list[str]:
    rows = outcome.measure.rows
    medians = {row.label: median(values) for row in rows if (values := series(outcome, figure, row))}
    marks = targets(figure, medians)
    longest = max([*medians.values(), *marks.values()], default=0.0) or 1.0
    heading = [
        f'<text class="title" y="12">{escape(outcome.measure.title)}</text>',
        f'<text class="unit" y="29">{escape(figure.title)}, {escape(figure.unit)}</text>',
    ]
    for index, row in enumerate(rows):
        bar = [text(0, row.label), *bars(row, medians.get(row.label), marks.get(row.label), BAR / longest)]
        heading.append(f'<g transform="translate(0 {HEAD + LINE * index})">{"".join(bar)}</g>')
    return heading


def targets(figure: Figure, medians: dict[str, float]) -> dict[str, float]:
    """Maps a row label to its strictest target in the figure's unit, if all rows it is compared with have a figure."""
    marks = dict[str, float]()
    for target in figure.targets:
        if all(label in medians for label in target.against):
            mark = target.limit * (sum(medians[label] for label in target.against) if target.against else 1)
            marks[target.row] = min(mark, marks.get(target.row, mark))
    return marks


def bars(row: Row, value: float | None, mark: float | None, scale: float) -> list[str]:
    if value is None:
        return [text(LABEL, "failed")]
    kind = "ours" if row.ours else "limit" if row.is_limit else "peer"
    end = LABEL + max(value * scale, 1)
    shapes = [f'<rect class="{kind}" x="{LABEL}" y="0" width="{end - LABEL:.1f}" height="14" rx="2"/>']
    if mark is not None:
        mark_x = LABEL + mark * scale
        shapes.append(f'<line class="target" x1="{mark_x:.1f}" x2="{mark_x:.1f}" y1="-2" y2="16"/>')
        end = mark_x if end <= mark_x < end + FIGURE else end
    return [*shapes, text(end + 6, number(value))]


def text(x: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="11">{escape(words)}</text>'
