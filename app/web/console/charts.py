"""Charts as SVG, made on the server: no script, no style attribute, colours by class, a table beside each.

A chart is a picture of a table that stands beside it, so its elements carry no text for a screen reader but one label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

#: Units of the picture; it is as wide as its column.
HEIGHT, BAR, GAP = 120, 22, 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its label, and its parts as (CSS class, amount), from below."""

    label: str
    parts: Sequence[tuple[str, int]]

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(amount for _, amount in self.parts)


def stacked(bars: Sequence[Bar], label: str) -> Markup:
    """Return the picture of some bars beside each other, the highest as high as the picture.

    Every part that is not 0 is at least two units high: one failure among ten thousand is seen.
    """
    highest = max((bar.total for bar in bars), default=0) or 1
    width = max(len(bars), 1) * (BAR + GAP) + GAP
    drawn = Markup("").join(_bar(bar, GAP + number * (BAR + GAP), highest) for number, bar in enumerate(bars))
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '<line class="chart-ground" x1="0" y1="{}" x2="{}" y2="{}"/>{}</svg>'
    ).format(width, HEIGHT + 4, width, HEIGHT + 4, label, HEIGHT + 1, width, HEIGHT + 1, drawn)


def _bar(bar: Bar, x: int, highest: int) -> Markup:
    shown = [(name, max(2.0, amount / highest * (HEIGHT - 6))) for name, amount in bar.parts if amount]
    top, drawn = float(HEIGHT), []
    for name, height in shown:
        top -= height
        drawn.append(
            Markup('<rect class="{}" x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>').format(
                name, x, top, BAR, height
            )
        )
    return Markup("<g><title>{}</title>{}</g>").format(bar.label, Markup("").join(drawn))
