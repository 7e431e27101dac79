"""The artifact store: the key and the bucket that hold what goes into the jobs and comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.artifact_layout import CHECKPOINTS
from components.artifact_store.artifact_documents import bucket_policy, key_policy
from components.artifact_store.artifact_settings import ArtifactSettings
from components.site import Site

INCOMPLETE_UPLOAD_DAYS = 7
KEY_DELETION_DAYS = 30
"""How many days a deleted key can still be brought back; AWS allows 7 to 30."""


@dataclass(frozen=True)
class ArtifactStoreArgs:
    """What an artifact store is made from.

    Attributes:
        site: the stack's site.
        settings: the stack's settings of the artifacts. A bucket that is not retained is emptied
            and deleted with the stack, and its key scheduled for deletion.
        alerts: whether the services that publish alerts use the key too.
        s3_endpoint_id: with `vpcOnly`, the only endpoint through which objects can be reached.
        execution_role_arn: with `vpcOnly`, the role as which SageMaker may list the bucket in
            another way.
        deployer_arns: the stack's own deployers, who may then reach objects in another way.
    """

    site: Site
    settings: ArtifactSettings
    alerts: bool
    s3_endpoint_id: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    deployer_arns: Sequence[pulumi.Input[str]] = ()


class ArtifactStore(pulumi.ComponentResource):
    """A private, versioned bucket whose every object is encrypted with the stack's own key."""

    bucket_name: pulumi.Output[str]
    """The bucket's name."""

    bucket_arn: pulumi.Output[str]
    """The bucket's ARN."""

    key_arn: pulumi.Output[str]
    """The ARN of the key that encrypts the bucket, the flow logs and the alerts.

    It is known when the key has its policy: before that, CloudWatch Logs may not use the key."""

    dependencies: list[pulumi.Resource]
    """What a job must start after and end before."""

    def __init__(
        self, name: str, args: ArtifactStoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:ArtifactStore", name, None, opts)
        self._name = name
        self._args, self._settings = args, args.settings
        self.dependencies = []

        self._create_bucket()
        self._create_key()
        self._create_access_controls()
        self._create_encryption()
        self._create_versions_and_lifecycle()
        if args.settings.access_log_bucket is not None:
            self._create_access_logging(args.settings.access_log_bucket)

        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "bucket_arn": self.bucket_arn,
                "key_arn": self.key_arn,
            }
        )

    def _create_bucket(self) -> None:
        name, existing = f"{self._name}-artifacts", self._settings.existing_bucket
        if existing is None:
            force = not self._settings.retain
            self._bucket = aws.s3.Bucket(name, force_destroy=force, opts=self._opts())
        else:
            # Read and not imported: an import fails if, for example, the retained bucket's tags
            # are not exactly those of this stack. Its controls are written again below.
            self._bucket = aws.s3.Bucket.get(name, existing, opts=self._child_opts())
        self.bucket_name = self._bucket.bucket
        self.bucket_arn = self._bucket.arn
        self.dependencies.append(self._bucket)

    def _create_key(self) -> None:
        """The key, named after the bucket so that the bucket's name is enough to find it."""
        existing = self._settings.existing_bucket
        if existing is not None:
            alias = aws.kms.Alias.get(
                f"{self._name}-key-alias", f"alias/{existing}", opts=self._child_opts()
            )
            self._create_key_policy(alias.target_key_id, alias.target_key_arn)
            self.dependencies.append(alias)
            return
        key = aws.kms.Key(
            f"{self._name}-key",
            description=f"Encrypts the artifacts, logs and alerts of {self._name}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            opts=self._opts(),
        )
        alias = aws.kms.Alias(
            f"{self._name}-key-alias",
            name=pulumi.Output.concat("alias/", self.bucket_name),
            target_key_id=key.key_id,
            opts=self._opts(),
        )
        self._create_key_policy(key.key_id, key.arn)
        self.dependencies += [key, alias]

    def _create_key_policy(self, key_id: pulumi.Output[str], key_arn: pulumi.Output[str]) -> None:
        args = self._args
        # The provider would write the policy of another key to the old key again.
        replaced = pulumi.ResourceOptions(replace_on_changes=["keyId"])
        policy = aws.kms.KeyPolicy(
            f"{self._name}-key-policy",
            key_id=key_id,
            policy=json.dumps(key_policy(args.site, args.alerts)),
            opts=pulumi.ResourceOptions.merge(self._opts(), replaced),
        )
        self.key_arn = pulumi.Output.all(key_arn, policy.id).apply(lambda resolved: resolved[0])
        self.dependencies.append(policy)

    def _create_access_controls(self) -> None:
        """Nothing is public, all objects belong to the bucket's owner, and all access is by TLS."""
        public_access_block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access-block",
            bucket=self.bucket_name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._opts(),
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self.bucket_name,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._opts(),
        )
        args, settings = self._args, self._settings
        document = pulumi.Output.all(
            bucket_arn=self.bucket_arn,
            key_arn=self.key_arn,
            vpc_endpoint_id=args.s3_endpoint_id if settings.vpc_only else None,
            exempt_principal_arns=[*settings.exempt_principals, *args.deployer_arns],
            execution_role_arn=args.execution_role_arn if settings.vpc_only else None,
        ).apply(lambda resolved: bucket_policy(**resolved))
        policy = aws.s3.BucketPolicy(
            f"{self._name}-bucket-policy",
            bucket=self.bucket_name,
            policy=pulumi.Output.json_dumps(document),
            # S3 refuses two changes of a bucket's access at the same time.
            opts=self._opts(depends_on=[public_access_block, ownership]),
        )
        self.dependencies += [public_access_block, ownership, policy]

    def _create_encryption(self) -> None:
        default = {"sse_algorithm": "aws:kms", "kms_master_key_id": self.key_arn}
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket_name,
            rules=[
                {
                    "apply_server_side_encryption_by_default": default,
                    "bucket_key_enabled": True,
                    # A key that a client sends with an object. The bucket's policy refuses it too.
                    "blocked_encryption_types": ["SSE-C"],
                }
            ],
            opts=self._opts(),
        )
        self.dependencies.append(encryption)

    def _create_versions_and_lifecycle(self) -> None:
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket_name,
            versioning_configuration={"status": "Enabled"},
            opts=self._opts(),
        )
        lifecycle = aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self.bucket_name,
            rules=lifecycle_rules(self._settings),
            # A rule for noncurrent versions needs versions.
            opts=self._opts(depends_on=[versioning]),
        )
        self.dependencies += [versioning, lifecycle]

    def _create_access_logging(self, target: str) -> None:
        logging = aws.s3.BucketLogging(
            f"{self._name}-access-logs",
            bucket=self.bucket_name,
            target_bucket=target,
            target_prefix=pulumi.Output.concat(self.bucket_name, "/"),
            opts=self._opts(),
        )
        self.dependencies.append(logging)

    def _opts(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """The controls stay with a retained bucket: without them, it would not be protected."""
        return pulumi.ResourceOptions(
            parent=self, retain_on_delete=self._settings.retain, depends_on=list(depends_on)
        )

    def _child_opts(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


def lifecycle_rules(settings: ArtifactSettings) -> list[dict[str, Any]]:
    """What S3 deletes by itself, by the age of each object.

    S3 counts the days of a checkpoint file from when that file was last written, not from the end
    of its job. A job that trains writes new ones all the time. So only a file that is written once,
    or one of a paused lineage, can become too old. It can be brought back for as long as noncurrent
    versions are kept. Models, sources and inputs don't expire.
    """
    return [
        {
            "id": "expire-checkpoints",
            "status": "Enabled",
            "filter": {"prefix": CHECKPOINTS},
            "expiration": {"days": settings.checkpoint_days},
        },
        {
            "id": "expire-noncurrent-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": settings.noncurrent_days},
            "expiration": {"expired_object_delete_marker": True},
        },
        {
            "id": "abort-incomplete-uploads",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": INCOMPLETE_UPLOAD_DAYS},
        },
    ]
