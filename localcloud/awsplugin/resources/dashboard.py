"""CloudWatch dashboards."""

from __future__ import annotations

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy


def _put_dashboard(cloud: Cloud, inputs: Properties) -> str:
    name = str(inputs["dashboardName"])
    cloud.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=inputs["dashboardBody"]
    )
    return name


def _read_dashboard(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    found = cloud.client("cloudwatch").get_dashboard(DashboardName=identity)
    return {
        "dashboardArn": found["DashboardArn"],
        "dashboardBody": found["DashboardBody"],
        "dashboardName": identity,
    }


def _update_dashboard(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    _put_dashboard(cloud, inputs)


def _delete_dashboard(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("cloudwatch").delete_dashboards(DashboardNames=[identity])


TYPES = (
    ResourceType(
        type="aws:cloudwatch/dashboard:Dashboard",
        source="cloudwatch/dashboard.go",
        calls=(Call("cloudwatch", "PutDashboard"),),
        create=_put_dashboard,
        read=_read_dashboard,
        update=_update_dashboard,
        delete=_delete_dashboard,
        gone=names("ResourceNotFound"),
        required=names("dashboardBody dashboardName"),
        replaces=names("dashboardName"),
        outputs=names("dashboardArn"),
        same=policy("dashboardBody"),
    ),
)
