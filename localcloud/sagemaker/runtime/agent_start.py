"""Starts agents: they are forked from a process that has a client of S3."""

from __future__ import annotations

import os
import sys
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from localcloud.sagemaker.runtime.agent_process import prepare, serve
from localcloud.sagemaker.runtime.agent_work import Reach
from localcloud.sagemaker.sandbox.fork_server import Forked, ForkServer


def prepare_for(url: str, region: str) -> None:
    """Begins to prepare for agents that will reach the services at a URL, without waiting."""
    _fork_server(url, region).begin()


def start(reach: Reach) -> tuple[Connection, Forked]:
    """A connection to a new agent, which ends with it. Raises OSError if there can't be one."""
    ours, theirs = Pipe()
    try:
        with theirs:
            agent = _fork_server(reach.url, reach.region).fork(
                serve, reach, files=[theirs.fileno()]
            )
    except OSError:
        ours.close()
        raise
    return ours, agent


@cache
def _fork_server(url: str, region: str) -> ForkServer:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return ForkServer(prepare, url, region, environment=environment)
