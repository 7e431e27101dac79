from __future__ import annotations

from typing import Any

from tests.policies.subjects import resource, violations
from tests.policies.training_rules.test_training_rules import (
    COMPLIANT,
    job,
    with_value,
)
from training_policies.resource import UNKNOWN
from training_policies.training_rules.locations import ARTIFACT_LOCATIONS


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
