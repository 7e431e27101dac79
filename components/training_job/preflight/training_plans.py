"""Whether a training plan can run a job, by what DescribeTrainingPlan says. boto3, no Pulumi.

AWS's guide says what a plan must be to be used, and that its instances are taken back half an hour
before its end. A job that finds too few instances free waits for them, for two days at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from components.durations import format_duration
from components.problems import Problem
from components.training_job.aws.errors import is_gone
from components.training_job.preflight.planned_launch import Choice

_USABLE = ("Active", "Scheduled")
_TRAINING_JOBS = "training-job"
_TAKEN_BACK_BEFORE_THE_END = timedelta(minutes=30)

Plan = Mapping[str, Any]
"""An answer of DescribeTrainingPlan."""


def training_plan(sagemaker: Any, arn: str) -> Plan | None:
    """DescribeTrainingPlan's answer; None where there is no such plan."""
    try:
        return dict(sagemaker.describe_training_plan(TrainingPlanName=arn))
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def plan_problems(choice: Choice, plan: Plan | None, now: datetime) -> Iterator[Problem]:
    """Why a job that runs on this choice can never run on its plan."""
    resources = choice.request["ResourceConfig"]
    path, arn = f"{choice.path}.ResourceConfig", resources["TrainingPlanArn"]
    if plan is None:
        remedy = "correct the account, the region or the name in trainingPlan, or remove it"
        yield Problem(f"{path}.TrainingPlanArn", arn, "there is no such training plan", remedy)
    elif rule := _unusable(plan):
        remedy = "name another trainingPlan, or remove it"
        yield Problem(f"{path}.TrainingPlanArn", arn, rule, remedy)
    else:
        yield from _instance_problems(path, resources, plan)
        yield from _end_problems(choice, plan, now)


def plan_notices(choice: Choice, plan: Plan | None, held: int) -> Iterator[str]:
    """What a job must wait for before it can run on its plan.

    `held` is the number of the plan's instances that the job before it holds, which it can have.
    """
    if plan is None:
        return
    resources = choice.request["ResourceConfig"]
    arn, count = resources["TrainingPlanArn"], resources["InstanceCount"]
    if plan["Status"] == "Scheduled" and "StartTime" in plan:
        yield f"waits for the start of {arn}, {_text(plan['StartTime'])}"
    free = plan.get("AvailableInstanceCount", count) + held
    if plan["Status"] == "Active" and free < count:
        yield f"waits, for two days at most, until {count} instances of {arn} are free; {free} are"


def _unusable(plan: Plan) -> str:
    """Why no training job can run on a plan; "" where one can."""
    targets = plan.get("TargetResources", [_TRAINING_JOBS])
    if plan["Status"] not in _USABLE:
        message = f" ({plan['StatusMessage']})" if plan.get("StatusMessage") else ""
        needed = " or ".join(_USABLE)
        return f"the plan is {plan['Status']}{message}; only one that is {needed} can be used"
    if _TRAINING_JOBS not in targets:
        return f"the plan is for {', '.join(targets)}, and not for training jobs"
    return ""


def _instance_problems(path: str, resources: Mapping[str, Any], plan: Plan) -> Iterator[Problem]:
    wanted, count = resources["InstanceType"], resources["InstanceCount"]
    reserved = plan.get("ReservedCapacitySummaries", [])
    types = sorted({each["InstanceType"] for each in reserved})
    if types and wanted not in types:
        yield Problem(
            f"{path}.InstanceType",
            wanted,
            f"the plan {resources['TrainingPlanArn']} reserves {', '.join(types)}",
            f"set instanceType to {' or '.join(types)}, or name another trainingPlan",
        )
    most = plan.get("TotalInstanceCount", count)
    if count > most:
        yield Problem(
            f"{path}.InstanceCount",
            count,
            f"the plan {resources['TrainingPlanArn']} has {most} instances",
            f"set instanceCount to {most} or fewer, or name another trainingPlan",
        )


def _end_problems(choice: Choice, plan: Plan, now: datetime) -> Iterator[Problem]:
    """A plan that ends while the job may still run."""
    if "EndTime" not in plan:
        return
    runtime = choice.request["StoppingCondition"]["MaxRuntimeInSeconds"]
    start = max(now, plan.get("StartTime", now))
    left = plan["EndTime"] - _TAKEN_BACK_BEFORE_THE_END - start
    if left < timedelta(seconds=runtime):
        yield Problem(
            f"{choice.path}.StoppingCondition.MaxRuntimeInSeconds",
            runtime,
            f"the plan {choice.request['ResourceConfig']['TrainingPlanArn']} ends at "
            f"{_text(plan['EndTime'])}, and its instances are taken back 30 minutes before, so "
            f"the job has {format_duration(max(left.total_seconds(), 0))}",
            "shorten maxRuntime, extend the plan, or name another trainingPlan",
        )


def _text(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="minutes")
