"""What a deployer deploys: the stack, and what the launches of its jobs have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.instances import family_of
from components.site import Site
from components.training_job.settings.job_settings import JobSettings


@dataclass(frozen=True)
class LaunchLimits:
    """What every launch has in common, as far as IAM can check it.

    Attributes:
        families: the families of the instance types in use.
        encrypted_families: those of them whose volumes take the stack's key. The others have
            local disks, which are encrypted by the hardware.
        isolated: whether every job's containers are without a network.
        training_plans: the ARNs of the training plans that jobs run on.
    """

    families: Sequence[str]
    encrypted_families: Sequence[str]
    isolated: bool
    training_plans: Sequence[str] = ()


@dataclass(frozen=True)
class DeployerScope:
    """The stack that a deployer deploys.

    Attributes:
        site: the stack's site.
        limits: what every launch has in common, None for a stack without jobs.
        alerts: whether the stack has alerts.
        repository_arns: the ECR repositories of the jobs' images.
        execution_role_arn: the role that the jobs run as.
        artifact_bucket_arn: the bucket that receives sources and inputs.
        key_arn: the key that encrypts the bucket, the jobs' volumes and their output.
        subnet_ids: the subnets that the jobs run in.
        security_group_ids: the security groups of the jobs.
        tunes: whether the stack has a tuning job.
        dashboard: whether the stack has a dashboard.
        tracking: where the jobs' metrics are shown: the address or the ARN of an MLflow server, or
            a place in Weights & Biases; "" where they are not.
        waits: whether an update waits for the jobs' end, and then writes their reports.
    """

    site: Site
    limits: LaunchLimits | None
    alerts: bool
    repository_arns: Sequence[str]
    execution_role_arn: str
    artifact_bucket_arn: str
    key_arn: str
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    tunes: bool = False
    dashboard: bool = False
    tracking: str = ""
    waits: bool = False

    @property
    def owner(self) -> str:
        """The tag by which the stack knows its own jobs: its bucket's name."""
        return self.artifact_bucket_arn.rpartition(":")[2]


def launch_limits(jobs: Iterable[JobSettings]) -> LaunchLimits | None:
    """What the launches of these jobs have in common, None where there are no jobs."""
    variants = [variant for job in jobs for variant in job.variants]
    if not variants:
        return None
    families = _families(variants)
    unencrypted = _families(job for job in variants if not job.takes_volume_key)
    return LaunchLimits(
        families=sorted(families),
        encrypted_families=sorted(families - unencrypted),
        isolated=all(job.network_isolation for job in variants),
        training_plans=tuple(sorted({j.training_plan for j in variants if j.training_plan})),
    )


def _families(jobs: Iterable[JobSettings]) -> set[str]:
    return {family_of(group.instance_type) for job in jobs for group in job.groups}
