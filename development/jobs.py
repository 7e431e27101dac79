"""The jobs of a stack as SageMaker knows them, tuned or not; boto3, no Pulumi."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from components.training_job.aws.errors import TrainingJobError
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB, TUNING_JOB, JobKind
from components.training_job.recurring.recurring_runs import jobs_of_runs
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.job_health import is_pending, pending_notice
from components.training_job.run.job_names import TRIAL_ENDING, lineage_jobs
from components.training_job.run.job_state import result_of
from components.training_job.run.outcome import has_failed, is_live, outcome_of
from components.training_job.run.service_record import describe, tags_of
from components.training_job.settings.job_settings import NAME_PATTERN
from components.training_job.tuning import tuning_outcome
from components.training_job.tuning.trials import trials_of_all_attempts
from components.training_job.tuning.tuning_state import progress
from components.training_job.tuning.warm_start import refuse_pause_of_grid
from development.stack_file import StackFile
from development.terminal import CommandError
from development.tuned_jobs import attempts_of, stop_live_tunings

_BETWEEN_NOTICES = timedelta(minutes=5)
_TRIAL = re.compile(rf"(.+){TRIAL_ENDING}")
"""The name of a trial: that of its tuning job, a number, and what the service adds."""


class OwnJobs:
    """Which training jobs are runs of some lineages, or trials of their tuning jobs, by name."""

    def __init__(
        self, sagemaker: Any, lineages: Collection[str], recurring: Collection[str] = ()
    ) -> None:
        self._sagemaker = sagemaker
        self._lineages = lineages
        self._runs = names_of(lineages, recurring)
        self._tunings: dict[str, bool] = {}

    def __contains__(self, name: object) -> bool:
        if self._runs.fullmatch(str(name)):
            return True
        trial = _TRIAL.fullmatch(str(name))
        return trial is not None and self._is_own(trial[1])

    def _is_own(self, tuning: str) -> bool:
        """Whether a tuning job is one of the lineages; asks the service once for each."""
        if tuning not in self._tunings:
            description = TUNING_JOB.describe(self._sagemaker, tuning)
            arn = description and TUNING_JOB.arn_of(description)
            tags = tags_of(self._sagemaker, arn) if arn else {}
            self._tunings[tuning] = tags.get(LINEAGE_TAG) in self._lineages
        return self._tunings[tuning]


class WaitNotices:
    """Why the jobs of some lineages wait: at once, and then every five minutes."""

    def __init__(self, sagemaker: Any, lineages: Collection[str]) -> None:
        self._sagemaker, self._lineages = sagemaker, lineages
        self._next = datetime.min.replace(tzinfo=UTC)

    def poll(self, now: datetime) -> Iterator[str]:
        """Yields a line for each job that waits, where it is time for it."""
        if now < self._next:
            return
        self._next = now + _BETWEEN_NOTICES
        for summary in runs_of(self._sagemaker, self._lineages):
            if is_pending(summary):
                job = describe(self._sagemaker, summary["TrainingJobName"])
                if job and (notice := pending_notice(job, now)):
                    yield f"{job['TrainingJobName']}: {notice}"


def names_of(lineages: Iterable[str], recurring: Collection[str] = ()) -> re.Pattern[str]:
    """The pattern of the full names of the lineages' jobs.

    A name is the lineage, the hash of the definition and the number of the attempt. Those of
    recurring jobs have the name of the run after what is given as their lineage.
    """
    runs = {lineage: f"-{NAME_PATTERN}" if lineage in recurring else "" for lineage in lineages}
    beginnings = "|".join(f"{re.escape(lineage)}{run}" for lineage, run in runs.items())
    return re.compile(rf"(?:{beginnings})-[0-9a-f]{{8}}-[1-9]\d*")


def runs_of(sagemaker: Any, lineages: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yields the newest training jobs of the lineages, and all that are live, the newest first.

    The trials of tuning jobs are not among them. A lineage may also be what those of all runs of a
    recurring job begin with.
    """
    jobs: list[dict[str, Any]] = []
    for lineage in lineages:
        jobs += lineage_jobs(sagemaker, lineage)
        jobs += (job for job, _ in jobs_of_runs(sagemaker, lineage))
    yield from sorted(jobs, key=lambda job: job["CreationTime"], reverse=True)


def newest_of_each(jobs: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The newest job of each lineage, of jobs of which the newest come first.

    A lineage's name and a job's differ as `names_of` says.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for job in jobs:
        newest.setdefault(str(job["TrainingJobName"]).rsplit("-", 2)[0], job)
    return list(newest.values())


def lineages_of(settings: StackFile, job: str | None) -> list[str]:
    """The lineages of all jobs of the settings, or of one.

    Raises:
        CommandError: there is no such job; the message lists the jobs.

    """
    names = settings.job_names()
    if job is not None and job not in names:
        known = ", ".join(names) or "none"
        message = f"There is no job {job!r} in {settings.path.name}; there is: {known}."
        raise CommandError(message)
    return [settings.lineage(name) for name in names if job in (None, name)]


def lineages_with_runs(sagemaker: Any, settings: StackFile, job: str | None) -> list[str]:
    """As `lineages_of`, with the lineages of all runs in place of that of a recurring job."""
    recurring = recurring_in(settings)
    lineages: dict[str, None] = {}
    for lineage in lineages_of(settings, job):
        if lineage in recurring:
            tags = (each for _, each in jobs_of_runs(sagemaker, lineage))
            lineages |= dict.fromkeys(each[LINEAGE_TAG] for each in tags)
        else:
            lineages[lineage] = None
    return list(lineages)


def recurring_in(settings: StackFile) -> list[str]:
    """What the lineages of the recurring jobs of the settings begin with."""
    return [settings.lineage(name) for name in settings.job_names() if settings.recurs(name)]


def newest_streams(sagemaker: Any, lineage: str) -> str:
    """What the names of the log streams of a lineage's newest job begin with, "" without a job."""
    kind, name = _newest(sagemaker, lineage)
    ending = "-" if kind is TUNING_JOB else "/"
    return f"{name}{ending}" if name else ""


def stopped_and_paused(sagemaker: Any, settings: StackFile, jobs: Collection[str]) -> list[str]:
    """Those of the jobs that are paused and whose newest run was stopped."""
    paused = [job for job in settings.paused_jobs() if job in jobs]
    return [job for job in paused if _newest_outcome(sagemaker, settings.lineage(job)) == "stopped"]


def stopped_by_a_pause(sagemaker: Any, settings: StackFile) -> list[str]:
    """The jobs that were stopped to be paused; none where another job has not completed either."""
    jobs = settings.job_names()
    stopped = stopped_and_paused(sagemaker, settings, jobs)
    others = (settings.lineage(job) for job in jobs if job not in stopped)
    done = all(_newest_outcome(sagemaker, each) in ("completed", "") for each in others)
    return stopped if done else []


def failed_to_be_relaunched(sagemaker: Any, settings: StackFile) -> list[str]:
    """The jobs whose newest run failed, and which the settings relaunch then."""
    return [
        job
        for job in settings.job_names()
        if settings.relaunches(job)
        and has_failed(_newest_outcome(sagemaker, settings.lineage(job)))
    ]


def _newest_outcome(sagemaker: Any, lineage: str) -> str:
    """The class of the end of a lineage's newest job, "" without a job."""
    kind, name = _newest(sagemaker, lineage)
    description = kind.describe(sagemaker, name) if name else None
    if description is None:
        return ""
    is_tuned = kind is TUNING_JOB
    return tuning_outcome.outcome_of(description) if is_tuned else outcome_of(description)


def _newest(sagemaker: Any, lineage: str) -> tuple[JobKind, str]:
    """The kind and the name of a lineage's newest job; the name is "" without a job."""
    run = next(runs_of(sagemaker, [lineage]), None)
    tuning = next(iter(attempts_of(sagemaker, [lineage])), None)
    if tuning and (run is None or tuning.created > run["CreationTime"]):
        return TUNING_JOB, tuning.name
    return TRAINING_JOB, str(run["TrainingJobName"]) if run else ""


def as_they_are(sagemaker: Any, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """A stack's outputs, with how its jobs are now: it knows no end that it did not wait for."""
    return {
        **outputs,
        **{
            kind: {name: now(sagemaker, job) for name, job in outputs.get(kind, {}).items()}
            for kind, now in (("training_jobs", _trained), ("tuning_jobs", _tuned))
        },
    }


def _trained(sagemaker: Any, job: Mapping[str, Any]) -> Mapping[str, Any]:
    description = describe(sagemaker, job["name"]) if job["name"] else None
    return job if description is None else {**job, **result_of(description)}


def _tuned(sagemaker: Any, job: Mapping[str, Any]) -> Mapping[str, Any]:
    description = TUNING_JOB.describe(sagemaker, job["name"]) if job["name"] else None
    if description is None or job["trials_uri"]:
        return job
    return {**job, **progress(description, trials_of_all_attempts(sagemaker, description), "")}


def live_kinds(sagemaker: Any, lineages: Collection[str]) -> list[str]:
    """The kinds of jobs of the lineages that have not ended yet: training job, tuning job."""
    trained = any(is_live(each) for each in runs_of(sagemaker, lineages))
    tuned = any(each.is_live for each in attempts_of(sagemaker, lineages))
    kinds = {"training job": trained, "tuning job": tuned}
    return [kind for kind, lives in kinds.items() if lives]


def stop_live(sagemaker: Any, lineages: Collection[str]) -> list[str]:
    """Asks the service to stop the lineages' running jobs, and returns their names."""
    stopped = stop_live_tunings(sagemaker, lineages)
    for summary in runs_of(sagemaker, lineages):
        if summary["TrainingJobStatus"] == "InProgress":
            sagemaker.stop_training_job(TrainingJobName=summary["TrainingJobName"])
            stopped.append(str(summary["TrainingJobName"]))
    return stopped


def refuse_pause_of_grids(sagemaker: Any, lineages: Iterable[str]) -> None:
    """Refuses to pause jobs of which one tries a grid.

    Raises:
        CommandError: one does, so it could only begin again.

    """
    for attempt in attempts_of(sagemaker, lineages):
        description = TUNING_JOB.describe(sagemaker, attempt.name) if attempt.is_live else None
        if description is not None:
            try:
                refuse_pause_of_grid(description)
            except TrainingJobError as error:
                raise CommandError(str(error)) from error
