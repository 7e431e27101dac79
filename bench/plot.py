"""Curves between 0 and 1 over a logarithmic axis, as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

Point = tuple[float, float]

_WIDTH, _HEIGHT = 860, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 300, 50, 60
_COLOURS = ("#2f6feb", "#1a9e5f", "#e58a00", "#8e4ec6", "#e5484d")
_INK, _GRID = "#1b2330", "#e0e4ea"


@dataclass(frozen=True)
class Curve:
    """A curve and how it is drawn."""

    title: str
    colour: int
    points: list[Point]
    style: Literal["line", "dashes", "points"]


def write_plot(path: Path, title: str, axis: str, curves: list[Curve]) -> None:
    """Writes the curves as an SVG file."""
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT}",
            "font-family": "sans-serif",
            "font-size": "13",
        },
    )
    _add(svg, "rect", width=_WIDTH, height=_HEIGHT, fill="white")
    _text(svg, title, _LEFT, 28, **{"font-size": "17", "font-weight": "bold"})
    values = sorted({x for curve in curves for x, _ in curve.points})
    scale = _Scale(values[0], values[-1])
    _draw_axes(svg, scale, values, axis)
    for number, curve in enumerate(curves):
        _draw(svg, scale, curve)
        _draw_legend(svg, curve, number)
    ElementTree.ElementTree(svg).write(path, encoding="utf-8", xml_declaration=True)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def x(self, value: float) -> float:
        width = math.log(self.high / self.low)
        share = math.log(value / self.low) / width if width else 0.5
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - value * (_HEIGHT - _TOP - _BOTTOM)


def _draw_axes(svg: ElementTree.Element, scale: _Scale, values: list[float], axis: str) -> None:
    for tenths in range(0, 11, 2):
        y = scale.y(tenths / 10)
        _line(svg, [(_LEFT, y), (_WIDTH - _RIGHT, y)], _GRID)
        _text(svg, f"{tenths / 10:g}", _LEFT - 8, y + 4, **{"text-anchor": "end"})
    for value in values:
        _text(svg, f"{value:g}", scale.x(value), _HEIGHT - _BOTTOM + 20, **_MIDDLE)
    centre = (_LEFT + _WIDTH - _RIGHT) / 2
    _text(svg, axis, centre, _HEIGHT - 16, **_MIDDLE)


_MIDDLE = {"text-anchor": "middle"}


def _draw(svg: ElementTree.Element, scale: _Scale, curve: Curve) -> None:
    points = [(scale.x(x), scale.y(y)) for x, y in curve.points]
    _draw_points(svg, points, curve)


def _draw_legend(svg: ElementTree.Element, curve: Curve, number: int) -> None:
    left, y = float(_WIDTH - _RIGHT + 24), float(_TOP + 12 + 24 * number)
    ends = [(left, y), (left + 28, y)]
    _draw_points(svg, [(left + 14, y)] if curve.style == "points" else ends, curve)
    _text(svg, curve.title, left + 38, y + 4)


def _draw_points(svg: ElementTree.Element, points: list[Point], curve: Curve) -> None:
    colour = _COLOURS[curve.colour % len(_COLOURS)]
    if curve.style == "points":
        for x, y in points:
            _add(svg, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=5, fill=colour)
    else:
        _line(svg, points, colour, "6 4" if curve.style == "dashes" else "")


def _line(svg: ElementTree.Element, points: list[Point], colour: str, dashes: str = "") -> None:
    _add(
        svg,
        "polyline",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        fill="none",
        stroke=colour,
        **{"stroke-width": "2", **({"stroke-dasharray": dashes} if dashes else {})},
    )


def _text(svg: ElementTree.Element, text: str, x: float, y: float, **attributes: str) -> None:
    _add(svg, "text", x=f"{x:.1f}", y=f"{y:.1f}", fill=_INK, **attributes).text = text


def _add(parent: ElementTree.Element, name: str, **attributes: str | float) -> ElementTree.Element:
    written = {key: str(value) for key, value in attributes.items()}
    return ElementTree.SubElement(parent, name, written)
