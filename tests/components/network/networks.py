"""A network to try, and the names by which its rules are found."""

from __future__ import annotations

import dataclasses
from typing import Any

from components.network.network import Network, NetworkArgs
from tests.components.recording import ACCOUNT, REGION, Recording, record

INGRESS = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
BUCKET = "arn:aws:s3:::team-artifacts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
ZONES = [f"{REGION}a", f"{REGION}b"]
ARGS = NetworkArgs(
    account_id=ACCOUNT,
    region=REGION,
    artifact_bucket_arn=BUCKET,
    flow_log_key_arn=KEY,
    cidr="10.64.0.0/16",
    availability_zones=ZONES,
)


def network(**changes: Any) -> Recording:
    """What the network registers when some of its arguments are others."""
    return record(lambda: Network("net", dataclasses.replace(ARGS, **changes)))
