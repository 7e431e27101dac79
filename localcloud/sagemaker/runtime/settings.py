"""The settings of a local cloud's runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from localcloud.sagemaker.runtime.spot_schedule import SpotSchedule
from localcloud.sagemaker.runtime.volumes import Volumes
from localcloud.sagemaker.sandbox.choice import Sandbox


@dataclass(frozen=True, kw_only=True)
class Times:
    """How long a local cloud takes for some things, in seconds."""

    grace: float = 120.0
    """From SIGTERM to SIGKILL, including the last upload of checkpoints."""
    checkpoint_interval: float = 1.0
    """At most, between two passes over the checkpoints."""
    role_delay: float = 1.5
    """Until SageMaker sees a change of an execution role."""
    interface_delay: float = 3.0
    """From the end of a job to that of its network interfaces."""
    search_delay: float = 5.0
    """Until Search sees a new job, or a change of a job's status or tags."""
    host_interval: float = 60.0
    """Between two measurements of what the hosts of a job use."""


@dataclass(frozen=True)
class Settings(Times):
    """The runtime's settings."""

    data: Path
    """The data folder."""
    url: str
    """The endpoint of the local cloud itself."""
    sandbox: Sandbox
    spot: SpotSchedule = field(default_factory=SpotSchedule)
    """The random interruptions of spot jobs."""

    @cached_property
    def volumes(self) -> Volumes:
        """The volumes of all running jobs."""
        return Volumes(self.data)

    @property
    def jobs(self) -> Path:
        """The folder of the running jobs' working folders."""
        return self.data / "jobs"
