"""The documents of the artifact store: who may use its key, and what its bucket refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.policy_documents import (
    Document,
    Statement,
    deny_plain_text,
    document,
    for_every_caller,
)
from components.site import Site

_ENCRYPTION = "s3:x-amz-server-side-encryption"
_ENCRYPTION_KEY = f"{_ENCRYPTION}-aws-kms-key-id"
_CUSTOMER_KEY = f"{_ENCRYPTION}-customer-algorithm"
_OBJECT_ACTIONS = (
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucketVersions",
    "s3:PutObject",
)
"""What reaches objects and their versions; the account can still reach the bucket's settings."""


def key_policy(site: Site, alerts: bool = False) -> Document:
    """Who may use the stack's key.

    The account's root means that IAM policies of the account decide, as for every key that IAM
    manages. The execution role's own policy, for example, lets it use the key through S3. In a
    key's policy, the resource `*` means the key itself.

    Args:
        site: the key's account and region.
        alerts: whether the services that publish alerts use the key too.
    """
    statements = [_account_statement(site), _logs_statement(site)]
    if alerts:
        statements += _alert_statements(site)
    return document(statements)


def bucket_policy(
    bucket_arn: str,
    key_arn: str,
    vpc_endpoint_id: str | None = None,
    exempt_principal_arns: Sequence[str] = (),
    execution_role_arn: str | None = None,
) -> Document:
    """What the artifact bucket refuses to every caller.

    Args:
        bucket_arn: the bucket.
        key_arn: the only key that its objects may be encrypted with.
        vpc_endpoint_id: the only endpoint through which objects may be reached, None for any way.
        exempt_principal_arns: who may reach them in another way: the stack's deployers. `*` and
            `?` are patterns.
        execution_role_arn: the role as which SageMaker may list the bucket in another way.
    """
    statements = [
        deny_plain_text(["s3:*"], [bucket_arn, f"{bucket_arn}/*"]),
        _other_header_statement(
            "DenyOtherEncryption", bucket_arn, {"StringNotEquals": {_ENCRYPTION: "aws:kms"}}
        ),
        _other_header_statement(
            "DenyOtherKeys", bucket_arn, {"ArnNotEquals": {_ENCRYPTION_KEY: key_arn}}
        ),
        _customer_key_statement(bucket_arn),
    ]
    if vpc_endpoint_id is not None:
        exempt = list(exempt_principal_arns)
        listing = [*exempt, execution_role_arn] if execution_role_arn else exempt
        statements += [
            _endpoint_statement(
                _deny("DenyOutsideEndpoint", _OBJECT_ACTIONS, [bucket_arn, f"{bucket_arn}/*"]),
                vpc_endpoint_id,
                exempt,
            ),
            # Before SageMaker accepts a job, it lists the job's buckets as this role. AWS doesn't
            # say from where, and no interface of the job is in the VPC yet. If the lists come in
            # another way, no job could be launched without the exemption.
            _endpoint_statement(
                _deny("DenyListOutsideEndpoint", ["s3:ListBucket"], [bucket_arn]),
                vpc_endpoint_id,
                listing,
            ),
        ]
    return document(statements)


def _account_statement(site: Site) -> Statement:
    return {
        "Sid": "AccountAdministersKey",
        "Effect": "Allow",
        "Principal": {"AWS": site.root_arn},
        "Action": ["kms:*"],
        "Resource": ["*"],
    }


def _logs_statement(site: Site) -> Statement:
    groups = site.arn("logs", "log-group:*")
    return {
        "Sid": "CloudWatchLogsEncrypts",
        "Effect": "Allow",
        "Principal": {"Service": site.service_host("logs")},
        "Action": [
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ],
        "Resource": ["*"],
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }


def _alert_statements(site: Site) -> list[Statement]:
    """The services that publish to an encrypted topic of the account.

    EventBridge names no source when it uses a key for a topic, so with a condition on the source it
    could not publish. The condition on the topic limits it to the account.
    """
    topics = site.arn("sns", "*")
    of_topic = {"StringLike": {"kms:EncryptionContext:aws:sns:topicArn": topics}}
    events = {
        "Sid": "EventsPublishAlerts",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": ["*"],
        "Condition": of_topic,
    }
    others = {
        **events,
        "Sid": "AlarmsAndBudgetsPublish",
        "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
        "Condition": {**of_topic, "StringEquals": {"aws:SourceAccount": site.account_id}},
    }
    return [events, others]


def _other_header_statement(
    sid: str, bucket_arn: str, differs: dict[str, dict[str, str]]
) -> Statement:
    """Refuses a put whose header differs from the expected one.

    A put without the header gets the bucket's default encryption, which is the right one. It needs
    the `Null` condition, as a negated operator, with IfExists or without, also matches a header
    that is not there.

    A put that asks for `aws:kms` and names no key is accepted too, and gets AWS's own key. AWS does
    not say whether SageMaker uploads checkpoints in this way. If it does and they were refused,
    they would be lost without a message.
    """
    (headers,) = differs.values()
    present = {"Null": dict.fromkeys(headers, "false")}
    statement = _deny(sid, ["s3:PutObject"], [f"{bucket_arn}/*"])
    return {**statement, "Condition": {**differs, **present}}


def _customer_key_statement(bucket_arn: str) -> Statement:
    """Refuses keys that a client sends with an object: no one else could ever read the object."""
    condition = {"Null": {_CUSTOMER_KEY: "false"}}
    statement = _deny("DenyCustomerProvidedKeys", ["s3:PutObject"], [f"{bucket_arn}/*"])
    return {**statement, "Condition": condition}


def _endpoint_statement(denial: Statement, endpoint_id: str, exempt: Sequence[str]) -> Statement:
    """A denial, limited to requests that come in another way than through the endpoint."""
    condition: dict[str, Any] = {"StringNotEquals": {"aws:SourceVpce": endpoint_id}}
    if exempt:
        condition["ArnNotLike"] = {"aws:PrincipalArn": list(exempt)}
    return {**denial, "Condition": condition}


def _deny(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    return for_every_caller("Deny", sid, actions, resources)
