"""Takes the steps one after the other, with the checks after each, and always cleans up."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from acceptance import clean_up
from acceptance.identity import Caller, OtherAccountError, refuse_another
from acceptance.judging import checks_after, look_at
from acceptance.pulumi_cli import CliError
from acceptance.scene import Scene
from acceptance.steps import Step, StepError, steps_of

_EXPECTED = (BotoCoreError, CliError, ClientError, OSError, StepError)

_CLEANS_UP = (
    "Interrupted. The Pulumi CLI may end what it is doing, which can take two minutes; then "
    "everything is cleaned up. Another Ctrl-C does not wait for the CLI."
)
_STOPS = (
    "Interrupted. The clean-up ends as soon as the Pulumi CLI has ended what it is doing; another "
    "Ctrl-C does not wait for that."
)

Watcher = Callable[[str, Scene], None]
"""Called after each step and its checks, with the step's name."""


def run(scene: Scene, caller: Callable[[], Caller], watch: Watcher = lambda *_: None) -> bool:
    """Takes the steps that are not done yet; whether all were taken, and nothing is left.

    Whatever ends it, it cleans up. What was seen until then is kept.
    """
    scene.facts.setdefault("began", datetime.now(UTC).isoformat())
    complete = False
    try:
        with _signals_as_interrupts(scene, _CLEANS_UP):
            _take_all(scene, caller, watch)
        complete = True
    except OtherAccountError as error:
        # The same credentials would clean up in the wrong account.
        scene.say(f"{error} With the right ones, `python -m acceptance --clean-up` goes on.")
        return False
    except KeyboardInterrupt:
        _ended(scene, "It was interrupted.")
    except _EXPECTED as error:
        _ended(scene, f"{type(error).__name__}: {error}")
    except Exception as error:
        _ended(scene, f"{type(error).__name__}: {error}")
        clean_up_until_interrupted(scene)
        raise
    return clean_up_until_interrupted(scene) and complete


def clean_up_until_interrupted(scene: Scene) -> bool:
    """Deletes what the acceptance made; whether nothing is left.

    A signal ends it; the message says how it goes on.
    """
    try:
        with _signals_as_interrupts(scene, _STOPS):
            return clean_up.clean_up(scene)
    except KeyboardInterrupt:
        scene.say("Something is left. `python -m acceptance --clean-up` goes on with the clean-up.")
        return False


def _take_all(scene: Scene, caller: Callable[[], Caller], watch: Watcher) -> None:
    if scene.diary.done or scene.diary.running:
        scene.platform.release()
    for step in steps_of(scene.diary.extras):
        if step.name not in scene.diary.done:
            refuse_another(scene.diary, caller())
            _take(scene, step)
            watch(step.name, scene)


def _ended(scene: Scene, reason: str) -> None:
    scene.facts["error"] = reason
    scene.diary.write()
    scene.say(scene.masked(reason))


def _take(scene: Scene, step: Step) -> None:
    scene.say(f"{datetime.now(UTC):%H:%M:%S} {step.name}: {step.what}")
    scene.diary.running = step.name
    scene.diary.write()
    step.take(scene)
    look_at(scene, checks_after(step.name))
    scene.diary.done.append(step.name)
    scene.diary.running = ""
    scene.diary.write()


@contextmanager
def _signals_as_interrupts(scene: Scene, text: str) -> Iterator[None]:
    """Makes SIGTERM and SIGHUP interrupt as Ctrl-C does, and say at once what happens then."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}

    def interrupt(_: int, __: FrameType | None) -> NoReturn:
        scene.say(text)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
