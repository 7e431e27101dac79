"""The recorded state of a job: its inputs and what DescribeTrainingJob says, without nulls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.training_job.cost import billed_cost, savings_percent
from components.training_job.images import digest_in
from components.training_job.names import parse_job_name
from components.training_job.outcome import outcome_of

State = dict[str, Any]


def not_launched(inputs: State) -> State:
    """The state of a job that is registered and not launched."""
    return inputs | {
        "training_job_name": "",
        "training_job_arn": "",
        "status": "NotLaunched",
        "secondary_status": "",
        "outcome": "",
        "failure_reason": "",
        "image_digest": "",
        "attempt": 0,
        "tries": 0,
        "model_uri": "",
        "checkpoint_uri": _checkpoint_uri(inputs["request"]),
        "training_seconds": 0,
        "billable_seconds": 0,
        "savings_percent": 0,
        "cost_usd": 0,
        "interruptions": 0,
        "console_url": "",
        "log_url": "",
    }


def described(inputs: State, description: Mapping[str, Any], tries: int) -> State:
    """The state of a job that was launched; times in seconds, cost in USD for all instances."""
    name = description["TrainingJobName"]
    parsed = parse_job_name(inputs["lineage"], name)
    training = description.get("TrainingTimeInSeconds", 0)
    billable = description.get("BillableTimeInSeconds", training)
    return inputs | {
        "training_job_name": name,
        "training_job_arn": description["TrainingJobArn"],
        "status": description["TrainingJobStatus"],
        "secondary_status": description["SecondaryStatus"],
        "outcome": outcome_of(description),
        "failure_reason": description.get("FailureReason", ""),
        "image_digest": digest_in(description),
        "attempt": parsed.attempt if parsed else 0,
        "tries": tries,
        "model_uri": _model_uri(description),
        "checkpoint_uri": _checkpoint_uri(description),
        "training_seconds": training,
        "billable_seconds": billable,
        "savings_percent": savings_percent(training, billable),
        "cost_usd": billed_cost(description["ResourceConfig"], billable),
        "interruptions": interruptions_of(description),
        **_console_links(inputs["region"], name),
    }


def interruptions_of(description: Mapping[str, Any]) -> int:
    """How often the service took the job's spot instances back."""
    visits = description.get("SecondaryStatusTransitions", [])
    return sum(visit["Status"] == "Interrupted" for visit in visits)


def _console_links(region: str, name: str) -> dict[str, str]:
    """Where a person looks at the job and at its log."""
    console = f"https://{region}.console.aws.amazon.com"
    group = "$252Faws$252Fsagemaker$252FTrainingJobs"  # the console's own way to write a slash
    return {
        "console_url": f"{console}/sagemaker/home?region={region}#/jobs/{name}",
        "log_url": f"{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
        f"$3FlogStreamNameFilter$3D{name}/",
    }


def _model_uri(description: Mapping[str, Any]) -> str:
    """Where the model will be, which is fixed at launch by the output path and the job's name."""
    output = description["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{output}/{description['TrainingJobName']}/output/model.tar.gz"


def _checkpoint_uri(request: Mapping[str, Any]) -> str:
    return str(request.get("CheckpointConfig", {}).get("S3Uri", ""))
