"""The documents of a network: what is reached through its endpoints, who writes its flow logs."""

from __future__ import annotations

from collections.abc import Sequence

from components.policy_documents import (
    Document,
    Statement,
    allow,
    document,
    for_every_caller,
    input_statements,
    service_trust,
)
from components.site import Site


def s3_endpoint_policy(
    site: Site,
    artifact_bucket_arn: str,
    input_prefixes: Sequence[str] = (),
    image_layers: bool = False,
    further_buckets: Sequence[str] = (),
) -> Document:
    """What can be reached through the S3 endpoint: the artifacts and the jobs' inputs.

    Only for principals of the account: with the credentials of another one, no data gets out.
    Objects of further buckets can be read by everyone: a presigned address is a request of the
    one who signed it.

    Args:
        site: the stack's site.
        artifact_bucket_arn: the artifact bucket.
        input_prefixes: `s3://` URIs of inputs in other buckets.
        image_layers: whether images are pulled through the VPC; their layers are in S3.
        further_buckets: the names of buckets whose objects can be read with any credentials.
    """
    own = [
        _through_endpoint("ListArtifacts", ["s3:ListBucket"], [artifact_bucket_arn]),
        _through_endpoint(
            "UseArtifacts",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{artifact_bucket_arn}/*"],
        ),
    ]
    inputs = [{**each, "Principal": "*"} for each in input_statements(input_prefixes, site)]
    statements = [_of_account(each, site) for each in [*own, *inputs]]
    if image_layers:
        # Not only for the account: ECR gives out signed addresses, whose principal is its own.
        layers = site.bucket_arn(f"prod-{site.region}-starport-layer-bucket/*")
        statements.append(_through_endpoint("PullImageLayers", ["s3:GetObject"], [layers]))
    if further_buckets:
        objects = [site.bucket_arn(f"{bucket}/*") for bucket in sorted(further_buckets)]
        actions = ["s3:GetObject", "s3:GetObjectVersion"]
        statements.append(_through_endpoint("ReadFurtherBuckets", actions, objects))
    return document(statements)


def interface_endpoint_policy(site: Site) -> Document:
    """Every action of the endpoint's service, but only for principals of the account."""
    everything = _through_endpoint("OnlyThisAccount", ["*"], ["*"])
    return document([_of_account(everything, site)])


def flow_log_trust(site: Site) -> Document:
    """Only VPC flow logs of this account in this region."""
    source = site.arn("ec2", "vpc-flow-log/*")
    return service_trust("vpc-flow-logs.amazonaws.com", site, source)


def flow_log_policy(log_group_arn: str) -> Document:
    """Writing to one log group; not making one."""
    streams = f"{log_group_arn}:log-stream:*"
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return document(
        [
            allow("WriteFlowLogs", actions, [log_group_arn, streams]),
            allow("FindLogGroup", ["logs:DescribeLogGroups"], ["*"]),
        ]
    )


def _through_endpoint(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    return for_every_caller("Allow", sid, actions, resources)


def _of_account(statement: Statement, site: Site) -> Statement:
    conditions = statement.get("Condition", {})
    own = {"StringEquals": {"aws:PrincipalAccount": site.account_id}}
    return {**statement, "Condition": {**conditions, **own}}
