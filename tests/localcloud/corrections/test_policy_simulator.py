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
    """The decision on each action and resource."""
    return {
        (each["EvalActionName"], one["EvalResourceName"]): one["EvalResourceDecision"]
        for each in answer["EvaluationResults"]
        for one in each.get("ResourceSpecificResults")
        or [{"EvalResourceName": "*", "EvalResourceDecision": each["EvalDecision"]}]
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


def test_an_action_has_one_result_with_the_strictest_decision(iam: Any):
    text = policy(allow("s3:Get*", on=OBJECT), deny("s3:*", on=BUCKET))
    wide = policy(allow("s3:GetObject"))

    [result] = iam.simulate_custom_policy(
        PolicyInputList=[text, wide], ActionNames=["s3:GetObject"], ResourceArns=[OBJECT, BUCKET]
    )["EvaluationResults"]

    assert (result["EvalResourceName"], result["EvalDecision"]) == ("*", "explicitDeny")
    assert result["EvalDecisionDetails"] == {}
    on_object, on_bucket = result["ResourceSpecificResults"]
    assert [each["SourcePolicyId"] for each in on_object["MatchedStatements"]] == [
        "PolicyInputList.1",
        "PolicyInputList.2",
    ]
    # Only the Deny, though there is an Allow.
    [denied] = on_bucket["MatchedStatements"]
    assert denied["SourcePolicyType"] == "IAM Policy"
    begin, end = denied["StartPosition"]["Column"], denied["EndPosition"]["Column"]
    assert json.loads(text[begin : end - 1].lstrip(", "))["Effect"] == "Deny"
    assert result["MatchedStatements"] == [denied]


def test_policies_of_a_role_are_named_as_iam_names_them(cloud: Cloud, iam: Any):
    role = World(cloud).role(allow("s3:*"))
    name = role.rpartition("/")[2]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")

    def matched(**more: Any) -> list[str]:
        [result] = iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=["s3:GetObject"], **more
        )["EvaluationResults"]
        return [each["SourcePolicyId"] for each in result["MatchedStatements"]]

    assert matched() == [f"role_{name}_own", "AmazonS3FullAccess"]
    assert matched(PolicyExclusionList=[{"PolicyType": "inline"}]) == ["AmazonS3FullAccess"]
    managed = {"PolicyArn": "arn:aws:iam::aws:policy/Amazon*Access"}
    assert matched(PolicyExclusionList=[managed]) == [f"role_{name}_own"]
    inline = {"PolicyName": "own", "AttachmentType": "role", "AttachmentName": name}
    assert matched(PolicyExclusionList=[{"InlinePolicyIdentifier": inline}]) == [
        "AmazonS3FullAccess"
    ]


def test_a_boundary_that_denies_allows_nothing(iam: Any):
    [result] = iam.simulate_custom_policy(
        PolicyInputList=[policy(allow("s3:*"))],
        PermissionsBoundaryPolicyInputList=[policy(allow("*"), deny("s3:GetObject"))],
        ActionNames=["s3:GetObject"],
    )["EvaluationResults"]

    assert result["EvalDecision"] == "explicitDeny"
    assert result["MatchedStatements"] == []
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_results_come_in_pages(iam: Any):
    given = {"PolicyInputList": [policy(allow("s3:*"))]}
    actions = [f"s3:Action{number}" for number in range(5)]
    pages = list(
        iam.get_paginator("simulate_custom_policy").paginate(
            **given, ActionNames=actions, PaginationConfig={"PageSize": 2}
        )
    )

    assert [len(page["EvaluationResults"]) for page in pages] == [2, 2, 1]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert [each["EvalActionName"] for page in pages for each in page["EvaluationResults"]] == (
        actions
    )
    made_up = refusal(iam.simulate_custom_policy, **given, ActionNames=actions, Marker="made-up")
    assert made_up == ("ValidationError", "Invalid Marker.")


def test_an_owner_of_another_account_has_to_allow_too(iam: Any):
    caller = "arn:aws:iam::123456789012:user/caller"
    given = {**allow("s3:GetObject", on=OBJECT), "Principal": {"AWS": caller}}

    def simulate(identity: str, resource: str) -> tuple[str, Any]:
        [result] = iam.simulate_custom_policy(
            PolicyInputList=[identity],
            ResourcePolicy=resource,
            CallerArn=caller,
            ResourceOwner="arn:aws:iam::210987654321:root",
            ActionNames=["s3:GetObject"],
            ResourceArns=[OBJECT],
        )["EvaluationResults"]
        return result["EvalDecision"], result["EvalDecisionDetails"]

    allowed, lacking = "allowed", "implicitDeny"
    both = {"IAM Policy": allowed, "Resource Policy": allowed}
    own, theirs = policy(allow("s3:*")), policy(given)
    assert simulate(own, theirs) == (allowed, both)
    assert simulate(own, policy()) == (lacking, both | {"Resource Policy": lacking})
    assert simulate(policy(allow("sqs:*")), theirs)[0] == lacking


ROLE = "arn:aws:iam::123456789012:role/absent"
ENTRY = {"ContextKeyName": "aws:any", "ContextKeyValues": ["x"]}
NO_OWNER = {"ResourcePolicy": policy(), "CallerArn": ROLE}
MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    *(
        ("InvalidInput", {"PolicyInputList": [text]}, "PolicyInputList.1")
        for text in ("{", "[" * 100_000, '{"Statement":[5]}', '{"Statement":5}')
    ),
    ("InvalidInput", {"ActionNames": ["GetObject"]}, "service:action"),
    ("InvalidInput", {"ActionNames": ["s3:Get*"]}, "service:action"),
    ("InvalidInput", {"ResourceArns": ["bucket"]}, "neither an ARN nor *"),
    ("InvalidInput", {"ResourcePolicy": policy()}, "CallerArn is required"),
    ("InvalidInput", NO_OWNER, "isn't supported for IAM roles"),
    ("InvalidInput", {"CallerArn": "arn:aws:sts::1:assumed-role/a/b"}, "entity type and name"),
    ("InvalidInput", {"ResourceOwner": "123456789012"}, "is not a valid as a Resource Owner"),
    ("InvalidInput", {"PermissionsBoundaryPolicyInputList": [policy()] * 2}, "several policies"),
    *(
        ("InvalidInput", {"ContextEntries": [ENTRY | {"ContextKeyType": kind}]}, f"is not {kind}")
        for kind in ("boolean", "numericList", "date", "ip", "binary")
    ),
    (
        "InvalidInput",
        {"ContextEntries": [ENTRY | {"ContextKeyValues": ["a", "b"], "ContextKeyType": "string"}]},
        "several values",
    ),
    ("NotImplemented", {"ResourceHandlingOption": "EC2-VPC-EBS"}, "ResourceHandlingOption"),
    (
        "NotImplemented",
        {"OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": [policy()]}]},
        "OrderedOrganizationPolicyInputList",
    ),
]


@pytest.mark.parametrize(("code", "given", "words"), MISTAKES)
def test_a_mistaken_simulation_is_refused(iam: Any, code: str, given: dict[str, Any], words: str):
    usual = {"PolicyInputList": [policy()], "ActionNames": ["s3:GetObject"]}

    refused = refusal(iam.simulate_custom_policy, **(usual | given))

    assert refused[0] == code
    assert words in refused[1]


def test_an_identity_that_is_not_there_is_refused(iam: Any):
    def refused(arn: str) -> tuple[str, str]:
        call = iam.simulate_principal_policy
        return refusal(call, PolicySourceArn=arn, ActionNames=["s3:GetObject"])

    assert refused(ROLE) == ("NoSuchEntity", "The role with name absent cannot be found.")
    assert refused(ROLE.replace("123456789012", "210987654321"))[0] == "InvalidInput"
    assert refused("arn:aws:iam::123456789012:root")[0] == "InvalidInput"


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
