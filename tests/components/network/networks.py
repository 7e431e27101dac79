"""A network for tests, and the names by which its rules are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from components.network.endpoints import EndpointService
from components.network.network import Network, NetworkArgs
from components.network.network_settings import NetworkSettings
from components.training_job.settings.job_needs import JobNeeds
from tests.components.recording import ACCOUNT, REGION, SITE, Recording, record

INGRESS = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
BUCKET = "arn:aws:s3:::team-artifacts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
ZONES = [f"{REGION}a", f"{REGION}b"]
ARGS = NetworkArgs(
    SITE, NetworkSettings(), JobNeeds(), artifact_bucket_arn=BUCKET, flow_log_key_arn=KEY
)


def network(
    *,
    zones: Sequence[str] = ZONES,
    needs: JobNeeds = ARGS.needs,
    services: Mapping[str, EndpointService] = ARGS.endpoint_services,
    **settings: Any,
) -> Recording:
    """What the network registers, if EC2 says this about the services of its endpoints."""
    args = dataclasses.replace(
        ARGS,
        site=dataclasses.replace(SITE, zones=zones),
        settings=NetworkSettings(**settings),
        needs=needs,
        endpoint_services=services,
    )
    return record(lambda: Network("net", args))
