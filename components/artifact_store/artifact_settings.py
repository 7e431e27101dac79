"""The artifact store, as a team writes it in its stack's settings."""

from __future__ import annotations

from pydantic import Field

from components.validation import SettingsModel


class ArtifactSettings(SettingsModel):
    """The bucket and key that hold what goes into the jobs and comes out of them."""

    retain: bool = Field(
        default=True,
        description="Whether bucket, key and their controls outlive the stack: true or false.",
    )
    checkpoint_days: int = Field(
        default=30, ge=1, description="How many days a checkpoint is kept after it was written."
    )
    noncurrent_days: int = Field(
        default=30,
        ge=1,
        description="How many days an overwritten or deleted object can be brought back, and is "
        "billed: each checkpoint that a job replaces is kept for so long.",
    )
    existing_bucket: str | None = Field(
        default=None,
        description="The name of a bucket that an earlier stack retained, to take it back.",
    )
    access_log_bucket: str | None = Field(
        default=None, description="The name of a bucket that receives access logs."
    )
    vpc_only: bool = Field(
        default=False,
        description="Whether objects are reached through the VPC's endpoint only: true or false.",
    )
    exempt_principals: list[str] = Field(
        default=[],
        description="ARNs of those who may reach them another way with vpcOnly: the deployers.",
    )
