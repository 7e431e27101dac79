"""Which members of AWS's requests properties become, for all resource types."""

from __future__ import annotations

import pytest

from localcloud.awsplugin.api_members import Call, member_of
from localcloud.awsplugin.resource_type import ResourceType
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.localcloud.awsplugin import sdk

_SCALARS = {
    "str": ("string", "timestamp", "blob"),
    "int": ("integer", "long", "float", "double", "string"),
    "float": ("integer", "long", "float", "double", "string"),
}
_ANYWHERE = {
    "region": "says which endpoint is called",
    "timeouts.create": "a time that the provider waits",
    "timeouts.update": "a time that the provider waits",
    "timeouts.delete": "a time that the provider waits",
}
_REFUSED = "the plugin refuses it, in favour of a resource of its own"
NO_MEMBER: dict[str, dict[str, str]] = {
    "aws:budgets/budget:Budget": {
        "plannedLimits.startTime": "a time as text; the API has seconds as the key of a map",
    },
    "aws:s3/bucket:Bucket": {
        path: _REFUSED
        for path in (each.path for each in sdk.inputs("aws:s3/bucket:Bucket"))
        if path.partition(".")[0]
        in {
            "accelerationStatus",
            "corsRules",
            "grants",
            "lifecycleRules",
            "logging",
            "policy",
            "replicationConfiguration",
            "serverSideEncryptionConfiguration",
            "website",
        }
    },
    "aws:s3/bucketObjectv2:BucketObjectv2": {
        "etag": "only says whether the content has changed",
        "sourceHash": "only says whether the content has changed",
        "overrideProvider.defaultTags.tags": "a setting of the provider",
    },
    "aws:s3/bucketVersioning:BucketVersioning": {
        "versioningConfiguration.status": "has one value of the provider's own, which is not sent",
    },
    "aws:sns/topicSubscription:TopicSubscription": {
        "confirmationTimeoutInMinutes": "a time that the provider waits",
    },
    "aws:ssm/parameter:Parameter": {
        "arn": "an output, which can be set but is not sent",
        "valueWoVersion": "only says whether valueWo has changed",
    },
}
"""Inputs that become no member of a request, and why, by type."""

every_type = pytest.mark.parametrize("kind", RESOURCE_TYPES.values(), ids=lambda kind: kind.type)


@every_type
def test_every_text_and_number_becomes_a_member_or_is_an_exception(kind: ResourceType) -> None:
    exceptions = _ANYWHERE | NO_MEMBER.get(kind.type, {})
    known = {each.path for each in sdk.inputs(kind.type)}
    lost = {
        each.path
        for each in sdk.inputs(kind.type)
        if not _fits(kind, each) and each.path not in exceptions
    }
    assert lost == set()
    assert NO_MEMBER.get(kind.type, {}).keys() <= known
    assert {path for path in exceptions.keys() & known if member_of(kind.calls, path)} == set()


def _fits(kind: ResourceType, each: sdk.Input) -> bool:
    """Whether an input becomes a member of its own type."""
    path = each.path
    if kind.name and path == kind.name.prefix_property:
        path = kind.name.property
    member = member_of(kind.calls, path)
    if member is None:
        return False
    if each.type == "map":
        return member.pair is not None
    return member.item.shape.type_name in _SCALARS[each.type]


@every_type
def test_what_a_call_declares_is_an_input_and_a_member(kind: ResourceType) -> None:
    inputs = {each.path for each in sdk.inputs(kind.type)}
    around = {path[:end] for path in inputs for end, sign in enumerate(path) if sign == "."}
    for call in kind.calls:
        assert call.members.keys() <= inputs | around | sdk.top_level(kind.type) | {""}
        for path, member in call.members.items():
            found = call.member(path) if path else None
            assert found is None or found.path == member


def test_the_case_of_a_name_and_a_plurals_s_do_not_count() -> None:
    call = Call("s3", "PutBucketEncryption", {"rules": "ServerSideEncryptionConfiguration.Rules"})
    member = call.member("rules.applyServerSideEncryptionByDefault.sseAlgorithm")
    assert member is not None
    assert member.path.endswith("Rules.ApplyServerSideEncryptionByDefault.SSEAlgorithm")
    alarm = Call("cloudwatch", "PutMetricAlarm").member("evaluateLowSampleCountPercentiles")
    assert alarm is not None
    assert alarm.path == "EvaluateLowSampleCountPercentile"


def test_the_first_call_that_has_a_property_counts() -> None:
    calls = (Call("kms", "CreateKey"), Call("kms", "EnableKeyRotation"))
    assert str(member_of(calls, "description")) == "Description of kms:CreateKey"
    assert (
        str(member_of(calls, "rotationPeriodInDays"))
        == "RotationPeriodInDays of kms:EnableKeyRotation"
    )
    assert member_of(calls, "region") is None
