"""Checks of requests by botocore's models."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.validation import compiled, service_model, validate


def test_every_pattern_of_the_service_can_be_checked():
    shapes: dict[str, Any] = {}
    for operation in OPERATIONS:
        collect(service_model().operation_model(operation).input_shape, shapes)
    patterns = {shape.metadata.get("pattern") for shape in shapes.values()} - {None}

    assert len(patterns) > 10
    for pattern in patterns:
        compiled(pattern)


OPERATIONS = ("CreateTrainingJob", "ListTrainingJobs", "UpdateTrainingJob", "AddTags", "DeleteTags")


def collect(shape: Any, found: dict[str, Any]) -> None:
    if shape.name not in found:
        found[shape.name] = shape
        parts = (getattr(shape, name, None) for name in ("member", "key", "value"))
        for part in (*getattr(shape, "members", {}).values(), *filter(None, parts)):
            collect(part, found)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "é ½", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a\tb", False),
        (r"[\p{L}\p{M}\p{S}]*", "€", True),
        (r"[\uD800\uDC00-\uDBFF\uDFFF\t]*", "😀", True),
        (r"[\uD800\uDC00-\uDBFF\uDFFF\t]*", "a", False),
        (r".*", "a line \0 \v", True),
        *((r".*", f"two{end}lines", False) for end in "\n\r\x85\u2028\u2029"),
        (r"[.\].]\.*", ".....", True),
        (r"[.\].]\.*", ".a", False),
        (r"^(\p{LD}|\p{Punct}| )+$", "é 1!", True),
        (r"[\w\x{60}]+", "a`", True),
        (r"[\p{all}]*", "a\n€", True),
        (r"^rule/[0-9a-z]{2}{0,2}$", "rule/abcd", True),
        (r"^rule/[0-9a-z]{2}{0,2}$", "rule/abc", False),
    ],
)
def test_the_models_patterns_mean_what_they_mean_in_java(pattern: str, text: str, matches: bool):
    assert (compiled(pattern).fullmatch(text) is not None) == matches


@pytest.mark.parametrize(
    ("member", "value", "converted"),
    [
        ("InstanceCount", 2**31, "an Integer"),
        ("VolumeSizeInGB", -(2**31) - 1, "an Integer"),
        ("InstanceCount", 10**400, "an Integer"),
    ],
)
def test_a_number_that_java_cannot_hold_is_not_read(member: str, value: int, converted: str):
    request = {"ResourceConfig": {member: value}}

    with pytest.raises(ServiceError, match=f"NUMBER_VALUE can not be converted to {converted}"):
        validate("CreateTrainingJob", request)


@pytest.mark.parametrize(
    "request_", [{"Environment": {"A": "\ud800"}}, {"HyperParameters": {"\udfff": "a"}}]
)
def test_lone_surrogates_are_no_text_and_the_message_is(request_: dict[str, Any]):
    with pytest.raises(ServiceError, match="without lone surrogates") as caught:
        validate("CreateTrainingJob", request_)

    caught.value.message.encode()
