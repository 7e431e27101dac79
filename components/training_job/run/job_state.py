"""The recorded state of a job: its inputs and what DescribeTrainingJob says, without nulls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.arns import console
from components.training_job.preflight.images import digest_in
from components.training_job.run.cost import billed_cost, savings_percent
from components.training_job.run.names import parse_job_name
from components.training_job.run.outcome import outcome_of

State = dict[str, Any]


def not_launched(inputs: State) -> State:
    """The state of a job that is registered and not launched."""
    request = inputs["request"]
    return inputs | {
        "training_job_name": "",
        "training_job_arn": "",
        "image_digest": "",
        "attempt": 0,
        "tries": 0,
        "model_uri": "",
        "checkpoint_uri": _checkpoint_uri(request),
        "console_url": "",
        "log_url": "",
        **progress({"ResourceConfig": request["ResourceConfig"]}),
    }


def described(inputs: State, description: Mapping[str, Any], tries: int) -> State:
    """The state of a job that was launched."""
    name = description["TrainingJobName"]
    parsed = parse_job_name(inputs["lineage"], name)
    return inputs | {
        "training_job_name": name,
        "training_job_arn": description["TrainingJobArn"],
        "image_digest": digest_in(description),
        "attempt": parsed.attempt if parsed else 0,
        "tries": tries,
        "model_uri": _model_uri(description),
        "checkpoint_uri": _checkpoint_uri(description),
        **_console_links(inputs["region"], name),
        **progress(description),
    }


def progress(description: Mapping[str, Any]) -> State:
    """How far a job has come, what it runs on and has cost, in USD for all instances.

    Seconds are an instance's own, those of `instance_seconds` of all instances together. A
    description without a status is that of a job that is not launched.
    """
    resources = description["ResourceConfig"]
    groups = resources.get("InstanceGroups") or [resources]
    count = sum(group.get("InstanceCount", 0) for group in groups)
    training = description.get("TrainingTimeInSeconds", 0)
    billable = description.get("BillableTimeInSeconds", training)
    return {
        "status": description.get("TrainingJobStatus", "NotLaunched"),
        "secondary_status": description.get("SecondaryStatus", ""),
        "outcome": outcome_of(description) if "TrainingJobStatus" in description else "",
        "failure_reason": description.get("FailureReason", ""),
        "instance_type": ", ".join(group.get("InstanceType", "") for group in groups),
        "instance_count": count,
        "training_seconds": training,
        "billable_seconds": billable,
        "training_instance_seconds": training * count,
        "billable_instance_seconds": billable * count,
        "savings_percent": savings_percent(training, billable),
        "cost_usd": billed_cost(resources, billable) if "TrainingJobStatus" in description else 0,
        "interruptions": interruptions_of(description),
    }


def interruptions_of(description: Mapping[str, Any]) -> int:
    """How often the service took the job's spot instances back."""
    visits = description.get("SecondaryStatusTransitions", [])
    return sum(visit["Status"] == "Interrupted" for visit in visits)


def _console_links(region: str, name: str) -> dict[str, str]:
    """Where a person looks at the job and at its log."""
    page = console(region)
    group = "$252Faws$252Fsagemaker$252FTrainingJobs"  # the console's own way to write a slash
    return {
        "console_url": f"{page}/sagemaker/home?region={region}#/jobs/{name}",
        "log_url": f"{page}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
        f"$3FlogStreamNameFilter$3D{name}/",
    }


def _model_uri(description: Mapping[str, Any]) -> str:
    """Where the model will be, which is fixed at launch by the output path and the job's name."""
    output = description["OutputDataConfig"]
    folder = f"{output['S3OutputPath'].rstrip('/')}/{description['TrainingJobName']}/output"
    return (
        f"{folder}/model/" if output.get("CompressionType") == "NONE" else f"{folder}/model.tar.gz"
    )


def _checkpoint_uri(request: Mapping[str, Any]) -> str:
    return str(request.get("CheckpointConfig", {}).get("S3Uri", ""))
