"""Commands on a checkout where nothing is up; on the real engine they are integration tests."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import boto3
import pytest
from moto import mock_aws

from components.site import TRAINING_LOGS
from development import commands
from development.engine import Engine
from development.engine_display import EngineDisplay
from development.policy_pack import policy_check
from development.stack_file import StackFile
from development.terminal import CommandError
from localcloud.server import daemon
from localcloud.snapshots.file import KEPT, SNAPSHOT
from tests.development.test_jobs import sagemaker_with
from toolchain.environment import REGION
from toolchain.layout import CHECKOUT, Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(local=tmp_path / "local")


def write_state(layout: Layout, stack: str, *resources: str) -> None:
    state = layout.state / ".pulumi" / "stacks" / "sagemaker-training" / f"{stack}.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    known = [{"urn": f"urn:pulumi:{stack}::sagemaker-training::{each}"} for each in resources]
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": known}}}))


def destroyed(layout: Layout) -> None:
    """Leaves what `make down` leaves: a stack without resources, and the local cloud's data."""
    write_state(layout, "dev")
    snapshot = layout.cloud / KEPT / SNAPSHOT
    snapshot.parent.mkdir(parents=True)
    snapshot.write_bytes(b"")


def test_down_starts_nothing_where_nothing_was_ever_up(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    assert commands.down(layout) == 0
    assert "nothing to destroy" in capsys.readouterr().out
    assert daemon.find(layout.cloud) is None


def test_a_second_down_starts_nothing(layout: Layout, capsys: pytest.CaptureFixture[str]):
    destroyed(layout)
    assert commands.down(layout) == 0
    assert "nothing to destroy" in capsys.readouterr().out
    assert daemon.find(layout.cloud) is None


def test_down_of_a_stack_that_is_not_up_leaves_the_others(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    destroyed(layout)
    write_state(layout, "vision-dev", "aws:s3/bucket:Bucket::store")
    assert commands.down(layout, "dev") == 0
    printed = capsys.readouterr().out
    assert "nothing to destroy" in printed
    assert "The local cloud still runs, for vision-dev." in printed


def test_without_a_local_cloud_there_is_nothing_to_report(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    assert commands.report(layout, None) == 1
    assert "nothing to report. `make up` starts it." in capsys.readouterr().out
    assert daemon.find(layout.cloud) is None


def test_a_local_cloud_that_was_stopped_is_not_taken_for_a_model_that_was_never_trained(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    assert (commands.predict(layout), commands.downstream(layout)) == (1, 1)
    printed = capsys.readouterr().out
    assert "No model was trained yet." in printed
    assert "no platform to build on yet" in printed
    write_state(layout, "dev")
    [state] = layout.state.rglob("dev.json")
    outputs = {"training_jobs": {"digits": {"status": "Completed"}}}
    stack = {"urn": "urn:pulumi:dev", "type": "pulumi:pulumi:Stack", "outputs": outputs}
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [stack]}}}))
    assert (commands.predict(layout), commands.downstream(layout)) == (1, 1)
    stopped = "The local cloud doesn't run. `make up` starts it, with what it had.\n"
    assert capsys.readouterr().out == 2 * stopped


def test_the_status_of_a_stack_that_is_not_up_says_how_to_bring_it_up(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    assert commands.status(layout, "vision-dev") == 0
    assert capsys.readouterr().out.endswith("`make up STACK=vision-dev` starts it.\n")


@pytest.fixture
def vision(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy of the file of a stack that is up, with two jobs."""
    write_state(layout, "vision-dev")
    file = layout.stacks / "Pulumi.vision-dev.yaml"
    file.parent.mkdir(parents=True)
    jobs = "{digits: {paused: true}, letters: {}}"
    file.write_text(
        f"config: {{sagemaker-training:team: vision, sagemaker-training:jobs: {jobs}}}\n"
    )
    monkeypatch.setattr(daemon, "find", lambda _folder: SimpleNamespace(url="http://nowhere"))
    return file


@pytest.mark.parametrize(
    ("digits", "job", "said"),
    [
        ("Stopped", None, "Paused already: digits.\n`make up STACK=vision-dev` goes on: "),
        ("Stopped", "digits", "Paused already: digits.\n`make up STACK=vision-dev` goes on: "),
        ("Stopped", "letters", ""),
        ("Completed", None, ""),
    ],
)
@pytest.mark.usefixtures("vision")
def test_a_pause_where_no_job_runs_says_which_are_paused_already_and_what_resumes_them(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    digits: str, job: str | None, said: str,
):  # fmt: skip
    sagemaker = sagemaker_with(
        vision_dev_digits_0123abcd_1=digits, vision_dev_letters_0123abcd_1="Completed"
    )
    monkeypatch.setattr(commands, "_client", lambda *_: sagemaker)
    assert commands.pause(layout, job, "vision-dev") == 0
    first, _, rest = capsys.readouterr().out.partition("\n")
    assert first == "No job runs, so there is nothing to pause."
    assert rest.startswith(said)
    assert bool(rest) == bool(said)


@pytest.mark.usefixtures("vision")
def test_a_job_that_its_stacks_own_file_pauses_is_not_said_to_go_on(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    sagemaker = sagemaker_with(vision_dev_digits_0123abcd_1="Stopped")
    monkeypatch.setattr(commands, "_client", lambda *_: sagemaker)
    monkeypatch.setattr(commands, "_paused_by_the_file", lambda _engine: ["digits"])
    assert commands.pause(layout, "digits", "vision-dev") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "Paused already: digits.",
        "digits: paused, as Pulumi.vision-dev.yaml has `paused: true`.",
    ]


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("digits", "This stops digits; the other `make up` ends when its other jobs have ended"),
        (None, "This stops digits, letters; the other `make up` then ends."),
    ],
)
def test_a_pause_beside_another_up_says_that_it_stops_the_jobs_and_when_the_other_ends(
    layout: Layout, vision: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], job: str | None, said: str,
):  # fmt: skip
    sagemaker = sagemaker_with(vision_dev_digits_0123abcd_1="InProgress")
    settings = StackFile.read(vision)
    locked = iter([True, True, False])
    monkeypatch.setattr(commands, "_client", lambda *_: sagemaker)
    monkeypatch.setattr(commands, "is_locked", lambda *_: next(locked))
    monkeypatch.setattr(commands, "_WAIT_SECONDS", 0)
    engine = Engine(layout, "vision-dev", "http://nowhere")
    commands._stop_under_another_engine(engine, settings, [job] if job else settings.job_names())
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Another `make up` waits for its jobs. {said}")
    assert second.startswith("Stopping vision-dev-digits-0123abcd-1, which has two minutes")


def test_up_shows_the_lines_of_its_own_jobs_and_not_those_of_other_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    file, shown = tmp_path / "Pulumi.vision-dev.yaml", list[str]()
    jobs = "{digits: {}, weekly: {recurring: true}}"
    file.write_text(
        f"config: {{sagemaker-training:team: vision, sagemaker-training:jobs: {jobs}}}\n"
    )
    own = ["vision-dev-digits-0123abcd-2", "vision-dev-weekly-w48-0123abcd-1"]

    def bring_up(_display: object) -> int:
        logs = boto3.client("logs", region_name=REGION)
        logs.create_log_group(logGroupName=TRAINING_LOGS)
        for job in (*own, "vision-dev-digits-large-0123abcd-1", "research-dev-digits-0123abcd-1"):
            stream = {"logGroupName": TRAINING_LOGS, "logStreamName": f"{job}/algo-1-1"}
            logs.create_log_stream(**stream)
            event = {"timestamp": int(time.time() * 1000) + 1, "message": "epoch=1"}
            logs.put_log_events(**stream, logEvents=[event])
        return 0

    engine = SimpleNamespace(settings_file=file, endpoint_url=None, up=bring_up)
    display = SimpleNamespace(job_line=lambda line: shown.append(line.job))
    with mock_aws():
        commands._bring_up(cast("Engine", engine), cast("EngineDisplay", display))
    assert sorted(shown) == own


Command = Callable[[Layout, str], int]


@pytest.mark.parametrize(
    "command",
    [
        commands.up,
        commands.status,
        commands.down,
        policy_check,
        lambda layout, stack: commands.pause(layout, None, stack),
        lambda layout, stack: commands.logs(layout, None, False, stack),
        lambda layout, stack: commands.report(layout, None, stack),
    ],
)
def test_an_unknown_stack_is_answered_with_those_that_have_a_file(layout: Layout, command: Command):
    with pytest.raises(CommandError, match="There is no stack 'visoin'; there is: dev, ") as error:
        command(layout, "visoin")
    known = "dev, research-prod, research-tuning, vision-dev"
    assert f"there is: {known}. Its file would be Pulumi.visoin.yaml." in str(error.value)
    assert daemon.find(layout.cloud) is None


def test_a_stack_without_a_file_can_still_be_looked_at_and_destroyed(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    destroyed(layout)
    write_state(layout, "renamed")
    assert commands.status(layout, "renamed") == 0
    assert "Stack renamed    not up" in capsys.readouterr().out
    assert commands.down(layout, "renamed") == 0
    with pytest.raises(CommandError, match="There is no stack 'renamed'"):
        commands.up(layout, "renamed")


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("up", "up"),
        ("pause", "pause 'digits'"),
        ("status", "status"),
        ("logs", "logs 'digits'"),
        ("watch", "logs --follow 'digits'"),
        ("report", "report 'digits'"),
        ("policy-check", "policy-check"),
        ("forecast", "forecast 'digits'"),
    ],
)
def test_the_makefile_passes_the_stack_on(target: str, command: str):
    job = ["JOB=digits"] if "digits" in command else []
    shown = made(target, "STACK=vision-dev", *job)
    assert shown == f".venv/bin/python -m development {command} --stack 'vision-dev'"
    assert "--stack" not in made(target)


def test_down_passes_the_stack_on():
    assert made("down", "STACK=vision-dev").endswith("toolchain.teardown down --stack 'vision-dev'")
    assert made("down").endswith("toolchain.teardown down")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "JOB=digits"], "`make up` takes no JOB. It takes: STACK."),
        (["up", "stack=vision-dev"], "`make up` takes no stack. It takes: STACK."),
        (["predict", "STACK=vision-dev"], "`make predict` takes no STACK. It takes: nothing."),
        (["status", "clean", "STACK=dev"], "`make clean` takes no STACK. It takes: nothing."),
        (["track", "JOB=digits"], "`make track` takes no JOB. It takes: STACK TO."),
    ],
)
def test_a_variable_that_a_target_does_not_take_is_refused(arguments: list[str], said: str):
    asked = make(*arguments)
    assert asked.returncode == 2
    assert said in asked.stderr


@pytest.mark.parametrize(
    "arguments",
    [["track", "TO=wandb://a/b"], ["upgrade", "OPTIONS=--dry-run"], ["setup", "PYTHON=python3"]],
)
def test_a_variable_that_a_target_takes_is_accepted(arguments: list[str]):
    assert make(*arguments).returncode == 0


def made(target: str, *variables: str) -> str:
    """The last line that `make` would run for a target."""
    return make(target, *variables).stdout.splitlines()[-1].strip()


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `make` would do."""
    left_out = ("JOB", "STACK", "TO", "OPTIONS", "MAKEFLAGS", "MAKEOVERRIDES")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *arguments],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
