"""A secret's whole way to a script, on the real engine; it leaves no trace anywhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import JOB_FOLDER, counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]
VALUE = "0b5cure-7hing-7ha7-n0b0dy-may-533"


@pytest.mark.deep
def test_a_job_reads_its_secret_and_nothing_else_knows_it(new_stack: NewStack) -> None:
    job = counting_job(
        source={"dir": JOB_FOLDER, "entryPoint": "log_in.py"}, networkIsolation=False, metrics={}
    )
    stack = new_stack(stack_with(work=job, wait=True))
    stack.settings["network"]["interfaceEndpoints"] = ["secretsmanager"]
    secrets = stack.client("secretsmanager")
    arn = secrets.create_secret(Name=f"{stack.settings['team']}/hub", SecretString=VALUE)["ARN"]
    job["secrets"] = {"HUB_TOKEN": arn}

    reported = stack.up().succeeded().text
    [run] = stack.jobs("work")
    assert run["Environment"] == {"SECRET_ARN_HUB_TOKEN": arn}
    log = log_of(stack, run["TrainingJobName"])
    assert f"hash={hashlib.sha256(VALUE.encode()).hexdigest()}" in log
    for where in (reported, log, json.dumps(run, default=str), json.dumps(stack.resources())):
        assert VALUE not in where


def test_a_setting_that_is_encrypted_is_refused_and_not_shown(new_stack: NewStack) -> None:
    """As `pulumi config set --secret --path jobs.work.environment.HUB` leaves it in the file."""
    stack = new_stack(stack_with(work=counting_job()))
    file = ("--config-file", str(stack._engine.settings_file), "--stack", stack.name)
    path = "sagemaker-training:jobs.work.environment.HUB"
    prepare = stack._prepare

    def with_secret() -> None:
        prepare()
        stack.ask("config", "set", "--secret", "--path", path, VALUE, *file)

    stack._prepare = with_secret  # type: ignore[method-assign]
    reported = stack.preview().failed().text
    assert "is encrypted in the stack's file" in reported, reported
    assert VALUE not in reported


def log_of(stack: Stack, name: str) -> str:
    """All lines of a job's log."""
    events = stack.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name
    )["events"]
    return "\n".join(event["message"] for event in events)
