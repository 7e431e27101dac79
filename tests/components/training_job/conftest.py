"""A job's inputs, providers over SageMaker in memory, and a clock."""

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
from components.training_job.preflight.preflight import Preflight
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.training_request import Placement
from components.training_job.resource import TrainingJobArgs
from components.training_job.run import waiting
from components.training_job.settings.job_settings import JobSettings
from tests.components.training_job.completions import FakeLogs
from tests.components.training_job.fake_account import FakeAccount
from tests.components.training_job.fake_sagemaker import FakeSageMaker, provider_over

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


@pytest.fixture
def job_inputs() -> Callable[..., dict[str, Any]]:
    """Makes a job's inputs; keywords change the inputs, `job` the settings in them."""

    def build(job: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        settings = JobSettings.model_validate({"image": IMAGE, "runId": "", **(job or {})})
        args = TrainingJobArgs(
            job=settings,
            placement=PLACEMENT,
            lineage="research-dev-digits",
            owner="artifacts",
            account_id="123456789012",
            region="us-east-1",
            source_hash="0123456789abcdef",
            launch=True,
            preflight=False,
        )
        return resource.job_inputs(args) | changes

    return build


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> FakeSageMaker:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    # Git is waited for in real time.
    monkeypatch.setattr(provider_module, "revision", lambda _folder: Revision("0" * 40, False))
    return FakeSageMaker()


@pytest.fixture
def provider(sagemaker: FakeSageMaker) -> TrainingJobProvider:
    return provider_over(sagemaker)


@pytest.fixture
def account(sagemaker: FakeSageMaker) -> FakeAccount:
    """An account in which nothing is missing."""
    account = FakeAccount(sagemaker)
    account.quotas = {SPOT: 4, ON_DEMAND: 4, WARM_POOL: 0}
    account.images = {("training", "1")}
    account.objects = {"s3://data/train/0.csv"}
    account.roles = {"execution"}
    return account


@pytest.fixture
def preflight(account: FakeAccount) -> Preflight:
    return Preflight(account)  # type: ignore[arg-type]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that passes only while somebody sleeps; `on_sleep` is called each time."""
    clock = SimpleNamespace(now=0.0, on_sleep=lambda: None)

    def sleep(seconds: float) -> None:
        clock.now += seconds
        clock.on_sleep()

    # Not the module's own functions, which other tests' threads may be using.
    own_time = SimpleNamespace(sleep=sleep, monotonic=lambda: clock.now)
    monkeypatch.setattr(waiting, "time", own_time)
    return clock


@pytest.fixture
def completion(sagemaker: FakeSageMaker) -> TrainingJobCompletionProvider:
    provider = TrainingJobCompletionProvider()
    clients = {"sagemaker": sagemaker, "logs": FakeLogs()}
    provider._clients = SimpleNamespace(  # type: ignore[assignment]
        client=lambda service, _region: clients[service]
    )
    return provider


@pytest.fixture
def launched(
    sagemaker: FakeSageMaker, job_inputs: Callable[..., dict[str, Any]]
) -> Callable[[str], str]:
    """Launches the job of a lineage and returns its name."""

    def launch(lineage: str) -> str:
        provider = provider_over(sagemaker)
        inputs = provider.check({}, job_inputs(lineage=lineage)).inputs
        return str(provider.create(inputs).id)

    return launch
