"""Dates and numbers that YAML or Pulumi changed on their way to the program."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from components.decimals import MOST_EXACT
from components.stack.aws_settings import parse_aws
from components.stack.configuration import parse
from tests.raw_settings import problems, stack

DATE = "2026-01-15 00:00:00 +0000 UTC"
JOB = "jobs.digits"


@pytest.mark.parametrize(
    ("job", "path"),
    [
        ({"runId": DATE}, f"{JOB}.runId"),
        ({"hyperparameters": {"until": DATE}}, f"{JOB}.hyperparameters.until"),
        ({"environment": {"UNTIL": DATE}}, f"{JOB}.environment.UNTIL"),
        ({"tags": {"until": DATE}}, f"{JOB}.tags.until"),
        ({"tags": {DATE: "1"}}, f"{JOB}.tags.{DATE}"),
        ({"extra": {"ExperimentConfig": {"TrialName": DATE}}},
         f"{JOB}.extra.ExperimentConfig.TrialName"),
        ({"source": {"dir": "src", "entryPoint": "train.py", "arguments": ["--since", DATE]}},
         f"{JOB}.source.arguments.1"),
    ],
    ids=str,
)  # fmt: skip
def test_a_date_without_quotes_is_refused_wherever_a_text_is_possible(
    project: Path, job: dict[str, Any], path: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert found[path].value == DATE
    assert "a date without quotes" in found[path].rule
    assert found[path].remedy == 'write it in quotes, as "2026-01-15"'


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ("2026-01-15 12:30:00 +0000 UTC", "2026-01-15T12:30:00Z"),
        ("2026-01-15 12:30:00.25 +0000 UTC", "2026-01-15T12:30:00.25Z"),
        ("2026-01-15 12:30:00 +0530 +0530", "2026-01-15T12:30:00+05:30"),
        ("2026-07-15 00:00:00 +0200 CEST", "2026-07-15T00:00:00+02:00"),
        ("2026-07-15 00:00:00 -0300 -03", "2026-07-15T00:00:00-03:00"),
        ("2026-07-15 00:00:00 +1000 ChST", "2026-07-15T00:00:00+10:00"),
    ],
)
def test_a_time_is_recognized_in_every_zone_and_said_as_it_may_have_been_written(
    project: Path, printed: str, written: str
) -> None:
    found = problems(stack({"runId": printed}), project)
    assert found[f"{JOB}.runId"].remedy == f'write it in quotes, as "{written}"'


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-15",
        "2026-01-15T12:30:00Z",
        "2026-01-15 12:30:00",
        "2026-01-15 12:30:00 +0000",
        "2026-01-15 12:30:00 UTC",
        "Thu Jan 15 12:30:00 UTC 2026",
        f"run of {DATE}",
    ],
)
def test_a_date_as_people_and_other_tools_write_it_is_accepted(project: Path, text: str) -> None:
    assert problems(stack({"runId": text, "hyperparameters": {"until": text}}), project) == {}


def pipe(**settings: Any) -> dict[str, Any]:
    return {"inputs": {"train": {"s3Uri": "s3://data/", "mode": "Pipe", **settings}}}


@pytest.mark.parametrize("number", [MOST_EXACT + 1, -MOST_EXACT - 1, 2**64 + 2**20])
@pytest.mark.parametrize(
    ("job", "path"),
    [
        (lambda number: pipe(shuffleSeed=number), f"{JOB}.inputs.train.shuffleSeed"),
        (lambda number: {"maxRuntime": number}, f"{JOB}.maxRuntime"),
        (lambda number: {"environment": {"SEED": number}}, f"{JOB}.environment.SEED"),
        (
            lambda number: {"extra": {"SessionChainingConfig": {"Number": number}}},
            f"{JOB}.extra.SessionChainingConfig.Number",
        ),
    ],
)
def test_a_whole_number_that_the_engine_would_round_is_refused_once(
    project: Path, job: Any, path: str, number: int
) -> None:
    found = problems(stack(job(number)), project)
    assert found[path].value == number
    assert f"from -{MOST_EXACT} to {MOST_EXACT}" in found[path].rule
    assert "choose a number within" in found[path].remedy


def test_the_largest_numbers_that_the_engine_keeps_are_accepted(project: Path) -> None:
    for number in (MOST_EXACT, -MOST_EXACT):
        assert problems(stack(pipe(shuffleSeed=number)), project) == {}


def test_a_hyperparameter_is_a_text_before_the_engine_gets_it(project: Path) -> None:
    exact = {"seed": 2**63 - 1, "least": -(2**63), "limit": 10**20, "rate": 1e300, "pi": math.pi}
    assert problems(stack({"hyperparameters": exact}), project) == {}
    # As 12345678901234567890 arrives, and this number with one and three more digits.
    for seed in (12345678901234567000, 123456789012345680000, 1.2345678901234568e22):
        found = problems(stack({"hyperparameters": {"seed": seed}}), project)
        assert list(found) == [f"{JOB}.hyperparameters.seed"]
        assert "of more than 64 bits" in found[f"{JOB}.hyperparameters.seed"].rule


def test_the_aws_settings_are_checked_too_and_an_unknown_key_hides_its_value() -> None:
    role = {"roleArn": "arn:aws:iam::123456789012:role/ci", "sessionName": DATE, "secret": DATE}
    section = {"region": "us-east-1", "assumeRoles": [role], "tokn": DATE}
    found = {each.path: each for each in parse_aws(section)[1]}
    assert found.keys() == {
        "aws:assumeRoles.0.sessionName",
        "aws:assumeRoles.0.secret",
        "aws:tokn",
    }
    assert "date without quotes" in found["aws:assumeRoles.0.sessionName"].rule
    assert found["aws:assumeRoles.0.secret"].value == "(hidden)"
    assert found["aws:tokn"].value == "(hidden)"


def test_a_team_that_is_a_date_is_reported_once(project: Path) -> None:
    _, found = parse(stack(team=DATE), project)
    assert [each.path for each in found] == ["team"]
    assert "date without quotes" in found[0].rule
