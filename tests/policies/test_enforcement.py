"""What the engine gets: texts, levels, exemptions, and the stack's team."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Any

import hypothesis
import pulumi_policy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.subjects import job, request, resource
from training_policies.configuration import Configuration
from training_policies.enforcement import Enforcement
from training_policies.engine import STACK_TYPE, places_of_jobs, resource_policy, stack_policy
from training_policies.exemptions import parse
from training_policies.policy_run import OPTIONS, PROVIDER, Diagnostic, PolicyRun
from training_policies.quotas import QUOTA_POLICIES
from training_policies.quotas.per_stack import STACK_LIMITS
from training_policies.quotas.per_stack import stack_policy as per_stack_policy
from training_policies.quotas.team import TEAM_POLICY
from training_policies.resource import UNKNOWN, Resource
from training_policies.training_job import OWN_TYPE
from training_policies.training_rules.locations import ARTIFACT_LOCATIONS, OWN_ROLE

TODAY = date(2026, 6, 15)
OVER = job(count=3)


def run(
    *exemptions: dict[str, str],
    today: date = TODAY,
    policies: dict[str, Any] | None = None,
    resources: Any = (OVER,),
    **more: Any,
) -> list[Diagnostic]:
    """The quotas over a job with one instance too many."""
    quota = {"all": {"instancesPerJob": 2, "instancesPerStack": 8}, "families": {"*": {}}}
    values = {"teams": {"research": {"dev": quota}}, "policies": policies or {}, **more}
    configuration = Configuration("organisation.json", values, tuple(map(parse, exemptions)))
    settings = {"team": "research", "environment": "dev"}
    return PolicyRun(configuration, QUOTA_POLICIES, {}, settings, "research-dev", today).over(
        resources
    )


def exemption(**changes: str) -> dict[str, str]:
    valid = {
        "policy": "quota-instances-per-job",
        "resource": "dig*",
        "resourceType": "pulumi-python:dynamic/*",
        "reason": "a deadline in July",
        "owner": "ada@example.org",
        "expires": "2026-12-31",
    }
    return valid | changes


def test_a_violation_says_what_why_the_numbers_the_remedy_and_how_to_be_exempted():
    [reported] = run()
    assert (reported.policy, reported.level) == ("quota-instances-per-job", "mandatory")
    assert reported.text.splitlines() == [
        "the number of instances of digits, all instances: asked 3, allowed 2.",
        "Why: the account's capacity is shared by all teams.",
        "Remedy: lower instanceCount.",
        "Exemption: ask for {policy: quota-instances-per-job, resource: digits, resourceType: "
        "pulumi-python:dynamic/sagemaker:TrainingJob, reason, owner, expires} among the exemptions "
        "of organisation.json.",
    ]


def test_a_policy_without_exemptions_says_so():
    stranger: dict[str, Any] = {"teams": {}}
    configuration = Configuration("organisation.json", stranger)
    [reported] = PolicyRun(configuration, QUOTA_POLICIES, {}, {}, "dev", TODAY).over([OVER])
    assert reported.policy == "quota-team"
    assert reported.text.endswith("Exemption: there is none from this policy.")


@pytest.mark.parametrize("level", ["advisory", "mandatory"])
def test_a_violation_has_the_configured_level(level: str):
    [reported] = run(policies={"quota-instances-per-job": {"level": level}})
    assert reported.level == level


def test_a_disabled_policy_reports_nothing():
    assert run(policies={"quota-instances-per-job": {"level": "disabled"}}) == []


def test_an_exemption_covers_its_policy_resource_team_and_environment():
    assert run(exemption()) == []
    assert run(exemption(team="res*", environment="dev")) == []
    for other in (
        {"policy": "quota-spot-only"},
        {"resource": "digits-2"},
        {"team": "vision"},
        {"environment": "prod"},
    ):
        assert [reported.policy for reported in run(exemption(**other))] == [
            "quota-instances-per-job"
        ]


def test_an_expired_exemption_fails_with_its_owner_and_day():
    [reported] = run(exemption(expires="2026-06-14"))
    assert reported.level == "mandatory"
    assert "Expired: the exemption of dig*" in reported.text
    assert "for ada@example.org, until 2026-06-14: a deadline in July" in reported.text


@pytest.mark.parametrize(
    ("days", "warning"), [(0, "today is its last day"), (14, "14 days are left"), (15, None)]
)
def test_an_exemption_that_is_about_to_expire_warns(days: int, warning: str | None):
    expires = (TODAY + timedelta(days)).isoformat()
    reported = run(exemption(expires=expires), exemptionWarningDays=14)
    assert [(each.policy, each.level) for each in reported] == (
        [("pack-exemptions", "advisory")] if warning else []
    )
    assert all(str(warning) in each.text for each in reported)


def test_an_exemption_that_nothing_needs_does_not_warn():
    tomorrow = (TODAY + timedelta(1)).isoformat()
    assert run(exemption(expires=tomorrow), resources=[job()]) == []


def test_an_exemption_for_a_sum_names_the_stack():
    many = [job(name=str(number)) for number in range(5)]
    assert [reported.policy for reported in run(resources=many)] == ["quota-instances-per-stack"]
    sums = exemption(
        policy="quota-instances-per-stack",
        resource="research-dev",
        resourceType="pulumi:pulumi:Stack",
    )
    assert run(sums, resources=many) == []


def test_parameters_in_the_engines_own_file_are_refused():
    enforcement = Enforcement(Configuration("organisation.json", {}), "dev", {}, TODAY)
    reported: list[str] = []

    def report(text: str, _urn: str | None = None) -> None:
        reported.append(text)

    policy = resource_policy(TEAM_POLICY, enforcement)
    for type_ in ("aws:s3/bucket:Bucket", "pulumi:pulumi:Stack"):
        assert reported == []
        args = pulumi_policy.ResourceValidationArgs(
            type_, {}, "urn", "name", OPTIONS, None, {"digest": True}, {}
        )
        policy.validate(args, report)
    sums = stack_policy(per_stack_policy(STACK_LIMITS[0]), enforcement)
    sums.validate(pulumi_policy.StackValidationArgs([], {"limit": 3}, {}), report)
    assert len(reported) == 2
    assert all("write them into organisation.json" in text for text in reported)


days = st.dates(date(2026, 1, 1), date(2027, 1, 1))


@hypothesis.settings(max_examples=40)
@given(st.lists(days, max_size=4), days)
def test_the_longest_exemption_decides(expiries: list[date], today: date):
    reported = run(*(exemption(expires=each.isoformat()) for each in expiries), today=today)
    violated = [each for each in reported if each.policy == "quota-instances-per-job"]
    assert bool(violated) == (not expiries or max(expiries) < today)


def test_the_stacks_tags_come_before_its_settings():
    quotas = {"families": {"*": {}}, "all": {"instancesPerJob": 3}}
    configuration = Configuration("organisation.json", {"teams": {"vision": {"dev": quotas}}})
    settings = {"team": "research", "environment": "dev"}
    reported = PolicyRun(
        configuration, QUOTA_POLICIES, {"team": "vision"}, settings, "dev", TODAY
    ).over([OVER])
    assert [each.policy for each in reported] == ["quota-team"]
    assert "the stack's settings name another team than the stack's tags" in reported[0].text


def spoofed(**tags: str) -> list[str]:
    """What is said of vision's stack with these tags, whose files name research in prod."""
    quota: dict[str, Any] = {"families": {"*": {}}}
    teams = {"research": {"prod": quota}, "vision": {"dev": quota | {"all": {"jobsAtOnce": 0}}}}
    values = {"teams": teams, "trustSettings": False}
    said = {"team": "research", "environment": "prod"}
    written = [{"Key": key, "Value": value} for key, value in said.items()]
    subject = resource(OWN_TYPE, {"request": {**request(), "Tags": written}})
    run = PolicyRun(
        Configuration("organisation.json", values), QUOTA_POLICIES, tags, said, "vision-dev", TODAY
    )
    return [each.text.splitlines()[0] for each in run.over([subject])]


def test_a_stack_without_its_tags_gets_no_quota_by_what_its_files_say():
    [reported] = spoofed()
    assert reported.startswith("the stack has no tag team and no tag environment:")
    [reported] = spoofed(team="research")
    assert reported.startswith("the stack has no tag environment:")
    [reported] = spoofed(environment="prod")
    assert reported.startswith("the stack has no tag team:")


def test_a_stack_keeps_its_own_quotas_whatever_its_files_say():
    reported = spoofed(team="vision", environment="dev")
    assert [each.partition(":")[0] for each in reported] == [
        "the stack's settings name another team than the stack's tags",
        "the job's tags name another team than the stack's tags",
        "the stack's settings name another environment than the stack's tags",
        "the job's tags name another environment than the stack's tags",
        "the number of jobs of the stack, all instances",
    ]


BUCKET = resource("aws:s3/bucket:Bucket", {"bucket": "store"}, "store")


def writing(uri: Any) -> Resource:
    output = {"OutputDataConfig": {"S3OutputPath": uri}}
    return job(inputs={"request": {**request(), **output}})


def told_of_places(
    *resources: Resource, is_preview: bool, **policies: Any
) -> tuple[list[str], list[str]]:
    """What is said at the jobs, and then over the whole stack, in one run of the engine."""
    configuration = Configuration("organisation.json", {"teams": {}, "policies": policies})
    enforcement = Enforcement(configuration, "research-dev", {}, TODAY, is_preview=is_preview)
    early = places_of_jobs((ARTIFACT_LOCATIONS, OWN_ROLE), enforcement)
    late = stack_policy(ARTIFACT_LOCATIONS, enforcement)
    at_jobs: list[str] = []
    over_all: list[str] = []
    for each in (resource(STACK_TYPE, {}, "dev"), *resources):
        args = pulumi_policy.ResourceValidationArgs(
            each.type, each.properties, each.urn, each.name, OPTIONS, PROVIDER, {}, {}
        )
        early.validate(args, lambda text, _: at_jobs.append(text))
    listed = [
        pulumi_policy.PolicyResource(
            each.type, each.properties, each.urn, each.name, OPTIONS, None, None, [], {}
        )
        for each in resources
    ]
    late.validate(
        pulumi_policy.StackValidationArgs(listed, {}, {}), lambda text, _: over_all.append(text)
    )
    return at_jobs, over_all


def test_a_job_that_writes_elsewhere_in_the_update_is_refused_before_it_is_created():
    """In the update the location is known, and the bucket that it should be is registered."""

    def refused(*resources: Resource) -> list[str]:
        return told_of_places(*resources, is_preview=False)[0]

    assert refused(BUCKET, writing("s3://store/output")) == []
    assert refused(BUCKET, writing(UNKNOWN)) == []
    [text] = refused(BUCKET, writing("s3://elsewhere/output"))
    assert text.startswith("training-artifact-locations: where digits writes models")
    assert len(refused(writing("s3://store/output"))) == 1


def test_in_a_preview_it_is_said_once_that_a_job_writes_elsewhere():
    elsewhere = (BUCKET, writing("s3://elsewhere/output"))
    at_jobs, [text] = told_of_places(*elsewhere, is_preview=True)
    assert at_jobs == []
    assert text.startswith("where digits writes models: asked s3://elsewhere/output")
    assert told_of_places(BUCKET, writing("s3://store/output"), is_preview=True) == ([], [])


def test_a_preview_refuses_a_job_whose_bucket_the_update_would_register_too_late():
    too_early = (writing("s3://store/output"), BUCKET)
    assert [len(each) for each in told_of_places(*too_early, is_preview=False)] == [1, 0]
    assert [len(each) for each in told_of_places(*too_early, is_preview=True)] == [0, 1]
    for level in ("advisory", "disabled"):
        levels: dict[str, Any] = {"training-artifact-locations": {"level": level}}
        assert told_of_places(*too_early, is_preview=False, **levels) == ([], [])
        assert told_of_places(*too_early, is_preview=True, **levels) == ([], [])


def test_policies_share_the_view_of_a_resource_and_never_that_of_another():
    judged: list[Any] = []

    def judge(subject: Any, _: Any) -> list[Any]:
        judged.append(subject)
        return []

    configuration = Configuration("organisation.json", {"teams": {}})
    enforcement = Enforcement(configuration, "research-dev", {}, TODAY)
    policies = [
        resource_policy(dataclasses.replace(TEAM_POLICY, judge=judge), enforcement)
        for _ in range(2)
    ]
    first = job()
    # The same inputs in another resource, and other inputs in the same one.
    for each in (first, dataclasses.replace(first, urn="another"), job(count=9)):
        args = pulumi_policy.ResourceValidationArgs(
            each.type, each.properties, each.urn, each.name, OPTIONS, PROVIDER, {}, {}
        )
        for policy in policies:
            policy.validate(args, lambda *_: None)
    assert [each.urn for each in judged] == [
        first.urn,
        first.urn,
        *["another"] * 2,
        *[first.urn] * 2,
    ]
    assert judged[0] is judged[1] is not judged[4]
    assert [each.read("request.ResourceConfig.InstanceCount") for each in judged[3:]] == [2, 9, 9]
