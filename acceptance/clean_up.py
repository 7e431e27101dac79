"""Deletes what an acceptance made, whatever step it ended in."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from acceptance.alert_queue import delete_queue
from acceptance.event_queue import delete_event_queue
from acceptance.leftovers import as_documents, leftovers
from acceptance.pulumi_cli import CliError, PulumiCli
from acceptance.refusals import delete_stranger
from acceptance.scene import Scene
from acceptance.steps import StepError
from acceptance.tuning import stop_tunings


def clean_up(scene: Scene) -> bool:
    """Destroys both stacks and what is beside them; whether nothing is left, which is recorded."""
    scene.say("Cleaning up.")
    scene.diary.cleaning = True
    scene.diary.write()
    problems: list[str] = []
    tasks: list[tuple[str, Callable[[], None]]] = [
        ("the queue", lambda: delete_queue(scene)),
        ("the queue of events", lambda: delete_event_queue(scene)),
        ("the role that may do nothing", lambda: delete_stranger(scene)),
        ("the acceptance's own tuning jobs", lambda: stop_tunings(scene)),
        ("the downstream stack", lambda: _remove(scene.downstream)),
        ("the platform's stack", lambda: _remove(scene.platform)),
    ]
    for what, task in tasks:
        try:
            task()
        except (CliError, StepError, ClientError, BotoCoreError, OSError) as error:
            problems.append(what)
            scene.say(f"{what} could not be removed: {error}")
    left = leftovers(scene)
    scene.diary.leftovers = as_documents(left)
    for each in left:
        scene.say(f"Left over: {each.what}. This deletes it: {each.command}")
    scene.diary.finished = not problems and not left
    scene.diary.write()
    if not scene.diary.finished:
        scene.say("`python -m acceptance --clean-up` tries again.")
    return scene.diary.finished


def _remove(stack: PulumiCli) -> None:
    if not stack.exists():
        return
    stack.release()
    if stack.was_interrupted():
        # It forgets what a CLI that was killed was creating; what AWS has is looked for later.
        stack.refresh("--clear-pending-creates")
    if stack.resources():
        outcome = stack.destroy()
        if outcome.code != 0:
            message = f"pulumi destroy ended with {outcome.code}:\n{outcome.last_lines}"
            raise StepError(message)
    stack.remove()
