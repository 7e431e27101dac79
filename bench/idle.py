"""A dynamic resource that does nothing, to measure the engine itself."""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider


class IdleProvider(ResourceProvider):
    """Creates nothing and never sees a difference."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """The answer for a created resource."""
        return CreateResult(str(props["number"]), props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """The answer that nothing differs."""
        return DiffResult(changes=False)


class Idle(Resource, module="bench", name="Idle"):
    """A resource that does nothing."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(IdleProvider(), name, {"number": number})
