"""The local cloud's server: moto's services and training jobs on one loopback port."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from localcloud import __version__, workflows
from localcloud.daemon import KEPT, LOCK_FILE, PORT_FILE, STATE_FILE
from localcloud.events import schedules
from localcloud.sagemaker import network_interfaces
from localcloud.sagemaker.runtime import settings as defaults
from localcloud.sagemaker.runtime.settings import Settings
from localcloud.sagemaker.sandbox.choice import LESS_FAITHFUL, Name, choose
from localcloud.snapshots.gate import Gate
from localcloud.snapshots.keeper import Keeper, Restored
from localcloud.snapshots.watch import Watched
from localcloud.sources import fingerprint
from localcloud.spot_schedule import Market, SpotSchedule

if TYPE_CHECKING:
    from localcloud.sagemaker.service import TrainingService

ADDRESS = "127.0.0.1"
_MOST_HOSTS = 1024


class AlreadyRunningError(Exception):
    """Another server works on the data folder."""


@dataclass(frozen=True)
class Options:
    """How to serve."""

    data: Path
    port: int = 0
    """0 for the one before, or else a free one."""
    sandbox: Name | None = None
    grace: float = defaults.STOP_GRACE_SECONDS
    checkpoint_interval: float = defaults.CHECKPOINT_INTERVAL_SECONDS
    role_delay: float = defaults.ROLE_DELAY_SECONDS
    """Seconds until SageMaker sees a change of an execution role."""
    interface_delay: float = defaults.INTERFACE_DELAY_SECONDS
    """Seconds by which a job's network interfaces outlive it."""
    schedule_speed: float = 1.0
    """How many times faster than the clock schedules pass."""
    market: Market = field(default_factory=Market)
    """How often spot instances are taken away, by chance."""


def serve(options: Options, say: Callable[[str], None]) -> NoReturn:
    """Serve until SIGTERM or SIGINT, then end the process.

    Raises AlreadyRunningError if the data folder is in use.
    """
    _clean_environment()
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _lock(options.data):
        (options.data / STATE_FILE).unlink(missing_ok=True)
        _sweep(options.data)
        _serve(options, say)
        # At once, with the lock: threads of ended jobs may still wait for a server that is
        # gone, and `stop` returns when the folder is free.
        sys.stdout.flush()
        os._exit(0)


def _serve(options: Options, say: Callable[[str], None]) -> None:
    sandbox = choose(options.sandbox)
    if not sandbox.faithful:
        say(LESS_FAITHFUL)
    server = _listen(options.port or _earlier_port(options.data))
    settings = Settings(
        data=options.data,
        url=f"http://{ADDRESS}:{server.server_port}",
        sandbox=sandbox,
        grace=options.grace,
        checkpoint_interval=options.checkpoint_interval,
        role_delay=options.role_delay,
        spot=SpotSchedule(options.market),
    )
    keeper = Keeper(options.data / KEPT, Gate())
    service = _mount(server, settings, keeper)
    restored = keeper.restore()
    keeper.start()
    service.resume(restored.taken)
    network_interfaces.start(service.all_jobs, options.interface_delay, keeper.changed)
    schedules.start(options.schedule_speed)
    _stop_on_signal(server.shutdown)
    state = options.data / STATE_FILE
    _write_state(state, server.server_port, settings, restored)
    say(f"Serving on {settings.url}, jobs confined by {sandbox.name}. {restored.lost}".rstrip())
    try:
        server.serve_forever()
    finally:
        state.unlink(missing_ok=True)
        try:
            # Before the jobs end, which the next server goes on with.
            keeper.finish()
        finally:
            service.close()
            _sweep(options.data)


def _listen(port: int) -> Any:
    """Return a server of moto's services that listens but does not answer yet."""
    # Imported here, since it takes most of the second that a start takes, and neither
    # `status` nor `stop` needs it.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler
    from werkzeug.serving import make_server

    from localcloud.backends import moto_application

    moto = DomainDispatcherApplication(moto_application)
    # Otherwise it looks through the folders of its package at every request.
    moto.get_backend_for_host = lru_cache(_MOST_HOSTS)(moto.get_backend_for_host)
    handler = _quiet(MotoRequestHandler)
    server = make_server(ADDRESS, port, moto, threaded=True, request_handler=handler)
    server.daemon_threads = True
    return server


def _earlier_port(data: Path) -> int:
    """Return the port at which the folder's data were served before; 0 if it is taken now."""
    path = data / PORT_FILE
    port = int(path.read_text()) if path.exists() else 0
    with socket.socket() as probe:
        # As the server itself does, or the connections of the one before would count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return 0
    return port


def _mount(server: Any, settings: Settings, keeper: Keeper) -> TrainingService:
    """Put the local cloud's own services before moto's and mend these."""
    from localcloud import (
        budgets,
        chatbot,
        managed_policies,
        model_packages,
        networks,
        request_checks,
        s3_requests,
        simulation,
    )
    from localcloud.authorization import settling
    from localcloud.backends import (
        mend_bucket_policies,
        mend_delete_markers,
        mend_unknown_operations,
    )
    from localcloud.events.publisher import Publisher
    from localcloud.events.targets import mend_targets
    from localcloud.gateway import Gateway
    from localcloud.refusals import Refusing
    from localcloud.registry import stand_in_for_missing_repositories
    from localcloud.sagemaker.service import TrainingService
    from localcloud.status_page.application import StatusPage

    mend_bucket_policies()
    mend_delete_markers()
    mend_unknown_operations()
    mend_targets()
    stand_in_for_missing_repositories()
    moto_parts = budgets, managed_policies, model_packages, networks, s3_requests, simulation
    for mended in (*moto_parts, settling):
        mended.mend()
    workflows.configure(server.server_port)
    service = TrainingService(settings, keeper.after(Publisher().announce))
    keeper.add("training jobs", service)
    keeper.add("quotas", service.quotas)
    gateway = Gateway(service, chatbot.before(request_checks.before(server.app)))
    page = StatusPage(service, gateway)
    server.app = Refusing(Watched(page, keeper.gate, keeper.changed))
    return service


def _quiet(handler: Any) -> Any:
    """Return the request handler without a line in the log for every request."""

    class Handler(handler):  # type: ignore[misc]
        def log_request(self, *_: Any) -> None:
            pass

    return Handler


def _stop_on_signal(shutdown: Callable[[], None]) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # On another thread, since it waits for the loop that this one runs.
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
    """Keep the user's AWS settings and proxies away from the server and its jobs."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "no_proxy": "*",
    }


def _sweep(data: Path) -> None:
    """End processes of earlier jobs, should any be left, and remove their folders."""
    from localcloud.sagemaker.runtime.leftovers import sweep

    sweep(data / "jobs")


def _lock(data: Path) -> TextIO:
    """Take the data folder for as long as the returned file stays open."""
    file = (data / LOCK_FILE).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise AlreadyRunningError(f"A local cloud already works on {data}.") from error
    return file
