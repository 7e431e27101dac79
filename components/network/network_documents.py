"""The documents of a network: what its endpoints lead to, and who writes its flow logs.

Pure functions of plain values.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.arns import partition
from components.policy_documents import (
    Document,
    Statement,
    allow,
    document,
    for_anybody,
    input_statements,
    service_trust,
)


def s3_endpoint_policy(
    account_id: str,
    region: str,
    artifact_bucket_arn: str,
    input_prefixes: Sequence[str] = (),
    image_layers: bool = False,
) -> Document:
    """What can be reached through the S3 endpoint: the artifacts and the jobs' inputs.

    Only for principals of the account, so that credentials from elsewhere carry nothing out.

    Args:
        account_id: the stack's account.
        region: the stack's region.
        artifact_bucket_arn: the artifact bucket.
        input_prefixes: `s3://` URIs of inputs that lie in other buckets.
        image_layers: whether images are pulled through the VPC; their layers lie in S3.
    """
    own = [
        _through_endpoint("ListArtifacts", ["s3:ListBucket"], [artifact_bucket_arn]),
        _through_endpoint(
            "UseArtifacts",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{artifact_bucket_arn}/*"],
        ),
    ]
    inputs = [{**each, "Principal": "*"} for each in input_statements(input_prefixes, region)]
    statements = [_of_account(each, account_id) for each in [*own, *inputs]]
    if image_layers:
        # ECR hands out signed addresses, which carry ECR's own principal.
        layers = f"arn:{partition(region)}:s3:::prod-{region}-starport-layer-bucket/*"
        statements.append(_through_endpoint("PullImageLayers", ["s3:GetObject"], [layers]))
    return document(statements)


def interface_endpoint_policy(account_id: str) -> Document:
    """Every action of the endpoint's service, but only for principals of the account."""
    everything = _through_endpoint("OnlyThisAccount", ["*"], ["*"])
    return document([_of_account(everything, account_id)])


def flow_log_trust(account_id: str, region: str) -> Document:
    """Only VPC flow logs of this account in this region."""
    source = f"arn:{partition(region)}:ec2:{region}:{account_id}:vpc-flow-log/*"
    return service_trust("vpc-flow-logs.amazonaws.com", account_id, source)


def flow_log_policy(log_group_arn: str) -> Document:
    """Writing to one log group, which exists already."""
    streams = f"{log_group_arn}:log-stream:*"
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return document(
        [
            allow("WriteFlowLogs", actions, [log_group_arn, streams]),
            allow("FindLogGroup", ["logs:DescribeLogGroups"], ["*"]),
        ]
    )


def _through_endpoint(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    return for_anybody("Allow", sid, actions, resources)


def _of_account(statement: Statement, account_id: str) -> Statement:
    conditions = statement.get("Condition", {})
    own = {"StringEquals": {"aws:PrincipalAccount": account_id}}
    return {**statement, "Condition": {**conditions, **own}}
