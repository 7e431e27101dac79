"""A local cloud as its users see it: boto3 clients and tiny training scripts."""

from __future__ import annotations

import itertools
import json
import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.server import daemon

REGION = "us-east-1"
BUCKET = "training-artifacts"
GROUP = "/aws/sagemaker/TrainingJobs"
WAIT_SECONDS = 120.0
_SNAPSHOT_SECONDS = 120.0
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.05, 0.4
# A minute of a schedule passes in a second, and roles and jobs are seen as they are.
FAST = (
    *("--grace", "3", "--checkpoint-interval", "0.1", "--schedule-speed", "60"),
    *("--role-delay", "0", "--interface-delay", "0.5", "--search-delay", "0"),
)
LISTEN = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('running')
time.sleep(600)
"""
"""A script that runs until it is asked to end."""
GO_ON = "/opt/ml/checkpoints/go-on.sagemaker-ignore"
"""A file that a script waits for, so that it ends not before a test has done something."""

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}

Value = TypeVar("Value")
_numbers = itertools.count(1)


@dataclass
class Cloud:
    """A running local cloud with a bucket and a role in it."""

    server: daemon.Server
    data: Path
    region: str = REGION
    bucket: str = BUCKET
    """The bucket of its objects; in a request, it replaces the usual one."""
    sagemaker: Any = field(init=False)
    s3: Any = field(init=False)
    logs: Any = field(init=False)
    role: str = field(init=False)

    def __post_init__(self) -> None:
        self.sagemaker = self.client("sagemaker")
        self.s3 = self.client("s3")
        self.logs = self.client("logs")
        self.role = "arn:aws:iam::123456789012:role/training"
        self.fill()

    def fill(self) -> None:
        """Creates the bucket and the role, unless they are there."""
        place = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.s3.create_bucket(Bucket=self.bucket, **(place if self.region != REGION else {}))
        iam = self.client("iam")
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="training", AssumeRolePolicyDocument=json.dumps(TRUST))
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam.put_role_policy(
            RoleName="training", PolicyName="everything", PolicyDocument=policy(everything)
        )

    def client(self, service: str, region: str = "") -> Any:
        make: Any = boto3.client
        return make(
            service,
            region_name=region or self.region,
            endpoint_url=self.server.url,
            aws_access_key_id="anybody",
            aws_secret_access_key="anything",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    def request(self, script: str = "", **changes: Any) -> dict[str, Any]:
        """Uploads a script and returns a request for a job that runs it."""
        name = f"job-{os.getpid()}-{next(_numbers)}"
        self.put(f"code/{name}/main.py", textwrap.dedent(script).encode())
        request = {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/main.py"],
            },
            "InputDataConfig": [channel("code", f"code/{name}/")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
            "ResourceConfig": resources(1),
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "EnableNetworkIsolation": True,
        }
        text = json.dumps(request | changes)
        replaced: dict[str, Any] = json.loads(
            text.replace(f"s3://{BUCKET}/", f"s3://{self.bucket}/")
        )
        return replaced

    def vpc_config(self, group: str = "jobs") -> dict[str, list[str]]:
        """Makes a VPC with a subnet and a security group, and returns a request's VpcConfig."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
        made = ec2.create_security_group(GroupName=group, Description="jobs", VpcId=vpc)
        return {"Subnets": [subnet], "SecurityGroupIds": [made["GroupId"]]}

    def create(self, script: str = "", **changes: Any) -> str:
        """Starts a job and returns its name."""
        request = self.request(script, **changes)
        self.sagemaker.create_training_job(**request)
        return str(request["TrainingJobName"])

    def run(self, script: str = "", **changes: Any) -> dict[str, Any]:
        """Runs a job to its end and returns its description."""
        return self.ended(self.create(script, **changes))

    def describe(self, name: str) -> dict[str, Any]:
        return dict(self.sagemaker.describe_training_job(TrainingJobName=name))

    def ended(self, name: str, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        def finished() -> dict[str, Any] | None:
            answer = self.describe(name)
            return None if answer["TrainingJobStatus"] in {"InProgress", "Stopping"} else answer

        return eventually(finished, seconds)

    def stop(self, name: str) -> dict[str, Any]:
        self.sagemaker.stop_training_job(TrainingJobName=name)
        return self.ended(name)

    def let_go_on(self, name: str) -> None:
        """Ends the wait of a job's script for the file GO_ON."""
        [folder] = self.data.glob(f"jobs/{name}-*/algo-1/ml/checkpoints")
        (folder / Path(GO_ON).name).touch()

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        answer = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def streams(self, name: str) -> list[str]:
        with suppress(self.logs.exceptions.ResourceNotFoundException):
            answer = self.logs.describe_log_streams(
                logGroupName=GROUP, logStreamNamePrefix=f"{name}/"
            )
            return [stream["logStreamName"] for stream in answer["logStreams"]]
        return []

    def lines(self, name: str) -> list[str]:
        return [
            event["message"]
            for stream in self.streams(name)
            for event in self.logs.get_log_events(
                logGroupName=GROUP, logStreamName=stream, startFromHead=True
            )["events"]
        ]

    def wait_for_line(self, name: str, line: str) -> None:
        eventually(lambda: line in self.lines(name) or None)


@contextmanager
def running_cloud(data: Path, *options: str) -> Iterator[Cloud]:
    """A local cloud on a folder; nothing of it is left, also if it can't be filled."""
    try:
        yield Cloud(daemon.start(data, *options), data)
    finally:
        daemon.stop(data)


def policy(*statements: dict[str, Any]) -> str:
    """A policy's document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def channel(name: str, prefix: str, **changes: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}
    options = {key: changes.pop(key) for key in list(changes) if key.startswith("S3")}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source | options}, **changes}


def resources(count: int) -> dict[str, Any]:
    return {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 10}


def checkpoints(prefix: str) -> dict[str, str]:
    return {"S3Uri": f"s3://{BUCKET}/{prefix}"}


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """The code and the message by which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def eventually(read: Callable[[], Value | None], seconds: float = WAIT_SECONDS) -> Value:
    """The first value of `read` that is not None."""
    deadline, interval = time.monotonic() + seconds, _FIRST_POLL_SECONDS
    while time.monotonic() < deadline:
        value = read()
        if value is not None:
            return value
        time.sleep(interval)
        interval = min(1.3 * interval, _LONGEST_POLL_SECONDS)
    raise AssertionError(f"nothing within {seconds} s")


def children(process: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found: list[int] = []
    for each in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # that thread has ended
            found += map(int, each.read_text().split())
    return found


def agents(server: int) -> list[int]:
    """The processes that carry the data of a server's jobs, in the order of their start."""
    return named("agent_process", server)


def named(name: str, server: int) -> list[int]:
    """The processes with a name that a server's own have forked."""
    forked = (each for parent in children(server) for each in children(parent))
    return [each for each in forked if command(each) and _name(each) == name]


def _name(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def command(process: int) -> bytes:
    """The command line of a process; empty if it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def processes_below(folder: Path) -> list[str]:
    """The command lines of live processes that mention a folder."""
    return [line for line in _command_lines() if str(folder) in line]


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")


def stop(cloud: Cloud) -> None:
    """Ends a local cloud normally."""
    assert daemon.stop(cloud.data)


def kill(cloud: Cloud) -> None:
    os.kill(cloud.server.pid, signal.SIGKILL)
    eventually(lambda: True if daemon.find(cloud.data) is None else None)


def wait_for_snapshot(cloud: Cloud) -> None:
    """Waits until all that was done so far is in a snapshot."""
    now = time.time()
    # A change, because otherwise nothing may cause another snapshot.
    cloud.put("snapshot-please", b"")
    eventually(lambda: True if taken(cloud.data) > now else None, _SNAPSHOT_SECONDS)


def taken(data: Path) -> float:
    with suppress(FileNotFoundError), (data / "kept" / "snapshot").open("rb") as snapshot:
        return float(json.loads(snapshot.readline())["taken"])
    return 0.0
