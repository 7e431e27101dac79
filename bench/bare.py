"""The same jobs by boto3 alone, on four threads: `python -m bench.bare launch|wait COUNT ROLE KEY`.

The dynamic-provider host has four threads too. Only what a script could not do without is done:
one client, one call for each job, and one list call for each hundred jobs and look.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from bench.job import request

PREFIX = "bare-dev-job-"


def launch(sagemaker: Any, count: int, role: str, key: str) -> None:
    """Launch the jobs."""
    requests = [request(f"{PREFIX}{number}", role, key) for number in range(count)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: sagemaker.create_training_job(**each), requests))


def wait(sagemaker: Any, count: int) -> None:
    """Wait until all jobs have ended, and describe each."""
    listed = sagemaker.get_paginator("list_training_jobs")
    while True:
        pages = listed.paginate(NameContains=PREFIX, StatusEquals="Completed", MaxResults=100)
        names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
        if len(names) == count:
            break
        time.sleep(0.5)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: sagemaker.describe_training_job(TrainingJobName=name), names))


if __name__ == "__main__":
    _, what, number, role_arn, key_arn = sys.argv
    client = boto3.client("sagemaker")
    if what == "launch":
        launch(client, int(number), role_arn, key_arn)
    else:
        wait(client, int(number))
