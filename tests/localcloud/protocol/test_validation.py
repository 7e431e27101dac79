"""Checks of requests by botocore's models."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.protocol.validation import compiled, service_model


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
    ],
)
def test_the_models_patterns_mean_what_they_mean_in_java(pattern: str, text: str, matches: bool):
    assert (compiled(pattern).fullmatch(text) is not None) == matches
