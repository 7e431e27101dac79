"""Each assumption about AWS and each security control has a check, or a reason why it has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acceptance.judging import CHECKS

DOCS = Path(__file__).parents[1] / "docs"
NAMES = {each.name for each in CHECKS}


def tables() -> list[list[tuple[str, str]]]:
    """The rows of each table of the page: what is stated, and what sees it."""
    text = (DOCS / "acceptance-coverage.md").read_text()
    found = re.findall(r"^\|.*\|\n\|---\|---\|\n((?:\|.*\|\n)+)", text, re.MULTILINE)
    rows = [[line.strip("| ").split(" | ") for line in table.splitlines()] for table in found]
    return [[(first, second) for first, second in table] for table in rows]


def sentences() -> list[str]:
    """What the local cloud assumes where AWS documents nothing, in the page's order."""
    text = (DOCS / "local-cloud.md").read_text()
    section = text.split("\n## Where AWS documents nothing\n")[1].split("\n## ")[0]
    return re.findall(r"^- (.*)", section, re.MULTILINE)


def controls() -> list[str]:
    """The security controls, in the page's order."""
    text = (DOCS / "security.md").read_text()
    section = text.split("\n## Controls, resources, tests\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ")[0] for line in section.splitlines() if line[:1] == "|"]
    return [row for row in rows if row != "control" and not row.startswith("---")]


@pytest.mark.parametrize(("table", "stated"), [(0, sentences()), (2, controls())])
def test_each_statement_has_a_row_in_the_same_order_and_no_row_is_about_another(
    table: int, stated: list[str]
):
    begun = [first for first, _ in tables()[table]]
    assert len(stated) > 50
    wrong = [
        (row, statement)
        for row, statement in zip(begun, stated, strict=False)
        if not statement.startswith(row)
    ]
    assert wrong == []
    assert len(begun) == len(stated)


def test_a_row_names_checks_that_exist_or_says_why_there_is_none():
    cells = [cell for table in tables() for _, cell in table]
    named = {name for cell in cells for name in re.findall(r"`([a-z0-9-]+)`", cell)}
    assert named - NAMES == set()
    for cell in cells:
        assert re.match(r"(`[a-z0-9-]+`|No: \w)", cell), cell


def test_each_check_of_a_control_or_an_assumption_is_in_a_row():
    named = {
        name
        for table in tables()
        for _, cell in table
        for name in re.findall(r"`([a-z0-9-]+)`", cell)
    }
    assert {each.name for each in CHECKS if each.source != "promise"} - named == set()
