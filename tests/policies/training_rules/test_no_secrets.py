from __future__ import annotations

from tests.policies.subjects import violations
from tests.policies.training_rules.test_training_rules import (
    COMPLIANT,
    KEY,
    TOKEN,
    job,
    with_value,
)
from training_policies.training_rules.no_secrets import NO_SECRETS


def test_a_secrets_value_is_never_printed():
    request = with_value(COMPLIANT, "Environment.NOTE", TOKEN)
    [violation] = violations(NO_SECRETS, job(request))
    assert "Environment.NOTE" in str(violation)
    assert TOKEN not in str(violation)


def test_a_key_is_known_to_be_no_secret():
    assert violations(NO_SECRETS, job(with_value(COMPLIANT, "Environment.KEY", KEY))) == []
