"""What is recorded of a job: its inputs, and what DescribeTrainingJob says of it, without nulls."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from components.training_job.aws.images import digest_in
from components.training_job.request.cost import (
    PREPAID_COST,
    UNKNOWN_COST,
    Cost,
    billed_cost,
    is_prepaid,
)
from components.training_job.request.instance_choices import instance_choices
from components.training_job.run.job_names import run_of
from components.training_job.run.outcome import NOT_LAUNCHED, outcome_of, reason_of

State = dict[str, Any]

REPORTED_AS = "reported as"
"""In a field's metadata: its name in the stack's report, if another; "" where it is not in it."""


RECORDED_ONLY = {REPORTED_AS: ""}


@dataclass(frozen=True, kw_only=True)
class JobState:
    """What is recorded of a job beside its inputs: the outputs of the resource.

    A default stands for what an older state lacks: no output is ever null. What follows from other
    outputs is not recorded; `JobReport` derives it.
    """

    training_job_name: str = field(default="", metadata={REPORTED_AS: "name"})
    """The job's name, "" while it is not launched."""
    training_job_arn: str = field(default="", metadata={REPORTED_AS: "arn"})
    """The job's ARN, "" while it is not launched."""
    status: str = NOT_LAUNCHED
    """NotLaunched, InProgress, Stopping, Stopped, Failed or Completed."""
    secondary_status: str = ""
    """What the job does within its status, as Training or Uploading."""
    outcome: str = ""
    """completed, running, stopped, or the class of the failure; "" while it is not launched."""
    failure_reason: str = ""
    """What SageMaker says of a failure, or that maxPending was over; "" without either."""
    attempt: int = 0
    """Which attempt at its definition the job is, from 1; 0 while it is not launched."""
    tries: int = field(default=0, metadata=RECORDED_ONLY)
    """Which try in a row the job is, from 1; 0 while it is not launched."""
    interruptions: int = 0
    """How often the service took the job's spot instances back."""
    image_digest: str = ""
    """The digest of the image that the job was launched with, "" where only its tag is known."""
    instance_type: str = ""
    """What the job runs on: the types of several groups with commas, preferences with "or"."""
    instance_count: int = 0
    """The number of instances, of all types; of preferences the largest, until one is selected."""
    model_uri: str = ""
    """Where the model is once the job is Completed: s3://…/model.tar.gz, or s3://…/model/."""
    checkpoint_uri: str = ""
    """The S3 prefix of the checkpoints, "" for a job that keeps none."""
    training_seconds: int = 0
    """Seconds of training."""
    billable_seconds: int = 0
    """Seconds billed for each instance, less the spot discount."""
    cost_usd: Cost = UNKNOWN_COST
    """What the job has cost, in USD for all instances, where that is known."""


def not_launched(inputs: State) -> State:
    """The state of a job that is registered and not launched."""
    request = inputs["request"]
    resources = request["ResourceConfig"]
    cost: Cost = PREPAID_COST if is_prepaid(resources) else 0
    uri = _checkpoint_uri(request)
    state = JobState(checkpoint_uri=uri, cost_usd=cost, **instances_in(resources))
    return inputs | asdict(state)


def described(inputs: State, description: Mapping[str, Any], tries: int) -> State:
    """The state of a job that was launched."""
    name = description["TrainingJobName"]
    run = run_of(inputs["lineage"], description)
    state = JobState(
        training_job_name=name,
        training_job_arn=description["TrainingJobArn"],
        attempt=run.attempt if run else 0,
        tries=tries,
        image_digest=digest_in(description),
        model_uri=model_uri(description["OutputDataConfig"], name),
        checkpoint_uri=_checkpoint_uri(description),
        **progress(description),
    )
    return inputs | asdict(state)


def progress(description: Mapping[str, Any]) -> State:
    """The part of the state that changes while a job runs, and what it runs on."""
    training = description.get("TrainingTimeInSeconds", 0)
    billable = description.get("BillableTimeInSeconds", training)
    visits = description.get("SecondaryStatusTransitions", [])
    return {
        "status": description["TrainingJobStatus"],
        "secondary_status": description.get("SecondaryStatus", ""),
        "outcome": outcome_of(description),
        "failure_reason": reason_of(description),
        "interruptions": sum(visit["Status"] == "Interrupted" for visit in visits),
        "training_seconds": training,
        "billable_seconds": billable,
        "cost_usd": billed_cost(description["ResourceConfig"], billable),
        **instances_in(description["ResourceConfig"]),
    }


def result_of(description: Mapping[str, Any]) -> State:
    """How a job ended, with the last value of each metric.

    The engine would turn a value that is no finite number into a mapping, where other stacks
    expect a number.
    """
    values = _last_values(description)
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    return progress(description) | {"metrics": finite}


def warnings_of(description: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the metrics of a job.

    Nothing else shows that the expression of a metric matches no line.
    """
    name, values = description["TrainingJobName"], _last_values(description)
    for metric, value in values.items():
        if not math.isfinite(value):
            yield f"{name} ended with {metric} = {value}"
    if outcome_of(description) != "completed":
        return
    for each in description["AlgorithmSpecification"].get("MetricDefinitions", []):
        if each["Name"] not in values:
            yield (
                f"{name} has no value of {each['Name']}: its expression '{each['Regex']}' matched "
                "no line of the log. A corrected one counts from the next launch on"
            )


def _last_values(description: Mapping[str, Any]) -> dict[str, float]:
    metrics = description.get("FinalMetricDataList", [])
    return {metric["MetricName"]: float(metric["Value"]) for metric in metrics}


def instances_in(resources: Mapping[str, Any]) -> State:
    """The outputs that say which instances a ResourceConfig asks for."""
    choices = instance_choices(resources)
    types = [", ".join(each.get("InstanceType", "") for each in groups) for groups in choices]
    counts = [sum(each.get("InstanceCount", 0) for each in groups) for groups in choices]
    return {"instance_type": " or ".join(types), "instance_count": max(counts)}


def model_uri(output: Mapping[str, Any], name: str) -> str:
    """Where a job's model will be, which is fixed at launch by its OutputDataConfig and name."""
    folder = f"{output['S3OutputPath'].rstrip('/')}/{name}/output"
    return (
        f"{folder}/model/" if output.get("CompressionType") == "NONE" else f"{folder}/model.tar.gz"
    )


def _checkpoint_uri(request: Mapping[str, Any]) -> str:
    return str(request.get("CheckpointConfig", {}).get("S3Uri", ""))
