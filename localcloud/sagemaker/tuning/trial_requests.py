"""The training job of a trial, as a CreateTrainingJob request."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from localcloud.sagemaker.tuning.tuning_records import TuningJob

Document = dict[str, Any]

OBJECTIVE_PARAMETER = "_tuning_objective_metric"
"""The hyperparameter that the service adds to each trial; its value is the metric's name."""
_TAKEN_OVER = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)
"""The members of a definition that a training job has too."""


def choices_of_instances(definition: Document) -> list[Document]:
    """The ResourceConfigs that a trial may have, the preferred one first."""
    if "ResourceConfig" in definition:
        return [definition["ResourceConfig"]]
    config = definition["HyperParameterTuningResourceConfig"]
    shared = {"VolumeKmsKeyId": config["VolumeKmsKeyId"]} if "VolumeKmsKeyId" in config else {}
    if configs := config.get("InstanceConfigs"):
        return [shared | each for each in configs]
    members = ("InstanceType", "InstanceCount", "VolumeSizeInGB")
    return [shared | {member: config[member] for member in members if member in config}]


def trial_request(
    job: TuningJob, name: str, parameters: Mapping[str, str], resources: Document
) -> Document:
    """The request for the training job of a trial, with one of its choices of instances.

    CheckpointConfig is the definition's own: AWS does not document that the trial's name is
    appended, so all trials share the prefix.
    """
    definition = job.definition
    taken = {member: definition[member] for member in _TAKEN_OVER if member in definition}
    return {
        **copy.deepcopy(taken),
        "ResourceConfig": dict(resources),
        "TrainingJobName": name,
        "HyperParameters": {
            **definition.get("StaticHyperParameters", {}),
            **parameters,
            OBJECTIVE_PARAMETER: job.objective,
        },
        "Tags": [{"Key": key, "Value": value} for key, value in job.tags.items()],
    }
