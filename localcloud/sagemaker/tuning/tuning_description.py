"""A tuning job's record in the form of Describe, of the lists and of Search."""

from __future__ import annotations

import copy
import math
from collections import Counter
from typing import Any

from localcloud.sagemaker.jobs.records import training_job_arn
from localcloud.sagemaker.tuning.scheduler import not_improving
from localcloud.sagemaker.tuning.tuning_records import Trial, TuningJob

Document = dict[str, Any]

_WARM_START = "WarmStartConfig"


def describe(job: TuningJob, now: float = 0.0) -> Document:
    """The answer of DescribeHyperParameterTuningJob: the request, and what the service adds.

    `now` is the time of the call in epoch seconds; 0 for the time of the last change.
    """
    return {
        **_identity(job),
        "HyperParameterTuningJobConfig": _config(job),
        "TrainingJobDefinition": _definition(job),
        "TuningJobCompletionDetails": _present(
            NumberOfTrainingJobsObjectiveNotImproving=not_improving(job),
            ConvergenceDetectedTime=job.converged,
        ),
        "ConsumedResources": {
            "RuntimeInSeconds": math.ceil((job.ended or now or job.modified) - job.created)
        },
        **_present(
            BestTrainingJob=_summary_or_none(job, job.best),
            OverallBestTrainingJob=_overall_best(job),
            WarmStartConfig=copy.deepcopy(job.request.get(_WARM_START)),
            FailureReason=job.end.reason or None if job.ended and job.end else None,
        ),
    }


def summarise(job: TuningJob) -> Document:
    """The job's entry in ListHyperParameterTuningJobs."""
    return {
        **_identity(job),
        "Strategy": job.config["Strategy"],
        "ResourceLimits": dict(job.config["ResourceLimits"]),
    }


def summarise_trial(job: TuningJob, trial: Trial) -> Document:
    """A trial in ListTrainingJobsForHyperParameterTuningJob and as the best training job."""
    objective: Document = {
        "Type": job.config["HyperParameterTuningJobObjective"]["Type"],
        "MetricName": job.objective,
        "Value": trial.value,
    }
    return {
        "TrainingJobName": trial.name,
        "TrainingJobArn": training_job_arn(*job.place, trial.name),
        "TuningJobName": trial.tuning,
        "CreationTime": trial.created,
        "TrainingJobStatus": trial.status,
        "TunedHyperParameters": dict(trial.parameters),
        "ObjectiveStatus": trial.objective_status,
        **_present(
            TrainingJobDefinitionName=job.definition.get("DefinitionName"),
            TrainingStartTime=trial.started,
            TrainingEndTime=trial.ended,
            FailureReason=trial.failure or None,
            FinalHyperParameterTuningJobObjectiveMetric=(
                objective if trial.objective_status == "Succeeded" else None
            ),
        ),
    }


def shown_trials(job: TuningJob) -> list[Trial]:
    """The trials whose training jobs were created."""
    return [each for each in job.trials if each.status]


def _identity(job: TuningJob) -> Document:
    return {
        "HyperParameterTuningJobName": job.name,
        "HyperParameterTuningJobArn": job.arn,
        "HyperParameterTuningJobStatus": job.status,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        **_present(HyperParameterTuningEndTime=job.ended),
        **_counters(job),
    }


def _counters(job: TuningJob) -> Document:
    """How many trials have which status; an error that the service retries is none of them."""
    statuses = Counter(each.status for each in shown_trials(job))
    objectives = Counter(each.objective_status for each in shown_trials(job))
    return {
        "TrainingJobStatusCounters": {
            "Completed": statuses["Completed"],
            "InProgress": statuses["InProgress"] + statuses["Stopping"],
            "RetryableError": 0,
            "NonRetryableError": statuses["Failed"],
            "Stopped": statuses["Stopped"],
        },
        "ObjectiveStatusCounters": {
            name: objectives[name] for name in ("Succeeded", "Pending", "Failed")
        },
    }


def _config(job: TuningJob) -> Document:
    config = copy.deepcopy(job.config)
    config.setdefault("TrainingJobEarlyStoppingType", "Off")
    ranges = config.get("ParameterRanges", {})
    for kind in ("IntegerParameterRanges", "ContinuousParameterRanges"):
        for each in ranges.get(kind, []):
            each.setdefault("ScalingType", "Auto")
    for kind in (
        "IntegerParameterRanges",
        "ContinuousParameterRanges",
        "CategoricalParameterRanges",
    ):
        ranges.setdefault(kind, [])
    return config


def _definition(job: TuningJob) -> Document:
    """The definition, with the defaults that the service shows."""
    definition = copy.deepcopy(job.definition)
    static = definition.setdefault("StaticHyperParameters", {})
    static.setdefault("_tuning_objective_metric", job.objective)
    for flag in (
        "EnableNetworkIsolation",
        "EnableInterContainerTrafficEncryption",
        "EnableManagedSpotTraining",
    ):
        definition.setdefault(flag, False)
    for channel in definition.get("InputDataConfig", []):
        channel.setdefault("CompressionType", "None")
        channel.setdefault("RecordWrapperType", "None")
    return definition


def _overall_best(job: TuningJob) -> Document | None:
    """The best of the job's and its parents' trials, for identical data and algorithm only."""
    if job.request.get(_WARM_START, {}).get("WarmStartType") != "IdenticalDataAndAlgorithm":
        return None
    own, inherited = job.best, job.best_inherited
    if own is None or inherited is None or own.value is None or inherited.value is None:
        return _summary_or_none(job, own or inherited)
    better = own.value < inherited.value if job.minimises else own.value > inherited.value
    return summarise_trial(job, own if better else inherited)


def _summary_or_none(job: TuningJob, trial: Trial | None) -> Document | None:
    return None if trial is None else summarise_trial(job, trial)


def _present(**values: Any) -> Document:
    return {name: value for name, value in values.items() if value is not None}
