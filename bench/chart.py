"""A line chart as SVG, in words as well: each line is labelled where it ends."""

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 460, 60, 300, 40, 50
COLOURS = ("#1d70b8", "#00703c", "#d4351c", "#4c2c92", "#f47738", "#0b0c0c", "#28a197", "#912b88")


def chart(title: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Points as (x above 0, y above 0), both axes logarithmic."""
    points = [point for line in lines.values() for point in line]
    low, high = log10(min(x for x, _ in points)), log10(max(x for x, _ in points))
    floor, top = min(-0.5, *(log10(y) for _, y in points)), max(1.0, *(log10(y) for _, y in points))

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - low) / ((high - low) or 1)
        return LEFT + across * (WIDTH - LEFT - RIGHT), TOP + (top - log10(y)) / (top - floor) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" '
        f'font-size="12"><title>{escape(title)}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="15">{escape(title)}</text>',
    ]
    for times in (0.5, 1, 2, 5, 10):
        if floor <= log10(times) <= top:
            _, y = place(10**low, times)
            parts.append(
                f'<path d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}" stroke="#b1b4b6"/>'
                f'<text x="8" y="{y + 4:.0f}">{times:g} ×</text>'
            )
    for x in dict.fromkeys(x for x, _ in points):
        across, _ = place(x, 1)
        parts.append(f'<text x="{across:.0f}" y="{HEIGHT - 20}" text-anchor="middle">{x:,.0f}</text>')
    ends = [TOP + 18 * number for number in range(len(lines))]
    by_height = sorted(lines.items(), key=lambda one: -one[1][-1][1])
    for number, ((name, line), at) in enumerate(zip(by_height, ends, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in (place(*point) for point in line))
        x, y = place(*line[-1])
        dashes = ' stroke-dasharray="5 3"' if number >= len(COLOURS) else ""
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts.append(f'<path d="M{x:.0f} {y:.0f}L{x + 30:.0f} {at:.0f}" stroke="{colour}" stroke-width="0.5"/>')
        parts.append(
            f'<text x="{x + 34:.0f}" y="{at + 4:.0f}" fill="{colour}">{escape(name)}: {line[-1][1]:.2f} ×</text>'
        )
    return "\n".join([*parts, "</svg>"])
