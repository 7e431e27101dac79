"""The same jobs with only boto3, on four threads: `python -m bench.bare WHAT COUNT REQUEST`.

The dynamic-provider host has four threads too. `launch` and `wait` do only what every script must
do: one client, one call for each job, and one list call at a time for each hundred jobs.
`launch-alike` makes the calls that the provider makes for a launch: it searches for earlier runs
first, and writes a record afterwards. REQUEST is a file with a CreateTrainingJob request, with
NAME in place of the job's name.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import boto3

PREFIX, ALIKE_PREFIX = "bare-dev-job-", "alike-dev-job-"
THREADS = 4

Request = dict[str, Any]


def main(what: str, count: int, template: str) -> None:
    sagemaker = boto3.client("sagemaker")
    if what == "wait":
        wait(sagemaker, count)
        return
    each: Callable[[Request], None] = partial(launch, sagemaker)
    if what == "launch-alike":
        each = partial(launch_alike, sagemaker, boto3.client("s3"))
    prefix = PREFIX if what == "launch" else ALIKE_PREFIX
    names = [f"{prefix}{number}" for number in range(count)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(each, [json.loads(template.replace("NAME", name)) for name in names]))


def launch(sagemaker: Any, request: Request) -> None:
    """Launches a job."""
    sagemaker.create_training_job(**request)


def launch_alike(sagemaker: Any, s3: Any, request: Request) -> None:
    """Launches a job with the calls that the provider makes."""
    name = request["TrainingJobName"]
    newest = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
    filters = [{"Name": "Tags.sagemaker-training:lineage", "Operator": "Equals", "Value": name}]
    sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": filters}, **newest)
    sagemaker.list_training_jobs(**newest)
    sagemaker.create_training_job(**request)
    bucket, _, folder = request["OutputDataConfig"]["S3OutputPath"][5:].partition("/")
    record = json.dumps({"request": request, "definition": request}, indent=2).encode()
    s3.put_object(Bucket=bucket, Key=f"{folder}/{name}/run.json", Body=record, IfNoneMatch="*")


def wait(sagemaker: Any, count: int) -> None:
    """Waits until all jobs have ended, and describes each."""
    listed = sagemaker.get_paginator("list_training_jobs")
    while True:
        pages = listed.paginate(NameContains=PREFIX, StatusEquals="Completed", MaxResults=100)
        names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
        if len(names) == count:
            break
        time.sleep(0.5)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda name: sagemaker.describe_training_job(TrainingJobName=name), names))


if __name__ == "__main__":
    _, chosen, number, file = sys.argv
    main(chosen, int(number), Path(file).read_text())
