"""The wait for the network interfaces that SageMaker leaves for a while, with EC2 in memory."""

# ruff: noqa: N803 — the calls' arguments have the service's own names

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import dill
import pytest
from botocore.exceptions import ClientError

from components.network import network_interfaces
from components.network.network_interfaces import TrainingNetworkInterfacesProvider
from components.training_job.aws.errors import TrainingJobError
from components.unknowns import UNKNOWN

ACCOUNT, REGION = "123456789012", "us-east-1"
GROUP, SUBNET = "sg-0123456789abcdef0", "subnet-0123456789abcdef0"
PLACE = {
    "account_id": ACCOUNT,
    "region": REGION,
    "security_group_id": GROUP,
    "subnet_id": SUBNET,
}
STORED = (
    "gASVUgAAAAAAAACMJWNvbXBvbmVudHMubmV0d29yay5uZXR3b3JrX2ludGVyZmFjZXOUjCFUcmFp"
    "bmluZ05ldHdvcmtJbnRlcmZhY2VzUHJvdmlkZXKUk5QpgZQu"
)
"""The provider as a stack's state names it; every later release must find it."""


class FakeEc2:
    """EC2 in memory, with the network interfaces of a subnet by their ids."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, **interfaces: Any) -> None:
        self.interfaces = {each.replace("_", "-"): value for each, value in interfaces.items()}
        self.looks = 0
        self.gone_after: int | None = None
        """After how many calls SageMaker has removed the interfaces by itself."""
        self.refusal = ""
        """The code that a deletion is refused with."""
        self.filters: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> SimpleNamespace:
        assert operation == "describe_network_interfaces"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, Filters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        self.filters = Filters
        self.looks += 1
        if self.looks == self.gone_after:
            self.interfaces.clear()
        for each, status in list(self.interfaces.items()):
            yield {"NetworkInterfaces": [{"NetworkInterfaceId": each, "Status": status}]}
        yield {"NetworkInterfaces": []}

    def delete_network_interface(self, NetworkInterfaceId: str) -> None:
        if self.refusal:
            error = {"Error": {"Code": self.refusal, "Message": "refused"}}
            raise ClientError(error, "DeleteNetworkInterface")
        del self.interfaces[NetworkInterfaceId]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes only during a sleep."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))


def provider(ec2: FakeEc2, account: str = ACCOUNT) -> TrainingNetworkInterfacesProvider:
    made = TrainingNetworkInterfacesProvider()
    made._clients = SimpleNamespace(  # type: ignore[assignment]
        account=lambda _region: account, client=lambda _service, _region: ec2
    )
    return made


def delete(ec2: FakeEc2, **changes: Any) -> None:
    provider(ec2).delete("id", PLACE | changes)


def test_nothing_is_waited_for_where_no_interface_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ec2 = FakeEc2()
    delete(ec2)
    assert ec2.looks == 1
    assert capsys.readouterr().out == ""


def test_only_the_interfaces_of_the_stacks_group_in_the_subnet_are_looked_at() -> None:
    ec2 = FakeEc2()
    delete(ec2)
    assert ec2.filters == [
        {"Name": "group-id", "Values": [GROUP]},
        {"Name": "subnet-id", "Values": [SUBNET]},
    ]
    delete(ec2, subnet_id="")
    assert ec2.filters == [{"Name": "group-id", "Values": [GROUP]}]


def test_a_deletion_waits_for_interfaces_in_use_and_says_for_which(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ec2 = FakeEc2(eni_1="in-use", eni_2="in-use")
    ec2.gone_after = 20
    delete(ec2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        f"waiting until SageMaker has removed its network interfaces of {GROUP} in {SUBNET}: "
        "eni-1, eni-2 (0 s of at most 1200 s)"
    )
    assert 1 < len(lines) < 5  # a line a minute, and not one for each look


def test_interfaces_that_nothing_is_attached_to_are_deleted_and_no_others() -> None:
    ec2 = FakeEc2(eni_1="available", eni_2="in-use")
    ec2.gone_after = 3
    remaining: list[list[str]] = []
    pages = ec2._pages

    def watched(Filters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        remaining.append(sorted(ec2.interfaces))
        return pages(Filters)

    ec2._pages = watched  # type: ignore[method-assign]
    delete(ec2)
    assert remaining[:2] == [["eni-1", "eni-2"], ["eni-2"]]


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InvalidParameterValue"])
def test_what_may_not_be_deleted_is_left_to_sagemaker(code: str) -> None:
    ec2 = FakeEc2(eni_1="available")
    ec2.refusal, ec2.gone_after = code, 4
    delete(ec2)
    assert ec2.looks == 4


def test_an_interface_that_sagemaker_deletes_first_is_gone() -> None:
    ec2 = FakeEc2(eni_1="available")
    ec2.refusal = "InvalidNetworkInterfaceID.NotFound"
    delete(ec2)
    assert ec2.looks == 1


def test_expired_credentials_are_reported_and_not_waited_for() -> None:
    ec2 = FakeEc2(eni_1="available")
    ec2.refusal = "RequestExpired"
    with pytest.raises(TrainingJobError, match="credentials have expired"):
        delete(ec2)


def test_at_the_deadline_it_says_which_are_left_and_what_to_run() -> None:
    with pytest.raises(TrainingJobError) as caught:
        delete(FakeEc2(eni_1="in-use", eni_2="in-use"))
    message = str(caught.value)
    assert "has not removed" in message
    assert "1200 s" in message
    for each in ("eni-1", "eni-2"):
        assert (
            f"aws ec2 delete-network-interface --region {REGION} --network-interface-id {each}"
            in message
        )
    assert message.endswith("run the same command again.")


def test_another_accounts_credentials_are_refused() -> None:
    ec2 = FakeEc2()
    with pytest.raises(TrainingJobError, match=f"210987654321, but the stack to {ACCOUNT}"):
        provider(ec2, account="210987654321").delete("id", dict(PLACE))
    assert ec2.looks == 0


@pytest.mark.parametrize("key", PLACE)
@pytest.mark.parametrize("value", ["another", UNKNOWN])
def test_another_place_is_another_resource_which_comes_before_the_old_one_goes(
    key: str, value: Any
) -> None:
    result = provider(FakeEc2()).diff("id", dict(PLACE), PLACE | {key: value})
    assert (result.changes, result.replaces) == (True, [key])
    assert not result.delete_before_replace


def test_the_same_place_is_no_change() -> None:
    assert provider(FakeEc2()).diff("id", dict(PLACE), dict(PLACE)).changes is False


def test_making_it_asks_aws_nothing() -> None:
    ec2 = FakeEc2()
    assert provider(ec2).create(dict(PLACE)).id == f"{GROUP}/{SUBNET}"
    assert provider(ec2).create(PLACE | {"subnet_id": ""}).id == GROUP
    assert ec2.looks == 0


def test_the_stored_provider_is_found_where_it_was() -> None:
    restored = dill.loads(base64.b64decode(STORED))  # noqa: S301 - our own text
    assert isinstance(restored, network_interfaces.TrainingNetworkInterfacesProvider)
