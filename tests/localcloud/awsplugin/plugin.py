"""The plugin as the engine uses it, in plain verbs: create, diff, update, refresh, delete."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2

from localcloud.awsplugin.properties import UNKNOWN, Properties, decode, encode
from localcloud.awsplugin.resources import RESOURCE_TYPES

REGION = "us-east-1"
NO_CHANGE = provider_pb2.DiffResponse.DIFF_NONE
TAGS = {"team": "research"}
OTHER_TAGS = {"team": "vision", "owner": "ada"}
_numbers = count(1)


class InputsError(Exception):
    """The plugin refused inputs, before anything was made; the message has every failure."""


class RefusedError(Exception):
    """An operation failed; the message is what the user reads."""


def allow(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> str:
    """A policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_TRUST_STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [_TRUST_STATEMENT]})


@dataclass
class Resource:
    """A resource as the engine keeps it in its state."""

    type: str
    name: str
    id: str
    inputs: Properties
    state: Properties


class Plugin:
    """One provider, spoken to over gRPC. What it creates goes when the test ends."""

    def __init__(self, stub: Any) -> None:
        self.stub = stub
        self._created: list[Resource] = []

    def configure(self, **settings: Any) -> None:
        """Configures the provider as the engine does: nested settings are JSON text."""
        values = {"region": REGION, **settings}
        arguments = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
        }
        self._call(
            "Configure", provider_pb2.ConfigureRequest(args=encode(arguments), acceptSecrets=True)
        )

    def check(
        self, kind: str, inputs: Properties, name: str = "one", olds: Properties | None = None
    ) -> Properties:
        """The inputs as the plugin completes them; InputsError with every failure."""
        answer = self._call(
            "Check",
            provider_pb2.CheckRequest(
                **_subject(kind, name),
                olds=encode(olds or {}),
                news=encode(inputs),
                randomSeed=name.encode() * 4,
            ),
        )
        if answer.failures:
            raise InputsError("; ".join(f"{one.property}: {one.reason}" for one in answer.failures))
        return decode(answer.inputs)

    def preview(self, kind: str, inputs: Properties, name: str = "one") -> Properties:
        """The outputs that a creation would have."""
        checked = encode(self.check(kind, inputs, name))
        request = provider_pb2.CreateRequest(
            **_subject(kind, name), properties=checked, preview=True
        )
        return decode(self._call("Create", request).properties)

    def create(self, kind: str, inputs: Properties, name: str = "") -> Resource:
        """Creates a resource."""
        name = name or f"test-{next(_numbers)}"
        checked = self.check(kind, inputs, name)
        request = provider_pb2.CreateRequest(**_subject(kind, name), properties=encode(checked))
        answer = self._call("Create", request)
        resource = Resource(kind, name, answer.id, checked, decode(answer.properties))
        self._created.append(resource)
        return resource

    def diff(self, resource: Resource, inputs: Properties, ignore: tuple[str, ...] = ()) -> Any:
        """What the plugin answers to the question what `inputs` would change."""
        checked = self.check(resource.type, inputs, resource.name, resource.inputs)
        return self._call(
            "Diff",
            provider_pb2.DiffRequest(
                **_subject(resource.type, resource.name),
                id=resource.id,
                olds=encode(resource.state),
                old_inputs=encode(resource.inputs),
                news=encode(checked),
                ignoreChanges=ignore,
            ),
        )

    def update(
        self, resource: Resource, inputs: Properties, *, preview: bool = False
    ) -> Properties:
        """Updates a resource in place and returns its outputs."""
        checked = self.check(resource.type, inputs, resource.name, resource.inputs)
        answer = self._call(
            "Update",
            provider_pb2.UpdateRequest(
                **_subject(resource.type, resource.name),
                id=resource.id,
                olds=encode(resource.state),
                old_inputs=encode(resource.inputs),
                news=encode(checked),
                preview=preview,
            ),
        )
        state = decode(answer.properties)
        if not preview:
            resource.inputs, resource.state = checked, state
        return state

    def refresh(self, resource: Resource) -> Resource | None:
        """The resource as a refresh leaves it, None if it is gone."""
        answer = self._call(
            "Read",
            provider_pb2.ReadRequest(
                **_subject(resource.type, resource.name),
                id=resource.id,
                properties=encode(resource.state),
                inputs=encode(resource.inputs),
            ),
        )
        if not answer.id:
            return None
        inputs, state = decode(answer.inputs), decode(answer.properties)
        return Resource(resource.type, resource.name, answer.id, inputs, state)

    def import_(self, kind: str, identity: str) -> Resource | None:
        """The resource as an import finds it, None if there is none."""
        return self.refresh(Resource(kind, "imported", identity, {}, {}))

    def delete(self, resource: Resource, seconds: float = 0.0) -> None:
        """Deletes a resource; `seconds` is the program's own limit, 0 for none."""
        self._call(
            "Delete",
            provider_pb2.DeleteRequest(
                **_subject(resource.type, resource.name),
                id=resource.id,
                properties=encode(resource.state),
                old_inputs=encode(resource.inputs),
                timeout=seconds,
            ),
        )

    def call(self, function: str, arguments: Properties) -> Properties:
        """The answer of a function."""
        request = provider_pb2.InvokeRequest(tok=function, args=encode(arguments))
        return decode(getattr(self._call("Invoke", request), "return"))

    def clear(self) -> None:
        """Deletes all that was created, the newest first."""
        for resource in reversed(self._created):
            self.delete(resource)

    def assert_lifecycle(
        self,
        kind: str,
        inputs: Properties,
        *,
        change: Properties | None = None,
        replace: Properties | None = None,
        stays: bool = False,
        import_id: Callable[[Resource], str] = lambda resource: resource.id,
    ) -> None:
        """Leads one resource from its preview to its end, and asserts what each step must give.

        `change` are inputs that change in place, `replace` inputs of which each asks for another
        resource. `stays`: a deletion leaves it readable, as in AWS. `import_id` is the id to
        import it by.
        """
        described = RESOURCE_TYPES[kind]
        planned = self.preview(kind, inputs)
        assert {name for name in described.outputs if planned[name] is UNKNOWN} == described.outputs

        resource = self.create(kind, inputs, "one")
        self._assert_settled(resource, inputs)

        if change:
            inputs = {**inputs, **change}
            expected = self.diff(resource, inputs)
            assert expected.detailedDiff
            assert not expected.replaces
            self.update(resource, inputs)
            self._assert_settled(resource, inputs)

        if replace:
            assert set(self.diff(resource, {**inputs, **replace}).replaces) == replace.keys()

        imported = self.import_(kind, import_id(resource))
        assert imported is not None
        assert imported.state.keys() >= described.required

        self.delete(resource)
        assert (self.refresh(resource) is None) != stays
        self.delete(resource)

    def _assert_settled(self, resource: Resource, inputs: Properties) -> None:
        """Nothing is left to do, before a refresh and after it, and the refresh finds no change."""
        assert self.diff(resource, inputs).changes == NO_CHANGE
        refreshed = self.refresh(resource)
        assert refreshed == resource
        assert self.diff(refreshed, inputs).changes == NO_CHANGE

    # What other resources need.

    def vpc(self, **inputs: Any) -> str:
        return self.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", **inputs}).id

    def subnet(self, vpc: str, cidr: str = "10.0.1.0/24") -> str:
        # Without a zone, moto takes any, also one that some services are not in.
        inputs = {"vpcId": vpc, "cidrBlock": cidr, "availabilityZone": "us-east-1a"}
        return self.create("aws:ec2/subnet:Subnet", inputs).id

    def route_table(self, vpc: str) -> str:
        return self.create("aws:ec2/routeTable:RouteTable", {"vpcId": vpc}).id

    def internet_gateway(self, vpc: str) -> str:
        return self.create("aws:ec2/internetGateway:InternetGateway", {"vpcId": vpc}).id

    def security_group(self, vpc: str) -> str:
        return self.create("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc}).id

    def bucket(self, **inputs: Any) -> str:
        return self.create("aws:s3/bucket:Bucket", {"forceDestroy": True, **inputs}).id

    def key(self) -> Resource:
        return self.create("aws:kms/key:Key", {})

    def role(self) -> Resource:
        return self.create("aws:iam/role:Role", {"assumeRolePolicy": TRUST})

    def topic(self) -> str:
        return self.create("aws:sns/topic:Topic", {}).id

    def log_group(self) -> Resource:
        return self.create("aws:cloudwatch/logGroup:LogGroup", {})

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request)
        except grpc.RpcError as error:
            answered: Any = error
            raise RefusedError(str(answered.details())) from None


def _subject(kind: str, name: str) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:test::project::{kind}::{name}", "type": kind, "name": name}
