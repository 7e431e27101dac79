"""The SDK answers as before, but decodes for all policies once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi_policy
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from training_policies.decoded_once import decode_once
from training_policies.resource import UNKNOWN, plain

sdk: Any = policy
INPUTS = {"name": "store", "tags": {"team": "research"}, "key": UNKNOWN_STRING_VALUE, "sizes": [1]}
SEEN = {"name": "store", "tags": {"team": "research"}, "key": UNKNOWN, "sizes": [1]}
PROVIDER = {"region": "us-east-1"}
MANY = 5


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The messages that the SDK decodes from now on, once for all policies."""
    found: list[Any] = []
    decode = sdk.json_format.MessageToDict

    def counting(message: Any) -> Any:
        found.append(message)
        return decode(message)

    # What `decode_once` replaces is put back after the test.
    for name in ("json_format", "deserialize_properties", "unknown_checking_proxy"):
        monkeypatch.setattr(sdk, name, getattr(sdk, name))
    for name in ("Analyze", "AnalyzeStack"):
        method = getattr(sdk._PolicyAnalyzerServicer, name)
        monkeypatch.setattr(sdk._PolicyAnalyzerServicer, name, method)
    with monkeypatch.context() as during:
        during.setattr(sdk.json_format, "MessageToDict", counting)
        decode_once()
    return found


def message(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def resource(kind: Callable[..., Any], name: str, inputs: dict[str, Any]) -> Any:
    provider = analyzer_pb2.AnalyzerProviderResource(
        type="pulumi:providers:aws", properties=message(PROVIDER), urn="provider", name="aws"
    )
    return kind(
        type="aws:s3/bucket:Bucket",
        properties=message(inputs),
        urn=f"urn::{name}",
        name=name,
        provider=provider,
    )


def seen_on_resources(*requests: Any) -> list[Any]:
    """What each policy sees of each resource."""
    seen: list[Any] = []

    def validate(args: pulumi_policy.ResourceValidationArgs, _: Any) -> None:
        assert args.provider is not None
        seen.append((args.name, plain(args.props), plain(args.provider.props)))

    servicer = servicer_of(pulumi_policy.ResourceValidationPolicy, validate)
    for each in requests:
        assert not servicer.Analyze(each, None).diagnostics
    return seen


def seen_on_stacks(*requests: Any) -> list[Any]:
    """What each policy of stacks sees of each stack."""
    seen: list[Any] = []

    def validate(args: pulumi_policy.StackValidationArgs, _: Any) -> None:
        seen.append([(each.name, plain(each.props)) for each in args.resources])

    servicer = servicer_of(pulumi_policy.StackValidationPolicy, validate)
    for each in requests:
        assert not servicer.AnalyzeStack(each, None).diagnostics
    return seen


def servicer_of(kind: Callable[..., Any], validate: Callable[..., None]) -> Any:
    policies = [kind(f"policy-{number}", "checks", validate) for number in range(MANY)]
    level = pulumi_policy.EnforcementLevel.MANDATORY
    return sdk._PolicyAnalyzerServicer("pack", "0.0.1", policies, level)


def test_a_resource_and_its_provider_are_decoded_once_for_all_policies(decoded: list[Any]):
    request = resource(analyzer_pb2.AnalyzeRequest, "store", INPUTS)
    assert seen_on_resources(request) == [("store", SEEN, PROVIDER)] * MANY
    assert len(decoded) == 2


def test_each_request_is_decoded_by_itself(decoded: list[Any]):
    for name in ("one", "two", "three"):
        # The first request's memory may be used again for the next.
        request = resource(analyzer_pb2.AnalyzeRequest, name, {"name": name})
        assert seen_on_resources(request) == [(name, {"name": name}, PROVIDER)] * MANY
    assert len(decoded) == 6


def test_a_stack_is_decoded_once_for_all_policies(decoded: list[Any]):
    resources = [
        resource(analyzer_pb2.AnalyzerResource, name, INPUTS | {"name": name})
        for name in ("one", "two")
    ]
    request = analyzer_pb2.AnalyzeStackRequest(resources=resources)
    seen = [(name, SEEN | {"name": name}) for name in ("one", "two")]
    assert seen_on_stacks(request, request) == [seen] * MANY * 2
    assert len(decoded) == 8


def test_what_a_policy_raises_ends_no_more_than_without(decoded: list[Any]):
    def validate(args: pulumi_policy.ResourceValidationArgs, report: Any) -> None:
        report(f"{args.name} is judged")
        assert args.props["key"]  # which is unknown

    servicer = servicer_of(pulumi_policy.ResourceValidationPolicy, validate)
    answer = servicer.Analyze(resource(analyzer_pb2.AnalyzeRequest, "store", INPUTS), None)
    assert len(answer.diagnostics) == 2 * MANY
    assert len(decoded) == 2
