"""The rules for a stack's settings that need nothing but the settings and the project's folder.

Each function checks one thing and yields what is wrong with it. The rules for a single job are in
`training_job/rules`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from components.arns import region_of
from components.decimals import decimal_places
from components.deployer.deployer_documents import principal_problems, subject_problems
from components.durations import format_duration
from components.network.endpoints import endpoint_problems
from components.network.further_buckets import bucket_problems
from components.network.subnets import network_problems, zone_problems
from components.problems import Problem, under
from components.stack.permissions_boundary import boundary_problems
from components.stack.stack_settings import LONGEST_RUN, STACK_TAGS, Settings
from components.stack.tracking_settings import tracking_problems
from components.tags import value_problems
from components.training_job.code_channel.local_files import PACKED
from components.training_job.rules.job_rules import job_problems
from components.training_job.settings.job_settings import JobSettings

LONGEST_LINEAGE = 63 - len("-01234567-999")
"""The most characters of a lineage: a job's name is longer by a hash and an attempt, at most 63."""

LONGEST_PREFIX = 36
"""The most characters of team-environment: the names of roles and buckets begin with it, and have
at most 63."""

_SECONDS_PER_DAY = 86_400
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def stack_problems(settings: Settings, project: Path) -> list[Problem]:
    """Everything that is wrong with a stack's settings; `project` is the program's folder."""
    problems = [problem for rule in _RULES for problem in rule(settings)]
    for name, job in settings.jobs.items():
        problems += under(f"jobs.{name}", job_problems(job, project))
    return [*problems, *_copies_can_be_written(settings, project)]


def _copies_can_be_written(settings: Settings, project: Path) -> Iterator[Problem]:
    """Local files are copied before they are uploaded; one problem is enough for all of them."""
    folder = project / PACKED if (project / PACKED).exists() else project
    paths = [path for name, job in settings.jobs.items() for path in _local_paths(name, job)]
    if paths and not os.access(folder, os.W_OK | os.X_OK):
        rule = f"local files are copied to {PACKED}/ before they are uploaded, and can't be written"
        remedy = "let this user write there, or run the program in a copy of its folder"
        yield Problem(paths[0], str(folder), rule, remedy)


def _local_paths(name: str, job: JobSettings) -> Iterator[str]:
    """The paths of a job's settings that name local files."""
    if job.source is not None:
        yield f"jobs.{name}.source.dir"
    for channel, source in job.inputs.items():
        if source.path is not None:
            yield f"jobs.{name}.inputs.{channel}.path"


def region_problems(settings: Settings, region: str) -> list[Problem]:
    """The secrets that the network of the jobs does not reach, as they are in another region.

    An interface endpoint reaches Secrets Manager in its own region only.
    """
    if settings.network.nat != "none":
        return []
    return [
        Problem(
            f"jobs.{name}.secrets.{secret}",
            reference.arn,
            f"is in another region, and without NAT the jobs reach Secrets Manager in {region} "
            "only",
            f"replicate the secret to {region}, or set network.nat",
        )
        for name, job in settings.jobs.items()
        for secret, reference in job.secrets.items()
        if region_of(reference.arn) not in ("", region)
    ]


def _names_fit(settings: Settings) -> Iterator[Problem]:
    if len(settings.name_prefix) > LONGEST_PREFIX:
        yield Problem(
            "team",
            settings.name_prefix,
            f"team and environment together may have {LONGEST_PREFIX} characters, because the "
            f"names of roles and buckets begin with them, but they have "
            f"{len(settings.name_prefix)}",
            "shorten one of them",
        )
        return
    for name, job in settings.jobs.items():
        lineage = settings.lasting_lineage(name)
        most = LONGEST_LINEAGE - (1 + LONGEST_RUN if job.recurring else 0)
        if len(lineage) > most:
            run = f", with a hyphen and a run of {LONGEST_RUN} after them" if job.recurring else ""
            yield Problem(
                f"jobs.{name}",
                lineage,
                f"team, environment and job name together may have {most} characters, because a "
                f"job's name at SageMaker begins with them and has at most 63{run}, but they have "
                f"{len(lineage)}",
                "shorten one of them",
            )


def _lineages_are_the_stacks(settings: Settings) -> Iterator[Problem]:
    """Each job has a lineage of its own. It begins as the stack's names do: alerts go by that."""
    taken: dict[str, str] = {}
    for name, job in settings.jobs.items():
        lineage = settings.lineage(name)
        if not lineage.startswith(f"{settings.name_prefix}-"):
            yield Problem(
                f"jobs.{name}.resumeFrom",
                job.resume_from,
                f"a lineage of this stack begins with {settings.name_prefix}-",
                "name a lineage of this stack, or copy the other stack's checkpoints",
            )
        if lineage in taken:
            yield Problem(
                f"jobs.{name}",
                lineage,
                f"is also the lineage of {taken[lineage]}, and two jobs would overwrite each "
                "other's checkpoints",
                "give one of them another name, fresh or resumeFrom",
            )
        taken[lineage] = name


def _runs_have_lineages_of_their_own(settings: Settings) -> Iterator[Problem]:
    """The lineage of a run, past or to come, must not be that of another job."""
    recurring = [name for name, job in settings.jobs.items() if job.recurring]
    for name in settings.jobs:
        for other in recurring:
            if settings.lasting_lineage(name).startswith(f"{settings.own_lineage(other)}-"):
                yield Problem(
                    f"jobs.{name}",
                    settings.lasting_lineage(name),
                    f"begins as the lineages of the runs of {other} do, and could be one of them",
                    "give one of the two jobs another name",
                )
    if settings.run and not recurring:
        yield Problem(
            "run",
            settings.run,
            "names a run of recurring jobs, and no job is recurring",
            "set recurring: true in a job, or remove run",
        )


def _last_runs_are_of_recurring_jobs(settings: Settings) -> Iterator[Problem]:
    recurring = sorted(name for name, job in settings.jobs.items() if job.recurring)
    for name, job in settings.jobs.items():
        for channel, source in job.inputs.items():
            # In a job that is not recurring itself, lastRunOf is refused anyway.
            if job.recurring and source.last_run_of not in (None, *recurring):
                yield Problem(
                    f"jobs.{name}.inputs.{channel}.lastRunOf",
                    source.last_run_of,
                    "is not a recurring job of this stack",
                    f"name one of {', '.join(recurring)}",
                )


def _network_has_room(settings: Settings) -> Iterator[Problem]:
    network = settings.network
    if network.existing is None:
        found = network_problems(
            network.cidr,
            settings.largest_job,
            efa=settings.uses_efa,
            nat=network.nat,
            interface_endpoints=len(network.interface_endpoints),
        )
        yield from under("network", found)
        yield from under("network.availabilityZones", zone_problems(network.availability_zones))
        yield from under(
            "network.interfaceEndpoints", endpoint_problems(network.interface_endpoints)
        )
        yield from under("network.s3Buckets", bucket_problems(network.s3_buckets))
    elif network.interface_endpoints or network.s3_buckets or network.nat != "none":
        yield Problem(
            "network.existing",
            network.existing.vpc_id,
            "endpoints and NAT gateways of an existing VPC belong to its owner",
            "remove network.interfaceEndpoints, network.s3Buckets and network.nat",
        )


def _checkpoints_outlive_their_job(settings: Settings) -> Iterator[Problem]:
    days = settings.artifacts.checkpoint_days
    for name, job in settings.jobs.items():
        longest = max(each.training_seconds for each in job.variants)  # of a trial, its own
        if days * _SECONDS_PER_DAY <= longest:
            yield Problem(
                "artifacts.checkpointDays",
                days,
                f"a checkpoint must be kept for longer than its job may take, and {name} may take "
                f"{format_duration(longest)}",
                f"set it to {longest // _SECONDS_PER_DAY + 1} or more",
            )


def _retention_is_consistent(settings: Settings) -> Iterator[Problem]:
    artifacts = settings.artifacts
    if artifacts.existing_bucket is not None and not artifacts.retain:
        yield Problem(
            "artifacts.existingBucket",
            artifacts.existing_bucket,
            "a bucket that an earlier stack made is never deleted with this one",
            "set artifacts.retain: true",
        )
    if artifacts.vpc_only and not artifacts.exempt_principals:
        yield Problem(
            "artifacts.vpcOnly",
            True,
            "those who deploy this stack would be locked out of its bucket",
            "name the deployers' ARNs in artifacts.exemptPrincipals",
        )


def _objects_can_be_reached(settings: Settings) -> Iterator[Problem]:
    existing = settings.network.existing
    if settings.artifacts.vpc_only and existing is not None and not existing.s3_endpoint_id:
        yield Problem(
            "network.existing.s3EndpointId",
            None,
            "is required with artifacts.vpcOnly: jobs then reach the bucket only through the VPC's "
            "S3 endpoint",
            "name the endpoint, or remove artifacts.vpcOnly",
        )


def _roles_are_bounded(settings: Settings) -> Iterator[Problem]:
    if settings.permissions_boundary:
        yield from boundary_problems(settings.permissions_boundary)


def _secrets_can_be_reached(settings: Settings) -> Iterator[Problem]:
    """If the launcher can't reach Secrets Manager, it waits for a while, and the job fails."""
    network = settings.network
    if network.existing is not None:
        reached = bool(network.existing.endpoint_group_id)
        remedy = (
            "set network.existing.endpointGroupId to the security group of the VPC's endpoint of "
            "Secrets Manager"
        )
    else:
        reached = network.nat != "none" or "secretsmanager" in network.interface_endpoints
        remedy = "add secretsmanager to network.interfaceEndpoints, or set network.nat"
    for name, job in settings.jobs.items():
        if job.secrets and not reached:
            rule = "the jobs can't reach Secrets Manager from their network"
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


def _metrics_have_a_server(settings: Settings) -> Iterator[Problem]:
    if settings.tracking is not None:
        yield from under("tracking", tracking_problems(settings.tracking))


def _stack_tags_are_the_stacks(settings: Settings) -> Iterator[Problem]:
    """Costs, budgets and quotas are counted by the stack's tags."""
    for name, job in settings.jobs.items():
        for key in sorted(STACK_TAGS & job.tags.keys()):
            rule = "is one of the stack's own tags, and distinguishes the costs of its team"
            yield Problem(f"jobs.{name}.tags.{key}", job.tags[key], rule, "choose another name")


def _cost_center_can_be_a_tag(settings: Settings) -> Iterator[Problem]:
    yield from value_problems("costCenter", settings.cost_center)


def _budget_is_in_cents(settings: Settings) -> Iterator[Problem]:
    budget = settings.alerts.monthly_budget_usd if settings.alerts else None
    if budget is not None and decimal_places(budget) > 2:
        yield Problem(
            "alerts.monthlyBudgetUsd",
            budget,
            "has parts of a cent, and no bill has those",
            "write at most two digits after the decimal point",
        )


def _addresses_can_get_mail(settings: Settings) -> Iterator[Problem]:
    emails = settings.alerts.emails if settings.alerts else []
    for position, email in enumerate(emails):
        if not EMAIL.fullmatch(email):
            yield Problem(
                f"alerts.emails.{position}",
                email,
                "is not an e-mail address",
                "write name@example.org",
            )


_RULES: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    _names_fit,
    _lineages_are_the_stacks,
    _runs_have_lineages_of_their_own,
    _last_runs_are_of_recurring_jobs,
    _network_has_room,
    _checkpoints_outlive_their_job,
    _retention_is_consistent,
    _objects_can_be_reached,
    _roles_are_bounded,
    _secrets_can_be_reached,
    _deployers_are_named,
    _metrics_have_a_server,
    _stack_tags_are_the_stacks,
    _cost_center_can_be_a_tag,
    _budget_is_in_cents,
    _addresses_can_get_mail,
)
