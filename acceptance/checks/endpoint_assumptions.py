"""What AWS does not publish about interface endpoints: their zones, and their policies."""

from __future__ import annotations

from typing import Any

from acceptance.finding import Checks, Finding, decided
from acceptance.scene import Scene
from components.network.endpoints import INTERFACE_ENDPOINTS

ENDPOINT_ASSUMPTIONS = Checks("assumption")
_WITHOUT_POLICY = {"redshift-data"}
_INCOMPLETE = {"us-east-1": "use1-az3"}
"""The zone of a region that may lack services."""


@ENDPOINT_ASSUMPTIONS.after(
    "up",
    "endpoint-zones",
    "The services that jobs may need have endpoints in all zones of the region.",
)
def endpoint_zones(scene: Scene) -> Finding:
    """Each is in every zone but the one of us-east-1 that lacks services."""
    zones = scene.client("ec2").describe_availability_zones()["AvailabilityZones"]
    lacking = _INCOMPLETE.get(scene.diary.region)
    wanted = {
        each["ZoneName"]
        for each in zones
        if each.get("ZoneType", "availability-zone") == "availability-zone"
        and each["ZoneId"] != lacking
    }
    found = _endpoint_services(scene)
    missing = {
        name: sorted(wanted - {*found[name]["AvailabilityZones"]}) if name in found else ["all"]
        for name in sorted(INTERFACE_ENDPOINTS)
    }
    less = {name: zones for name, zones in missing.items() if zones}
    evidence = f"of {len(missing)} services, missing in zones: {less or 'none'}"
    return decided(not less, evidence)


@ENDPOINT_ASSUMPTIONS.after(
    "up", "endpoint-policies", "Only the Redshift Data API has endpoints that take no policy."
)
def endpoint_policies(scene: Scene) -> Finding:
    """The services of AWS that have an interface endpoint here and take no policy."""
    found = _endpoint_services(scene)
    without = sorted(
        name
        for name in INTERFACE_ENDPOINTS & {*found}
        if not found[name]["VpcEndpointPolicySupported"]
    )
    return decided({*without} <= _WITHOUT_POLICY, f"without a policy: {without or 'none'}")


def _endpoint_services(scene: Scene) -> dict[str, dict[str, Any]]:
    """AWS's own services with interface endpoints in the region, by their short names."""
    prefix = f"com.amazonaws.{scene.diary.region}."
    pages = (
        scene.client("ec2")
        .get_paginator("describe_vpc_endpoint_services")
        .paginate(Filters=[{"Name": "service-type", "Values": ["Interface"]}])
    )
    details = [each for page in pages for each in page["ServiceDetails"]]
    return {
        each["ServiceName"].removeprefix(prefix): each
        for each in details
        if each["ServiceName"].startswith(prefix)
    }
