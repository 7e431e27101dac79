"""`python -m tracking COMMAND`: shows elsewhere what training jobs did, as AWS knows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.training_job.reader.run_attempts import Clients
from tracking import sync as sync_command
from tracking.errors import TrackingError
from tracking.shown_lineages import Lineages
from tracking.stack_outputs import complete_tunings_in, lineages_in, region_in, stack_outputs

DEFAULT_EXPERIMENT = "sagemaker-training"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False)

_STACK = "The stack whose jobs are shown, as Pulumi knows it; the selected one by default."
_LINEAGE = "A lineage to show, in place of those of a stack; may be repeated."
_TO = (
    "The MLflow server: its address, or its ARN if SageMaker manages it. Or wandb://entity/project "
    "in Weights & Biases, where the entity is a team or a person."
)
_EXPERIMENT = (
    "The experiment in MLflow, or the project in Weights & Biases; "
    f"{DEFAULT_EXPERIMENT} where the stack has none."
)
_OUTPUT = "The file to write, for one lineage; .local/reports/<lineage>.html by default."
_REGION = "The AWS region of the jobs; that of the stack or of the AWS session by default."


@app.callback()
def main() -> None:
    """Show elsewhere what training jobs did, as AWS knows it."""


@app.command()
def sync(
    stack: Annotated[str | None, typer.Option(help=_STACK)] = None,
    lineage: Annotated[list[str] | None, typer.Option(help=_LINEAGE)] = None,
    to: Annotated[str | None, typer.Option(help=_TO)] = None,
    experiment: Annotated[str | None, typer.Option(help=_EXPERIMENT)] = None,
    region: Annotated[str | None, typer.Option(help=_REGION)] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show the jobs' metrics, hyperparameters and results in MLflow or Weights & Biases."""
    outputs = {} if lineage else stack_outputs(stack)
    clients = _clients(region or region_in(outputs))
    shown = Lineages(clients, lineage or lineages_in(outputs))
    settings: Mapping[str, str] = outputs.get("tracking", {})
    run = sync_command.follow if follow else sync_command.synchronize
    run(
        console,
        shown,
        to or _server_in(settings),
        experiment or settings.get("experiment") or DEFAULT_EXPERIMENT,
    )


@app.command()
def report(
    stack: Annotated[str | None, typer.Option(help=_STACK)] = None,
    lineage: Annotated[list[str] | None, typer.Option(help=_LINEAGE)] = None,
    output: Annotated[Path | None, typer.Option(help=_OUTPUT)] = None,
    region: Annotated[str | None, typer.Option(help=_REGION)] = None,
) -> None:
    """Write the report of each lineage: one page of HTML, which opens from a mail."""
    # Imported here: it imports Pulumi, and other commands should not wait for that.
    from tracking.reports import write_reports

    outputs = {} if lineage else stack_outputs(stack)
    clients = _clients(region or region_in(outputs))
    complete = complete_tunings_in(outputs)
    write_reports(console, clients, lineage or lineages_in(outputs), output, complete)


def _server_in(settings: Mapping[str, str]) -> str:
    if entity := settings.get("weightsAndBiases"):
        return f"wandb://{entity}"
    if server := settings.get("mlflow"):
        return server
    message = (
        "Where are the jobs to be shown? Name an MLflow server or wandb://entity/project with "
        "--to, or set tracking.mlflow or tracking.weightsAndBiases in the stack's settings."
    )
    raise TrackingError(message)


def _clients(region: str | None) -> Clients:
    session = boto3.Session(region_name=region)
    if session.region_name is None:
        message = "Which AWS region? Name it with --region, or set AWS_DEFAULT_REGION."
        raise TrackingError(message)
    made: Any = session.client
    return Clients(made("sagemaker"), made("logs"), made("s3"))


def run() -> None:
    """Runs one command; what goes wrong is said without a traceback."""
    try:
        app()
    except (TrackingError, BotoCoreError, ClientError) as error:
        console.print(str(error), style="red", soft_wrap=True)
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    run()
