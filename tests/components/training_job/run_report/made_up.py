"""Lineages as they are read from AWS: one that had much to go through, and one that is tuned."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from components.training_job.reader.points import Point
from components.training_job.reader.run_attempts import Attempt
from components.training_job.reader.tunings import FoundTuning, Tuning
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run_report.contents import Found
from components.training_job.tuning.trials import Trial

BEGIN = datetime(2026, 11, 1, 8, tzinfo=UTC)
NOW = BEGIN + timedelta(days=3)
LINEAGE = "research-dev-llm"
HOSTILE = "<script>alert('1')</script>\"&"
PLACE = "arn:aws:sagemaker:us-east-1:123456789012"
HOUR = 3600.0
TAGS = {"team": "research", "stack": "research-dev"}


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def visits(begin: float, *phases: tuple[str, float]) -> list[dict[str, Any]]:
    """Statuses that follow each other, each for so many seconds."""
    found = []
    for status, seconds in phases:
        end = begin + seconds
        found.append(
            {"Status": status, "StartTime": at(begin), "EndTime": at(end), "StatusMessage": status}
        )
        begin = end
    return found


def attempt(
    number: int, begin: float, phases: Sequence[tuple[str, float]], **changes: Any
) -> Attempt:
    """A job that went through these phases, and completed."""
    name = f"{LINEAGE}-0123456{number}-1"
    expected = changes.pop("expected", None)
    end = begin + sum(seconds for _, seconds in phases)
    training = round(sum(seconds for status, seconds in phases if status == "Training"))
    description = {
        "TrainingJobName": name,
        "TrainingJobArn": f"{PLACE}:training-job/{name}",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": at(begin),
        "TrainingEndTime": at(end),
        "LastModifiedTime": at(end),
        "TrainingTimeInSeconds": training,
        "BillableTimeInSeconds": round(training * 0.31),
        "SecondaryStatusTransitions": visits(begin, *phases),
        "AlgorithmSpecification": {"TrainingImage": "image@sha256:00"},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 36000, "MaxWaitTimeInSeconds": 72000},
        "OutputDataConfig": {"S3OutputPath": f"s3://bucket/output/{LINEAGE}"},
        "ResourceConfig": {
            "InstanceType": "ml.g5.2xlarge",
            "InstanceCount": 2,
            "VolumeSizeInGB": 100,
        },
        "CheckpointConfig": {"S3Uri": f"s3://bucket/checkpoints/{LINEAGE}/"},
        **changes,
    }
    made_of = record(number, name) | ({"expected_seconds": expected} if expected else {})
    return Attempt(description, {**TAGS, LINEAGE_TAG: LINEAGE}, made_of)


def earlier(hours: float = 5, number: int = 1, lineage: str = LINEAGE) -> dict[str, Any]:
    """A job of the stack that trained for so long, and was interrupted once, long before."""
    begin = -1000 * HOUR + number
    phases = [
        ("Starting", 600.0), ("Downloading", 300.0), ("Training", hours * HOUR / 2),
        ("Interrupted", 60.0), ("Starting", 600.0), ("Downloading", 300.0),
        ("Training", hours * HOUR / 2),
    ]  # fmt: skip
    tags = [{"Key": key, "Value": value} for key, value in {**TAGS, LINEAGE_TAG: lineage}.items()]
    return {**attempt(number, begin, phases).description, "Tags": tags}


def record(number: int, name: str = "", **hyperparameters: str) -> dict[str, Any]:
    """What a run was made of, as `run.json` has it."""
    parameters = {"epochs": str(number), "learning-rate": "3e-4", "seed": "7", **hyperparameters}
    return {
        "training_job": name,
        "definition_hash": f"0123456{number}",
        "definition": {
            "algorithm": {"TrainingImage": "image@sha256:00"},
            "hyperparameters": parameters,
            "environment": {},
            "inputs": [],
            "instances": ["ml.g5.2xlarge", 2],
            "artifacts": f"s3://bucket/output/{LINEAGE}",
            "source": "5eed5eed",
            "run": "",
        },
        "image_digest": "sha256:00",
        "source_hash": "5eed5eed",
        "source_uri": f"s3://bucket/source/{LINEAGE}/5eed5eed/",
        "revision": {"commit": "c0ffee" * 6 + "c0de", "modified": False},
        "seeds": {"seed": "7"},
        "versions": {"python": "3.11.7", "boto3": "1.44.5"},
        "request": {
            "AlgorithmSpecification": {"TrainingImage": "image@sha256:00"},
            "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "VolumeSizeInGB": 100 * number},
        },
    }


def points(
    begin: float, end: float, first: int, last: int, metrics: Sequence[str] = ("loss", "accuracy")
) -> list[Point]:
    """The points of steps that were trained between two times."""
    source = random.Random(first)  # noqa: S311 - made-up values
    found = []
    for step in range(first, last):
        seconds = begin + (end - begin) * (step - first) / max(last - first, 1)
        for metric in metrics:
            value = 2.5 * math.exp(-step / 900) + 0.35 + source.gauss(0, 0.03)
            value = 1 - value / 3 if metric == "accuracy" else value
            found.append(Point(metric, step, value, round(at(seconds).timestamp() * 1000)))
    return found


def interrupted(first: int = 0, begin: float = 0) -> tuple[Attempt, list[Point]]:
    """An attempt that was interrupted once, and then paused."""
    phases = [
        ("Starting", 600.0), ("Downloading", 300.0), ("Training", HOUR), ("Interrupted", 900.0),
        ("Starting", 300.0), ("Downloading", 300.0), ("Training", HOUR), ("Stopping", 90.0),
        ("Uploading", 60.0),
    ]  # fmt: skip
    stopped = {"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}
    own = points(begin + 900, begin + 4500, first, first + 1000)
    own += points(begin + 6000, begin + 9600, first + 900, first + 1900)
    return attempt(1, begin, phases, **stopped), own


def failed() -> tuple[Attempt, list[Point]]:
    """An attempt that fails soon, on the next morning."""
    begin = 16 * HOUR
    phases = [("Starting", 300.0), ("Downloading", 200.0), ("Training", 200.0), ("Uploading", 10.0)]
    reason = "AlgorithmError: ValueError: hidden is 128, and the checkpoint has 256"
    return attempt(
        2, begin, phases, TrainingJobStatus="Failed", SecondaryStatus="Failed", FailureReason=reason
    ), []


def completed() -> tuple[Attempt, list[Point]]:
    begin = 17 * HOUR
    phases = [
        ("Starting", 1200.0), ("Downloading", 300.0), ("Training", 2 * HOUR), ("Uploading", 120.0),
    ]  # fmt: skip
    model = {"S3ModelArtifacts": f"s3://bucket/output/{LINEAGE}/model.tar.gz"}
    own = points(begin + 1500, begin + 8700, 1900, 4000)
    own.append(Point("test_accuracy", 4000, 0.874, round(at(begin + 8700).timestamp() * 1000)))
    return attempt(3, begin, phases, ModelArtifacts=model), own


def eventful() -> Found:
    """A lineage with an interruption, a pause, a failed attempt and a good end."""
    return Found(
        LINEAGE,
        [interrupted(), failed(), completed()],
        earlier=[earlier(number=each) for each in range(3)],
    )


def tuned(trials: int = 40, name: str = "learning-rate") -> Found:
    """A lineage that is tuned."""
    tuning = tuning_job(1, trials, name)
    return Found(LINEAGE, tunings=[tuning], earlier=[earlier(number=each) for each in range(3)])


def tuning_job(
    attempt: int, trials: int, name: str = "learning-rate", **changes: Any
) -> FoundTuning:
    """An attempt at tuning the lineage, with its trials."""
    source = random.Random(7 * attempt)  # noqa: S311 - made-up values
    begin, job = (attempt - 1) * 10 * HOUR, f"t1234567-llm-01234567-{attempt}"
    description = {
        "HyperParameterTuningJobName": job,
        "HyperParameterTuningJobArn": f"{PLACE}:hyper-parameter-tuning-job/{job}",
        "HyperParameterTuningJobStatus": "Completed",
        "CreationTime": at(begin),
        "HyperParameterTuningEndTime": at(begin + 6 * HOUR),
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": 4},
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "val_loss"},
        },
        "TrainingJobDefinition": {
            "OutputDataConfig": {"S3OutputPath": f"s3://bucket/output/{LINEAGE}"},
            "EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
            "ResourceConfig": {
                "InstanceType": "ml.g5.2xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 100,
            },
            "CheckpointConfig": {"S3Uri": f"s3://bucket/checkpoints/{LINEAGE}/"},
        },
        "TrainingJobStatusCounters": {"Completed": trials - 2, "NonRetryableError": 1},
        "ObjectiveStatusCounters": {"Succeeded": trials - 1},
        **changes,
    }
    made_of = record(1) | {"expected_seconds": 900}
    made = [_trial(job, begin, number, name, source) for number in range(trials)]
    return Tuning(description, made_of, {**TAGS, LINEAGE_TAG: LINEAGE}), made


def _trial(job: str, begin: float, number: int, name: str, source: random.Random) -> Trial:
    rate, layers = 10 ** source.uniform(-5, -2), source.randint(2, 8)
    optimizer = source.choice(["adamw", "sgd", "lion"])
    loss = 0.3 + abs(math.log10(rate) + 3.4) / 3 + abs(layers - 5) / 30 + source.gauss(0, 0.02)
    status = "Failed" if number == 5 else "Stopped" if number == 9 else "Completed"
    return Trial(
        name=f"{job}-{number + 1:03}-0123abcd",
        status=status,
        objective=None if status == "Failed" else loss,
        hyperparameters={
            name: f"{rate:.3g}",
            "layers": str(layers),
            "optimizer": optimizer,
            "dropout": f"{source.uniform(0, 0.5):.3f}",
            "epochs": "10",
        },
        started=at(begin + number * 500).isoformat(),
        seconds=source.randint(300, 1500),
        cost_usd=round(source.uniform(0.1, 0.6), 4),
        failure_reason="AlgorithmError: CUDA out of memory" if status == "Failed" else "",
    )
