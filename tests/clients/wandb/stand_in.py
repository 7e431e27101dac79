"""A stand-in for a server of Weights & Biases, on loopback: as much of its API as its client uses.

It is our own reading of what the client of version 0.31 sends and expects. The server itself can't
be run without an account or a licence.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from typing import Any

KEY = "0123456789abcdef0123456789abcdef01234567"
"""The API key that it takes."""
_STREAM = re.compile(r"/files/([^/]+)/([^/]+)/([^/]+)/file_stream")
_NOT_SECRET = ("/put/", "/sdk/")
"""What needs no key: places of files, and the client's reports to its makers."""
_HISTORY = "wandb-history.jsonl"
_SUMMARY = "wandb-summary.json"

Answer = dict[str, Any]


@dataclass
class Run:
    """A run on the server."""

    number: str
    id: str
    project: str
    entity: str
    name: str
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    rows: dict[int, str] = field(default_factory=dict)
    """The lines of its history, by their offsets."""
    state: str = "running"
    group: str = ""
    job_type: str = ""
    notes: str = ""
    tags: list[str] = field(default_factory=list)
    is_deleted: bool = False

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows of its history."""
        return [json.loads(line) for _, line in sorted(self.rows.items())]

    def described(self) -> Answer:
        """All that queries ask of it."""
        tail = self.rows[max(self.rows)] if self.rows else ""
        last = json.loads(tail)["_step"] if tail else -1
        return {
            "id": self.number,
            "projectId": "1",
            "name": self.id,
            "displayName": self.name,
            "state": self.state,
            "config": json.dumps(self.config),
            "summaryMetrics": json.dumps(self.summary),
            "systemMetrics": "{}",
            "group": self.group,
            "jobType": self.job_type,
            "notes": self.notes,
            "tags": self.tags,
            "description": None,
            "commit": None,
            "sweepName": None,
            "readOnly": False,
            "createdAt": "2026-11-01T00:00:00Z",
            "heartbeatAt": "2026-11-01T00:00:00Z",
            "user": {"name": "reader", "username": "reader"},
            "historyLineCount": len(self.rows),
            "logLineCount": 0,
            "eventsLineCount": 0,
            "historyTail": json.dumps([tail] if tail else []),
            "eventsTail": "[]",
            "wandbConfig": json.dumps({"t": 1}),
            "historyKeys": {"lastStep": last, "keys": {}},
            "parquetHistory": {"parquetUrls": [], "liveData": []},
            "stopped": False,
            "project": {
                "id": "1", "name": self.project, "entity": {"id": "1", "name": self.entity}
            },
        }  # fmt: skip


class StandIn:
    """What the server has, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.all: list[Run] = []
        self.asked: list[str] = []
        """The names of the calls, in their order."""
        self.keys: set[str] = set()
        """The API keys of the calls."""
        self.keys_taken = {KEY}
        self.takes: Callable[[str], bool] = lambda _call: True
        """Whether a call has an effect; otherwise it gets no answer."""
        self.answers: Callable[[str], bool] = lambda _call: True
        """Whether a call that had its effect gets an answer."""
        self._lock = RLock()
        self._numbers = itertools.count(1)

    def runs(self, project: str) -> list[Run]:
        """The runs of a project that are not deleted."""
        return [run for run in self.all if run.project == project and not run.is_deleted]

    def answer(self, path: str, body: Answer) -> Answer:
        """The answer to a call."""
        stream = _STREAM.fullmatch(path)
        call = "FileStream" if stream else _name_of(body.get("query", path))
        if not self.takes(call):
            raise ConnectionAbortedError
        with self._lock:
            self.asked.append(call)
            if stream:
                self._take_in(self._found(*stream.groups()), body)
                answer: Answer = {"exitcode": None, "limits": {}}
            else:
                method = getattr(self, f"_{call}", None)
                data = method(body.get("variables", {})) if method else {}
                answer = {"data": data}
        if not self.answers(call):
            raise ConnectionAbortedError
        return answer

    def _found(self, entity: str, project: str, name: str) -> Run | None:
        wanted = (entity, project, name)
        mine = (run for run in self.all if (run.entity, run.project, run.id) == wanted)
        return next(mine, None)

    @staticmethod
    def _take_in(run: Run | None, sent: Answer) -> None:
        if run is None or run.is_deleted:
            return
        files = sent.get("files", {})
        if history := files.get(_HISTORY):
            run.rows.update(enumerate(history["content"], start=history["offset"]))
        if summary := files.get(_SUMMARY):
            run.summary = json.loads(summary["content"][-1])
        if sent.get("complete"):
            # As its documentation says: any code but 0 is a failure.
            run.state = "failed" if sent.get("exitcode") else "finished"
        elif run.state != "finished":
            run.state = "running"

    # Each of these answers the call of its name.

    def _Viewer(self, _asked: Answer) -> Answer:  # noqa: N802
        viewer = {
            "id": "1", "entity": "research", "username": "reader", "email": "", "admin": False,
            "flags": "{}", "name": "reader", "teams": {"edges": []}, "apiKeys": {"edges": []},
        }  # fmt: skip
        return {"viewer": viewer, "serverInfo": None}

    _GetDefaultEntity = _Viewer

    def _ServerFeaturesQuery(self, _asked: Answer) -> Answer:  # noqa: N802
        return {"serverInfo": {"features": []}}

    def _RunResumeStatus(self, asked: Answer) -> Answer:  # noqa: N802
        run = self._found(asked["entity"], asked["project"], asked["name"])
        bucket = run.described() if run and not run.is_deleted else None
        entity = {"id": "1", "name": asked["entity"]}
        return {"model": {"id": "1", "name": asked["project"], "entity": entity, "bucket": bucket}}

    def _UpsertBucket(self, asked: Answer) -> Answer:  # noqa: N802
        if number := asked.get("id"):
            run = next((run for run in self.all if run.number == number), None)
        else:
            run = self._found(asked["entity"], asked["project"], asked["name"])
        if run is not None and run.is_deleted:
            message = f"run {run.id} was previously created and deleted; try a new run name"
            raise RefusalError(message)
        inserted = run is None
        if run is None:
            number = f"run-{next(self._numbers)}"
            run = Run(number, asked["name"], asked["project"], asked["entity"], asked["name"])
            self.all.append(run)
        given = {
            "name": asked.get("displayName") or asked.get("display_name"),
            "group": asked.get("groupName"),
            "job_type": asked.get("jobType"),
            "notes": asked.get("notes"),
            "tags": asked.get("tags"),
            "config": json.loads(asked["config"]) if asked.get("config") else None,
            "summary": json.loads(asked["summaryMetrics"]) if asked.get("summaryMetrics") else None,
        }
        for name, value in given.items():
            if value is not None:
                setattr(run, name, value)
        run.state = "running"
        return {"upsertBucket": {"bucket": run.described(), "inserted": inserted}}

    def _Runs(self, asked: Answer) -> Answer:  # noqa: N802
        found = [run for run in self.runs(asked["project"]) if run.entity == asked["entity"]]
        if not any(run.project == asked["project"] for run in self.all):
            return {"project": None}
        filters = json.loads(asked.get("filters") or "{}")
        found = [run for run in found if filters.get("group") in (None, run.group)]
        begin = int(asked.get("cursor") or 0)
        page = found[begin : begin + asked["perPage"]]
        edges = [
            {"node": run.described(), "cursor": str(begin + number)}
            for number, run in enumerate(page, start=1)
        ]
        more = begin + len(page) < len(found)
        last = edges[-1]["cursor"] if edges else None
        return {
            "project": {
                "internalId": "1",
                "runCount": len(found),
                "readOnly": False,
                "runs": {"edges": edges, "pageInfo": {"endCursor": last, "hasNextPage": more}},
            }
        }

    def _of_run(self, asked: Answer) -> Answer:
        name = asked.get("run") or asked.get("runName") or asked["name"]
        run = self._found(asked["entity"], asked["project"], name)
        return {"project": {"run": run.described() if run and not run.is_deleted else None}}

    _Run = _RunHistoryKeys = _RunParquetHistory = _RunState = _QueryRunInfo = _of_run

    def _HistoryPage(self, asked: Answer) -> Answer:  # noqa: N802
        run = self._found(asked["entity"], asked["project"], asked["run"])
        assert run is not None
        # The number of a row is its offset: the client counts both.
        numbers = range(asked["minStep"], min(asked["maxStep"], len(run.rows)))
        rows = [run.rows[number] for number in numbers]
        return {"project": {"run": {"history": rows[: asked["pageSize"]]}}}

    def _DeleteRun(self, asked: Answer) -> Answer:  # noqa: N802
        for run in self.all:
            run.is_deleted |= run.number == asked["id"]
        return {"deleteRun": {"clientMutationId": None}}

    def _CreateRunFiles(self, asked: Answer) -> Answer:  # noqa: N802
        files = [{"name": name, "uploadUrl": f"{self.url}/put/{name}"} for name in asked["files"]]
        return {
            "createRunFiles": {"runID": asked["run"], "uploadHeaders": [], "files": files}
        }  # fmt: skip


class RefusalError(Exception):
    """The server refuses a call."""


def _name_of(query: str) -> str:
    """The name of a query or mutation; a path as it is."""
    found = re.search(r"\b(?:query|mutation)\s+(\w+)", query)
    return found[1] if found else query


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A stand-in that answers while the body runs."""
    server = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
            key = base64.b64decode(credentials).decode().partition(":")[2]
            if not self.path.startswith(_NOT_SECRET):
                server.keys.add(key if scheme == "Basic" else "")
                if key not in server.keys_taken:
                    self._send(401, {"errors": [{"message": "the API key is not known"}]})
                    return
            is_json = self.path == "/graphql" or _STREAM.fullmatch(self.path)
            try:
                self._send(200, server.answer(self.path, json.loads(body) if is_json else {}))
            except RefusalError as refusal:
                self._send(409, {"errors": [{"message": str(refusal)}]})

        do_GET = do_PUT = do_POST  # noqa: N815

        def _send(self, status: int, answer: Answer) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_values: object) -> None:
            """Writes nothing."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_of_client: object) -> None:
            """Says nothing: a client that is killed breaks its connection."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server.url = f"http://127.0.0.1:{listener.server_address[1]}"
        Thread(target=listener.serve_forever, daemon=True).start()
        yield server
        listener.shutdown()
