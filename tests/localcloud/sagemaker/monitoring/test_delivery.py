"""What a service does not take at once is sent again, within a limit."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from localcloud.sagemaker.monitoring import delivery
from localcloud.sagemaker.monitoring.delivery import Delivery


def refused(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Put")


class Service:
    """Takes what it gets, after it has raised its errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.taken: list[list[int]] = []
        self.lost: list[int] = []

    def put(self, items: list[int]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(items)

    def lose(self, items: list[int], _error: Exception) -> None:
        self.lost.append(len(items))


def delivered(service: Service, *items: int, most: int = 10) -> Service:
    sent = Delivery(service.put, service.lose, most, lambda item: item, largest=100)
    for item in items:
        sent.add(item)
    while len(sent):
        time.sleep(sent.wait())
        sent.attempt()
    return service


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(delivery, "_COLLECT_SECONDS", 0.001)


@pytest.mark.parametrize(
    "error",
    [
        refused("ThrottlingException"),
        refused("InternalFailure", 500),
        EndpointConnectionError(endpoint_url="http://127.0.0.1"),
    ],
)
def test_what_is_refused_for_a_while_is_sent_again_and_in_order(error: Exception):
    service = delivered(Service(*[error] * 5), 1, 2, 3)

    assert service.taken == [[1, 2, 3]]
    assert service.lost == []


def test_what_is_not_allowed_is_lost_and_the_rest_is_tried():
    service = delivered(Service(refused("AccessDeniedException")), 1, 2, 3, most=2)

    assert service.lost == [2]
    assert service.taken == [[3]]


def test_after_a_while_it_is_lost(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 0.01)

    service = delivered(Service(*[refused("ThrottlingException")] * 1000), 1, 2)

    assert service.lost == [2]


def test_a_call_has_neither_too_many_items_nor_too_large_ones():
    service = delivered(Service(), 1, 2, 3, 90, 99, 500, 1, most=3)

    assert service.taken == [[1, 2, 3], [90], [99], [500], [1]]
