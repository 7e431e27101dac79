"""The rules between a stack's settings, apart from those of each job.

Each function checks one thing and yields what is wrong with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from components.arns import repository_arn
from components.decimals import decimal_places
from components.deployer.deployer_documents import principal_problems, subject_problems
from components.durations import format_duration
from components.instances import training_instance_types
from components.network.endpoints import endpoint_problems
from components.network.subnets import network_problems
from components.problems import Problem, under
from components.stack.permissions_boundary import boundary_problems
from components.stack.stack_settings import STACK_TAGS, Settings
from components.tags import value_problems
from components.training_job.code_channel.local_files import PACKED
from components.training_job.rules.job_rules import job_problems
from components.training_job.settings.job_settings import JobSettings

LONGEST_LINEAGE = 63 - len("-01234567-999")
"""Characters that a training job's name, at most 63, leaves to its lineage."""

LONGEST_PREFIX = 36
"""Characters that the names of roles, rules and buckets, at most 63, leave to team-environment."""

_SECONDS_PER_DAY = 86_400
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def stack_problems(settings: Settings, project: Path) -> list[Problem]:
    """Everything that is wrong with a stack's settings; `project` is the program's folder."""
    problems = [problem for rule in _RULES for problem in rule(settings)]
    for name, job in settings.jobs.items():
        problems += under(f"jobs.{name}", job_problems(job, project))
    return [*problems, *_unwritable(settings, project)]


def _unwritable(settings: Settings, project: Path) -> list[Problem]:
    """What keeps the program from copying local files, reported once for all jobs."""
    folder = project / PACKED if (project / PACKED).exists() else project
    paths = (path for name, job in settings.jobs.items() for path in _local_paths(name, job))
    path = next(paths, None)
    if path is None or os.access(folder, os.W_OK | os.X_OK):
        return []
    rule = f"local files are copied to {PACKED}/ before they are uploaded, and can't be written"
    remedy = "let this user write there, or run the program in a copy of its folder"
    return [Problem(path, str(folder), rule, remedy)]


def _local_paths(name: str, job: JobSettings) -> Iterator[str]:
    """The paths of a job's settings that name local files."""
    if job.source is not None:
        yield f"jobs.{name}.source.dir"
    for channel, source in job.inputs.items():
        if source.path is not None:
            yield f"jobs.{name}.inputs.{channel}.path"


def region_problems(settings: Settings, region: str) -> list[Problem]:
    """The secrets that lie where the network of the jobs does not lead.

    An interface endpoint leads to Secrets Manager in its own region only.
    """
    if settings.network.nat != "none":
        return []
    return [
        Problem(
            f"jobs.{name}.secrets.{secret}",
            reference.arn,
            f"lies in another region, and without NAT the network leads to Secrets Manager in "
            f"{region} only",
            f"replicate the secret to {region}, or set network.nat",
        )
        for name, job in settings.jobs.items()
        for secret, reference in job.secrets.items()
        if _lies_elsewhere(reference.arn, region)
    ]


def _lies_elsewhere(arn: str, region: str) -> bool:
    """Whether an ARN is of another region; one that is no ARN is another rule's."""
    service, _, rest = arn.partition(":secretsmanager:")
    return service.startswith("arn:") and not rest.startswith(f"{region}:")


def _names_fit(settings: Settings) -> Iterator[Problem]:
    if len(settings.name_prefix) > LONGEST_PREFIX:
        yield Problem(
            "team",
            settings.name_prefix,
            f"team and environment together may have {LONGEST_PREFIX} characters, so that the "
            f"names of roles and buckets fit, but have {len(settings.name_prefix)}",
            "shorten one of them",
        )
        return
    for job in settings.jobs:
        if len(settings.lineage(job)) > LONGEST_LINEAGE:
            yield Problem(
                f"jobs.{job}",
                settings.lineage(job),
                f"team, environment and job name together may have {LONGEST_LINEAGE} characters, "
                f"so that a job's name fits SageMaker's 63, but have {len(settings.lineage(job))}",
                "shorten one of them",
            )


def _lineages_are_the_stacks(settings: Settings) -> Iterator[Problem]:
    """One job a lineage, and each under the stack's prefix, by which its jobs are watched."""
    taken: dict[str, str] = {}
    for name, job in settings.jobs.items():
        lineage = settings.lineage(name)
        if not lineage.startswith(f"{settings.name_prefix}-"):
            yield Problem(
                f"jobs.{name}.resumeFrom",
                job.resume_from,
                f"a lineage of this stack begins with {settings.name_prefix}-",
                "name one of its lineages, or copy the other's checkpoints",
            )
        if lineage in taken:
            yield Problem(
                f"jobs.{name}",
                lineage,
                f"is the lineage of {taken[lineage]} too, and two jobs would overwrite each "
                "other's checkpoints",
                "give one of them another name, fresh or resumeFrom",
            )
        taken[lineage] = name


def _network_has_room(settings: Settings) -> Iterator[Problem]:
    network = settings.network
    if network.existing is None:
        found = network_problems(
            network.cidr,
            network.availability_zones,
            largest_job(settings),
            efa=uses_efa(settings),
            nat=network.nat,
            interface_endpoints=len(network.interface_endpoints),
        )
        yield from under("network", found)
        yield from under(
            "network.interfaceEndpoints", endpoint_problems(network.interface_endpoints)
        )
    elif network.interface_endpoints or network.nat != "none":
        yield Problem(
            "network.existing",
            network.existing.vpc_id,
            "endpoints and NAT gateways of an existing VPC belong to its owner",
            "remove network.interfaceEndpoints and network.nat",
        )


def _checkpoints_outlive_their_job(settings: Settings) -> Iterator[Problem]:
    days = settings.artifacts.checkpoint_days
    for name, job in settings.jobs.items():
        longest = max(each.max_wait or each.max_runtime for each in job.variants)
        if days * _SECONDS_PER_DAY <= longest:
            yield Problem(
                "artifacts.checkpointDays",
                days,
                f"a checkpoint must outlive its job, and {name} may take "
                f"{format_duration(longest)}",
                f"set it to {longest // _SECONDS_PER_DAY + 1} or more",
            )


def _retention_is_consistent(settings: Settings) -> Iterator[Problem]:
    artifacts = settings.artifacts
    if artifacts.existing_bucket is not None and not artifacts.retain:
        yield Problem(
            "artifacts.existingBucket",
            artifacts.existing_bucket,
            "a bucket that was taken back is never deleted",
            "set artifacts.retain: true",
        )
    if artifacts.vpc_only and not artifacts.exempt_principals:
        yield Problem(
            "artifacts.vpcOnly",
            True,
            "the deployers of this stack would be locked out of its bucket",
            "name the deployers' ARNs in artifacts.exemptPrincipals",
        )


def _objects_can_be_reached(settings: Settings) -> Iterator[Problem]:
    existing = settings.network.existing
    if settings.artifacts.vpc_only and existing is not None and not existing.s3_endpoint_id:
        yield Problem(
            "network.existing.s3EndpointId",
            None,
            "with artifacts.vpcOnly the jobs reach the bucket through the VPC's S3 endpoint only",
            "name it, or remove artifacts.vpcOnly",
        )


def _roles_are_bounded(settings: Settings) -> Iterator[Problem]:
    if settings.permissions_boundary:
        yield from boundary_problems(settings.permissions_boundary)


def _secrets_can_be_reached(settings: Settings) -> Iterator[Problem]:
    """Without a way to Secrets Manager, the launcher would wait for it and give up."""
    network = settings.network
    if network.existing is not None:
        reached = bool(network.existing.endpoint_group_id)
        remedy = "name network.existing.endpointGroupId, the group of its secretsmanager endpoint"
    else:
        reached = network.nat != "none" or "secretsmanager" in network.interface_endpoints
        remedy = "add secretsmanager to network.interfaceEndpoints, or set network.nat"
    for name, job in settings.jobs.items():
        if job.secrets and not reached:
            rule = "the network of the jobs does not lead to Secrets Manager"
            yield Problem(f"jobs.{name}.secrets", sorted(job.secrets), rule, remedy)


def _deployers_are_named(settings: Settings) -> Iterator[Problem]:
    deployer = settings.deployer
    if deployer is None:
        return
    if not deployer.trusted_principals and not deployer.github_subjects:
        yield Problem(
            "deployer",
            None,
            "no one could assume the role",
            "set trustedPrincipals or githubSubjects, or remove deployer",
        )
    principals = principal_problems(deployer.trusted_principals)
    yield from under("deployer.trustedPrincipals", principals)
    yield from under("deployer.githubSubjects", subject_problems(deployer.github_subjects))


def _stack_tags_are_the_stacks(settings: Settings) -> Iterator[Problem]:
    """They distinguish costs, budgets and quotas."""
    for name, job in settings.jobs.items():
        for key in sorted(STACK_TAGS & job.tags.keys()):
            rule = "is a tag that every job of the stack has, and it distinguishes the costs"
            yield Problem(f"jobs.{name}.tags.{key}", job.tags[key], rule, "choose another name")


def _cost_center_can_be_a_tag(settings: Settings) -> Iterator[Problem]:
    yield from value_problems("costCenter", settings.cost_center)


def _budget_is_in_cents(settings: Settings) -> Iterator[Problem]:
    budget = settings.alerts.monthly_budget_usd if settings.alerts else None
    if budget is not None and decimal_places(budget) > 2:
        yield Problem(
            "alerts.monthlyBudgetUsd",
            budget,
            "has parts of a cent, which no bill has",
            "write two digits after the decimal point at the most",
        )


def _images_are_in_ecr(settings: Settings) -> Iterator[Problem]:
    images = {name: job.image for name, job in settings.jobs.items() if job.image is not None}
    for name, image in images.items():
        try:
            found = repository_arn(image)
        except ValueError:
            found = None
        if found is None:
            yield Problem(
                f"jobs.{name}.image",
                image,
                "SageMaker runs training images from Amazon ECR only",
                "write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>",
            )


def _addresses_can_get_mail(settings: Settings) -> Iterator[Problem]:
    emails = settings.alerts.emails if settings.alerts else []
    for position, email in enumerate(emails):
        if not _EMAIL.fullmatch(email):
            yield Problem(
                f"alerts.emails.{position}",
                email,
                "is not an e-mail address",
                "write name@example.org",
            )


def largest_job(settings: Settings) -> int:
    """The instances of the stack's largest job."""
    return max((job.total_instances for job in settings.jobs.values()), default=0)


def uses_efa(settings: Settings) -> bool:
    """Whether the instances of one of the jobs have an Elastic Fabric Adapter."""
    listed = training_instance_types()
    jobs = [job for job in settings.jobs.values() if job.total_instances > 1]
    groups = [group for job in jobs for variant in job.variants for group in variant.groups]
    types = {group.instance_type for group in groups}
    return any(listed[each].efa_supported for each in types if each in listed)


_RULES: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    _names_fit,
    _lineages_are_the_stacks,
    _network_has_room,
    _checkpoints_outlive_their_job,
    _retention_is_consistent,
    _objects_can_be_reached,
    _roles_are_bounded,
    _secrets_can_be_reached,
    _deployers_are_named,
    _stack_tags_are_the_stacks,
    _cost_center_can_be_a_tag,
    _budget_is_in_cents,
    _images_are_in_ecr,
    _addresses_can_get_mail,
)
