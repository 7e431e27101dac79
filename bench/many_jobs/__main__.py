"""Any number of training jobs and nothing around them, or as many resources that do nothing."""

import pulumi

from bench.idle import Idle
from bench.job import placement, settings
from components.training_job.resource import TrainingJob, TrainingJobArgs, TrainingJobCompletion

config = pulumi.Config()
numbers, role = range(config.require_int("count")), config.require("role")
if config.require("kind") == "idle":
    for number in numbers:
        Idle(f"idle-{number}", number)
else:
    jobs = {
        f"job-{number}": TrainingJob(
            f"job-{number}",
            TrainingJobArgs(
                job=settings(),
                placement=placement(f"bench-dev-job-{number}", role, config.require("key")),
                lineage=f"bench-dev-job-{number}",
                owner=role,
                account_id="123456789012",
                region="us-east-1",
                source_hash="",
                launch=True,
            ),
        )
        for number in numbers
    }
    if config.get_bool("wait"):
        TrainingJobCompletion("completion", jobs, [settings() for _ in jobs], "us-east-1")
