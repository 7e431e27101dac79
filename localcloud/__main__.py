"""The local cloud's commands."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from localcloud.corrections.role_history import LONGEST_ROLE_DELAY_SECONDS
from localcloud.sagemaker.runtime.settings import Times
from localcloud.sagemaker.runtime.spot_schedule import Market
from localcloud.sagemaker.sandbox.choice import LESS_FAITHFUL, NAMES
from localcloud.server import daemon

Data = Annotated[Path, typer.Option(help="Folder for the local cloud's data.")]
Interval = Annotated[
    float, typer.Option(min=0, help="Mean seconds between interruptions of a spot job; 0 for none.")
]
Drought = Annotated[
    float, typer.Option(min=0, help="Mean seconds until a spot job gets instances; 0 for at once.")
]
Abrupt = Annotated[
    float, typer.Option(min=0, max=1, help="Share of interruptions without SIGTERM and grace.")
]
Seed = Annotated[int, typer.Option(help="Seed of the random times.")]


def _sandbox(text: str) -> str:
    if text not in {"auto", *NAMES}:
        raise typer.BadParameter(f"{text} is not one of auto, {', '.join(NAMES)}")
    return text


Port = Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for the last one, or a free one.")]
SandboxName = Annotated[
    str,
    typer.Option(
        callback=_sandbox,
        help="bubblewrap, namespaces, processes, or auto for the first of these that works.",
    ),
]
Grace = Annotated[float, typer.Option(help="Seconds between SIGTERM and SIGKILL.")]
CheckpointInterval = Annotated[
    float, typer.Option(help="Seconds between two passes over the checkpoints.")
]
RoleDelay = Annotated[
    float,
    typer.Option(
        min=0,
        max=LONGEST_ROLE_DELAY_SECONDS,
        help="Seconds until SageMaker sees a change of an execution role.",
    ),
]
InterfaceDelay = Annotated[
    float, typer.Option(min=0, help="Seconds that network interfaces stay after their job.")
]
SearchDelay = Annotated[
    float, typer.Option(min=0, help="Seconds until Search sees a new job or a job's change.")
]
HostInterval = Annotated[
    float,
    typer.Option(min=0.1, help="Seconds between two metrics of what a job's hosts use."),
]
Speed = Annotated[
    float, typer.Option(min=0.001, help="How many times faster than the clock schedules run.")
]

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@app.command()
def serve(
    data: Data,
    port: Port = 0,
    sandbox: SandboxName = "auto",
    grace: Grace = Times.grace,
    checkpoint_interval: CheckpointInterval = Times.checkpoint_interval,
    role_delay: RoleDelay = Times.role_delay,
    interface_delay: InterfaceDelay = Times.interface_delay,
    search_delay: SearchDelay = Times.search_delay,
    host_interval: HostInterval = Times.host_interval,
    schedule_speed: Speed = 1.0,
    spot_interval: Interval = 0.0,
    spot_drought: Drought = 0.0,
    spot_abrupt: Abrupt = 0.5,
    spot_seed: Seed = 0,
) -> None:
    """Serve in the foreground until interrupted."""
    # Imported here, because moto takes most of a second, and no other command needs it.
    from localcloud.server.serve import AlreadyRunningError, Options
    from localcloud.server.serve import serve as run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    options = Options(
        data=data.resolve(),
        port=port,
        sandbox=next((name for name in NAMES if name == sandbox), None),
        times=Times(
            grace=grace,
            checkpoint_interval=checkpoint_interval,
            role_delay=role_delay,
            interface_delay=interface_delay,
            search_delay=search_delay,
            host_interval=host_interval,
        ),
        schedule_speed=schedule_speed,
        market=Market(spot_interval, spot_drought, spot_abrupt, spot_seed),
    )
    with _ending_on(AlreadyRunningError, RuntimeError, OSError):
        run(options, typer.echo)


@app.command()
def start(data: Data) -> None:
    """Start the server in the background, unless it runs already, and print its URL."""
    with _ending_on(daemon.StartError):
        server = daemon.start(data)
    if server.sandbox == "processes":
        typer.echo(LESS_FAITHFUL, err=True)
    typer.echo(server.url)


@app.command()
def stop(data: Data) -> None:
    """Stop the background server and the processes of its jobs."""
    typer.echo("Stopped." if daemon.stop(data) else "No local cloud runs on this folder.")


@app.command()
def status(data: Data) -> None:
    """Print where the server listens; exit with 3 when none runs."""
    server = _running(data)
    typer.echo(f"{server.url} (process {server.pid}, version {server.version})")
    typer.echo(f"Status page: {server.url}/localcloud/")
    if server.lost:
        typer.echo(server.lost)


@app.command()
def interrupt(
    data: Data,
    job: Annotated[str, typer.Argument(help="Name of a spot job that trains.")],
    abrupt: Annotated[bool, typer.Option("--abrupt", help="Without SIGTERM and grace.")] = False,
    drought: Annotated[float, typer.Option(help="Seconds until there is capacity again.")] = 0.0,
) -> None:
    """Take a spot job's instances away; the job starts again from its checkpoints."""
    document = {"job": job, "abrupt": abrupt, "drought": drought}
    _post(data, "/localcloud/interruptions", document)


@app.command()
def quota(
    data: Data,
    instance_type: Annotated[str, typer.Argument(help="Such as ml.g5.2xlarge.")],
    instances: Annotated[int, typer.Argument(min=0, help="How many may be used at once.")],
    spot: Annotated[bool, typer.Option("--spot", help="For spot training jobs.")] = False,
    warm_pool: Annotated[bool, typer.Option("--warm-pool", help="For warm pools.")] = False,
    region: Annotated[str, typer.Option(help="The region of the quota.")] = "us-east-1",
) -> None:
    """Set how many training instances of a type the account may use at once."""
    if spot and warm_pool:
        raise typer.BadParameter("A warm pool never has spot instances", param_hint="--spot")
    kind = "spot training job" if spot else "training warm pool" if warm_pool else "training job"
    document = {
        "name": f"{instance_type} for {kind} usage",
        "region": region,
        "value": instances,
    }
    _post(data, "/localcloud/quotas", document)


@app.command()
def past_jobs(
    data: Data,
    count: Annotated[int, typer.Argument(min=1, help="How many.")],
    prefix: Annotated[str, typer.Option(help="The beginning of their names.")] = "past",
    days: Annotated[float, typer.Option(help="Over how many days they are spread.")] = 365.0,
    status: Annotated[str, typer.Option(help="The secondary status of all.")] = "Completed",
    tag: Annotated[list[str] | None, typer.Option(help="A tag of all, as key=value.")] = None,
    region: Annotated[str, typer.Option(help="Their region.")] = "us-east-1",
) -> None:
    """Add the records of made-up jobs that ended long ago, as an old account has them."""
    tags = dict(each.partition("=")[::2] for each in tag or [])
    document = {"count": count, "prefix": prefix, "days": days, "status": status, "tags": tags}
    _post(data, "/localcloud/past-jobs", {"region": region, **document})


@app.command()
def spot(
    data: Data,
    interval: Interval = 0.0,
    drought: Drought = 0.0,
    abrupt: Abrupt = 0.5,
    seed: Seed = 0,
) -> None:
    """Take spot jobs' instances away at random times; without options, stop doing so."""
    document = {"interval": interval, "drought": drought, "abrupt": abrupt, "seed": seed}
    daemon.ask(_running(data), "POST", "/localcloud/spot", document)


@app.command()
def messages(data: Data) -> None:
    """Print what was published to topics, and to whom, oldest first."""
    for message in daemon.ask(_running(data), "GET", "/localcloud/messages"):
        typer.echo(f"{message['topic']} → {', '.join(message['recipients']) or 'no one'}")
        typer.echo(f"{message['subject']}\n{message['message']}\n".lstrip())


def _post(data: Path, path: str, document: dict[str, Any]) -> None:
    """Sends a request to the server. If it refuses, prints its message and exits with 1."""
    server = _running(data)
    with _ending_on(daemon.RequestError):
        daemon.ask(server, "POST", path, document)


@contextmanager
def _ending_on(*errors: type[Exception]) -> Iterator[None]:
    """Exits with 1, and prints the message, if one of these errors is raised within."""
    try:
        yield
    except errors as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _running(data: Path) -> daemon.Server:
    """The server that runs on a folder; exits with 3 if there is none."""
    server = daemon.find(data)
    if server is None:
        typer.echo("No local cloud runs on this folder.")
        raise typer.Exit(3)
    return server


if __name__ == "__main__":
    app()
