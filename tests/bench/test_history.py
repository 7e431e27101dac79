"""What operations take in an account with a history: the tables, and a small measurement."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench.history import OPERATIONS, Taken, goal, measure, table

MEASURED = {
    10: dict.fromkeys(OPERATIONS, Taken(4, 0.25)),
    1_000: dict.fromkeys(OPERATIONS, Taken(6, 0.5)),
}


def text_of(shown: Table) -> str:
    console = Console(width=100)
    with console.capture() as written:
        console.print(shown)
    return written.get()


def test_calls_and_seconds_are_shown_for_each_history() -> None:
    text = text_of(table(MEASURED))
    assert "1,000 past jobs" in text
    assert "4 (0.250)" in text
    assert "6 (0.500)" in text


def test_the_goals_are_next_to_the_measurements() -> None:
    lines = text_of(goal(MEASURED)).splitlines()
    assert next(line for line in lines if "most calls" in line).split("│")[2:4] == [
        " 8    ",
        " 6        ",
    ]
    assert "2" in next(line for line in lines if "growth of launch" in line)


def test_a_launch_keeps_to_the_goal_and_nothing_grows_with_the_history() -> None:
    few, many = measure(10), measure(300)
    assert few["launch"].calls <= 8
    assert {name: taken.calls for name, taken in few.items()} == {
        name: taken.calls for name, taken in many.items()
    }
