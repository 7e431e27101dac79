"""What preflight asks AWS before a launch, and what it says of the answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session
from pulumi.output import Unknown

from components.training_job.preflight.preflight import Preflight
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.job_inputs import JobInputs
from components.unknowns import UNKNOWN
from tests.components.fake_aws import DIGEST, FakeAws
from tests.components.training_job.conftest import ON_DEMAND, SPOT, WARM_POOL

Inputs = Callable[..., dict[str, Any]]
SIMULATE = "SimulatePrincipalPolicy"
DATA = {"inputs": {"train": {"s3Uri": "s3://data/train/"}}}


@pytest.fixture
def aws(aws: FakeAws) -> FakeAws:
    """An account that has the jobs' data as well."""
    aws.objects = {"s3://data/train/0.csv": b""}
    return aws


@pytest.fixture
def preflight(aws: FakeAws) -> Preflight:
    return Preflight(aws)  # type: ignore[arg-type]


def texts(preflight: Preflight, inputs: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in preflight.problems(JobInputs.of(inputs))]


def start(aws: FakeAws, inputs: dict[str, Any], lineage: str, owner: str = "") -> str:
    """The name of a job of a lineage that runs, as if another program had launched it."""
    name = f"{lineage}-00000001-1"
    tags = [{"Key": "sagemaker-training:owner", "Value": owner}]
    aws.create_training_job(**inputs["request"] | {"TrainingJobName": name, "Tags": tags})
    return name


def test_a_launch_without_problems_prints_nothing(
    preflight: Preflight,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert texts(preflight, job_inputs(DATA)) == []
    assert capsys.readouterr().out == ""
    assert len([call for call in aws.calls if call != SIMULATE]) == 6


def test_everything_that_is_missing_is_reported_at_once_with_path_value_rule_and_remedy(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.quotas[SPOT] = 1
    aws.images, aws.objects, aws.roles = {}, {"s3://data/other": b""}, set()
    found = texts(preflight, job_inputs({**DATA, "instanceCount": 2}))
    paths = [text.partition(":")[0] for text in found]
    assert paths == [
        "request.ResourceConfig",
        "request.AlgorithmSpecification.TrainingImage",
        "request.InputDataConfig[0].DataSource.S3DataSource.S3Uri",
        "request.RoleArn",
    ]
    assert all("Remedy: " in text for text in found)
    assert f"quota of instances of {SPOT} in us-east-1 is 1, of which 0 are in use" in found[0]
    assert "servicequotas/home/services/sagemaker/quotas/L-00000000" in found[0]


def test_the_command_that_a_missing_quota_prints_is_one_that_aws_accepts(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.quotas[SPOT] = 1
    [text] = texts(preflight, job_inputs({"instanceCount": 3}))
    [command] = re.findall(r"`(aws service-quotas [^`]+)`", text)
    _, service, operation, *options = command.split()
    request = {
        xform_name(option.removeprefix("--").replace("-", "_")): value
        for option, value in zip(options[::2], options[1::2], strict=True)
    }
    assert request.pop("region") == "us-east-1"
    model = get_session().get_service_model(service)
    [shape] = [
        model.operation_model(name).input_shape
        for name in model.operation_names
        if xform_name(name, "-") == operation
    ]
    assert request == {
        "service_code": "sagemaker",
        "quota_code": "L-00000000",
        "desired_value": "3",
    }
    assert shape is not None
    assert request.keys() <= {xform_name(member) for member in shape.members}


@pytest.mark.parametrize(
    ("job", "short"),
    [
        ({}, SPOT),
        ({"spot": False}, ON_DEMAND),
        ({"spot": False, "keepAlive": "30m"}, WARM_POOL),
    ],
)
def test_spot_on_demand_and_warm_pools_have_quotas_of_their_own(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs, job: Any, short: str
) -> None:
    aws.quotas = dict.fromkeys(aws.quotas, 10.0) | {short: 0}
    [text] = texts(preflight, job_inputs(job))
    assert short in text


def test_what_other_jobs_use_counts_and_what_this_lineage_uses_does_not(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    three = job_inputs({"instanceCount": 3})
    start(aws, three, "research-dev-digits", three["owner"])
    start(aws, job_inputs({"spot": False, "instanceCount": 3}), "vision-dev-cats")
    assert texts(preflight, three) == []

    start(aws, job_inputs({"instanceCount": 2}), "vision-dev-dogs")
    [text] = texts(Preflight(aws), three)  # type: ignore[arg-type]
    assert "is 4, of which 2 are in use" in text
    assert "ask for 5 with `aws service-quotas request-service-quota-increase " in text


PREFIX = "t0123456-digits-"


def tuned(job_inputs: Inputs, parallel: int = 2, lineage: str = "research-dev-digits") -> Any:
    """The inputs of a job of one instance that is tuned."""
    tuning = {"ResourceLimits": {"MaxParallelTrainingJobs": parallel}}
    return job_inputs(lineage=lineage, tuning=tuning, tuning_name_prefix=PREFIX)


def start_trial(
    aws: FakeAws, inputs: dict[str, Any], number: int, *, lineage: str, owner: str = "artifacts"
) -> str:
    """The name of a trial of a tuning job of a lineage, which runs."""
    tuning = f"{PREFIX}00000001-1"
    name = f"{tuning}-{number:03}-0123abcd"
    checkpoints = {"S3Uri": f"s3://artifacts/checkpoints/{lineage}/{tuning}/"}
    tags = {"sagemaker-training:owner": owner, "sagemaker-training:lineage": lineage}
    aws.create_training_job(
        **inputs["request"]
        | {
            "TrainingJobName": name,
            "CheckpointConfig": checkpoints,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
    )
    aws.jobs[name]["TuningJobArn"] = f"arn:aws:sagemaker:::hyper-parameter-tuning-job/{tuning}"
    return name


def test_a_tuning_job_takes_the_instances_of_its_parallel_trials(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    assert texts(preflight, tuned(job_inputs, 4)) == []
    [text] = texts(Preflight(aws), tuned(job_inputs, 5))  # type: ignore[arg-type]
    assert text.startswith("request.ResourceConfig: 5 — the account's quota of instances of")
    assert "another instance type, fewer instances or parallel trials, or wait" in text
    [text] = texts(preflight, job_inputs(lineage="research-dev-other"))
    assert "is 4, of which 4 are in use or asked for by this stack's other jobs" in text


def test_trials_of_the_lineage_do_not_count_beside_its_next_tuning_job_and_others_do(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    inputs = tuned(job_inputs, 3)
    for number in (1, 2):
        start_trial(aws, inputs, number, lineage=inputs["lineage"])
    assert texts(preflight, inputs) == []
    # The names of two jobs may be the same as far as they fit into a tuning job's name.
    for number in (3, 4):
        start_trial(aws, inputs, number, lineage="research-dev-digits-large")
    [text] = texts(Preflight(aws), inputs)  # type: ignore[arg-type]
    assert "is 4, of which 2 are in use" in text


def test_another_owners_trials_on_the_lineage_are_reported(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    inputs = tuned(job_inputs)
    start_trial(aws, inputs, 1, lineage=inputs["lineage"])
    assert texts(preflight, inputs) == []
    name = start_trial(aws, inputs, 2, lineage=inputs["lineage"], owner="theirs")
    [text] = texts(Preflight(aws), inputs)  # type: ignore[arg-type]
    assert f"{name} is running on its checkpoints and belongs to theirs" in text


def test_the_jobs_of_a_stack_share_the_quota(preflight: Preflight, job_inputs: Inputs) -> None:
    assert texts(preflight, job_inputs({"instanceCount": 3}, lineage="research-dev-a")) == []
    assert texts(preflight, job_inputs({"instanceCount": 3}, lineage="research-dev-a")) == []
    [text] = texts(preflight, job_inputs({"instanceCount": 2}, lineage="research-dev-b"))
    assert "of which 3 are in use or asked for by this stack's other jobs" in text


def test_a_type_without_a_quota_has_no_limit(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.quotas = {}
    assert texts(preflight, job_inputs({"instanceCount": 50})) == []


def test_what_may_not_be_asked_is_reported_once_and_stops_nothing(
    preflight: Preflight,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.deny("ListServiceQuotas", "BatchGetImage", "ListObjectsV2", "GetRole", SIMULATE)
    assert texts(preflight, job_inputs(DATA)) == []
    assert texts(preflight, job_inputs(DATA, lineage="research-dev-b")) == []
    warnings = capsys.readouterr().out.splitlines()
    assert len(warnings) == 5
    assert all(line.startswith("preflight can't see ") for line in warnings)


def test_jobs_that_may_not_be_seen_are_not_counted(
    preflight: Preflight,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    start(aws, job_inputs({"instanceCount": 4}), "vision-dev-cats")
    aws.deny("DescribeTrainingJob")
    assert texts(preflight, job_inputs()) == []
    assert "counts no instances of jobs that these credentials may not see" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(("status", "counts"), [("Stopping", True), ("Stopped", False)])
def test_a_job_that_is_stopping_holds_its_instances_and_its_checkpoints(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs, status: str, counts: bool
) -> None:
    three = job_inputs({"instanceCount": 3})
    for lineage in ("vision-dev-cats", "research-dev-digits"):
        name = start(aws, job_inputs({"instanceCount": 2}), lineage, "theirs")
        aws.set_status(name, status)
    paths = [problem.path for problem in preflight.problems(JobInputs.of(three))]
    assert paths == (["request.ResourceConfig", "lineage"] if counts else [])


@pytest.mark.parametrize("ended", [True, False])
def test_an_older_job_that_a_search_shows_as_running_counts_only_if_it_still_runs(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs, ended: bool
) -> None:
    three = job_inputs({"instanceCount": 3})
    aws.now -= timedelta(hours=3)
    name = start(aws, job_inputs({"instanceCount": 2}), "vision-dev-cats", "theirs")
    aws.now += timedelta(hours=3)
    if ended:
        aws.set_status(name, "Completed")
    paths = [problem.path for problem in preflight.problems(JobInputs.of(three))]
    assert paths == ([] if ended else ["request.ResourceConfig"])


@pytest.mark.parametrize("theirs", [True, False])
def test_another_owners_live_job_on_the_lineage_is_reported_before_anything_is_stopped(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs, theirs: bool
) -> None:
    inputs = job_inputs()
    owner = "theirs" if theirs else inputs["owner"]
    name = start(aws, inputs, inputs["lineage"], owner)
    found = texts(preflight, inputs)
    assert len(found) == theirs
    assert all(
        f"{name} is running on its checkpoints and belongs to {owner}" in text for text in found
    )
    assert aws.live() == [name]


@pytest.mark.parametrize("unknown", [UNKNOWN, Unknown()])  # type: ignore[no-untyped-call]
def test_what_is_not_known_yet_is_passed_over(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs, unknown: Any
) -> None:
    aws.roles, aws.objects = set(), {}
    inputs = job_inputs({"inputs": {"train": {"s3Uri": "s3://later/"}}}, owner=unknown)
    [train, _code] = inputs["request"]["InputDataConfig"]
    train["DataSource"]["S3DataSource"]["S3Uri"] = unknown
    inputs["request"] |= {"RoleArn": unknown, "CheckpointConfig": {"S3Uri": unknown}}
    inputs["request"]["OutputDataConfig"]["S3OutputPath"] = unknown
    inputs["request"]["AlgorithmSpecification"]["TrainingImage"] = unknown
    assert texts(preflight, inputs) == []
    assert set(aws.calls) == {"ListServiceQuotas", "ListTrainingJobs", "Search"}
    assert aws.calls.count("ListServiceQuotas") == 1


def test_what_the_stack_uploads_need_not_be_there_before(
    preflight: Preflight, job_inputs: Inputs
) -> None:
    own = {"s3Uri": "s3://artifacts/inputs/research-dev-digits/train/0/"}
    assert texts(preflight, job_inputs({"inputs": {"train": own}})) == []


@pytest.mark.parametrize("image", ["public.ecr.aws/acme/training:1", "training:1"])
def test_only_a_private_registry_is_asked_for_an_image(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs, image: str
) -> None:
    assert texts(preflight, job_inputs({"image": image})) == []
    assert "BatchGetImage" not in aws.calls


@pytest.mark.parametrize("images", [{}, {"training:2": DIGEST}])
def test_a_missing_repository_and_a_missing_tag_are_the_same_to_a_job(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs, images: dict[str, str]
) -> None:
    aws.images = images
    [text] = texts(preflight, job_inputs())
    assert "is not in its ECR repository" in text


def test_a_hundred_jobs_ask_no_more_than_one(
    preflight: Preflight, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.quotas[SPOT] = 100
    assert texts(preflight, job_inputs(DATA, lineage="research-dev-0")) == []
    asked = len(aws.calls)
    for number in range(1, 100):
        assert texts(preflight, job_inputs(DATA, lineage=f"research-dev-{number}")) == []
    assert len(aws.calls) == asked


def test_check_refuses_a_launch_that_would_fail(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.quotas[SPOT] = 0
    [failure] = provider.check({}, job_inputs(preflight=True)).failures
    assert failure.property == "request.ResourceConfig"
    assert SPOT in failure.reason


def test_check_prints_what_is_against_a_launch_before_the_switch_is_on(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.quotas[SPOT] = 0
    assert provider.check({}, job_inputs(preflight=True, launch=False)).failures == []
    assert SPOT in capsys.readouterr().out


def test_check_asks_nothing_where_nothing_is_launched_again(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    olds = provider.check({}, job_inputs(preflight=True)).inputs
    aws.calls.clear()
    for unchanged in (
        job_inputs(preflight=True),
        job_inputs({"paused": True}, preflight=True),
        job_inputs({"hyperparameters": {"epochs": 2}}, preflight=False),
    ):
        assert provider.check(olds, unchanged).failures == []
    assert aws.calls == []


def test_check_asks_where_a_job_is_created_or_replaced_which_the_engine_checks_without_old_inputs(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.roles = set()
    [failure] = provider.check({}, job_inputs(preflight=True)).failures
    assert failure.property == "request.RoleArn"


@pytest.mark.parametrize(
    "before", [{"launch": False}, {"job": {"paused": True}}], ids=["switched off", "paused"]
)
def test_check_asks_nothing_for_a_job_that_may_have_completed_before_it_was_switched_on_again(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, before: Any
) -> None:
    """Only its diff says whether it is launched; if so, the engine checks it again."""
    olds = provider.check({}, job_inputs(**before, preflight=False)).inputs
    aws.quotas[SPOT] = 0
    aws.roles = set()
    assert provider.check(olds, job_inputs(preflight=True)).failures == []
    assert aws.calls == []
