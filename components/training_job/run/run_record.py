"""What a run was made of, as `run.json` beside its model: enough to make the same run again.

Pure functions, and one call that writes the record.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import s3_location
from components.training_job.aws.errors import code_of
from components.training_job.aws.images import digest_in
from components.training_job.code_channel.source_control import Revision
from components.training_job.request.definition import CODE_CHANNEL, Request, definition_of
from components.training_job.request.service_model import request_shape

RUN_RECORD = "run.json"
FORMAT = 1
"""The record's format; a member may be added without another number."""

_LAUNCHED_WITH = ("pulumi", "boto3", "botocore", "pydantic")
_NOT_OF_THE_RUN = frozenset({"Tags", "TrainingJobName"})
_TAKEN = "PreconditionFailed"


def run_record(
    inputs: Mapping[str, Any], description: Request, revision: Revision, launched: datetime
) -> dict[str, Any]:
    """The record of a job's launch, from the job's inputs and its description.

    Secrets are not in it, since none is in a request; those of `secrets:` are there by ARN.
    """
    request = {key: description[key] for key in request_shape().members if key in description}
    sent = {key: value for key, value in request.items() if key not in _NOT_OF_THE_RUN}
    return {
        "training_job": request["TrainingJobName"],
        "definition": definition_of(request, inputs["source_hash"], inputs["run_id"]),
        "request": sent,
        **record_of_launch(inputs, request, revision, launched),
    }


def record_of_launch(
    inputs: Mapping[str, Any], request: Request, revision: Revision, launched: datetime
) -> dict[str, Any]:
    """The part of a record that the launches of both kinds of job have."""
    expected = inputs.get("expected_seconds")
    return {
        "format": FORMAT,
        "lineage": inputs["lineage"],
        "launched": launched.astimezone(UTC).isoformat(timespec="seconds"),
        "definition_hash": inputs["definition_hash"],
        "image_digest": digest_in(request),
        "source_hash": inputs["source_hash"],
        "source_uri": _source_uri(request),
        "revision": {"commit": revision.commit, "modified": revision.modified},
        "seeds": seeds_of(request),
        "versions": dict(versions()),
        # For the forecast in the run's report: nothing that the service keeps has it.
        **({"expected_seconds": int(expected)} if expected else {}),
    }


def seeds_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The hyperparameters whose names say that they are seeds."""
    parameters = request.get("HyperParameters", {})
    return {name: value for name, value in parameters.items() if "seed" in name.lower()}


@cache
def versions() -> Mapping[str, str]:
    """The versions of what launches a job; those of what trains are the image's."""
    return {"python": platform.python_version()} | {name: version(name) for name in _LAUNCHED_WITH}


def record_uri(output: Mapping[str, Any], name: str, document: str = RUN_RECORD) -> str:
    """Where a job's record is: beside its output, by its OutputDataConfig and its name."""
    return f"{output['S3OutputPath'].rstrip('/')}/{name}/{document}"


def write_record(s3: Any, uri: str, record: Mapping[str, Any]) -> bool:
    """Writes a record where there is none yet: a job that is adopted keeps its first one.

    The job runs already, so a record that can't be written is only reported. Returns whether there
    is one now.
    """
    bucket, key = s3_location(uri)
    body = json.dumps(record, indent=2, sort_keys=True).encode()
    try:
        s3.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*"
        )
    except (BotoCoreError, ClientError) as error:
        if code_of(error) != _TAKEN:
            print(f"{uri} can't be written, so this run has no record: {error}")
            return False
    return True


def _source_uri(request: Request) -> str:
    """The prefix with the source archive and the launcher; "" for a job without source."""
    channels = {each["ChannelName"]: each for each in request.get("InputDataConfig", [])}
    source = channels.get(CODE_CHANNEL, {}).get("DataSource", {})
    return str(source.get("S3DataSource", {}).get("S3Uri", ""))
