"""What a job's agent does, as the server says it: documents that go to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.config import Config

from localcloud.sagemaker.data.channels import Share
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.monitoring.pump import Progress

Document = dict[str, Any]

CONFIGURATION = Config(
    retries={"max_attempts": 2, "mode": "standard"},
    # Without checksums, also of signed contents: on loopback they would only cost time.
    s3={"addressing_style": "path", "payload_signing_enabled": False},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
"""How the runtime calls the services."""


@dataclass(frozen=True)
class Reach:
    """How the services are reached as a job's role."""

    url: str
    region: str
    credentials: Mapping[str, str]
    """As boto3's arguments."""


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one instance."""

    location: Location
    folder: Path
    interval: float
    """Seconds between two passes over the files."""
    memory: Path
    """The file in which an agent notes what S3 has, for the next one."""


@dataclass(frozen=True)
class PipeChannel:
    """A channel in Pipe mode of one instance."""

    path: Path
    """The path of its pipes, without the epoch's number."""
    channel: Document
    share: Share


@dataclass(frozen=True)
class HostWork:
    """What there is to do for one instance while it runs."""

    number: int
    prefix: str
    """How the names of its log streams begin."""
    pipe: Path
    """The end of its output's pipe from which its lines come."""
    memory: Path
    """The file in memory for the output that is not yet safe."""
    checkpoints: Checkpoints | None
    pipes: tuple[PipeChannel, ...]


@dataclass(frozen=True)
class HostState:
    """How far the work for one instance is."""

    output: Progress = field(default_factory=Progress)
    searched: int = 0
    """The position in the output up to which it was searched for metrics."""


@dataclass(frozen=True)
class Work:
    """What there is to do for all instances of a job while they run."""

    job: str
    hosts: tuple[HostWork, ...]
    states: Mapping[int, HostState]
    """By the numbers of the hosts."""
    expressions: Mapping[str, str]
    """The expressions of the metrics, by name."""
