from __future__ import annotations

from typing import Any

from tests.policies.subjects import resource, violations
from tests.policies.training_rules.test_training_rules import (
    COMPLIANT,
    job,
    with_value,
)
from training_policies.resource import UNKNOWN
from training_policies.training_rules.locations import ARTIFACT_LOCATIONS, OWN_ROLE
from training_policies.tuning import AWS_TUNING_TYPE


class TestWhereAJobWrites:
    bucket = resource("aws:s3/bucket:Bucket", {"bucket": "store"}, "store")

    def judged(self, request: dict[str, Any], *others: Any, **values: Any) -> list[str]:
        found = violations(ARTIFACT_LOCATIONS, [job(request), *others], values)
        return [str(each.asked) for each in found]

    def test_the_stacks_own_bucket_is_the_place(self):
        assert self.judged(COMPLIANT, self.bucket) == []

    def test_another_bucket_is_not(self):
        request = with_value(COMPLIANT, "OutputDataConfig.S3OutputPath", "s3://store-2/output")
        assert self.judged(request, self.bucket) == ["s3://store-2/output"]

    def test_nor_is_any_where_the_stack_has_no_bucket(self):
        assert len(self.judged(COMPLIANT)) == 2

    def test_a_bucket_that_the_configuration_names_is(self):
        assert self.judged(COMPLIANT, buckets=["sto*"]) == []

    def test_a_location_that_is_not_known_yet_is_judged_at_the_update(self):
        request = with_value(COMPLIANT, "OutputDataConfig.S3OutputPath", UNKNOWN)
        request = with_value(request, "CheckpointConfig.S3Uri", UNKNOWN)
        assert self.judged(request) == []

    def test_what_travels_through_extra_is_judged_too(self):
        request = COMPLIANT | {"ProfilerConfig": {"S3OutputPath": "s3://elsewhere/profile"}}
        assert self.judged(request, self.bucket) == ["s3://elsewhere/profile"]

    def test_the_violation_names_the_job(self):
        [violation, _] = violations(ARTIFACT_LOCATIONS, [job(COMPLIANT)])
        assert violation.subject == job(COMPLIANT).urn

    def test_the_output_of_a_rule_is_judged_too(self):
        rules = [{"RuleEvaluatorImage": "image", "S3OutputPath": "s3://elsewhere/rule"}]
        request = COMPLIANT | {"ProfilerRuleConfigurations": rules}
        assert self.judged(request, self.bucket) == ["s3://elsewhere/rule"]


def test_every_definition_of_a_tuning_jobs_trials_is_judged():
    others = {"OutputDataConfig": {"S3OutputPath": "s3://elsewhere/output"}, "RoleArn": "a/other"}
    tuned = resource(
        AWS_TUNING_TYPE, {"trainingJobDefinitions": [COMPLIANT, COMPLIANT | others, COMPLIANT]}
    )
    allowed = {"buckets": ["store"], "roles": ["own"]}
    [elsewhere] = violations(ARTIFACT_LOCATIONS, [tuned], allowed)
    assert elsewhere.asked == "s3://elsewhere/output"
    [another] = violations(OWN_ROLE, [tuned], allowed)
    assert another.asked == "a/other"


class TestTheRoleOfAJob:
    role = resource("aws:iam/role:Role", {"name": "research-execution"}, "execution")

    def judged(self, arn: Any, *others: Any, **values: Any) -> list[Any]:
        request = COMPLIANT | {"RoleArn": arn}
        return [each.asked for each in violations(OWN_ROLE, [job(request), *others], values)]

    def test_is_one_of_the_stack(self):
        own = "arn:aws:iam::123456789012:role/path/research-execution"
        assert self.judged(own, self.role) == []
        assert self.judged(own) == [own]

    def test_is_not_another(self):
        other = "arn:aws:iam::123456789012:role/administrator"
        assert self.judged(other, self.role) == [other]
        assert self.judged(other, self.role, roles=["admin*"]) == []

    def test_is_judged_at_the_update_where_it_is_not_known_yet(self):
        assert self.judged(UNKNOWN, self.role) == []
