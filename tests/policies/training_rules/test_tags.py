from __future__ import annotations

from tests.policies.subjects import resource, violations
from training_policies.training_job import AWS_TYPE
from training_policies.training_rules.tags import REQUIRED_TAGS


def test_the_providers_tags_count_on_pulumi_awss_own_job():
    everywhere = {"team": "research", "environment": "dev"}
    assert violations(REQUIRED_TAGS, resource(AWS_TYPE, {"tagsAll": everywhere})) == []
    partly = {"tagsAll": {"team": "research"}, "tags": {"environment": "dev"}}
    assert violations(REQUIRED_TAGS, resource(AWS_TYPE, partly)) == []
    assert violations(REQUIRED_TAGS, resource(AWS_TYPE, {"tagsAll": {"team": "research"}}))
