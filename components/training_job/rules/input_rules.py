"""The rules for a job's input channels. Each function checks one thing and yields what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from components.arns import s3_location
from components.problems import Problem, under
from components.training_job.code_channel.local_files import data_files, missing
from components.training_job.request.definition import CODE_CHANNEL
from components.training_job.settings.input_settings import FileSystemSettings, InputSettings
from components.training_job.settings.job_settings import JobSettings

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")

CHANNEL_NAME = re.compile(r"[A-Za-z0-9.\-_]{1,64}")
FILE_SYSTEM_ID = re.compile(r"fs-[0-9a-f]{8,17}")
SECURITY_GROUP_ID = re.compile(r"sg-[0-9a-f]{8,17}")


def input_problems(job: JobSettings, project: Path) -> Iterator[Problem]:
    """Everything that is wrong with a job's channels; `project` is the program's folder."""
    for name, channel in job.inputs.items():
        found = [problem for rule in _RULES for problem in rule(channel)]
        found += [*_location_problems(channel, project), *_group_problems(channel, job)]
        found += _last_run_problems(channel, job)
        yield from under(f"inputs.{name}", [*_name_problems(name), *found])


def key_problems(path: str, key_arn: str | None) -> Iterator[Problem]:
    """What is wrong with the ARN of a customer's key."""
    if key_arn is not None and not KEY_ARN.fullmatch(key_arn):
        yield Problem(
            path,
            key_arn,
            "is not the ARN of a KMS key; an alias is not enough, as a policy can't name it",
            "write arn:aws:kms:<region>:<account>:key/<id>",
        )


def _name_problems(name: str) -> Iterator[Problem]:
    if name == CODE_CHANNEL or not CHANNEL_NAME.fullmatch(name):
        yield Problem(
            "",
            name,
            "a channel's name has 1 to 64 letters, digits, dots, hyphens or underscores, and is "
            f"not {CODE_CHANNEL}, the channel of the job's own code",
            "choose another name",
        )


def _has_one_source(channel: InputSettings) -> Iterator[Problem]:
    sources = [channel.s3_uri, channel.path, channel.file_system, channel.last_run_of]
    if sum(source is not None for source in sources) != 1:
        yield Problem(
            "",
            channel.s3_uri and channel.path,
            "a channel is data in S3, a local file or folder, a directory of a file system, or the "
            "model of a last run",
            "set one of s3Uri, path, fileSystem and lastRunOf",
        )


def _locations_are_plain(channel: InputSettings) -> Iterator[Problem]:
    """The role's policy names them, so they may have no character of a pattern."""
    named = {f"manifestPrefixes.{i}": uri for i, uri in enumerate(channel.manifest_prefixes)}
    if channel.s3_uri is not None:
        named["s3Uri"] = channel.s3_uri
    for path, uri in named.items():
        try:
            s3_location(uri)
        except ValueError:
            yield Problem(
                path, uri, "is not an S3 prefix without wildcards", "write s3://bucket/prefix/"
            )


def _manifests_have_prefixes(channel: InputSettings) -> Iterator[Problem]:
    kind = channel.s3_data_type
    if kind == "S3Prefix":
        if channel.manifest_prefixes:
            rule = "is for manifests, whose objects may be under other prefixes"
            yield Problem("manifestPrefixes", channel.manifest_prefixes, rule, "remove it")
        return
    if channel.s3_uri is None:
        rule = "a manifest is an object in S3 that lists other objects by their full URIs"
        yield Problem("s3DataType", kind, rule, "upload it, and name it with s3Uri")
    if not channel.manifest_prefixes:
        yield Problem(
            "manifestPrefixes",
            None,
            "is required: jobs may read only what the settings name, and a manifest's objects can "
            "be anywhere",
            "name the prefixes that the objects are under",
        )


def _augmented_manifests_have_attributes(channel: InputSettings) -> Iterator[Problem]:
    augmented = channel.s3_data_type == "AugmentedManifestFile"
    if augmented and channel.mode != "Pipe":
        rule = "SageMaker reads an AugmentedManifestFile only in Pipe mode"
        yield Problem("mode", channel.mode, rule, "set mode: Pipe")
    if augmented and not channel.attribute_names:
        rule = "is required: SageMaker needs to know which attributes of each line to read"
        yield Problem("attributeNames", None, rule, "name 1 to 16 attributes, in their order")
    if not augmented and channel.attribute_names:
        rule = "only an AugmentedManifestFile has attributes"
        yield Problem("attributeNames", channel.attribute_names, rule, "remove it")


def _fast_files_are_prefixes(channel: InputSettings) -> Iterator[Problem]:
    if channel.mode == "FastFile" and channel.s3_data_type == "ManifestFile":
        rule = "SageMaker reads no manifest in FastFile mode"
        yield Problem("mode", "FastFile", rule, "set mode: File or Pipe, or name an S3 prefix")


def _only_pipes_change_objects(channel: InputSettings) -> Iterator[Problem]:
    """In File mode, SageMaker wants these unset or None; FastFile shows the objects as they are."""
    changes = {
        "compression": channel.compression != "None" and channel.compression,
        "recordWrapper": channel.record_wrapper != "None" and channel.record_wrapper,
        "shuffleSeed": channel.shuffle_seed is not None and channel.shuffle_seed,
    }
    for path, value in changes.items():
        if value is not False and channel.mode != "Pipe":
            rule = f"is only for mode Pipe, and the mode is {channel.mode}"
            yield Problem(path, value, rule, "remove it, or set mode: Pipe")


def _file_systems_are_mounted(channel: InputSettings) -> Iterator[Problem]:
    if channel.file_system is None:
        return
    yield from under("fileSystem", _file_system_problems(channel.file_system))
    if channel.mode != "File":
        rule = "a file system is mounted, so its mode can only be File"
        yield Problem("mode", channel.mode, rule, "remove it")
    for path, value, default in (
        ("distribution", channel.distribution, "FullyReplicated"),
        ("s3DataType", channel.s3_data_type, "S3Prefix"),
        ("instanceGroups", channel.instance_groups, []),
        ("keyArn", channel.key_arn, None),
    ):
        if value != default:
            yield Problem(path, value, "is only for data in S3, not for a file system", "remove it")


def _file_system_problems(source: FileSystemSettings) -> Iterator[Problem]:
    if not FILE_SYSTEM_ID.fullmatch(source.id):
        rule = "is not the id of a file system"
        yield Problem("id", source.id, rule, "write it as fs-0123456789abcdef0")
    if not SECURITY_GROUP_ID.fullmatch(source.security_group_id):
        rule = "is not the id of a security group"
        remedy = "write it as sg-0123456789abcdef0"
        yield Problem("securityGroupId", source.security_group_id, rule, remedy)
    if not source.directory_path.startswith("/"):
        rule = "is not the full path of a directory"
        yield Problem("directoryPath", source.directory_path, rule, "begin it with /")
    elif source.type == "FSxLustre" and source.directory_path == "/":
        rule = "has no mount name, and a path on FSx for Lustre begins with it"
        remedy = "write /<mount name>, as `aws fsx describe-file-systems` shows it"
        yield Problem("directoryPath", source.directory_path, rule, remedy)


def _keys_are_named(channel: InputSettings) -> Iterator[Problem]:
    yield from key_problems("keyArn", channel.key_arn)
    is_own = channel.path is not None or channel.last_run_of is not None
    if is_own and channel.key_arn is not None:
        rule = "what is in the stack's bucket is encrypted with the stack's own key"
        yield Problem("keyArn", channel.key_arn, rule, "remove it")


def _location_problems(channel: InputSettings, project: Path) -> Iterator[Problem]:
    if channel.path is None:
        return
    path = project / channel.path
    if rule := missing(path, Path.exists, "file or folder", "the project"):
        remedy = "create it, or read the data from S3 with s3Uri"
        yield Problem("path", channel.path, rule, remedy)
    else:
        yield from under("path", data_files(path, project).problems)


def _last_run_problems(channel: InputSettings, job: JobSettings) -> Iterator[Problem]:
    if channel.last_run_of is not None and not job.recurring:
        yield Problem(
            "lastRunOf",
            channel.last_run_of,
            "is for the runs of a recurring job: each of them reads one model, and keeps to it",
            "set recurring: true in this job, or name the model with s3Uri",
        )


def _group_problems(channel: InputSettings, job: JobSettings) -> Iterator[Problem]:
    for position, group in enumerate(channel.instance_groups):
        if group not in job.instance_groups:
            known = ", ".join(job.instance_groups) or "none"
            yield Problem(
                f"instanceGroups.{position}",
                group,
                f"is not one of the job's instanceGroups, which are {known}",
                "name one of them, or remove it",
            )


_RULES: tuple[Callable[[InputSettings], Iterator[Problem]], ...] = (
    _has_one_source,
    _locations_are_plain,
    _manifests_have_prefixes,
    _augmented_manifests_have_attributes,
    _fast_files_are_prefixes,
    _only_pipes_change_objects,
    _file_systems_are_mounted,
    _keys_are_named,
)
