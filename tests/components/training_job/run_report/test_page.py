"""The page as a text, and as a browser shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.training_job.run_report.contents import Found, report_of
from components.training_job.run_report.page import render
from tests.browser import layout, photograph
from tests.components.training_job.run_report.made_up import (
    HOSTILE,
    LINEAGE,
    NOW,
    eventful,
    failed,
    interrupted,
    points,
    record,
    tuned,
)

VOID = {"meta", "link", "br"}


def page(found: Found) -> str:
    report = report_of(found, NOW)
    assert report is not None
    return render(report)


def broken() -> Found:
    return Found(LINEAGE, [interrupted(), failed()], log=[f"algo-1 | {HOSTILE}"])


def hostile() -> Found:
    """A lineage in which every name and every text is markup."""
    attempt, _ = interrupted()
    names = [HOSTILE, "a-metric-with-a-very-long-name" * 7]
    attempt = replace(attempt, record=record(1, **{HOSTILE: HOSTILE * 9}))
    return Found(HOSTILE, [(attempt, points(900, 4500, 0, 90, names)), failed()])


def many() -> Found:
    """A lineage that was launched and interrupted again and again."""
    return Found(LINEAGE, [interrupted(number * 1900, number * 10_000) for number in range(12)])


@dataclass
class Structure(HTMLParser):
    """What is in a page: elements, the ids of sections, addresses; and that all is closed."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def structure(text: str) -> Structure:
    found = Structure()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


@pytest.mark.parametrize(
    ("found", "sections"),
    [
        (eventful, "summary timeline metrics cost provenance changes links"),
        (broken, "summary timeline metrics cost provenance changes log links"),
        (tuned, "summary trials tunings cost provenance changes links"),
    ],
)
def test_a_page_has_its_sections_in_their_order(found: Callable[[], Found], sections: str):
    text = page(found())
    read = structure(text)

    assert [each["id"] for each in read.of("section")] == sections.split()
    assert len(read.of("h1")) == 1
    ids = [each["id"] for _, each in read.elements if "id" in each]
    assert len(ids) == len(set(ids))
    assert all(each["aria-labelledby"] in ids for each in read.of("section"))


@pytest.mark.parametrize("found", [eventful, broken, tuned, hostile, many])
def test_a_page_needs_nothing_from_elsewhere(found: Callable[[], Found]):
    text = page(found())
    read = structure(text)

    assert not {name for name, _ in read.elements} & {"script", "iframe", "object", "img", "base"}
    loaded = [each for _, each in read.elements if each.keys() & {"src", "srcset", "xlink:href"}]
    assert loaded == []
    assert [each["href"] for each in read.of("link")] == ["data:,"]
    assert all(str(each["href"]).startswith("https://") for each in read.of("a"))
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {
        f"#{each['id']}" for each in read.of("pattern")
    }
    assert "@import" not in text
    assert not any(name.startswith("on") for _, each in read.elements for name in each)


@pytest.mark.parametrize("found", [eventful, broken, tuned, many])
def test_a_picture_has_a_name_and_words_and_a_table_has_a_caption(found: Callable[[], Found]):
    read = structure(page(found()))

    pictures = [each for each in read.of("svg") if each.get("role") == "img"]
    assert pictures
    assert len(read.of("title")) == len(pictures) + 1  # and the page's own
    assert len(read.of("desc")) == len(pictures)
    assert len(read.of("caption")) == len(read.of("table")) > 0


def test_nothing_that_a_job_or_a_person_writes_is_markup():
    texts = page(hostile()) + page(tuned(name=HOSTILE)) + page(broken())
    assert "<script" not in texts
    assert "&lt;script&gt;" in texts


def test_hundred_thousand_points_are_a_page_of_some_hundred_kilobytes():
    attempt, _ = interrupted()
    metrics = [f"metric-{number}" for number in range(100)]
    few = page(Found(LINEAGE, [(attempt, points(900, 9000, 0, 50_000))]))
    several = page(Found(LINEAGE, [(attempt, points(900, 9000, 0, 1000, metrics))]))
    assert len(few) < 150_000
    assert len(several) < 400_000
    assert "40 more metrics are in the log only" in several
    assert len(page(tuned(750))) < 400_000


@pytest.mark.deep
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("found", [eventful, broken, tuned, hostile, many])
def test_a_page_fits_into_a_narrow_and_a_wide_window(
    browser: str, tmp_path: Path, found: Callable[[], Found], width: int
):
    shown = layout(browser, tmp_path, page(found()), width)

    assert shown.content <= shown.width <= width
    assert (shown.outside, shown.cut, shown.overlapping) == ([], [], [])


@pytest.mark.deep
def test_the_measure_finds_what_does_not_fit(browser: str, tmp_path: Path):
    wide = page(eventful()).replace("<h1>", '<h1 style="width: 500px">')
    cut = page(eventful()).replace(
        "<h1>", '<h1 style="width: 50px; overflow: hidden; white-space: nowrap">'
    )
    assert layout(browser, tmp_path, wide, 400).content > 400
    assert layout(browser, tmp_path, cut, 400).cut == [f"h1: {LINEAGE}"]


@pytest.mark.deep
def test_a_page_is_light_or_dark_as_its_reader_likes(browser: str, tmp_path: Path):
    text = page(eventful())
    grounds = [layout(browser, tmp_path, text, 400, dark=dark).ground for dark in (False, True)]
    assert grounds == ["rgb(246, 247, 249)", "rgb(16, 20, 27)"]


@pytest.mark.deep
def test_pictures_of_a_page_are_taken(browser: str, tmp_path: Path):
    for dark in (False, True):
        picture = tmp_path / f"{dark}.png"
        photograph(browser, tmp_path, page(eventful()), picture, 1400, 2600, dark=dark)
        assert picture.read_bytes().startswith(b"\x89PNG")
