"""The process that carries the data of one job: a job's agent.

It downloads the input, fills pipes, reads the output, searches it for metrics, keeps checkpoints in
step with S3, and uploads the results, all with the credentials of the job's role. So the bytes of a
job never reach the server's own code. The server sends it calls, and gets events and values from
it, in pieces of limited size. It ends with its connection to the server.

It may be killed at any moment. The next agent begins with what the server noted in the same step as
it took the events or values: see Progress and Found.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import resource
import threading
import traceback
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import boto3

from localcloud.sagemaker.data import channels
from localcloud.sagemaker.data.artifacts import Uploader
from localcloud.sagemaker.data.channels import Share
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.runtime.agent_work import (
    CONFIGURATION,
    Checkpoints,
    Document,
    Reach,
    Work,
)
from localcloud.sagemaker.runtime.background import Background, make_sync
from localcloud.sagemaker.runtime.portable_errors import portable

MOST_MEMORY = 2 << 30
"""Bytes of an agent's memory. An agent without memory fails its own job."""
_NICENESS = 5
"""Between the server and the instances, once these run: until then, a start should not wait."""

Call = tuple[int, str, tuple[Any, ...]]
"""A call's number, its name and its arguments."""


def prepare(url: str, region: str) -> None:
    """Does now what the first client of S3, and its first use, would take time for."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    s3, _ = _prepared(url, region)
    s3.get_paginator("list_objects_v2")


@cache
def _prepared(url: str, region: str) -> tuple[Any, Any]:
    """A client of S3, and its credentials, which are those of no one yet.

    An agent gets both from the process that forked it.
    """
    session = _session()
    s3 = session.client("s3", region_name=region, endpoint_url=url, config=CONFIGURATION)
    return s3, session.get_credentials()


@cache
def _session() -> Any:
    return boto3.Session("none", "none", "none")


def _client(reach: Reach) -> Any:
    s3, credentials = _prepared(reach.url, reach.region)
    credentials.access_key = reach.credentials["aws_access_key_id"]
    credentials.secret_key = reach.credentials["aws_secret_access_key"]
    credentials.token = reach.credentials.get("aws_session_token")
    return s3


def serve(connection: int, reach: Reach) -> NoReturn:
    """Serves one job until a connection, given as its file, ends; then ends the process."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    threading.excepthook = _end_with_a_thread
    try:
        AgentProcess(Server(Connection(connection)), reach).serve()
    finally:
        os._exit(0)


def _end_with_a_thread(found: threading.ExceptHookArgs) -> NoReturn:
    """Ends the agent if one of its threads fails. The next one goes on, so no call waits on."""
    threading.__excepthook__(found)
    os._exit(1)


class Server:
    """The agent's connection to the server, for several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[None]] = {}

    def say(self, kind: str, *arguments: object) -> None:
        """Sends something that has no answer."""
        self._send(0, kind, arguments)

    def ask(self, kind: str, *arguments: object) -> None:
        """Sends something and waits until the server has done it. Raises the server's error."""
        number = next(self._numbers)
        answered: Future[None] = Future()
        self._asked[number] = answered
        self._send(number, kind, arguments)
        answered.result()

    def _send(self, number: int, kind: str, arguments: tuple[object, ...]) -> None:
        with self._sending:
            self._connection.send((number, kind, tuple(map(portable, arguments))))

    def receive(self) -> Call:
        """The next call. Raises EOFError at the end."""
        while True:
            number, name, arguments = self._connection.recv()
            if name:
                return number, name, arguments
            answered = self._asked.pop(number)
            if arguments:
                answered.set_exception(arguments[0])
            else:
                answered.set_result(None)


class AgentProcess:
    """What the server can call. One call is carried out at a time."""

    def __init__(self, server: Server, reach: Reach) -> None:
        self._server = server
        self._s3 = _client(reach)
        self._background: Background | None = None
        self._niceness = os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS

    def serve(self) -> None:
        """Carries out the server's calls until its connection ends."""
        calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        threading.Thread(target=self._carry_out, args=(calls,), name="calls", daemon=True).start()
        try:
            while True:
                calls.put(self._server.receive())
        except (EOFError, OSError):
            return

    def _carry_out(self, calls: queue.SimpleQueue[Call]) -> None:
        while True:
            number, name, arguments = calls.get()
            try:
                getattr(self, name)(*arguments)
                self._server.say("done", number)
            except Exception as error:
                error.add_note(f"In the agent:\n{traceback.format_exc()}")
                self._server.say("done", number, error)

    def download(self, source: Document, folder: Path, share: Share) -> None:
        """Downloads a channel."""
        channels.download(self._s3, source, folder, share)

    def restore(self, checkpoints: Checkpoints) -> None:
        """Downloads checkpoints."""
        make_sync(self._s3, checkpoints).restore()

    def run(self, work: Work) -> None:
        """Begins the work for running instances."""
        # For Linux, it is the priority of this thread, and of those that it starts.
        os.setpriority(os.PRIO_PROCESS, 0, self._niceness)
        self._background = Background(self._server, self._s3, work)
        self._background.start()

    def flush(self, deadline: float) -> None:
        """Uploads the last checkpoints; `deadline` is in seconds of the monotonic clock."""
        self._running.flush(deadline)

    def finish_output(self, hosts: Collection[int]) -> None:
        """Waits until the output of hosts that have ended is sent and searched, within a limit."""
        self._running.finish_output(hosts)

    def end(self) -> None:
        """Ends the work for instances that have ended."""
        self._running.end()
        self._background = None

    @property
    def _running(self) -> Background:
        if self._background is None:
            raise RuntimeError("No work has begun.")
        return self._background

    def upload(
        self,
        output: Document,
        target: Location,
        scratch: Path,
        folders: Mapping[str, Sequence[Path]],
    ) -> None:
        """Uploads results: the folders of all instances, by the name of the result."""
        uploader = Uploader(self._s3, output, target, scratch)
        for name, each in folders.items():
            uploader.upload(name, each)
