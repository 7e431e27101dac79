"""What an update does to a job: nothing, a change in place, or another job. A truth table.

`olds` is the recorded state, `news` the checked inputs. Only a changed definition forces a new
job. A changed placement is recorded and applies to the next launch. That a job has finished is no
difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from components.training_job.aws.errors import TrainingJobError
from components.training_job.request.definition import Request
from components.training_job.request.fallbacks import capacity_of, request_of_try
from components.training_job.request.job_inputs import COMPARED, IDENTITY
from components.training_job.run.outcome import NOT_LAUNCHED, has_failed
from components.unknowns import has_unknown, is_unknown


class Decision(Enum):
    """What an update does to a job."""

    NOTHING = "nothing"
    UPDATE = "update"
    REPLACE = "replace"


def decide(olds: Mapping[str, Any], news: Mapping[str, Any], *, released: bool = False) -> Decision:
    """What is to be done to a job in state `olds` to become `news`.

    `released` says that the recorded run was let go, as the job had left the settings.
    """
    if not is_launched(olds):
        return Decision.REPLACE if news["launch"] and not news["paused"] else Decision.NOTHING
    moved = _is_moved(olds, news)
    if news["paused"]:
        return Decision.UPDATE if moved or not olds["paused"] else Decision.NOTHING
    if not news["launch"]:
        return Decision.UPDATE if moved else Decision.NOTHING
    if _goes_on(olds, released):
        return Decision.REPLACE
    if _is_done_once(olds, news):
        return Decision.UPDATE if moved else Decision.NOTHING
    if is_another_run(olds, news) or _is_retried(olds, news):
        return Decision.REPLACE
    return Decision.UPDATE if _is_changed_in_place(olds, news) else Decision.NOTHING


def is_launched(state: Mapping[str, Any]) -> bool:
    """Whether a job has a run."""
    return bool(state["status"] != NOT_LAUNCHED)


def depends_on_release(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether the decision is another one for a run that was released; AWS is asked only then."""
    return decide(olds, news, released=True) is not decide(olds, news)


def depends_on_end(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether the decision is another one if the run ended since it was recorded.

    So it is for a run of a recurring job with another definition. AWS is asked only then.
    """
    ended = {**olds, "outcome": "stopped"}
    return olds["outcome"] == "running" and decide(ended, news) is not decide(olds, news)


def reasons_to_replace(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """The inputs that the engine names where it replaces a job; never none of them.

    A job that goes on, or is tried again, may have no input that is another one.
    """
    return [key for key in (*IDENTITY, "launch") if olds.get(key) != news.get(key)] or ["paused"]


def next_try(olds: Mapping[str, Any], news: Mapping[str, Any]) -> int:
    """Which try in a row the next launch is, from 1; each but the first follows a failure."""
    launches = decide(olds, news) is Decision.REPLACE and is_launched(olds)
    retried = launches and not is_another_run(olds, news) and _is_retried(olds, news)
    return olds["tries"] + 1 if retried else 1


def retry_notice(name: str, olds: Mapping[str, Any], news: Mapping[str, Any], tries: int) -> str:
    """What the try after the run of this name will run on, said before it costs anything."""
    request = request_of_try(news["request"], news.get("fallbacks", ()), tries)
    return (
        f"{name} ended as {olds['outcome']}: try {tries} of "
        f"{news['max_attempts']} runs on {capacity_of(request)}"
    )


def refuse_without_network(description: Request, request: Request) -> None:
    """Refuses a change of the network that a live job is in, before the engine carries it out.

    The job stays in the network that it was launched in. Without a route to its bucket it would
    run on, keep no more checkpoints, and lose its model. The engine deletes only after all
    updates, so an error here keeps what the job needs.

    Raises:
        TrainingJobError: a subnet or security group of the job is not in its new request.
    """
    gone = sorted(_network(description) - _network(request))
    if gone:
        raise TrainingJobError(
            f"{description['TrainingJobName']} runs in {', '.join(gone)}, which its settings no "
            "longer name. It would lose its way to its bucket, and with it its checkpoints and its "
            "model. Wait for its end, or set paused: true and run `pulumi up`, which stops it with "
            "its checkpoints and changes the network; then paused: false."
        )


def is_another_run(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether an update asks for another run than the recorded one."""
    return any(is_unknown(news[key]) or olds[key] != news[key] for key in IDENTITY)


def _is_done_once(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether another definition has to wait for the next run of a recurring job.

    A run that is live or has completed is not launched again: a schedule may ask for it twice, and
    the job's source may have changed meanwhile. One that failed is launched with what corrects it.
    """
    if not news.get("recurring") or olds["outcome"] not in ("running", "completed"):
        return False
    others = [key for key in IDENTITY if is_unknown(news[key]) or olds[key] != news[key]]
    return others == ["definition_hash"]


def _goes_on(olds: Mapping[str, Any], released: bool) -> bool:
    """Whether a job goes on as the next attempt: a pause, or its absence in the settings, ended it.

    A run that had ended before it was released has nothing left to do.
    """
    if released:
        return olds["outcome"] in ("running", "stopped")
    return bool(olds["paused"]) and olds["status"] == "Stopped"


def _is_moved(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether a change can't wait for the next launch: of the owner, or of the network.

    The watchdog and the deployer know a job by its owner. A job that runs must not lose its
    network, which the update refuses. So it does not matter whether the switch is on, or the job
    is paused.
    """
    networks = [each["request"].get("VpcConfig") for each in (olds, news)]
    return bool(olds["owner"] != news["owner"] or networks[0] != networks[1])


def _is_retried(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether a failed job is tried again: the settings say so, and attempts are left."""
    retries = news["relaunch"] == "onFailure" and olds["tries"] < news["max_attempts"]
    return bool(retries and has_failed(olds["outcome"]))


def _is_changed_in_place(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    return any(has_unknown(news.get(key)) or olds.get(key) != news.get(key) for key in COMPARED)


def _network(request: Request) -> set[str]:
    """The ids of the subnets and security groups in a request or a description."""
    network = request.get("VpcConfig", {})
    return {*network.get("Subnets", ()), *network.get("SecurityGroupIds", ())}
