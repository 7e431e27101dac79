"""The instances that a job leaves behind, and how long they are kept. boto3, no Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.training_job.aws.errors import code_of, message_of
from components.training_job.request.definition import Request
from components.training_job.run.outcome import is_terminal
from components.training_job.run.service_record import describe

_SAME_RESOURCES = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
_SAME_FLAGS = ("EnableInterContainerTrafficEncryption", "EnableNetworkIsolation")
_SAME_NETWORK = ("Subnets", "SecurityGroupIds")


def keep_alive_of(request: Mapping[str, Any]) -> int:
    """For how many seconds a request keeps its instances, 0 where it keeps none."""
    return int(request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0))


def would_reuse(request: Request, description: Mapping[str, Any]) -> bool:
    """Whether a job with this request would run on the instances that an ended job keeps.

    The service matches them by role, network and resources:
    https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
    """
    wanted = bool(keep_alive_of(request)) and not request.get("EnableManagedSpotTraining")
    return wanted and _likeness(request) == _likeness(description)


def release_warm_pool(client: Any, name: str) -> None:
    """Gives back instances that are kept after a job, which otherwise are billed until they expire.

    A job that was stopped after its instances had come up keeps them too.
    """
    description = describe(client, name)
    if description and _is_kept(description):
        client.update_training_job(
            TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
        )


def change_keep_alive(client: Any, name: str, old: Request, new: Request) -> Request:
    """Changes for how long the instances of a job are kept; returns the request to record.

    That is the new request. It has the old time while the service refuses to change it, so that
    the next update tries again.
    """
    before, after = keep_alive_of(old), keep_alive_of(new)
    if before == after or _is_accepted(client, name, after):
        return new
    return _with_keep_alive(new, before)


def _is_accepted(client: Any, name: str, seconds: int) -> bool:
    """Has instances kept for so many seconds, if the job runs or its warm pool is there.

    False where the service refuses it of a job that still runs. Which states of a job allow it is
    not documented.
    """
    description = describe(client, name)
    if description is None or not (_runs(description) or _is_kept(description)):
        return True
    try:
        client.update_training_job(
            TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": seconds}
        )
    except client.exceptions.ClientError as error:
        if code_of(error) != "ValidationException":
            raise
        if not _runs(description):
            return True  # the pool's time was up in that very moment
        print(
            f"{name}: how long its instances are kept can't be changed yet, so run this again "
            f"once it has ended: {message_of(error)}"
        )
        return False
    return True


def _with_keep_alive(request: Request, seconds: int) -> Request:
    """The request with its instances kept for so many seconds, or not at all for 0."""
    others = request["ResourceConfig"].items()
    resources = {key: each for key, each in others if key != "KeepAlivePeriodInSeconds"}
    kept = {"KeepAlivePeriodInSeconds": seconds} if seconds else {}
    return request | {"ResourceConfig": resources | kept}


def _likeness(request: Mapping[str, Any]) -> list[Any]:
    """What two jobs must have in common to run on the same instances."""
    resources, network = request["ResourceConfig"], request.get("VpcConfig", {})
    return [
        request["RoleArn"],
        *(resources.get(key) for key in _SAME_RESOURCES),
        *(bool(request.get(key)) for key in _SAME_FLAGS),
        *(sorted(network.get(key, ())) for key in _SAME_NETWORK),
    ]


def _runs(description: Mapping[str, Any]) -> bool:
    return not is_terminal(description)


def _is_kept(description: Mapping[str, Any]) -> bool:
    return bool(description.get("WarmPoolStatus", {}).get("Status") == "Available")
