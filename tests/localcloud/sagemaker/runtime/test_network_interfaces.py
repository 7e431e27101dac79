"""A job's network interfaces: created and deleted with its role, some time after the job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.records import TrainingJob, WarmPool
from localcloud.sagemaker.runtime import network_interfaces
from localcloud.server import daemon
from tests.localcloud.cloud import (
    FAST,
    LISTEN,
    Cloud,
    eventually,
    kill,
    policy,
    refusal,
    resources,
    wait_for_snapshot,
)
from tests.localcloud.roles import World, allow, deny

LONG = ("--interface-delay", "600")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Cloud]]:
    """Starts a local cloud on a folder of the test's own, with further options."""
    data = tmp_path / "cloud"
    yield lambda *options: Cloud(daemon.start(data, *FAST, *options), data)
    daemon.stop(data)


def interfaces(cloud: Cloud, network: dict[str, list[str]]) -> list[dict[str, Any]]:
    filters = [{"Name": "subnet-id", "Values": network["Subnets"]}]
    answer = cloud.client("ec2").describe_network_interfaces(Filters=filters)
    return list(answer["NetworkInterfaces"])


def gone(cloud: Cloud, network: dict[str, list[str]]) -> None:
    eventually(lambda: True if not interfaces(cloud, network) else None)


def left(cloud: Cloud, network: dict[str, list[str]]) -> str:
    """Waits until the service has left the only interface, and returns its id."""

    def available() -> str | None:
        [each] = interfaces(cloud, network)
        return each["NetworkInterfaceId"] if each["Status"] == "available" else None

    return eventually(available)


def test_each_instance_has_an_interface_in_the_jobs_network_until_some_time_after_its_end(
    cloud: Cloud,
):
    network = cloud.vpc_config()
    name = cloud.create(LISTEN, VpcConfig=network, ResourceConfig=resources(2))
    cloud.wait_for_line(name, "running")
    made = interfaces(cloud, network)
    assert len(made) == 2
    for each in made:
        assert [group["GroupId"] for group in each["Groups"]] == network["SecurityGroupIds"]
        assert each["Status"] == "in-use"
        assert f"training-job/{name}" in each["Description"]
    cloud.stop(name)
    gone(cloud, network)


def test_a_subnet_a_group_and_an_interface_that_are_in_use_are_not_deleted(cloud: Cloud):
    network, ec2 = cloud.vpc_config(), cloud.client("ec2")
    [subnet], [group] = network["Subnets"], network["SecurityGroupIds"]
    name = cloud.create(LISTEN, VpcConfig=network)
    cloud.wait_for_line(name, "running")
    [interface] = interfaces(cloud, network)
    assert refusal(ec2.delete_subnet, SubnetId=subnet) == (
        "DependencyViolation",
        f"The subnet '{subnet}' has dependencies and cannot be deleted.",
    )
    assert refusal(ec2.delete_security_group, GroupId=group) == (
        "DependencyViolation",
        f"resource {group} has a dependent object",
    )
    used = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    assert refusal(ec2.delete_network_interface, **used)[0] == "InvalidParameterValue"
    cloud.stop(name)
    gone(cloud, network)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)


def test_what_ec2_made_for_a_gateway_or_an_instance_goes_with_it(cloud: Cloud):
    network, ec2 = cloud.vpc_config("ended"), cloud.client("ec2")
    [subnet], [group] = network["Subnets"], network["SecurityGroupIds"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    ran = ec2.run_instances(
        ImageId=ec2.describe_images()["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group],
    )
    assert len(interfaces(cloud, network)) == 2
    ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    ec2.terminate_instances(InstanceIds=[ran["Instances"][0]["InstanceId"]])
    assert interfaces(cloud, network) == []
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)


def test_without_its_roles_permission_an_interface_stays_until_someone_deletes_it(cloud: Cloud):
    network, iam, ec2 = cloud.vpc_config(), cloud.client("iam"), cloud.client("ec2")
    role = World(cloud).role(allow("*"))
    name = cloud.create(LISTEN, RoleArn=role, VpcConfig=network)
    cloud.wait_for_line(name, "running")
    own = {"RoleName": role.rpartition("/")[2], "PolicyName": "own"}
    iam.delete_role_policy(**own)
    cloud.stop(name)
    interface = left(cloud, network)
    # That the role may again comes too late.
    iam.put_role_policy(**own, PolicyDocument=policy(allow("*")))
    assert left(cloud, network) == interface
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert interfaces(cloud, network) == []


@pytest.mark.deep
def test_without_its_role_or_in_another_vpc_an_interface_stays(cloud: Cloud):
    iam, world = cloud.client("iam"), World(cloud)
    elsewhere = deny("ec2:DeleteNetworkInterface", Condition={"Null": {"ec2:Vpc": "false"}})
    for number in range(2):
        network = cloud.vpc_config()
        role = world.role(allow("*"))
        name = cloud.create(LISTEN, RoleArn=role, VpcConfig=network)
        cloud.wait_for_line(name, "running")
        named = {"RoleName": role.rpartition("/")[2]}
        if number:
            iam.put_role_policy(**named, PolicyName="deny", PolicyDocument=policy(elsewhere))
        else:
            iam.delete_role_policy(**named, PolicyName="own")
            iam.delete_role(**named)
        cloud.stop(name)
        assert left(cloud, network)


def test_a_job_in_a_network_that_does_not_exist_fails(cloud: Cloud):
    network = cloud.vpc_config()
    [subnet], [group] = network["Subnets"], network["SecurityGroupIds"]
    for changed, reason in (
        ({"Subnets": [subnet, "subnet-0"]}, "The subnet ID 'subnet-0' does not exist"),
        ({"SecurityGroupIds": ["sg-0", group]}, "The security group 'sg-0' does not exist"),
    ):
        job = cloud.run(VpcConfig=network | changed)
        assert job["TrainingJobStatus"] == "Failed"
        assert reason in job["FailureReason"]
    assert interfaces(cloud, network) == []


def test_a_job_in_two_networks_fails(cloud: Cloud):
    one, other = cloud.vpc_config(), cloud.vpc_config()

    for member in ("Subnets", "SecurityGroupIds"):
        job = cloud.run(VpcConfig=one | {member: one[member] + other[member]})
        assert job["FailureReason"].startswith(
            "ClientError: You have specified two resources that belong to different networks: "
        )


@pytest.mark.deep
def test_interfaces_survive_a_killed_server_and_go_with_their_job(start: Callable[..., Cloud]):
    cloud = start(*LONG)
    network = cloud.vpc_config()
    ended = cloud.run(VpcConfig=network)["TrainingJobName"]
    running = cloud.create(LISTEN, VpcConfig=network)
    cloud.wait_for_line(running, "running")
    before = {each["NetworkInterfaceId"] for each in interfaces(cloud, network)}
    assert len(before) == 2
    wait_for_snapshot(cloud)
    kill(cloud)

    again = start()
    eventually(lambda: True if len(interfaces(again, network)) == 1 else None)
    [kept] = interfaces(again, network)
    assert kept["NetworkInterfaceId"] in before
    assert ended not in kept["Description"]
    again.stop(running)
    gone(again, network)


def job(pool: WarmPool | None, status: str = "Completed") -> TrainingJob:
    rows = statuses.enter(statuses.enter((), "Starting", 0.0), status, 100.0, "a message")
    return TrainingJob("job", "123456789012", "us-east-1", {}, 0.0, 0.0, rows, warm_pool=pool)


@pytest.mark.parametrize(
    ("record", "end"),
    [
        (job(None), 100.0),
        (job(WarmPool(0.0, 100.0, 700.0)), 700.0),
        (job(WarmPool(0.0, 100.0, 300.0, reused_by="next")), 100.0),
        (job(None, "Training"), float("inf")),
    ],
    ids=["without a pool", "with a pool", "with a pool that another job took", "running"],
)
def test_interfaces_are_free_when_the_last_of_a_jobs_instances_goes(
    record: TrainingJob, end: float
):
    assert network_interfaces._free_from(record) == end


@pytest.mark.deep
def test_a_warm_pool_keeps_its_interfaces_for_the_next_job_and_until_its_end(cloud: Cloud):
    network = cloud.vpc_config()
    kind = "ml.c5.4xlarge"
    daemon.ask(
        cloud.server,
        "POST",
        "/localcloud/quotas",
        {"name": f"{kind} for training warm pool usage", "region": cloud.region, "value": 1},
    )
    kept: dict[str, Any] = {
        "ResourceConfig": {
            "InstanceType": kind,
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
            "KeepAlivePeriodInSeconds": 600,
        },
        "VpcConfig": network,
    }
    first = cloud.run(**kept)
    assert first["WarmPoolStatus"]["Status"] == "Available"
    [before] = interfaces(cloud, network)
    second = cloud.run(**kept)
    [after] = interfaces(cloud, network)
    assert before["NetworkInterfaceId"] == after["NetworkInterfaceId"]
    assert after["Status"] == "in-use"
    cloud.sagemaker.update_training_job(
        TrainingJobName=second["TrainingJobName"],
        ResourceConfig={"KeepAlivePeriodInSeconds": 0},
    )
    gone(cloud, network)
