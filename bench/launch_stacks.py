"""The stacks and scripts that `bench.launch` measures, on a local cloud of their own."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import yaml

from bench.job import BUCKET, request, settings
from bench.local_cloud import TRUST
from bench.spent import Spent, spent_by
from development.engine import Engine, Project
from localcloud.server import daemon
from toolchain.environment import REGION, engine_environment
from toolchain.layout import CHECKOUT, Layout

PROJECT = Project("many-jobs", "bench/many_jobs")
UP = ("up", "--yes", "--skip-preview")
_QUOTA = 100_000
_SERVICES = ("sagemaker", "s3", "sts", "iam", "ecr", "service-quotas")
"""The operations of a launch."""


@contextmanager
def stacks(count: int) -> Iterator[Stacks]:
    """An empty local cloud, for stacks of this number of jobs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = daemon.start(folder / "cloud", "--sandbox", "processes", "--role-delay", "0")
        try:
            yield Stacks(folder, server, count)
        finally:
            daemon.stop(folder / "cloud")


class Stacks:
    """The stacks of one number of jobs, and the account that they run in."""

    def __init__(self, folder: Path, server: daemon.Server, count: int) -> None:
        self._layout = Layout(local=folder)
        self._layout.pulumi_home.mkdir(parents=True)
        (self._layout.pulumi_home / "plugins").symlink_to(Layout().pulumi_home / "plugins")
        environment = engine_environment(self._layout, endpoint_url=server.url)
        self._environment = environment | {"PYTHONPATH": str(CHECKOUT)}
        self._server, self._count = server, count
        self._account = self._prepare_account()
        self._request = folder / "request.json"
        self._request.write_text(json.dumps(request("NAME", self._account)))

    def stack(self, kind: str) -> Engine:
        """A new stack, of resources of one kind."""
        stack = Engine(self._layout, kind, self._server.url, PROJECT)
        stack.create()
        self.configure(stack, wait=False)
        return stack

    def configure(self, stack: Engine, *, wait: bool) -> None:
        """Writes the stack's settings; with `wait` the stack waits for the jobs' ends."""
        values = self._account | {"kind": stack.stack, "count": self._count, "wait": wait}
        salt = yaml.safe_load(stack.settings_file.read_text()).get("encryptionsalt")
        config = {f"{PROJECT.name}:{key}": value for key, value in values.items()}
        document = {"config": {"aws:region": REGION} | config, "encryptionsalt": salt}
        stack.settings_file.write_text(yaml.safe_dump(document))

    def pulumi(self, stack: Engine, *arguments: str) -> Spent:
        """The time of a command of the engine."""
        pulumi = str(self._layout.pulumi_bin / "pulumi")
        options = ("--stack", stack.stack, "--config-file", str(stack.settings_file))
        command = [pulumi, "--non-interactive", *arguments, *options, "--suppress-progress"]
        return spent_by(command, CHECKOUT / PROJECT.folder, self._environment)

    def bare(self, what: str) -> Spent:
        """The time of the same work with only boto3."""
        arguments = ["-m", "bench.bare", what, str(self._count), str(self._request)]
        return spent_by([sys.executable, *arguments], CHECKOUT, self._environment)

    def wait_for(self, prefix: str) -> None:
        """Waits until no job with this prefix runs, so that none disturbs the next measurement."""
        lists = self._client("sagemaker").get_paginator("list_training_jobs")
        running = {"NameContains": prefix, "StatusEquals": "InProgress", "MaxResults": 100}
        # Filtered after it is cut, a page may be empty although a job of a later one runs.
        while any(page["TrainingJobSummaries"] for page in lists.paginate(**running)):
            time.sleep(0.5)

    def slow_down(self, seconds: float) -> None:
        """Delays every answer from now on."""
        late = {"answer": "real", "seconds": seconds, "times": sys.maxsize}
        faults = [{"service": service} | late for service in _SERVICES]
        daemon.ask(self._server, "POST", "/localcloud/faults", {"faults": faults})

    def _prepare_account(self) -> dict[str, str]:
        """Creates a bucket, a role, a key, a network, and a quota for all instances."""
        self._client("s3").create_bucket(Bucket=BUCKET)
        iam = self._client("iam")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))
        administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
        iam.attach_role_policy(RoleName="bench", PolicyArn=administrator)
        name = f"{settings().instance_type} for spot training job usage"
        quotas = self._client("service-quotas")
        pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        every = (quota for page in pages for quota in page["Quotas"])
        code = next(quota["QuotaCode"] for quota in every if quota["QuotaName"] == name)
        quotas.request_service_quota_increase(
            ServiceCode="sagemaker", QuotaCode=code, DesiredValue=_QUOTA
        )
        key = self._client("kms").create_key()["KeyMetadata"]["Arn"]
        ec2 = self._client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.64.0.0/18")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)
        return {
            "role": role["Role"]["Arn"],
            "key": key,
            "subnet": subnet,
            "group": group["GroupId"],
        }

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._server.url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud takes any
        )
