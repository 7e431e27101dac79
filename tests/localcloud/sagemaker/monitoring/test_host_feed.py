"""The use of a job's hosts in CloudWatch."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.monitoring.host_feed import HostFeed
from tests.localcloud.cloud import FAST, GROUP, LISTEN, Cloud, eventually, resources, running_cloud


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Cloud]:
    """A local cloud that measures the hosts of jobs often."""
    with running_cloud(tmp_path / "cloud", *FAST, "--host-interval", "0.2") as cloud:
        yield cloud


@pytest.mark.deep
def test_a_jobs_hosts_have_their_use_in_cloudwatch(measured: Cloud):
    measured.create(LISTEN, TrainingJobName="hosts", ResourceConfig=resources(2))
    cloudwatch = measured.client("cloudwatch")

    def found() -> set[tuple[str, str]]:
        metrics = cloudwatch.list_metrics(Namespace=GROUP)["Metrics"]
        return {
            (each["MetricName"], *(value["Value"] for value in each["Dimensions"]))
            for each in metrics
        }

    names = ("CPUUtilization", "DiskUtilization", "MemoryUtilization")
    expected = {(name, f"hosts/algo-{number}") for name in names for number in (1, 2)}
    eventually(lambda: True if found() == expected else None)
    measured.stop("hosts")


def test_a_refusal_is_logged_once_and_the_next_values_are_published(
    caplog: pytest.LogCaptureFixture,
):
    requests: list[dict[str, Any]] = []

    class CloudWatch:
        def put_metric_data(self, **request: Any) -> None:
            requests.append(request)
            if len(requests) < 3:
                raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutMetricData")

    feed = HostFeed(CloudWatch, "job", lambda: {"algo-1": {"CPUUtilization": 7.0}}, 0.01)
    with caplog.at_level(logging.ERROR), feed.running():
        eventually(lambda: len(requests) >= 4 or None)
    assert len(caplog.records) == 1
    assert requests[-1]["Namespace"] == GROUP
    [value] = requests[-1]["MetricData"]
    assert (value["MetricName"], value["Value"], value["Unit"]) == (
        "CPUUtilization",
        7.0,
        "Percent",
    )
    assert value["Dimensions"] == [{"Name": "Host", "Value": "job/algo-1"}]


def test_a_large_cluster_takes_several_requests():
    requests: list[int] = []

    class CloudWatch:
        def put_metric_data(self, **request: Any) -> None:
            requests.append(len(request["MetricData"]))

    hosts = {f"algo-{number}": {"CPUUtilization": 7.0} for number in range(1_500)}
    HostFeed(CloudWatch, "job", lambda: hosts, 60)._publish(hosts)
    assert requests == [1_000, 500]
