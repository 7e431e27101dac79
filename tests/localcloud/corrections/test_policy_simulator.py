"""IAM's policy simulator."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from components.execution_role.execution_documents import ExecutionScope, execution_policy
from components.training_job.preflight.planned_launch import planned_launch
from components.training_job.preflight.role_permissions import needs_of_launch, refused
from components.training_job.request.job_inputs import JobInputs
from components.training_job.settings.job_needs import JobNeeds
from tests.components.recording import SITE
from tests.components.training_job.conftest import PLACEMENT, inputs_of_job
from tests.localcloud.cloud import TRUST, Cloud, policy, refusal
from tests.localcloud.roles import World, allow, deny

BUCKET, OBJECT = "arn:aws:s3:::b", "arn:aws:s3:::b/k"


@pytest.fixture(scope="module")
def iam(cloud: Cloud) -> Any:
    return cloud.client("iam")


def decisions(answer: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (each["EvalActionName"], each["EvalResourceName"]): each["EvalDecision"]
        for each in answer["EvaluationResults"]
    }


def test_a_roles_policies_are_simulated(cloud: Cloud, iam: Any):
    role = World(cloud).role(
        allow("s3:Get*", on=f"{BUCKET}/*"), deny("s3:GetObject", on=f"{BUCKET}/secret")
    )

    answer = iam.simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[OBJECT, f"{BUCKET}/secret"],
    )

    assert decisions(answer) == {
        ("s3:GetObject", OBJECT): "allowed",
        ("s3:GetObject", f"{BUCKET}/secret"): "explicitDeny",
        ("s3:PutObject", OBJECT): "implicitDeny",
        ("s3:PutObject", f"{BUCKET}/secret"): "implicitDeny",
    }
    assert answer["IsTruncated"] is False


def test_without_a_resource_every_one_must_be_allowed(cloud: Cloud, iam: Any):
    role = World(cloud).role(allow("s3:GetObject", on=OBJECT), allow("sqs:*"))
    actions = ["s3:GetObject", "sqs:SendMessage"]

    answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=actions)

    assert list(decisions(answer).values()) == ["implicitDeny", "allowed"]


def test_a_roles_boundary_and_further_policies_count(iam: Any):
    name = f"bounded-{uuid.uuid4().hex}"
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("s3:*")))
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(TRUST),
        PermissionsBoundary=boundary["Policy"]["Arn"],
    )["Role"]["Arn"]

    answer = iam.simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject", "sqs:SendMessage"],
        PolicyInputList=[policy(allow("*"))],
    )

    assert list(decisions(answer).values()) == ["allowed", "implicitDeny"]
    details = [each["PermissionsBoundaryDecisionDetail"] for each in answer["EvaluationResults"]]
    assert [each["AllowedByPermissionsBoundary"] for each in details] == [True, False]


def test_a_user_has_the_policies_of_its_groups(iam: Any):
    name = f"simulated-{uuid.uuid4().hex}"
    user = iam.create_user(UserName=name)["User"]["Arn"]
    group = iam.create_group(GroupName=name)["Group"]["Arn"]
    iam.add_user_to_group(UserName=name, GroupName=name)
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("sqs:*")))
    actions = ["s3:GetObject", "sqs:SendMessage"]

    of_user = iam.simulate_principal_policy(PolicySourceArn=user, ActionNames=actions)
    of_group = iam.simulate_principal_policy(PolicySourceArn=group, ActionNames=actions)

    assert list(decisions(of_user).values()) == ["allowed", "allowed"]
    assert list(decisions(of_group).values()) == ["allowed", "implicitDeny"]


def test_given_policies_are_simulated_with_their_context(iam: Any):
    condition = {"StringEquals": {"aws:RequestedRegion": "us-east-1", "aws:PrincipalTag/a": "b"}}
    given = [policy(allow("s3:*", Condition=condition))]
    entries = [
        {"ContextKeyName": name, "ContextKeyType": "string", "ContextKeyValues": [value]}
        for name, value in (("aws:RequestedRegion", "us-east-1"), ("aws:PrincipalTag/a", "b"))
    ]

    def simulate(entries: list[dict[str, Any]]) -> dict[str, Any]:
        [result] = iam.simulate_custom_policy(
            PolicyInputList=given, ActionNames=["s3:GetObject"], ContextEntries=entries
        )["EvaluationResults"]
        return dict(result)

    assert simulate(entries)["EvalDecision"] == "allowed"
    assert simulate(entries)["MissingContextValues"] == []
    assert simulate(entries[:1])["EvalDecision"] == "implicitDeny"
    assert simulate(entries[:1])["MissingContextValues"] == ["aws:PrincipalTag/a"]


def test_a_resources_policy_counts(iam: Any):
    caller = "arn:aws:iam::123456789012:user/caller"
    given = {**allow("s3:GetObject", on=OBJECT), "Principal": {"AWS": caller}}

    answer = iam.simulate_custom_policy(
        PolicyInputList=[policy(allow("sqs:*"))],
        ResourcePolicy=policy(given),
        CallerArn=caller,
        ActionNames=["s3:GetObject"],
        ResourceArns=[OBJECT],
    )

    assert list(decisions(answer).values()) == ["allowed"]


def test_a_mistaken_simulation_is_refused(iam: Any):
    absent = "arn:aws:iam::123456789012:role/absent"
    simulate = iam.simulate_custom_policy

    assert refusal(
        iam.simulate_principal_policy, PolicySourceArn=absent, ActionNames=["s3:GetObject"]
    )[0] == ("NoSuchEntity")
    assert refusal(simulate, PolicyInputList=["{"], ActionNames=["s3:GetObject"])[0] == (
        "InvalidInput"
    )
    assert refusal(simulate, PolicyInputList=[policy()], ActionNames=["GetObject"])[0] == (
        "InvalidInput"
    )


def test_preflight_learns_what_a_stacks_own_role_may_do_and_what_it_may_not(cloud: Cloud, iam: Any):
    inputs = JobInputs.of(inputs_of_job({"inputs": {"train": {"s3Uri": "s3://data/train/"}}}))
    needs = needs_of_launch(planned_launch(inputs, 0))
    scope = ExecutionScope(
        SITE,
        JobNeeds(
            repository_arns=[SITE.arn("ecr", "repository/training")],
            input_prefixes=["s3://data/train/"],
            volume_encryption=True,
        ),
        artifact_bucket_arn="arn:aws:s3:::artifacts",
        key_arn=PLACEMENT.key_arn,
        vpc_id="vpc-1",
        subnet_ids=PLACEMENT.subnet_ids,
        security_group_ids=PLACEMENT.security_group_ids,
    )
    statements = execution_policy(scope)["Statement"]
    whole = World(cloud).role(*statements)
    part = World(cloud).role(*(each for each in statements if each["Sid"] != "WriteArtifacts"))

    assert [each for need in needs for each in refused(iam, whole, need)] == []
    found = [each for need in needs for each in refused(iam, part, need)]
    assert {each.action for each in found} == {"s3:PutObject"}
