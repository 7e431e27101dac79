"""The watchdog's state machine, and the documents of its roles.

CloudWatch has no metric of a job's age, and a job's events come again after each interruption. So
the machine is started every few minutes, and searches for the stack's running jobs that are older
than the limit. It reports each of them once, and marks it with a tag.

A list would read the records of all jobs of the account at each start. A search is late, which
matters little for a job that has run for hours. But it may show a job that has ended as running,
so the machine reads each job's status itself.

Where the stack tunes, the machine then does the same for tuning jobs. Those are listed: an account
has few of them. Idle jobs are looked for last.
"""

from __future__ import annotations

import json
from typing import Any

from components.alerts.alert_settings import ProlongedSettings
from components.alerts.idle_documents import FIRST_STATE, idle_states
from components.alerts.job_kinds import TRAINING_JOB, AlertedKind
from components.alerts.watch import (
    State,
    Watch,
    decide,
    expression,
    find,
    find_training_jobs,
    for_each,
    is_own_and_new,
    mark,
    more_pages,
    remember,
    report,
)
from components.durations import format_duration
from components.policy_documents import (
    Document,
    Statement,
    allow,
    document,
    service_trust,
    through_service,
)
from components.site import Site
from components.training_job.request.job_tags import REPORTED_TAG

_LIST_PAGE = 100
"""The tuning jobs in an answer of a list, which has a summary of each."""


def state_machine(watch: Watch) -> dict[str, Any]:
    """The watchdog in Amazon States Language: one kind of job after the other, then idle jobs."""
    states: dict[str, Any] = {}
    purposes = []
    following = "Done"
    if watch.idle is not None:
        states |= idle_states(watch, watch.idle, following)
        purposes.append(f"jobs idle for {format_duration(watch.idle.after)}")
        following = FIRST_STATE
    if watch.prolonged is not None:
        states = _prolonged_states(watch, watch.prolonged, following) | states
        watched = " and ".join(f"{kind.noun}s" for kind in watch.kinds)
        purposes.insert(0, f"{watched} older than {format_duration(watch.prolonged.after)}")
        following = "Remember"
    return {
        "Comment": f"Reports {', and '.join(purposes)}",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 600,
        "StartAt": following,
        "States": {**states, "Done": {"Type": "Succeed"}},
    }


def watchdog_trust(site: Site) -> Document:
    """Only Step Functions, for state machines of this account in this region."""
    return service_trust("states.amazonaws.com", site, site.arn("states", "stateMachine:*"))


def watchdog_policy(watch: Watch) -> Document:
    """Finding among all jobs, which can't be limited; the rest only for the stack's job names.

    Metrics can't be limited either. Trials are only looked at where idle jobs are.
    """
    site, idle = watch.site, watch.idle is not None
    tunes = watch.tunes and watch.prolonged is not None
    jobs = [site.jobs_arn, *([site.tuning_jobs_arn] if tunes else [])]
    trials = [site.trials_arn] if watch.tunes and idle else []
    finds = ["sagemaker:Search"]
    if tunes:
        finds.append("sagemaker:ListHyperParameterTuningJobs")
    kinds = watch.kinds if tunes else [TRAINING_JOB]
    describes = [f"sagemaker:Describe{kind.job.resource}" for kind in kinds]
    stops = [f"sagemaker:Stop{kind.job.resource}" for kind in kinds]
    reads = ["sagemaker:AddTags", *describes, "sagemaker:ListTags"]
    statements: list[Statement] = [
        allow("FindJobs", finds, ["*"]),
        allow("ReadAndTagJobs", reads, [*jobs, *trials]),
        allow("Report", ["sns:Publish"], [watch.topic_arn]),
        {
            **allow("EncryptReports", ["kms:Decrypt", "kms:GenerateDataKey"], [watch.key_arn]),
            "Condition": through_service("sns", site),
        },
    ]
    if idle:
        statements.append(allow("ReadUse", ["cloudwatch:GetMetricData"], ["*"]))
    if watch.prolonged is not None and watch.prolonged.stop:
        statements.append(allow("StopJobs", stops, jobs))
    return document(statements)


def schedule_trust(site: Site) -> Document:
    """Only EventBridge, for rules of this account in this region."""
    return service_trust("events.amazonaws.com", site, site.arn("events", "rule/*"))


def schedule_policy(state_machine_arn: str) -> Document:
    """Starting this state machine only."""
    return document([allow("StartWatchdog", ["states:StartExecution"], [state_machine_arn])])


def _prolonged_states(
    watch: Watch, prolonged: ProlongedSettings, following: str
) -> dict[str, State]:
    """The states that look at all jobs of each kind, and the state that follows them."""
    starts = [_state("FindOldJobs", kind) for kind in watch.kinds]
    states = {"Remember": remember(prolonged.after, starts[0])}
    for kind, after in zip(watch.kinds, [*starts[1:], following], strict=True):
        states |= _round(watch, prolonged, kind, after)
    return states


def _state(name: str, kind: AlertedKind) -> str:
    """The name of a state; no two states of a machine may have the same one."""
    return name if kind is TRAINING_JOB else f"{name} ({kind.noun})"


def _round(
    watch: Watch, prolonged: ProlongedSettings, kind: AlertedKind, following: str
) -> dict[str, State]:
    """The states that look at all jobs of a kind, and the state that follows them."""
    start, each, more = (_state(name, kind) for name in ("FindOldJobs", "EachJob", "IsThereMore"))
    if kind is TRAINING_JOB:
        found = find_training_jobs(watch, [watch.site.job_name_prefix])
    else:
        found = _find_tuning_jobs(watch, kind)
    return {
        start: {**found, "Next": each},
        each: for_each(_each_job(watch, prolonged, kind), more),
        more: more_pages(start, following),
    }


def _find_tuning_jobs(watch: Watch, kind: AlertedKind) -> State:
    """One page of the stack's running tuning jobs; a list takes a time with its zone."""
    prefix = watch.site.tuning_name_prefix
    request = (
        f'{{"NameContains": {json.dumps(prefix)}, "StatusEquals": "InProgress", '
        f'"CreationTimeBefore": $createdBefore & "Z", "MaxResults": {_LIST_PAGE}}}'
    )
    found = "$states.result.HyperParameterTuningJobSummaries"
    return find(watch, kind, "listHyperParameterTuningJobs", request, found, [prefix])


def _each_job(watch: Watch, prolonged: ProlongedSettings, kind: AlertedKind) -> State:
    def name(state: str) -> str:
        return _state(state, kind)

    states: dict[str, State] = {
        name("ReadTags"): {
            "Type": "Task",
            "Resource": watch.integration("aws-sdk:sagemaker:listTags"),
            "Arguments": {"ResourceArn": expression("$states.input.arn")},
            "Assign": {"job": expression("$states.input"), "outcome": "It runs on."},
            "Output": {"tags": expression("$states.result.Tags")},
            "Next": name("IsItNew"),
        },
        name("IsItNew"): decide(
            is_own_and_new(watch, REPORTED_TAG), name("ReadStatus"), name("Leave")
        ),
        name("ReadStatus"): {
            "Type": "Task",
            "Resource": watch.integration(f"aws-sdk:sagemaker:describe{kind.job.resource}"),
            "Arguments": {kind.job.name_member: expression("$job.name")},
            "Output": {"status": expression(f"$states.result.{kind.job.status_member}")},
            "Next": name("Decide"),
        },
        name("Decide"): decide(
            "$states.input.status = 'InProgress'",
            name("Stop" if prolonged.stop else "Report"),
            name("Leave"),
        ),
        name("Leave"): {"Type": "Succeed"},
        name("Report"): report(
            watch,
            kind,
            "is prolonged",
            f"It is older than {format_duration(prolonged.after)}. <outcome>",
            name("Mark"),
        ),
        name("Mark"): mark(watch, REPORTED_TAG),
    }
    if prolonged.stop:
        states[name("Stop")] = _stop(watch, kind)
    return {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": name("ReadTags"),
        "States": states,
    }


def _stop(watch: Watch, kind: AlertedKind) -> State:
    """A job that could not be stopped is reported too, and the report says so."""
    failed = "'It could not be stopped: ' & $states.errorOutput.Cause"
    following = _state("Report", kind)
    return {
        "Type": "Task",
        "Resource": watch.integration(f"aws-sdk:sagemaker:stop{kind.job.resource}"),
        "Arguments": {kind.job.name_member: expression("$job.name")},
        "Assign": {"outcome": f"It is being stopped, and its {kind.kept} are kept."},
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"outcome": expression(failed)},
                "Next": following,
            }
        ],
        "Next": following,
    }
