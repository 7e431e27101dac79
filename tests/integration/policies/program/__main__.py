"""Makes a resource of each entry of the setting `resources`: {name: {type, inputs}}.

The text `unknown` is an output that is not known before the update. An entry with `hidden: true`
is only there in the update. As a training job that is not launched, no resource changes once it is
made.
"""

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider


class Provider(ResourceProvider):
    """Makes whatever it is given, and never changes it."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Takes the properties as they are."""
        return CreateResult("made", props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Finds no difference."""
        return DiffResult(changes=False)


class Number(Resource):
    """A number that is known once it is made."""

    value: pulumi.Output[int]

    def __init__(self) -> None:
        super().__init__(Provider(), "number", {"value": None, "made": 2})


def _known(value: Any, unknown: pulumi.Output[Any]) -> Any:
    if isinstance(value, dict):
        return {key: _known(each, unknown) for key, each in value.items()}
    return unknown if value == "unknown" else value


number = Number()
for name, entry in pulumi.Config().require_object("resources").items():
    module, _, type_ = entry["type"].partition(":")
    made = type(type_, (Resource,), {}, module=module, name=type_)
    if not (entry.get("hidden") and pulumi.runtime.is_dry_run()):
        made(Provider(), name, _known(entry["inputs"], number.value))
