from __future__ import annotations

import dataclasses
from typing import Any

import pulumi
import pytest

from components.artifact_store.artifact_settings import ArtifactSettings
from components.artifact_store.artifact_store import ArtifactStore, ArtifactStoreArgs
from tests.components.policies import statement
from tests.components.recording import ACCOUNT, REGION, SITE, Recording, record

ARGS = ArtifactStoreArgs(
    SITE,
    ArtifactSettings(retain=False),
    alerts=False,
    s3_endpoint_id="vpce-1",
    execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/execution",
)
BUCKET = "store-artifacts-0a1b2c3"
CONTROLS = {
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "s3/bucketOwnershipControls:BucketOwnershipControls",
    "s3/bucketPolicy:BucketPolicy",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3/bucketVersioning:BucketVersioning",
}


def store(*, alerts: bool = False, **settings: Any) -> Recording:
    changed = ARGS.settings.model_copy(update=settings)
    args = dataclasses.replace(ARGS, settings=changed, alerts=alerts)
    return record(lambda: ArtifactStore("store", args))


@pytest.fixture(scope="module")
def default() -> Recording:
    return store()


def test_a_store_is_a_bucket_a_key_and_their_controls(default: Recording):
    assert default.types == CONTROLS | {
        "kms/alias:Alias",
        "kms/key:Key",
        "kms/keyPolicy:KeyPolicy",
        "s3/bucket:Bucket",
    }


def test_every_control_is_one_of_the_bucket(default: Recording):
    assert {default.the(each).inputs["bucket"] for each in CONTROLS} == {BUCKET}


def test_nothing_about_the_bucket_can_be_public(default: Recording):
    block = default.the("s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert {key: value for key, value in block.items() if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }


def test_the_bucket_has_no_access_control_list(default: Recording):
    ownership = default.the("s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert "acl" not in default.the("s3/bucket:Bucket").inputs


def test_the_bucket_encrypts_with_the_key_by_default(default: Recording):
    type_ = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/store-key-id"
    assert default.the(type_).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": key,
            },
            "bucketKeyEnabled": True,
            "blockedEncryptionTypes": ["SSE-C"],
        }
    ]


def test_the_bucket_keeps_versions(default: Recording):
    versioning = default.the("s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


def test_the_bucket_policy_is_written_for_this_bucket_and_key(default: Recording):
    document = default.the("s3/bucketPolicy:BucketPolicy").document()
    assert statement(document, "DenyInsecureTransport")["Resource"] == [
        f"arn:aws:s3:::{BUCKET}",
        f"arn:aws:s3:::{BUCKET}/*",
    ]
    assert "store-key-id" in str(statement(document, "DenyOtherKeys")["Condition"])


def test_checkpoints_old_versions_and_incomplete_uploads_expire_and_models_do_not():
    type_ = "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    recording = store(checkpoint_days=9, noncurrent_days=5)
    assert recording.the(type_).inputs["rules"] == [
        {
            "id": "expire-checkpoints",
            "status": "Enabled",
            "filter": {"prefix": "checkpoints/"},
            "expiration": {"days": 9},
        },
        {
            "id": "expire-noncurrent-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrentVersionExpiration": {"noncurrentDays": 5},
            "expiration": {"expiredObjectDeleteMarker": True},
        },
        {
            "id": "abort-incomplete-uploads",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        },
    ]


def test_the_rule_for_old_versions_comes_after_versioning(default: Recording):
    lifecycle = default.the("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert default.depends(lifecycle, default.the("s3/bucketVersioning:BucketVersioning"))


def test_the_key_rotates_and_can_be_brought_back_for_a_month(default: Recording):
    key = default.the("kms/key:Key").inputs
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30


def test_the_key_is_named_after_the_bucket(default: Recording):
    assert default.the("kms/alias:Alias").inputs["name"] == f"alias/{BUCKET}"


def test_another_key_gets_the_policy_and_the_old_key_loses_it(default: Recording):
    policy = default.the("kms/keyPolicy:KeyPolicy")
    assert policy.replaced_on == {"keyId"}
    assert not policy.deleted_first


def test_nothing_is_encrypted_with_the_key_before_its_policy_is_there(default: Recording):
    policy = default.the("kms/keyPolicy:KeyPolicy")
    type_ = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    assert default.depends(default.the(type_), policy)


def test_the_services_of_alerts_use_the_key_only_where_there_are_alerts(default: Recording):
    def names(recording: Recording) -> list[str]:
        document = recording.the("kms/keyPolicy:KeyPolicy").document()
        return [each["Sid"] for each in document["Statement"]]

    assert "EventsPublishAlerts" not in names(default)
    assert "EventsPublishAlerts" in names(store(alerts=True))


def test_a_store_that_is_not_retained_is_emptied_and_deleted(default: Recording):
    assert default.the("s3/bucket:Bucket").inputs["forceDestroy"] is True
    assert not any(each.retained for each in default.resources)


def test_a_retained_store_keeps_bucket_key_and_each_of_their_controls():
    recording = store(retain=True, access_log_bucket="logs")
    assert recording.the("s3/bucket:Bucket").inputs["forceDestroy"] is False
    aws = [each for each in recording.resources if each.type.startswith("aws:")]
    assert len(aws) == len(CONTROLS) + 5
    assert all(each.retained for each in aws)


def test_a_retained_bucket_is_taken_back_with_its_key_and_not_created_again():
    recording = store(retain=True, existing_bucket="kept-artifacts-9f8e7d6")
    created = {each.type for each in recording.resources if not each.read}
    assert "aws:s3/bucket:Bucket" not in created
    assert "aws:kms/key:Key" not in created
    assert "aws:kms/alias:Alias" not in created
    assert recording.the("kms/keyPolicy:KeyPolicy").inputs["keyId"] == "retained"


def test_the_controls_of_a_bucket_that_was_taken_back_are_written_again_and_kept():
    recording = store(retain=True, existing_bucket="kept-artifacts-9f8e7d6")
    controls = [recording.the(each) for each in CONTROLS]
    assert {each.inputs["bucket"] for each in controls} == {"kept-artifacts-9f8e7d6"}
    assert all(each.retained for each in controls)


def test_access_is_logged_only_where_a_bucket_for_the_logs_is_named(default: Recording):
    assert "s3/bucketLogging:BucketLogging" not in default.types
    logging = store(access_log_bucket="logs").the("s3/bucketLogging:BucketLogging").inputs
    assert logging["targetBucket"] == "logs"
    assert logging["targetPrefix"] == f"{BUCKET}/"


def test_a_bucket_is_restricted_to_an_endpoint_that_is_made_after_it():
    def program() -> None:
        endpoint_id, resolve = pulumi.deferred_output()  # type: ignore[var-annotated]
        settings = ArtifactSettings(
            retain=False, vpc_only=True, exempt_principals=["arn:aws:iam::1:role/ci"]
        )
        args = dataclasses.replace(ARGS, settings=settings, s3_endpoint_id=endpoint_id)
        made = ArtifactStore("store", args)
        resolve(made.bucket_arn.apply(lambda arn: f"vpce-for-{arn}"))

    document = record(program).the("s3/bucketPolicy:BucketPolicy").document()
    condition = statement(document, "DenyOutsideEndpoint")["Condition"]
    assert condition["StringNotEquals"] == {"aws:SourceVpce": f"vpce-for-arn:aws:s3:::{BUCKET}"}
    assert condition["ArnNotLike"] == {"aws:PrincipalArn": ["arn:aws:iam::1:role/ci"]}
    listing = statement(document, "DenyListOutsideEndpoint")["Condition"]["ArnNotLike"]
    assert listing == {"aws:PrincipalArn": ["arn:aws:iam::1:role/ci", ARGS.execution_role_arn]}


def test_a_job_waits_for_the_bucket_the_key_and_every_control():
    made: list[ArtifactStore] = []
    recording = record(lambda: made.append(ArtifactStore("store", ARGS)))
    resources = [each for each in recording.resources if each.type.startswith("aws:")]
    assert len(made[0].dependencies) == len(resources)
    assert len(set(made[0].dependencies)) == len(resources)


def test_the_outputs_name_bucket_and_key(default: Recording):
    assert default.outputs["sagemaker-training:index:ArtifactStore"] == {
        "bucket_name": BUCKET,
        "bucket_arn": f"arn:aws:s3:::{BUCKET}",
        "key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/store-key-id",
    }
