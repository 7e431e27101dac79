"""What instances a job runs on, as a team writes it in its stack's settings."""

from __future__ import annotations

from pydantic import Field

from components.seconds import Seconds
from components.validation import SettingsModel


class SpotSettings(SettingsModel):
    """How the job uses spot capacity."""

    max_wait: Seconds | None = Field(
        default=None,
        ge=1,
        description="The longest time for waiting and running together, in seconds or as in 4h; "
        "twice maxRuntime by default.",
    )
    checkpoints: bool = Field(
        default=True,
        description="Whether /opt/ml/checkpoints is kept in the artifact bucket: true or false.",
    )


class InstanceGroupSettings(SettingsModel):
    """One of several groups of instances of different types."""

    instance_type: str = Field(description="The group's instance type, as ml.g5.2xlarge.")
    instance_count: int = Field(
        default=1, ge=1, description="The number of its instances, 1 or more."
    )


class FallbackSettings(SettingsModel):
    """What a relaunch uses instead of what the job asks for first."""

    instance_type: str | None = Field(
        default=None,
        description="Another instance type, best with as many accelerators; the job's own by "
        "default.",
    )
    spot: bool | None = Field(
        default=None,
        description="true for spot capacity, false for on-demand; as the job by default.",
    )
