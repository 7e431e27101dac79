"""A local cloud for a measurement, with a bucket, a role, and jobs of one instance."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud.server import daemon

BUCKET = "measurements"
REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/measurement"
_POLL_SECONDS = 0.1
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class LocalCloud:
    """A running local cloud."""

    def __init__(self, server: daemon.Server, data: Path) -> None:
        self.server = server
        self.data = data
        self.s3 = self.client("s3")
        self.sagemaker = self.client("sagemaker")
        self.logs = self.client("logs")
        self.s3.create_bucket(Bucket=BUCKET)
        iam = self.client("iam")
        iam.create_role(RoleName="measurement", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(
            RoleName="measurement", PolicyName="all", PolicyDocument=json.dumps(_ALLOWED)
        )

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client of a service."""
        make: Any = boto3.client
        return make(
            service,
            region_name=REGION,
            endpoint_url=self.server.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  # the local cloud takes any
            config=config,
        )

    def create(
        self,
        name: str,
        script: str,
        *arguments: str,
        metrics: Sequence[dict[str, str]] = (),
        **changes: Any,
    ) -> None:
        """Starts a job of one instance that runs a script."""
        key = f"code/{name}/main.py"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=script.encode())
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/code/{name}/"}
        request = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/measurement:1",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/main.py"],
                **({"ContainerArguments": list(arguments)} if arguments else {}),
                **({"MetricDefinitions": list(metrics)} if metrics else {}),
            },
            "InputDataConfig": [{"ChannelName": "code", "DataSource": {"S3DataSource": source}}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "EnableNetworkIsolation": True,
        }
        self.sagemaker.create_training_job(**request | changes)

    def wait(self, name: str, seconds: float = math.inf) -> dict[str, Any]:
        """A job's description once it has ended. Raises TimeoutError after so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            if job["TrainingJobStatus"] not in {"InProgress", "Stopping"}:
                return job
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"{name} has not ended within {seconds:.0f} s")

    def lines(self, name: str) -> list[tuple[float, str]]:
        """A job's log lines with their times, in seconds, in their order."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/"
        )
        found = [
            (event["timestamp"] / 1000, event["message"])
            for page in pages
            for event in page["events"]
            # The local cloud's logs don't look at the prefix.
            if event["logStreamName"].startswith(f"{name}/")
        ]
        return sorted(found, key=lambda line: line[0])


@contextmanager
def local_cloud(*options: str) -> Iterator[LocalCloud]:
    """Runs a separate local cloud, with further options of `serve`."""
    with tempfile.TemporaryDirectory(prefix="local-cloud-") as folder:
        data = Path(folder)
        try:
            yield LocalCloud(daemon.start(data, "--role-delay", "0", *options), data)
        finally:
            daemon.stop(data)
