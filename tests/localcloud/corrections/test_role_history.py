"""Changes of a role, which SageMaker sees some time after they were made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.server import daemon
from tests.localcloud.cloud import FAST, Cloud, policy, refusal, stop
from tests.localcloud.roles import World, allow, deny, trust

NEVER = ("--role-delay", "600")
LACKING = "because no identity-based policy allows the s3:ListBucket action"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Cloud]]:
    """Starts a local cloud in which no change is seen until the next one is started."""
    data = tmp_path / "cloud"
    yield lambda: Cloud(daemon.start(data, *FAST, *NEVER), data)
    daemon.stop(data)


def refused(cloud: Cloud, **changes: str) -> tuple[str, str]:
    return refusal(cloud.sagemaker.create_training_job, **cloud.request(**changes))


def test_a_new_role_and_each_change_of_it_are_seen_late(start: Callable[[], Cloud]):
    cloud = start()
    code, message = refused(cloud)
    assert code == "ValidationException"
    assert message.startswith(f"Could not assume role {cloud.role}")

    stop(cloud)
    cloud = start()
    cloud.client("iam").delete_role_policy(RoleName="training", PolicyName="everything")
    cloud.stop(cloud.create())

    stop(cloud)
    # The role gets its policy again, which is seen as late as any.
    cloud = start()
    code, message = refused(cloud)
    assert code == "ValidationException"
    assert message.startswith("No S3 objects found under S3 URL")
    assert message.endswith(LACKING)
    without_input = cloud.request()
    del without_input["InputDataConfig"]
    assert refusal(cloud.sagemaker.create_training_job, **without_input) == (
        "ValidationException",
        "Access denied to OutputDataConfig S3 bucket: training-artifacts",
    )

    stop(cloud)
    assert start().run()["TrainingJobStatus"] == "Completed"


def test_an_input_whose_listing_is_denied_is_refused_when_a_job_is_created(cloud: Cloud):
    world, anything = World(cloud), allow("*")
    code, message = refused(cloud, RoleArn=world.role(anything, deny("s3:ListBucket")))
    assert code == "ValidationException"
    assert message.startswith("Unauthorized to List objects under S3 URL")
    assert message.endswith("with an explicit deny in an identity-based policy")


@pytest.mark.deep
def test_policies_attached_boundaries_and_trust_are_seen_late_too(start: Callable[[], Cloud]):
    stop(start())
    cloud = start()
    iam = cloud.client("iam")
    document = policy(deny("s3:ListBucket"))
    denying = iam.create_policy(PolicyName="denying", PolicyDocument=document)["Policy"]["Arn"]
    nobody = json.dumps(trust(Effect="Deny"))
    changes: list[Callable[[], object]] = [
        lambda: iam.attach_role_policy(RoleName="training", PolicyArn=denying),
        lambda: iam.detach_role_policy(RoleName="training", PolicyArn=denying),
        lambda: iam.put_role_permissions_boundary(RoleName="training", PermissionsBoundary=denying),
        lambda: iam.delete_role_permissions_boundary(RoleName="training"),
        lambda: iam.update_assume_role_policy(RoleName="training", PolicyDocument=nobody),
    ]
    for change in changes:
        change()
        cloud.stop(cloud.create())
    stop(cloud)
    assert refused(start())[1].startswith("Could not assume role")
