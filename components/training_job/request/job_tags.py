"""The tags that say whose run a job is, and how many tags that leaves for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.problems import Problem
from components.unknowns import is_unknown

LINEAGE_TAG = "sagemaker-training:lineage"
OWNER_TAG = "sagemaker-training:owner"
HASH_TAG = "sagemaker-training:hash"
RECURRING_TAG = "sagemaker-training:recurring"
"""The tag of each run of a recurring job: what the lineages of all its runs begin with."""
RELEASED_TAG = "sagemaker-training:released"
"""The tag of a job that was let go, with the reason; no later launch adopts it."""
REPORTED_TAG = "sagemaker-training:prolonged"
"""The tag with which the stack's watchdog marks a job that it has reported."""
IDLE_TAG = "sagemaker-training:idle"
"""The tag with which the watchdog marks a job that it has reported as idle."""

_MOST_OF_A_JOB = 50
"""SageMaker's own limit, as in Tag of its API reference."""

_OWN = (LINEAGE_TAG, OWNER_TAG, HASH_TAG, REPORTED_TAG, IDLE_TAG, RELEASED_TAG)


def tag_problems(request: Mapping[str, Any], *, recurring: bool = False) -> Iterator[Problem]:
    """Too many tags: the launch adds three, the watchdog two, and the end of the job one more.

    The launch of a recurring job adds a fourth.

    AWS would refuse each of them only when the earlier job is stopped already.
    """
    own = len(_OWN) + recurring
    tags, most = request.get("Tags", []), _MOST_OF_A_JOB - own
    if is_unknown(tags) or len(tags) <= most:
        return
    yield Problem(
        "request.Tags",
        len(tags),
        f"a job may have {_MOST_OF_A_JOB} tags, of which {own} mark whose run it is",
        f"remove tags of the job or the stack until {most} are left",
    )
