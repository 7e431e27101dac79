"""What a run's record says, where it is, and how two of them are compared."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.training_job import compare
from components.training_job.compare import differences, is_decisive, main, report
from components.training_job.provider import TrainingJobProvider
from components.training_job.source_control import Revision, revision
from tests.components.training_job.fake_sagemaker import FakeSageMaker, client_error

Inputs = Callable[..., dict[str, Any]]
SEEDED = {"hyperparameters": {"epochs": 3, "seed": 7, "shuffle_seed": 8}}


def launched(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, inputs: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Launch a job; the URI of its record, and what it says."""
    before = set(sagemaker.objects)
    provider.create(provider.check({}, inputs).inputs)
    [uri] = set(sagemaker.objects) - before
    return uri, json.loads(sagemaker.objects[uri])


def test_a_record_lies_beside_the_model_and_says_what_the_run_is_made_of(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    uri, record = launched(provider, sagemaker, job_inputs(SEEDED))
    [name] = sagemaker.live()
    assert uri == f"s3://artifacts/output/research-dev-digits/{name}/run.json"
    assert record["training_job"] == name
    assert record["definition"]["hyperparameters"]["epochs"] == "3"
    assert record["source_hash"] == "0123456789abcdef"
    assert record["source_uri"] == "s3://artifacts/source/research-dev-digits/0/"
    assert record["seeds"] == {"seed": "7", "shuffle_seed": "8"}
    assert set(record["revision"]) == {"commit", "modified"}
    assert {"python", "pulumi", "boto3"} <= set(record["versions"])
    assert record["request"]["ResourceConfig"]["InstanceType"] == "ml.g5.2xlarge"
    assert "Tags" not in record["request"]
    assert "TrainingJobStatus" not in record["request"]


def test_whoever_adopts_a_job_leaves_its_record(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    uri, first = launched(provider, sagemaker, job_inputs())
    provider.create(provider.check({}, job_inputs()).inputs)
    assert list(sagemaker.objects) == [uri]
    assert json.loads(sagemaker.objects[uri]) == first


def test_a_record_that_cannot_be_written_is_told_and_the_job_runs(
    provider: TrainingJobProvider,
    sagemaker: FakeSageMaker,
    job_inputs: Inputs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def denied(*_: Any) -> None:
        raise client_error("AccessDenied", "not authorized", "PutObject")

    monkeypatch.setattr(FakeSageMaker, "_put", denied)
    provider.create(provider.check({}, job_inputs()).inputs)
    assert len(sagemaker.live()) == 1
    assert "this run has no record: " in capsys.readouterr().out


def test_the_same_run_again_differs_in_nothing(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    _, first = launched(provider, sagemaker, job_inputs(lineage="team-dev-a"))
    _, second = launched(provider, sagemaker, job_inputs(lineage="team-dev-b"))
    assert differences(first, second) == []
    assert report(first, second).count("the same") == 2


@pytest.mark.parametrize(
    ("job", "path", "decisive"),
    [
        ({"hyperparameters": {"epochs": 4}}, "definition.hyperparameters.epochs", True),
        ({"hyperparameters": {"seed": 1}}, "seeds.seed", True),
        ({"maxRuntime": "3h"}, "request.StoppingCondition.MaxRuntimeInSeconds", False),
    ],
)
def test_what_decides_a_result_is_told_from_what_does_not(
    provider: TrainingJobProvider,
    sagemaker: FakeSageMaker,
    job_inputs: Inputs,
    job: dict[str, Any],
    path: str,
    decisive: bool,
) -> None:
    _, first = launched(provider, sagemaker, job_inputs(lineage="team-dev-a"))
    _, second = launched(provider, sagemaker, job_inputs(job, lineage="team-dev-b"))
    found = {each[0]: each for each in differences(first, second)}
    assert is_decisive(found[path]) is decisive
    title = "What decides the result: the same" not in report(first, second)
    assert title is decisive
    if decisive:
        assert "HyperParameters" not in report(first, second)


def stored(folder: Path, name: str, **changes: Any) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"format": 1, "training_job": name} | changes))
    return str(path)


def test_the_command_prints_what_differs_and_tells_it_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = stored(tmp_path, "a", source_hash="1"), stored(tmp_path, "b", source_hash="2")
    assert main([a, stored(tmp_path, "c", source_hash="1")]) == 0
    assert main([a, b]) == 1
    printed = capsys.readouterr().out
    assert 'source_hash\n    A  "1"\n    B  "2"' in printed


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}'])
def test_what_is_no_record_is_told_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (tmp_path / "broken.json").write_text(content)
    assert main([str(tmp_path / "broken.json"), stored(tmp_path, "a")]) == 2
    assert "Remedy: " in capsys.readouterr().err


def test_a_record_is_read_from_s3_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def read(uri: str) -> str:
        asked.append(uri)
        return '{"format": 1, "training_job": "a"}'

    monkeypatch.setattr(compare, "_read_object", read)
    assert compare.read_record("s3://artifacts/output/a/run.json")["training_job"] == "a"
    assert asked == ["s3://artifacts/output/a/run.json"]


def test_a_revision_says_whether_files_were_changed_since(tmp_path: Path) -> None:
    assert revision(tmp_path / "nowhere") == Revision("", modified=False)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in (tmp_path / "a", tmp_path / "b"):
        git(folder, "init", "-q")
        git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    (tmp_path / "b" / "new.py").touch()
    assert revision(tmp_path / "a") == Revision(git(tmp_path / "a", "rev-parse", "HEAD"), False)
    assert revision(tmp_path / "b").modified


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
