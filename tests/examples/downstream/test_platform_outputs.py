"""What other stacks read: the outputs that the program exports, by name and by type."""

from __future__ import annotations

import ast
import gc
import inspect
import json
import runpy
from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

import platform_outputs
from components.training_job.run.job_state import not_launched
from components.training_job.tuning_report import TuningReport
from platform_outputs import (
    ModelOutputs,
    PlatformOutputError,
    PlatformOutputs,
    TrainingJobOutputs,
)
from tests.components.recording import ACCOUNT, REGION, Recording, _Answers

CHECKOUT = Path(__file__).parents[3]
STACK = "organization/sagemaker-training/research-dev"
TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
JOB: dict[str, Any] = {
    "name": "research-dev-digits-01234567-1",
    "arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/research-dev-digits-01234567-1",
    "status": "Completed",
    "secondary_status": "Completed",
    "outcome": "completed",
    "failure_reason": "",
    "lineage": "research-dev-digits",
    "attempt": 1.0,
    "interruptions": 2.0,
    "image_digest": "",
    "instance_type": "ml.c5.xlarge",
    "instance_count": 2.0,
    "model_uri": "s3://bucket/output/research-dev-digits/job/output/model.tar.gz",
    "checkpoint_uri": "s3://bucket/checkpoints/research-dev-digits/",
    "console_url": "https://us-east-1.console.aws.amazon.com/sagemaker/home",
    "log_url": "https://us-east-1.console.aws.amazon.com/cloudwatch/home",
    "training_seconds": 21.0,
    "billable_seconds": 7.0,
    "training_instance_seconds": 42.0,
    "billable_instance_seconds": 14.0,
    "savings_percent": 66.7,
    "cost_usd": 0.0008,
    "expected_cost_usd": 0.0612,
    "cost_ceiling_usd": "unknown",
    "metrics": {"loss": 0.25},
}
OUTPUTS: dict[str, Any] = {
    "artifact_bucket_name": "bucket",
    "private_subnet_ids": ["subnet-1", "subnet-2"],
    "training_cost_usd": {"ceiling": "unknown", "expected": 0.0612, "billed": 0.0008},
    "training_jobs": {"digits": JOB, "letters": JOB | {"status": "InProgress"}},
}


class OtherStack(mocks.Mocks):  # type: ignore[misc]
    """An engine in which one other stack has these outputs."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        self._outputs = outputs

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert args.typ == "pulumi:pulumi:StackReference"
        return args.name, {"name": args.name, "outputs": self._outputs}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(args.token)


def read(outputs: dict[str, Any], look_up: Callable[[PlatformOutputs], pulumi.Output[Any]]) -> Any:
    """What `look_up` finds in a stack with these outputs."""
    pulumi.runtime.set_mocks(OtherStack(outputs), preview=False)
    found: list[Any] = []

    def program() -> pulumi.Output[None]:
        return look_up(PlatformOutputs(STACK)).apply(found.append)

    pulumi.runtime.test(program)()
    return found[0]


def test_the_reader_has_each_output_that_the_program_exports():
    program = ast.parse((CHECKOUT / "__main__.py").read_text())
    exported = {
        ast.literal_eval(node.args[0])
        for node in ast.walk(program)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pulumi.export"
    }
    readable = {name for name, _ in inspect.getmembers(PlatformOutputs, _is_property)}
    assert readable == exported


def test_where_metrics_are_shown_is_said_only_where_it_is_set():
    place = {"mlflow": "https://mlflow.example.org", "experiment": "research-dev"}
    assert read(OUTPUTS | {"tracking": place}, lambda platform: platform.tracking) == place
    assert read(OUTPUTS, lambda platform: platform.tracking) == {}


def test_what_the_program_exports_has_the_types_that_the_reader_gives(
    exports: dict[str, Any],
):
    for name in exports:
        read(exports, attrgetter(name))
    assert exports["tracking"]["experiment"] == "research-dev"
    job = read(exports, lambda platform: platform.job("digits"))
    assert job.status == "NotLaunched"
    assert set(exports["training_jobs"]["digits"]) == {each.name for each in fields(job)}


def test_a_job_is_read_with_whole_numbers_and_unknown_costs_as_none():
    job = read(OUTPUTS, lambda platform: platform.job("digits"))
    assert job == TrainingJobOutputs(**(JOB | {"cost_ceiling_usd": None}))
    assert isinstance(job.attempt, int)
    assert isinstance(job.training_seconds, int)


def test_the_cost_of_all_jobs_is_read_with_what_is_not_known_as_none():
    cost = read(OUTPUTS, lambda platform: platform.training_cost_usd)
    assert cost == {"ceiling": None, "expected": 0.0612, "billed": 0.0008}


def test_all_jobs_are_read_by_their_names_in_the_settings():
    jobs = read(OUTPUTS, lambda platform: platform.training_jobs)
    assert [(name, job.status) for name, job in jobs.items()] == [
        ("digits", "Completed"),
        ("letters", "InProgress"),
    ]


def test_a_tuned_job_is_read_with_whole_numbers_and_what_is_not_known_as_none():
    report = TuningReport(
        tuning_job_name="t0123456-digits-01234567-1",
        counters={"completed": 3},
        best_hyperparameters={"layers": "3"},
        warm_start_parents=["t0123456-digits-01234567-0"],
    )
    exported = json.loads(json.dumps(report.outputs()), parse_int=float)
    outputs = {"tuning_jobs": {"digits": exported}}
    job = read(outputs, lambda platform: platform.tuning_job("digits"))
    assert job.name == "t0123456-digits-01234567-1"
    assert (job.objective_value, job.cost_usd) == (None, None)
    assert job.counters == {"completed": 3}
    assert isinstance(job.counters["completed"], int)
    assert job.best_hyperparameters == {"layers": "3"}
    assert list(read(outputs, attrgetter("tuning_jobs"))) == ["digits"]
    with pytest.raises(PlatformOutputError, match="has no job letters"):
        read(outputs, lambda platform: platform.tuning_job("letters"))


def test_a_field_that_a_later_platform_adds_is_no_obstacle():
    newer = {"training_jobs": {"digits": JOB | {"carbon_grams": 3.0}}}
    assert read(newer, lambda platform: platform.job("digits")).attempt == 1


def test_a_missing_output_is_reported_with_the_stack_and_the_outputs_that_exist():
    with pytest.raises(PlatformOutputError) as refused:
        read(OUTPUTS, lambda platform: platform.vpc_id)
    for expected in (STACK, "no output vpc_id", "artifact_bucket_name, private_subnet_ids"):
        assert expected in str(refused.value)


def test_an_output_that_is_not_read_may_be_missing():
    assert read(OUTPUTS, lambda platform: platform.artifact_bucket_name) == "bucket"


def test_a_stack_without_outputs_was_never_brought_up_or_is_destroyed():
    with pytest.raises(PlatformOutputError, match="never brought up, or it is destroyed"):
        read({}, lambda platform: platform.vpc_id)


def test_a_renamed_field_of_a_job_is_reported_with_the_fields_that_exist():
    renamed = {name: value for name, value in JOB.items() if name != "model_uri"}
    outputs = {"training_jobs": {"digits": renamed | {"model": "s3://x"}}}
    with pytest.raises(PlatformOutputError) as refused:
        read(outputs, lambda platform: platform.job("digits"))
    assert "no output training_jobs.digits.model_uri" in str(refused.value)
    assert "training_jobs.digits.model," in str(refused.value)


WRONG_TYPES: list[tuple[str, Any, str]] = [
    ("name", 7, "a text"),
    ("attempt", "one", "a number"),
    ("attempt", 1.5, "a whole number"),
    ("attempt", True, "a number"),
    ("cost_usd", "much", "a number"),
    ("metrics", [0.5], "a mapping"),
    ("metrics", {"loss": "low"}, "a number"),
]


@pytest.mark.parametrize(("field", "value", "expected"), WRONG_TYPES)
def test_a_field_of_another_type_is_reported_with_its_value(field: str, value: Any, expected: str):
    outputs = {"training_jobs": {"digits": JOB | {field: value}}}
    with pytest.raises(PlatformOutputError) as refused:
        read(outputs, lambda platform: platform.job("digits"))
    assert f"training_jobs.digits.{field} of the stack {STACK}" in str(refused.value)
    assert f"not {expected}" in str(refused.value)


@pytest.mark.parametrize("value", ["subnet-1", [1, 2], {"a": "b"}])
def test_an_output_of_another_type_is_refused(value: Any):
    with pytest.raises(PlatformOutputError, match="not a list of texts"):
        read({"private_subnet_ids": value}, lambda platform: platform.private_subnet_ids)


def test_an_unknown_job_is_reported_with_the_jobs_that_exist():
    with pytest.raises(PlatformOutputError, match=r"no job digit\. Its jobs are: digits, letters"):
        read(OUTPUTS, lambda platform: platform.job("digit"))


def test_a_model_is_taken_from_a_completed_job():
    job = read(OUTPUTS, lambda platform: platform.completed_job("digits"))
    assert job.model_uri == JOB["model_uri"]


def test_a_job_that_has_not_completed_has_no_model_to_take():
    failed = JOB | {"status": "Failed", "failure_reason": "AlgorithmError: ExecuteUserScriptError"}
    with pytest.raises(PlatformOutputError) as refused:
        read({"training_jobs": {"digits": failed}}, lambda each: each.completed_job("digits"))
    for expected in ("digits", STACK, "is Failed: AlgorithmError", "pulumi up --refresh"):
        assert expected in str(refused.value)


def tuned(**changes: Any) -> dict[str, Any]:
    """What a stack exports of a tuned job, as it comes from the engine."""
    report = TuningReport(
        tuning_job_name="t0123456-letters-01234567-1",
        tuning_job_arn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/t-1",
        status="Completed",
        outcome="completed",
        best_training_job="t-1-003-0123abcd",
        best_hyperparameters={"layers": "3"},
        objective_metric="loss",
        objective_value=0.25,
        model_uri="s3://bucket/output/letters/t-1-003-0123abcd/output/model.tar.gz",
    )
    exported: dict[str, Any] = json.loads(json.dumps(report.outputs()), parse_int=float)
    return exported | changes


def test_the_model_of_a_tuned_job_is_that_of_its_best_trial():
    outputs = OUTPUTS | {"tuning_jobs": {"letters": tuned()}}
    assert read(outputs, lambda each: each.model("letters")) == ModelOutputs(
        training_job="t-1-003-0123abcd",
        training_job_arn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/t-1-003-0123abcd",
        model_uri="s3://bucket/output/letters/t-1-003-0123abcd/output/model.tar.gz",
        metrics={"loss": 0.25},
        tuning_job="t0123456-letters-01234567-1",
        hyperparameters={"layers": "3"},
    )


@pytest.mark.parametrize("outputs", [OUTPUTS, OUTPUTS | {"tuning_jobs": {}}], ids=["old", "new"])
def test_the_model_of_a_job_that_is_not_tuned_is_its_own(outputs: dict[str, Any]):
    model = read(outputs, lambda each: each.model("digits"))
    assert model == ModelOutputs(JOB["name"], JOB["arn"], JOB["model_uri"], JOB["metrics"])


def test_a_tuned_job_that_was_stopped_with_all_its_trials_has_a_model():
    outputs = {"tuning_jobs": {"letters": tuned(status="Stopped")}}
    assert read(outputs, lambda each: each.completed_tuning("letters")).attempt == 0


@pytest.mark.parametrize(
    "unfinished",
    [{"status": "Stopped", "outcome": "stopped"}, {"status": "InProgress", "outcome": "running"}],
)
def test_a_tuned_job_that_has_not_completed_has_no_model_to_take(unfinished: dict[str, str]):
    outputs = {"training_jobs": {}, "tuning_jobs": {"letters": tuned(**unfinished)}}
    with pytest.raises(PlatformOutputError, match=rf"letters .+ is {unfinished['status']}"):
        read(outputs, lambda each: each.model("letters"))


def test_an_unknown_job_is_reported_with_the_jobs_of_both_kinds():
    outputs = OUTPUTS | {"tuning_jobs": {"words": tuned()}}
    with pytest.raises(PlatformOutputError, match=r"no job digit\..+: digits, letters, words"):
        read(outputs, lambda each: each.model("digit"))
    with pytest.raises(PlatformOutputError, match="no job words that is not tuned"):
        read(outputs, lambda each: each.job("words"))
    with pytest.raises(PlatformOutputError, match="no job digits that is tuned"):
        read(outputs, lambda each: each.tuning_job("digits"))


def test_the_file_needs_nothing_but_pulumi_so_that_it_can_be_copied():
    source = ast.parse(Path(platform_outputs.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(source)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [each.name for each in getattr(node, "names", [])]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert imported <= {"__future__", "collections", "dataclasses", "json", "pulumi", "typing"}


class Platform(_Answers):
    """Answers for the whole program: the account, its zones, and a job that is not launched."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        identity, state = super().new_resource(args)
        if args.typ == TRAINING_JOB:
            state = not_launched(args.inputs) | {"cost_ceiling_usd": 0.25}
        return identity, state

    def call(self, args: mocks.MockCallArgs) -> Any:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getAvailabilityZones:getAvailabilityZones": {
                "names": [f"{REGION}a", f"{REGION}b"]
            },
        }
        return (answers[args.token], []) if args.token in answers else super().call(args)


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the program exports for a stack with one job that is not launched."""
    job = '{"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"}'
    settings = {
        "aws:region": REGION,
        "sagemaker-training:team": "research",
        "sagemaker-training:jobs": f'{{"digits": {job}}}',
        "sagemaker-training:tracking": '{"mlflow": "https://mlflow.example.org"}',
    }
    exported: dict[str, pulumi.Output[Any]] = {}
    values: dict[str, Any] = {}
    pulumi.runtime.set_mocks(Platform(Recording()), project="sagemaker-training", preview=False)
    pulumi.runtime.set_all_config(settings)
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    monkeypatch.setattr(gc, "disable", lambda: None)  # this process goes on after the program

    def program() -> pulumi.Output[None]:
        runpy.run_path(str(CHECKOUT / "__main__.py"))
        return pulumi.Output.all(**exported).apply(values.update)

    pulumi.runtime.test(program)()
    yield values
    pulumi.runtime.set_all_config({})


def _is_property(member: Any) -> bool:
    return isinstance(member, property)
