from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from tests.policies.subjects import TODAY, recorded_preview, resource, violations
from training_policies.compliance import Control
from training_policies.configuration import Configuration
from training_policies.policy import Parameters, Policy, StackPolicy
from training_policies.policy_run import PolicyRun
from training_policies.resource import UNKNOWN, Resource
from training_policies.violation import Violation

BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"


def unblocked(resources: Sequence[Resource], _: Parameters) -> Iterator[Violation]:
    """Buckets that no public access block is made of."""
    blocked = {
        urn for each in resources if each.type == BLOCK for urn in each.dependencies["bucket"]
    }
    for each in resources:
        if each.type == BUCKET and each.urn not in blocked:
            yield Violation("a bucket without block", "why", "none", "one", "add it", each.urn)


def too_short(bucket: Resource, parameters: Parameters) -> Iterator[Violation]:
    name = bucket.read("bucket")
    if isinstance(name, str) and len(name) < parameters["shortest"]:
        yield Violation("a short name", "why", len(name), parameters["shortest"], "lengthen it")


BLOCKS = StackPolicy(
    name="blocks",
    checks="buckets have blocks",
    severity="high",
    controls=[Control("Checkov", "CKV2_AWS_6")],
    remedy="add one",
    judge=unblocked,
)
NAMES = Policy(
    name="names",
    checks="names are long enough",
    severity="low",
    controls=[],
    remedy="lengthen it",
    level="advisory",
    parameters={"shortest": {"type": "integer", "default": 3, "description": "the least length"}},
    applies=lambda type_: type_ == BUCKET,
    judge=too_short,
)


def test_a_policy_is_judged_with_its_own_defaults_and_only_where_it_applies():
    short = resource(BUCKET, {"bucket": "ab"})
    assert violations(NAMES, short)
    assert not violations(NAMES, short, {"shortest": 2})
    assert not violations(NAMES, resource("aws:s3/object:Object", {"bucket": "ab"}))


def test_a_stack_policy_sees_what_a_value_comes_from_while_it_is_unknown():
    bucket = resource(BUCKET, {}, "store")
    block = resource(BLOCK, {"bucket": UNKNOWN}, dependencies={"bucket": [bucket.urn]})
    assert not violations(BLOCKS, [bucket, block])
    [violation] = violations(BLOCKS, [bucket])
    assert violation.subject == bucket.urn


def test_a_run_goes_through_the_sdks_classes_with_levels_and_links():
    bucket = resource(BUCKET, {"bucket": "ab"}, "store")
    other = resource(BUCKET, {"bucket": "abc"}, "other")
    block = resource(BLOCK, {"bucket": UNKNOWN}, dependencies={"bucket": [other.urn]})
    run = PolicyRun(Configuration("organisation.json", {}), [BLOCKS, NAMES], {}, {}, "dev", TODAY)
    reported = run.over([bucket, other, block])
    assert [(each.policy, each.level, each.urn) for each in reported] == [
        ("names", "advisory", bucket.urn),
        ("blocks", "mandatory", bucket.urn),
    ]
    assert "asked 2, allowed 3" in reported[0].text


def test_a_recorded_preview_has_the_resources_that_stay_or_come(tmp_path: Path):
    urn = f"urn:pulumi:dev::project::{BUCKET}::store"
    state = {
        "type": BUCKET,
        "urn": urn,
        "inputs": {"bucket": UNKNOWN_STRING_VALUE, "days": 3},
        "parent": "urn:pulumi:dev::project::pulumi:pulumi:Stack::project-dev",
        "propertyDependencies": {"bucket": ["urn:key"]},
    }
    steps = [{"op": "create", "newState": state}, {"op": "delete", "oldState": state}]
    file = tmp_path / "preview.json"
    file.write_text(json.dumps({"steps": steps}))
    [bucket] = recorded_preview(file)
    assert (bucket.type, bucket.name, bucket.urn) == (BUCKET, "store", urn)
    assert bucket.read("bucket") is UNKNOWN
    assert bucket.read("days") == 3
    assert bucket.parent.endswith("project-dev")
    assert bucket.dependencies == {"bucket": ["urn:key"]}
