from __future__ import annotations

import pytest

from components.stack.permissions_boundary import boundary_problems, foreign_boundary_problems
from tests.components.recording import ACCOUNT

OWN = f"arn:aws:iam::{ACCOUNT}:policy/boundaries/developers"
AWSS = "arn:aws:iam::aws:policy/PowerUserAccess"


@pytest.mark.parametrize("arn", [OWN, AWSS, OWN.replace("aws", "aws-us-gov")])
def test_a_policy_is_a_boundary(arn: str):
    assert boundary_problems(arn) == []


@pytest.mark.parametrize(
    "arn",
    [
        "developers",
        f"arn:aws:iam::{ACCOUNT}:role/developers",
        f"arn:aws:iam::{ACCOUNT}:policy/",
        f"arn:aws:iam::{ACCOUNT}:policy/*",
        f"arn:aws:iam::{ACCOUNT[:-1]}:policy/developers",
        f"{OWN}\n",
    ],
)
def test_what_is_no_single_policy_is_refused(arn: str):
    [problem] = boundary_problems(arn)
    assert (problem.path, problem.value) == ("permissionsBoundary", arn)
    assert "not the ARN of one IAM policy" in problem.rule
    assert "policy/boundary" in problem.remedy


def test_a_boundary_is_the_accounts_or_awss_own():
    assert foreign_boundary_problems(OWN, ACCOUNT) == []
    assert foreign_boundary_problems(AWSS, ACCOUNT) == []
    [problem] = foreign_boundary_problems(OWN, "210987654321")
    assert problem.rule == (
        f"is a policy of the account {ACCOUNT}, but the stack's roles are in 210987654321"
    )
    assert "of that account" in problem.remedy
