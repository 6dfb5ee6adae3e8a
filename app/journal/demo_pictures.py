"""Draws the demo journal's pictures: a sky, a sun or moon, and ranges of hills. The same seed, the same picture."""

import io
import math
from random import Random

from PIL import Image, ImageDraw

_WIDTH, _HEIGHT = 960, 640
_Colour = tuple[int, int, int]
_SKIES: tuple[tuple[_Colour, _Colour, _Colour], ...] = (
    # above, at the horizon, nearest hill
    ((38, 70, 118), (246, 190, 145), (22, 44, 50)),
    ((96, 160, 196), (232, 240, 232), (28, 78, 70)),
    ((24, 28, 66), (118, 92, 140), (12, 18, 34)),
    ((232, 142, 96), (252, 224, 168), (92, 44, 52)),
    ((150, 182, 190), (238, 234, 220), (56, 84, 92)),
)


def draw_landscape(random: Random) -> bytes:
    """A JPEG."""
    above, horizon, near = random.choice(_SKIES)
    image = _sky(above, horizon)
    _draw_sun(image, random, horizon)
    for layer in range(5):
        colour = _mix(horizon, near, (layer + 1) / 5)
        ImageDraw.Draw(image).polygon(_ridge(random, layer), fill=colour)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _sky(above: _Colour, horizon: _Colour) -> Image.Image:
    image = Image.new("RGB", (_WIDTH, _HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(_HEIGHT):
        draw.line((0, y, _WIDTH, y), fill=_mix(above, horizon, min(1, y / (_HEIGHT * 0.62))))
    return image


def _draw_sun(image: Image.Image, random: Random, horizon: _Colour) -> None:
    x, y = random.uniform(0.2, 0.8) * _WIDTH, random.uniform(0.18, 0.42) * _HEIGHT
    radius = random.uniform(24, 56)
    colour = _mix(horizon, (255, 252, 240), 0.7)
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _ridge(random: Random, layer: int) -> list[tuple[float, float]]:
    """The outline of one range of hills, from the left edge to the right and round the bottom."""
    base = _HEIGHT * (0.5 + 0.1 * layer)
    waves = [(random.uniform(1, 7) / _WIDTH, random.uniform(0, math.tau), random.uniform(6, 26)) for _ in range(4)]
    top = [
        (x, base + sum(height * math.sin(math.tau * pace * x + shift) for pace, shift, height in waves))
        for x in range(0, _WIDTH + 8, 8)
    ]
    return [*top, (_WIDTH, _HEIGHT), (0, _HEIGHT)]


def _mix(one: _Colour, other: _Colour, share: float) -> _Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
