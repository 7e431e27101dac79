"""A job on instances of different types, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import JOB_FOLDER, counting_job, stack_with
from tests.integration.test_secrets import log_of

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]
GROUPS = {
    "data": {"instanceType": "ml.m5.large"},
    "train": {"instanceType": "ml.m5.xlarge", "instanceCount": 2},
}


def test_only_the_named_groups_join_the_distribution_and_get_their_channels(
    new_stack: NewStack,
) -> None:
    job = counting_job(
        source={"dir": JOB_FOLDER, "entryPoint": "groups.py"},
        instanceGroups=GROUPS,
        distribution="jax",
        distributionGroups=["train"],
        inputs={"labels": {"s3Uri": "s3://groups-labels/", "instanceGroups": ["train"]}},
        metrics={},
    )
    del job["instanceType"]
    stack = new_stack(stack_with(work=job, wait=True))
    s3 = stack.client("s3")
    s3.create_bucket(Bucket="groups-labels")
    s3.put_object(Bucket="groups-labels", Key="labels.csv", Body=b"1")
    stack.up().succeeded()

    [run] = stack.jobs("work")
    lines = log_of(stack, run["TrainingJobName"]).splitlines()
    known = [json.loads(line.partition("knows ")[2]) for line in lines if "knows " in line]
    by_group = {
        group: [each for each in known if each["group"] == group] for group in ("data", "train")
    }
    assert [each["processes"] for each in by_group["data"]] == [None]
    assert sorted(each["process"] for each in by_group["train"]) == ["0", "1"]
    assert {each["processes"] for each in by_group["train"]} == {"2"}
    assert ["labels" in each["data"] for each in by_group["data"]] == [False]
    assert ["labels" in each["data"] for each in by_group["train"]] == [True, True]
    [report] = stack.outputs()["training_jobs"].values()
    assert report["cost_usd"] > 0
    assert report["status"] == "Completed"
