"""Executions of state machines without the threads that interpret them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib import import_module
from typing import Any


def end_executions() -> None:
    """Aborts the running executions, because their interpreters' threads are gone."""
    module = sys.modules.get("moto.stepfunctions.parser.models")
    if module is None:
        return
    for _, _, backend in module.stepfunctions_parser_backends.iter_backends():
        for machine in backend.state_machines:
            for execution in machine.executions:
                if execution.exec_status == "RUNNING":
                    execution.exec_status = type(execution.exec_status)("ABORTED")
                    execution.stop_date = datetime.now(UTC)


def interpreters() -> dict[type, Any]:
    """The reducers of state machines' interpreters, which leave only their histories."""
    module = sys.modules.get("moto.stepfunctions.parser.backend.execution_worker")
    if module is None:
        return {}
    session = import_module("moto.stepfunctions.parser.asl.eval.event.logging")
    return {
        module.ExecutionWorker: _reduce_interpreter,
        module.SyncExecutionWorker: _reduce_interpreter,
        # It has a client. An execution after a restart gets a new one.
        session.CloudWatchLoggingSession: lambda _: (_nothing, ()),
    }


def _nothing() -> None:
    return None


def _reduce_interpreter(worker: Any) -> tuple[Any, ...]:
    events = worker.env.event_manager.get_event_history() if worker.env else []
    return KeptInterpreter, (events,)


class KeptInterpreter:
    """In place of an interpreter that is gone, has an execution's history."""

    def __init__(self, events: list[Any]) -> None:
        self._events = events
        self.env = self
        self.event_manager = self

    def get_event_history(self) -> list[Any]:
        """What happened, oldest first."""
        return list(self._events)

    def stop(self, **_: Any) -> None:
        """Does nothing: it has ended."""
