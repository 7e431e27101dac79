"""Plots as SVG."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from bench.plot import Curve, write_plot

SVG = "{http://www.w3.org/2000/svg}"


def test_every_curve_is_drawn_within_the_axes_and_named(tmp_path: Path):
    points = [(0.5, 0.0), (1.0, 0.5), (2.0, 1.0)]
    curves = [
        Curve("measured & shown", 0, points, "points"),
        Curve("expected", 0, points, "line"),
        Curve("without", 1, points, "dashes"),
    ]

    write_plot(tmp_path / "plot.svg", "A title", "an axis", curves)

    svg = ElementTree.parse(tmp_path / "plot.svg").getroot()  # noqa: S314
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    assert {"A title", "an axis", "measured & shown", "expected", "without"} <= set(texts)
    # Three points and one in the legend.
    assert len(list(svg.iter(f"{SVG}circle"))) == 4
    dashed = [line for line in svg.iter(f"{SVG}polyline") if line.get("stroke-dasharray")]
    assert len(dashed) == 2
    heights = [float(circle.get("cy", "")) for circle in svg.iter(f"{SVG}circle")][:3]
    assert heights == sorted(heights, reverse=True)
