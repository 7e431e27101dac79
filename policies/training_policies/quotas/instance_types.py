"""The policy that says which instance types a team may use at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.instances import family_of, instance_types
from training_policies.parameters import matches
from training_policies.policy import Parameters, Policy
from training_policies.quotas.owner import Owner, owner_of, quota_for
from training_policies.quotas.quota import Quota, accelerator_of
from training_policies.resource import Absence, Resource
from training_policies.training_job import TrainingJobView, may_be_training_job, training_job
from training_policies.violation import Violation

_UNCOUNTED = "a type outside the quotas would count against none of them"
_REMEDY = (
    "take an instance type that the team's quotas allow, for the job and each of its instance "
    "groups and fallbacks"
)
_UNWANTED = "the organisation chooses which instance types the team may use"


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    job = training_job(resource)
    quota = quota_for(job, parameters) if job else None
    if job is None or quota is None:
        return
    owner = owner_of(job, parameters.stack)
    judged: list[Any] = []
    for instance_type in _types(job):
        if instance_type not in judged:
            judged.append(instance_type)
            breach = _breach(instance_type, quota, owner)
            if breach is not None:
                yield breach


def _types(job: TrainingJobView) -> Iterator[Any]:
    for variant in job.variants:
        for group in (*variant.groups, *variant.rule_groups):
            yield group.instance_type


def _breach(instance_type: Any, quota: Quota, owner: Owner) -> Violation | None:
    """The first rule that a type breaks."""
    if isinstance(instance_type, Absence) or not isinstance(instance_type, str):
        what, allowed = "the instance type is not known", "a plain text, which a preview shows"
        return Violation(what, _UNCOUNTED, instance_type, allowed)
    if instance_type not in instance_types():
        what, allowed = (
            "the instance type is in no price file",
            "a type of the pack's instances.csv",
        )
        return Violation(what, _UNCOUNTED, instance_type, allowed)
    denied, listed = quota.patterns("deny") or [], quota.patterns("allow")
    if matches(instance_type, denied):
        allowed = f"any type other than {_list(denied)}"
        return Violation("the instance type is denied", _UNWANTED, instance_type, allowed)
    if listed is not None and not matches(instance_type, listed):
        what = "the instance type is not allowed"
        return Violation(what, _UNWANTED, instance_type, _list(listed))
    return _without_limits(instance_type, quota, owner)


def _without_limits(instance_type: str, quota: Quota, owner: Owner) -> Violation | None:
    family, accelerator = family_of(instance_type), accelerator_of(instance_type)
    if not quota.lists_family(family):
        families = _list(quota.table.get("families", {}))
        what = f"the family {family} has no quota"
        remedy = _to_be_listed(family, "families", owner)
        return Violation(what, _UNCOUNTED, instance_type, families, remedy)
    if accelerator and not quota.lists_accelerator(accelerator):
        kinds = _list(quota.table["accelerators"])
        what = f"the accelerator {accelerator} has no quota"
        remedy = _to_be_listed(accelerator, "accelerators", owner)
        return Violation(what, _UNCOUNTED, instance_type, kinds, remedy)
    return None


def _to_be_listed(name: str, key: str, owner: Owner) -> str:
    """What to do where a scope has no quota: another type, or a quota for it."""
    return (
        f"{_REMEDY}; or have {name} added to `{key}` in the quotas of the team {owner.team} in "
        f"{owner.environment}, under `teams` in the policies' configuration"
    )


def _list(names: Any) -> str:
    return ", ".join(names) or "none"


INSTANCE_TYPES_POLICY = Policy(
    name="quota-instance-types",
    checks="a job's instance types are known, allowed, and covered by a quota",
    severity="high",
    controls=[nist("SC-6"), nist("CM-7")],
    remedy=_REMEDY,
    applies=may_be_training_job,
    judge=_judge,
)
