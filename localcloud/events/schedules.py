"""Runs EventBridge's rules and schedules with a rate when they are due."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from localcloud.events.targets import run_on_schedule, scheduled_event, send
from localcloud.moto_data.backends import all_of
from localcloud.moto_data.moto_lock import in_moto

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_TICK_SECONDS = 0.25
_NEVER = float("inf")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scheduled:
    """A rule or schedule that runs at a rate."""

    arn: str
    expression: str
    begins_at_once: bool
    """Whether its first run is at its creation, and not a period later."""
    run: Callable[[], None]


def period(expression: str) -> float:
    """The seconds between two runs; infinite if the expression is not a rate."""
    rate = _RATE.fullmatch(expression)
    return int(rate[1]) * _SECONDS[rate[2]] if rate else _NEVER


class Timetable:
    """When each rule and schedule is due.

    `speed` is how many times faster than the clock schedules run.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._due: dict[tuple[str, str], float] = {}

    def take_due(self, scheduled: list[Scheduled], now: float) -> list[Scheduled]:
        """What is due, of all that is scheduled now.

        A missed run is not made up for. What is no longer scheduled is forgotten.
        """
        before, self._due = self._due, {}
        due = []
        for each in scheduled:
            key = each.arn, each.expression
            time = before[key] if key in before else self._first(each, now)
            if time <= now:
                due.append(each)
                time = max(time + self._period(each), now)
            self._due[key] = time
        return due

    def _first(self, scheduled: Scheduled, now: float) -> float:
        interval = self._period(scheduled)
        if interval == _NEVER:
            _log.warning("%s never runs: %s is not a rate", scheduled.arn, scheduled.expression)
        return now if scheduled.begins_at_once and interval != _NEVER else now + interval

    def _period(self, scheduled: Scheduled) -> float:
        return period(scheduled.expression) / self._speed


def start(speed: float) -> None:
    """Starts a thread that runs what is due, until the process ends."""
    timetable = Timetable(speed)
    threading.Thread(target=_run, args=(timetable,), name="schedules", daemon=True).start()


def _run(timetable: Timetable) -> None:
    while True:
        time.sleep(_TICK_SECONDS)
        with in_moto():
            scheduled = [*_rules(), *_schedules()]
        for each in timetable.take_due(scheduled, time.monotonic()):
            _attempt(each)


def _attempt(scheduled: Scheduled) -> None:
    try:
        with in_moto():
            scheduled.run()
    except Exception:
        _log.exception("%s could not run", scheduled.arn)


def _rules() -> Iterator[Scheduled]:
    """EventBridge's rules with a schedule, which only the default bus can have."""
    for _, _, backend in all_of("events"):
        for rule in list(backend.event_buses["default"].rules.values()):
            if rule.scheduled_expression and rule.state != "DISABLED":
                run = partial(run_on_schedule, rule)
                yield Scheduled(rule.arn, rule.scheduled_expression, False, run)


def _schedules() -> Iterator[Scheduled]:
    """The schedules of EventBridge Scheduler."""
    for account, region, backend in all_of("scheduler"):
        for group in list(backend.schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                if schedule.state != "DISABLED":
                    run = partial(_run_schedule, schedule, account, region)
                    yield Scheduled(schedule.arn, schedule.schedule_expression, True, run)


def _run_schedule(schedule: Any, account: str, region: str) -> None:
    target = schedule.target
    event = scheduled_event(account, region, "aws.scheduler", schedule.arn)
    send(target, target.get("Input") or json.dumps(event))
