"""Any wrong setting is a problem with path, value, rule and remedy, and never another error.

Right settings are changed in one place or several: a value or a section becomes any JSON value, or
an unknown key comes in. What is still accepted must be a platform that can be built.
"""

from __future__ import annotations

import copy
import json
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime import set_all_config
from pydantic import BaseModel

from components.problems import Problem
from components.stack.aws_settings import AwsSettings, parse_aws
from components.stack.configuration import NAMESPACE, load, parse
from components.stack.stack_provider import _clients, _provider
from components.stack.stack_settings import Settings
from components.training_platform import TrainingPlatform
from tests.components.recording import ACCOUNT, REGION, record
from tests.raw_settings import every_setting, project_in

ROLE = "arn:aws:iam::123456789012:role/deployer"
OWN = every_setting()
AWS: list[dict[str, Any]] = [
    {
        "region": "us-east-1",
        "profile": "team",
        "assumeRoles": [{"roleArn": ROLE, "sessionName": "ci", "externalId": "a:b/c"}],
        "endpoints": [{"s3": "https://s3.example.org", "sts": "https://sts.example.org"}],
        "allowedAccountIds": ["123456789012"],
    },
    {"region": "eu-west-1", "forbiddenAccountIds": ["210987654321"]},
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder of all examples."""
    return project_in(tmp_path_factory.mktemp("project"))


@pytest.fixture(autouse=True)
def _profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "config").write_text("[profile team]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    yield
    set_all_config({}, [])


def loaded(raw: Mapping[str, Any], aws: Mapping[str, Any], project: Path) -> Any:
    """The settings as the program gets them from the engine, or None where they are refused."""
    config = {f"{NAMESPACE}:{key}": value for key, value in raw.items()}
    config |= {f"aws:{key}": value for key, value in aws.items()}
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}
    set_all_config(texts, [])
    try:
        return load(project)
    except pulumi.RunError as refused:
        count, _, problems = str(refused).partition("\n")
        assert re.fullmatch(r"\d+ problems? in the settings, so nothing was created:", count)
        assert problems.count("\n    Remedy: ") >= int(count.split()[0])
        return None


def keys_of(model: type[BaseModel], parent: str = "") -> Iterator[str]:
    """The path of each setting of a model."""
    for name, field in model.model_fields.items():
        path = f"{parent}{field.alias or name}"
        yield path
        for section in sections_in(field.annotation):
            yield from keys_of(section, f"{path}.")


def sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from sections_in(argument)


def is_set(path: list[str], value: Any) -> bool:
    """Whether a setting is in raw settings, below any name or number."""
    if not path:
        return True
    if isinstance(value, list):
        return any(is_set(path, each) for each in value)
    if not isinstance(value, dict):
        return False
    if path[0] in value:
        return is_set(path[1:], value[path[0]])
    return any(is_set(path, each) for each in value.values() if isinstance(each, dict | list))


def test_the_right_settings_are_accepted_and_have_every_setting_there_is(shared: Path):
    for own in OWN:
        assert parse(own, shared)[1] == []
        for aws in AWS:
            assert loaded(own, aws, shared) is not None
    for model, given_ in ((Settings, OWN), (AwsSettings, AWS)):
        unset = [path for path in keys_of(model) if not is_set(path.split("."), given_)]
        assert unset == []


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([
        "\0", "\n", "*", "~", "no", "1h", "-1s", "../src", "src/..", "s3://", "arn:aws:iam::", "[",
        "(", "x" * 300, "2026-01-15 00:00:00 +0000 UTC", "10.0.0.0/33", "::1/64", "é", "1" * 40,
        10**40, -(10**30), 2**63, 1e308,
    ])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value and section."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from places(each, (*path, position))


@st.composite
def near(draw: st.DrawFn, value: Any) -> Any:
    """A value that is nearly another one: a text with a character more or less, a number beside."""
    if isinstance(value, str):
        position = draw(st.integers(0, len(value)))
        rest = value[position + draw(st.integers(0, 2)) :]
        return value[:position] + draw(st.text(max_size=2)) + rest
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + draw(st.integers() | st.floats(-2, 2))
    if isinstance(value, list):
        return [*value, *value] if draw(st.booleans()) else value[1:]
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if draw(st.booleans())}
    return draw(SCALARS)


@st.composite
def changed(draw: st.DrawFn, right: list[dict[str, Any]], most: int = 3) -> dict[str, Any]:
    """Right settings with one or more changes."""
    raw: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(right)))
    others = [value_at(each, place) for each in right for place in places(each)]
    for _ in range(draw(st.integers(1, most))):
        *outer, last = draw(st.sampled_from([*places(raw)]))
        section = value_at(raw, outer)
        value = draw(VALUES | st.sampled_from([[], {}, *others]) | near(section[last]))
        if isinstance(section, dict) and draw(st.integers(0, 3)) == 0:
            last = draw(st.text(max_size=8) | near(last))
        # Such a folder would be searched as a whole.
        value = "x" if isinstance(value, str) and value.startswith("/") else copy.deepcopy(value)
        section[last] = value
    return raw


def value_at(value: Any, path: Iterable[Any]) -> Any:
    for part in path:
        value = value[part]
    return value


def assert_whole(problem: Problem) -> None:
    assert isinstance(problem.path, str)
    assert problem.rule
    assert problem.remedy
    assert str(problem).startswith(f"{problem.path}: ")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(own=changed(OWN), aws=changed(AWS))
def test_wrong_settings_are_problems_and_nothing_else(
    shared: Path, own: dict[str, Any], aws: dict[str, Any]
):
    for problem in [*parse(own, shared)[1], *parse_aws(aws)[1]]:
        assert_whole(problem)
    loaded(own, aws, shared)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(own=changed(OWN, most=1), aws=changed(AWS, most=1))
def test_what_is_accepted_is_a_platform_and_a_provider(
    shared: Path, own: dict[str, Any], aws: dict[str, Any]
):
    stack, _ = loaded(own, AWS[1], shared) or (None, None)
    _, account = loaded(OWN[1], aws, shared) or (None, None)
    if stack is not None:
        zones = [f"{REGION}{zone}" for zone in "abcdef"[: stack.network.availability_zones]]
        site = stack.site(ACCOUNT, REGION, "test", zones)
        assert record(lambda: TrainingPlatform(site, stack, shared)).resources
    if account is not None:
        assert _clients(account)
        assert record(lambda: _provider(account, {"team": "research"})).resources
