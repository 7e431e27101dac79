"""A job's record in the form of DescribeTrainingJob and ListTrainingJobs."""

from __future__ import annotations

import copy
from typing import Any

from localcloud.sagemaker.jobs import statuses, warm_pools
from localcloud.sagemaker.jobs.records import TrainingJob

Document = dict[str, Any]

_NOT_SHOWN = {"Tags", "SessionChainingConfig"}
_FLAGS = (
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)


def describe(job: TrainingJob, now: float = 0.0) -> Document:
    """The answer of DescribeTrainingJob: the request, and what the service adds.

    `now` is the time of the call in epoch seconds; 0 for the time of the last change.
    """
    return {
        **_request(job),
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": statuses.status(job),
        "SecondaryStatus": statuses.secondary_status(job),
        "SecondaryStatusTransitions": [
            _present(
                Status=row.status,
                StartTime=row.start,
                EndTime=row.end,
                StatusMessage=row.message,
            )
            for row in job.transitions
        ],
        "ModelArtifacts": {
            "S3ModelArtifacts": model_uri(job) if statuses.kept_model(job) else "",
        },
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "ProfilingStatus": "Enabled" if _profiled(job) else "Disabled",
        **warm_pools.shown(job, now or job.modified),
        **_present(
            TuningJobArn=job.tuning_job_arn or None,
            FailureReason=statuses.failure_reason(job),
            TrainingStartTime=statuses.training_start(job),
            TrainingEndTime=statuses.training_end(job),
            TrainingTimeInSeconds=statuses.training_seconds(job),
            BillableTimeInSeconds=statuses.billable_seconds(job),
            FinalMetricDataList=_metrics(job) or None,
        ),
    }


def _profiled(job: TrainingJob) -> bool:
    config = job.request.get("ProfilerConfig")
    return config is not None and not config.get("DisableProfiler")


def summarise(job: TrainingJob, now: float) -> Document:
    """The job's entry in ListTrainingJobs."""
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingJobStatus": statuses.status(job),
        "SecondaryStatus": statuses.secondary_status(job),
        **_present(TrainingEndTime=statuses.training_end(job)),
        **warm_pools.shown(job, now),
    }


def output_uri(job: TrainingJob) -> str:
    """The S3 URI of the folder with the job's output, without a final slash."""
    path: str = job.request["OutputDataConfig"]["S3OutputPath"]
    return f"{path.rstrip('/')}/{job.name}/output"


def model_uri(job: TrainingJob) -> str:
    """The S3 URI of the model: an archive, or a folder if it is not compressed."""
    compression = job.request["OutputDataConfig"].get("CompressionType", "GZIP")
    return f"{output_uri(job)}/model" + (".tar.gz" if compression == "GZIP" else "/")


def _request(job: TrainingJob) -> Document:
    """The request, with the defaults that the service shows."""
    shown = {name: value for name, value in job.request.items() if name not in _NOT_SHOWN}
    document = copy.deepcopy(shown)
    for channel in document.get("InputDataConfig", []):
        channel.setdefault("CompressionType", "None")
        channel.setdefault("RecordWrapperType", "None")
    document["AlgorithmSpecification"].setdefault("EnableSageMakerMetricsTimeSeries", False)
    output = document["OutputDataConfig"]
    output.setdefault("KmsKeyId", "")
    output.setdefault("CompressionType", "GZIP")
    if "CheckpointConfig" in document:
        document["CheckpointConfig"].setdefault("LocalPath", "/opt/ml/checkpoints")
    condition = document.setdefault("StoppingCondition", {})
    condition.setdefault("MaxRuntimeInSeconds", statuses.DEFAULT_MAX_RUNTIME)
    return {**dict.fromkeys(_FLAGS, False), **document}


def _metrics(job: TrainingJob) -> list[Document]:
    return [
        {"MetricName": metric.name, "Value": metric.value, "Timestamp": metric.time}
        for metric in job.metrics
    ]


def _present(**values: Any) -> Document:
    return {name: value for name, value in values.items() if value is not None}
