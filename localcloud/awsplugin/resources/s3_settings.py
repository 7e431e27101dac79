"""The settings of an S3 bucket, each a resource of its own, named after its bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, Validate, names, policy
from localcloud.awsplugin.resources.common import from_api, one_of, to_api
from localcloud.awsplugin.resources.kms import same_key
from localcloud.awsplugin.resources.policy_rules import (
    as_list,
    policy_failures,
    statements,
)

Put = Callable[[Any, Cloud, Properties], object]
Get = Callable[[Any, str, Properties], Properties | None]
Remove = Callable[[Any, str, Properties], object]

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_ENCRYPTION = {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
_ABSENT = (
    "NoSuchBucket",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
)


def setting(
    token: str,
    source: str,
    put: Put,
    get: Get,
    remove: Remove,
    *,
    required: str = "",
    write_only: str = "expectedBucketOwner",
    defaults: Mapping[str, Any] | None = None,
    validate: Validate | None = None,
    **more: Any,
) -> ResourceType:
    """The type of a bucket's setting from the calls that put, get and remove it."""

    def create(cloud: Cloud, inputs: Properties) -> str:
        put(cloud.client("s3"), cloud, inputs)
        return str(inputs["bucket"])

    def read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
        s3, bucket = cloud.client("s3"), identity.partition(",")[0]
        found = get(s3, bucket, previous)
        return None if found is None else {"bucket": bucket, **found}

    def update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
        put(cloud.client("s3"), cloud, inputs)

    def delete(cloud: Cloud, identity: str, state: Properties) -> None:
        remove(cloud.client("s3"), identity.partition(",")[0], state)

    return ResourceType(
        type=token,
        source=source,
        create=create,
        read=read,
        update=update,
        delete=delete,
        gone=frozenset(_ABSENT),
        required=names(f"bucket {required}"),
        replaces=names("bucket expectedBucketOwner") & names(f"bucket {write_only}"),
        defaults=defaults or {},
        validate=validate,
        write_only=names(write_only),
        **more,
    )


def _put_block(s3: Any, cloud: Cloud, inputs: Properties) -> None:
    settings = to_api({name: bool(inputs.get(name)) for name in _BLOCKS})
    s3.put_public_access_block(Bucket=inputs["bucket"], PublicAccessBlockConfiguration=settings)


def _get_block(s3: Any, bucket: str, previous: Properties) -> Properties:
    answer = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return dict(from_api(answer))


def _remove_block(s3: Any, bucket: str, state: Properties) -> None:
    if not state.get("skipDestroy"):
        s3.delete_public_access_block(Bucket=bucket)


def _put_ownership(s3: Any, cloud: Cloud, inputs: Properties) -> None:
    controls = {"Rules": [to_api(inputs["rule"])]}
    s3.put_bucket_ownership_controls(Bucket=inputs["bucket"], OwnershipControls=controls)


def _get_ownership(s3: Any, bucket: str, previous: Properties) -> Properties:
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return {"rule": from_api(rules[0])}


def _ownership_failures(inputs: Properties) -> Iterator[Failure]:
    choices = ["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"]
    yield from one_of(inputs.get("rule") or {}, "objectOwnership", choices)


def _put_versioning(s3: Any, cloud: Cloud, inputs: Properties) -> None:
    wanted = inputs["versioningConfiguration"]
    if wanted["status"] != "Disabled":  # what a bucket is before its versioning is first set
        status = {"Status": wanted["status"]}
        s3.put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration=status)


def _get_versioning(s3: Any, bucket: str, previous: Properties) -> Properties:
    answer = s3.get_bucket_versioning(Bucket=bucket)
    status = {"status": answer.get("Status") or "Disabled"}
    return {"versioningConfiguration": {**status, "mfaDelete": answer.get("MFADelete", "")}}


def _suspend_versioning(s3: Any, bucket: str, state: Properties) -> None:
    if state["versioningConfiguration"]["status"] == "Enabled":
        suspended = {"Status": "Suspended"}
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=suspended)


def _versioning_failures(inputs: Properties) -> Iterator[Failure]:
    given = inputs.get("versioningConfiguration") or {}
    yield from one_of(given, "status", ["Enabled", "Suspended", "Disabled"])


def _put_encryption(s3: Any, cloud: Cloud, inputs: Properties) -> None:
    rules = {"Rules": [_to_encryption(rule) for rule in inputs["rules"]]}
    s3.put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration=rules)


def _get_encryption(s3: Any, bucket: str, previous: Properties) -> Properties:
    answer = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    return {"rules": [encryption_rule(rule) for rule in answer["Rules"]]}


def _to_encryption(rule: Properties) -> dict[str, Any]:
    api = dict(to_api(rule, _ENCRYPTION))
    if "BlockedEncryptionTypes" in api:
        api["BlockedEncryptionTypes"] = {"EncryptionType": api["BlockedEncryptionTypes"]}
    return api


def encryption_rule(api: dict[str, Any]) -> Properties:
    """A rule for encryption as the SDK has it, from the API's."""
    rule = dict(from_api(api, _ENCRYPTION))
    if "blockedEncryptionTypes" in rule:
        rule["blockedEncryptionTypes"] = rule["blockedEncryptionTypes"].get("encryptionType", [])
    return rule


def _encryption_failures(inputs: Properties) -> Iterator[Failure]:
    for rule in inputs.get("rules") or ():
        default = rule.get("applyServerSideEncryptionByDefault") or {}
        yield from one_of(default, "sseAlgorithm", ["AES256", "aws:kms", "aws:kms:dsse"])
        for blocked in rule.get("blockedEncryptionTypes") or ():
            yield from one_of({"rules": blocked}, "rules", ["SSE-C", "NONE"])


def _put_policy(s3: Any, cloud: Cloud, inputs: Properties) -> None:
    bucket, document = inputs["bucket"], inputs["policy"]
    _check_resources(bucket, document, cloud.partition)
    s3.put_bucket_policy(Bucket=bucket, Policy=document)


def _check_resources(bucket: str, document: str, partition: str) -> None:
    """Refuses a policy with a resource outside its own bucket, as S3 does."""
    arn = f"arn:{partition}:s3:::{bucket}"
    for statement in statements(document):
        for resource in as_list(statement.get("Resource")):
            if resource not in {arn, "*"} and not str(resource).startswith(f"{arn}/"):
                message = f"Policy has invalid resource {resource!r}; it must be {arn} or {arn}/…"
                raise AwsError("PutBucketPolicy", "MalformedPolicy", message)


def _get_policy(s3: Any, bucket: str, previous: Properties) -> Properties:
    return {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}


def _remove_policy(s3: Any, bucket: str, state: Properties) -> None:
    s3.delete_bucket_policy(Bucket=bucket)


def _put_logging(s3: Any, cloud: Cloud, inputs: Properties) -> None:
    enabled = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
    if inputs.get("targetObjectKeyFormat"):
        enabled["TargetObjectKeyFormat"] = to_api(inputs["targetObjectKeyFormat"])
    s3.put_bucket_logging(Bucket=inputs["bucket"], BucketLoggingStatus={"LoggingEnabled": enabled})


def _get_logging(s3: Any, bucket: str, previous: Properties) -> Properties | None:
    enabled = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
    if not enabled:
        return None
    kept = {name: previous.get(name) for name in ("targetObjectKeyFormat", "targetGrants")}
    return {
        **kept,
        "targetBucket": enabled["TargetBucket"],
        "targetPrefix": enabled.get("TargetPrefix", ""),
    }


def _remove_logging(s3: Any, bucket: str, state: Properties) -> None:
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})


_RULES = "ServerSideEncryptionConfiguration.Rules"
_PUT_ENCRYPTION = Call(
    "s3",
    "PutBucketEncryption",
    {
        "rules": _RULES,
        "rules.blockedEncryptionTypes": f"{_RULES}.BlockedEncryptionTypes.EncryptionType",
    },
)
_PUT_LOGGING = Call(
    "s3",
    "PutBucketLogging",
    {
        "": "BucketLoggingStatus.LoggingEnabled",
        "bucket": "Bucket",
        "expectedBucketOwner": "ExpectedBucketOwner",
    },
)

TYPES = (
    setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "s3/bucket_public_access_block.go",
        _put_block,
        _get_block,
        _remove_block,
        calls=(Call("s3", "PutPublicAccessBlock"),),
        write_only="skipDestroy",
        defaults=dict.fromkeys(_BLOCKS, False),
    ),
    setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "s3/bucket_ownership_controls.go",
        _put_ownership,
        _get_ownership,
        lambda s3, bucket, _: s3.delete_bucket_ownership_controls(Bucket=bucket),
        calls=(Call("s3", "PutBucketOwnershipControls", {"rule": "OwnershipControls.Rules"}),),
        required="rule",
        write_only="",
        validate=_ownership_failures,
    ),
    setting(
        "aws:s3/bucketVersioning:BucketVersioning",
        "s3/bucket_versioning.go",
        _put_versioning,
        _get_versioning,
        _suspend_versioning,
        # "Disabled" is the provider's own word.
        calls=(Call("s3", "PutBucketVersioning", {"versioningConfiguration.status": None}),),
        required="versioningConfiguration",
        write_only="expectedBucketOwner mfa",
        validate=_versioning_failures,
        computed=names("versioningConfiguration.mfaDelete"),
    ),
    setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "s3/bucket_server_side_encryption_configuration.go",
        _put_encryption,
        _get_encryption,
        lambda s3, bucket, _: s3.delete_bucket_encryption(Bucket=bucket),
        calls=(_PUT_ENCRYPTION,),
        required="rules",
        validate=_encryption_failures,
        unordered=names("rules rules.blockedEncryptionTypes"),
        computed=names("rules.blockedEncryptionTypes"),
        same={"rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": same_key},
    ),
    setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        "s3/bucket_policy.go",
        _put_policy,
        _get_policy,
        _remove_policy,
        calls=(Call("s3", "PutBucketPolicy"),),
        required="policy",
        write_only="",
        validate=lambda inputs: policy_failures(inputs, "policy", "Principal", "Resource"),
        same=policy("policy"),
    ),
    setting(
        "aws:s3/bucketLogging:BucketLogging",
        "s3/bucket_logging.go",
        _put_logging,
        _get_logging,
        _remove_logging,
        calls=(_PUT_LOGGING,),
        required="targetBucket targetPrefix",
        unordered=names("targetGrants"),
    ),
)
