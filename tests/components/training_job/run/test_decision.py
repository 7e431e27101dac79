"""What an update does to a job, as a truth table."""

from __future__ import annotations

from typing import Any

import pytest

from components.training_job.run.decision import Decision, decide, depends_on_release, next_try
from components.unknowns import UNKNOWN

INPUTS = {
    "lineage": "research-dev-digits",
    "account_id": "123456789012",
    "region": "us-east-1",
    "definition_hash": "aaaaaaaa",
    "request": {"RoleArn": "arn:one"},
    "paused": False,
    "relaunch": "never",
    "max_attempts": 3,
    "owner": "bucket",
    "cost_ceiling_usd": 1.5,
    "expected_cost_usd": 0.5,
    "launch": True,
}


def inputs(**changes: Any) -> dict[str, Any]:
    return INPUTS | changes


def state(name: str = "research-dev-digits-aaaaaaaa-1", **changes: Any) -> dict[str, Any]:
    if not name:
        return INPUTS | {"training_job_name": "", "status": "NotLaunched"} | changes
    launched = {"training_job_name": name, "status": "InProgress", "outcome": "running", "tries": 1}
    return INPUTS | launched | changes


COMPLETED = {"status": "Completed", "outcome": "completed"}
FAILED = {"status": "Failed", "outcome": "script error"}
STOPPED = {"status": "Stopped", "outcome": "stopped"}
RUN = {"recurring": "research-dev"}
OUT_OF_WAIT = {"status": "Stopped", "outcome": "out of wait"}

TABLE = [
    # not launched
    ("off stays off", state(""), inputs(launch=False), Decision.NOTHING),
    ("the switch launches", state("", launch=False), inputs(), Decision.REPLACE),
    ("a pause keeps the switch from launching", state(""), inputs(paused=True), Decision.NOTHING),
    ("an edit with the switch off", state(""), inputs(launch=False, definition_hash="bbbbbbbb"),
     Decision.NOTHING),
    # running or ended, nothing asked
    ("nothing changed while it runs", state(), inputs(), Decision.NOTHING),
    ("nothing changed after its end", state(**COMPLETED), inputs(), Decision.NOTHING),
    ("it failed and is not to be tried again", state(**FAILED), inputs(), Decision.NOTHING),
    ("a person stopped it", state(**STOPPED), inputs(), Decision.NOTHING),
    ("a new price", state(), inputs(cost_ceiling_usd=2.5), Decision.NOTHING),
    # the switch goes off while it runs
    ("off lets it run", state(), inputs(launch=False), Decision.NOTHING),
    ("off launches no new definition", state(), inputs(launch=False, definition_hash="bbbbbbbb"),
     Decision.NOTHING),
    ("on again is the same job", state(launch=True), inputs(launch=True), Decision.NOTHING),
    # what is done at once, with the switch off or during a pause
    ("off, and its network is taken away", state(request={"VpcConfig": {"Subnets": ["a", "b"]}}),
     inputs(launch=False, request={"VpcConfig": {"Subnets": ["a"]}}), Decision.UPDATE),
    ("off, and its network is not known yet", state(request={"VpcConfig": {"Subnets": ["a"]}}),
     inputs(launch=False, request={"VpcConfig": {"Subnets": UNKNOWN}}), Decision.UPDATE),
    ("paused, and another owner", state(paused=True, **STOPPED),
     inputs(paused=True, owner="another"), Decision.UPDATE),
    # another run
    ("another definition", state(), inputs(definition_hash="bbbbbbbb"), Decision.REPLACE),
    ("another definition after its end", state(**COMPLETED), inputs(definition_hash="bbbbbbbb"),
     Decision.REPLACE),
    ("a definition that is not known yet", state(), inputs(definition_hash=UNKNOWN),
     Decision.REPLACE),
    ("another region", state(), inputs(region="eu-west-1"), Decision.REPLACE),
    ("another account", state(), inputs(account_id="210987654321"), Decision.REPLACE),
    ("another lineage", state(), inputs(lineage="research-dev-other"), Decision.REPLACE),
    # placement
    ("another role", state(), inputs(request={"RoleArn": "arn:two"}), Decision.UPDATE),
    ("a role not known yet", state(), inputs(request={"RoleArn": UNKNOWN}), Decision.UPDATE),
    ("another policy for failures", state(), inputs(relaunch="onFailure"), Decision.UPDATE),
    ("more attempts", state(), inputs(max_attempts=5), Decision.UPDATE),
    ("other fallbacks", state(), inputs(fallbacks=[{"EnableManagedSpotTraining": False}]),
     Decision.UPDATE),
    ("fallbacks taken away", state(fallbacks=[{}]), inputs(), Decision.UPDATE),
    ("the same fallbacks", state(fallbacks=[{}]), inputs(fallbacks=[{}]), Decision.NOTHING),
    ("a fallback not known yet", state(fallbacks=[{}]), inputs(fallbacks=[{"a": UNKNOWN}]),
     Decision.UPDATE),
    ("another owner", state(), inputs(owner="another"), Decision.UPDATE),
    ("another owner with the switch off", state(), inputs(owner="another", launch=False),
     Decision.UPDATE),
    ("another owner of nothing", state(""), inputs(owner="another", launch=False),
     Decision.NOTHING),
    ("another keep-alive", state(), inputs(request={"RoleArn": "arn:one", "ResourceConfig": {}}),
     Decision.UPDATE),
    # pause
    ("a pause stops it", state(), inputs(paused=True), Decision.UPDATE),
    ("a pause stops it with the switch off", state(), inputs(paused=True, launch=False),
     Decision.UPDATE),
    ("a pause that is recorded", state(paused=True, **STOPPED), inputs(paused=True),
     Decision.NOTHING),
    ("an edit during a pause", state(paused=True, **STOPPED),
     inputs(paused=True, definition_hash="bbbbbbbb"), Decision.NOTHING),
    ("it goes on after a pause", state(paused=True, **STOPPED), inputs(), Decision.REPLACE),
    ("it had completed when it was paused", state(paused=True, **COMPLETED), inputs(),
     Decision.UPDATE),
    ("it had failed when it was paused", state(paused=True, **FAILED), inputs(), Decision.UPDATE),
    # a run of a recurring job
    ("another definition while the run is live", state(), inputs(definition_hash="bbbbbbbb", **RUN),
     Decision.NOTHING),
    ("another definition after the run", state(**COMPLETED),
     inputs(definition_hash="bbbbbbbb", **RUN), Decision.NOTHING),
    ("a definition not known yet after the run", state(**COMPLETED),
     inputs(definition_hash=UNKNOWN, **RUN), Decision.NOTHING),
    ("another definition of a live run, in another network",
     state(request={"VpcConfig": {"Subnets": ["a"]}}),
     inputs(definition_hash="bbbbbbbb", request={"VpcConfig": {"Subnets": ["b"]}}, **RUN),
     Decision.UPDATE),
    ("what corrects a run that failed", state(**FAILED),
     inputs(definition_hash="bbbbbbbb", **RUN), Decision.REPLACE),
    ("another definition of a run that was stopped", state(**STOPPED),
     inputs(definition_hash="bbbbbbbb", **RUN), Decision.REPLACE),
    ("another definition of a run that was paused", state(paused=True, **STOPPED),
     inputs(definition_hash="bbbbbbbb", **RUN), Decision.REPLACE),
    ("the next run", state(**COMPLETED), inputs(lineage="research-dev-digits-2", **RUN),
     Decision.REPLACE),
    ("the same run in another region", state(**COMPLETED), inputs(region="eu-west-1", **RUN),
     Decision.REPLACE),
    ("no run", state(**COMPLETED), inputs(lineage="research-dev", launch=False, **RUN),
     Decision.NOTHING),
    ("no run after one that failed", state(relaunch="onFailure", **FAILED),
     inputs(lineage="research-dev", launch=False, relaunch="onFailure", **RUN), Decision.NOTHING),
    # relaunch
    ("a failure is retried", state(relaunch="onFailure", **FAILED), inputs(relaunch="onFailure"),
     Decision.REPLACE),
    ("out of wait is retried", state(relaunch="onFailure", **OUT_OF_WAIT),
     inputs(relaunch="onFailure"), Decision.REPLACE),
    ("no attempt is left", state(relaunch="onFailure", **FAILED, ) | {"tries": 3},
     inputs(relaunch="onFailure"), Decision.NOTHING),
    ("a completed job is not retried", state(relaunch="onFailure", **COMPLETED),
     inputs(relaunch="onFailure"), Decision.NOTHING),
    ("one that a person stopped is not retried", state(relaunch="onFailure", **STOPPED),
     inputs(relaunch="onFailure"), Decision.NOTHING),
    ("a retry waits for the switch", state(relaunch="onFailure", **FAILED),
     inputs(relaunch="onFailure", launch=False), Decision.NOTHING),
]  # fmt: skip


RELEASED_TABLE = [
    ("it returns as it was", state(), inputs(), Decision.REPLACE),
    ("it returns, and its end was recorded", state(**STOPPED), inputs(), Decision.REPLACE),
    ("it returns with another role", state(), inputs(request={"RoleArn": "arn:two"}),
     Decision.REPLACE),
    ("it returns paused", state(), inputs(paused=True), Decision.UPDATE),
    ("it returns with the switch off", state(), inputs(launch=False), Decision.NOTHING),
    ("it had completed before it left", state(**COMPLETED), inputs(), Decision.NOTHING),
    ("it had failed before it left", state(**FAILED), inputs(), Decision.NOTHING),
    ("it was never launched", state(""), inputs(launch=False), Decision.NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(
    ("olds", "news", "expected"),
    [row[1:] for row in RELEASED_TABLE],
    ids=[row[0] for row in RELEASED_TABLE],
)
def test_a_run_that_was_released_while_its_job_was_out_of_the_settings_is_launched_again(
    olds: dict[str, Any], news: dict[str, Any], expected: Decision
) -> None:
    assert decide(olds, news, released=True) is expected


@pytest.mark.parametrize(
    ("olds", "news"),
    [
        (state(**COMPLETED), inputs()),
        (state(), inputs(paused=True)),
        (state(), inputs(launch=False)),
        (state(""), inputs()),
        (state(), inputs(definition_hash="bbbbbbbb")),
        (state(paused=True, **STOPPED), inputs()),
    ],
)
def test_whether_a_run_was_released_is_asked_only_where_it_decides(
    olds: dict[str, Any], news: dict[str, Any]
) -> None:
    assert not depends_on_release(olds, news)
    assert depends_on_release(state(), inputs())


RETRIED = inputs(relaunch="onFailure")
TRIES = [
    ("a failure is tried again", state(**FAILED), RETRIED, 2),
    ("and once more", state(**FAILED) | {"tries": 2}, RETRIED, 3),
    ("no attempt is left", state(**FAILED) | {"tries": 3}, RETRIED, 1),
    ("it still runs", state(), RETRIED, 1),
    ("it goes on after a pause", state(paused=True, **STOPPED), RETRIED, 1),
    ("another definition begins again", state(**FAILED), RETRIED | {"definition_hash": "b"}, 1),
    ("nothing was launched", state(""), RETRIED, 1),
]


@pytest.mark.parametrize(
    ("olds", "news", "tries"), [row[1:] for row in TRIES], ids=[row[0] for row in TRIES]
)
def test_the_next_try_is_counted(olds: dict[str, Any], news: dict[str, Any], tries: int) -> None:
    assert next_try(olds, news) == tries


@pytest.mark.parametrize(
    ("olds", "news", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_decision_follows_the_table(
    olds: dict[str, Any], news: dict[str, Any], expected: Decision
) -> None:
    assert decide(olds, news) is expected
