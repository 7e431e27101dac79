from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project_check import PROJECT_KEYS, STACK_KEYS, main, problems_in
from toolchain.layout import CHECKOUT

PROJECT = {"name": "training", "runtime": {"name": "python", "options": {"virtualenv": ".venv"}}}
ANALYZERS = {"analyzers": [{"name": "policy-python", "path": "empty"}]}


def problems(folder: Path, project: Any = PROJECT, stack: Any = None) -> list[str]:
    """The paths of what is wrong with these files."""
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    if stack is not None:
        (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))
    return [each.path for each in problems_in(folder, "organization/training/dev")]


@pytest.mark.parametrize("file", sorted(CHECKOUT.glob("Pulumi.*.yaml")), ids=lambda each: each.name)
def test_the_files_of_this_repository_do_not_affect_the_pack(file: Path):
    assert list(problems_in(CHECKOUT, file.name.split(".")[1])) == []


def test_a_program_that_swaps_the_pack_is_refused_with_the_reason_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert problems(tmp_path, PROJECT | {"plugins": ANALYZERS}) == ["Pulumi.yaml: plugins"]
    assert main([str(tmp_path), "--stack", "dev"]) == 1
    reported = capsys.readouterr()
    assert reported.out == ""
    assert "also of the one that starts the policy pack" in reported.err
    assert "Remedy: remove plugins." in reported.err


def test_a_project_that_does_not_affect_the_pack_passes_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert problems(tmp_path, PROJECT, {"config": {"training:team": "research"}}) == []
    assert main([str(tmp_path), "--stack", "dev"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "more",
    [
        {"packages": {"aws": "./mine"}},
        {"stackConfigDir": "elsewhere"},
        {"backend": {"url": "file:///tmp"}},
        {"Plugins": ANALYZERS},
        {"anything": 1},
    ],
)
def test_a_key_of_the_project_that_is_not_known_to_be_harmless_is_refused(
    tmp_path: Path, more: dict[str, Any]
):
    assert problems(tmp_path, PROJECT | more) == [f"Pulumi.yaml: {key}" for key in more]


@pytest.mark.parametrize("key", ["environment", "plugins", "backend"])
def test_a_key_of_the_stacks_file_that_is_not_known_to_be_harmless_is_refused(
    tmp_path: Path, key: str
):
    assert problems(tmp_path, PROJECT, {"config": {}, key: ["x"]}) == [f"Pulumi.dev.yaml: {key}"]


@pytest.mark.parametrize("key", ["pulumi:tags", "pulumi:config:tags"])
def test_files_that_write_the_stacks_tags_are_refused(tmp_path: Path, key: str):
    config = {"config": {key: {"team": "research"}, "training:tags": "others"}}
    assert problems(tmp_path, PROJECT | config, config) == [
        f"Pulumi.yaml: config.{key}",
        f"Pulumi.dev.yaml: config.{key}",
    ]


def test_the_tag_that_pulumi_new_writes_is_accepted_and_no_other(tmp_path: Path):
    written = {"value": {"pulumi:template": "sagemaker-training"}}
    assert problems(tmp_path, PROJECT | {"config": {"pulumi:tags": written}}) == []
    for other in ({"value": {"team": "a"}}, {"value": {}, "default": {"team": "a"}}, {"value": 1}):
        config = {"config": {"pulumi:tags": other}}
        assert problems(tmp_path, PROJECT | config) == ["Pulumi.yaml: config.pulumi:tags"]


@pytest.mark.parametrize("key", ["pulumi:policy-packs", "pulumi:config:anything"])
def test_a_setting_of_the_engine_that_is_not_known_to_be_harmless_is_refused(
    tmp_path: Path, key: str
):
    config = {"config": {key: "mine", "pulumi:disable-default-providers": ["*"]}}
    assert problems(tmp_path, PROJECT | config, config) == [
        f"Pulumi.yaml: config.{key}",
        f"Pulumi.dev.yaml: config.{key}",
    ]


def test_an_option_of_the_project_that_is_not_known_to_be_harmless_is_refused(tmp_path: Path):
    options = {"refresh": "always", "policyPacks": ["mine"]}
    assert problems(tmp_path, PROJECT | {"options": options}) == [
        "Pulumi.yaml: options.policyPacks"
    ]
    assert problems(tmp_path, PROJECT | {"options": ["mine"]}) == ["Pulumi.yaml: options"]


@pytest.mark.parametrize("name", ["Pulumi.json", "Pulumi.yml", "Pulumi.dev.json", "Pulumi.dev.yml"])
def test_a_file_that_the_engine_may_read_in_place_of_the_checked_one_is_refused(
    tmp_path: Path, name: str
):
    (tmp_path / name).write_text(json.dumps(PROJECT))
    assert problems(tmp_path) == [name]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("plugins: {", "can't be read"),
        ("name: a\n---\nname: b\n", "can't be read"),
        ("- name", "is not a mapping of keys"),
        ("config: elsewhere", "names another folder of settings"),
    ],
)
def test_a_file_that_cant_be_read_as_the_engine_reads_it_is_refused(
    tmp_path: Path, text: str, rule: str
):
    (tmp_path / "Pulumi.yaml").write_text(text)
    [problem] = problems_in(tmp_path, "dev")
    assert rule in problem.rule


def test_a_file_that_is_a_link_is_refused_as_another_could_take_its_place(tmp_path: Path):
    (tmp_path / "elsewhere.yaml").write_text(yaml.safe_dump(PROJECT))
    (tmp_path / "Pulumi.yaml").symlink_to("elsewhere.yaml")
    [problem] = problems_in(tmp_path, "dev")
    assert (problem.path, problem.value) == ("Pulumi.yaml", "elsewhere.yaml")


def test_a_folder_without_a_project_is_refused(tmp_path: Path):
    [problem] = problems_in(tmp_path, "dev")
    assert "in the folders above" in problem.rule


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1, max_size=12), st.none(), max_size=4))
def test_no_key_passes_but_those_that_are_listed(tmp_path: Path, keys: dict[str, None]):
    for file, allowed in (("Pulumi.yaml", PROJECT_KEYS), ("Pulumi.dev.yaml", STACK_KEYS)):
        found = [each for each in problems(tmp_path, keys, keys) if each.startswith(f"{file}: ")]
        assert {each.removeprefix(f"{file}: ") for each in found} == keys.keys() - allowed
