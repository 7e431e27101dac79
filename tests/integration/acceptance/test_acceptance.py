"""The whole acceptance on a local cloud: killed, interrupted, and with faults planted."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from acceptance.__main__ import main
from acceptance.diary import Diary, unfinished
from acceptance.judging import CHECKS, finding_of, look_at
from acceptance.report import REPORT, rendered
from acceptance.scene import Patience, Scene
from development.leftovers import end_processes_of
from tests.integration.acceptance.planted import FAULTS, LEFT, Fault, leave_something
from tests.integration.account import inventory
from tests.integration.conftest import run_cloud
from toolchain.environment import REGION, engine_environment
from toolchain.layout import CHECKOUT, Layout

ACCOUNT = "123456789012"
AGREED = ["--yes", "--account", ACCOUNT, "--region", REGION, "--max-usd", "0.70"]
OPTIONS = ["--with", "elastic", "--with", "tracking", "--with", "tuning"]
PATIENCE = Patience(job=180.0, message=60.0, interfaces=30.0, trail=0.0)
NOT_SEEN_HERE = {
    "vpc-only",
    "slack",
    "search-page",
    "spot-share",
    "key-only-through-s3",
    "launches-in-the-trail",
    "denies-plain-http",
    "denies-other-key",
    "denies-other-encryption",
    "denies-the-caller",
    "denies-a-stranger",
}
"""What a local cloud, or a job of seconds, does not show."""


@pytest.fixture
def cloud_with_short_grace(tmp_path: Path) -> Iterator[str]:
    """A local cloud on which trials that wait are killed soon; the toolkit does not stop them."""
    yield from run_cloud(tmp_path / "cloud", "--grace", "6")


@pytest.fixture
def environment(
    tmp_path: Path, plugins: Path, cloud_with_short_grace: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The variables of a person at a terminal: the acceptance itself knows no local cloud."""
    layout = Layout(local=tmp_path / "world")
    layout.pulumi_home.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    variables = engine_environment(layout, endpoint_url=cloud_with_short_grace)
    for name in set(os.environ) - set(variables):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield variables
    end_processes_of(layout.pulumi_home)


@pytest.mark.integration
@pytest.mark.deep
def test_an_acceptance_goes_on_after_kill_and_reports_each_planted_fault(
    tmp_path: Path,
    environment: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    report: Callable[[str], None],
):
    folder = ["--folder", str(tmp_path / "acceptance")]
    with in_the_first_update([*AGREED, *OPTIONS, *folder], environment) as run:
        run.kill()
    [state] = unfinished(tmp_path / "acceptance")
    assert main([*AGREED, *folder]) == 2  # nothing new while that one is not cleaned up
    assert "--resume" in capfd.readouterr().err

    planter = Planter()
    began = time.monotonic()
    assert main(["--resume", *folder], PATIENCE, planter) == 1
    report(f"The acceptance on a local cloud: {time.monotonic() - began:.0f} s after the kill")

    diary = Diary.read(state)
    assert diary.facts.get("error", "") == ""
    assert planter.found == {each.name for each in FAULTS}
    verdicts = {each["name"]: each["verdict"] for each in diary.findings}
    assert verdicts.pop("destroy-leaves-nothing") == "refuted"
    assert {name for name, verdict in verdicts.items() if verdict == "refuted"} == set()
    assert {name for name, each in verdicts.items() if each == "not seen"} == NOT_SEEN_HERE
    assert set(verdicts) == {each.name for each in CHECKS} - {"destroy-leaves-nothing"}

    left = LEFT.format(prefix=f"acceptance-{diary.identity}")
    delete = f"aws logs delete-log-group --log-group-name {left}"
    text = (state / REPORT).read_text()
    for said in (text, capfd.readouterr().out):
        assert delete in said
    assert "| refuted | Destroy leaves nothing, except the jobs' records. | left over: " in text
    assert ACCOUNT not in text
    assert diary.facts["outputs"]["artifact_bucket_name"] not in text
    for private in ("passphrase", "state.json", REPORT):
        assert (state / private).stat().st_mode & 0o077 == 0

    boto3.client("logs").delete_log_group(logGroupName=left)
    assert main(["--clean-up", *folder]) == 0
    assert unfinished(tmp_path / "acceptance") == []


@pytest.mark.integration
@pytest.mark.deep
def test_ctrl_c_in_an_update_cleans_up_and_sigterm_in_that_leaves_the_rest_to_the_next_call(
    tmp_path: Path, environment: dict[str, str], capfd: pytest.CaptureFixture[str]
):
    before = inventory(boto3.client)
    root = tmp_path / "acceptance"
    diary = Diary(
        root / "20260101T000000Z", ACCOUNT, REGION, "image", "ml.m5.large", [],
        f"file://{root}/20260101T000000Z/backend", 0.5, done=["preview"],
    )  # fmt: skip
    diary.write()
    with in_the_first_update(["--resume", "--folder", str(root)], environment) as run:
        run.send_signal(signal.SIGINT)
        wait_until(lambda: any(root.glob("*/logs/*-destroy.log")), "the clean-up")
        run.terminate()
        said, _ = run.communicate(timeout=120)
        assert run.returncode == 1
    assert "Interrupted. The Pulumi CLI may end what it is doing" in said
    assert "It was interrupted.\nCleaning up.\nInterrupted. The clean-up ends" in said
    assert "`python -m acceptance --clean-up` goes on with the clean-up." in said
    assert unfinished(root) == [diary.folder]

    assert main(["--clean-up", "--folder", str(root)]) == 0
    assert "0 confirmed, 0 refuted" in capfd.readouterr().out
    assert unfinished(root) == []
    assert inventory(boto3.client) - before == set()


class Planter:
    """Plants the faults of a step once its own checks were made, and looks at each again."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def __call__(self, step: str, scene: Scene) -> None:
        for fault in FAULTS:
            if fault.after == step:
                self._plant(fault, scene)
        if step == "downstream":
            leave_something(scene)

    def _plant(self, fault: Fault, scene: Scene) -> None:
        [check] = [each for each in CHECKS if each.name == fault.check]
        assert finding_of(scene, check.name)["verdict"] == "confirmed", finding_of(
            scene, check.name
        )
        before, facts = list(scene.diary.findings), dict(scene.facts)
        patience, scene.patience = (
            scene.patience,
            Patience(job=60.0, message=3.0, interfaces=2.0, trail=0.0),
        )
        with fault.planted(scene):
            look_at(scene, [check])
        scene.patience = patience
        row = f"| refuted | {check.statement} |"
        assert row in rendered(scene.diary, {}), (fault.name, finding_of(scene, check.name))
        self.found.add(fault.name)
        scene.diary.findings = before
        scene.diary.facts = facts | {"queue": scene.facts["queue"]}


@contextmanager
def in_the_first_update(
    arguments: list[str], environment: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """An acceptance that is building the platform, in a process; it ends with the body."""
    command = [str(Layout().python), "-m", "acceptance", *arguments]
    root = Path(arguments[-1])
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            wait_until(lambda: run.poll() is not None or engine_has_begun(root), "the first update")
            assert run.poll() is None
            yield run
        finally:
            run.kill()


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 120
    while not is_true():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def engine_has_begun(root: Path) -> bool:
    """Whether the engine has created something of the platform."""
    return any("resOutputsEvent" in path.read_text() for path in root.glob("*/logs/*-up.events"))
