"""The stack's settings: what is accepted, and how everything wrong is reported at once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from components.problems import report
from components.stack.configuration import NAMESPACE, parse
from components.stack.stack_settings import STACK_TAGS, Settings
from components.validation import section
from tests.raw_settings import problems, stack


def test_the_safe_defaults(project: Path) -> None:
    settings, found = parse(stack(), project)
    assert found == []
    assert settings is not None
    assert settings.enable_training_job is False
    assert settings.wait_for_completion is False
    assert settings.artifacts.retain is True
    job = settings.jobs["digits"]
    assert (job.instance_type, job.instance_count) == ("ml.g5.2xlarge", 1)
    assert (job.volume_gb, job.max_runtime, job.max_wait) == (100, 7200, 14400)
    assert job.spot is not None
    assert job.spot.checkpoints is True
    assert job.network_isolation is True


def test_a_lineage_does_not_contain_the_stacks_name(project: Path) -> None:
    settings, _ = parse(stack(environment="prod"), project)
    assert settings is not None
    assert settings.lineage("digits") == "research-prod-digits"


WRONG_STACKS: list[tuple[dict[str, Any], str, str]] = [
    ({"teem": "x"}, "teem", "did you mean team"),
    ({"team": "Research Team"}, "team", "lower-case"),
    ({"enableTrainingJob": "yes"}, "enableTrainingJob", "launch switch"),
    ({"costCenter": 1234}, "costCenter", "must be a text"),
    ({"costCenter": "R&D"}, "costCenter", "digits, spaces and _ . : / = + - @, and not &"),
    ({"costCenter": "x" * 257}, "costCenter", "may have 256 characters, but has 257"),
    ({"alerts": {"monthlyBudgetUsd": 0.001}}, "alerts.monthlyBudgetUsd", "parts of a cent"),
    ({"alerts": {"monthlyBudgetUsd": 1e13}}, "alerts.monthlyBudgetUsd", "less than 10000000000000"),
    ({"alerts": {"monthlyBudgetUsd": math.inf}}, "alerts.monthlyBudgetUsd", "whole cents"),
    ({"alerts": {"monthlyBudgetUsd": math.nan}}, "alerts.monthlyBudgetUsd", "whole cents"),
    ({"jobs": [{"name": "digits"}]}, "jobs", "section of names and values"),
    ({"jobs": {"Digits": {}}}, "jobs.Digits", "choose another name"),
    ({"network": {"cidr": "8.8.0.0/16"}}, "network.cidr", "private"),
    ({"network": {"cidr": "10.0.0.0/28"}}, "network.cidr", "/16 to /24"),
    ({"network": {"cidr": "ten"}}, "network.cidr", "10.64.0.0/16"),
    ({"network": "8.8.0.0/16"}, "network.cidr", "private"),
    ({"network": {"availabilityZones": 0}}, "network.availabilityZones", "1 to 6"),
    ({"network": {"availabilityZones": 7}}, "network.availabilityZones", "1 to 6"),
    ({"network": {"availabilityZones": 9}}, "network.availabilityZones", "1 to 6"),
    ({"network": {"availabilityZones": []}}, "network.availabilityZones", "1 to 6, or the names"),
    ({"network": {"availabilityZones": ["a"]}}, "network.availabilityZones.0", "as us-east-1a"),
    ({"network": {"interfaceEndpoints": ["ecr"]}}, "network.interfaceEndpoints.0", "ecr.api"),
    ({"network": {"s3Buckets": ["hub", "s3://hub"]}}, "network.s3Buckets.1", "only the name"),
    (
        {
            "network": {
                "s3Buckets": ["hub"],
                "existing": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"]},
            }
        },
        "network.existing",
        "network.s3Buckets",
    ),
    ({"network": {"flowLogDays": 2}}, "network.flowLogDays", "CloudWatch"),
    ({"network": {"flowLogDays": True}}, "network.flowLogDays", "CloudWatch"),
    ({"network": {"nat": "some"}}, "network.nat", "per-zone"),
    (
        {"network": {"nat": "single", "existing": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"]}}},
        "network.existing",
        "network.nat",
    ),
    ({"artifacts": {"retain": "no"}}, "artifacts.retain", "outlive"),
    (
        {"artifacts": {"retain": False, "existingBucket": "kept"}},
        "artifacts.existingBucket",
        "retain: true",
    ),
    ({"artifacts": {"vpcOnly": True}}, "artifacts.vpcOnly", "exemptPrincipals"),
    (
        {
            "network": {"existing": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"]}},
            "artifacts": {"vpcOnly": True, "exemptPrincipals": ["arn:aws:iam::1:role/ci"]},
        },
        "network.existing.s3EndpointId",
        "S3 endpoint",
    ),
    ({"deployer": {}}, "deployer", "trustedPrincipals"),
    ({"deployer": {"trustedPrincipals": ["*"]}}, "deployer.trustedPrincipals.0", "role/pipeline"),
    (
        {"deployer": {"githubSubjects": ["repo:acme/platform:pull_request"]}},
        "deployer.githubSubjects.0",
        "environment:production",
    ),
    ({"tracking": {}}, "tracking.mlflow", "mlflow.example.org"),
    (
        {"tracking": {"mlflow": "https://mlflow.example.org", "weightsAndBiases": "research"}},
        "tracking.weightsAndBiases",
        "remove one of the two",
    ),
    (
        {"tracking": {"weightsAndBiases": "https://wandb.example.org"}},
        "tracking.weightsAndBiases",
        "WANDB_BASE_URL",
    ),
    (
        {"tracking": {"weightsAndBiases": "research", "experiment": "a/b"}},
        "tracking.experiment",
        "write a-b",
    ),
    ({"tracking": {"mlflow": "mlruns"}}, "tracking.mlflow", "mlflow-app/<id>"),
    ({"tracking": {"mlflow": "arn:aws:s3:::mlflow"}}, "tracking.mlflow", "https://mlflow"),
    (
        {"tracking": {"mlflow": "https://user:word@mlflow.example.org"}},
        "tracking.mlflow",
        "MLFLOW_TRACKING_PASSWORD",
    ),
    (
        {"tracking": {"mlflow": "https://mlflow.example.org", "experiment": "a,b"}},
        "tracking.experiment",
        "name of the experiment",
    ),
    ({"permissionsBoundary": "boundary"}, "permissionsBoundary", "policy/boundary"),
    (
        {"permissionsBoundary": "arn:aws:iam::123456789012:policy/*"},
        "permissionsBoundary",
        "policy/boundary",
    ),
    (
        {"alerts": {"slack": {"workspaceId": "acme", "channelId": "C0123456789"}}},
        "alerts.slack.workspaceId",
        "T0123456789",
    ),
    (
        {"alerts": {"slack": {"workspaceId": "T0123456789", "channelId": "#alerts"}}},
        "alerts.slack.channelId",
        "C0123456789",
    ),
    ({"alerts": {"emails": ["someone"]}}, "alerts.emails.0", "name@example.org"),
    ({"alerts": {"monthlyBudgetUsd": 0}}, "alerts.monthlyBudgetUsd", "USD"),
    ({"alerts": {"prolonged": {"after": "1s"}}}, "alerts.prolonged.after", "12h"),
]


@pytest.mark.parametrize(
    ("changes", "path", "hint"), WRONG_STACKS, ids=[row[1] for row in WRONG_STACKS]
)
def test_a_wrong_stack_is_refused_with_path_rule_and_remedy(
    project: Path, changes: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(**changes), project)
    assert list(found) == [path]
    assert hint in str(found[path])


def test_a_missing_team_is_asked_for(project: Path) -> None:
    settings, found = parse({"jobs": {}}, project)
    assert settings is None
    assert [problem.path for problem in found] == ["team"]


def test_a_missing_value_hides_no_other_problem_and_makes_none(project: Path) -> None:
    raw = stack({"distribution": "jax", "source": {"dir": "src"}}, network={"cidr": "ten"})
    raw["jobs"]["other"] = {"image": "python:3.11", "resumeFrom": "research-dev-digits"}
    del raw["team"]
    assert problems(raw, project).keys() == {
        "team",
        "jobs.digits.source.entryPoint",
        "network.cidr",
        "jobs.other.image",
    }


def test_everything_that_is_wrong_is_reported_at_once(project: Path) -> None:
    raw = stack(
        {"instanceType": "ml.g5", "spot": {"maxWait": "1m", "chekpoints": True}, "volumeGb": "big"},
        network={"cidr": "10.0.0.0/28"},
        teem="x",
    )
    text = report(parse(raw, project)[1])
    assert text.startswith("6 problems")
    for path in ("instanceType", "spot.maxWait", "spot.chekpoints", "volumeGb", "cidr", "teem"):
        assert f"{path}:" in text


@pytest.mark.parametrize(
    ("section", "missing"),
    [
        ({"source": {"dri": "src"}}, ["source.dir", "source.entryPoint", "source.dri"]),
        ({"source": {"dir": "src"}}, ["source.entryPoint"]),
        ({"tuning": {}}, ["tuning.objective", "tuning.ranges"]),
    ],
)
def test_a_section_without_its_values_hides_nothing_of_the_other_sections(
    project: Path, section: dict[str, Any], missing: list[str]
) -> None:
    job = {"metrics": {"loss": "loss=[0-9.]+"}, "inputs": {"train": {"path": "absent"}}}
    found = problems(stack(job | section), project).keys()
    expected = [*missing, "metrics.loss", "inputs.train.path"]
    assert found == {f"jobs.digits.{each}" for each in expected}


def test_a_job_too_large_for_its_subnet_is_refused(project: Path) -> None:
    found = problems(stack({"instanceCount": 20}, network={"cidr": "10.0.0.0/24"}), project)
    assert list(found) == ["network.cidr"]
    assert "20 instances" in str(found["network.cidr"])


def test_a_lineage_that_leaves_no_room_for_a_jobs_name_is_refused(project: Path) -> None:
    raw = stack(team="t" * 20)
    raw["jobs"] = {"a-job-with-a-very-long-name": raw["jobs"]["digits"]}
    found = problems(raw, project)
    assert list(found) == ["jobs.a-job-with-a-very-long-name"]
    assert "63" in str(found["jobs.a-job-with-a-very-long-name"])


def test_a_team_and_environment_too_long_for_the_names_of_roles_are_refused(project: Path) -> None:
    assert list(problems(stack(team="t" * 20, environment="e" * 20), project)) == ["team"]


@pytest.mark.parametrize("name", ["API_KEY", "apiKey", "dbPassword", "wandbAPIKey", "HFToken"])
def test_a_value_that_looks_secret_is_not_printed(project: Path, name: str) -> None:
    found = parse(stack({"environment": {name: "hunter2"}}), project)[1]
    assert [each.path for each in found] == [f"jobs.digits.environment.{name}"]
    assert "hunter2" not in report(found)


@pytest.mark.parametrize("arguments", [["--password=hunter2"], ["--db-password", "hunter2"]])
def test_an_argument_that_looks_secret_is_refused(project: Path, arguments: list[str]) -> None:
    raw = stack()
    raw["jobs"]["digits"]["source"]["arguments"] = arguments
    found = parse(raw, project)[1]
    assert [each.path for each in found] == [f"jobs.digits.source.arguments.{len(arguments) - 1}"]
    assert "hunter2" not in report(found)


@pytest.mark.parametrize(
    "word", ["max_tokens", "maxTokens", "token_count", "tokenizer", "keyboard"]
)
def test_what_only_sounds_like_a_secret_is_accepted(project: Path, word: str) -> None:
    assert problems(stack({"hyperparameters": {word: 512}}), project) == {}


def test_fresh_starts_another_lineage_and_resume_from_names_one(project: Path) -> None:
    fresh, _ = parse(stack({"fresh": "b"}), project)
    renamed, _ = parse(stack({"resumeFrom": "research-dev-old"}), project)
    assert fresh is not None
    assert renamed is not None
    assert fresh.lineage("digits") == "research-dev-digits-b"
    assert renamed.lineage("digits") == "research-dev-old"


def test_a_job_that_was_renamed_is_known_by_each_name_that_it_may_have_had(project: Path) -> None:
    raw = stack({"resumeFrom": "research-dev-big-old-b"})
    raw["jobs"]["big"] = stack()["jobs"]["digits"]
    settings, _ = parse(raw, project)
    assert settings is not None
    # Not research-dev-big, which is the other job's own.
    assert settings.earlier_resource_names("digits") == [
        "research-dev-big-old-b",
        "research-dev-big-old",
    ]
    assert settings.earlier_resource_names("big") == []


@pytest.mark.parametrize(
    ("name", "job", "earlier"),
    [("digits", {"fresh": "b"}, "research-dev-digits-b"), ("digits-b", {}, "research-dev-digits")],
)
def test_a_job_whose_new_name_takes_its_fresh_in_or_gives_it_up_is_known_by_the_other(
    project: Path, name: str, job: dict[str, Any], earlier: str
) -> None:
    raw = stack()
    raw["jobs"] = {name: raw["jobs"]["digits"] | job}
    settings, _ = parse(raw, project)
    assert settings is not None
    assert settings.lineage(name) == "research-dev-digits-b"
    assert settings.earlier_resource_names(name) == [earlier]


def test_two_jobs_on_one_lineage_are_refused(project: Path) -> None:
    raw = stack()
    raw["jobs"]["more"] = raw["jobs"]["digits"] | {"resumeFrom": "research-dev-digits"}
    found = problems(raw, project)
    assert list(found) == ["jobs.more"]
    assert "lineage of digits" in str(found["jobs.more"])


def test_each_run_of_a_recurring_job_is_a_lineage_and_without_run_nothing_is_launched(
    project: Path,
) -> None:
    idle, _ = parse(stack({"recurring": True}, enableTrainingJob=True), project)
    running, _ = parse(stack({"recurring": True}, enableTrainingJob=True, run="2026-w48"), project)
    off, _ = parse(stack({"recurring": True}, run="2026-w48"), project)
    assert idle is not None
    assert running is not None
    assert off is not None
    assert [each.lineage("digits") for each in (idle, running)] == [
        "research-dev-digits",
        "research-dev-digits-2026-w48",
    ]
    assert {each.lasting_lineage("digits") for each in (idle, running)} == {"research-dev-digits"}
    assert [each.launches("digits") for each in (idle, running, off)] == [False, True, False]
    # Not research-dev-digits-2026, which no job was ever called.
    assert running.earlier_resource_names("digits") == []


@pytest.mark.parametrize("run", ["202648", "48", "2026-w48"])
def test_a_run_is_text_even_if_it_looks_like_a_number(project: Path, run: str) -> None:
    values = {"sagemaker-training:run": run}
    raw = stack({"recurring": True}) | section(values, NAMESPACE, Settings)
    settings, found = parse(raw, project)
    assert found == []
    assert settings is not None
    assert settings.run == run


@pytest.mark.parametrize("run", ["2026_w48", "W48", "w48-", "2026-w48-0123456789"])
def test_a_run_that_a_jobs_name_can_not_have_is_refused(project: Path, run: str) -> None:
    assert list(problems(stack({"recurring": True}, run=run), project)) == ["run"]


def test_what_contradicts_a_recurring_job_is_refused(project: Path) -> None:
    assert list(problems(stack(run="w48"), project)) == ["run"]
    found = problems(stack({"recurring": True, "fresh": "b"}), project)
    assert list(found) == ["jobs.digits.fresh"]
    found = problems(stack({"recurring": True, "resumeFrom": "research-dev-old"}), project)
    assert list(found) == ["jobs.digits.resumeFrom"]
    raw = stack({"recurring": True})
    raw["jobs"]["digits-big"] = stack()["jobs"]["digits"]
    assert list(problems(raw, project)) == ["jobs.digits-big"]


def test_the_model_of_a_last_run_is_that_of_a_recurring_job_and_for_one(project: Path) -> None:
    last = {"inputs": {"model": {"lastRunOf": "digits"}}}
    assert problems(stack({"recurring": True} | last), project) == {}
    assert list(problems(stack(last), project)) == ["jobs.digits.inputs.model.lastRunOf"]
    raw = stack({"recurring": True} | last)
    raw["jobs"]["digits"]["inputs"]["model"]["lastRunOf"] = "letters"
    found = problems(raw, project)
    assert list(found) == ["jobs.digits.inputs.model.lastRunOf"]
    assert "name one of digits" in str(found["jobs.digits.inputs.model.lastRunOf"])


def test_the_name_of_a_recurring_job_leaves_room_for_the_longest_run(project: Path) -> None:
    def found(length: int) -> list[str]:
        raw = stack()
        name = "j" * (length - len("research-dev-"))
        raw["jobs"] = {name: raw["jobs"]["digits"] | {"recurring": True}}
        return list(problems(raw, project))

    assert found(33) == []
    assert found(34) == [f"jobs.{'j' * 21}"]


def test_the_tags_leave_out_what_is_empty() -> None:
    settings = Settings(team="research")
    tags = settings.tags("research-dev")
    assert tags == {"team": "research", "environment": "dev", "stack": "research-dev"}


def test_the_tags_that_a_job_may_not_have_are_those_of_its_stack(project: Path) -> None:
    settings, _ = parse(stack(costCenter="1"), project)
    assert settings is not None
    assert settings.tags("dev").keys() == STACK_TAGS
