"""A browser without a window: what a page becomes in it, how it is laid out, and how it looks."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PAGE_MILLISECONDS = 4000
_SECONDS = 300.0

_FRAME = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>body {{ margin: 0 }} iframe {{ border: 0; width: {width}px; height: {height}px }}</style>
<title></title><iframe srcdoc="{page}"></iframe>
<script>{script}</script>"""

_MEASURE = """
addEventListener("load", () => {
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  const width = root.clientWidth, all = [...page.body.querySelectorAll("*")];
  const moved = ".scroll, .trials, .log, pre";  // what a reader moves by itself
  const inner = all.filter((each) => !each.parentElement.closest(moved) && each.checkVisibility());
  const name = (each) => `${each.localName}: ${each.textContent.trim().slice(0, 60)}`;
  const texts = inner.filter((each) => [...each.childNodes].some((node) =>
    node.nodeType === 3 && node.textContent.trim()) && !each.closest("title, desc, style"));
  const box = (each) => each.getBoundingClientRect();
  const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  const labels = [...page.querySelectorAll("svg.chart")].map((chart) =>
    [...chart.querySelectorAll("text")]);
  document.title = JSON.stringify({
    width, content: root.scrollWidth, height: root.scrollHeight,
    ground: getComputedStyle(page.body).backgroundColor,
    outside: texts.filter((each) => box(each).left < -1 || box(each).right > width + 1).map(name),
    cut: inner.filter((each) => !(each instanceof page.defaultView.SVGElement)
      && getComputedStyle(each).overflowX !== "visible" && !each.matches(moved)
      && each.scrollWidth > each.clientWidth + 1).map(name),
    overlapping: labels.flatMap((texts) => texts.flatMap((a, index) => texts.slice(index + 1)
      .filter((b) => overlap(box(a), box(b))).map((b) => `${a.textContent} | ${b.textContent}`))),
  });
});
"""


@dataclass(frozen=True)
class Layout:
    """How a page is laid out in a window."""

    width: int
    content: int
    """How wide the page is: more than the window if it must be moved to be read."""
    height: int
    ground: str
    """The colour of its ground."""
    outside: list[str]
    """The texts that leave the window."""
    cut: list[str]
    """The elements whose content is cut."""
    overlapping: list[str]
    """The labels of pictures that lie on each other."""


def installed_browser() -> str | None:
    """The program of a browser; None where none is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def shown(browser: str, folder: Path, url: str, *options: str) -> str:
    """The page as it is in a browser once its script has run."""
    done = _run(browser, folder, "--dump-dom", url, *options)
    # What a script or the content policy complains of is written here.
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout


def layout(browser: str, folder: Path, page: str, width: int, *, dark: bool = False) -> Layout:
    """How a page is laid out in a window of this width."""
    shown_page = shown(browser, folder, _framed(folder, page, width, 800), *_scheme(dark))
    found = re.search(r"<title>(\{.*\})</title>", shown_page)
    assert found, shown_page[:500]
    measured: dict[str, Any] = json.loads(html.unescape(found[1]))
    return Layout(**measured)


def photograph(
    browser: str, folder: Path, page: str, picture: Path, width: int, height: int, *, dark: bool
) -> None:
    """Takes a picture of a page in a window of this size; at least 500 pixels are wide."""
    url = _framed(folder, page, width, height)
    size = f"--window-size={width},{height}"
    _run(browser, folder, f"--screenshot={picture}", "--hide-scrollbars", size, url, *_scheme(dark))


def _framed(folder: Path, page: str, width: int, height: int) -> str:
    """The address of a page that has another one in a frame, as windows can't be that narrow."""
    frame = folder / "frame.html"
    text = html.escape(page)
    frame.write_text(_FRAME.format(page=text, width=width, height=height, script=_MEASURE))
    return frame.as_uri()


def _scheme(dark: bool) -> list[str]:
    return [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]


def _run(browser: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # A browser refuses to confine itself for root.
    unconfined = ["--no-sandbox"] if os.geteuid() == 0 else []
    return subprocess.run(
        [
            *(browser, "--headless", *unconfined, "--disable-gpu", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={folder}", "--no-first-run", "--enable-logging=stderr"),
            *(f"--virtual-time-budget={_PAGE_MILLISECONDS}", *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
