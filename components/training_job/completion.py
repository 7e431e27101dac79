"""The dynamic provider of `TrainingJobCompletion`: waits for jobs, apart from launching them.

The state of a stack names `components.training_job.completion.TrainingJobCompletionProvider`:
neither the module nor the class may ever move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ReadResult

from components.training_job.aws.aws_provider import AwsResourceProvider, State
from components.training_job.aws.errors import TrainingJobError, traced
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB, TUNING_JOB
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.job_state import result_of, warnings_of
from components.training_job.run.outcome import (
    ages_of,
    commands_of,
    end_of,
    ending_of,
    outcome_of,
    reason_of,
    remedy_for,
)
from components.training_job.run.service_record import tags_of
from components.training_job.run.waiting import last_log_lines, wait_for_end
from components.training_job.tuning.observation import observed
from components.training_job.tuning.tuning_waiting import failure_of, wait_for_tunings
from components.unknowns import has_unknown, is_unknown

_LOG_LINES = 20
_NAMES, _TUNING_NAMES = "training_job_names", "tuning_job_names"
_NOTHING_LEFT = "nothing_left"
"""The input that says of each tuning job whether enough trials had succeeded when it was to go on;
it may have been stopped, and is complete."""
_KINDS = (("jobs", _NAMES), ("tuned_jobs", _TUNING_NAMES))
"""The inputs of each kind of job: their names in the settings, and in SageMaker."""


class TrainingJobCompletionProvider(AwsResourceProvider):
    """Is created when all its jobs have ended, and fails if one of them did not complete."""

    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Has the jobs waited for again where they are others, or are to be replaced."""
        others = [names for jobs, names in _KINDS if _are_others(olds, news, jobs, names)]
        return DiffResult(changes=bool(others), replaces=others, delete_before_replace=True)

    @traced
    def create(self, props: State) -> CreateResult:
        """Waits until every job has ended, then records how.

        Raises:
            TrainingJobError: a job did not complete; the message has its last log lines.
        """
        client = self._clients.client("sagemaker", props["region"])
        ended, tuned = _wait(client, props)
        results = {name: result_of(each) for name, each in ended.items()}
        for warning in chain.from_iterable(map(warnings_of, ended.values())):
            print(f"warning: {warning}")
        # The tables of trials are written though another job may have failed.
        results |= {name: self._observed(client, each, props) for name, each in tuned.items()}
        self._keep_reports(client, [*ended.values(), *tuned.values()], props)
        failed = [name for name, result in results.items() if result["outcome"] != "completed"]
        failures = [self._failure(client, name, ended, tuned, props) for name in failed]
        if failures:
            raise TrainingJobError("\n\n".join(failures))
        names = [*_launched(props, _NAMES), *_launched(props, _TUNING_NAMES)]
        return CreateResult("+".join(names) or "no-jobs", props | {"results": results})

    def read(self, id_: str, props: State) -> ReadResult:
        """Is gone where the record of a job is, as a later job of that name is another one."""
        names, tunings = _launched(props, _NAMES), _launched(props, _TUNING_NAMES)
        if not names and not tunings:
            return ReadResult(id_, props)
        client = self._clients.client("sagemaker", props["region"])
        records = [
            *(TRAINING_JOB.describe(client, name) for name in names),
            *(TUNING_JOB.describe(client, name) for name in tunings),
        ]
        return ReadResult(None, {}) if None in records else ReadResult(id_, props)

    def _observed(self, client: Any, description: State, props: State) -> State:
        """How a tuning job ended; writes the table of its trials."""
        nothing_left = TUNING_JOB.name_of(description) in _complete(props)
        s3 = self._clients.client("s3", props["region"])
        return observed(client, s3, description, nothing_left=nothing_left)

    def _keep_reports(self, client: Any, ended: Sequence[State], props: State) -> None:
        """Writes the report of each lineage whose job has ended, if that is possible."""
        try:
            # Here, as what draws a page is loaded only where one is written.
            from components.training_job.reader.run_attempts import Clients
            from components.training_job.run_report.keeping import keep_reports

            logs, s3 = (self._clients.client(each, props["region"]) for each in ("logs", "s3"))
            tags = (tags_of(client, _arn_of(each)) for each in ended)
            lineages = {each[LINEAGE_TAG] for each in tags if LINEAGE_TAG in each}
            keep_reports(Clients(client, logs, s3), sorted(lineages), print, _complete(props))
        except Exception as error:  # the jobs have ended as they have, with a report or without
            print(f"warning: the jobs have no report: {error}")

    def _failure(
        self,
        client: Any,
        name: str,
        ended: Mapping[str, State],
        tuned: Mapping[str, State],
        props: State,
    ) -> str:
        """Why a job did not complete, its last log lines, where the rest is, and the remedy."""
        logs = self._clients.client("logs", props["region"])
        if name in tuned:
            return failure_of(client, logs, tuned[name], _LOG_LINES)
        description, outcome = ended[name], outcome_of(ended[name])
        reason = reason_of(description) or description["SecondaryStatus"]
        return "\n".join(
            [
                ending_of(name, description["TrainingJobStatus"], outcome, reason),
                ages_of(description["CreationTime"], end_of(description)),
                *(f"  {line}" for line in last_log_lines(logs, name, _LOG_LINES)),
                "Its whole log, and the files that it left:",
                *(f"  {command}" for command in commands_of(description, props["region"])),
                f"Remedy: {remedy_for(outcome)}.",
            ]
        )


def _wait(client: Any, props: State) -> tuple[dict[str, State], dict[str, State]]:
    """The descriptions of training jobs and of tuning jobs at their end, by name.

    Neither kind waits for the other: both are watched at the same time.
    """
    names, tunings = _launched(props, _NAMES), _launched(props, _TUNING_NAMES)
    deadline = props["deadline_seconds"]
    if not tunings:
        return (wait_for_end(client, names, deadline, print) if names else {}), {}
    with ThreadPoolExecutor(1) as pool:
        tuned = pool.submit(wait_for_tunings, client, tunings, deadline, print)
        ended = wait_for_end(client, names, deadline, print) if names else {}
    return ended, tuned.result()


def _complete(props: State) -> set[str]:
    """The tuning jobs that had nothing left to try when they were to go on."""
    whole = zip(props.get(_TUNING_NAMES, []), props.get(_NOTHING_LEFT, []), strict=False)
    return {name for name, nothing_left in whole if nothing_left}


def _arn_of(description: State) -> str:
    kind = TRAINING_JOB if "TrainingJobArn" in description else TUNING_JOB
    return kind.arn_of(description)


def _launched(props: State, names: str) -> list[str]:
    """The names of the jobs that are launched; a job that is not has the name ""."""
    return [name for name in props.get(names, []) if name]


def _are_others(olds: State, news: State, jobs: str, names: str) -> bool:
    """Whether these are other jobs of a kind than those whose end is known.

    In a preview the engine knows no output of a job that it will update: its name is unknown, and
    will stay what it was. Where the engine will replace a job, it asks for this difference earlier,
    with all of the names unknown at once, even for `--replace`.
    """
    before, after = olds.get(names, []), news.get(names, [])
    if not has_unknown(after):
        return bool(before != after)
    if is_unknown(after) or olds.get(jobs) != news[jobs]:
        return True
    return any(not is_unknown(new) and old != new for old, new in zip(before, after, strict=True))
