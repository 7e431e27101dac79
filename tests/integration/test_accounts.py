"""The accounts that a stack may be built in, on the real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.account import inventory
from tests.integration.crashes.scene import CrashStack, job_settings
from tests.integration.crashes.test_crashes import account
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with
from toolchain.layout import Layout

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]
OTHER = "210987654321"


def account_of(stack: Stack) -> str:
    return str(stack.client("sts").get_caller_identity()["Account"])


def test_a_forbidden_account_is_refused_before_anything_is_created(new_stack: NewStack):
    stack = new_stack(stack_with(work=counting_job()))
    own, before = account_of(stack), inventory(stack.client)
    # Without quotes, as `pulumi config set --path` writes it.
    stack.aws = {"forbiddenAccountIds": [int(OTHER), int(own)]}
    refused = stack.up().failed()
    assert (
        f'aws:forbiddenAccountIds: ["{OTHER}","{own}"] — the credentials belong to the account '
        f"{own}, which is in it.".replace('","', '", "')
    ) in refused.text
    assert "Remedy: use credentials, a profile or a role of another account" in refused.text
    assert "Traceback" not in refused.text
    assert [each["type"] for each in stack.resources()] == ["pulumi:pulumi:Stack"]
    assert inventory(stack.client) == before
    assert stack.jobs("work") == []


@pytest.fixture
def only_a_job(tmp_path: Path, plugins: Path, own_cloud: str) -> Iterator[CrashStack]:
    """A stack of nothing but a job, so that no aws provider asks whose the credentials are."""
    layout = Layout(local=tmp_path / "world")
    layout.pulumi_home.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    stack = CrashStack(layout, own_cloud, {"team": "guards"}, cloud=own_cloud)
    stack.settings |= {"lineage": stack.lineage("job"), "tags": {}, "job": job_settings()}
    stack.settings |= account(stack)
    try:
        yield stack
    finally:
        stack.close()


def test_the_jobs_own_session_launches_and_replaces_only_in_an_allowed_account(
    only_a_job: CrashStack,
):
    stack, own = only_a_job, account_of(only_a_job)
    stack.aws = {"allowedAccountIds": [OTHER]}
    refused = stack.up().failed()
    assert f"the credentials belong to the account {own}, which is not in it" in refused.text
    assert "Traceback" not in refused.text
    assert stack.jobs("job") == []

    stack.aws = {"allowedAccountIds": [int(own)]}
    stack.up().succeeded()
    [job] = stack.jobs("job")

    stack.aws = {"forbiddenAccountIds": [own]}
    stack.settings["job"] |= {"runId": "another"}
    refused = stack.up().failed()
    assert f"the credentials belong to the account {own}, which is in it" in refused.text
    [same] = stack.jobs("job")
    assert same["TrainingJobStatus"] == "InProgress"
    assert same["TrainingJobName"] == job["TrainingJobName"]
