"""The time for a stack of 1, 10 and 100 jobs, compared with boto3 and with the engine's minimum.

    .venv/bin/python -m bench.launch [COUNT …]

On a separate local cloud, for each number of jobs: preview, launch, an update without changes,
and the wait for jobs that have ended. It is compared with the same number of:

- resources that do nothing, which is the engine's minimum;
- resources that record what a job records, and launch nothing;
- resources that record the same and make the one call of a launch;
- calls of boto3 on four threads.

Each time is that of the whole command. In brackets is the processor time of its own processes,
without the local cloud's.

The local cloud answers at once, so a launch with boto3 takes little more than boto3's start. So the
jobs are launched again on a service that answers late, like one that is far away.

Run it on a machine that does nothing else; the load before it is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.bare import ALIKE_PREFIX, PREFIX
from bench.launch_stacks import UP, Stacks, stacks
from bench.spent import Spent
from development.engine import Engine

COUNTS = (1, 10, 100)
ROUNDS = 5
"""How often an update without changes is measured; the fastest counts."""

ANSWER_SECONDS = 0.2
"""The delay of each answer of the slow service, in seconds: an assumption, AWS documents none."""

WANTED_UNCHANGED, WANTED_LAUNCH = "1.3", "1.5"
_WIDTH = 110


@dataclass(frozen=True)
class Slow:
    """The times of launches on the service that answers late."""

    launch: Spent
    bare: Spent
    alike: Spent


@dataclass(frozen=True)
class Times:
    """The times of each command for one number of jobs."""

    count: int
    preview: Spent
    launch: Spent
    unchanged: Spent
    completion: Spent
    recorded: Spent
    sent: Spent
    recorded_unchanged: Spent
    idle_preview: Spent
    idle_create: Spent
    idle_unchanged: Spent
    bare_launch: Spent
    bare_wait: Spent
    slow: Slow


def main(counts: list[int]) -> None:
    """Measures and prints all counts."""
    console = Console(width=_WIDTH)
    console.print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    times = [measure(count) for count in counts]
    console.print(times_table(times), slow_table(times), wanted_table(times[-1]))


def measure(count: int) -> Times:
    """The times for one number of jobs."""
    with stacks(count) as own:
        kinds = {kind: own.stack(kind) for kind in ("idle", "recorded", "jobs")}
        times = _created(own, kinds) | _unchanged(own, kinds)
        own.configure(kinds["jobs"], wait=True)
        times |= {"completion": own.pulumi(kinds["jobs"], *UP)} | _bare(own)
    with stacks(count) as late:
        return Times(count, **times, slow=_slow(late))


def _created(own: Stacks, kinds: Mapping[str, Engine]) -> dict[str, Spent]:
    """The times to create each kind of resource."""
    times = {
        "idle_preview": own.pulumi(kinds["idle"], "preview"),
        "idle_create": own.pulumi(kinds["idle"], *UP),
        "recorded": own.pulumi(kinds["recorded"], *UP),
        "preview": own.pulumi(kinds["jobs"], "preview"),
        "launch": own.pulumi(kinds["jobs"], *UP),
    }
    own.wait_for("bench-dev-job-")
    times["sent"] = own.pulumi(own.stack("sent"), *UP)
    own.wait_for("bench-dev-job-")
    return times


def _unchanged(own: Stacks, kinds: Mapping[str, Engine]) -> dict[str, Spent]:
    """The times of updates without changes, in turn, because the machine's own speed varies."""
    rounds = [{kind: own.pulumi(each, *UP) for kind, each in kinds.items()} for _ in range(ROUNDS)]
    names = {"idle": "idle_unchanged", "recorded": "recorded_unchanged", "jobs": "unchanged"}
    return {
        name: min((each[kind] for each in rounds), key=lambda spent: spent.seconds)
        for kind, name in names.items()
    }


def _bare(own: Stacks) -> dict[str, Spent]:
    """The times of the same jobs with boto3."""
    launched = own.bare("launch")
    own.wait_for(PREFIX)
    return {"bare_launch": launched, "bare_wait": own.bare("wait")}


def _slow(own: Stacks) -> Slow:
    """Launches on a service that answers late."""
    stack = own.stack("jobs")
    own.slow_down(ANSWER_SECONDS)
    launch = own.pulumi(stack, *UP)
    own.wait_for("bench-dev-job-")
    bare = own.bare("launch")
    own.wait_for(PREFIX)
    alike = own.bare("launch-alike")
    own.wait_for(ALIKE_PREFIX)
    return Slow(launch, bare, alike)


def times_table(times: list[Times]) -> Table:
    """All times, and their ratios to the engine's minimum and to boto3."""
    table = Table("jobs", "", "seconds (CPU)", "engine's minimum", "ratio", "boto3", "ratio")
    for each in times:
        rows = (
            ("preview", each.preview, each.idle_preview, None),
            ("launch", each.launch, each.idle_create, each.bare_launch),
            ("  only its record", each.recorded, each.idle_create, each.bare_launch),
            ("  record and call", each.sent, each.idle_create, each.bare_launch),
            ("unchanged", each.unchanged, each.idle_unchanged, None),
            ("  only its record", each.recorded_unchanged, each.idle_unchanged, None),
            ("completion", each.completion, each.idle_unchanged, each.bare_wait),
        )
        for name, own, floor, bare in rows:
            columns = (str(bare), own.over(bare)) if bare else ("–", "–")
            table.add_row(str(each.count), name, str(own), str(floor), own.over(floor), *columns)
    return table


def slow_table(times: list[Times]) -> Table:
    """The launches on a service that answers late."""
    table = Table("jobs", "launch", "boto3", "ratio", "boto3, with the same calls", "ratio")
    table.title = f"Launch, where every answer takes {ANSWER_SECONDS} s (an assumption)"
    for each in times:
        slow = each.slow
        ratios = slow.launch.over(slow.bare), slow.launch.over(slow.alike)
        spent = str(slow.launch), str(slow.bare), ratios[0], str(slow.alike), ratios[1]
        table.add_row(str(each.count), *spent)
    return table


def wanted_table(most: Times) -> Table:
    """The goals for the largest number of jobs, and the measurements."""
    table = Table(f"{most.count} jobs", "goal", "measured (CPU)")
    bare, slow = most.bare_launch, most.slow
    floor = most.idle_unchanged
    unchanged, recorded = most.unchanged.over(floor), most.recorded_unchanged.over(floor)
    table.add_row("update without changes ÷ the engine's minimum", WANTED_UNCHANGED, unchanged)
    table.add_row("  of it resources recorded as jobs are", "", recorded)
    table.add_row("launch ÷ boto3", WANTED_LAUNCH, most.launch.over(bare))
    table.add_row(
        "  of it resources that do nothing, the engine's minimum", "", most.idle_create.over(bare)
    )
    table.add_row("  of it resources recorded as jobs are", "", most.recorded.over(bare))
    table.add_row("  of it these, each launched by its one call", "", most.sent.over(bare))
    table.add_row("launch ÷ boto3, late answers", WANTED_LAUNCH, slow.launch.over(slow.bare))
    table.add_row(
        "launch ÷ boto3 with the same calls, late answers", "", slow.launch.over(slow.alike)
    )
    return table


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or list(COUNTS))
