"""What a stack of 1, 10 and 100 jobs takes, against boto3 alone and against the engine's own floor.

    .venv/bin/python -m bench.launch [COUNT …]

On a local cloud of its own, for each number of jobs: preview, launch, an update without changes,
and the wait for jobs that have ended. Beside it as many resources that do nothing, which is the
engine's floor, and as many calls of boto3 on four threads. Each time is that of the whole command,
with the processor time of its own processes, without the local cloud's, in brackets.
Wanted: an update without changes takes at most 1.3 × the floor, launching 100 jobs at most
1.5 × boto3. Run it on a machine that does nothing else; the load before it is printed.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from rich.console import Console
from rich.table import Table

from bench.bare import PREFIX
from bench.job import BUCKET, settings
from development.engine import Engine, Project
from development.environment import REGION, engine_environment
from development.layout import CHECKOUT, Layout
from localcloud import daemon

COUNTS = (1, 10, 100)
ROUNDS = 2
PROJECT = Project("many-jobs", "bench/many_jobs")
_QUOTA = 100_000
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True)
class Spent:
    """What a command took: seconds by the clock, and of all processes that it started."""

    seconds: float
    processor_seconds: float

    def over(self, other: Spent) -> str:
        """The ratio to another command, by the clock and by the processor."""
        processor = self.processor_seconds / other.processor_seconds
        return f"{self.seconds / other.seconds:.2f} ({processor:.2f})"

    def __str__(self) -> str:
        return f"{self.seconds:.2f} ({self.processor_seconds:.2f})"


@dataclass(frozen=True)
class Times:
    """What each command took for one number of jobs."""

    count: int
    preview: Spent
    launch: Spent
    unchanged: Spent
    completion: Spent
    idle_preview: Spent
    idle_create: Spent
    idle_unchanged: Spent
    bare_launch: Spent
    bare_wait: Spent


def main(counts: list[int]) -> None:
    """Measure and print all counts."""
    Console().print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print_times([measure(count) for count in counts])


def measure(count: int) -> Times:
    """The times for one number of jobs, on a local cloud of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = daemon.start(folder / "cloud", "--sandbox", "processes")
        try:
            bench = Bench(folder, server.url, count)
            idle, jobs = bench.idle(), bench.jobs()
            return Times(count, **idle, **jobs, **bench.bare())
        finally:
            daemon.stop(folder / "cloud")


class Bench:
    """The stacks of one number of jobs, and the account that they run in."""

    def __init__(self, folder: Path, url: str, count: int) -> None:
        self._layout = Layout(local=folder)
        self._layout.pulumi_home.mkdir(parents=True)
        (self._layout.pulumi_home / "plugins").symlink_to(Layout().pulumi_home / "plugins")
        environment = engine_environment(self._layout, endpoint_url=url)
        self._environment = environment | {"PYTHONPATH": str(CHECKOUT)}
        self._url, self._count = url, count
        self._account = self._prepare_account()

    def idle(self) -> dict[str, Spent]:
        """Resources that do nothing."""
        stack = self._stack("idle")
        return {
            "idle_preview": self._pulumi(stack, "preview"),
            "idle_create": self._pulumi(stack, "up", "--yes", "--skip-preview"),
            "idle_unchanged": self._best(stack),
        }

    def jobs(self) -> dict[str, Spent]:
        """Training jobs."""
        stack = self._stack("jobs")
        times = {
            "preview": self._pulumi(stack, "preview"),
            "launch": self._pulumi(stack, "up", "--yes", "--skip-preview"),
        }
        self._wait_for("bench-dev-job-")
        times["unchanged"] = self._best(stack)
        self._configure(stack, "jobs", wait=True)
        return times | {"completion": self._pulumi(stack, "up", "--yes", "--skip-preview")}

    def bare(self) -> dict[str, Spent]:
        """The same jobs by boto3."""
        launched = self._bare("launch")
        self._wait_for(PREFIX)
        return {"bare_launch": launched, "bare_wait": self._bare("wait")}

    def _best(self, stack: Engine) -> Spent:
        rounds = [self._pulumi(stack, "up", "--yes", "--skip-preview") for _ in range(ROUNDS)]
        return min(rounds, key=lambda spent: spent.seconds)

    def _stack(self, kind: str) -> Engine:
        stack = Engine(self._layout, kind, self._url, PROJECT)
        stack.create()
        self._configure(stack, kind)
        return stack

    def _configure(self, stack: Engine, kind: str, *, wait: bool = False) -> None:
        values = self._account | {"kind": kind, "count": self._count, "wait": wait}
        salt = yaml.safe_load(stack.settings_file.read_text()).get("encryptionsalt")
        config = {f"{PROJECT.name}:{key}": value for key, value in values.items()}
        document = {"config": {"aws:region": REGION} | config, "encryptionsalt": salt}
        stack.settings_file.write_text(yaml.safe_dump(document))

    def _pulumi(self, stack: Engine, *arguments: str) -> Spent:
        pulumi = str(self._layout.pulumi_bin / "pulumi")
        options = ("--stack", stack.stack, "--config-file", str(stack.settings_file))
        command = [pulumi, "--non-interactive", *arguments, *options, "--suppress-progress"]
        return self._seconds(command, CHECKOUT / PROJECT.folder)

    def _bare(self, what: str) -> Spent:
        role, key = self._account["role"], self._account["key"]
        command = [sys.executable, "-m", "bench.bare", what, str(self._count), role, key]
        return self._seconds(command, CHECKOUT)

    def _seconds(self, command: list[str], folder: Path) -> Spent:
        start, before = time.perf_counter(), _processor_seconds()
        done = subprocess.run(
            command, cwd=folder, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")
        return Spent(time.perf_counter() - start, _processor_seconds() - before)

    def _prepare_account(self) -> dict[str, Any]:
        """A bucket, a role, a key, and as many instances as are asked for."""
        self._client("s3").create_bucket(Bucket=BUCKET)
        iam = self._client("iam")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(_TRUST))
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
        return {"role": role["Role"]["Arn"], "key": key}

    def _wait_for(self, prefix: str) -> None:
        """Wait until no job with this prefix runs, so that none takes time from what follows."""
        sagemaker = self._client("sagemaker")
        while sagemaker.list_training_jobs(NameContains=prefix, StatusEquals="InProgress")[
            "TrainingJobSummaries"
        ]:
            time.sleep(0.5)

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud takes any
        )


def print_times(times: list[Times]) -> None:
    """Print what was measured, and the ratios."""
    table = Table("jobs", "", "seconds (CPU)", "engine's floor", "ratio", "boto3", "ratio")
    for each in times:
        rows = (
            ("preview", each.preview, each.idle_preview, None),
            ("launch", each.launch, each.idle_create, each.bare_launch),
            ("unchanged", each.unchanged, each.idle_unchanged, None),
            ("completion", each.completion, each.idle_unchanged, each.bare_wait),
        )
        for name, own, floor, bare in rows:
            columns = (str(bare), own.over(bare)) if bare else ("–", "–")
            table.add_row(str(each.count), name, str(own), str(floor), own.over(floor), *columns)
    Console(width=110).print(table)


def _processor_seconds() -> float:
    """Of all processes that were started here and have ended; not of the local cloud."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or list(COUNTS))
