"""The states of the watchdog that report idle jobs.

SageMaker measures the use of each host once a minute. A job is idle if no host has used more than
a little for the whole time of the setting. It is only reported: a script that loads data looks
the same, and the machine can't know which of the two it is.

The trials of a tuning job are looked at too, as each of them has instances of its own.
"""

from __future__ import annotations

import json
import math

from components.alerts.alert_settings import IdleSettings
from components.alerts.job_kinds import TRAINING_JOB
from components.alerts.watch import (
    State,
    Watch,
    decide,
    expression,
    find_training_jobs,
    for_each,
    is_own_and_new,
    mark,
    more_pages,
    remember,
    report,
)
from components.durations import format_duration
from components.site import TRAINING_LOGS
from components.training_job.request.job_tags import IDLE_TAG

IDLE_PERCENT = 5
"""The use of one GPU, or of one processor core, up to which a host is idle. A script that waits
uses less than one percent; one that trains uses more within each few minutes. SageMaker adds
up the GPUs of a host, and its cores."""

FIRST_STATE = "RememberForIdle"

_MOST_HOSTS = 100
"""The hosts of a job that are read, the first ones: a state has at most 256 KiB."""

_MOST_PERIODS = 12
"""The values of a host that are read: the highest of each part of the time."""

_GROUPS = (
    "($of := $states.result.ResourceConfig; $exists($of.SelectedInstanceType) "
    '? [{"type": $of.SelectedInstanceType, "count": $of.SelectedInstanceCount}] '
    ": $count($of.InstanceGroups) > 0 "
    '? [$of.InstanceGroups.{"type": InstanceType, "count": InstanceCount}] '
    ': [{"type": $of.InstanceType, "count": $of.InstanceCount}])'
)
"""JSONata: the instance types of a job, and how many it has of each."""

_READ = (
    "$gpus := $states.result.MetricDataResults[$substring(Id, 0, 3) = 'gpu']; "
    "$has := $count($gpus.Values) > 0; "
    "$read := $has ? $gpus : $states.result.MetricDataResults"
)
"""JSONata: the results that say whether a job is idle, those of GPUs if there are any."""


def idle_states(watch: Watch, idle: IdleSettings, following: str) -> dict[str, State]:
    """The states that look at all running training jobs, and the state that follows them."""
    site = watch.site
    prefixes = [site.job_name_prefix, *([site.tuning_name_prefix] if watch.tunes else [])]
    return {
        FIRST_STATE: remember(idle.after, "FindRunningJobs"),
        "FindRunningJobs": {**find_training_jobs(watch, prefixes), "Next": "EachRunningJob"},
        "EachRunningJob": for_each(_each_job(watch, idle), "AreThereMoreRunning"),
        "AreThereMoreRunning": more_pages("FindRunningJobs", following),
    }


def _each_job(watch: Watch, idle: IdleSettings) -> State:
    states: dict[str, State] = {
        "ReadTagsOfRunning": {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:sagemaker:listTags"),
            "Arguments": {"ResourceArn": expression("$states.input.arn")},
            "Assign": {"job": expression("$states.input")},
            "Output": {"tags": expression("$states.result.Tags")},
            "Next": "IsItNotReported",
        },
        "IsItNotReported": decide(is_own_and_new(watch, IDLE_TAG), "ReadJob", "LeaveRunning"),
        "ReadJob": {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:sagemaker:describeTrainingJob"),
            "Arguments": {"TrainingJobName": expression("$job.name")},
            "Assign": {"groups": expression(_GROUPS)},
            "Output": {"trains": expression(_trains_for(idle.after))},
            "Next": "DoesItTrain",
        },
        "DoesItTrain": decide("$states.input.trains", "ReadUse", "LeaveRunning"),
        "ReadUse": {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:cloudwatch:getMetricData"),
            "Arguments": expression(_request(idle.after)),
            "Assign": {"outcome": expression(_outcome(watch))},
            "Output": {"idle": expression(_is_idle(idle.after))},
            "Next": "IsItIdle",
        },
        "IsItIdle": decide("$states.input.idle", "ReportIdle", "LeaveRunning"),
        "LeaveRunning": {"Type": "Succeed"},
        "ReportIdle": report(
            watch,
            TRAINING_JOB,
            "is idle",
            f"For {format_duration(idle.after)} no host has used more than {IDLE_PERCENT} % of "
            "one <outcome>",
            "MarkIdle",
        ),
        "MarkIdle": mark(watch, IDLE_TAG),
    }
    return {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "ReadTagsOfRunning",
        "States": states,
    }


def _trains_for(seconds: int) -> str:
    """Whether a job has been training for so long since its last interruption, as JSONata."""
    began = "$toMillis($states.result.SecondaryStatusTransitions[-1].StartTime)"
    return (
        "$states.result.TrainingJobStatus = 'InProgress' "
        "and $states.result.SecondaryStatus = 'Training' "
        f"and {began} <= $millis() - {seconds * 1000}"
    )


def _period(after: int) -> int:
    """The seconds of which one value is read: whole minutes."""
    return 60 * math.ceil(after / (60 * _MOST_PERIODS))


def _request(after: int) -> str:
    """The request for the use of a job's hosts, as JSONata; without GPUs, half of it finds none."""
    queries = ", ".join(
        f"$map($hosts, function($host) {{{_query(identity, metric, _period(after))}}})"
        for identity, metric in (("gpu", "GPUUtilization"), ("cpu", "CPUUtilization"))
    )
    return (
        f"($hosts := [1..$min([{_MOST_HOSTS}, $sum($groups.count)])]; "
        f'{{"StartTime": $fromMillis($millis() - {after * 1000}), "EndTime": $now(), '
        f'"MetricDataQueries": $append({queries})}})'
    )


def _query(identity: str, metric: str, period: int) -> str:
    host = '[{"Name": "Host", "Value": $job.name & "/algo-" & $host}]'
    named = f'{{"Namespace": "{TRAINING_LOGS}", "MetricName": "{metric}", "Dimensions": {host}}}'
    stat = f'{{"Metric": {named}, "Period": {period}, "Stat": "Maximum"}}'
    return f'{{"Id": "{identity}" & $host, "MetricStat": {stat}}}'


def _is_idle(after: int) -> str:
    """Whether all values are low, as JSONata.

    At least half of them must be there: some come late.
    """
    periods = after // _period(after)
    counts = "$max($read.$count(Values))"
    return (
        f"({_READ}; $count($read.Values) > 0 and $max($read.Values) < {IDLE_PERCENT} "
        f"and 2 * {counts} >= {periods})"
    )


def _outcome(watch: Watch) -> str:
    """The end of the message, as JSONata: what is idle, on which instances, and what they cost."""
    prices = json.dumps(dict(sorted(watch.prices.items())))
    return (
        f"({_READ}; $prices := {prices}; "
        "$costs := $groups.(count * $lookup($prices, type)); "
        "$instances := $join($groups.(count & ' ' & type), ' and '); "
        "($has ? 'GPU' : 'processor core') & '. Loading data looks the same, so the job is not "
        "stopped. It has ' & $instances & ($count($costs) = $count($groups) "
        "? ', on demand ' & $formatNumber($sum($costs), '#0.00') "
        "& ' USD an hour at the prices of us-east-1.' : '.'))"
    )
