"""The input channels of a job, as a team writes them in its stack's settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.decimals import MOST_EXACT
from components.training_job.settings.request_members import Becomes
from components.validation import SettingsModel

Ports = tuple[int, int]
"""The first and the last port of a range."""

_PORTS: dict[str, tuple[Ports, ...]] = {
    "EFS": ((2049, 2049),),
    "FSxLustre": ((988, 988), (1018, 1023)),
}
"""The ports of NFS for EFS. Those of Lustre are from the user guide of Amazon FSx for Lustre, which
needs them in both directions."""


class FileSystemSettings(SettingsModel):
    """A directory of a file system that can be reached from the VPC of the jobs."""

    id: Annotated[str, Becomes("FileSystemId")] = Field(
        description="The file system's id, as fs-0123456789abcdef0."
    )
    type: Annotated[Literal["EFS", "FSxLustre"], Becomes("FileSystemType")] = Field(
        description="The kind: EFS or FSxLustre."
    )
    directory_path: Annotated[str, Becomes("DirectoryPath")] = Field(
        description="The directory's full path, as /data. For FSxLustre it begins with the mount "
        "name, as /fsx/data."
    )
    access_mode: Annotated[Literal["ro", "rw"], Becomes("FileSystemAccessMode")] = Field(
        default="ro", description="Whether the job only reads (ro) or also writes (rw)."
    )
    security_group_id: str = Field(
        description="The id of the security group of the file system's network interfaces, as "
        "sg-0123456789abcdef0. The jobs' group lets connections to it out; its own rules must let "
        "them in."
    )

    @property
    def ports(self) -> tuple[Ports, ...]:
        """The TCP ports that a client opens."""
        return _PORTS[self.type]

    @property
    def calls_back(self) -> bool:
        """Whether the file system itself opens connections to its clients."""
        return self.type == "FSxLustre"


class InputSettings(SettingsModel):
    """One input channel: data in S3, a local path, a file system, or the model of a last run."""

    s3_uri: Annotated[str | None, Becomes("DataSource.S3DataSource.S3Uri")] = Field(
        default=None,
        description="The S3 prefix to read, as s3://bucket/prefix/, or the URI of a manifest.",
    )
    path: str | None = Field(
        default=None,
        description="A file or folder that the stack uploads; its path in the project's folder, as "
        "examples/digits/data.",
    )
    file_system: Annotated[
        FileSystemSettings | None, Becomes("DataSource.FileSystemDataSource")
    ] = Field(
        default=None,
        description="A directory of a file system: {id, type, directoryPath, securityGroupId}.",
    )
    last_run_of: str | None = Field(
        default=None,
        description="A recurring job of this stack, whose newest completed run's model is read; "
        "only for a recurring job. Before there is such a run, the job has no such channel.",
    )
    mode: Annotated[Literal["File", "FastFile", "Pipe"], Becomes("InputMode")] = Field(
        default="File", description="How the script sees the data: File, FastFile or Pipe."
    )
    content_type: Annotated[str | None, Becomes("ContentType")] = Field(
        default=None, description="The data's MIME type, as text/csv."
    )
    distribution: Annotated[
        Literal["FullyReplicated", "ShardedByS3Key"],
        Becomes("DataSource.S3DataSource.S3DataDistributionType"),
    ] = Field(
        default="FullyReplicated",
        description="Whether each instance gets all objects (FullyReplicated) or its part of them "
        "(ShardedByS3Key).",
    )
    s3_data_type: Annotated[
        Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile"],
        Becomes("DataSource.S3DataSource.S3DataType"),
    ] = Field(
        default="S3Prefix",
        description="What s3Uri names: a prefix (S3Prefix), or a file that lists objects "
        "(ManifestFile, or AugmentedManifestFile, which needs mode Pipe).",
    )
    manifest_prefixes: list[str] = Field(
        default=[],
        description="The prefixes of the objects that a manifest lists; jobs can read no others.",
    )
    attribute_names: Annotated[list[str], Becomes("DataSource.S3DataSource.AttributeNames")] = (
        Field(
            default=[],
            max_length=16,
            description="The attributes to read from each line of an AugmentedManifestFile, "
            "1 to 16.",
        )
    )
    compression: Annotated[Literal["None", "Gzip"], Becomes("CompressionType")] = Field(
        default="None",
        description="How the objects are compressed: None or Gzip; only with mode Pipe.",
    )
    record_wrapper: Annotated[Literal["None", "RecordIO"], Becomes("RecordWrapperType")] = Field(
        default="None",
        description="Whether SageMaker wraps each object in a record: None or RecordIO; only with "
        "mode Pipe.",
    )
    shuffle_seed: Annotated[int | None, Becomes("ShuffleConfig.Seed")] = Field(
        default=None,
        ge=-MOST_EXACT,
        le=MOST_EXACT,
        description="A number that decides the order in which each epoch reads the objects; only "
        "with mode Pipe.",
    )
    instance_groups: Annotated[list[str], Becomes("DataSource.S3DataSource.InstanceGroupNames")] = (
        Field(
            default=[],
            max_length=5,
            description="The instance groups that get the channel. Empty for all.",
        )
    )
    key_arn: str | None = Field(
        default=None,
        description="The ARN of the KMS key that encrypts the objects, if it is a customer "
        "managed key, as arn:aws:kms:us-east-1:123456789012:key/0123abcd.",
    )

    @property
    def prefixes(self) -> list[str]:
        """The S3 locations that the channel reads outside the stack's bucket."""
        return [*([self.s3_uri] if self.s3_uri else []), *self.manifest_prefixes]
