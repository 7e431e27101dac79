"""Starts, finds and stops the local cloud in the background."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from localcloud.server.code_version import fingerprint
from localcloud.snapshots.file import KEPT, SNAPSHOT

STATE_FILE = "server.json"
PORT_FILE = "port"
LOCK_FILE = "server.lock"
LOG_FILE = "server.log"
_START_SECONDS = 60.0
# The last changes are written before it ends.
_STOP_SECONDS = 120.0
_POLL_SECONDS = 0.05


class StartError(Exception):
    """The server did not start; the message has the end of its log."""


class RequestError(Exception):
    """The server refused a request; the message is its own."""


@dataclass(frozen=True)
class Server:
    """A running local cloud."""

    pid: int
    port: int
    url: str
    version: str
    sandbox: str
    """How jobs are confined: bubblewrap, namespaces or processes."""
    started: float
    """When it started, in epoch seconds."""
    lost: str
    """What is missing of an earlier server's data, as sentences; empty if nothing is."""
    sources: str
    """The fingerprint of the code that it was started from."""


def find(data: Path) -> Server | None:
    """The server that runs on a data folder; None if there is none."""
    data = data.resolve()
    try:
        document = json.loads((data / STATE_FILE).read_text())
    except FileNotFoundError:
        return None
    # A killed server's file must not be taken for a server that is starting now, nor for a process
    # that has its number now.
    alive = _locked(data) and _holds_lock(document["pid"], data)
    names = [field.name for field in fields(Server)]
    # A server of another version may have written fewer entries, or more.
    known = {name: document.get(name, "") for name in names}
    return Server(**known | {"started": document.get("started", 0.0)}) if alive else None


def is_current(server: Server) -> bool:
    """Whether a server runs the same code that this process would start."""
    return server.sources == fingerprint()


def has_data(data: Path) -> bool:
    """Whether a data folder has a server's data, which the next server restores."""
    return (data / KEPT / SNAPSHOT).exists()


def _holds_lock(process: int, data: Path) -> bool:
    """Whether a process is the server of a data folder: it has the lock's file open."""
    try:
        files = Path(f"/proc/{process}/fd").iterdir()
        return any(file.resolve() == data / LOCK_FILE for file in files)
    except OSError:  # it has ended, or is another user's
        return False


def start(data: Path, *arguments: str) -> Server:
    """The server that runs on a data folder; it is started in the background if there is none.

    `arguments` are options of `serve`. Raises StartError if it does not start.
    """
    data = data.resolve()
    running = find(data)
    if running is not None:
        return running
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    process = _spawn(data, arguments)
    try:
        return _await_start(process, data)
    except KeyboardInterrupt:
        _kill(process)
        raise


def _spawn(data: Path, arguments: tuple[str, ...]) -> int:
    """Starts a server in a session of its own, so that Ctrl-C here does not end it."""
    command = [sys.executable, "-m", "localcloud", "serve", "--data", str(data), *arguments]
    # The project's folder first: the caller may have started elsewhere.
    paths = [
        str(Path(__file__).resolve().parents[2]),
        *filter(None, [os.environ.get("PYTHONPATH")]),
    ]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return os.posix_spawn(
        command[0],
        command,
        os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(data / LOG_FILE), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def _await_start(process: int, data: Path) -> Server:
    deadline = time.monotonic() + _START_SECONDS
    ended = False
    # If two start at the same moment, one of them ends, and the other is found.
    while not ended or _locked(data):
        server = find(data)
        if server is not None:
            return server
        ended = ended or _has_ended(process)
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    if not ended:
        _kill(process)
    log = data / LOG_FILE
    raise StartError(f"The local cloud did not start; {log} ends with:\n{_tail(log)}")


def _kill(process: int) -> None:
    """Ends a server that this process has started, if it has not ended."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def ask(server: Server, method: str, path: str, document: Any = None) -> Any:
    """Sends a request to one of the server's own pages, and returns its JSON answer.

    Raises RequestError with the server's message if it refuses.
    """
    # Not with urllib, which would use the user's proxy settings.
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request(method, path, json.dumps(document or {}))
        response = connection.getresponse()
        answer = json.loads(response.read() or b"null")
    if response.status != http.HTTPStatus.OK:
        raise RequestError(answer["message"])
    return answer


def stop(data: Path) -> bool:
    """Stops the server that runs on a data folder, and returns whether there was one.

    The processes of running jobs end with it.
    """
    data = data.resolve()
    server = find(data)
    if server is None:
        return False
    _signal(server, signal.SIGTERM)
    if not _await_end(server, data) and _holds_lock(server.pid, data):
        _signal(server, signal.SIGKILL)
        _await_end(server, data)
        (data / STATE_FILE).unlink(missing_ok=True)
    return True


def _signal(server: Server, number: int) -> None:
    try:
        os.kill(server.pid, number)
    except ProcessLookupError:
        return


def _await_end(server: Server, data: Path) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    # A process releases the lock some moments before it has ended.
    while _holds_lock(server.pid, data) or not _has_ended(server.pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _has_ended(process: int) -> bool:
    """Whether a process has ended; a child of this process is reaped."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:  # not a child of this process, or reaped already
        try:
            status = Path(f"/proc/{process}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
    return status.rpartition(")")[2].split()[0] == "Z"


def _locked(data: Path) -> bool:
    """Whether a live server holds the folder's lock; its process number may be used again."""
    try:
        with (data / LOCK_FILE).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
