"""The models that a run goes on from: those of the last completed runs. boto3, no Pulumi.

They are resolved with the first launch of a run, and are the same for all its jobs: a run that is
sent again, or relaunched, has the same definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.training_job.recurring.recurring_runs import completed_runs
from components.training_job.run.job_names import lineage_runs
from components.training_job.run.job_state import model_uri
from components.training_job.run.service_record import describe, owns, tags_of
from components.unknowns import is_unknown

Channel = Mapping[str, Any]
Description = Mapping[str, Any]


def with_last_models(client: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """A job's inputs with the channels that read the model of a last run.

    A channel is left out where no run has completed yet, which is printed.
    """
    if is_unknown(inputs["owner"]):
        return inputs  # a bucket that is not made yet has no models
    channels = [*_channels(client, inputs)]
    if not channels:
        return inputs
    request = inputs["request"]
    data = [*request.get("InputDataConfig", []), *channels]
    return inputs | {"request": request | {"InputDataConfig": data}}


def _channels(client: Any, inputs: Mapping[str, Any]) -> Iterator[Channel]:
    owner, lineage = inputs["owner"], inputs["lineage"]
    earlier = _earlier_job(client, owner, lineage)
    for each in inputs["last_runs"]:
        name, job = each["channel"]["ChannelName"], each["job"]
        if earlier is not None:
            uri = _uri_of(name, earlier)
        else:
            uri = _last_model(client, owner, job, lineage)
            none = f"left out, as no run of {job} has completed yet"
            print(f"{lineage}: the channel {name} is {uri or none}")
        if uri:
            yield _reading(uri, each["channel"])


def _earlier_job(client: Any, owner: str, lineage: str) -> Description | None:
    """The newest job that was launched for this run already."""
    for run in lineage_runs(client, lineage):
        description = describe(client, run.name)
        if description is not None and owns(owner, tags_of(client, run.arn), description):
            return description
    return None


def _uri_of(channel: str, job: Description) -> str:
    """What a job reads in a channel, "" without such a channel."""
    found = (each for each in job.get("InputDataConfig", []) if each["ChannelName"] == channel)
    return next((str(each["DataSource"]["S3DataSource"]["S3Uri"]) for each in found), "")


def _last_model(client: Any, owner: str, job: str, lineage: str) -> str:
    """The model of the newest completed run of a job, other than this one; "" without any."""
    for run in completed_runs(client, owner, job):
        if run.lineage != lineage and (description := describe(client, run.name)) is not None:
            return model_uri(description["OutputDataConfig"], run.name)
    return ""


def _reading(uri: str, channel: Channel) -> Channel:
    """The channel with the URI of what it reads."""
    source = channel["DataSource"]["S3DataSource"] | {"S3Uri": uri}
    return {**channel, "DataSource": {"S3DataSource": source}}
