"""What an instance finds at its start: pure functions."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.runtime import layout


def test_host_names_are_in_the_order_of_the_letters():
    hosts = layout.make_hosts(
        {"InstanceType": "ml.m5.large", "InstanceCount": 11}, "127.0.0", "lo", named=True
    )

    assert layout.hosts_file(hosts).splitlines()[1] == "127.0.0.1 algo-1"
    document = layout._resources(hosts, hosts[0])
    assert document["hosts"][:3] == ["algo-1", "algo-10", "algo-11"]


def test_instance_groups_are_numbered_through():
    groups = [
        {"InstanceGroupName": "cpu", "InstanceType": "ml.c5.large", "InstanceCount": 1},
        {"InstanceGroupName": "gpu", "InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
    ]

    hosts = layout.make_hosts({"InstanceGroups": groups}, "127.0.0", "lo", named=True)

    assert [(host.name, host.group) for host in hosts] == [
        ("algo-1", "cpu"),
        ("algo-2", "gpu"),
        ("algo-3", "gpu"),
    ]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ({}, ("train",)),
        ({"ContainerEntrypoint": ["python3", "x.py"]}, ("python3", "x.py")),
        ({"ContainerArguments": ["serve"]}, ("serve",)),
        ({"ContainerEntrypoint": ["sh"], "ContainerArguments": ["-c", "x"]}, ("sh", "-c", "x")),
    ],
)
def test_the_command_is_the_images_unless_the_request_replaces_it(
    algorithm: dict[str, list[str]], expected: tuple[str, ...]
):
    assert layout.command({"AlgorithmSpecification": algorithm}) == expected
