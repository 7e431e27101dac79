"""The calls and the time of a launch in an account that has had 10, 1,000 and 100,000 jobs.

    .venv/bin/python -m bench.history [COUNT …]

On a separate local cloud, with past jobs that are made up and were not run: preflight, launch,
refresh and wait of one job, each by the functions that the provider calls. The calls are those
that are sent. The time has the local cloud's own, which reads through all of its records for
every search; only the calls are AWS's measure. The wait is for a job that has ended, so
that it takes one tick.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.job import BUCKET, inputs
from bench.local_cloud import REGION, ROLE, LocalCloud, local_cloud
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.preflight.preflight import Preflight
from components.training_job.request.job_inputs import JobInputs
from components.training_job.run.launch import Launch, launch_once
from components.training_job.run.service_record import describe
from components.training_job.run.waiting import wait_for_end
from localcloud.server import daemon

COUNTS = (10, 1_000, 100_000)
MOST_CALLS = 8
"""The goal for a launch, at any history."""

ROUNDS = 5
"""How many jobs are launched; the fastest time counts."""

OPERATIONS = ("preflight", "launch", "refresh", "wait")
_WAIT_SECONDS = 120


@dataclass(frozen=True)
class Taken:
    """What an operation took."""

    calls: int
    seconds: float


Measured = dict[str, Taken]
"""What each operation took."""


class CountedClients(AwsClients):
    """Clients that count the calls that they send."""

    def __init__(self, url: str) -> None:
        services = ("ecr", "iam", "s3", "sagemaker", "servicequotas", "sts")
        super().__init__({"aws:endpoints": [dict.fromkeys(services, url)]}.get)
        self.calls: Counter[str] = Counter()

    def _build(self, service: str, region: str) -> Any:
        client = super()._build(service, region)
        client.meta.events.register("before-send", self._count)
        return client

    def _count(self, event_name: str, **_: Any) -> None:
        self.calls[event_name.rpartition(".")[2]] += 1


def main(counts: list[int]) -> None:
    """Measures and prints all counts."""
    console = Console(width=100)
    console.print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    measured = {count: measure(count) for count in counts}
    console.print(table(measured), goal(measured))


def measure(past: int) -> Measured:
    """What each operation takes, at its fastest, in an account that has had so many jobs."""
    with local_cloud("--sandbox", "processes") as cloud, _credentials():
        account = _prepare(cloud)
        document = {"region": REGION, "count": past, "prefix": "other-dev-job-0123abcd"}
        daemon.ask(cloud.server, "POST", "/localcloud/past-jobs", document)
        url = cloud.server.url
        rounds = [_round(url, f"bench-dev-job-{number}", account) for number in range(ROUNDS)]
    return {
        name: min((each[name] for each in rounds), key=lambda taken: taken.seconds)
        for name in OPERATIONS
    }


def _round(url: str, lineage: str, account: dict[str, str]) -> Measured:
    """What each operation takes for a new job of a lineage; the account is known before."""
    clients = CountedClients(url)
    job = inputs(lineage, account)
    sagemaker = clients.client("sagemaker", REGION)
    launch = Launch(lineage, BUCKET, "0123abcd", job.request)
    name = f"{lineage}-0123abcd-1"
    taken = {
        "preflight": _taken(clients, lambda: _preflight(clients, job)),
        "launch": _taken(clients, lambda: launch_once(sagemaker, launch)),
        "refresh": _taken(clients, lambda: describe(sagemaker, name)),
    }
    _wait(sagemaker, name)  # until the job has ended: the number of ticks is the machine's own
    return taken | {"wait": _taken(clients, lambda: _wait(sagemaker, name))}


def _preflight(clients: AwsClients, job: JobInputs) -> None:
    if problems := Preflight(clients).problems(job):
        raise SystemExit(f"the launch would be refused: {problems}")


def _wait(sagemaker: Any, name: str) -> None:
    wait_for_end(sagemaker, [name], _WAIT_SECONDS, lambda _line: None)


def _taken(clients: CountedClients, operation: Callable[[], Any]) -> Taken:
    clients.calls.clear()
    start = time.perf_counter()
    operation()
    return Taken(clients.calls.total(), time.perf_counter() - start)


def table(measured: dict[int, Measured]) -> Table:
    """The calls and seconds of each operation, at each history."""
    shown = Table("", *(f"{count:,} past jobs" for count in measured))
    shown.title = "Calls (seconds)"
    for name in OPERATIONS:
        taken = [each[name] for each in measured.values()]
        shown.add_row(name, *(f"{each.calls} ({each.seconds:.3f})" for each in taken))
    return shown


def goal(measured: dict[int, Measured]) -> Table:
    """The goals next to the measurements."""
    shown = Table("", "goal", "measured")
    launches = {each["launch"].calls for each in measured.values()}
    shown.add_row("most calls of a launch", str(MOST_CALLS), str(max(launches)))
    for name in OPERATIONS:
        calls = {each[name].calls for each in measured.values()}
        shown.add_row(f"growth of {name} with the history", "0", str(max(calls) - min(calls)))
    return shown


def _prepare(cloud: LocalCloud) -> dict[str, str]:
    """Creates a bucket, a key and a network for the jobs, and returns the jobs' place."""
    cloud.s3.create_bucket(Bucket=BUCKET)
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.64.0.0/18")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)
    return {
        "role": ROLE,
        "key": cloud.client("kms").create_key()["KeyMetadata"]["Arn"],
        "subnet": subnet,
        "group": group["GroupId"],
    }


@contextmanager
def _credentials() -> Iterator[None]:
    """Any credentials: the local cloud accepts all."""
    before = dict(os.environ)
    os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or list(COUNTS))
