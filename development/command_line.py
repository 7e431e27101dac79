"""The commands, their arguments and options; each calls what does it."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer

from development import commands, policy_pack, stacks, tracking_commands
from development.terminal import CommandError, console
from toolchain.environment import client_environment
from toolchain.layout import Layout

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
layout = Layout()

Job = Annotated[str | None, typer.Argument(help="The job's name in the settings; all by default.")]
Stack = Annotated[str, typer.Option(help="The stack's name, as in Pulumi.<stack>.yaml.")]
AnyStack = Annotated[str | None, typer.Option(help="The only stack to destroy; all by default.")]
_TO = "An MLflow server's address, or wandb://entity/project in Weights & Biases."
_INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended."""
Follow = Annotated[bool, typer.Option("--follow", help="Print new lines until Ctrl-C.")]


@app.command()
def up(stack: Stack = stacks.DEFAULT) -> None:
    """Bring a stack up and launch its training jobs; resume those that `pause` stopped."""
    raise typer.Exit(commands.up(layout, stack))


@app.command()
def pause(job: Job = None, stack: Stack = stacks.DEFAULT) -> None:
    """Stop the running jobs; `up` resumes them from their checkpoints."""
    raise typer.Exit(commands.pause(layout, job, stack))


@app.command()
def status(stack: Stack = stacks.DEFAULT) -> None:
    """Show the local cloud, a stack and its jobs."""
    raise typer.Exit(commands.status(layout, stack))


@app.command()
def logs(job: Job = None, follow: Follow = False, stack: Stack = stacks.DEFAULT) -> None:
    """Print the log lines of the jobs' newest runs."""
    raise typer.Exit(commands.logs(layout, job, follow, stack))


@app.command()
def report(job: Job = None, stack: Stack = stacks.DEFAULT) -> None:
    """Write the jobs' reports: for each lineage a page of HTML that needs nothing else."""
    raise typer.Exit(commands.report(layout, job, stack))


@app.command()
def predict() -> None:
    """Classify held-out images with the model that the job `digits` trained."""
    raise typer.Exit(commands.predict(layout))


@app.command()
def quota_report() -> None:
    """Print what all stacks and running jobs use, compared with the teams' quotas."""
    raise typer.Exit(policy_pack.quota_report(layout))


@app.command()
def downstream() -> None:
    """Bring up the second stack, which registers the trained model."""
    raise typer.Exit(commands.downstream(layout))


@app.command()
def policy_check(stack: Stack = stacks.DEFAULT) -> None:
    """Print a stack's cost and the policies' verdict, in Markdown for a pull request."""
    raise typer.Exit(policy_pack.policy_check(layout, stack))


@app.command()
def forecast(job: Job = None, stack: Stack = stacks.DEFAULT) -> None:
    """Print how long the jobs will take and what they will cost, before they are launched."""
    raise typer.Exit(policy_pack.forecast(layout, job, stack))


@app.command()
def trackable(
    stack: Stack = stacks.DEFAULT,
    to: Annotated[str, typer.Option(help=_TO)] = tracking_commands.LOCAL_SERVER,
) -> None:
    """Fail if there are no jobs to show, or not where."""
    tracking_commands.must_be_trackable(layout, stack, to)


@app.command()
def track(
    stack: Stack = stacks.DEFAULT,
    to: Annotated[str, typer.Option(help=_TO)] = tracking_commands.LOCAL_SERVER,
) -> None:
    """Show the jobs' metrics and results in MLflow or Weights & Biases."""
    raise typer.Exit(tracking_commands.track(layout, stack, to))


@app.command()
def mlflow(stack: Stack = stacks.DEFAULT) -> None:
    """Start an MLflow server that shows the jobs, until Ctrl-C."""
    raise typer.Exit(tracking_commands.mlflow(layout, stack))


@app.command()
def down(stack: AnyStack = None) -> None:
    """Destroy all stacks, or one; stop the local cloud with the last of them."""
    raise typer.Exit(commands.down(layout, stack))


@app.command()
def configuration() -> None:
    """Write docs/configuration.md, docs/outputs.md, stack.schema.json and Pulumi.yaml."""
    # Imported here: the settings import Pulumi, and other commands should not wait for that.
    from development.configuration.documents import write

    for path in write(layout.checkout):
        console.print(f"Wrote {path.relative_to(layout.checkout)}")


def run() -> None:
    """Run one command, without the user's AWS and Pulumi settings."""
    environment = client_environment(layout)
    os.environ.clear()
    os.environ.update(environment)
    interrupts: list[int] = []

    def interrupted(number: int, _frame: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupted)
    try:
        app()
    except CommandError as error:
        console.print(str(error), style="red", soft_wrap=True)
        raise SystemExit(1) from error
    except SystemExit as end:
        # While an engine runs, Ctrl-C is its own, and its command says how to go on.
        if interrupts and end.code == _INTERRUPTED:
            console.print("Interrupted. The same command begins again.")
        raise
