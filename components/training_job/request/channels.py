"""The input channels of a job as the CreateTrainingJob request has them; no AWS call, no Pulumi."""

from __future__ import annotations

from typing import Any

from components.training_job.settings.input_settings import FileSystemSettings, InputSettings

Channel = dict[str, Any]


def input_channel(name: str, channel: InputSettings, uri: Any) -> Channel:
    """One entry of InputDataConfig; `uri` is where its objects are, and may be a Pulumi output."""
    request: Channel = {
        "ChannelName": name,
        "DataSource": _data_source(channel, uri),
        "InputMode": channel.mode,
    }
    if channel.content_type is not None:
        request["ContentType"] = channel.content_type
    if channel.compression != "None":
        request["CompressionType"] = channel.compression
    if channel.record_wrapper != "None":
        request["RecordWrapperType"] = channel.record_wrapper
    if channel.shuffle_seed is not None:
        request["ShuffleConfig"] = {"Seed": channel.shuffle_seed}
    return request


def _data_source(channel: InputSettings, uri: Any) -> dict[str, Any]:
    if channel.file_system is not None:
        return {"FileSystemDataSource": _file_system(channel.file_system)}
    source = {
        "S3DataType": channel.s3_data_type,
        "S3Uri": uri,
        "S3DataDistributionType": channel.distribution,
    }
    if channel.attribute_names:
        source["AttributeNames"] = list(channel.attribute_names)
    if channel.instance_groups:
        source["InstanceGroupNames"] = list(channel.instance_groups)
    return {"S3DataSource": source}


def _file_system(source: FileSystemSettings) -> dict[str, str]:
    return {
        "FileSystemId": source.id,
        "FileSystemType": source.type,
        "DirectoryPath": source.directory_path,
        "FileSystemAccessMode": source.access_mode,
    }
