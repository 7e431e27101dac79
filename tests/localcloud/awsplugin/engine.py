"""The engine's part in the provider protocol: check, diff, create, read, update, delete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import provider_pb2

from localcloud.awsplugin.properties import Properties, decode, encode


class CheckError(Exception):
    """The provider refused inputs."""


@dataclass
class Resource:
    """A resource as the engine keeps it."""

    type: str
    name: str
    id: str
    inputs: Properties
    state: Properties


@dataclass
class Engine:
    """Drives one configured provider over gRPC."""

    stub: Any
    secrets: frozenset[str] = field(default_factory=frozenset)

    def check(
        self, kind: str, name: str, news: Properties, olds: Properties | None = None
    ) -> Properties:
        """Return the checked inputs; CheckError with every failure."""
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=_urn(kind, name),
                type=kind,
                name=name,
                olds=encode(olds or {}),
                news=encode(news, self.secrets),
                randomSeed=name.encode() * 4,
            )
        )
        if answer.failures:
            raise CheckError(
                "; ".join(f"{item.property}: {item.reason}" for item in answer.failures)
            )
        return decode(answer.inputs)

    def preview(self, kind: str, name: str, news: Properties) -> Properties:
        """Return the outputs that a creation would have."""
        inputs = self.check(kind, name, news)
        request = provider_pb2.CreateRequest(
            urn=_urn(kind, name), type=kind, name=name, properties=encode(inputs), preview=True
        )
        return decode(self.stub.Create(request).properties)

    def create(self, kind: str, name: str, news: Properties) -> Resource:
        """Create a resource."""
        inputs = self.check(kind, name, news)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=_urn(kind, name), type=kind, name=name, properties=encode(inputs, self.secrets)
            )
        )
        return Resource(kind, name, answer.id, inputs, decode(answer.properties))

    def diff(self, resource: Resource, news: Properties, ignore: tuple[str, ...] = ()) -> Any:
        """Return the provider's answer to what `news` would change."""
        inputs = self.check(resource.type, resource.name, news, resource.inputs)
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=resource.id,
                urn=_urn(resource.type, resource.name),
                type=resource.type,
                name=resource.name,
                olds=encode(resource.state),
                old_inputs=encode(resource.inputs),
                news=encode(inputs),
                ignoreChanges=ignore,
            )
        )

    def update(self, resource: Resource, news: Properties, *, preview: bool = False) -> Properties:
        """Update in place and return the outputs."""
        inputs = self.check(resource.type, resource.name, news, resource.inputs)
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=resource.id,
                urn=_urn(resource.type, resource.name),
                type=resource.type,
                name=resource.name,
                olds=encode(resource.state),
                old_inputs=encode(resource.inputs),
                news=encode(inputs),
                preview=preview,
            )
        )
        state = decode(answer.properties)
        if not preview:
            resource.inputs, resource.state = inputs, state
        return state

    def read(self, resource: Resource) -> Resource | None:
        """Return the resource as a refresh would leave it, None if it is gone."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                id=resource.id,
                urn=_urn(resource.type, resource.name),
                type=resource.type,
                name=resource.name,
                properties=encode(resource.state),
                inputs=encode(resource.inputs),
            )
        )
        if not answer.id:
            return None
        return Resource(
            resource.type,
            resource.name,
            answer.id,
            decode(answer.inputs),
            decode(answer.properties),
        )

    def find(self, kind: str, identity: str) -> Resource | None:
        """Return the resource as an import would find it."""
        return self.read(Resource(kind, "imported", identity, {}, {}))

    def delete(self, resource: Resource, seconds: float = 0.0) -> None:
        """Delete a resource; `seconds` is the program's own limit, 0 for none."""
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=resource.id,
                urn=_urn(resource.type, resource.name),
                type=resource.type,
                name=resource.name,
                properties=encode(resource.state),
                old_inputs=encode(resource.inputs),
                timeout=seconds,
            )
        )

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Call a function."""
        request = provider_pb2.InvokeRequest(tok=token, args=encode(arguments))
        return decode(getattr(self.stub.Invoke(request), "return"))


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:test::project::{kind}::{name}"
