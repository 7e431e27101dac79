"""Records and requests of tuning jobs for tests."""

from __future__ import annotations

import copy
from typing import Any

from localcloud.sagemaker.tuning.tuning_records import Trial, TuningJob
from tests.localcloud.cloud import Cloud, eventually

RANGES: dict[str, Any] = {
    "ContinuousParameterRanges": [
        {"Name": "rate", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}
    ],
    "CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b", "c"]}],
}
REQUEST: dict[str, Any] = {
    "HyperParameterTuningJobName": "tuning",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 10, "MaxParallelTrainingJobs": 3},
        "ParameterRanges": RANGES,
        "RandomSeed": 7,
    },
    "TrainingJobDefinition": {
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "AlgorithmSpecification": {
            "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": r"loss=(\S+)"}],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://training-artifacts/output"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    },
}
"""A request that CreateHyperParameterTuningJob accepts, in a cloud with the bucket and the role."""
_SCRIPT_MODE = {
    "sagemaker_program": "main.py",
    "sagemaker_submit_directory": "/opt/ml/input/data/code",
}


def changed(request: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of a request in which values are replaced, by their paths; None removes one."""
    result = copy.deepcopy(request)
    for path, value in changes.items():
        *folders, last = path.split(".")
        place = result
        for folder in folders:
            place = place.setdefault(folder, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = copy.deepcopy(value)
    return result


CONFIG = "HyperParameterTuningJobConfig"
DEFINITION = "TrainingJobDefinition"
LIMITS = f"{CONFIG}.ResourceLimits"


def tuning_job(**changes: Any) -> TuningJob:
    """A tuning job of the request REQUEST; `__` in the name of a change is a path's dot."""
    request = changed(REQUEST, {name.replace("__", "."): each for name, each in changes.items()})
    return TuningJob("tuning", "123456789012", "us-east-1", request, 1000.0, 1000.0, seed=7)


def add_trial(job: TuningJob, *values: float, status: str = "Completed", **changes: Any) -> Trial:
    """Adds a trial that printed these values."""
    number = len(job.trials) + 1
    trial = Trial(
        number=number,
        tuning=job.name,
        name=f"{job.name}-{number:03}-00000000",
        parameters={"rate": str(number / 1000), "kind": "a"},
        status=status,
        created=1000.0 + number,
        values=list(values),
        value=values[-1] if values else None,
        ended=None if status in {"", "InProgress", "Stopping"} else 2000.0 + number,
    )
    for name, each in changes.items():
        setattr(trial, name, each)
    job.trials.append(trial)
    return trial


def request_of(cloud: Cloud, name: str, script: str, **changes: Any) -> dict[str, Any]:
    """A request for a tuning job whose trials run a script, as SageMaker's script mode does."""
    made = cloud.request(script)
    return changed(
        REQUEST,
        {
            "HyperParameterTuningJobName": name,
            f"{DEFINITION}.InputDataConfig": made["InputDataConfig"],
            f"{DEFINITION}.RoleArn": made["RoleArn"],
            f"{DEFINITION}.EnableNetworkIsolation": True,
            f"{DEFINITION}.StaticHyperParameters": _SCRIPT_MODE,
            **{path.replace("__", "."): each for path, each in changes.items()},
        },
    )


def with_launcher(cloud: Cloud, request: dict[str, Any], launcher: str) -> dict[str, Any]:
    """The request with a launcher in its code channel, as for images of a user's own."""
    source = request[DEFINITION]["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    prefix = source["S3Uri"].removeprefix(f"s3://{cloud.bucket}/")
    cloud.put(f"{prefix}launcher.py", launcher.encode())
    return changed(request, {f"{DEFINITION}.StaticHyperParameters": None})


def describe(cloud: Cloud, name: str) -> dict[str, Any]:
    return dict(
        cloud.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    )


def trials(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """The summaries of a tuning job's trials, the first one first."""
    answer = cloud.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, MaxResults=100, SortOrder="Ascending"
    )
    return list(answer["TrainingJobSummaries"])


def ended(cloud: Cloud, name: str) -> dict[str, Any]:
    """A tuning job's description when it has ended."""

    def finished() -> dict[str, Any] | None:
        answer = describe(cloud, name)
        return answer if answer["HyperParameterTuningJobStatus"] not in LIVE else None

    return eventually(finished)


LIVE = {"InProgress", "Stopping"}
