"""What an update does to a job: nothing, a change in place, or another job. A truth table.

`olds` is the recorded state, `news` the checked inputs. Only a changed definition forces a new
job. A changed placement is recorded and applies to the next launch. A finished job is not drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from components.training_job.request.fallbacks import request_of_try
from components.training_job.request.job_inputs import COMPARED, IDENTITY
from components.training_job.run.outcome import has_failed
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
    launched = bool(olds["training_job_name"])
    if not launched:
        return Decision.REPLACE if news["launch"] and not news["paused"] else Decision.NOTHING
    moved = _is_moved(olds, news)
    if news["paused"]:
        return Decision.UPDATE if moved or not olds["paused"] else Decision.NOTHING
    if not news["launch"]:
        return Decision.UPDATE if moved else Decision.NOTHING
    goes_on = _goes_on(olds, released)
    if goes_on or _is_another_run(olds, news) or _is_retried(olds, news):
        return Decision.REPLACE
    return Decision.UPDATE if _is_recorded_anew(olds, news) else Decision.NOTHING


def depends_on_release(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether the decision is another one for a run that was released; AWS is asked only then."""
    return decide(olds, news, released=True) is not decide(olds, news)


def next_try(olds: Mapping[str, Any], news: Mapping[str, Any]) -> int:
    """Which try in a row the next launch is, from 1; each but the first follows a failure."""
    launches = decide(olds, news) is Decision.REPLACE and bool(olds["training_job_name"])
    retried = launches and not _is_another_run(olds, news) and _is_retried(olds, news)
    return olds["tries"] + 1 if retried else 1


def retry_notice(olds: Mapping[str, Any], news: Mapping[str, Any], tries: int) -> str:
    """What the next try will run on, said before it costs anything."""
    request = request_of_try(news["request"], news.get("fallbacks", ()), tries)
    groups = request["ResourceConfig"].get("InstanceGroups") or [request["ResourceConfig"]]
    instances = " and ".join(f"{each['InstanceCount']} × {each['InstanceType']}" for each in groups)
    capacity = "on spot capacity" if request["EnableManagedSpotTraining"] else "on demand"
    return (
        f"{olds['training_job_name']} ended as {olds['outcome']}: try {tries} of "
        f"{news['max_attempts']} runs on {instances}, {capacity}"
    )


def _is_another_run(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    return any(is_unknown(news[key]) or olds[key] != news[key] for key in IDENTITY)


def _goes_on(olds: Mapping[str, Any], released: bool) -> bool:
    """A job goes on as the next attempt where a pause stopped it, or its absence from the settings.

    One that ended by itself before it was released has nothing left to go on with.
    """
    if released:
        return olds["outcome"] in ("running", "stopped")
    return bool(olds["paused"]) and olds["status"] == "Stopped"


def _is_moved(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """What is done about at once, whether the switch is on and whether the job is paused.

    The watchdog and the deployer know a job by its owner. A job that runs must not lose its
    network, which the update refuses.
    """
    networks = [each["request"].get("VpcConfig") for each in (olds, news)]
    return bool(olds["owner"] != news["owner"] or networks[0] != networks[1])


def _is_retried(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """A failed job is tried again if the settings say so and attempts are left."""
    retries = news["relaunch"] == "onFailure" and olds["tries"] < news["max_attempts"]
    return bool(retries and has_failed(olds["outcome"]))


def _is_recorded_anew(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    return any(has_unknown(news.get(key)) or olds.get(key) != news.get(key) for key in COMPARED)
