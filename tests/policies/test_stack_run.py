"""The settings that the pipeline gives the engine for a run of the recurring jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.stack.stack_settings import LONGEST_RUN
from components.training_job.settings.job_settings import NAME_PATTERN
from stack_run import MOST, RUN, main, with_run

STACK = """\
encryptionsalt: v1:abc=
config:
  aws:region: us-east-1
  sagemaker-training:team: research
  sagemaker-training:jobs: {digits: {recurring: true, hyperparameters: {schedule: 12:30}}}
"""


def printed(folder: Path, capsys: pytest.CaptureFixture[str], run: str, stack: str = STACK) -> str:
    (folder / "Pulumi.prod.yaml").write_text(stack)
    assert main([str(folder), "--stack", "organization/training/prod", "--run", run]) == 0
    return capsys.readouterr().out


def test_the_name_of_a_run_is_what_the_program_accepts() -> None:
    assert (RUN, MOST) == (NAME_PATTERN, LONGEST_RUN)


def test_only_the_run_is_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(tmp_path, capsys, "202648")
    assert '  sagemaker-training:run: "202648"\n' in text
    assert text.replace('sagemaker-training:run: "202648"\n  ', "") == STACK
    before, after = yaml.safe_load(STACK), yaml.safe_load(text)
    assert after["config"].pop("sagemaker-training:run") == "202648"
    assert after == before


@pytest.mark.parametrize("key", ["sagemaker-training:run", "sagemaker-training:config:run"])
def test_another_run_takes_the_place_of_the_files_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    text = printed(tmp_path, capsys, "2026-w48", f"{STACK}  {key}: 2026-w47\n")
    assert text.count("run") == 1
    assert yaml.safe_load(text)["config"][key] == "2026-w48"


def test_without_a_run_the_file_is_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(tmp_path, capsys, "") == STACK


@pytest.mark.parametrize("config", ["{}", "{a: b}", "{\n  a: b}"])
def test_settings_in_braces_get_one_more(config: str) -> None:
    settings = yaml.safe_load(with_run(f"config: {config}\n", "w48"))["config"]
    assert settings == (yaml.safe_load(config) | {"sagemaker-training:run": "w48"})


@pytest.mark.parametrize(
    ("run", "stack"),
    [("W48", STACK), ("w48\nx: y", STACK), ("2026-w48-0123456789", STACK), ("w48", "- a"),
     ("w48", "config: [a]"), ("w48", ""), ("w48", "a: [")],
)  # fmt: skip
def test_what_is_no_run_or_no_file_of_settings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: str, stack: str
) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text(stack)
    assert main([str(tmp_path), "--stack", "prod", "--run", run]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "Remedy:" in told.err
