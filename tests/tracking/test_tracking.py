"""The command line: which lineages, which region, and which server."""

from __future__ import annotations

from typing import Any

import pytest

from tracking import __main__ as command_line
from tracking import sync as sync_command
from tracking.shown_lineages import Lineages

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
JOBS = {"digits": {"lineage": "research-dev-digits"}}
PLACE = {"mlflow": "https://mlflow.example.org", "experiment": "research-dev"}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the command was called with, in place of running it."""
    calls: list[Any] = []
    for name in ("synchronize", "follow"):
        monkeypatch.setattr(
            sync_command,
            name,
            lambda _, lineages, *rest, name=name: calls.append((name, lineages, *rest)),
        )
    return calls


def run(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any], *options: str) -> int:
    """The exit code of the command, for a stack with these outputs."""
    monkeypatch.setattr(command_line, "stack_outputs", lambda _stack: outputs)
    monkeypatch.setattr("sys.argv", ["tracking", "sync", *options])
    with pytest.raises(SystemExit) as ended:
        command_line.run()
    return int(ended.value.code or 0)


def region_of(lineages: Lineages) -> str:
    return str(lineages.clients.logs.meta.region_name)


def test_a_stack_says_all_that_the_command_needs(
    monkeypatch: pytest.MonkeyPatch, called: list[Any]
):
    outputs = {"training_jobs": JOBS, "artifact_key_arn": KEY, "tracking": PLACE}
    assert run(monkeypatch, outputs) == 0
    [(name, lineages, server, experiment)] = called
    assert (name, lineages.names, region_of(lineages)) == (
        "synchronize", ["research-dev-digits"], "eu-west-1",
    )  # fmt: skip
    assert (server, experiment) == (PLACE["mlflow"], PLACE["experiment"])


def test_a_stack_may_name_an_entity_of_weights_and_biases(
    monkeypatch: pytest.MonkeyPatch, called: list[Any]
):
    place = {"weightsAndBiases": "research", "experiment": "digits"}
    assert run(monkeypatch, {"training_jobs": JOBS, "tracking": place}, "--region", "x") == 0
    [(_, _, *rest)] = called
    assert rest == ["wandb://research", "digits"]


def test_options_count_more_than_what_a_stack_says(
    monkeypatch: pytest.MonkeyPatch, called: list[Any]
):
    options = ("--lineage", "a", "--lineage", "b", "--to", "http://x", "--region", "us-west-2")
    assert run(monkeypatch, {}, *options, "--follow") == 0
    [(name, lineages, *rest)] = called
    assert (name, lineages.names, region_of(lineages)) == ("follow", ["a", "b"], "us-west-2")
    assert rest == ["http://x", "sagemaker-training"]


@pytest.mark.parametrize(
    ("outputs", "hint"),
    [
        ({"training_jobs": JOBS, "artifact_key_arn": KEY}, "with --to, or set tracking.mlflow"),
        ({"training_jobs": JOBS, "tracking": PLACE}, "Name it with --region"),
        ({"artifact_key_arn": KEY, "tracking": PLACE}, "no training jobs"),
    ],
)
@pytest.mark.usefixtures("called")
def test_what_is_missing_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outputs: dict[str, Any],
    hint: str,
):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert run(monkeypatch, outputs) == 1
    assert hint in capsys.readouterr().out
