from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from acceptance import running
from acceptance.diary import Diary
from acceptance.identity import Caller
from acceptance.pulumi_cli import PulumiCli
from acceptance.scene import Scene
from acceptance.steps import Step, StepError
from tests.acceptance.conftest import ACCOUNT, REGION

CALLER = Caller(ACCOUNT, REGION, "arn")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done: the names of steps, and the clean-up."""
    taken: list[str] = []

    def clean_up(scene: Scene) -> bool:
        taken.append("clean-up")
        scene.diary.finished = True
        return True

    monkeypatch.setattr("acceptance.clean_up.clean_up", clean_up)
    monkeypatch.setattr(running, "look_at", lambda *_: None)
    monkeypatch.setattr(PulumiCli, "release", lambda _: taken.append("release"))
    return taken


@pytest.fixture
def take_steps(
    taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], None]], None]:
    """Makes three steps, of which the second does something else as well."""

    def make(second: Callable[[], None]) -> None:
        def step(name: str) -> Step:
            def take(_: Scene) -> None:
                taken.append(name)
                if name == "two":
                    second()

            return Step(name, name, take)

        steps = [step(name) for name in ("one", "two", "three")]
        monkeypatch.setattr(running, "steps_of", lambda _: steps)

    return make


def raises(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def signals(number: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


TakeSteps = Callable[[Callable[[], None]], None]


def test_all_steps_are_taken_and_then_cleaned_up(
    scene: Scene, taken: list[str], take_steps: TakeSteps
):
    take_steps(lambda: None)
    assert running.run(scene, lambda: CALLER)
    assert taken == ["one", "two", "three", "clean-up"]
    assert Diary.read(scene.diary.folder).done == ["one", "two", "three"]


@pytest.mark.parametrize(
    "act",
    [
        raises(StepError("it did not work")),
        raises(KeyboardInterrupt()),
        raises(FileNotFoundError("no pulumi")),
        signals(signal.SIGINT),
        signals(signal.SIGTERM),
        signals(signal.SIGHUP),
    ],
    ids=["failure", "interrupt", "no program", "SIGINT", "SIGTERM", "SIGHUP"],
)
def test_whatever_ends_a_step_it_is_cleaned_up_and_reported(
    scene: Scene, taken: list[str], take_steps: TakeSteps, act: Callable[[], None]
):
    take_steps(act)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert not running.run(scene, lambda: CALLER)
    assert taken == ["one", "two", "clean-up"]
    kept = Diary.read(scene.diary.folder)
    assert (kept.done, kept.running) == (["one"], "two")
    assert kept.facts["error"]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_an_error_in_the_acceptance_itself_is_cleaned_up_and_not_hidden(
    scene: Scene, taken: list[str], take_steps: TakeSteps
):
    take_steps(raises(KeyError("a mistake")))
    with pytest.raises(KeyError, match="a mistake"):
        running.run(scene, lambda: CALLER)
    assert taken == ["one", "two", "clean-up"]


def test_one_that_was_killed_goes_on_with_the_step_that_it_was_in(
    scene: Scene, taken: list[str], take_steps: TakeSteps
):
    take_steps(lambda: None)
    scene.diary.done, scene.diary.running = ["one"], "two"
    assert running.run(scene, lambda: CALLER)
    assert taken == ["release", "two", "three", "clean-up"]


@pytest.mark.parametrize(
    "other", [Caller("210987654321", REGION, ""), Caller(ACCOUNT, "us-west-2", "")]
)
def test_with_credentials_of_another_account_or_region_nothing_more_is_done_there(
    scene: Scene, taken: list[str], take_steps: TakeSteps, said: list[str], other: Caller
):
    callers = iter([CALLER, other])
    take_steps(lambda: None)
    assert not running.run(scene, lambda: next(callers))
    assert taken == ["one"]
    assert "--clean-up" in said[-1]
    assert not Diary.read(scene.diary.folder).finished


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_clean_up_ends_it_and_the_message_says_how_to_go_on(
    scene: Scene, said: list[str], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    monkeypatch.setattr("acceptance.clean_up.clean_up", lambda _: signals(number)())
    assert not running.clean_up_until_interrupted(scene)
    assert [line.partition(".")[0] for line in said] == ["Interrupted", "Something is left"]
    assert "`python -m acceptance --clean-up` goes on" in said[-1]


def test_a_signal_is_answered_at_once_before_the_cli_has_ended(
    scene: Scene, said: list[str], take_steps: TakeSteps
):
    take_steps(signals(signal.SIGTERM))
    running.run(scene, lambda: CALLER)
    interrupted = next(index for index, line in enumerate(said) if line.startswith("Interrupted"))
    assert "then everything is cleaned up" in said[interrupted]
    assert said.index("It was interrupted.") > interrupted
