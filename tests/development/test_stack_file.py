from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.stack.aws_settings import AwsSettings
from components.stack.configuration import parse
from development.stack_file import _OF_AN_ACCOUNT, StackFile
from development.terminal import CommandError
from tests.raw_settings import project_in, stack

SETTINGS = """\
config:
  aws:region: us-east-1
  sagemaker-training:team: research
  sagemaker-training:enableTrainingJob: false
  sagemaker-training:jobs:
    digits:
      maxRuntime: 20m
      hyperparameters: { epochs: 40, schedule: 12:30, "on": yes }
    letters: { paused: true }
"""


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(SETTINGS)
    return path


def read(path: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(path.read_text())["config"]
    return config


def test_a_copy_is_edited_and_the_original_stays_as_it_was(original: Path, tmp_path: Path):
    copy = StackFile.read(original).for_local_cloud(tmp_path / "copies" / "Pulumi.dev.yaml")
    copy.set_launch(True)
    copy.pause(["digits"])
    copy.write()
    config = read(copy.path)
    assert config["sagemaker-training:enableTrainingJob"] is True
    assert config["sagemaker-training:jobs"]["digits"]["paused"] is True
    assert copy.paused_jobs() == ["digits", "letters"]
    assert original.read_text() == SETTINGS


def test_what_is_not_edited_keeps_its_text(original: Path):
    settings = StackFile.read(original)
    settings.pause(["digits"])
    settings.write()
    lines = [line.strip() for line in original.read_text().splitlines()]
    assert {"epochs: 40", "schedule: 12:30", '"on": yes', "maxRuntime: 20m"} <= set(lines)


def test_a_new_copy_keeps_the_salt_that_the_engine_wrote(original: Path, tmp_path: Path):
    target = tmp_path / "copy.yaml"
    target.write_text("encryptionsalt: v1:abc\n")
    StackFile.read(original).for_local_cloud(target).write()
    assert yaml.safe_load(target.read_text())["encryptionsalt"] == "v1:abc"
    assert read(target)["sagemaker-training:team"] == "research"


OF_A_REAL_ACCOUNT = """\
secretsprovider: awskms://alias/pulumi?region=eu-west-1
encryptedkey: AQICAHh
encryptionsalt: v1:theirs
config:
  aws:region: eu-west-1
  aws:profile: production
  aws:assumeRoles:
    - roleArn: arn:aws:iam::210987654321:role/deployer
  aws:config:allowedAccountIds: ["210987654321"]
  aws:endpoints:
    - sagemaker: https://sagemaker.example.org
  aws:accessKey: AKIA
  sagemaker-training:team: research
"""


def test_a_copy_for_the_local_cloud_has_nothing_that_leads_to_a_real_account(tmp_path: Path):
    original, target = tmp_path / "Pulumi.team.yaml", tmp_path / "copy.yaml"
    original.write_text(OF_A_REAL_ACCOUNT)
    target.write_text("encryptionsalt: v1:ours\n")
    copy = StackFile.read(original).for_local_cloud(target)
    copy.write()
    assert yaml.safe_load(target.read_text()) == {
        "encryptionsalt": "v1:ours",
        "config": {
            "aws:region": "eu-west-1",
            "aws:accessKey": "AKIA",  # which the program refuses
            "sagemaker-training:team": "research",
        },
    }
    assert copy.left_out == (
        "aws:profile",
        "aws:assumeRoles",
        "aws:config:allowedAccountIds",
        "aws:endpoints",
    )
    assert original.read_text() == OF_A_REAL_ACCOUNT


def test_each_aws_setting_is_left_out_except_for_the_region():
    read = {str(field.alias) for field in AwsSettings.model_fields.values()}
    assert set(_OF_AN_ACCOUNT) == read - {"region"}


def test_the_region_is_that_of_the_file_or_that_of_the_commands(original: Path, tmp_path: Path):
    other = tmp_path / "Pulumi.other.yaml"
    other.write_text("config:\n  aws:region: eu-west-1\n")
    assert StackFile.read(other).region() == "eu-west-1"
    assert StackFile.read(original).region() == "us-east-1"


def test_the_lineage_is_team_environment_and_job(original: Path):
    assert StackFile.read(original).lineage("digits") == "research-dev-digits"


@pytest.mark.parametrize(
    ("job", "lineage"),
    [
        ({}, "research-dev-digits"),
        ({"fresh": "b"}, "research-dev-digits-b"),
        ({"resumeFrom": "research-dev-letters"}, "research-dev-letters"),
    ],
)
def test_the_commands_look_for_a_job_under_the_lineage_that_the_program_gives_it(
    tmp_path: Path, job: dict[str, Any], lineage: str
):
    raw = stack(job)
    path = tmp_path / "Pulumi.dev.yaml"
    config = {f"sagemaker-training:{key}": value for key, value in raw.items()}
    path.write_text(yaml.safe_dump({"config": config}))
    settings, found = parse(raw, project_in(tmp_path))
    assert settings is not None, found
    assert StackFile.read(path).lineage("digits") == settings.lineage("digits") == lineage


def test_a_job_with_a_tuning_block_is_tuned(tmp_path: Path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  sagemaker-training:jobs: {a: {tuning: {maxTrials: 2}}, b: {}}\n")
    settings = StackFile.read(path)
    assert [settings.is_tuned(name) for name in ("a", "b")] == [True, False]


def test_the_run_of_recurring_jobs_is_text_also_where_it_looks_like_a_number(tmp_path: Path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  sagemaker-training:run: 2026\n")
    assert StackFile.read(path).run() == "2026"
    path.write_text("config: {}\n")
    assert StackFile.read(path).run() == ""


def test_malformed_jobs_are_left_for_the_program_to_report(tmp_path: Path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  sagemaker-training:jobs: [digits]\n")
    settings = StackFile.read(path)
    assert settings.job_names() == []
    settings.set_launch(True)
    settings.write()
    assert read(path)["sagemaker-training:jobs"] == ["digits"]


def test_an_empty_file_gets_the_launch_switch(tmp_path: Path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("")
    settings = StackFile.read(path)
    settings.set_launch(True)
    settings.write()
    assert read(path) == {"sagemaker-training:enableTrainingJob": True}


@pytest.mark.parametrize("content", ["config: [", "- a list\n"])
def test_a_file_that_is_no_mapping_is_refused_by_name(tmp_path: Path, content: str):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(content)
    with pytest.raises(CommandError, match=r"Pulumi\.dev\.yaml"):
        StackFile.read(path)


def test_a_mistake_in_the_yaml_is_reported_with_its_place(tmp_path: Path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  sagemaker-training:team: [\n")
    with pytest.raises(CommandError, match=r"is not valid YAML: .+, in line 3, column 1\.$"):
        StackFile.read(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path):
    with pytest.raises(CommandError, match=r"Pulumi\.dev\.yaml"):
        StackFile.read(tmp_path / "Pulumi.dev.yaml")
