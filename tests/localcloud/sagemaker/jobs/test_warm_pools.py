"""Instances that are kept for the next job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest
from typer.testing import CliRunner

from localcloud.__main__ import app
from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.jobs import statuses, usage, warm_pools
from localcloud.sagemaker.jobs.quota_book import Quota, QuotaBook
from localcloud.sagemaker.jobs.records import TrainingJob, WarmPool
from tests.localcloud.cloud import LISTEN, Cloud, eventually, refusal

PLACE = ("123456789012", "us-east-1")
DAY = 86_400
TYPE = "ml.c5.2xlarge"


def request(count: int = 1, keep: int = 600, **changes: Any) -> dict[str, Any]:
    resources = {"InstanceType": TYPE, "InstanceCount": count, "VolumeSizeInGB": 10}
    if keep:
        resources["KeepAlivePeriodInSeconds"] = keep
    return {"RoleArn": "role", "ResourceConfig": resources, **changes}


def job(document: dict[str, Any], status: str = "Training", began: float = 0.0) -> TrainingJob:
    rows = statuses.enter((), "Starting", 0.0)
    record = TrainingJob("name", *PLACE, document, 0.0, 0.0, rows, warm_pool=WarmPool(began))
    if status != "Starting":
        if status in statuses.TERMINAL:
            record.warm_pool = warm_pools.kept(record, "", 100.0)
        record.transitions = statuses.enter(rows, status, 100.0, "a message")
    return record


def match(new: dict[str, Any], *jobs: TrainingJob, now: float = 200.0) -> TrainingJob | None:
    return warm_pools.matching(jobs, PLACE, new, now)


def test_a_pool_is_in_use_then_available_then_terminated():
    record = job(request(keep=600), "Completed")

    assert warm_pools.shown(job(request()), 50.0) == {"WarmPoolStatus": {"Status": "InUse"}}
    assert warm_pools.shown(record, 699.0) == {"WarmPoolStatus": {"Status": "Available"}}
    assert warm_pools.shown(record, 700.0) == {
        "WarmPoolStatus": {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 600}
    }


def test_a_pool_that_is_reused_is_billed_until_then():
    record = job(request(), "Stopped")
    assert record.warm_pool is not None

    record.warm_pool = warm_pools.reused(record.warm_pool, "next", 150.5)

    assert warm_pools.shown(record, 9999.0)["WarmPoolStatus"] == {
        "Status": "Reused",
        "ReusedByJob": "next",
        "ResourceRetainedBillableTimeInSeconds": 51,
    }


@pytest.mark.parametrize("reason", ["InternalServerError: …", "CapacityError: …"])
def test_instances_that_may_be_at_fault_are_not_kept(reason: str):
    record = job(request())

    record.warm_pool = warm_pools.kept(record, reason, 100.0)
    record.transitions = statuses.enter(record.transitions, "Failed", 100.0, reason)

    assert warm_pools.status(record, 100.0) == "Terminated"


def test_instances_are_kept_no_longer_than_a_week_in_all():
    record = job(request(keep=600))
    record.warm_pool = WarmPool(began=0.0)

    kept = warm_pools.kept(record, "", 7 * DAY - 60.0)

    assert kept is not None
    assert kept.until == 7 * DAY


def test_a_job_takes_the_instances_of_one_that_is_like_it():
    kept = job(request(2), "Failed")

    assert match(request(2), kept) is kept
    assert match(request(2, keep=0, Environment={"A": "1"}), kept) is kept


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 1},
        {"RoleArn": "another"},
        {"EnableNetworkIsolation": True},
        {"EnableInterContainerTrafficEncryption": True},
        {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
        {"EnableManagedSpotTraining": True},
    ],
    ids=str,
)
def test_a_job_that_is_not_like_it_does_not(changes: dict[str, Any]):
    assert match(request(**{"count": 2, **changes}), job(request(2), "Completed")) is None


def test_nor_instances_that_are_in_use_or_gone():
    assert match(request(), job(request())) is None
    assert match(request(), job(request(), "Completed"), now=700.0) is None


def pool_for(document: dict[str, Any], *jobs: TrainingJob, quota: int) -> WarmPool | None:
    book = QuotaBook()
    book.apply(PLACE, Quota(TYPE, "training warm pool"), quota)
    return warm_pools.new_pool(book, jobs, PLACE, document, None, 200.0)


def test_without_quota_there_is_silently_no_pool():
    assert pool_for(request(2), quota=1) is None
    assert pool_for(request(2), quota=2) is not None
    assert pool_for(request(2), job(request(1)), quota=2) is None
    assert pool_for(request(2), job(request(1), "Completed"), quota=2) is None
    assert pool_for(request(2, keep=0), quota=2) is None


def test_kept_instances_count_as_used():
    book, kept = QuotaBook(), job(request(2), "Completed")
    book.apply(PLACE, Quota(TYPE, "training job"), 3)

    def check(jobs: Sequence[TrainingJob], now: float) -> None:
        usage.check(book, jobs, PLACE, request(2), now)

    with pytest.raises(ServiceError, match="current utilization of 2 Instances"):
        check([kept], 200.0)
    check([kept], 700.0)


@pytest.fixture(scope="module")
def roomy(cloud: Cloud) -> Cloud:
    """A cloud with a quota of two kept instances."""
    data = ["--data", str(cloud.data)]
    result = CliRunner().invoke(app, ["quota", TYPE, "2", "--warm-pool", *data])
    assert result.exit_code == 0, result.output
    return cloud


def test_the_next_job_finds_what_the_one_before_kept_and_ends_the_pool(roomy: Cloud):
    resources = request(keep=3600)["ResourceConfig"]
    cache = "/opt/ml/sagemaker/warmpoolcache/state"
    first = roomy.create(f"open('{cache}', 'w').write('kept')", ResourceConfig=resources)
    assert roomy.ended(first)["WarmPoolStatus"] == {"Status": "Available"}
    assert first in available(roomy)

    last = {key: value for key, value in resources.items() if key != "KeepAlivePeriodInSeconds"}
    second = roomy.run(f"print(open('{cache}').read())", ResourceConfig=last)

    assert roomy.lines(second["TrainingJobName"]) == ["kept"]
    assert second["WarmPoolStatus"] == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 0,
    }
    pool = roomy.describe(first)["WarmPoolStatus"]
    assert (pool["Status"], pool["ReusedByJob"]) == ("Reused", second["TrainingJobName"])
    named = {"Filters": [{"Name": "TrainingJobName", "Value": first}]}
    [found] = roomy.sagemaker.search(Resource="TrainingJob", SearchExpression=named)["Results"]
    assert found["TrainingJob"]["WarmPoolStatus"] == pool
    assert first not in available(roomy)


def available(cloud: Cloud) -> list[str]:
    pages = cloud.sagemaker.get_paginator("list_training_jobs").paginate(
        WarmPoolStatusEquals="Available"
    )
    return [each["TrainingJobName"] for page in pages for each in page["TrainingJobSummaries"]]


def test_a_pool_can_be_ended_and_only_then_its_job_deleted(roomy: Cloud):
    resources = {**request(keep=3600)["ResourceConfig"], "VolumeSizeInGB": 20}
    name = {"TrainingJobName": roomy.create(ResourceConfig=resources)}
    roomy.ended(name["TrainingJobName"])

    assert refusal(roomy.sagemaker.delete_training_job, **name)[0] == "ResourceInUse"
    roomy.sagemaker.update_training_job(**name, ResourceConfig={"KeepAlivePeriodInSeconds": 0})

    pool = roomy.describe(name["TrainingJobName"])["WarmPoolStatus"]
    assert pool["Status"] == "Terminated"
    roomy.sagemaker.delete_training_job(**name)
    eventually(lambda: True if not list((roomy.data / "jobs").glob("warm-pool-*")) else None)


def test_profiler_and_remote_debugging_change_while_a_job_runs(cloud: Cloud):
    name = {"TrainingJobName": cloud.create(LISTEN)}
    cloud.wait_for_line(name["TrainingJobName"], "running")
    update = cloud.sagemaker.update_training_job
    profiler = {"ProfilerConfig": {"ProfilingIntervalInMilliseconds": 500}}
    debug = {"RemoteDebugConfig": {"EnableRemoteDebug": True}}

    wrong = {"ProfilerConfig": {"ProfilingIntervalInMilliseconds": 7}}
    assert "must be one of 100" in refusal(update, **name, **wrong)[1]
    update(**name, **profiler, **debug)

    job = cloud.describe(name["TrainingJobName"])
    assert job["ProfilingStatus"] == "Enabled"
    assert {key: job[key] for key in (*profiler, *debug)} == {**profiler, **debug}
    cloud.stop(name["TrainingJobName"])
    for change in (profiler, debug):
        assert refusal(update, **name, **change)[0] == "ValidationException"


def test_a_kept_job_is_the_same_after_a_restart_but_its_instances_are_gone():
    record = job(request(), "Completed")

    again = TrainingJob.from_document(asdict(record))
    again.warm_pool = warm_pools.lost(again, 150.0)

    assert replace(again, warm_pool=record.warm_pool) == record
    assert warm_pools.shown(again, 150.0)["WarmPoolStatus"] == {
        "Status": "Terminated",
        "ResourceRetainedBillableTimeInSeconds": 50,
    }
