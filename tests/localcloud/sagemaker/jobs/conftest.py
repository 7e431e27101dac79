"""A place's quotas, for the tests of what counts against them."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.jobs.quota_book import Quota, QuotaBook


@pytest.fixture
def book() -> QuotaBook:
    """4 instances of ml.m5.large on demand, 2 by spot jobs."""
    book, place = QuotaBook(), ("123456789012", "us-east-1")
    book.apply(place, Quota("ml.m5.large", "training job"), 4)
    book.apply(place, Quota("ml.m5.large", "spot training job"), 2)
    return book
