"""What a stack says of its jobs that are tuned, in its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pulumi

from components.training_job.aws.console_pages import job_page, log_page
from components.training_job.job_report import reported_attributes
from components.training_job.request.cost import UNKNOWN_COST, Cost
from components.training_job.resource import TuningJob
from components.training_job.run.job_state import RECORDED_ONLY
from components.training_job.tuning.tuning_state import TuningState


@dataclass(frozen=True, kw_only=True)
class TuningReport(TuningState):
    """One job that is tuned, as its stack knew it at its last `pulumi up`."""

    region: str = field(default="", metadata=RECORDED_ONLY)
    lineage: str = ""
    """The chain of tuning jobs that learn from one another."""
    expected_cost_usd: Cost = UNKNOWN_COST
    """What all trials are likely to cost if they take all their time, in USD, where that is
    known."""
    cost_ceiling_usd: Cost = UNKNOWN_COST
    """The most that all attempts can cost, in USD for all trials, where that is known."""

    @property
    def console_url(self) -> str:
        """The tuning job in the console, "" while it is not launched."""
        return job_page(self.region, "hyper-tuning-jobs", self.tuning_job_name)

    @property
    def log_url(self) -> str:
        """The logs of its trials in the console, "" while it is not launched."""
        return log_page(self.region, self.tuning_job_name and f"{self.tuning_job_name}-")

    def outputs(self) -> dict[str, Any]:
        """The report by the names that other stacks know."""
        return {name: getattr(self, attribute) for attribute, name in REPORTED.items()}


REPORTED: Mapping[str, str] = reported_attributes(TuningReport)
"""The attributes of a TuningReport that the stack exports, each with its name there."""

_FIELDS = tuple(each.name for each in fields(TuningReport))


def tuning_report(
    job: TuningJob, results: pulumi.Output[dict[str, dict[str, Any]]]
) -> pulumi.Output[dict[str, Any]]:
    """A tuned job's outputs, with how it ended where the stack waited for that."""
    recorded = pulumi.Output.all(**{name: getattr(job, name) for name in _FIELDS})
    return pulumi.Output.all(recorded, results).apply(lambda both: merged_tuning_report(*both))


def merged_tuning_report(
    recorded: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What a tuned job's record and its end, where it is known, say together; nothing is null."""
    known = {**recorded, **results.get(recorded["tuning_job_name"], {})}
    values = {key: known[key] for key in _FIELDS if known.get(key) is not None}
    return TuningReport(**values).outputs()
