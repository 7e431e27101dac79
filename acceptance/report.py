"""The report of an acceptance, in Markdown, without the account's own data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from acceptance.diary import Diary, write_private
from acceptance.finding import Source, Verdict
from acceptance.scene import Scene

REPORT = "acceptance-report.md"
_TITLES: dict[Source, str] = {
    "promise": "Promises",
    "control": "Security controls",
    "assumption": "Assumptions about AWS",
}
_VERDICTS: tuple[Verdict, ...] = ("refuted", "not seen", "confirmed")


def write_report(scene: Scene, about: dict[str, str]) -> Path:
    """Writes the report into the acceptance's folder, and returns its path."""
    path = scene.diary.folder / REPORT
    write_private(path, scene.masked(rendered(scene.diary, about)))
    return path


def rendered(diary: Diary, about: dict[str, str]) -> str:
    """The report's text, not yet masked."""
    counted = Counter(each["verdict"] for each in diary.findings)
    numbers = ", ".join(f"{counted[verdict]} {verdict}" for verdict in reversed(_VERDICTS))
    lines = [
        "# Acceptance",
        "",
        *(f"- {name}: {value}" for name, value in about.items()),
        f"- steps: {', '.join(diary.done) or 'none'}"
        + (f"; ended in {diary.running}" if diary.running else ""),
        f"- result: **{numbers}**",
        "",
    ]
    if error := diary.facts.get("error"):
        lines += ["## Where it ended", "", "```", *str(error).splitlines(), "```", ""]
    for source, title in _TITLES.items():
        lines += _table(title, [each for each in diary.findings if each["source"] == source])
    return "\n".join([*lines, *_left(diary)])


def _table(title: str, findings: list[dict[str, Any]]) -> list[str]:
    if not findings:
        return []
    ordered = sorted(findings, key=lambda each: _VERDICTS.index(each["verdict"]))
    rows = [
        f"| {each['verdict']} | {_cell(each['statement'])} | {_cell(each['evidence'])} | "
        f"{_cell(', '.join(each['requests']))} |"
        for each in ordered
    ]
    head = ["| verdict | statement | evidence | requests |", "|---|---|---|---|"]
    return [f"## {title}", "", *head, *rows, ""]


def _left(diary: Diary) -> list[str]:
    stays = [
        "## What stays",
        "",
        "The records of the training and tuning jobs, and their log streams in the group of all "
        "jobs: AWS keeps them. The stack's key is deleted after its waiting time, and costs "
        "nothing until then.",
        "",
    ]
    if not diary.leftovers:
        return stays
    rows = [f"| {_cell(each['what'])} | `{each['command']}` |" for each in diary.leftovers]
    return [*stays, "Left over:", "", "| what | what deletes it |", "|---|---|", *rows, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
