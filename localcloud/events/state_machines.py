"""State machines of Step Functions, whose executions really run and call this server.

moto interprets them, but has no JSONata engine, does not know the server's address, and has some
faults. Its interpreter takes seconds to import, so the corrections wait for the first use.
"""

from __future__ import annotations

import os
import threading
import uuid
from functools import cache
from typing import Any

import boto3

from localcloud.events.evaluator import Evaluator


def run_executions(port: int) -> None:
    """Makes moto run executions, whose tasks call the server at a port of this machine."""
    from moto.core.config import default_user_config

    os.environ["MOTO_PORT"] = str(port)
    default_user_config["stepfunctions"] = {"execute_state_machine": True}


def backend(account: str, region: str) -> Any:
    """The state machines that moto has in an account and region."""
    correct()
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    return stepfunctions_parser_backends[account][region]


@cache
def correct() -> None:
    """Gives moto's interpreter what it lacks, before the first request to Step Functions."""
    from moto.stepfunctions.parser.asl.eval import states, variable_store
    from moto.stepfunctions.parser.asl.jsonata import jsonata
    from moto.stepfunctions.parser.asl.utils import boto_client
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    jsonata._eval_jsonata = Evaluator().evaluate
    states.encode_jsonata_variable_declarations = _declare
    variable_store.encode_jsonata_variable_declarations = _declare
    boto_client.boto3 = _Clients()
    _name_executions(StepFunctionsParserBackend)
    _validate_definitions(StepFunctionsParserBackend)
    _name_errors()


def _declare(bindings: dict[str, Any]) -> str:
    """Variables as JSONata; moto's own version breaks at quotes within a text."""
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

    return "".join(f"{name}:={to_json_str(value)};" for name, value in bindings.items())


def _name_executions(machines: Any) -> None:
    """Gives each execution that is started without a name one of its own, as AWS does."""
    start = machines.start_execution

    def start_named(
        self: Any, state_machine_arn: str, name: str | None = None, *rest: Any, **more: Any
    ) -> Any:
        return start(self, state_machine_arn, name or str(uuid.uuid4()), *rest, **more)

    machines.start_execution = start_named


def _validate_definitions(machines: Any) -> None:
    """Gives moto the operation ValidateStateMachineDefinition, with its own check on creation."""
    from moto.core.responses import ActionResult
    from moto.stepfunctions.parser.api import InvalidDefinition
    from moto.stepfunctions.responses import StepFunctionResponse

    def validate_state_machine_definition(response: Any) -> Any:
        try:
            machines._validate_definition(definition=response._get_param("definition"))
        except InvalidDefinition as error:
            found = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED"}
            diagnostics = [{**found, "message": error.message}]
            return ActionResult({"result": "FAIL", "diagnostics": diagnostics})
        return ActionResult({"result": "OK", "diagnostics": []})

    StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition


def _name_errors() -> None:
    """Gives the errors of moto's interpreter, as of an invalid definition, their codes."""
    from moto.stepfunctions.parser import api

    for error in api.ServiceException.__subclasses__():
        if error.__module__ == api.__name__:
            error.TYPE = error.code


class _Clients:
    """The boto3 of moto's interpreter, whose states run on several threads."""

    def __init__(self) -> None:
        self._session: Any = boto3.Session()
        # A session is not thread-safe; its clients are.
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service_name: str, region_name: str, **options: Any) -> Any:
        with self._lock:
            key = service_name, region_name
            if key not in self._clients:
                self._clients[key] = self._session.client(service_name, region_name, **options)
            return self._clients[key]
