"""The best of the last runs of a recurring job, by a metric that SageMaker recorded.

It asks SageMaker, as the platform's outputs have only the newest run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

_RECURRING_TAG = "sagemaker-training:recurring"
_OWNER_TAG = "sagemaker-training:owner"

_RUNS = range(1, 101)
"""How many runs may be compared: one page of a search."""

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Best:
    """What makes a run the best: the metric, whether more of it is better, and among how many."""

    metric: str
    maximize: bool
    of: int

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Best:
        """The setting `best`.

        Raises:
            ValueError: it is neither `{maximize, of}` nor `{minimize, of}`.
        """
        names, of = value.keys() - {"of"}, value.get("of")
        metric = value.get("maximize", value.get("minimize"))
        is_number = isinstance(of, int | float) and not isinstance(of, bool)
        if len(names) != 1 or not isinstance(metric, str) or not is_number or of not in _RUNS:
            raise ValueError(
                f"best: {dict(value)} — a metric, and a number of runs from 1 to 100, are "
                "expected.\nRemedy: write {maximize: accuracy, of: 4}, or {minimize: loss, of: 4}."
            )
        return cls(metric, "maximize" in value, int(value["of"]))


@dataclass(frozen=True)
class Run:
    """One completed run, with what its registry entry says of it."""

    name: str
    arn: str
    model_uri: str
    metrics: dict[str, float]


def best_run(sagemaker: Any, newest_arn: str, best: Best) -> Run:
    """The best of the last completed runs of the job whose newest run is given.

    Of equal runs it is the newest. A run without the metric does not count.

    Raises:
        ValueError: the job does not recur, or no run has the metric.
    """
    tags = _tags(sagemaker, newest_arn)
    if _RECURRING_TAG not in tags:
        raise ValueError(
            f"{newest_arn or 'a job that is not launched'} is no run of a recurring job.\n"
            "Remedy: set recurring: true in the job's settings, or remove best here."
        )
    newest = newest_arn.rpartition("/")[2]
    runs = [_run(job) for job in _completed(sagemaker, newest, tags, best.of)]
    measured = [run for run in runs if best.metric in run.metrics]
    if not measured:
        raise ValueError(
            f"None of the last {best.of} completed runs of {tags[_RECURRING_TAG]} has the metric "
            f"{best.metric}; completed: {', '.join(run.name for run in runs) or 'none'}.\n"
            "Remedy: name one of the job's metrics, or wait until a run has completed."
        )
    sign = 1 if best.maximize else -1
    return max(measured, key=lambda run: sign * run.metrics[best.metric])


def _completed(sagemaker: Any, newest: str, tags: Tags, most: int) -> list[dict[str, Any]]:
    """The descriptions of the newest completed jobs, newest first.

    Search is late, so the newest run is asked for by its name.
    """
    names = dict.fromkeys([newest, *islice(_found(sagemaker, tags), most)])
    jobs = [sagemaker.describe_training_job(TrainingJobName=name) for name in names]
    completed = [job for job in jobs if job["TrainingJobStatus"] == "Completed"]
    return sorted(completed, key=lambda job: job["CreationTime"], reverse=True)[:most]


def _found(sagemaker: Any, tags: Tags) -> Iterator[str]:
    """The names of the newest hundred completed jobs of all runs, as Search shows them."""
    wanted = {f"Tags.{key}": tags[key] for key in (_RECURRING_TAG, _OWNER_TAG)}
    wanted["TrainingJobStatus"] = "Completed"
    filters = [{"Name": k, "Operator": "Equals", "Value": v} for k, v in wanted.items()]
    page = sagemaker.search(
        Resource="TrainingJob",
        SearchExpression={"Filters": filters},
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=100,
    )
    for each in page["Results"]:
        yield each["TrainingJob"]["TrainingJobName"]


def _tags(sagemaker: Any, arn: str) -> Tags:
    if not arn:
        return {}
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _run(job: Mapping[str, Any]) -> Run:
    metrics = job.get("FinalMetricDataList", [])
    return Run(
        job["TrainingJobName"],
        job["TrainingJobArn"],
        job["ModelArtifacts"]["S3ModelArtifacts"],
        {each["MetricName"]: float(each["Value"]) for each in metrics},
    )
