"""Who may take the deployer's role."""

from __future__ import annotations

import pytest

from components.deployer.deployer_documents import (
    deployer_trust,
    principal_problems,
    subject_problems,
)
from tests.components.policies import lint_trust, statement
from tests.components.recording import ACCOUNT, SITE

PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
SUBJECT = "repo:acme/platform:environment:production"
WORKFLOW = "job_workflow_ref:acme/policies/.github/workflows/training-stack.yml@refs/heads/main"


def test_the_linter_finds_nothing_in_the_trust_of_a_pipelines_role():
    assert lint_trust(deployer_trust(SITE, [PIPELINE], [])) == set()


def test_a_role_is_assumed_only_by_the_named_principals():
    (only,) = deployer_trust(SITE, [PIPELINE], [])["Statement"]
    assert (only["Principal"], only["Action"]) == ({"AWS": [PIPELINE]}, "sts:AssumeRole")


def test_a_workflow_is_known_by_its_subject_and_audience_word_for_word():
    trust = deployer_trust(SITE, [], [SUBJECT])
    (only,) = trust["Statement"]
    issuer = "token.actions.githubusercontent.com"
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    assert only["Principal"] == {"Federated": provider}
    assert only["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert only["Condition"] == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": [SUBJECT]}
    }


def test_principals_and_workflows_are_trusted_apart():
    trust = deployer_trust(SITE, [PIPELINE], [SUBJECT])
    assert "Federated" not in statement(trust, "AssumeByPrincipals")["Principal"]
    assert "AWS" not in statement(trust, "AssumeByWorkflows")["Principal"]


@pytest.mark.parametrize(
    "arn",
    ["*", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/*", "role/ci"],
)
def test_a_principal_that_is_no_single_role_or_user_is_refused(arn: str):
    assert [each.path for each in principal_problems([PIPELINE, arn])] == ["1"]


@pytest.mark.parametrize(
    "subject",
    ["*", "repo:acme/*", "repo:acme/platform:*", "repo:acme/platform:pull_request",
     "repo:acme/platform:ref:refs/heads/*", "repo:acme/platform:environment:",
     "repo:acme/platform:ref:refs/pull/1/merge", f"{SUBJECT}:actor:someone",
     f"{SUBJECT}:{WORKFLOW.replace('heads/main', '*')}", f"repo:acme/platform:{WORKFLOW}",
     f"{SUBJECT}:{WORKFLOW.partition('@')[0]}"],
)  # fmt: skip
def test_a_subject_that_is_wider_than_one_environment_or_branch_is_refused(subject: str):
    assert [each.path for each in subject_problems([SUBJECT, subject])] == ["1"]


@pytest.mark.parametrize(
    "subject",
    [
        "repo:acme@123/platform@456:ref:refs/heads/main",
        f"{SUBJECT}:{WORKFLOW}",
        f"{SUBJECT}:{WORKFLOW.replace('refs/heads/main', '0' * 40)}",
    ],
)
def test_a_subject_may_have_the_repositorys_numbers_and_the_workflow(subject: str):
    assert subject_problems([subject]) == []
