"""What a try runs on: the request of the first choice, or what a fallback makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from components.training_job.request.cost import is_prepaid
from components.training_job.request.definition import Request
from components.training_job.request.instance_choices import instance_choices


def choice_of(tries: int, fallbacks: Sequence[Request]) -> int:
    """The number of the fallback that a try, from 1, runs on; 0 for the first choice.

    The last fallback serves all tries that follow.
    """
    return min(tries - 1, len(fallbacks))


def request_of_try(request: Request, fallbacks: Sequence[Request], tries: int) -> Request:
    """What one of several tries in a row, from 1, runs on."""
    return all_requests(request, fallbacks)[choice_of(tries, fallbacks)]


def all_requests(request: Request, fallbacks: Sequence[Request]) -> list[Request]:
    """The requests that the tries of a job may run on: the first choice, then each fallback."""
    return [request, *(request | fallback for fallback in fallbacks)]


def capacity_of(request: Request) -> str:
    """What a request runs on, in words: its instances, and how they are bought."""
    instances = " or ".join(
        " and ".join(f"{each['InstanceCount']} × {each['InstanceType']}" for each in groups)
        for groups in instance_choices(request["ResourceConfig"])
    )
    capacity = "on spot capacity" if request["EnableManagedSpotTraining"] else "on demand"
    if is_prepaid(request["ResourceConfig"]):
        capacity = "on the training plan"
    return f"{instances}, {capacity}"
