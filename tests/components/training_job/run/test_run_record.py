"""What a run's record says, where it is, and how two of them are compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.training_job.code_channel.source_control import Revision, revision
from components.training_job.provider import TrainingJobProvider
from tests.components.fake_aws import FakeAws
from tests.run_comparison import documented_comparison
from tests.toolchain.fake_programs import write_script

Inputs = Callable[..., dict[str, Any]]
SEEDED = {"hyperparameters": {"epochs": 3, "seed": 7, "shuffle_seed": 8}}


def launched(
    provider: TrainingJobProvider, aws: FakeAws, inputs: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The URI and the contents of the record of a job that is launched."""
    before = set(aws.objects)
    provider.create(provider.check({}, inputs).inputs)
    [uri] = set(aws.objects) - before
    return uri, json.loads(aws.objects[uri])


def test_a_record_lies_beside_the_model_and_says_what_the_run_is_made_of(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    uri, record = launched(provider, aws, job_inputs(SEEDED))
    [name] = aws.live()
    assert uri == f"s3://artifacts/output/research-dev-digits/{name}/run.json"
    assert record["training_job"] == name
    assert record["definition"]["hyperparameters"]["epochs"] == "3"
    assert record["source_hash"] == "0123456789abcdef"
    assert record["source_uri"] == "s3://artifacts/source/research-dev-digits/0/"
    assert record["seeds"] == {"seed": "7", "shuffle_seed": "8"}
    assert set(record["revision"]) == {"commit", "modified"}
    assert {"python", "pulumi", "boto3"} <= set(record["versions"])
    assert record["request"]["ResourceConfig"]["InstanceType"] == "ml.g5.2xlarge"
    assert "expected_seconds" not in record
    assert "Tags" not in record["request"]
    assert "TrainingJobStatus" not in record["request"]


def test_the_time_that_the_job_was_expected_to_train_is_recorded(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    _, record = launched(provider, aws, job_inputs() | {"expected_seconds": 5400.0})
    assert record["expected_seconds"] == 5400


def test_an_adoption_leaves_the_jobs_record(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    uri, first = launched(provider, aws, job_inputs())
    provider.create(provider.check({}, job_inputs()).inputs)
    assert list(aws.objects) == [uri]
    assert json.loads(aws.objects[uri]) == first


def test_a_record_that_cannot_be_written_is_reported_and_the_job_runs(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.refuse("PutObject", "AccessDenied", "not authorized")
    provider.create(provider.check({}, job_inputs()).inputs)
    assert len(aws.live()) == 1
    assert "this run has no record: " in capsys.readouterr().out


def compared(
    aws: FakeAws, folder: Path, one: dict[str, Any], other: dict[str, Any]
) -> tuple[int, str]:
    """What the documented comparison of two records prints, and its exit code."""
    for uri, body in aws.objects.items():
        path = folder / uri.removeprefix("s3://")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    write_script(folder / "bin", "aws", f'cat "{folder}/${{3#s3://}}"')
    runs = (f"research-dev-digits/{each['training_job']}" for each in (one, other))
    done = subprocess.run(
        documented_comparison("artifacts", *runs),
        env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_same_run_again_differs_in_nothing(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, tmp_path: Path
) -> None:
    _, first = launched(provider, aws, job_inputs(lineage="team-dev-a"))
    _, second = launched(provider, aws, job_inputs(lineage="team-dev-b"))
    assert compared(aws, tmp_path, first, second) == (0, "")


@pytest.mark.parametrize(
    ("job", "sections", "lines"),
    [
        (
            {"hyperparameters": {"epochs": 4, "seed": 7}},
            {"definition", "request"},
            {'-      "epochs": "3",', '+      "epochs": "4",'},
        ),
        ({"hyperparameters": {"epochs": 3, "seed": 1}}, {"definition", "request", "seeds"}, set()),
        ({"maxRuntime": "3h"}, {"request"}, {'+      "MaxRuntimeInSeconds": 10800,'}),
    ],
)
def test_what_differs_is_shown_with_its_section_which_says_whether_it_decides_the_result(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    tmp_path: Path,
    job: dict[str, Any],
    sections: set[str],
    lines: set[str],
) -> None:
    same = {"hyperparameters": {"epochs": 3, "seed": 7}}
    _, first = launched(provider, aws, job_inputs(same, lineage="team-dev-a"))
    _, second = launched(provider, aws, job_inputs(same | job, lineage="team-dev-b"))
    code, printed = compared(aws, tmp_path, first, second)
    assert code == 1
    assert set(re.findall(r'^@@ .* @@ "(\w+)"', printed, re.M)) == sections
    assert lines <= set(printed.splitlines())


def test_a_revision_says_whether_files_were_changed_since(tmp_path: Path) -> None:
    assert revision(tmp_path / "nowhere") == Revision("", modified=False)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in (tmp_path / "a", tmp_path / "b"):
        git(folder, "init", "-q")
        git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path / "b", "config", "status.showUntrackedFiles", "no")
    (tmp_path / "b" / "new.py").touch()
    assert revision(tmp_path / "a") == Revision(git(tmp_path / "a", "rev-parse", "HEAD"), False)
    assert revision(tmp_path / "b").modified


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
