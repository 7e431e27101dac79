"""Elements of SVG as text. Pure functions.

A chart is as wide as its place: what has a width is in percent, texts and heights are in pixels.
So a text has the same size in a wide and in a narrow window.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

Attribute = str | float
WIDE = 1000
"""The units of a canvas, which is stretched to the width of its chart."""


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """An element; every text in it is escaped. `stroke_width` is the attribute stroke-width."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
    )
    inner = Markup("").join(children)
    return Markup(f"<{name}{written}>{inner}</{name}>")  # noqa: S704


def chart(title: str, description: str, height: float, *children: str, class_: str = "") -> Markup:
    """A picture with a name, and with a text for those who can't see it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *children,
        role="img",
        class_=f"chart {class_}".strip(),
        width="100%",
        height=height,
    )


def canvas(height: float, *children: str) -> Markup:
    """A place for lines of many points, whose x is from 0 to `WIDE`."""
    return element(
        "svg",
        *children,
        width="100%",
        height=height,
        viewBox=f"0 0 {WIDE} {_text(height)}",
        preserveAspectRatio="none",
    )


def path(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """A line on a canvas through points whose x is from 0 to 1; y is in pixels."""
    written = " ".join(f"{_text(x * WIDE)},{_text(y)}" for x, y in points)
    return element("polyline", points=written, class_=class_)


def at(x: float, y: float, *children: str) -> Markup:
    """Things at a place of a chart, x from 0 to 1; what is in it is in pixels."""
    return element("svg", *children, x=percent(x), y=y, overflow="visible", width=1, height=1)


def label(x: float, y: float, text: str, class_: str = "") -> Markup:
    """A text at a place, x from 0 to 1, which does not leave the chart at either end."""
    anchor = "start" if x < 0.12 else "end" if x > 0.88 else "middle"
    shown = {"class_": class_} if class_ else {}
    return element("text", text, x=percent(x), y=y, text_anchor=anchor, **shown)


def percent(share: float) -> str:
    """A share of the width."""
    return f"{_text(100 * share)}%"


def _text(value: Attribute) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
