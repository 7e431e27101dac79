"""Stack files of teams on the local cloud, in a checkout whose path has a comma and quotes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from development import commands
from development.engine import Engine
from development.leftovers import end_processes_of
from development.policy_pack import policy_check
from localcloud.server import daemon
from tests.integration.settings import JOB_FOLDER, counting_job, stack_with
from toolchain.layout import CHECKOUT, Layout

pytestmark = [pytest.mark.integration, pytest.mark.deep]

REGION = "eu-west-1"
REAL_ACCOUNT = {
    "aws:profile": "production",
    "aws:allowedAccountIds": ["210987654321"],
    "aws:assumeRoles": [{"roleArn": "arn:aws:iam::210987654321:role/deployer"}],
    "aws:endpoints": [{"sagemaker": "http://127.0.0.1:9", "s3": "http://127.0.0.1:9"}],
}
ENCRYPTION = {
    "secretsprovider": "awskms://alias/pulumi?region=eu-west-1",
    "encryptedkey": "AQICAHh",
    "encryptionsalt": "v1:of another passphrase",
}


@pytest.fixture
def layout(tmp_path: Path, plugins: Path) -> Iterator[Layout]:
    """A checkout with the program, the pack and the counting job."""
    layout = Layout(tmp_path / "a, \"b\" and 'c'", tmp_path / "local")
    for name in ("components", "policies", JOB_FOLDER):
        shutil.copytree(CHECKOUT / name, layout.checkout / name)
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(CHECKOUT / name, layout.checkout)
    layout.pulumi_bin.parent.mkdir(parents=True)
    layout.pulumi_bin.symlink_to(Layout().pulumi_bin)
    layout.virtual_environment.symlink_to(Layout().virtual_environment)
    layout.pulumi_home.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    yield layout
    end_processes_of(layout.pulumi_home)
    daemon.stop(layout.cloud)


def write_stack(layout: Layout, stack: str, team: str, **jobs: dict[str, Any]) -> bytes:
    """Writes a stack file as a team has it for a real account."""
    own = {"team": team, "environment": "dev"} | stack_with(launch=False, wait=True, **jobs)
    config = {"aws:region": REGION, **REAL_ACCOUNT}
    config |= {f"sagemaker-training:{key}": value for key, value in own.items()}
    path = layout.checkout / f"Pulumi.{stack}.yaml"
    path.write_text(yaml.safe_dump({"config": config, **ENCRYPTION}))
    return path.read_bytes()


def test_a_team_tries_its_stack_file_beside_others_and_no_real_account_is_asked(
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    job = counting_job(
        instanceType="ml.c5.xlarge", relaunch="onFailure", hyperparameters={"fail-once-at": 2}
    )
    job["image"] = job["image"].replace("us-east-1", REGION)
    written = write_stack(layout, "vision-real", "vision", work=job)
    write_stack(layout, "research-real", "research")
    assert policy_check(layout, "vision-real") == 0
    assert commands.up(layout, "vision-real") != 0
    assert "step 2 can't be done yet" in capfd.readouterr().out
    assert commands.up(layout, "vision-real") == 0
    printed = capfd.readouterr().out
    assert "Failed, with relaunch: onFailure: work. So the state is refreshed first." in printed
    left_out = ", ".join(sorted(REAL_ACCOUNT))  # as the helper writes them
    assert f"Left out, as the local cloud is no real account: {left_out}" in printed
    assert "step=3" in printed
    assert (layout.checkout / "Pulumi.vision-real.yaml").read_bytes() == written
    server = daemon.find(layout.cloud)
    assert server is not None
    outputs = Engine(layout, "vision-real", server.url).outputs()
    assert outputs["sagemaker_execution_role_arn"].startswith("arn:aws:iam::123456789012:role/")
    sagemaker = boto3.client("sagemaker", endpoint_url=server.url, region_name=REGION)
    name = outputs["training_job_name"]
    described = sagemaker.describe_training_job(TrainingJobName=name)
    assert described["TrainingJobStatus"] == "Completed"

    assert commands.up(layout, "research-real") == 0
    capfd.readouterr()
    assert commands.status(layout, "vision-real") == 0
    printed = capfd.readouterr().out
    assert name in printed
    assert "Stack research-real" in printed
    assert commands.logs(layout, None, follow=False, stack="vision-real") == 0
    assert "step=3" in capfd.readouterr().out
    assert commands.pause(layout, None, "vision-real") == 0
    assert capfd.readouterr().out == "No job runs, so there is nothing to pause.\n"

    assert commands.down(layout, "vision-real") == 0
    assert "The local cloud still runs, for research-real." in capfd.readouterr().out
    assert Engine(layout, "vision-real", server.url).resources() == []
    assert Engine(layout, "research-real", server.url).resources() != []
    assert commands.down(layout) == 0
    assert Engine(layout, "research-real", server.url).resources() == []
    assert daemon.find(layout.cloud) is None
