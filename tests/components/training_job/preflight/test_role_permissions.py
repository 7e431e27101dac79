"""Whether the execution role may do what a job needs: what is asked, and what is printed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.output import Unknown

from components.execution_role.execution_documents import ExecutionScope, execution_policy
from components.policy_documents import Document, Statement
from components.training_job.preflight.planned_launch import planned_launch
from components.training_job.preflight.preflight import Preflight
from components.training_job.preflight.role_permissions import Need, needs_of_launch, refused
from components.training_job.request.job_inputs import JobInputs
from components.training_job.settings.job_needs import needs_of
from components.training_job.settings.job_settings import JobSettings
from tests.components.evaluation import allowed
from tests.components.fake_aws import FakeAws
from tests.components.recording import SITE
from tests.components.training_job.conftest import IMAGE, PLACEMENT

Inputs = Callable[..., dict[str, Any]]
ROLE = PLACEMENT.role_arn
DATA = {
    "instanceType": "ml.c5.xlarge",
    "inputs": {
        "train": {"s3Uri": "s3://data/train/"},
        "listed": {
            "s3Uri": "s3://data/lists/all.json",
            "s3DataType": "ManifestFile",
            "manifestPrefixes": ["s3://data/images/"],
        },
    },
}


def needs(inputs: dict[str, Any]) -> list[Need]:
    return needs_of_launch(planned_launch(JobInputs.of(inputs), 0))


def asked(inputs: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for need in needs(inputs)
        for action in need.actions
        for resource in need.resources
    }


def policy_of_the_stack() -> Document:
    """The policy of a stack's execution role, whose only job is DATA."""
    job = JobSettings.model_validate({"image": IMAGE} | DATA)
    return execution_policy(
        ExecutionScope(
            SITE,
            needs_of([job]),
            artifact_bucket_arn="arn:aws:s3:::artifacts",
            key_arn=PLACEMENT.key_arn,
            vpc_id="vpc-1",
            subnet_ids=PLACEMENT.subnet_ids,
            security_group_ids=PLACEMENT.security_group_ids,
        )
    )


def test_the_role_of_the_stack_is_allowed_all_that_its_jobs_need(job_inputs: Inputs) -> None:
    document = policy_of_the_stack()
    found = needs(job_inputs(DATA))
    assert {action.partition(":")[0] for need in found for action in need.actions} == {
        "ec2", "ecr", "kms", "logs", "s3",
    }  # fmt: skip
    for need in found:
        for action in need.actions:
            for resource in need.resources:
                assert allowed(document, action, resource, dict(need.context)), (action, resource)


NOT_NEEDED_TO_RUN = {"DeleteCheckpoints", "PutMetrics", "RemoveInterfaces", "RevokeInterfaces"}
"""Without these a job runs to its end, but leaves something behind, or is seen less well."""

STATEMENTS = [each["Sid"] for each in policy_of_the_stack()["Statement"]]


@pytest.mark.parametrize("sid", sorted({*STATEMENTS} - NOT_NEEDED_TO_RUN))
def test_each_statement_that_is_taken_out_of_the_role_is_missed_with_its_action_and_resource(
    job_inputs: Inputs, sid: str
) -> None:
    whole = policy_of_the_stack()
    [taken] = [each for each in whole["Statement"] if each["Sid"] == sid]
    rest = {**whole, "Statement": [each for each in whole["Statement"] if each is not taken]}
    iam = simulator_of(rest)
    missed = [each for need in needs(job_inputs(DATA)) for each in refused(iam, ROLE, need)]
    assert missed
    for each in missed:
        assert allowed_by(taken, each.action, each.resource)
        assert str(each) == f"{each.action} on {each.resource}: no policy of the role allows it"


def test_no_statement_is_excepted_that_the_role_does_not_have() -> None:
    assert {*STATEMENTS} >= NOT_NEEDED_TO_RUN


def allowed_by(statement: Statement, action: str, resource: str) -> bool:
    """Whether a statement allows an action on a resource, whatever its conditions are."""
    bare = {key: value for key, value in statement.items() if key != "Condition"}
    return allowed({"Version": "2012-10-17", "Statement": [bare]}, action, resource, {})


def simulator_of(document: Document) -> Any:
    """IAM's simulator for a role that has this policy and no other."""

    def paginate(**request: Any) -> list[dict[str, Any]]:
        context = {
            each["ContextKeyName"]: each["ContextKeyValues"] for each in request["ContextEntries"]
        }
        decisions = {True: "allowed", False: "implicitDeny"}
        return [
            {
                "EvaluationResults": [
                    {
                        "EvalActionName": action,
                        "EvalResourceName": resource,
                        "EvalDecision": decisions[allowed(document, action, resource, context)],
                    }
                    for action in request["ActionNames"]
                    for resource in request["ResourceArns"]
                ]
            }
        ]

    return SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))


def test_a_manifest_is_read_as_an_object_and_other_inputs_below_their_prefix(
    job_inputs: Inputs,
) -> None:
    read = {arn for action, arn in asked(job_inputs(DATA)) if action == "s3:GetObject"}
    assert "arn:aws:s3:::data/lists/all.json" in read
    assert any(arn.startswith("arn:aws:s3:::data/train/") for arn in read)


def test_what_is_not_known_yet_is_not_asked(job_inputs: Inputs) -> None:
    unknown = Unknown()  # type: ignore[no-untyped-call]
    inputs = job_inputs(owner=unknown)
    inputs["request"]["OutputDataConfig"]["KmsKeyId"] = unknown
    inputs["request"]["VpcConfig"]["Subnets"] = [unknown]
    inputs["request"]["AlgorithmSpecification"]["TrainingImage"] = unknown
    assert {action.partition(":")[0] for action, _ in asked(inputs)} == {"logs"}


@pytest.fixture
def aws(aws: FakeAws) -> FakeAws:
    aws.objects = {"s3://data/train/0.csv": b"", "s3://data/lists/all.json": b""}
    return aws


def test_what_the_role_may_not_do_is_printed_once_and_refuses_nothing(
    aws: FakeAws, job_inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.forbidden = {"s3:PutObject"}
    preflight = Preflight(aws)  # type: ignore[arg-type]
    for lineage in ("research-dev-a", "research-dev-b"):
        assert preflight.problems(JobInputs.of(job_inputs(DATA, lineage=lineage))) == []
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert all("may not do what jobs need: s3:PutObject on arn:aws:s3:::artifacts/" in line
               for line in printed)  # fmt: skip
    assert all(line.endswith("no policy of the role allows it") for line in printed)


def test_of_a_role_that_is_gone_only_that_is_said(
    aws: FakeAws, job_inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.roles = set()
    preflight = Preflight(aws)  # type: ignore[arg-type]
    [problem] = preflight.problems(JobInputs.of(job_inputs()))
    assert problem.rule == "there is no such role"
    assert capsys.readouterr().out == ""


DENIED: dict[str, Any] = {"EvalActionName": "s3:GetObject", "EvalDecision": "implicitDeny"}
BOUNDARY = {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}}
ORGANISATION = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
ONE = {"EvalResourceName": "arn:one", "EvalResourceDecision": "explicitDeny"}
OTHER = {"EvalResourceName": "arn:other", "EvalResourceDecision": "allowed"}


@pytest.mark.parametrize(
    ("result", "texts"),
    [
        (DENIED | {"EvalDecision": "allowed"}, []),
        (DENIED, ["s3:GetObject on *: no policy of the role allows it"]),
        (DENIED | {"EvalResourceName": "arn:one"},
         ["s3:GetObject on arn:one: no policy of the role allows it"]),
        (DENIED | {"ResourceSpecificResults": [ONE, OTHER]},
         ["s3:GetObject on arn:one: a policy denies it"]),
        (DENIED | {"ResourceSpecificResults": [ONE | BOUNDARY]},
         ["s3:GetObject on arn:one: the role's permissions boundary does not allow it"]),
        (DENIED | ORGANISATION,
         ["s3:GetObject on *: the account's organisation does not allow it"]),
        (DENIED | {"ResourceSpecificResults": [ONE | {"MissingContextValues": ["aws:SourceVpce"]}]},
         ["s3:GetObject on arn:one: a policy denies it, where the check does not know "
          "aws:SourceVpce"]),
    ],
)  # fmt: skip
def test_each_resource_has_a_decision_and_a_reason(
    result: dict[str, Any], texts: list[str]
) -> None:
    requests = []

    def paginate(**request: Any) -> list[dict[str, Any]]:
        requests.append(request)
        return [{"EvaluationResults": [result]}]

    iam = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    need = Need("eu-west-1", ("s3:GetObject",), ("arn:one",), (("s3:prefix", "a/"),))
    assert [str(each) for each in refused(iam, ROLE, need)] == texts
    [request] = requests
    assert request["PolicySourceArn"] == ROLE
    context = {
        each["ContextKeyName"]: each["ContextKeyValues"] for each in request["ContextEntries"]
    }
    assert context == {
        "aws:SecureTransport": ["true"],
        "aws:RequestedRegion": ["eu-west-1"],
        "s3:prefix": ["a/"],
    }
