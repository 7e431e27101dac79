"""The command over a backend of its own: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from quota_report.__main__ import main
from quota_report.output import AccountLine, Report, as_json, as_text
from tests.policies.jobs import request
from training_policies.training_job import OWN_TYPE

TAGS = [{"Key": "team", "Value": "research"}, {"Key": "environment", "Value": "dev"}]
CLI = """#!/usr/bin/env python3
import pathlib, sys
folder = pathlib.Path(__file__).parent
if sys.argv[2:4] == ["stack", "ls"]:
    print((folder / "stacks.json").read_text())
elif sys.argv[2:4] == ["stack", "export"]:
    print((folder / sys.argv[5].replace("/", ".")).read_text())
"""


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    """A folder with a CLI that answers for two stacks of two instances each."""
    (tmp_path / "pulumi").write_text(CLI)
    (tmp_path / "pulumi").chmod(0o755)
    names = ["organization/training/a", "organization/training/b"]
    (tmp_path / "stacks.json").write_text(json.dumps([{"name": name} for name in names]))
    for name in names:
        (tmp_path / name.replace("/", ".")).write_text(json.dumps(exported()))
    return tmp_path


def exported() -> dict[str, Any]:
    urn = f"urn:pulumi:dev::training::{OWN_TYPE}::digits"
    inputs = {"request": {**request(), "Tags": TAGS}, "__provider": "pickled"}
    old = {"type": OWN_TYPE, "urn": urn, "inputs": inputs, "delete": True}
    bucket = {"type": "aws:s3/bucket:Bucket", "urn": "urn:pulumi:dev::training::b::store"}
    job = {"type": OWN_TYPE, "urn": urn, "inputs": inputs}
    return {"version": 3, "deployment": {"resources": [bucket, job, old]}}


def configured(folder: Path, limit: int) -> list[str]:
    quota = {"all": {"instancesPerStack": limit}, "families": {"g5": {}}}
    file = folder / "organisation.json"
    file.write_text(json.dumps({"teams": {"research": {"dev": quota}}}))
    return ["--configuration", str(file), "--pulumi", str(folder / "pulumi")]


def test_within_its_quota_an_organisation_exits_with_0(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(configured(backend, 4)) == 0
    printed = capsys.readouterr().out
    assert "research  dev          all instances  the number of instances  4     4" in printed
    assert "a: digits, b: digits" in printed
    assert printed.endswith("All is within its quota.\n")


def test_above_its_quota_it_exits_with_1_and_says_so_in_json_too(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([*configured(backend, 3), "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["refused"] is True
    [line] = [each for each in report["stacks"] if each["allowed"] is not None]
    assert (line["used"], line["allowed"], line["verdict"]) == (4, 3, "over")


def test_without_configuration_or_backend_it_exits_with_2(
    backend: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["--configuration", str(backend / "none.json")]) == 2
    assert "can't be read" in capsys.readouterr().err
    assert main([*configured(backend, 3), "--pulumi", str(backend / "none")]) == 2
    assert "can't be run" in capsys.readouterr().err
    (backend / "pulumi").write_text("#!/bin/sh\necho no backend >&2\nexit 1\n")
    assert main(configured(backend, 3)) == 2
    assert "no backend" in capsys.readouterr().err


def test_more_instances_than_aws_allows_are_refused():
    within = Report([], [], [AccountLine("ml.g5.xlarge on spot", 1, 2, 2)])
    assert not within.is_refused
    over = Report([], [], [AccountLine("ml.g5.xlarge on spot", 0, 3, 2)])
    assert over.is_refused
    assert "ml.g5.xlarge on spot  0        3          2        over" in as_text(over)
    assert json.loads(as_json(over))["account"][0]["verdict"] == "over"
