"""The local cloud of a soak, and the calls to it, which go on while it is killed and started."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
)

from bench.local_cloud import BUCKET, REGION, LocalCloud
from bench.soak.jobs import INSTANCE_TYPE, Document, Window
from bench.soak.machine import Used, marked, namespaces, processes
from localcloud.server import daemon
from localcloud.snapshots.file import KEPT, SNAPSHOT

OPTIONS = (
    *("--grace", "2", "--checkpoint-interval", "0.2", "--role-delay", "0"),
    *("--interface-delay", "0.5", "--search-delay", "0.5"),
)
_QUOTA = 1_000
_PATIENCE_SECONDS = 120.0
_DROUGHT_SECONDS = 0.3
_SAMPLE_SECONDS = 0.5
_AGAIN_SECONDS = 0.1
_FAULTS = {"SlowDown", "ThrottlingException", "ExpiredToken", "ExpiredTokenException"}
_ERRORS = 300
"""From this status on, an answer is an error, whose body is never streamed."""
_NOT_REACHED = "EndpointConnectionError"
GONE = {"NoSuchKey", "ResourceNotFound", "ResourceNotFoundException", "ValidationException"}
"""The codes of what is not there, or not in a state for the call."""

Value = TypeVar("Value")


class Soaked:
    """A local cloud that ends and starts again while clients call it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.data = folder / "cloud"
        self.windows: list[Window] = []
        """What was lost with killed servers."""
        self.ends = Counter[str]()
        """How often it was killed and stopped."""
        self.took: list[float] = []
        """The seconds of all answers."""
        self.struck = 0
        """How many requests had a fault, as far as it is known."""
        self.entered: set[str] = set()
        """The namespaces in which its processes were."""
        self._market = ("--spot-interval", "6", "--spot-drought", "0.2", "--spot-seed", str(seed))
        self._faults: dict[str, list[Document]] = {}
        self._log: list[str] = []
        """The logs of the servers that have ended."""
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self.server = self._start()
        self.since = time.monotonic()
        """When the server started that runs now."""
        cloud = LocalCloud(self.server, self.data)
        self.sagemaker, self.s3, self.logs = map(self.client, ("sagemaker", "s3", "logs"))
        self.network = _network(cloud.client("ec2"))
        for kind in ("training job", "spot training job", "training warm pool"):
            name = f"{INSTANCE_TYPE} for {kind} usage"
            document = {"name": name, "region": REGION, "value": _QUOTA}
            daemon.ask(self.server, "POST", "/localcloud/quotas", document)
        self._await_snapshot()
        self.first = self.used()
        """What it used before any job."""
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _start(self) -> daemon.Server:
        return daemon.start(self.data, *OPTIONS, *self._market)

    def client(self, service: str) -> Any:
        """A client of a service, which sends each request once."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60, max_pool_connections=50)
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.server.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  # the local cloud takes any
            config=config,
        )
        client.meta.events.register("before-parse", _refuse_half_answer)
        return client

    def _await_snapshot(self) -> None:
        """Waits until a snapshot has all that was done so far."""
        now = time.time()
        # A change, because otherwise nothing may cause another snapshot.
        self.s3.put_object(Bucket=BUCKET, Key="begun")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._taken() < now:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no snapshot was taken within {_PATIENCE_SECONDS:g} s")
            time.sleep(_AGAIN_SECONDS)

    def _taken(self) -> float:
        with suppress(FileNotFoundError), (self.data / KEPT / SNAPSHOT).open("rb") as file:
            return float(json.loads(file.readline())["taken"])
        return 0.0

    def call(
        self, operation: Callable[[], Value], *, lost: Callable[[], None] | None = None
    ) -> Value:
        """The answer to a call, which is repeated while there is a fault or no server.

        `lost` is called before each repetition of a call that may have had an effect.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            begun = time.monotonic()
            try:
                answer = operation()
            except ClientError as error:
                self.took.append(time.monotonic() - begun)
                if error.response["Error"]["Code"] not in _FAULTS and not _at_end(error):
                    raise
            except EndpointConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_AGAIN_SECONDS)
                continue
            except (HTTPClientError, IncompleteReadError):
                pass
            else:
                self.took.append(time.monotonic() - begun)
                return answer
            if lost is not None:
                lost()
            time.sleep(_AGAIN_SECONDS)

    def if_there(self, read: Callable[[], Value]) -> Value | None:
        """The answer to a call; None if what it names is not there, or not in that state."""
        try:
            return self.call(read)
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
            return None

    def end(self, how: str, pause: float) -> None:
        """Ends the server by `kill` or `stop`, and starts it again after a pause, in seconds."""
        with self._lock:
            if how == "kill":
                os.kill(self.server.pid, signal.SIGKILL)
                os.waitpid(self.server.pid, 0)
                self.windows.append(Window(self._taken(), time.time()))
            else:
                daemon.stop(self.data)
            self.ends[how] += 1
            self._log.append((self.data / daemon.LOG_FILE).read_text(errors="replace"))
            time.sleep(pause)
            self.server = self._start()
            self.since = time.monotonic()
            self._post()

    def add_faults(self, name: str, faults: list[Document]) -> None:
        """Switches the faults of a job on."""
        with self._lock:
            self._count()
            self._faults[name] = faults
            self._post()

    def remove_faults(self, name: str) -> None:
        """Switches the faults of a job off."""
        with self._lock:
            self._count()
            del self._faults[name]
            self._post()

    def interrupt(self, name: str, *, abrupt: bool) -> bool:
        """Takes a job's instances away. Returns whether it had any."""
        document = {"job": name, "abrupt": abrupt, "drought": _DROUGHT_SECONDS}
        with self._lock:
            try:
                daemon.ask(self.server, "POST", "/localcloud/interruptions", document)
            except daemon.RequestError:
                return False
            return True

    def _count(self) -> None:
        """Takes over how often each fault struck, so that it strikes no more often in all."""
        shown = daemon.ask(self.server, "GET", "/localcloud/faults")["faults"]
        mine = [fault for faults in self._faults.values() for fault in faults]
        for fault, now in zip(mine, shown, strict=True):
            self.struck += now["struck"] - fault.get("struck", 0)
            fault |= {"struck": now["struck"], "skip": now["skip"]}

    def _post(self) -> None:
        every = [fault for faults in self._faults.values() for fault in faults]
        daemon.ask(self.server, "POST", "/localcloud/faults", {"faults": every})

    def failures(self) -> str:
        """What the logs of all servers say of requests that failed in them; empty if none did."""
        last = (self.data / daemon.LOG_FILE).read_text(errors="replace")
        entries = re.split(r"^(?=\d{4}-\d\d-\d\d )", "\n".join([*self._log, last]), flags=re.M)
        failed = [entry for entry in entries if " failed" in entry.partition("\n")[0]]
        return "".join(entry for entry in failed if _NOT_REACHED not in entry)

    def used(self) -> Used:
        """What the server uses of the machine now."""
        with self._lock:
            return Used.by(self.server.pid)

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.entered |= namespaces(processes(self.folder.name))

    def stop(self) -> None:
        """Ends the server for good."""
        self._ended.set()
        self._watcher.join()
        daemon.stop(self.data)


def _at_end(error: ClientError) -> bool:
    """Whether a request failed because a server that ends does not reach itself any more."""
    found = error.response["Error"]
    return found["Code"] == "InternalFailure" and _NOT_REACHED in found["Message"]


def _refuse_half_answer(response_dict: Document, operation_model: Any, **_: Any) -> None:
    """Raises an error for an answer that a killed server has not sent whole.

    botocore takes it for an empty one.
    """
    streamed = operation_model.has_streaming_output and response_dict["status_code"] < _ERRORS
    if streamed or operation_model.http["method"] == "HEAD":
        return
    headers = response_dict["headers"]
    length = headers.get("content-length")
    if length is None and "transfer-encoding" in headers:
        return
    if length is None or int(length) != len(response_dict["body"]):
        raise ConnectionClosedError(endpoint_url=operation_model.name)


def _network(ec2: Any) -> Document:
    vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.64.0.0/18")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="soak", Description="soak", VpcId=vpc)
    return {"Subnets": [subnet], "SecurityGroupIds": [group["GroupId"]]}


@contextmanager
def soaked(seed: int) -> Iterator[Soaked]:
    """A local cloud in a folder of its own, which stays until the end of the code within."""
    with TemporaryDirectory(prefix="local-cloud-soak-") as name:
        folder = Path(name)
        with marked(folder):
            cloud = Soaked(folder, seed)
            try:
                yield cloud
            finally:
                daemon.stop(cloud.data)
