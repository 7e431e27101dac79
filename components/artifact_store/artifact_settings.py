"""The artifact store, as a team writes it in its stack's settings."""

from __future__ import annotations

from pydantic import Field

from components.validation import SettingsModel


class ArtifactSettings(SettingsModel):
    """The bucket and key that hold what goes into the jobs and comes out of them."""

    retain: bool = Field(
        default=True,
        description="Whether the bucket, its key and their controls outlive the stack: true or "
        "false.",
    )
    checkpoint_days: int = Field(
        default=30, ge=1, description="How many days a checkpoint is kept after it was written."
    )
    noncurrent_days: int = Field(
        default=30,
        ge=1,
        description="How many days an overwritten or deleted object is kept, can be brought back, "
        "and is billed. Such an object is each checkpoint that a job has replaced.",
    )
    existing_bucket: str | None = Field(
        default=None,
        description="The name of a bucket that an earlier stack retained, to use it again.",
    )
    access_log_bucket: str | None = Field(
        default=None, description="The name of a bucket that gets the access logs."
    )
    vpc_only: bool = Field(
        default=False,
        description="Whether objects can be reached only through the VPC's S3 endpoint: true or "
        "false.",
    )
    exempt_principals: list[str] = Field(
        default=[],
        description="With vpcOnly, the ARNs of the roles and users that may reach objects in "
        "another way: those who deploy the stack.",
    )
