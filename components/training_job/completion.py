"""The dynamic provider of `TrainingJobCompletion`: waits for jobs, apart from launching them.

The state of a stack names `components.training_job.completion.TrainingJobCompletionProvider`:
neither the module nor the class may ever move.
"""

from __future__ import annotations

import math
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ReadResult

from components.training_job.aws.aws_provider import AwsResourceProvider, State
from components.training_job.aws.errors import TrainingJobError, traced
from components.training_job.run.job_state import progress
from components.training_job.run.outcome import outcome_of, reason_of, remedy_for
from components.training_job.run.service_record import describe
from components.training_job.run.waiting import last_log_lines, wait_for_end
from components.unknowns import has_unknown, is_unknown

_LOG_LINES = 20
_NAMES, _JOBS = "training_job_names", "jobs"


class TrainingJobCompletionProvider(AwsResourceProvider):
    """Is created when all its jobs have ended, and fails if one of them did not complete."""

    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Has the jobs waited for again where they are others, or are to be replaced."""
        others = _are_others(olds, news)
        return DiffResult(
            changes=others, replaces=[_NAMES] if others else [], delete_before_replace=True
        )

    @traced
    def create(self, props: State) -> CreateResult:
        """Waits until every job has ended, then records how.

        Raises:
            TrainingJobError: a job did not complete; the message has its last log lines.
        """
        names = _launched(props)
        client = self._clients.client("sagemaker", props["region"])
        ended = wait_for_end(client, names, props["deadline_seconds"], print) if names else {}
        failed = [each for each in ended.values() if outcome_of(each) != "completed"]
        failures = [self._failure(each, props) for each in failed]
        if failures:
            raise TrainingJobError("\n\n".join(failures))
        results = {name: _result(description) for name, description in ended.items()}
        return CreateResult("+".join(names) or "no-jobs", props | {"results": results})

    def read(self, id_: str, props: State) -> ReadResult:
        """Is gone where the record of a job is, as a later job of that name is another one."""
        names = _launched(props)
        if not names:
            return ReadResult(id_, props)
        client = self._clients.client("sagemaker", props["region"])
        if any(describe(client, name) is None for name in names):
            return ReadResult(None, {})
        return ReadResult(id_, props)

    def _failure(self, description: dict[str, Any], props: State) -> str:
        """Why a job did not complete, its last log lines, and the remedy."""
        name, outcome = description["TrainingJobName"], outcome_of(description)
        logs = self._clients.client("logs", props["region"])
        lines = last_log_lines(logs, name, _LOG_LINES)
        reason = reason_of(description) or description["SecondaryStatus"]
        return "\n".join(
            [
                f"{name} ended as {description['TrainingJobStatus']} ({outcome}): {reason}",
                *(f"  {line}" for line in lines),
                f"Remedy: {remedy_for(outcome)}.",
            ]
        )


def _launched(props: State) -> list[str]:
    """The names of the jobs that are launched; a job that is not has the name ""."""
    return [name for name in props[_NAMES] if name]


def _are_others(olds: State, news: State) -> bool:
    """Whether these are other jobs than those whose end is known.

    In a preview the engine knows no output of a job that it will update: its name is unknown, and
    will stay what it was. Where the engine will replace a job, it asks for this difference earlier,
    with all of the names unknown at once, even for `--replace`.
    """
    before, names = olds[_NAMES], news[_NAMES]
    if not has_unknown(names):
        return bool(before != names)
    if is_unknown(names) or olds.get(_JOBS) != news[_JOBS]:
        return True
    return any(not is_unknown(new) and old != new for old, new in zip(before, names, strict=True))


def _result(description: dict[str, Any]) -> State:
    """How a job ended, with the last value of each metric.

    The engine would turn a value that is no finite number into a mapping, where other stacks
    expect a number.
    """
    metrics = description.get("FinalMetricDataList", [])
    values = {metric["MetricName"]: float(metric["Value"]) for metric in metrics}
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    for name in values.keys() - finite.keys():
        print(f"warning: {description['TrainingJobName']} ended with {name} = {values[name]}")
    return progress(description) | {"metrics": finite}
