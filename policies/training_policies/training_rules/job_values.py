"""The values that properties of a training job must have.

The paths are those of the CreateTrainingJob request, by whatever route the job is made.
"""

from __future__ import annotations

from typing import Any

from training_policies.compliance import nist, prowler
from training_policies.instances import instance_types
from training_policies.parameters import (
    PRODUCTION_ENVIRONMENTS,
    flag,
    is_production,
    matches,
    number,
    texts,
)
from training_policies.policy import Parameters
from training_policies.training_job import Capacity, TrainingJobView
from training_policies.training_rules.job_rules import TRAINING_JOBS
from training_policies.training_rules.spot import may_run_on_spot
from training_policies.value_rules import (
    Expected,
    above_zero,
    absent_or,
    at_most,
    customer_key,
    exactly,
    present,
    value_rule,
)

_ENCRYPTION = [
    prowler("sagemaker_training_jobs_volume_and_output_encryption_enabled"),
    nist("SC-28"),
]


def _has_several_instances(job: TrainingJobView, _: Parameters) -> bool:
    """Whether any attempt has more than one instance; a count that can't be read may be any."""
    return any(_instances(each) > 1 for each in job.capacities)


def _instances(capacity: Capacity) -> int:
    counts = [group.count for group in capacity.groups]
    return sum(count if isinstance(count, int) else 2 for count in counts)


def _has_volumes_that_take_a_key(job: TrainingJobView, _: Parameters) -> bool:
    types = [group.instance_type for each in job.capacities for group in each.groups]
    return any(_takes_a_key(each) for each in types)


def _takes_a_key(type_: Any) -> bool:
    """Whether the service takes a volume key for a type; it may for a type that is not known."""
    known = instance_types().get(type_) if isinstance(type_, str) else None
    return known is None or not known.has_local_storage


def _fetches_secrets(job: TrainingJobView) -> bool:
    """Whether the launcher fetches a secret for the job, by the setting `secrets`."""
    environment = job.request.read("Environment")
    return isinstance(environment, dict) and any(
        each.startswith("SECRET_ARN_") for each in environment
    )


def _is_in_production(_: TrainingJobView, parameters: Parameters) -> bool:
    return is_production(parameters.stack.environment or None, parameters)


JOB_VALUES = (
    value_rule(
        "training-spot-checkpoints",
        "a training job on spot capacity has a checkpoint location",
        "high",
        TRAINING_JOBS,
        ["CheckpointConfig.S3Uri"],
        present("an S3 location"),
        where=lambda job, _: may_run_on_spot(job),
        why="an interruption loses all the work since the job was launched",
        remedy="give the job a checkpoint location and let its script write checkpoints, or run "
        "it on demand",
        controls=[nist("CP-10")],
    ),
    value_rule(
        "training-runtime-limit",
        "a training job says how long it may run",
        "high",
        TRAINING_JOBS,
        ["StoppingCondition.MaxRuntimeInSeconds"],
        above_zero("seconds"),
        why="a job that hangs is billed until its limit, which is a day where none is set, and a "
        "cost ceiling needs one",
        controls=[nist("SC-6")],
    ),
    value_rule(
        "training-warm-pool",
        "a training job keeps its instances no longer than is allowed",
        "medium",
        TRAINING_JOBS,
        ["ResourceConfig.KeepAlivePeriodInSeconds"],
        absent_or(at_most("maximumSeconds", "s")),
        why="instances that are kept warm are billed as if they trained, and no spot discount "
        "applies",
        remedy="shorten KeepAlivePeriodInSeconds, or remove it",
        controls=[nist("SC-6")],
        parameters={
            "maximumSeconds": number(
                1800,
                "How long instances may be kept after a job, in seconds.",
                minimum=0,
                maximum=21_600,
            )
        },
    ),
    value_rule(
        "training-plan",
        "a training job uses only training plans that are allowed",
        "medium",
        TRAINING_JOBS,
        ["ResourceConfig.TrainingPlanArn"],
        absent_or(Expected(matches, "the ARN of a training plan, one of {}", "plans")),
        why="a plan was bought for somebody, and what runs on it counts for no cost quota",
        controls=[nist("SC-6")],
        parameters={
            "plans": texts(
                ["arn:aws*:sagemaker:*:training-plan/*"],
                "Patterns of the ARNs of training plans that jobs may use.",
            )
        },
    ),
    value_rule(
        "training-pending-time",
        "a training job waits for capacity no longer than is allowed, if it says how long",
        "low",
        TRAINING_JOBS,
        ["StoppingCondition.MaxPendingTimeInSeconds"],
        absent_or(at_most("maximumSeconds", "s")),
        why="a job that waits uses its place in the team's quota, and in the account's",
        remedy="shorten MaxPendingTimeInSeconds, or remove it",
        controls=[nist("SC-6")],
        parameters={
            "maximumSeconds": number(
                2_419_200,
                "How long a job may say that it waits for capacity, in seconds.",
                minimum=1800,
                maximum=2_419_200,
            )
        },
    ),
    value_rule(
        "training-network-isolation",
        "the containers of a training job have no network",
        "high",
        TRAINING_JOBS,
        ["EnableNetworkIsolation"],
        exactly(True),
        where=lambda job, parameters: not (parameters["withSecrets"] and _fetches_secrets(job)),
        why="a container with a network and credentials can send data and models anywhere that "
        "its role and its subnets reach",
        remedy="set EnableNetworkIsolation to true, and read inputs through channels",
        controls=[prowler("sagemaker_training_jobs_network_isolation_enabled"), nist("SC-7")],
        parameters={
            "withSecrets": flag(
                "Whether a job that fetches secrets, which needs a network, may have one."
            )
        },
    ),
    value_rule(
        "training-traffic-encryption",
        "a training job of more than one instance encrypts its traffic",
        "high",
        TRAINING_JOBS,
        ["EnableInterContainerTrafficEncryption"],
        exactly(True),
        where=_has_several_instances,
        why="gradients and weights cross the network unencrypted",
        controls=[
            prowler("sagemaker_training_jobs_intercontainer_encryption_enabled"),
            nist("SC-8"),
        ],
    ),
    value_rule(
        "training-output-key",
        "a training job encrypts its output with a customer's own key",
        "high",
        TRAINING_JOBS,
        ["OutputDataConfig.KmsKeyId"],
        customer_key(),
        why="without a key of the stack's own, everyone who may read the bucket reads the model",
        controls=_ENCRYPTION,
    ),
    value_rule(
        "training-volume-key",
        "a training job encrypts its volumes with a customer's own key, on instance types that "
        "take one",
        "high",
        TRAINING_JOBS,
        ["ResourceConfig.VolumeKmsKeyId"],
        customer_key(),
        where=_has_volumes_that_take_a_key,
        why="training data is on the volumes, encrypted with a key that is not the stack's; only "
        "instance types with local NVMe disks take no key",
        controls=_ENCRYPTION,
    ),
    value_rule(
        "training-remote-debug",
        "no one can open a shell in a production job's container; an environment that is not known "
        "counts as production",
        "high",
        TRAINING_JOBS,
        ["RemoteDebugConfig.EnableRemoteDebug"],
        absent_or(exactly(False)),
        where=_is_in_production,
        why="a shell in the container reads all data and all credentials that the job has",
        remedy="remove RemoteDebugConfig, or debug in another environment",
        controls=[nist("AC-17")],
        parameters={"productionEnvironments": PRODUCTION_ENVIRONMENTS},
    ),
)
