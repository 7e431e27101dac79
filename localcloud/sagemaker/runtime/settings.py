"""The settings of a local cloud's runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from localcloud.sagemaker.runtime.spot_schedule import SpotSchedule
from localcloud.sagemaker.runtime.volumes import Volumes
from localcloud.sagemaker.sandbox.choice import Sandbox

STOP_GRACE_SECONDS = 120.0
CHECKPOINT_INTERVAL_SECONDS = 1.0
ROLE_DELAY_SECONDS = 1.5
INTERFACE_DELAY_SECONDS = 3.0
SEARCH_DELAY_SECONDS = 5.0
HOST_INTERVAL_SECONDS = 60.0


@dataclass(frozen=True)
class Settings:
    """The runtime's settings."""

    data: Path
    """The data folder."""
    url: str
    """The endpoint of the local cloud itself."""
    sandbox: Sandbox
    grace: float = STOP_GRACE_SECONDS
    """Seconds between SIGTERM and SIGKILL, including the last upload of checkpoints."""
    checkpoint_interval: float = CHECKPOINT_INTERVAL_SECONDS
    """Most seconds between two passes over the checkpoints."""
    role_delay: float = ROLE_DELAY_SECONDS
    """Seconds until the service sees a change of an execution role."""
    search_delay: float = SEARCH_DELAY_SECONDS
    """Seconds until Search sees a new job, or a change of a job's status or tags."""
    host_interval: float = HOST_INTERVAL_SECONDS
    """Seconds between two measurements of what the hosts of a job use."""
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
