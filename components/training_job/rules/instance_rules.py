"""The rules for the instances that a job runs on: types, groups, fallbacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.instances import similar_types, training_instance_types
from components.problems import Problem
from components.training_job.settings.job_settings import JobSettings

GROUP_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""The API accepts any text. The launcher gets the names in one argument, separated by commas."""
PLAN_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:training-plan/\S+")

NOT_WITH_PREFERENCES = {
    "instance_type": "instanceType",
    "instance_count": "instanceCount",
    "instance_groups": "instanceGroups",
    "training_plan": "trainingPlan",
    "keep_alive": "keepAlive",
    "fallbacks": "fallbacks",
}
"""The settings that a job with preferences can't have: attributes, and their names in the file."""


def instance_problems(job: JobSettings) -> Iterator[Problem]:
    """Everything that is wrong with the instances of a job and of its fallbacks."""
    for path, instance_type in _instance_types(job).items():
        yield from _type_problems(path, instance_type, job)
    yield from _group_problems(job)
    yield from _preference_problems(job)
    yield from _plan_problems(job)
    yield from _distribution_group_problems(job)
    yield from _fallback_problems(job)


def _instance_types(job: JobSettings) -> dict[str, str]:
    """The instance types in a job's settings, by their paths."""
    groups = {f"instanceGroups.{k}.instanceType": v for k, v in job.instance_groups.items()}
    types = {path: group.instance_type for path, group in groups.items()}
    for position, preference in enumerate(job.instance_preferences):
        types[f"instancePreferences.{position}.instanceType"] = preference.instance_type
    if not types:
        types["instanceType"] = job.instance_type
    for position, fallback in enumerate(job.fallbacks):
        if fallback.instance_type is not None:
            types[f"fallbacks.{position}.instanceType"] = fallback.instance_type
    return types


def _type_problems(path: str, instance_type: str, job: JobSettings) -> Iterator[Problem]:
    if instance_type in training_instance_types() or job.unlisted_instance_type:
        return
    close = similar_types(instance_type)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    yield Problem(
        path,
        instance_type,
        "is not in this program's table of SageMaker's training instance types",
        f"{meant}If the type is newer than the table, set unlistedInstanceType: true",
    )


def _group_problems(job: JobSettings) -> Iterator[Problem]:
    if not job.instance_groups:
        return
    for setting, path in (("instance_type", "instanceType"), ("instance_count", "instanceCount")):
        if setting in job.model_fields_set:
            rule = "can't be set together with instanceGroups: each group sets its own"
            yield Problem(path, getattr(job, setting), rule, "remove it, or instanceGroups")
    for name in job.instance_groups:
        if not GROUP_NAME.fullmatch(name):
            rule = "a group's name has 1 to 64 letters, digits, dots, hyphens or underscores"
            yield Problem(f"instanceGroups.{name}", name, rule, "choose another name")


def _preference_problems(job: JobSettings) -> Iterator[Problem]:
    """What the API refuses together with InstancePreferences, and what AWS says nothing of.

    Fallbacks have their count from instanceCount, which such a job does not have.
    """
    if not job.instance_preferences:
        return
    written = job.model_dump(by_alias=True, exclude_none=True)
    if job.spot is not None:
        path, rule = "instancePreferences", "SageMaker chooses among several types only on demand"
        yield Problem(path, written[path], rule, "set spot: false, or remove it")
    for attribute, key in NOT_WITH_PREFERENCES.items():
        if attribute in job.model_fields_set and getattr(job, attribute):
            rule = "can't be set together with instancePreferences"
            yield Problem(key, written[key], rule, "remove it, or instancePreferences")
    types = [each.instance_type for each in job.instance_preferences]
    for position, instance_type in enumerate(types):
        if instance_type in types[:position]:
            path = f"instancePreferences.{position}.instanceType"
            yield Problem(path, instance_type, "is in the list already", "remove one of the two")


def _plan_problems(job: JobSettings) -> Iterator[Problem]:
    """A plan reserves instances of one type. AWS says nothing of a warm pool of them."""
    if job.training_plan is None:
        return
    if not PLAN_ARN.fullmatch(job.training_plan):
        remedy = "write arn:aws:sagemaker:<region>:<account>:training-plan/<name>"
        rule = "is not the ARN of a training plan"
        yield Problem("trainingPlan", job.training_plan, rule, remedy)
        return
    for is_other, what, remedy in (
        (job.spot is not None, "spot capacity", "set spot: false"),
        (bool(job.instance_groups), "instanceGroups", "set instanceType and instanceCount instead"),
        (job.keep_alive is not None, "keepAlive", "remove keepAlive"),
    ):
        if is_other:
            rule = f"reserves instances of one type, and can't be used with {what}"
            yield Problem("trainingPlan", job.training_plan, rule, f"{remedy}, or remove it")
            return


def _distribution_group_problems(job: JobSettings) -> Iterator[Problem]:
    if job.distribution_groups and job.distribution == "none":
        rule = "says which groups a distribution joins, and the job has no distribution"
        remedy = "set distribution, or remove distributionGroups"
        yield Problem("distributionGroups", job.distribution_groups, rule, remedy)
    for position, name in enumerate(job.distribution_groups):
        if name not in job.instance_groups:
            known = ", ".join(job.instance_groups) or "none"
            rule = f"is not one of the job's instanceGroups, which are {known}"
            yield Problem(f"distributionGroups.{position}", name, rule, "name one of them")


def _fallback_problems(job: JobSettings) -> Iterator[Problem]:
    if not job.fallbacks:
        return
    written = [each.model_dump(by_alias=True, exclude_none=True) for each in job.fallbacks]
    if job.relaunch != "onFailure":
        rule = "fallbacks are used by a relaunch, and this job is never relaunched"
        yield Problem("fallbacks", written, rule, "set relaunch: onFailure")
    if len(job.fallbacks) >= job.max_attempts:
        rule = f"of {job.max_attempts} attempts only {job.max_attempts - 1} can use a fallback"
        remedy = f"set maxAttempts to {len(job.fallbacks) + 1} or more, or remove some fallbacks"
        yield Problem("fallbacks", written, rule, remedy)
    for position, changes in enumerate(written):
        path = f"fallbacks.{position}"
        if not changes:
            remedy = "set instanceType, instanceCount or spot, or remove it"
            yield Problem(path, None, "changes nothing", remedy)
        for setting in ("instanceType", "instanceCount") if job.instance_groups else ():
            if setting in changes:
                rule = "one group of instances can't replace several instanceGroups"
                remedy = "remove it; spot can still change"
                yield Problem(f"{path}.{setting}", changes[setting], rule, remedy)
