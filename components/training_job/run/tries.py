"""Which try in a row a launch is, and what it runs on. Pure functions.

The tries are counted from the service's own records at each launch, and are kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.training_job.request.definition import Request
from components.training_job.run.names import parse_job_name
from components.training_job.run.outcome import has_failed, is_live, outcome_of

Summaries = Sequence[Mapping[str, Any]]
"""What ListTrainingJobs says of a lineage's jobs, newest first."""


def try_of(lineage: str, definition_hash: str, name: str, summaries: Summaries) -> int:
    """Which try in a row the job `name` is; one that is not in the summaries follows them all.

    A job that completed, was stopped, or ran another definition ends the row.
    """
    names = [summary["TrainingJobName"] for summary in summaries]
    tries = 1
    for summary in summaries[names.index(name) + 1 if name in names else 0 :]:
        if not _runs(lineage, definition_hash, summary) or not has_failed(outcome_of(summary)):
            break
        tries += 1
    return tries


def next_try_of(lineage: str, definition_hash: str, summaries: Summaries) -> int:
    """Which try in a row a launch would be; one that is live already would be adopted."""
    live = (
        summary["TrainingJobName"]
        for summary in summaries
        if _runs(lineage, definition_hash, summary) and is_live(summary)
    )
    return try_of(lineage, definition_hash, next(live, ""), summaries)


def choice_of(tries: int, fallbacks: Sequence[Request]) -> int:
    """The number of the fallback that a try runs on, 0 for the first choice.

    The last fallback serves all tries that follow.
    """
    return min(tries - 1, len(fallbacks))


def chosen(request: Request, fallbacks: Sequence[Request], choice: int) -> Request:
    """The request with what a fallback, by its number, changes in it."""
    return request | fallbacks[choice - 1] if choice else request


def request_of(news: Mapping[str, Any], tries: int) -> Request:
    """What the next launch runs on; 0 tries are those of one that follows no failure."""
    fallbacks = news.get("fallbacks", ())
    return chosen(news["request"], fallbacks, choice_of(max(tries, 1), fallbacks))


def retry_notice(olds: Mapping[str, Any], news: Mapping[str, Any], tries: int) -> str:
    """What the next try will run on, said before it costs anything."""
    request = request_of(news, tries)
    groups = request["ResourceConfig"].get("InstanceGroups") or [request["ResourceConfig"]]
    instances = " and ".join(f"{each['InstanceCount']} × {each['InstanceType']}" for each in groups)
    capacity = "on spot capacity" if request["EnableManagedSpotTraining"] else "on demand"
    return (
        f"{olds['training_job_name']} ended as {olds['outcome']}: try {tries} of "
        f"{news['max_attempts']} runs on {instances}, {capacity}"
    )


def _runs(lineage: str, definition_hash: str, summary: Mapping[str, Any]) -> bool:
    parsed = parse_job_name(lineage, summary["TrainingJobName"])
    return parsed is not None and parsed.definition_hash == definition_hash
