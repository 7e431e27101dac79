"""Jobs run in private subnets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist, prowler
from training_policies.parameters import matches, texts
from training_policies.policy import Parameters, Policy
from training_policies.resource import UNKNOWN, is_absent
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.job_rules import for_jobs
from training_policies.violation import Violation

_PARTS = {"VpcConfig.Subnets": "subnets", "VpcConfig.SecurityGroupIds": "security groups"}


def _judge_subnets(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    for path, part in _PARTS.items():
        value = job.request.read(path)
        if is_absent(value):
            yield Violation(
                f"a job without {part}",
                "outside of a VPC it reaches the internet, and no flow log shows it",
                value,
                f"the {part} of the stack's private network",
                f"set {path}",
            )
    yield from _judge_ids(job.request.read("VpcConfig.Subnets"), parameters["allowedSubnets"])


def _judge_ids(subnets: Any, patterns: list[str]) -> Iterator[Violation]:
    """Ids that are not known yet are judged when the job is made."""
    known = [each for each in subnets if each is not UNKNOWN] if isinstance(subnets, list) else []
    others = [each for each in known if not matches(each, patterns)]
    if others:
        yield Violation(
            "a job in a subnet that is not among those allowed",
            "only these are known to be private",
            others,
            patterns,
            "run the job in one of the allowed subnets",
        )


PRIVATE_SUBNETS = Policy(
    name="training-private-subnets",
    checks="a training job runs in subnets and security groups of a VPC",
    severity="high",
    controls=[prowler("sagemaker_training_jobs_vpc_settings_configured"), nist("SC-7")],
    remedy="run the job in the stack's private subnets, in its security group",
    parameters={
        "allowedSubnets": texts(
            ["*"], "Patterns of the ids of the subnets in which jobs may run.", minItems=1
        ),
    },
    applies=may_be_training_job,
    judge=for_jobs(_judge_subnets),
)
