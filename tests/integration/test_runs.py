"""What AWS says before a launch, and what is left of a run, on the real engine."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.integration.engine import TIMEOUT_SECONDS, Stack
from tests.integration.passing_on import where_jobs_are_older
from tests.integration.settings import FOREVER, counting_job, stack_with
from tests.run_comparison import documented_comparison

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[..., Stack]


def test_a_launch_that_aws_would_refuse_stops_nothing(own_cloud: str, new_stack: NewStack) -> None:
    hours: dict[str, Any] = {"maxRuntime": "1h", "spot": {"maxWait": "2h"}}
    idle = counting_job(FOREVER, seconds=1000, instanceType="ml.m5.xlarge", **hours)
    work = counting_job(FOREVER, **hours)
    settings = stack_with(work=work, idle=idle) | {"preflight": True}
    stack = new_stack(settings, url=own_cloud)
    stack.up().succeeded()
    told_of_checkpoints_at_a_refresh(stack)
    set_quota(own_cloud, 0)
    stack.settings["jobs"]["work"] = counting_job(FOREVER, 0.03, **hours)
    for reported in (stack.preview().failed(), stack.up().failed()):
        text = " ".join(reported.text.split())
        assert "quota of instances of ml.m5.large for spot training job usage" in text
        assert "Remedy: ask for 1 with `aws service-quotas request-service-quota-increase" in text
        assert "Traceback" not in reported.text
    [job] = stack.jobs("work")
    assert job["TrainingJobStatus"] == "InProgress"

    stack.settings["enableTrainingJob"] = False
    assert "a launch would be refused" in stack.preview().succeeded().text
    stack.settings |= {"enableTrainingJob": True, "preflight": False}
    assert "quota of instances" not in stack.preview().succeeded().text


def told_of_checkpoints_at_a_refresh(stack: Stack) -> None:
    """Of two jobs that have trained for an hour, only the one without a checkpoint is reported."""
    work, idle = (
        stack.wait_for_job(job, lambda run: run["SecondaryStatus"] == "Training", 120)
        for job in ("work", "idle")
    )
    wait_for_checkpoint(stack, "work")
    with where_jobs_are_older(stack.endpoint_url, seconds=3600) as url:
        reported = " ".join(replace(stack, endpoint_url=url).refresh().succeeded().text.split())
    assert f"warning: {idle['TrainingJobName']}: no checkpoint in 1h" in reported
    assert "One is expected every 6m" in reported
    assert f"warning: {work['TrainingJobName']}" not in reported


def wait_for_checkpoint(stack: Stack, job: str, seconds: float = TIMEOUT_SECONDS) -> None:
    """Waits until a job's bucket has a checkpoint of it."""
    s3, prefix = stack.client("s3"), f"checkpoints/{stack.lineage(job)}/"
    bucket, until = stack.outputs()["artifact_bucket_name"], time.monotonic() + seconds
    while not s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents"):
        assert time.monotonic() < until, f"{job} has kept no checkpoint in {seconds} s"
        time.sleep(0.2)


@pytest.mark.runs("docs/runs.md#The record of a run")
def test_two_runs_are_recorded_and_compared(new_stack: NewStack) -> None:
    stack = new_stack(stack_with(a=seeded(1), b=seeded(2), wait=True))
    stack.up().succeeded()
    outputs = stack.outputs()
    jobs = outputs["training_jobs"]
    assert jobs["a"]["instance_type"] == "ml.m5.large"
    assert jobs["a"]["billable_instance_seconds"] == jobs["a"]["billable_seconds"]
    assert 0 < outputs["training_cost_usd"]["expected"] < outputs["training_cost_usd"]["ceiling"]

    a, b = (f"{jobs[job]['lineage']}/{jobs[job]['name']}" for job in ("a", "b"))
    code, text = compare(stack, outputs["artifact_bucket_name"], a, b)
    assert code == 1, text
    assert '@@ "seeds": {\n-    "seed": "1"\n+    "seed": "2"\n' in text
    code, text = compare(stack, outputs["artifact_bucket_name"], a, a)
    assert (code, text) == (0, "")


def seeded(seed: int) -> dict[str, Any]:
    """A job with a seed."""
    job = counting_job(3)
    return job | {"hyperparameters": job["hyperparameters"] | {"seed": seed}}


def compare(stack: Stack, bucket: str, a: str, b: str) -> tuple[int, str]:
    """The exit code of the documented comparison of two runs, and what it printed."""
    done = subprocess.run(
        documented_comparison(bucket, a, b),
        env=stack.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def set_quota(cloud: str, instances: int) -> None:
    """Gives the account a quota of so many instances of the jobs' type on spot."""
    name = "ml.m5.large for spot training job usage"
    quota = {"name": name, "region": "us-east-1", "value": instances}
    body = json.dumps(quota).encode()
    urlopen(Request(f"{cloud}/localcloud/quotas", body, method="POST")).close()  # noqa: S310
