from __future__ import annotations

from typing import Any

import pytest

from tests.policies.subjects import resource, violations
from tests.policies.training_rules.test_training_rules import (
    COMPLIANT,
    KEY,
    TOKEN,
    job,
    with_value,
)
from training_policies.training_rules.no_secrets import NO_SECRETS
from training_policies.tuning import OWN_TUNING_TYPE


def test_a_secrets_value_is_never_printed():
    request = with_value(COMPLIANT, "Environment.NOTE", TOKEN)
    [violation] = violations(NO_SECRETS, job(request))
    assert "Environment.NOTE" in str(violation)
    assert TOKEN not in str(violation)


def test_a_key_is_known_to_be_no_secret():
    assert violations(NO_SECRETS, job(with_value(COMPLIANT, "Environment.KEY", KEY))) == []


def test_a_category_of_a_tuning_job_is_no_place_for_a_secret():
    def found(values: list[str]) -> list[str]:
        ranges = {"CategoricalParameterRanges": [{"Name": "note", "Values": values}]}
        tuned = {"request": COMPLIANT, "tuning": {"ParameterRanges": ranges}}
        return [str(each) for each in violations(NO_SECRETS, resource(OWN_TUNING_TYPE, tuned))]

    assert found(["adamw", "sgd"]) == []
    [violation] = found(["adamw", TOKEN])
    assert "ParameterRanges.note" in violation
    assert TOKEN not in violation


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("experiment", "multi-task-learning-rate-0123456789-sweep"),
        ("project", "risk-assessment-2026-with-a-long-name"),
        ("model", "mask-rcnn-resnet50-fpn-v2-coco-0123"),
        ("model", "sk-learn-gradient-boosting-classifier"),
        ("token_dropout", "0.1"),
        ("token_dropout", "always"),
        ("pad_token", "<pad>"),
        ("mask_token", "[MASK]"),
        ("eosToken", "</s>"),
        ("use_auth_token", "false"),
        ("token_type", "word"),
        ("token_type_ids", "first"),
        ("token", "None"),
        ("api_key", ""),
    ],
)
def test_what_language_models_and_names_of_projects_have_is_no_secret(name: str, value: str):
    request: dict[str, Any] = {**COMPLIANT, "HyperParameters": {name: value}}
    assert violations(NO_SECRETS, job(request)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSPHRASE", "correct horse"),
        ("DB_PW", "hunter2"),
        ("WANDB_KEY", "0a1b2c"),
        ("token", "abc"),
        ("hub_token", "abc"),
        ("use_auth_token", "abc"),
        ("pad_token_secret", "abc"),
        ("note", "key=sk-proj-0123456789abcdefghij"),
    ],
)
def test_what_sounds_secret_or_looks_it_is_one(name: str, value: str):
    request: dict[str, Any] = {**COMPLIANT, "HyperParameters": {name: value}}
    assert len(violations(NO_SECRETS, job(request))) == 1
