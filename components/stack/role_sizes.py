"""Whether the documents of the stack's roles are short enough for IAM, before anything is created.

What makes them long is in the settings. What is not known yet, as the name of the bucket, is as
long here as AWS allows. The roles of the alerts are the same for all settings, and short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from components.deployer.deployer_documents import deployer_policy, deployer_trust
from components.deployer.deployer_scope import DeployerScope, launch_limits
from components.deployer.deployer_settings import DeployerSettings
from components.execution_role.execution_documents import ExecutionScope, execution_policy
from components.policy_documents import Document, size
from components.problems import Problem
from components.site import Site
from components.stack.stack_settings import Settings
from components.training_job.settings.job_needs import JobNeeds, needs_of

LONGEST_ROLE_POLICY = 10_240
"""The most characters of all policies in one role."""

LONGEST_TRUST = 2_048
"""The most characters of a role's trust policy, unless the account's quota was raised."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html has both.

_ACCOUNT = "0" * 12
_LONGEST_BUCKET = "b" * 63
_LONGEST_ROLE = "r" * 64
_KEY = "0" * 36
_ID = "0" * 17

_WITHOUT: dict[str, dict[str, Any]] = {
    "image repositories": {"repository_arns": ()},
    "inputs": {"input_prefixes": ()},
    "keys of inputs": {"input_key_arns": ()},
    "secrets": {"secret_arns": ()},
    "keys of secrets": {"secret_key_arns": ()},
    "file systems": {"file_systems": ()},
}
"""What the jobs need, with how a need is left out."""

Scope = TypeVar("Scope")


def size_problems(settings: Settings, region: str, stack: str) -> list[Problem]:
    """The documents that may be too long for a role; the settings follow all other rules."""
    site = settings.site(_ACCOUNT, region, stack)
    needs = needs_of(settings.jobs.values())
    problems = [*_execution_problems(settings, site, needs)]
    if settings.deployer is not None:
        problems += _deployer_problems(settings, site, needs)
        problems += _trust_problems(settings.deployer, site)
    return problems


def _execution_problems(settings: Settings, site: Site, needs: JobNeeds) -> Iterator[Problem]:
    whole = ExecutionScope(site, needs, vpc_id=f"vpc-{_ID}", **_surroundings(settings, site))
    parts = {
        words: replace(whole, needs=replace(needs, **nothing))
        for words, nothing in _WITHOUT.items()
    }
    for rule in _broken("policy of the execution role", execution_policy, whole, parts):
        yield Problem(
            "jobs",
            size(execution_policy(whole)),
            rule,
            "name fewer: one prefix for several inputs, one repository with a tag for each image, "
            "one secret with several values; or move jobs to another stack",
        )


def _deployer_problems(settings: Settings, site: Site, needs: JobNeeds) -> Iterator[Problem]:
    limits = launch_limits(settings.jobs.values())
    whole = DeployerScope(
        site=site,
        limits=limits,
        alerts=settings.alerts is not None,
        dashboard=settings.has_dashboard,
        repository_arns=needs.repository_arns,
        execution_role_arn=site.global_arn("iam", f"role/{_LONGEST_ROLE}"),
        tunes=needs.tuning,
        tracking=settings.tracking.place if settings.tracking else "",
        waits=settings.wait_for_completion,
        **_surroundings(settings, site),
    )
    parts = {
        "image repositories": replace(whole, repository_arns=()),
        "team and environment": replace(whole, site=replace(site, prefix="")),
        "tags": replace(whole, site=replace(site, tags={})),
        "tracking": replace(whole, tracking=""),
        "waiting for jobs": replace(whole, waits=False),
    }
    if limits:
        without = replace(limits, families=(), encrypted_families=())
        parts["instance families"] = replace(whole, limits=without)
    for rule in _broken("policy of the deployer role", deployer_policy, whole, parts):
        yield Problem(
            "deployer",
            size(deployer_policy(whole)),
            rule,
            "keep several images in one repository, each with a tag of its own; shorten team, "
            "environment or costCenter; or move jobs to another stack",
        )


def _trust_problems(deployer: DeployerSettings, site: Site) -> Iterator[Problem]:
    def trust(settings: DeployerSettings) -> Document:
        return deployer_trust(site, settings.trusted_principals, settings.github_subjects)

    parts = {
        "trustedPrincipals": deployer.model_copy(update={"trusted_principals": []}),
        "githubSubjects": deployer.model_copy(update={"github_subjects": []}),
    }
    for rule in _broken("trust policy of the deployer role", trust, deployer, parts, LONGEST_TRUST):
        yield Problem(
            "deployer",
            size(trust(deployer)),
            rule,
            "name fewer: one role that all of these principals may assume, one environment that "
            "all of these workflows use",
        )


def _surroundings(settings: Settings, site: Site) -> dict[str, Any]:
    """The bucket, key and network, as long as they can be."""
    existing, zones = settings.network.existing, settings.network.zone_count
    return {
        "artifact_bucket_arn": site.bucket_arn(_LONGEST_BUCKET),
        "key_arn": site.arn("kms", f"key/{_KEY}"),
        "subnet_ids": existing.subnet_ids if existing else [f"subnet-{_ID}"] * zones,
        "security_group_ids": [f"sg-{_ID}"],
    }


def _broken(
    what: str,
    document: Callable[[Scope], Document],
    whole: Scope,
    parts: Mapping[str, Scope],
    longest: int = LONGEST_ROLE_POLICY,
) -> Iterator[str]:
    """The rule that a document breaks, if it is too long.

    `parts` has what the document is made from without each of its parts, so that the rule can say
    how long they are.
    """
    whole_size = size(document(whole))
    if whole_size <= longest:
        return
    sizes = {words: whole_size - size(document(without)) for words, without in parts.items()}
    longest_first = sorted(sizes.items(), key=lambda each: -each[1])
    shares = ", ".join(f"{characters:,} for {words}" for words, characters in longest_first[:3])
    yield (
        f"the {what} may have so many characters, among them {shares}, and IAM accepts "
        f"{longest:,} of them"
    )
