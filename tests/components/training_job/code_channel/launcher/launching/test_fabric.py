"""What the launcher sets so that NCCL uses the network between the hosts."""

from __future__ import annotations

import pytest

from tests.components.training_job.code_channel.container import Container, shown

TWO_HOSTS = {"current_host": "127.0.0.3", "hosts": ["127.0.0.2", "127.0.0.3"]}
VARIABLES = {"NCCL_SOCKET_IFNAME", "FI_PROVIDER", "FI_EFA_USE_DEVICE_RDMA", "NCCL_PROTO"}


def variables(container: Container, instance_type: str, *options: str) -> dict[str, str]:
    """Those of the variables of NCCL and libfabric that a script on one of two hosts gets."""
    host = {"current_instance_type": instance_type, "network_interface_name": "eth1"}
    container.configure("resourceconfig", {**TWO_HOSTS, **host})
    environment, _, _ = shown(container, *options)
    return {name: environment[name] for name in VARIABLES & environment.keys()}


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        ("ml.p5en.48xlarge", {"NCCL_SOCKET_IFNAME": "eth1", "FI_PROVIDER": "efa"}),
        ("ml.g5.2xlarge", {"NCCL_SOCKET_IFNAME": "eth1"}),
    ],
)
def test_efa_is_used_on_the_types_that_have_it(
    container: Container, instance_type: str, expected: dict[str, str]
) -> None:
    assert variables(container, instance_type, "--distribution", "jax") == expected


def test_what_the_job_sets_itself_stays(container: Container) -> None:
    container.environment["FI_PROVIDER"] = "tcp"
    got = variables(container, "ml.p5en.48xlarge", "--distribution", "jax")
    assert got == {"NCCL_SOCKET_IFNAME": "eth1", "FI_PROVIDER": "tcp"}


def test_hosts_that_compute_alone_get_nothing(container: Container) -> None:
    assert variables(container, "ml.p5en.48xlarge") == {}
    container.configure("resourceconfig", {"current_host": "localhost", "hosts": ["localhost"]})
    environment, _, _ = shown(container, "--distribution", "jax")
    assert not VARIABLES & environment.keys()
