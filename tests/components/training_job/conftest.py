"""A job's inputs, AWS in memory with providers over it, and a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from components.training_job import provider as provider_module
from components.training_job import resource
from components.training_job.code_channel.source_control import Revision
from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.training_request import Placement
from components.training_job.run import waiting
from components.training_job.settings.job_settings import JobSettings
from components.training_job.tuning import tuning_provider
from tests.components.fake_aws import ACCOUNT, FakeAws
from tests.components.training_job.providers import launch, provider_over

PLACEMENT = Placement(
    role_arn="arn:aws:iam::123456789012:role/execution",
    key_arn="arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    subnet_ids=["subnet-0123456789abcdef0"],
    security_group_ids=["sg-0123456789abcdef0"],
    output_uri="s3://artifacts/output/research-dev-digits",
    checkpoint_uri="s3://artifacts/checkpoints/research-dev-digits/",
    code_uri="s3://artifacts/source/research-dev-digits/0/",
    input_uris={},
    tags={"team": "research"},
)
SPOT = "ml.g5.2xlarge for spot training job usage"
ON_DEMAND = "ml.g5.2xlarge for training job usage"
WARM_POOL = "ml.g5.2xlarge for training warm pool usage"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"


@pytest.fixture
def placement() -> Placement:
    return PLACEMENT


def inputs_of_job(
    job: dict[str, Any] | None = None, placement: Placement = PLACEMENT, **changes: Any
) -> dict[str, Any]:
    """The inputs that the program gives the engine of a job with these settings.

    `changes` are of the inputs.
    """
    inputs = resource.job_inputs(
        JobSettings.model_validate({"image": IMAGE} | (job or {})),
        placement,
        lineage="research-dev-digits",
        owner="artifacts",
        account_id=ACCOUNT,
        region="us-east-1",
        source_hash="0123456789abcdef",
        launch=True,
        preflight=False,
    )
    return inputs.properties() | changes


@pytest.fixture
def job_inputs() -> Callable[..., dict[str, Any]]:
    return inputs_of_job


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """An account in which nothing is missing, and nothing is waited for."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    # Git is waited for in real time.
    for module in (provider_module, tuning_provider):
        monkeypatch.setattr(module, "revision", lambda _folder: Revision("0" * 40, False))
    aws = FakeAws()
    aws.quotas = {SPOT: 4, ON_DEMAND: 4, WARM_POOL: 0}
    return aws


@pytest.fixture
def provider(aws: FakeAws) -> TrainingJobProvider:
    return provider_over(aws)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that passes only during a sleep; `on_sleep` is called at the end of each."""
    clock = SimpleNamespace(now=0.0, on_sleep=lambda: None)

    def sleep(seconds: float) -> None:
        clock.now += seconds
        clock.on_sleep()

    # Not the module's own functions, which other tests' threads may be using.
    own_time = SimpleNamespace(sleep=sleep, monotonic=lambda: clock.now)
    monkeypatch.setattr(waiting, "time", own_time)
    return clock


@pytest.fixture
def completion(aws: FakeAws) -> TrainingJobCompletionProvider:
    provider = TrainingJobCompletionProvider()
    provider._clients = aws  # type: ignore[assignment]
    return provider


@pytest.fixture
def _without_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for jobs writes no report of them, whose calls are its own."""
    monkeypatch.setattr(TrainingJobCompletionProvider, "_keep_reports", lambda *_: None)


def completion_of(*names: str, deadline: int = 3600) -> dict[str, Any]:
    """The inputs of a completion that waits for these jobs, for at most `deadline` seconds."""
    return {
        "jobs": [name.rpartition("-")[0] for name in names],
        "training_job_names": list(names),
        "region": "us-east-1",
        "deadline_seconds": deadline,
    }


@pytest.fixture
def launched(aws: FakeAws) -> Callable[[str], str]:
    """Launches the job of a lineage and returns its name."""

    def launch_on(lineage: str) -> str:
        return str(launch(provider_over(aws), inputs_of_job(lineage=lineage))["training_job_name"])

    return launch_on
