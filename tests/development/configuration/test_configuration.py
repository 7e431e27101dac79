"""What is written from the settings' model: the page, the schema and Pulumi.yaml's declarations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from components.stack.aws_settings import AwsSettings
from components.stack.configuration import NAMESPACE, parse
from components.stack.stack_settings import Settings
from development.configuration.declarations import declaration, with_declarations
from development.configuration.documents import documents, write
from development.configuration.schema import model_schema
from development.configuration.settings_page import (
    FIRST_SETTINGS,
    first_settings,
    in_words,
    sections,
)
from platform_outputs import PlatformOutputs, TrainingJobOutputs

CHECKOUT = Path(__file__).parents[3]
FILES = (
    "docs/configuration.md",
    "docs/outputs.md",
    "examples/downstream/platform_outputs.py",
    "stack.schema.json",
    "Pulumi.yaml",
)
SETTINGS = model_schema(Settings)


@pytest.fixture(scope="module")
def written() -> dict[Path, str]:
    return documents(CHECKOUT)


@pytest.mark.parametrize("name", FILES)
def test_what_users_read_is_what_the_settings_say(written: dict[Path, str], name: str):
    path = CHECKOUT / name
    assert path.read_text() == written[path], "run `.venv/bin/python -m development configuration`"


def test_only_files_that_are_out_of_date_are_written(tmp_path: Path):
    for folder in ("docs", "examples/downstream"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: sagemaker-training\n")
    assert {path.name for path in write(tmp_path)} == {Path(name).name for name in FILES}
    (tmp_path / "stack.schema.json").write_text("{}")
    assert [path.name for path in write(tmp_path)] == ["stack.schema.json"]


def test_each_setting_is_on_the_page_with_its_description():
    page = (CHECKOUT / "docs" / "configuration.md").read_text()
    for model in models(Settings):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no description"
            row = next(
                line for line in page.splitlines() if line.startswith(f"| `{field.alias}` |")
            )
            assert row
            assert field.description.replace("<", "&lt;") in page


def test_the_page_begins_with_a_stack_that_has_the_first_settings_and_breaks_no_rule():
    page = (CHECKOUT / "docs" / "configuration.md").read_text()
    first = page.split("\n## ")[1]
    config = yaml.safe_load(first.split("```yaml\n")[1].split("```")[0])["config"]
    assert config.pop("aws:region") == "us-east-1"
    raw = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in config.items()}
    [job] = raw["jobs"].values()
    assert tuple(job) == FIRST_SETTINGS
    assert parse(raw, CHECKOUT)[1] == []
    for name in FIRST_SETTINGS:
        assert f"\n| `{name}` |" in first


def test_a_first_setting_that_a_job_does_not_have_is_refused():
    job = dict(sections("", SETTINGS))["jobs.<name>"]
    fewer = {key: each for key, each in job["properties"].items() if key != "maxRuntime"}
    with pytest.raises(ValueError, match="no setting maxRuntime"):
        first_settings(job | {"properties": fewer})


def test_each_section_of_the_page_is_linked_and_each_link_leads_to_one():
    page = (CHECKOUT / "docs" / "configuration.md").read_text()
    paths = [path for path, _ in sections("", SETTINGS)]
    assert "jobs.<name>.inputs.<name>" in paths
    for path in paths:
        assert f"\n## `{path}`\n" in page
        assert f"](#{path.replace('.', '').replace('<', '').replace('>', '').lower()})" in page


def test_pulumi_declares_each_key_of_the_model_and_no_other(declared: dict[str, Any]):
    assert list(declared) == [field.alias for field in Settings.model_fields.values()]


def test_the_declared_defaults_are_those_of_the_model(declared: dict[str, Any]):
    defaults = {key: each["default"] for key, each in declared.items() if "default" in each}
    assert Settings.model_validate({"team": "x"} | defaults) == Settings(team="x")


def test_the_engine_demands_nothing_but_the_team(declared: dict[str, Any]):
    assert [key for key, each in declared.items() if "default" not in each] == ["team"]


def test_types_are_declared_but_of_what_takes_several(declared: dict[str, Any]):
    untyped = {key for key, each in declared.items() if "type" not in each}
    assert untyped == {"network", "alerts", "deployer", "tracking"}
    known = {"string", "integer", "boolean", "array", "object"}
    assert {each["type"] for each in declared.values() if "type" in each} <= known


def test_a_list_is_declared_with_the_type_of_its_items():
    node = {"type": "array", "items": {"type": "string"}, "description": "Names.", "default": []}
    assert declaration("names", node)["items"] == {"type": "string"}


def test_a_key_that_the_engine_would_demand_of_every_stack_is_refused():
    with pytest.raises(ValueError, match="owner needs a default"):
        declaration("owner", {"type": "string", "description": "The owner."})


def test_the_rest_of_pulumi_yaml_stays_as_it_is():
    first = with_declarations("name: x\nruntime: python # why\n", SETTINGS)
    assert first.startswith("name: x\nruntime: python # why\n")
    assert with_declarations(first, SETTINGS) == first


def test_pulumi_new_asks_for_settings_that_a_text_can_answer():
    questions = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())["template"]["config"]
    own = {key: each.get("default", "") for key, each in questions.items() if ":" not in key}
    settings, problems = parse(own | {"team": "research"}, CHECKOUT)
    assert problems == []
    assert settings == Settings(team="research")
    assert {key for key in questions if ":" in key} == {"aws:region", "aws:allowedAccountIds"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (7200, "2 hours"),
        (90_061, "1 day 1 hour 1 minute 1 second"),
    ],
)
def test_durations_are_written_in_words(seconds: int, words: str):
    assert in_words(seconds) == words


def test_each_output_and_each_field_of_a_job_is_on_the_page_of_outputs():
    page = (CHECKOUT / "docs" / "outputs.md").read_text()
    outputs = [
        name for name, member in vars(PlatformOutputs).items() if isinstance(member, property)
    ]
    for name in [*outputs, *(field.name for field in fields(TrainingJobOutputs))]:
        assert f"\n| `{name}` | `" in page


def test_the_aws_keys_are_described_too():
    assert all(field.description for field in AwsSettings.model_fields.values())


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """The keys that Pulumi.yaml declares."""
    config: dict[str, Any] = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())["config"]
    return config


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and all models within it."""
    yield model
    for field in model.model_fields.values():
        for inner in inner_models(field.annotation):
            yield from models(inner)


def inner_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from inner_models(argument)
