"""After a crash at any call, the next `pulumi up` finds one live job and a correct state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import run_cloud
from tests.integration.crashes.scene import CrashStack, Scene, Victim, job_settings
from tests.integration.crashes.strikes import Way, way_to
from tests.integration.test_warm_pools import ask_for_warm_pools
from toolchain.layout import Layout

pytestmark = [pytest.mark.integration, pytest.mark.deep]

UP = ("up", "--yes", "--skip-preview")
DESTROY = ("destroy", "--yes", "--skip-preview")


@pytest.fixture(params=["engine", "host", "connection"])
def scene(request: pytest.FixtureRequest, tmp_path: Path, plugins: Path) -> Iterator[Scene]:
    """A stack of one job on a local cloud of its own, with a victim for each test."""
    victim: Victim = request.param
    # Every launch makes the same calls: none is sent again for a role that has yet to settle.
    for cloud in run_cloud(tmp_path / "cloud", "--role-delay", "0"):
        with way_to(cloud) as way:
            yield from staged(victim, cloud, way, tmp_path, plugins)


def staged(victim: Victim, cloud: str, way: Way, folder: Path, plugins: Path) -> Iterator[Scene]:
    layout = Layout(local=folder / "world")
    layout.pulumi_home.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    stack = CrashStack(layout, way.url, {"team": "crash"}, cloud=cloud)
    stack.settings |= {"lineage": stack.lineage("job"), "job": job_settings(), "tags": {"a": "1"}}
    stack.settings |= account(stack)
    scene = Scene(stack, way, victim)
    try:
        yield scene
    finally:
        stack.close()


def account(stack: CrashStack) -> dict[str, str]:
    """A bucket, a role, a key and a network for the job."""
    stack.client("s3").create_bucket(Bucket="artifacts")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = stack.client("iam").create_role(
        RoleName="execution", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    stack.client("iam").attach_role_policy(
        RoleName="execution", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    key = stack.client("kms").create_key()["KeyMetadata"]["Arn"]
    ec2 = stack.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.64.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
    return {"bucket": "artifacts", "role": role, "key": key, "subnet": subnet, "group": group}


def test_creation_and_destruction_survive_a_crash_at_every_call(
    scene: Scene, report: Callable[[str], None]
) -> None:
    creations, launched = scene.points_of(*UP), 1
    one_job(scene, launched)
    destructions = scene.points_of(*DESTROY)
    no_job(scene, launched)
    for creation, destruction in zip_longest(creations, destructions):
        launched += 1
        scene.crash(creation, *UP)
        one_job(scene, launched)
        scene.crash(destruction, *DESTROY)
        no_job(scene, launched)
    report(
        f"Crashes, creation and destruction: {scene.points} points at which the {scene.victim} died"
    )


def test_a_change_of_definition_survives_a_crash_at_every_call(
    scene: Scene, report: Callable[[str], None]
) -> None:
    scene.points_of(*UP)
    scene.set(hyperparameters={"epochs": 0})
    replacements = scene.points_of(*UP)
    for number, point in enumerate(replacements, start=1):
        scene.set(hyperparameters={"epochs": number})
        scene.crash(point, *UP)
        one_job(scene, number + 2)
    report(f"Crashes, change of definition: {scene.points} points at which the {scene.victim} died")


def test_a_pause_survives_a_crash_at_every_call(
    scene: Scene, report: Callable[[str], None]
) -> None:
    scene.points_of(*UP)
    scene.set(paused=True)
    for launched, point in enumerate(scene.points_of(*UP), start=1):
        scene.set(paused=False)
        scene.points_of(*UP)
        one_job(scene, launched + 1)
        scene.set(paused=True)
        scene.crash(point, *UP)
        assert scene.live() == []
        assert scene.recorded() == [newest(scene)]
        assert len(scene.stack.jobs("job")) == launched + 1
    report(f"Crashes, pause: {scene.points} points at which the {scene.victim} died")


@pytest.mark.parametrize("scene", ["engine"], indirect=True)
def test_a_job_that_returns_after_a_crash_of_its_removal_runs_once(
    scene: Scene, report: Callable[[str], None]
) -> None:
    """The other victims are struck at the same calls in memory, in tests/components."""
    scene.points_of(*UP)
    job = scene.stack.settings.pop("job")
    removals = scene.points_of(*UP)
    assert scene.live() == []
    assert scene.recorded() == []
    scene.stack.settings["job"] = job
    scene.points_of(*UP)
    for point in removals:
        scene.stack.settings.pop("job")
        scene.crash(point, *UP, then=lambda: scene.stack.settings.update(job=job))
        [live] = [each["TrainingJobName"] for each in scene.live()]
        assert scene.recorded() == [live]
    report(f"Crashes, removal and return: {scene.points} points at which the {scene.victim} died")


def test_a_change_of_tags_survives_a_crash_at_every_call(
    scene: Scene, report: Callable[[str], None]
) -> None:
    scene.points_of(*UP)
    scene.stack.settings["tags"] = {"b": "0"}
    for number, point in enumerate(scene.points_of(*UP), start=1):
        tags = {"ab"[number % 2]: str(number)}
        scene.stack.settings["tags"] = tags
        scene.crash(point, *UP)
        one_job(scene, 1)
        assert scene.tags() == tags
    report(f"Crashes, change of tags: {scene.points} points at which the {scene.victim} died")


def test_a_change_of_keep_alive_survives_a_crash_at_its_call(
    scene: Scene, report: Callable[[str], None]
) -> None:
    """The job has ended by then, as the service refuses the change while it runs. The calls before
    are those of a change of tags."""
    ask_for_warm_pools(scene.stack, "ml.m5.large")
    scene.stack.settings["job"] = job_settings("exit 0") | {"spot": False, "keepAlive": "30m"}
    scene.points_of(*UP)
    scene.stack.wait_for_job("job", has_pool)
    scene.set(keepAlive="31m")
    points = scene.points_of(*UP)
    changes = [point for point in points if scene.way.calls[point.call] == "UpdateTrainingJob"]
    assert changes
    for minutes, point in enumerate(changes, start=32):
        scene.set(keepAlive=f"{minutes}m")
        scene.crash(point, *UP)
        [job] = scene.stack.jobs("job")
        assert has_pool(job)
        assert job["ResourceConfig"]["KeepAlivePeriodInSeconds"] == minutes * 60
        assert scene.recorded() == [job["TrainingJobName"]]
    report(f"Crashes, change of keep-alive: {scene.points} points at which the {scene.victim} died")


def has_pool(job: dict[str, Any]) -> bool:
    return bool(job.get("WarmPoolStatus", {}).get("Status") == "Available")


def one_job(scene: Scene, launched: int) -> None:
    """Exactly one job is live, it is the one in the state, no launch was done twice, and the run's
    record exists."""
    names = [job["TrainingJobName"] for job in scene.live()]
    assert len(names) == 1
    assert scene.recorded() == names
    assert len(scene.stack.jobs("job")) == launched
    assert scene.has_record(names[0])


def no_job(scene: Scene, launched: int) -> None:
    """No job is live, the state is empty, and every record was kept."""
    assert scene.live() == []
    assert scene.stack.resources() == []
    assert len(scene.stack.jobs("job")) == launched


def newest(scene: Scene) -> str:
    name: str = scene.stack.jobs("job")[0]["TrainingJobName"]
    return name
