"""Items by year as bars: positions for the SVG, so that the page needs neither style attributes nor a library."""

from collections import Counter
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 160
TALLEST = 128
WIDEST = 56
MOST_BARS = 14


@dataclass(frozen=True)
class Bar:
    label: str
    count: int
    x: float
    middle: float
    width: float
    height: int

    @property
    def y(self) -> int:
        return HEIGHT - self.height


def draw_bars(years: Counter[int]) -> list[Bar]:
    """One bar for each year that has items; for each decade or century where the years would be too many."""
    span = next((span for span in (1, 10, 100) if len(_group(years, span)) <= MOST_BARS), 1000)
    groups = _group(years, span)
    if not groups:
        return []
    room, tallest = WIDTH / len(groups), max(groups.values())
    width = min(room * 0.6, WIDEST)
    return [
        Bar(
            label=f"{start}s" if span > 1 else str(start),
            count=count,
            x=round(number * room + (room - width) / 2, 1),
            middle=round(number * room + room / 2, 1),
            width=round(width, 1),
            height=max(2, round(TALLEST * count / tallest)),
        )
        for number, (start, count) in enumerate(sorted(groups.items()))
    ]


def _group(years: Counter[int], span: int) -> Counter[int]:
    groups: Counter[int] = Counter()
    for year, count in years.items():
        groups[year // span * span] += count
    return groups
