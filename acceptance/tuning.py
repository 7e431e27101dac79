"""The tuning jobs of the acceptance: how they are read, and two that it launches by itself.

What AWS does not document about tuning can't be seen in the program's own tuning job only. So two
more are asked for: one with a role that does not trust tuning jobs, which AWS should refuse, and
one whose time is over before its trial ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from acceptance.platform_settings import OBJECTIVE, TRIAL_SECONDS, TUNED_JOB
from acceptance.scene import Scene
from components.training_job.run.outcome import LIVE_STATUSES

LIMIT_SECONDS = 120
"""The shortest time that a tuning job may have."""
RATE = {"Name": "rate", "MinValue": "0.1", "MaxValue": "1"}
"""The range of the only tuned value."""
Request = Mapping[str, Any]
_DEFINITION = (
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)
"""What the definition of trials takes over from a training job as it is."""


def tunings(scene: Scene) -> list[dict[str, Any]]:
    """The tuning jobs of the tuned job as SageMaker describes them, the oldest first."""
    return _described(scene, scene.site.tuning_job_prefix(TUNED_JOB))


def all_tunings(scene: Scene) -> list[dict[str, Any]]:
    """All tuning jobs of the stack, the acceptance's own too."""
    return _described(scene, scene.site.tuning_name_prefix)


def trials(scene: Scene, tuning: str) -> list[dict[str, Any]]:
    """The trials of a tuning job as SageMaker describes them, the oldest first."""
    sagemaker = scene.client("sagemaker")
    return [
        sagemaker.describe_training_job(TrainingJobName=each["TrainingJobName"])
        for each in summaries(scene, tuning)
    ]


def summaries(scene: Scene, tuning: str) -> list[dict[str, Any]]:
    """The summaries of a tuning job's trials, the oldest first: with values and objective."""
    pages = (
        scene.client("sagemaker")
        .get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
        .paginate(HyperParameterTuningJobName=tuning, SortBy="CreationTime", SortOrder="Ascending")
    )
    return [each for page in pages for each in page["TrainingJobSummaries"]]


def objective_of(summary: Mapping[str, Any]) -> float | None:
    """The objective of a trial, None for one without."""
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
    return None if metric is None else float(metric["Value"])


def succeeded_in(tuning: Mapping[str, Any]) -> int:
    """How many trials of a tuning job have an objective."""
    return int(tuning["ObjectiveStatusCounters"]["Succeeded"])


def limited_name(scene: Scene) -> str:
    """The name of the tuning job whose time is over before its trial ends."""
    return f"{scene.site.tuning_name_prefix}limit-1"


def launch_limited(scene: Scene, like: Mapping[str, Any]) -> None:
    """Launches one trial that waits, for the shortest time that a tuning job may have.

    If that is refused, the acceptance goes on without it.
    """
    limits = {
        "MaxNumberOfTrainingJobs": 1,
        "MaxParallelTrainingJobs": 1,
        "MaxRuntimeInSeconds": LIMIT_SECONDS,
    }
    definition = dict(like["TrainingJobDefinition"])
    given = definition.get("StaticHyperParameters", {})
    # The service adds some of its own, which no request may have.
    own = {key: value for key, value in given.items() if not key.startswith("_")}
    place = definition["CheckpointConfig"]["S3Uri"].replace(_name(like), limited_name(scene))
    definition |= {
        "StaticHyperParameters": own,
        "CheckpointConfig": {**definition["CheckpointConfig"], "S3Uri": place},
    }
    config = {**like["HyperParameterTuningJobConfig"], "ResourceLimits": limits}
    try:
        scene.client("sagemaker").create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=limited_name(scene),
            HyperParameterTuningJobConfig=config,
            TrainingJobDefinition=definition,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUse":  # launched before a crash
            scene.say(scene.masked(f"  A second tuning job was not launched: {error}"))


def refusal_of(scene: Scene, name: str, config: Request, definition: Request) -> str:
    """AWS's answer to a tuning job that it should refuse; empty if it was accepted.

    `config` and `definition` replace members of a tuning job of one trial. One that is accepted
    all the same is stopped at once.
    """
    sagemaker = scene.client("sagemaker")
    request = _small_tuning(scene.jobs()[0])
    try:
        sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig={**request.config, **config},
            TrainingJobDefinition={**request.definition, **definition},
        )
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    return ""


def trusts_tuning_jobs(scene: Scene) -> bool:
    """Whether the trust policy of the execution role names tuning jobs."""
    name = str(scene.outputs["sagemaker_execution_role_arn"]).rpartition("/")[2]
    role = scene.client("iam").get_role(RoleName=name)["Role"]
    return "hyper-parameter-tuning-job/" in str(role["AssumeRolePolicyDocument"])


def stop_tunings(scene: Scene) -> None:
    """Stops the tuning jobs that the acceptance has launched by itself, and waits for their end.

    Raises:
        TimeoutError: they did not end in time.

    """

    def look() -> bool | None:
        own = [each for each in all_tunings(scene) if TUNED_JOB not in _name(each)]
        for each in own:
            if each["HyperParameterTuningJobStatus"] == "InProgress":
                scene.client("sagemaker").stop_hyper_parameter_tuning_job(
                    HyperParameterTuningJobName=_name(each)
                )
        return None if any(map(is_running, own)) else True

    scene.wait(look, scene.patience.job, "the end of the tuning jobs")


def is_running(tuning: Mapping[str, Any]) -> bool:
    """Whether a tuning job has not ended."""
    return tuning["HyperParameterTuningJobStatus"] in LIVE_STATUSES


def _described(scene: Scene, prefix: str) -> list[dict[str, Any]]:
    sagemaker = scene.client("sagemaker")
    pages = sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate(
        NameContains=prefix, SortBy="CreationTime", SortOrder="Ascending"
    )
    found = [each for page in pages for each in page["HyperParameterTuningJobSummaries"]]
    return [
        sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=_name(each))
        for each in found
    ]


def _name(tuning: Mapping[str, Any]) -> str:
    return str(tuning["HyperParameterTuningJobName"])


@dataclass(frozen=True)
class _Small:
    """The two parts of the request for a small tuning job."""

    config: dict[str, Any]
    definition: dict[str, Any]


def _small_tuning(job: Mapping[str, Any]) -> _Small:
    """A tuning job of one trial, with what a training job of the stack has."""
    algorithm = {
        "TrainingImage": job["AlgorithmSpecification"]["TrainingImage"],
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": OBJECTIVE, "Regex": f"{OBJECTIVE}=([0-9.]+)"}],
    }
    resources = {**job["ResourceConfig"], "InstanceCount": 1}
    stopping = {"MaxRuntimeInSeconds": TRIAL_SECONDS, "MaxWaitTimeInSeconds": 2 * TRIAL_SECONDS}
    definition = {key: job[key] for key in _DEFINITION if key in job} | {
        "AlgorithmSpecification": algorithm,
        "ResourceConfig": resources,
        "StoppingCondition": stopping,
    }
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": OBJECTIVE},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": 1,
            "MaxParallelTrainingJobs": 1,
            "MaxRuntimeInSeconds": LIMIT_SECONDS,
        },
        "ParameterRanges": {"ContinuousParameterRanges": [RATE]},
    }
    return _Small(config, definition)
