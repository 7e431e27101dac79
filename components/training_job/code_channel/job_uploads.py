"""What a job needs in the artifact bucket before it starts: its source and its local inputs."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pulumi
import pulumi_aws as aws

from components.artifact_layout import ArtifactLayout, below_lineage, object_uri
from components.problems import Problem
from components.training_job.code_channel.content import copy, pack, tidy
from components.training_job.code_channel.launcher_archive import write_launcher
from components.training_job.code_channel.local_files import (
    PACKED,
    LocalFiles,
    data_files,
    source_files,
)
from components.training_job.request.definition import LAUNCHER
from components.training_job.request.training_request import SOURCE_ARCHIVE
from components.training_job.settings.job_settings import JobSettings

_LARGE_SOURCE_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class JobUploadsArgs:
    """What is uploaded for one job.

    Attributes:
        job: the job's settings.
        lineage: the lineage that the uploads belong to.
        project: the program's folder, which the settings' paths start from.
        bucket_name: the artifact bucket.
        bucket_ready: the bucket's controls, without which nothing may be written to it.
    """

    job: JobSettings
    lineage: str
    project: Path
    bucket_name: pulumi.Input[str]
    bucket_ready: Sequence[pulumi.Resource]


class JobUploads(pulumi.ComponentResource):
    """The uploads of one job, each under a key that holds the hash of its content.

    They stay in the bucket when the stack lets go of them: a job may still start again from
    them, and they are the record of what was run.
    """

    code_uri: pulumi.Output[str] | None
    """The prefix with the launcher and the source archive; None for a job without source."""

    source_hash: str
    """The hash of the source's contents, "" without source."""

    input_uris: dict[str, pulumi.Output[str]]
    """The prefix of each channel that was uploaded."""

    dependencies: list[pulumi.Resource]
    """What a job must start after."""

    def __init__(
        self, name: str, args: JobUploadsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:JobUploads", name, None, opts)
        self._args, self._layout = args, ArtifactLayout(args.lineage)
        self._copies = args.project / PACKED
        self._files: dict[str, Path] = {}

        self.source_hash, self.code_uri = self._pack_source()
        self.input_uris = self._copy_inputs()
        tidy(self._copies)
        names = resource_names(name, self._files)
        self.dependencies = [
            self._upload(names[key], key, path) for key, path in self._files.items()
        ]

        self.register_outputs({"source_hash": self.source_hash})

    def _pack_source(self) -> tuple[str, pulumi.Output[str] | None]:
        source = self._args.job.source
        if source is None:
            return "", None
        with self._refused("source.dir", source.dir):
            files = _whole(source_files(self._args.project / source.dir, self._args.project))
            self._warn_of_size(source.dir, files)
            digest, archive = pack(files, self._copies, SOURCE_ARCHIVE)
            launcher_digest, launcher = self._copy_launcher()
        prefix = self._layout.source(digest, launcher_digest)
        self._add(prefix, {SOURCE_ARCHIVE: archive, **launcher})
        return digest, self._uri(prefix)

    def _copy_launcher(self) -> tuple[str, dict[str, Path]]:
        with TemporaryDirectory() as folder:
            return copy({LAUNCHER: write_launcher(Path(folder) / LAUNCHER)}, self._copies)

    def _warn_of_size(self, folder: str, files: Mapping[str, Path]) -> None:
        """Warns that a source is large: each change of one file packs and uploads all of them."""
        size = sum(path.stat().st_size for path in files.values())
        if size > _LARGE_SOURCE_BYTES:
            pulumi.log.warn(
                f"the source {folder} has {len(files)} files of {size // 1024**2} MiB together. "
                "Data is better named in inputs, and what is not source in .gitignore.",
                self,
            )

    def _copy_inputs(self) -> dict[str, pulumi.Output[str]]:
        uris = {}
        for channel, settings in self._args.job.inputs.items():
            if settings.path is None:
                continue
            with self._refused(f"inputs.{channel}.path", settings.path):
                found = data_files(self._args.project / settings.path, self._args.project)
                digest, copies = copy(_whole(found), self._copies)
            prefix = self._layout.inputs(channel, digest)
            self._add(prefix, copies)
            uris[channel] = self._uri(prefix)
        return uris

    @contextmanager
    def _refused(self, setting: str, path: str) -> Iterator[None]:
        """Reports, in the settings' words, why local files can't be copied."""
        try:
            yield
        except OSError as error:
            problem = Problem(
                f"{self._args.lineage}: {setting}",
                path,
                f"can't be copied to {PACKED}/: {error}",
                "make room there, or name large data in S3 with s3Uri; where a file was changed "
                "meanwhile, run the update again",
            )
            raise pulumi.RunError(str(problem)) from error

    def _add(self, prefix: str, files: Mapping[str, Path]) -> None:
        self._files |= {f"{prefix}{name}": path for name, path in files.items()}

    def _upload(self, name: str, key: str, path: Path) -> pulumi.Resource:
        """One object; its key says its content, so the file's archive bytes never count."""
        uploaded: pulumi.Resource = aws.s3.BucketObjectv2(
            name,
            bucket=self._args.bucket_name,
            key=key,
            source=pulumi.FileAsset(str(path.relative_to(self._args.project))),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(self._args.bucket_ready),
                retain_on_delete=True,
                ignore_changes=["source"],
            ),
        )
        return uploaded

    def _uri(self, prefix: str) -> pulumi.Output[str]:
        bucket_name = pulumi.Output.from_input(self._args.bucket_name)
        return bucket_name.apply(lambda bucket: object_uri(bucket, prefix))


def resource_names(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    """The name of the resource of each key, without what a name can't have, or shouldn't.

    Only those that would have one name, such as `part_1.csv` and `part-1.csv`, get a hash of the
    key as well: another name of a resource is another resource.
    """
    # A key begins with the kind and the lineage: these are the same for all, or in the prefix.
    plain = {key: re.sub(r"[^a-z0-9]+", "-", below_lineage(key).lower()) for key in keys}
    times = Counter(plain.values())
    return {
        key: f"{prefix}-{name}" if times[name] == 1 else f"{prefix}-{name}-{_digest(key)}"
        for key, name in plain.items()
    }


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def _whole(found: LocalFiles) -> dict[str, Path]:
    """All files of a folder in which the settings' rules found nothing wrong.

    Raises:
        OSError: something became wrong since.
    """
    if found.problems:
        problem = found.problems[0]
        raise OSError(f"{problem.value} {problem.rule}")
    return found.files
