"""What a person is shown and asked, before anything is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

import acceptance.__main__ as command
from acceptance.identity import Caller
from acceptance.scene import Scene
from tests.acceptance.conftest import ACCOUNT, REGION, NewDiary

AGREED = ["--yes", "--account", ACCOUNT, "--region", REGION, "--max-usd", "1"]


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Scene]:
    """The acceptances that were begun; none of them does anything."""
    begun: list[Scene] = []

    def run(scene: Scene, *_: object) -> bool:
        begun.append(scene)
        return True

    monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(
        command, "caller_of", lambda region: Caller(ACCOUNT, region or REGION, "me")
    )
    monkeypatch.setattr("acceptance.pulumi_cli.executable", lambda: "/usr/bin/pulumi")
    monkeypatch.setattr("acceptance.pulumi_cli.version", lambda: "v3.276.0")
    return begun


def test_what_it_does_and_costs_is_shown_and_the_accounts_number_is_asked(
    tmp_path: Path,
    begun: list[Scene],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr("builtins.input", lambda _: ACCOUNT)
    assert command.main(["--folder", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for text in (ACCOUNT, REGION, "v3.276.0", "0.31   USD", "destroys everything"):
        assert text in shown
    [scene] = begun
    assert (scene.diary.account, scene.diary.region) == (ACCOUNT, REGION)
    assert scene.diary.backend == f"file://{scene.diary.folder / 'backend'}"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--yes"], "--yes needs --account, --region and --max-usd"),
        ([*AGREED[:-2], "--max-usd", "0.30"], "It can cost 0.31 USD, and --max-usd allows 0.30."),
        (["--yes", "--account", "210987654321", *AGREED[3:]], "and not 210987654321"),
        ([*AGREED, "--instance-type", "ml.none.large"], "ml.none.large has no price"),
        ([], "That is not the account's number. Nothing was begun."),
        (["--resume"], "There is no acceptance that was interrupted."),
        (["--clean-up"], "There is no acceptance that was interrupted."),
    ],
)
def test_what_was_not_agreed_to_is_not_begun(
    tmp_path: Path,
    begun: list[Scene],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    reason: str,
):
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert command.main([*options, "--folder", str(tmp_path)]) == 2
    assert reason in capsys.readouterr().err
    assert begun == []
    assert list(tmp_path.iterdir()) == []


def test_none_is_begun_while_an_earlier_one_is_not_cleaned_up_and_that_one_can_go_on(
    tmp_path: Path, begun: list[Scene], new_diary: NewDiary, capsys: pytest.CaptureFixture[str]
):
    earlier = new_diary()
    folder = ["--folder", str(tmp_path)]
    assert command.main([*AGREED, *folder]) == 2
    assert "--resume" in capsys.readouterr().err
    assert command.main(["--resume", *folder]) == 0
    assert [scene.diary.identity for scene in begun] == [earlier.identity]


def test_one_that_was_being_cleaned_up_takes_no_further_step(
    tmp_path: Path, begun: list[Scene], new_diary: NewDiary, monkeypatch: pytest.MonkeyPatch
):
    diary = new_diary()
    diary.cleaning = True
    diary.write()
    cleaned: list[Scene] = []

    def clean_up(scene: Scene) -> bool:
        cleaned.append(scene)
        return True

    monkeypatch.setattr("acceptance.clean_up.clean_up", clean_up)
    assert command.main(["--resume", "--folder", str(tmp_path)]) == 0
    assert len(cleaned) == 1
    assert begun == []


def test_an_acceptance_of_another_region_does_not_go_on_here(
    tmp_path: Path, begun: list[Scene], new_diary: NewDiary, capsys: pytest.CaptureFixture[str]
):
    new_diary()
    assert command.main(["--resume", "--region", "us-west-2", "--folder", str(tmp_path)]) == 2
    assert f"Account {ACCOUNT} in {REGION} was confirmed" in capsys.readouterr().err
    assert begun == []


def test_a_refuted_finding_is_an_exit_code_and_a_clean_up_is_none(
    tmp_path: Path, new_diary: NewDiary, monkeypatch: pytest.MonkeyPatch
):
    diary = new_diary()
    finding = {"name": "a", "source": "control", "statement": "", "evidence": "", "requests": []}
    diary.findings.append({**finding, "verdict": "refuted"})
    diary.write()
    monkeypatch.setattr("acceptance.clean_up.clean_up", lambda _: True)
    assert command.main(["--resume", "--folder", str(tmp_path)]) == 1
    assert command.main(["--clean-up", "--folder", str(tmp_path)]) == 0
