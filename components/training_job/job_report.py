"""What a stack says of its jobs in its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pulumi

from components.training_job.aws.console_pages import job_page, log_page
from components.training_job.request.cost import UNKNOWN_COST, Cost, savings_percent, total_of
from components.training_job.resource import TrainingJob
from components.training_job.run.job_state import RECORDED_ONLY, REPORTED_AS, JobState


@dataclass(frozen=True, kw_only=True)
class JobReport(JobState):
    """One job, as its stack knew it at its last `pulumi up`.

    Its fields are the job's state, some of its inputs, and the metrics of its end; its properties
    are what follows from them.
    """

    region: str = field(default="", metadata=RECORDED_ONLY)
    lineage: str = ""
    """The chain of jobs that continue one another, through one checkpoint prefix."""
    expected_cost_usd: Cost = UNKNOWN_COST
    """What the job is likely to cost if it takes all its time, in USD, where that is known."""
    cost_ceiling_usd: Cost = UNKNOWN_COST
    """The most that all attempts can cost, in USD for all instances, where that is known."""
    metrics: dict[str, float] = field(default_factory=dict)
    """The last value of each metric, once the stack has waited for the job's end."""

    @property
    def training_instance_seconds(self) -> int:
        """Seconds of training, of all instances together."""
        return self.training_seconds * self.instance_count

    @property
    def billable_instance_seconds(self) -> int:
        """Seconds billed, of all instances together."""
        return self.billable_seconds * self.instance_count

    @property
    def savings_percent(self) -> float:
        """What managed spot saved, in percent of the on-demand cost."""
        return savings_percent(self.training_seconds, self.billable_seconds)

    @property
    def console_url(self) -> str:
        """The job in the console, "" while it is not launched."""
        return job_page(self.region, "jobs", self.training_job_name)

    @property
    def log_url(self) -> str:
        """The job's log in the console, "" while it is not launched."""
        return log_page(self.region, self.training_job_name and f"{self.training_job_name}/")

    def outputs(self) -> dict[str, Any]:
        """The report by the names that other stacks know."""
        return {name: getattr(self, attribute) for attribute, name in REPORTED.items()}


def reported_attributes(report: type[Any]) -> dict[str, str]:
    """The attributes of a report that a stack exports, each with its name there."""
    own = {each.name: each.metadata.get(REPORTED_AS, each.name) for each in fields(report)}
    derived = {name: name for name, each in vars(report).items() if isinstance(each, property)}
    return {attribute: name for attribute, name in (own | derived).items() if name}


REPORTED: Mapping[str, str] = reported_attributes(JobReport)
"""The attributes of a JobReport that the stack exports, each with its name there."""

_FIELDS = tuple(each.name for each in fields(JobReport))
_RECORDED = tuple(name for name in _FIELDS if name != "metrics")  # which only an end has


def job_report(
    job: TrainingJob, results: pulumi.Output[dict[str, dict[str, Any]]]
) -> pulumi.Output[dict[str, Any]]:
    """A job's outputs, with how it ended where the stack waited for that."""
    recorded = pulumi.Output.all(**{name: getattr(job, name) for name in _RECORDED})
    return pulumi.Output.all(recorded, results).apply(lambda both: merged_report(*both))


def merged_report(
    recorded: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What a job's record and its end, where it is known, say together; nothing is null."""
    known = {**recorded, **results.get(recorded["training_job_name"], {})}
    values = {key: known[key] for key in _FIELDS if known.get(key) is not None}
    return JobReport(**values).outputs()


def total_cost(reports: Iterable[Mapping[str, Any]]) -> dict[str, Cost]:
    """The cost of all jobs together in USD: at most, likely, and billed for their newest jobs.

    A sum is "unknown" where one of its parts is, and "prepaid" where all of them are.
    """
    jobs = list(reports)
    return {
        "ceiling": total_of(job["cost_ceiling_usd"] for job in jobs),
        "expected": total_of(job["expected_cost_usd"] for job in jobs),
        "billed": total_of(job["cost_usd"] for job in jobs),
    }


def only_name(names: Sequence[str]) -> str:
    """The only name that is not empty, "" where none or several are."""
    launched = [name for name in names if name]
    return launched[0] if len(launched) == 1 else ""
