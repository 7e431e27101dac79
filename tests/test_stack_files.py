"""The stack files of the checkout, and the schema by which editors check such files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from components.network.subnets import chosen_zones
from components.stack.configuration import NAMESPACE, parse
from components.stack.stack_settings import Settings
from components.training_platform import TrainingPlatform
from tests.components.recording import ACCOUNT, REGION, Recording, record

CHECKOUT = Path(__file__).parents[1]
STACK_FILES = sorted(CHECKOUT.glob("Pulumi.*.yaml"))
SCHEMA = Draft7Validator(json.loads((CHECKOUT / "stack.schema.json").read_text()))
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/training:1"
NAMES = frozenset({"lineage", "name", "bucket", "namePrefix"})


def raw(path: Path) -> dict[str, Any]:
    """A stack file's settings, as the program gets them."""
    config = yaml.safe_load(path.read_text())["config"]
    keys = (key.partition(":") for key in config)
    return {name: config[f"{owner}:{name}"] for owner, _, name in keys if owner == NAMESPACE}


def settings_of(path: Path) -> Settings:
    settings, problems = parse(raw(path), CHECKOUT)
    assert problems == []
    assert settings is not None
    return settings


def in_schema(settings: dict[str, Any]) -> bool:
    config = {f"{NAMESPACE}:{key}": value for key, value in settings.items()}
    return bool(SCHEMA.is_valid({"config": {"aws:region": REGION} | config}))


def test_there_are_stack_files_of_several_teams():
    teams = {settings_of(path).team for path in STACK_FILES}
    assert teams >= {"research", "vision"}


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_a_stack_file_is_accepted_by_the_program_and_by_the_schema(path: Path):
    settings_of(path)
    errors = SCHEMA.iter_errors(yaml.safe_load(path.read_text()))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_a_stack_file_is_named_after_its_team_and_environment_and_launches_nothing(path: Path):
    settings = settings_of(path)
    assert path.name in {f"Pulumi.{settings.name_prefix}.yaml", "Pulumi.dev.yaml"}
    assert settings.enable_training_job is False


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_a_stack_file_names_its_schema_for_editors(path: Path):
    first = path.read_text().partition("\n")[0]
    assert first == "# yaml-language-server: $schema=stack.schema.json"


def test_the_production_stack_fine_tunes_on_several_gpu_instances_and_keeps_its_models():
    settings = settings_of(CHECKOUT / "Pulumi.research-prod.yaml")
    [job] = settings.jobs.values()
    assert job.instance_type.startswith("ml.g5.")
    assert job.instance_count > 1
    assert job.distribution == "torchrun"
    assert settings.artifacts.retain
    assert settings.alerts is not None
    assert settings.alerts.emails
    assert settings.alerts.prolonged
    assert settings.alerts.monthly_budget_usd


def test_the_stacks_of_two_teams_share_no_name():
    research, vision = (
        recorded(CHECKOUT / f"Pulumi.{name}.yaml") for name in ("research-prod", "vision-dev")
    )
    assert names_in(research)
    assert names_in(vision)
    assert names_in(research) & names_in(vision) == set()


def test_two_environments_of_a_team_share_no_name():
    research, dev = (
        recorded(CHECKOUT / f"Pulumi.{name}.yaml") for name in ("research-prod", "dev")
    )
    assert names_in(research) & names_in(dev) == set()


def job(**changes: Any) -> dict[str, Any]:
    return {"team": "research", "jobs": {"digits": {"image": IMAGE} | changes}}


def shown(settings: dict[str, Any]) -> str:
    return str(settings).replace(IMAGE, "…")


ACCEPTED: list[dict[str, Any]] = [
    job(),
    job(spot=True),
    job(spot=False),
    job(spot={"maxWait": 20_000}),
    job(maxRuntime=60, spot={"maxWait": "1d2h"}),
    job(maxRuntime="1h30m"),
    job(maxRuntime="20s"),
    job(spot=False, keepAlive="10m"),
    job(hyperparameters={"epochs": 3, "rate": 0.1, "name": "x", "flag": True}),
    job(extra={"RemoteDebugConfig": {"EnableRemoteDebug": True}}),
    {"team": "research", "alerts": False},
    {"team": "research", "alerts": True},
    {"team": "research", "alerts": {"prolonged": {"after": "12h"}}},
    {"team": "research", "deployer": False},
    {"team": "research", "tracking": False},
    {"team": "research", "tracking": {"weightsAndBiases": "research"}},
    {"team": "research", "network": {"flowLogDays": 30}},
]


@pytest.mark.parametrize("settings", ACCEPTED, ids=shown)
def test_what_the_program_accepts_the_schema_accepts(settings: dict[str, Any]):
    assert parse(settings, CHECKOUT)[1] == []
    assert in_schema(settings)


REFUSED: list[dict[str, Any]] = [
    {},
    {"team": "Research Team"},
    {"team": "research", "teem": "x"},
    {"team": "research", "enableTrainingJob": "yes"},
    {"team": "research", "network": {"availabilityZones": 9}},
    {"team": "research", "network": {"flowLogDays": 2}},
    {"team": "research", "network": {"existing": {"vpcId": "vpc-1"}}},
    {"team": "research", "alerts": {"prolonged": {"after": "soon"}}},
    {"team": "research", "alerts": {"monthlyBudgetUsd": 0}},
    {"team": "research", "deployer": True},
    {"team": "research", "tracking": "https://mlflow.example.org"},
    {"team": "research", "jobs": {"Digits": {"image": IMAGE}}},
    {"team": "research", "jobs": {"digits": {}}},
    job(algorithm="scikit-decision-trees"),
    job(maxRuntime="1m1h"),
    job(maxRuntime=""),
    job(maxRuntime=20),
    job(instanceCount=0),
    job(spot={"chekpoints": True}),
    job(source={"dir": "src"}),
    job(distribution="horovod"),
    job(hyperparameters={"layers": [1, 2]}),
]


@pytest.mark.parametrize("settings", REFUSED, ids=shown)
def test_what_the_schema_refuses_the_program_refuses(settings: dict[str, Any]):
    assert not in_schema(settings)
    assert parse(settings, CHECKOUT)[1] != []


def test_the_keys_of_other_providers_are_not_the_schemas_business():
    config = {"aws:region": REGION, f"{NAMESPACE}:team": "research", "random:seed": "1"}
    assert SCHEMA.is_valid({"config": config, "encryptionsalt": "v1:abc"})
    assert not SCHEMA.is_valid({"config": config | {"team": "research"}})


def recorded(path: Path) -> Recording:
    """What the program registers for a stack file."""
    settings = settings_of(path)
    zones = chosen_zones(
        [f"{REGION}{zone}" for zone in "abcdef"], settings.network.availability_zones
    )
    site = settings.site(ACCOUNT, REGION, "test", zones)
    return record(lambda: TrainingPlatform(site, settings, CHECKOUT))


def names_in(recording: Recording) -> set[str]:
    """The names of all resources, from which AWS names are made, and the names that are given."""
    # The lineages are nothing in AWS, and keep their name where a stack's team changes.
    names = {each.name for each in recording.resources if not each.type.endswith("Lineages")}
    for each in recording.resources:
        names |= {value for key, value in each.inputs.items() if key in NAMES and value}
    return names
