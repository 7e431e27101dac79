"""Jobs run in private subnets, isolated, and encrypt what their instances tell one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.controls import nist, prowler
from training_policies.patterns import matches
from training_policies.policy import Parameters, Policy
from training_policies.resource import UNKNOWN
from training_policies.training_job import Capacity, TrainingJobView, may_be_training_job
from training_policies.training_rules.judging import for_jobs, is_absent
from training_policies.violation import Violation

_PARTS = {"VpcConfig.Subnets": "subnets", "VpcConfig.SecurityGroupIds": "security groups"}


def _judge_subnets(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    for path, part in _PARTS.items():
        value = job.request.read(path)
        if is_absent(value):
            yield Violation(
                f"a job without {part}",
                "outside of a VPC it reaches the internet, and what it reaches leaves no trace",
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


def _judge_isolation(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    isolated = job.request.read("EnableNetworkIsolation")
    if isolated is not True:
        yield Violation(
            "network isolation",
            "a container with a network and credentials can send data and models anywhere that "
            "its role and its subnets reach",
            isolated,
            True,
            "set EnableNetworkIsolation to true and read inputs through channels",
        )


def _judge_traffic(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    encrypted = job.request.read("EnableInterContainerTrafficEncryption")
    if encrypted is not True and any(_may_be_several(each) for each in job.capacities):
        yield Violation(
            "the traffic between a job's instances in plain text",
            "gradients and weights cross the network unencrypted",
            encrypted,
            True,
            "set EnableInterContainerTrafficEncryption to true",
        )


def _may_be_several(capacity: Capacity) -> bool:
    """Whether there is more than one instance; a count that can't be read may be any."""
    counts = [group.count for group in capacity.groups]
    return sum(count if isinstance(count, int) else 2 for count in counts) > 1


PRIVATE_SUBNETS = Policy(
    name="training-private-subnets",
    display_name="Jobs run in private subnets",
    description="Checks that a training job runs in subnets and security groups of a VPC.",
    severity="high",
    controls=[prowler("sagemaker_training_jobs_vpc_settings_configured"), nist("SC-7")],
    remediation="Run the job in the stack's private subnets, in its security group.",
    parameters={
        "allowedSubnets": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "default": ["*"],
            "description": "Patterns of the ids of the subnets in which jobs may run.",
        }
    },
    applies=may_be_training_job,
    judge=for_jobs(_judge_subnets),
)

NETWORK_ISOLATION = Policy(
    name="training-network-isolation",
    display_name="Jobs are isolated",
    description="Checks that the containers of a training job have no network.",
    severity="high",
    controls=[prowler("sagemaker_training_jobs_network_isolation_enabled"), nist("SC-7")],
    remediation="Turn network isolation on.",
    applies=may_be_training_job,
    judge=for_jobs(_judge_isolation),
)

TRAFFIC_ENCRYPTION = Policy(
    name="training-traffic-encryption",
    display_name="Traffic between instances is encrypted",
    description="Checks that a training job of more than one instance encrypts its traffic.",
    severity="high",
    controls=[prowler("sagemaker_training_jobs_intercontainer_encryption_enabled"), nist("SC-8")],
    remediation="Turn inter-container traffic encryption on.",
    applies=may_be_training_job,
    judge=for_jobs(_judge_traffic),
)
