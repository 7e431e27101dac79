"""The rules of CreateTrainingJob for InputDataConfig that are not in the service model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from localcloud.sagemaker.runtime.layout import input_mode

Document = dict[str, Any]

_DATA_TYPES = {"S3Prefix", "ManifestFile", "AugmentedManifestFile"}


def channel_problems(request: Document) -> Iterator[str]:
    """The problems of a request's channels."""
    channels = request.get("InputDataConfig", [])
    yield from _names([channel["ChannelName"] for channel in channels])
    yield from _pipes(request, channels)
    groups = request.get("ResourceConfig", {}).get("InstanceGroups", [])
    for channel in channels:
        where = f"channel {channel['ChannelName']}"
        problems = (
            *_source(channel["DataSource"]),
            *_mode(channel, input_mode(request, channel)),
            *_groups(_s3(channel), {each["InstanceGroupName"] for each in groups}),
        )
        yield from (f"{problem}: {where}" for problem in problems)


def _names(names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Duplicate channel name {name} in InputDataConfig"
    for name in {".", ".."}.intersection(names):
        yield f"Invalid channel name {name}. It can't be a folder's name"


def _pipes(request: Document, channels: list[Document]) -> Iterator[str]:
    """Problems of channels whose folders would be in the place of another channel's pipes."""
    names = [each["ChannelName"] for each in channels]
    for pipe in (each["ChannelName"] for each in channels if input_mode(request, each) == "Pipe"):
        for name in names:
            if re.fullmatch(rf"{re.escape(pipe)}_\d+", name):
                yield f"Invalid channel name {name}. Channel {pipe} has a pipe of this name"


def _source(source: Document) -> Iterator[str]:
    if len(source) != 1:
        yield "Exactly one data source must be specified"
        return
    lacking = "is not offered by the local cloud"
    s3 = source.get("S3DataSource")
    if s3 is None:
        yield f"A DataSource other than S3DataSource {lacking}"
    elif s3["S3DataType"] not in _DATA_TYPES:
        yield f"S3DataType {s3['S3DataType']} {lacking}"
    elif "HubAccessConfig" in s3:
        yield f"HubAccessConfig {lacking}"


def _mode(channel: Document, mode: str) -> Iterator[str]:
    """Problems of what only some input modes support."""
    source = _s3(channel)
    kind = source.get("S3DataType")
    if kind == "AugmentedManifestFile" and mode != "Pipe":
        yield f"S3DataType {kind} is only supported with Pipe mode"
    for name in ("CompressionType", "RecordWrapperType"):
        if channel.get(name, "None") != "None" and mode != "Pipe":
            yield f"{name} {channel[name]} is only supported with Pipe mode"
    if (kind == "AugmentedManifestFile") != bool(source.get("AttributeNames")):
        yield (
            "AttributeNames are required with S3DataType AugmentedManifestFile, and not "
            "supported otherwise"
        )
    if mode == "FastFile" and kind != "S3Prefix":
        yield "FastFile mode is only supported with S3DataType S3Prefix"


def _groups(source: Document, known: set[str]) -> Iterator[str]:
    for name in source.get("InstanceGroupNames", []):
        if name not in known:
            yield f"Invalid InstanceGroupNames. {name} is not in ResourceConfig.InstanceGroups"


def _s3(channel: Document) -> Document:
    source: Document = channel["DataSource"].get("S3DataSource", {})
    return source
