"""The site of a stack: its account, region and names, and the ARNs that are made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.arns import console, domain, partition

COST_TAG = "team"
"""The tag that says which team a cost belongs to."""

_JOB_CHARACTERS = 10

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
"""The log group of all training jobs of an account and region."""


@dataclass(frozen=True)
class Site:
    """Where a stack is built, and what all its resources and jobs have in common.

    Attributes:
        account_id: the AWS account.
        region: the AWS region.
        prefix: what the names of the stack's resources and jobs begin with: team-environment.
        zones: the names of the availability zones that get a private subnet.
        tags: the tags of everything that the stack builds and launches.
        permissions_boundary: the ARN of the policy that limits the stack's roles, None for none.
    """

    account_id: str
    region: str
    prefix: str
    zones: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    permissions_boundary: str | None = None

    @property
    def partition(self) -> str:
        """The partition that the region belongs to."""
        return partition(self.region)

    @property
    def console(self) -> str:
        """The address of the region's console."""
        return console(self.region)

    @property
    def job_name_prefix(self) -> str:
        """What the names of the stack's jobs begin with."""
        return f"{self.prefix}-"

    @property
    def jobs_arn(self) -> str:
        """The ARN pattern of the stack's jobs."""
        return self.arn("sagemaker", f"training-job/{self.job_name_prefix}*")

    @property
    def tuning_name_prefix(self) -> str:
        """What the names of the stack's tuning jobs, and of their trials, begin with.

        SageMaker allows 32 characters for a tuning job, too few for team and environment. Eight of
        them stand for the stack, so that permissions, alerts and logs match its jobs only.
        """
        stack = f"{self.account_id}/{self.region}/{self.prefix}"
        return f"t{hashlib.sha256(stack.encode()).hexdigest()[:7]}-"

    def tuning_job_prefix(self, job: str) -> str:
        """What the names of the tuning jobs of one job begin with, by its name in the settings.

        There is room for ten characters of it.
        """
        return f"{self.tuning_name_prefix}{job[:_JOB_CHARACTERS].rstrip('-')}-"

    @property
    def tuning_jobs_arn(self) -> str:
        """The ARN pattern of the stack's tuning jobs."""
        return self.arn("sagemaker", f"hyper-parameter-tuning-job/{self.tuning_name_prefix}*")

    @property
    def trials_arn(self) -> str:
        """The ARN pattern of the training jobs that the stack's tuning jobs start."""
        return self.arn("sagemaker", f"training-job/{self.tuning_name_prefix}*")

    @property
    def root_arn(self) -> str:
        """The ARN of the account's root. In a policy it means the account."""
        return self.global_arn("iam", "root")

    def arn(
        self, service: str, resource: str, *, region: str | None = None, account: str | None = None
    ) -> str:
        """The ARN of a resource, by default in the site's region and account.

        Some services leave the region or the account out of their ARNs: they are "" then.
        """
        region = self.region if region is None else region
        account = self.account_id if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of the account, of a service without regions."""
        return self.arn(service, resource, region="")

    def bucket_arn(self, bucket: str) -> str:
        """The ARN of a bucket of any account."""
        return self.arn("s3", bucket, region="", account="")

    def service_host(self, service: str, region: str = "") -> str:
        """The host name of a service, by which conditions name it; by default in the region."""
        region = region or self.region
        return f"{service}.{region}.{domain(region)}"
