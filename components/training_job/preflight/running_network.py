"""The network of a job that runs: it stays where it was launched, which must not be taken away."""

from __future__ import annotations

from components.training_job.aws.errors import TrainingJobError
from components.training_job.request.definition import Request

_PLACES = ("Subnets", "SecurityGroupIds")


def refuse_without_network(description: Request, request: Request) -> None:
    """Refuse a change of the network that a live job is in, before the engine carries it out.

    The job would run on without a route to its bucket: its checkpoints would end, and its model be
    lost. The engine deletes only after all updates, so an error here keeps what the job needs.

    Raises:
        TrainingJobError: a subnet or security group of the job is not in its new request.
    """
    gone = sorted(_network(description) - _network(request))
    if gone:
        raise TrainingJobError(
            f"{description['TrainingJobName']} runs in {', '.join(gone)}, which its settings no "
            "longer name. It would lose its way to its bucket, and with it its checkpoints and its "
            "model. Wait for its end, or set paused: true and run `pulumi up`, which stops it with "
            "its checkpoints and changes the network; then paused: false."
        )


def _network(request: Request) -> set[str]:
    places = request.get("VpcConfig", {})
    return {each for key in _PLACES for each in places.get(key, ())}
