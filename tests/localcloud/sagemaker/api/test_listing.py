"""The pages of ListTrainingJobs."""

from __future__ import annotations

import pytest

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.api import listing


def test_a_made_up_page_token_is_refused():
    with pytest.raises(ServiceError, match="NextToken"):
        listing.list_jobs([], {"NextToken": "made-up"}, 0.0)
