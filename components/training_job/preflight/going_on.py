"""From which step a lineage goes on where its next job has other capacity. boto3, no Pulumi.

A preview says it before the change costs anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import s3_location
from components.training_job.request.definition import Request
from components.training_job.request.fallbacks import capacity_of, request_of_try
from components.training_job.run.job_state import instances_in
from components.training_job.run.outcome import LIVE_STATUSES

_STEP = re.compile(r"(?:^|/)step-(\d{9,})(?!\d)")
"""How the names of checkpoints begin that the launcher's `training_checkpoints` saves."""


def going_on_notice(
    olds: Mapping[str, Any], request: Request, keys: Callable[[str], Iterable[str]]
) -> str:
    """From which step the job goes on that replaces one in state `olds`, and on what.

    "" where its instances are the same, bought in the same way, and where it goes on from no
    checkpoints: it keeps none, or is in another lineage. `keys` lists the objects under an S3
    prefix.
    """
    uri = olds["checkpoint_uri"]
    if not _is_on_other_capacity(olds, request) or not uri:
        return ""
    if request.get("CheckpointConfig", {}).get("S3Uri") != uri:
        return ""
    name, capacity = olds["training_job_name"], capacity_of(request)
    try:
        found = list(keys(uri))
    except (BotoCoreError, ClientError) as error:
        return f"{name}: goes on from its newest checkpoint on {capacity}; not seen here: {error}"
    if not found:
        return f"{name}: has no checkpoint in {uri} yet, so it begins again on {capacity}"
    steps = [int(match[1]) for match in map(_STEP.search, found) if match]
    newest = f"step {max(steps)}" if steps else "its newest checkpoint"
    is_live = olds["status"] in LIVE_STATUSES
    later = ", or, if it still runs, what it saves until it is stopped," if is_live else ""
    return f"{name}: goes on from {newest}{later} on {capacity}"


def _is_on_other_capacity(olds: Mapping[str, Any], request: Request) -> bool:
    instances = instances_in(request["ResourceConfig"])
    before = request_of_try(olds["request"], olds.get("fallbacks", ()), olds["tries"])
    return (
        before["EnableManagedSpotTraining"] != request["EnableManagedSpotTraining"]
        # The service says what the job ran on; what is recorded may be for its next attempt.
        or any(olds.get(name, each) != each for name, each in instances.items())
    )


def keys_under(s3: Any, uri: str) -> list[str]:
    """The keys of all objects under a prefix."""
    bucket, prefix = s3_location(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [each["Key"] for page in pages for each in page.get("Contents", [])]
