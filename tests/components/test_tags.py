from __future__ import annotations

import string
from typing import Any

import pytest
import regex
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from components.tags import tag_problems, value_problems

VALUES = {
    "budgets": "ResourceTagValue",
    "chatbot": "TagValue",
    "cloudwatch": "TagValue",
    "events": "TagValue",
    "iam": "tagValueType",
    "kms": "TagValueType",
    "logs": "TagValue",
    "sagemaker": "TagValue",
    "sns": "TagValue",
    "stepfunctions": "TagValue",
}
KEYS = {name: shape.replace("Value", "Key") for name, shape in VALUES.items()}
"""The shape of a tag in botocore's models of the services that a stack tags.

EC2 and S3 write a tag's value as any text there.
"""


def shapes(names: dict[str, str]) -> list[dict[str, Any]]:
    models = {name: ServiceModel(Loader().load_service_model(name, "service-2")) for name in names}
    return [dict(models[name].shape_for(shape).metadata) for name, shape in names.items()]


OF_VALUES, OF_KEYS = shapes(VALUES), shapes(KEYS)


def is_taken(text: str, limits: list[dict[str, Any]]) -> bool:
    """Whether all services take a text."""
    return not text.lower().startswith("aws:") and all(
        each.get("min", 0) <= len(text) <= each["max"]
        and regex.fullmatch(each.get("pattern", "(?s).*"), text)
        for each in limits
    )


# Without what Python's version of Unicode has not assigned: that of `regex` is a later one.
assigned = st.characters(exclude_categories=["Cn", "Cs"])
texts = st.one_of(
    st.text(assigned, max_size=20),
    st.text("aA1 _.:/=+-@é漢½&\t\n,", max_size=20),
    st.sampled_from(["a" * 128, "a" * 129, "a" * 256, "a" * 257, "aws:a", "AWS:a"]),
)


@given(texts)
def test_a_value_is_refused_exactly_when_a_service_would_refuse_it(text: str):
    assert (not list(value_problems("costCenter", text))) == is_taken(text, OF_VALUES)


@given(texts)
def test_a_key_is_refused_exactly_when_a_service_would_refuse_it(text: str):
    assert (not list(tag_problems("tags.key", text, ""))) == is_taken(text, OF_KEYS)


def test_the_refused_and_the_allowed_characters_are_named():
    (problem,) = value_problems("costCenter", "R&D\t(EU)")
    assert str(problem) == (
        'costCenter: "R&D\\t(EU)" — becomes the value of a tag, in which AWS accepts only letters, '
        "digits, spaces and _ . : / = + - @, and not & U+0009 ( ).\n"
        "    Remedy: replace these characters."
    )


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("", "a", "may not be empty"),
        ("a" * 129, "a", "the key of a tag, which may have 128 characters, but has 129"),
        ("a", "a" * 257, "the value of a tag, which may have 256 characters, but has 257"),
        ("a?", "a&", "the key of a tag, in which"),
        ("a", "Aws:a", "only AWS's own tags may begin with aws:"),
    ],
)
def test_a_tag_has_one_problem_at_the_most(key: str, value: str, rule: str):
    (problem,) = tag_problems("tags.a", key, value)
    assert problem.path == "tags.a"
    assert rule in problem.rule


def test_every_name_that_pulumi_gives_a_stack_can_be_a_tag():
    letters = string.ascii_letters + string.digits + "_.-"
    for name in (letters, "a" * 100, *letters):
        assert list(value_problems("stack", name)) == []
