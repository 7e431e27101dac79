"""The provider of tuning jobs over AWS in memory."""

from __future__ import annotations

import pytest

from components.training_job.tuning.tuning_provider import TuningJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.tuning.tuned_jobs import tuning_provider_over


@pytest.fixture
def tuning(aws: FakeAws) -> TuningJobProvider:
    return tuning_provider_over(aws)
