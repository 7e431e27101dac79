"""The network, as a team writes it in its stack's settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from components.network.subnets import MOST_ZONES, Nat
from components.validation import SettingsModel


def _no_switch(value: Any) -> Any:
    """A value that is not true or false; for Python, true is equal to 1."""
    if isinstance(value, bool):
        raise PydanticCustomError("number", "must be a whole number")
    return value


FlowLogDays = Annotated[
    Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
        3288, 3653,
    ],
    BeforeValidator(_no_switch),
]  # fmt: skip
"""The numbers of days for which CloudWatch Logs can keep records."""

ZoneCount = Annotated[int, Field(ge=1, le=MOST_ZONES)]
ZoneNames = Annotated[list[str], Field(min_length=1, max_length=MOST_ZONES)]


class ExistingVpcSettings(SettingsModel):
    """A VPC that others made and maintain."""

    vpc_id: str = Field(description="The VPC's id, as vpc-0123456789abcdef0.")
    subnet_ids: list[str] = Field(
        min_length=1, max_length=16, description="The ids of its private subnets, 1 to 16."
    )
    s3_endpoint_id: str = Field(
        default="", description="Its S3 gateway endpoint's id, if it has one."
    )
    endpoint_group_id: str = Field(
        default="",
        description="The id of the security group of its interface endpoints, if it has any.",
    )


class NetworkSettings(SettingsModel):
    """The private network that the jobs run in."""

    cidr: str = Field(
        default="10.64.0.0/16",
        description="The VPC's private IPv4 range, /16 to /24, as 10.64.0.0/16.",
    )
    availability_zones: ZoneCount | ZoneNames = Field(
        default=2,
        description="The number of availability zones, 1 to 6, or the names of zones, as "
        "[us-east-1a, us-east-1d]. By number, they are the first ones of the region by name.",
    )
    interface_endpoints: list[str] = Field(
        default=[],
        description="Services that jobs reach through an interface endpoint, as logs or ecr.api; "
        "each endpoint is billed by the hour, in each zone.",
    )
    s3_buckets: list[str] = Field(
        default=[],
        description="Further buckets in the stack's region whose objects jobs may read through the "
        "network, by name, as hf-hub-lfs-us-east-1. For requests that others signed, such as "
        "presigned addresses of a model hub; the jobs' role gets no permission for them.",
    )
    flow_log_days: FlowLogDays = Field(
        default=365,
        description="How many days the VPC's flow logs are kept: a number that CloudWatch allows.",
    )
    nat: Nat = Field(
        default="none",
        description="Whether jobs reach the internet through NAT gateways: none, single or "
        "per-zone; each gateway is billed by the hour.",
    )
    existing: ExistingVpcSettings | None = Field(
        default=None,
        description="An existing VPC to use: {vpcId, subnetIds, s3EndpointId}. By default the "
        "stack makes one.",
    )

    @property
    def zone_count(self) -> int:
        """The number of availability zones."""
        zones = self.availability_zones
        return zones if isinstance(zones, int) else len(zones)
