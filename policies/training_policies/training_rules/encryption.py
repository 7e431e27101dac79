"""What a job writes is encrypted with a key of the customer's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.controls import nist, prowler
from training_policies.instances import instance_types
from training_policies.policy import Parameters, Policy
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.judging import for_jobs, is_absent
from training_policies.violation import Violation

_CONTROLS = [prowler("sagemaker_training_jobs_volume_and_output_encryption_enabled"), nist("SC-28")]


def _judge_output(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    key = job.request.read("OutputDataConfig.KmsKeyId")
    if _is_no_customer_key(key):
        yield Violation(
            "models without a key",
            "without a key of the stack's own whoever may read the bucket reads the model",
            key,
            "the stack's key",
            "set OutputDataConfig.KmsKeyId to the stack's key",
        )


def _judge_volume(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    key = job.request.read("ResourceConfig.VolumeKmsKeyId")
    types = [group.instance_type for each in job.capacities for group in each.groups]
    taking = [each for each in types if _may_take_a_key(each)]
    if taking and _is_no_customer_key(key):
        yield Violation(
            f"volumes without a key on {', '.join(map(str, taking))}",
            "training data lies on the volumes, encrypted with a key that is not the stack's",
            key,
            "the stack's key; only types with local NVMe disks take none",
            "set ResourceConfig.VolumeKmsKeyId to the stack's key",
        )


def _is_no_customer_key(key: Any) -> bool:
    """Whether there is no key, or one of AWS's own; a key that is not made yet is one."""
    return is_absent(key) or (isinstance(key, str) and "alias/aws/" in key)


def _may_take_a_key(type_: Any) -> bool:
    """Whether the service takes a volume key; it does of a type that nobody knows."""
    known = instance_types().get(type_) if isinstance(type_, str) else None
    return known is None or not known.has_local_storage


OUTPUT_KEY = Policy(
    name="training-output-key",
    display_name="Models are encrypted with a customer's key",
    description="Checks that a training job encrypts its output with a customer's own key.",
    severity="high",
    controls=_CONTROLS,
    remediation="Give the job's output the stack's key.",
    applies=may_be_training_job,
    judge=for_jobs(_judge_output),
)

VOLUME_KEY = Policy(
    name="training-volume-key",
    display_name="Volumes are encrypted with a customer's key",
    description="Checks that a training job encrypts its volumes with a customer's own key, on "
    "instance types that take one.",
    severity="high",
    controls=_CONTROLS,
    remediation="Give the job's volumes the stack's key.",
    applies=may_be_training_job,
    judge=for_jobs(_judge_volume),
)
