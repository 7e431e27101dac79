"""A local cloud whose account has had many jobs, which were never run.

It runs in a process of its own and takes no snapshots, so that only its answers take time.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from bench.job import request
from localcloud.corrections.corrections import correct_moto
from localcloud.handlers.request_path import request_path
from localcloud.protocol.requests import application
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.records import TrainingJob
from localcloud.sagemaker.runtime.settings import Settings
from localcloud.sagemaker.sandbox.choice import choose
from localcloud.server.serve import ADDRESS, listen
from localcloud.snapshots.gate import Gate
from toolchain.environment import REGION

ACCOUNT = "123456789012"
_PLACE = {
    "role": f"arn:aws:iam::{ACCOUNT}:role/past",
    "key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
    "subnet": "subnet-0123456789abcdef0",
    "group": "sg-0123456789abcdef0",
}
_HOUR = 3600.0


@contextmanager
def account_with(jobs: int) -> Iterator[str]:
    """The address of a local cloud whose account has had this number of jobs."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        process = context.Process(target=_serve, args=(jobs, Path(folder), sender), daemon=True)
        process.start()
        try:
            yield receiver.recv()
        finally:
            process.kill()
            process.join()


def past_jobs(jobs: int, now: float) -> Iterator[TrainingJob]:
    """Jobs of other teams that have completed, one a minute until an hour before `now`."""
    for number in range(jobs):
        name = f"other-dev-job-{number % 100}-0123abcd-{number // 100 + 1}"
        created = now - _HOUR - 60 * number
        transitions = statuses.enter(statuses.enter((), "Starting", created), "Completed", created)
        yield TrainingJob(
            name=name,
            account=ACCOUNT,
            region=REGION,
            request=request(name, _PLACE),
            created=created,
            modified=created,
            transitions=transitions,
            tags={"sagemaker-training:lineage": name.rsplit("-", 2)[0]},
        )


def _serve(jobs: int, folder: Path, sender: Connection) -> None:
    """Serves until the process is killed, and sends the address once it answers."""
    server = listen(0)
    url = f"http://{ADDRESS}:{server.server_port}"
    sandbox = choose("processes")
    training = TrainingService(
        Settings(data=folder, url=url, sandbox=sandbox, role_delay=0), lambda _job: None
    )
    correct_moto()
    server.app = application(request_path(training, Gate(), lambda: None))
    training.restore([asdict(job) for job in past_jobs(jobs, time.time())])
    sender.send(url)
    server.serve_forever()
