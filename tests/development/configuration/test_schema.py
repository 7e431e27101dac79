"""The schema of the stack files and the program accept the same, as far as a schema can say it.

Right settings are broken in one or two places, as a person would break them. Then two things must
hold. What the program accepts, the schema accepts. What the program refuses, the schema refuses,
except by the kinds of rules in `BEYOND_A_SCHEMA`.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from components.durations import parse_duration
from components.problems import Problem
from components.stack.aws_settings import AwsSettings, parse_aws
from components.stack.configuration import NAMESPACE, parse
from components.stack.stack_settings import Settings
from components.validation import SettingsModel, section
from development.configuration.schema import narrowed, stack_schema
from tests.raw_settings import IMAGE, every_setting, project_in, stack
from toolchain.layout import CHECKOUT

SCHEMA = stack_schema()
VALIDATOR = Draft7Validator(SCHEMA)
PREFIX = f"{NAMESPACE}:"
Place = tuple[str | int, ...]

BEYOND_A_SCHEMA = {
    "a name that another part of the file has or takes": r"is not one of the job's"
    r"|is not a recurring job of this stack|names a run of recurring jobs|is in the list already"
    r"|a lineage of this stack begins|is also the lineage of|begins as the lineages of the runs"
    r"|is in hyperparameters too|environment sets too|gets the largest|training toolkit is started"
    r"|launcher gets its arguments in it",
    "what another section allows": r"can't reach Secrets Manager|is required with artifacts.vpcOnly"
    r"|that a trial of a tuning job can't have|has a setting of its own",
    "the project's folder and the user's files": r"there is no such|is not packed|can't be read"
    r"|no AWS configuration file has",
    "regular expressions": r"must have one group|is not a regular expression",
    "one value compared with another": r"is above to|is also the other end|maxWait covers"
    r"|is not below max|can use a fallback|can't run at once|must be kept for longer",
    "sums and products": r"together may have|has \d+ combinations|one trial for each"
    r"|there are only \d+ combinations|must have 0 to 256 characters|must have 1 to 20 items"
    r"|must have 0 to 100 entries|a trial has at most|in one variable of at most",
    "addresses": r"is not an IPv4 range|is not private|overlaps|each zone's subnet|a range is /16",
    "what the table of instance types says": r"without an accelerated instance type",
    "what looks like a secret": r"looks like a secret",
    "what YAML and Pulumi lose": r"Pulumi keeps|YAML reads",
    "cents": r"no bill has those",
}
"""Kinds of rules that a schema can't say, by patterns of what the program says of a broken one."""
BEYOND = re.compile("|".join(BEYOND_A_SCHEMA.values()))

STACK_FILES = sorted(CHECKOUT.glob("Pulumi.*.yaml"))
AWS = {
    "aws:region": "us-east-1",
    "aws:allowedAccountIds": ["123456789012", 123456789012],
    "aws:assumeRoles": [
        {
            "roleArn": "arn:aws:iam::123456789012:role/deployer",
            "sessionName": "ci",
            "externalId": "ab",
        }
    ],
    "aws:endpoints": [{"s3": "https://storage.example.org"}],
}


def right_files() -> list[dict[str, Any]]:
    """Right settings, by the keys of the file: of each job, of the stacks, and the checkout's."""
    files = []
    for raw in every_setting():
        jobs = raw.pop("jobs")
        run = {key: raw[key] for key in ("team", "network") if key in raw}
        for name, job in jobs.items():
            of_runs = {"run": "2026-w48"} if job.get("recurring") else {}
            files.append(_file(run | of_runs | {"jobs": {name: job}}))
        files.append(_file({key: each for key, each in raw.items() if key != "run"}) | AWS)
    return files + [yaml.safe_load(path.read_text())["config"] for path in STACK_FILES]


def _file(raw: dict[str, Any]) -> dict[str, Any]:
    return {"aws:region": "us-east-1"} | {f"{PREFIX}{key}": each for key, each in raw.items()}


RIGHT = right_files()
TEXTS = {
    f"{PREFIX}{field.alias}" for field in Settings.model_fields.values() if field.annotation is str
}


def problems_of(file: dict[str, Any], project: Path) -> list[Problem]:
    """What the program finds in the settings of a file, which Pulumi passes on as texts."""
    texts = {
        key: each if isinstance(each, str) else "" if each is None else json.dumps(_as_go(each))
        for key, each in file.items()
    }
    found = parse(section(texts, NAMESPACE, Settings), project)[1]
    return [*found, *parse_aws(section(texts, "aws", AwsSettings))[1]]


def _as_go(value: Any) -> Any:
    """A value as Go's YAML passes it on: it writes a whole number without a point."""
    if isinstance(value, dict):
        return {key: _as_go(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_go(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_for_a_schema(problem: Problem, file: dict[str, Any]) -> bool:
    """Whether a schema can refuse what the program says is wrong.

    It can't compare a text such as 1h30m with a limit.
    """
    value: Any = file
    for part in f"{PREFIX}{problem.path}".split("."):
        is_there = isinstance(value, dict) and part in value
        value = value[part] if is_there else None
    is_duration = isinstance(value, str) and re.match(r"must be \d+ or (more|less)", problem.rule)
    return not BEYOND.search(problem.rule) and not is_duration


def refusals(file: dict[str, Any]) -> list[str]:
    errors = VALIDATOR.iter_errors({"config": file})
    return [f"{'.'.join(map(str, each.absolute_path))}: {each.message[:200]}" for each in errors]


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Yields the paths of everything in a value."""
    if path:
        yield path
    for key, each in value.items() if isinstance(value, dict) else ():
        yield from places(each, (*path, key))
    for position, each in enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*path, position))


PLACES = [[*places(file)] for file in RIGHT]
NAMES = sorted(
    {part for paths in PLACES for path in paths for part in path if isinstance(part, str)}
)


def values_by_key() -> dict[str, list[Any]]:
    """Right values of each key, wherever the files have it."""
    values: dict[str, list[Any]] = {}
    for file, paths in zip(RIGHT, PLACES, strict=True):
        for path in paths:
            value: Any = file
            for part in path:
                value = value[part]
            if isinstance(path[-1], str) and value not in values.setdefault(path[-1], []):
                values[path[-1]].append(value)
    return values


VALUES = values_by_key()
ODD = st.sampled_from(
    [None, True, False, "", "x", "X y", "a=b", "0", "true", "1h", "90s", "1h1x", "s3://b", "aws:x",
     "arn:aws:iam::123456789012:role/a", "ml.c5.xlarge", "ml.none.large", -1, 0, 1, 2, 3, 5, 59, 61,
     100, 1000, 20_000, 10**6, 10**9, 0.5, 1.0, -0.5, [], {}, [1], ["x"], ["x", "x"],
     {"x": "y"}, "x" * 40, "x" * 300, "x" * 3000, ["x"] * 20, {f"k{i}": "v" for i in range(50)},
     "none", "grid", "random", "hyperband", "Pipe", "FastFile", "ManifestFile", "onFailure", "log",
     "reverseLog", "single", "2026-w48"]
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """A right file with one or two places changed: another value, no value, one more value."""
    number = draw(st.integers(0, len(RIGHT) - 1))
    file = copy.deepcopy(RIGHT[number])
    for _ in range(draw(st.integers(1, 2))):
        _change(draw, file, draw(st.sampled_from(PLACES[number])))
    return {key: _in_quotes(key, each) for key, each in file.items()}


def _in_quotes(key: str, value: Any) -> Any:
    """A setting of the stack as a text, where it is one, as Pulumi passes it on without quotes."""
    return value if isinstance(value, dict | list) or key not in TEXTS else str(value or "")


def _change(draw: st.DrawFn, file: Any, path: Place) -> None:
    parent, key = file, path[-1]
    for part in path[:-1]:
        parent = _in(parent, part)
    if _in(parent, key) is None:  # an earlier change removed it
        return
    change = draw(st.sampled_from(["value", "value", "remove", "more", "more", "near", "other"]))
    if change == "value":
        parent[key] = copy.deepcopy(draw(ODD))
    elif change == "other" and isinstance(key, str):
        parent[key] = copy.deepcopy(draw(st.sampled_from(VALUES[key])))
    elif change == "remove":
        del parent[key]
    elif change == "near":
        parent[key] = _near(draw, parent[key])
    elif isinstance(parent, dict):
        name = draw(st.sampled_from(NAMES))
        value = draw(st.one_of(st.sampled_from(VALUES[name]), ODD))
        parent[name if parent is not file else f"{PREFIX}{name}"] = copy.deepcopy(value)
    else:
        parent.append(copy.deepcopy(draw(st.one_of(st.sampled_from(parent), ODD))))


def _in(parent: Any, part: str | int) -> Any:
    """What is under a key or number, None where nothing is."""
    if isinstance(parent, dict):
        return parent.get(part)
    is_there = isinstance(parent, list) and isinstance(part, int) and part < len(parent)
    return parent[int(part)] if is_there else None


def _near(draw: st.DrawFn, value: Any) -> Any:
    """A value that is nearly the same."""
    if isinstance(value, bool):
        return draw(st.sampled_from([not value, str(value).lower()]))
    if isinstance(value, int | float):
        return draw(st.sampled_from([value + 1, value - 1, -value, value * 1000, str(value)]))
    if isinstance(value, str):
        return draw(
            st.sampled_from([value + "x", value[1:], value[:-1], value.upper(), f"{value} y"])
        )
    if isinstance(value, list):
        return value * draw(st.sampled_from([2, 20]))
    return {f"{key}x": each for key, each in value.items()} if isinstance(value, dict) else "null"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the files that the settings name, each of them empty."""
    project = project_in(tmp_path_factory.mktemp("project"))
    for job in (job for file in RIGHT for job in file.get(f"{PREFIX}jobs", {}).values()):
        source = job.get("source", {"dir": "src", "entryPoint": "train.py"})
        named = [f"{source['dir']}/{source['entryPoint']}"]
        named += [
            f"{each['path']}/file" for each in job.get("inputs", {}).values() if "path" in each
        ]
        for each in named:
            (project / each).parent.mkdir(parents=True, exist_ok=True)
            (project / each).touch()
    return project


def test_the_schema_is_a_schema():
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("number", range(len(RIGHT)))
def test_right_settings_are_right_for_both(number: int, project: Path):
    assert problems_of(RIGHT[number], project) == []
    assert refusals(RIGHT[number]) == []


@settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(broken())
def test_the_schema_and_the_program_accept_the_same(project: Path, file: dict[str, Any]):
    found, refused = problems_of(file, project), refusals(file)
    if not found:
        assert refused == [], "the program accepts it"
    elif any(is_for_a_schema(each, file) for each in found):
        assert refused != [], f"the program refuses it: {found}"


def test_a_node_is_narrowed_to_what_both_accept():
    node = {"type": "string", "maxLength": 9, "pattern": "a"}
    both = narrowed(node, {"maxLength": 12, "minLength": 1, "pattern": "b"})
    expected = {"type": "string", "maxLength": 9, "minLength": 1, "pattern": "a"}
    assert both == expected | {"allOf": [{"pattern": "b"}]}


def test_a_text_without_quotes_is_refused_although_the_program_gets_it(project: Path):
    file = RIGHT[0] | {f"{PREFIX}costCenter": 42}
    assert problems_of(file, project) == []
    assert len(refusals(file)) == 1


@pytest.mark.parametrize("key", ["source", "spot", "fallbacks", "inputs", "tuning"])
def test_nothing_after_the_name_of_a_section_is_refused_by_both(key: str, project: Path):
    [[name, job]] = stack()["jobs"].items()
    file = _file({"team": "research", "jobs": {name: job | {key: None}}})
    [problem] = problems_of(file, project)
    assert problem.path == f"jobs.{name}.{key}"
    assert "nothing after it" in problem.rule or problem.rule.startswith("must be a ")
    assert len(refusals(file)) == 1


@pytest.mark.parametrize("written", ["true", "false"])
def test_what_the_cli_writes_for_a_switch_is_accepted(written: str, project: Path):
    keys = ("enableTrainingJob", "waitForCompletion", "preflight", "alerts")
    file = RIGHT[0] | {f"{PREFIX}{key}": written for key in keys}
    assert problems_of(file, project) == []
    assert refusals(file) == []


def test_an_instance_type_that_is_not_listed_is_refused_unless_it_is_meant():
    file = RIGHT[0] | {f"{PREFIX}jobs": {"a": {"image": IMAGE, "instanceType": "ml.new1.large"}}}
    assert refusals(file) != []
    file[f"{PREFIX}jobs"]["a"]["unlistedInstanceType"] = True
    assert refusals(file) == []


def settings_in(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields all settings of a schema with their paths."""
    branches = (node, *node.get("anyOf", ()))
    for branch in branches:
        for key, each in branch.get("properties", {}).items():
            inner = f"{path}.{key}".removeprefix(".")
            yield inner, each
            if key != "extra":  # whose members the API describes
                yield from settings_in(each, inner)
        for key in ("items", "additionalProperties"):
            if isinstance(branch.get(key), dict):
                yield from settings_in(branch[key], path)
        for each in branch.get("patternProperties", {}).values():
            yield from settings_in(each, path) if isinstance(each, dict) else ()


WRITTEN = dict(settings_in(SCHEMA["properties"]["config"]))


def test_each_setting_has_a_description_and_examples_are_right():
    assert len(WRITTEN) >= 150
    for path, each in WRITTEN.items():
        assert each.get("description"), path
        for example in each.get("examples", ()):
            assert Draft7Validator(each).is_valid(example), path
    assert sum("examples" in each for each in WRITTEN.values()) > 20


@pytest.mark.parametrize(("namespace", "model"), [(NAMESPACE, Settings), ("aws", AwsSettings)])
def test_the_defaults_are_those_of_the_program(namespace: str, model: type[SettingsModel]):
    for path, default in defaults_of(model):
        node = WRITTEN[f"{namespace}:{path}"]
        if default is None:
            assert "default" not in node, path
        elif isinstance(default, SettingsModel):
            assert node["default"] == {}, path
        elif isinstance(default, int) and isinstance(node["default"], str):
            assert parse_duration(node["default"]) == default, path
        else:
            assert node["default"] == default, path


def defaults_of(model: type[SettingsModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the default of each setting that has one, with its path."""
    for name, field in model.model_fields.items():
        own = f"{path}.{field.alias or name}".removeprefix(".")
        if not field.is_required():
            yield own, field.get_default()
        for section_model in sections_in(field.annotation):
            yield from defaults_of(section_model, own)


def sections_in(annotation: Any) -> Iterator[type[SettingsModel]]:
    if isinstance(annotation, type) and issubclass(annotation, SettingsModel):
        yield annotation
    for argument in get_args(annotation):
        yield from sections_in(argument)
