"""Serves AWS's APIs on one loopback port, from the start of the process to its end."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

from werkzeug.serving import make_server

from localcloud import __version__
from localcloud.corrections.corrections import correct_moto
from localcloud.events import schedules, state_machines
from localcloud.handlers.request_path import request_path
from localcloud.protocol.requests import application
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.jobs.job_events import Publisher
from localcloud.sagemaker.runtime import network_interfaces, pool_folders
from localcloud.sagemaker.runtime.settings import Settings, Times
from localcloud.sagemaker.runtime.spot_schedule import Market, SpotSchedule
from localcloud.sagemaker.sandbox import helper_process, linux
from localcloud.sagemaker.sandbox.choice import Sandbox, choose
from localcloud.sagemaker.sandbox.script_files import remove
from localcloud.sagemaker.sandbox.specification import Name
from localcloud.sagemaker.tuning import tuning_events
from localcloud.sagemaker.tuning.tuning_service import TuningService
from localcloud.server import heap
from localcloud.server.code_version import fingerprint
from localcloud.server.connections import Connection
from localcloud.server.daemon import LOCK_FILE, PORT_FILE, STATE_FILE
from localcloud.server.leftovers import sweep, use_temporary_folder
from localcloud.snapshots.file import KEPT
from localcloud.snapshots.gate import Gate
from localcloud.snapshots.keeper import Keeper, Restored

ADDRESS = "127.0.0.1"
_LAST_ANSWERS_SECONDS = 5.0
"""How long an ending server waits for answers that are under way."""
_TEMPORARY = "tmp"
"""The folder of the server's temporary files, in the data folder."""


class AlreadyRunningError(Exception):
    """Another server runs on the data folder."""


@dataclass(frozen=True)
class Options:
    """The options of a server."""

    data: Path
    port: int = 0
    """The port on 127.0.0.1; 0 for the port of the last run, or a free one."""
    sandbox: Name | None = None
    """How jobs are confined; None for the first way that works."""
    times: Times = field(default_factory=Times)
    schedule_speed: float = 1.0
    """How many times faster than the clock schedules run."""
    market: Market = field(default_factory=Market)
    """The random spot capacity."""


def serve(options: Options, say: Callable[[str], None]) -> NoReturn:
    """Serves until SIGTERM or SIGINT, then ends the process.

    Raises AlreadyRunningError if the data folder is in use, RuntimeError if the wanted sandbox does
    not work, and OSError if the port is taken.
    """
    _clean_environment()
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _lock(options.data):
        (options.data / STATE_FILE).unlink(missing_ok=True)
        sweep(options.data / "jobs")
        use_temporary_folder(options.data / _TEMPORARY)
        _serve(options, say)
        # At once, which releases the lock: threads of ended jobs may still wait for the server, and
        # `stop` returns when the folder is free.
        sys.stdout.flush()
        os._exit(0)


def _serve(options: Options, say: Callable[[str], None]) -> None:
    heap.limit()
    linux.open_as_many_files_as_allowed()  # each job has ten or more
    sandbox = choose(options.sandbox)
    helper_process.end()  # until a job needs it, to save memory
    if sandbox.shortcomings:
        say(sandbox.shortcomings)
    answering = Gate()
    server = listen(options.port or _earlier_port(options.data), answering)
    settings = _settings(options, sandbox, server.server_port)
    keeper = Keeper(options.data / KEPT, Gate(), heap.give_back)
    publisher = Publisher()
    training = TrainingService(settings, keeper.after(publisher.announce))
    announce = keeper.after(partial(tuning_events.announce, publisher))
    tuning = TuningService(training, announce, settings.search_delay)
    # In this order, so that a snapshot has no trial's training job without the trial.
    keeper.add("training jobs", training)
    keeper.add("tuning jobs", tuning)
    keeper.add("quotas", training.quotas)
    state_machines.run_executions(server.server_port)
    correct_moto()
    server.app = application(request_path(training, tuning, keeper.gate, keeper.changed))
    restored = keeper.restore()
    keeper.start()
    training.resume(restored.taken)
    tuning.resume()
    network_interfaces.start(training.find, settings.interface_delay, keeper.changed)
    pool_folders.start(settings.jobs, training.held_pools)
    schedules.start(options.schedule_speed)
    _stop_on_signal([tuning.prepare_end, training.prepare_end], server.shutdown)
    state = options.data / STATE_FILE
    heap.leave_alone()
    _write_state(state, server.server_port, settings, restored)
    say(f"Serving on {settings.url}, jobs confined by {sandbox.name}. {restored.lost}".rstrip())
    try:
        server.serve_forever()
    finally:
        state.unlink(missing_ok=True)
        # The last answers are sent whole, and what they report is in the last snapshot. No request
        # is answered after it.
        with answering.closed(_LAST_ANSWERS_SECONDS):
            _end(options, keeper, training)


def _end(options: Options, keeper: Keeper, training: TrainingService) -> None:
    try:
        # Before the jobs end, because the next server continues them.
        keeper.finish()
    finally:
        training.close()
        sweep(options.data / "jobs")
        remove(options.data / _TEMPORARY)


def listen(port: int, answering: Gate) -> Any:
    """A server that listens on a port, 0 for any. It does not answer yet, as it has no `app`.

    Each request passes `answering` before it is read, and leaves it when its answer was sent.
    """
    handler = _at_gate(answering)
    server = make_server(ADDRESS, port, application([]), threaded=True, request_handler=handler)
    server.daemon_threads = True
    return server


def _at_gate(answering: Gate) -> type[Connection]:
    class Handler(Connection):
        def run_wsgi(self) -> None:
            with answering.passing():
                super().run_wsgi()

    return Handler


def _earlier_port(data: Path) -> int:
    """The port of the last run on the folder; 0 if it is taken now."""
    path = data / PORT_FILE
    port = int(path.read_text()) if path.exists() else 0
    with socket.socket() as probe:
        # As the server itself does; otherwise the connections of the last server would count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return 0
    return port


def _settings(options: Options, sandbox: Sandbox, port: int) -> Settings:
    return Settings(
        data=options.data,
        url=f"http://{ADDRESS}:{port}",
        sandbox=sandbox,
        spot=SpotSchedule(options.market),
        **asdict(options.times),
    )


def _stop_on_signal(
    preparations: Iterable[Callable[[], None]], shutdown: Callable[[], None]
) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        for prepare in preparations:
            prepare()
        # On another thread, because it waits for the loop that this thread runs.
        threading.Thread(target=shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _write_state(path: Path, port: int, settings: Settings, restored: Restored) -> None:
    path.with_name(PORT_FILE).write_text(str(port))
    document = {
        "pid": os.getpid(),
        "port": port,
        "url": settings.url,
        "version": __version__,
        "sandbox": settings.sandbox.name,
        "started": time.time(),
        "lost": restored.lost,
        "sources": fingerprint(),
    }
    new = path.with_suffix(".new")
    new.write_text(json.dumps(document))
    new.replace(path)


def _clean_environment() -> None:
    """Removes the user's AWS settings and proxies from the environment of server and jobs."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "no_proxy": "*",
    }


def _lock(data: Path) -> TextIO:
    """The lock of the data folder, which is held while the file is open."""
    file = (data / LOCK_FILE).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise AlreadyRunningError(f"A local cloud already runs on {data}.") from error
    return file
