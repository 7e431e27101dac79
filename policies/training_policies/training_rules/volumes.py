"""Volumes of jobs, and of the rules that run beside them, are of a reasonable size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import number
from training_policies.policy import Parameters, Policy
from training_policies.request import named
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.job_rules import for_jobs
from training_policies.violation import Violation


def _judge(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    sizes = {"ResourceConfig.VolumeSizeInGB": job.request.read("ResourceConfig.VolumeSizeInGB")}
    for index, rule in enumerate(job.rules):
        sizes[f"VolumeSizeInGB of rule {index}"] = named(rule, "VolumeSizeInGB")
    most: int = parameters["maximumGib"]
    for path, size in sizes.items():
        if size is not MISSING and not (isinstance(size, int) and size <= most):
            yield _violation(path, size, most)


def _violation(path: str, size: Any, most: int) -> Violation:
    return Violation(
        path,
        "volumes are billed by their size for each instance, and no cost ceiling counts them",
        size,
        f"at most {most} GiB",
        "ask for a smaller volume",
    )


VOLUMES = Policy(
    name="training-volume-size",
    checks="the volumes of a training job, and of the rules beside it, have a reasonable size",
    severity="medium",
    controls=[nist("SC-6")],
    remedy="ask for a smaller volume",
    parameters={
        "maximumGib": number(
            4096, "The largest volume of an instance, in GiB.", minimum=1, maximum=16_384
        )
    },
    applies=may_be_training_job,
    judge=for_jobs(_judge),
)
