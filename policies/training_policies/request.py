"""A CreateTrainingJob request, read by the API's own names in whatever case it is written.

The API writes `ResourceConfig.InstanceType`, pulumi-aws `resourceConfig.instanceType`, and
programs in Python `resource_config` and `instance_type`. pulumi-aws has plurals where the API has
lists with singular names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training_policies.resource import MISSING, UNKNOWN, Resource

_MARKS = frozenset(
    {
        "algorithmspecification",
        "hyperparameters",
        "maxruntimeinseconds",
        "outputdataconfig",
        "resourceconfig",
        "stoppingcondition",
        "trainingimage",
        "trainingjobname",
    }
)
"""Names that, two together or one beside an instance type, say that a request is for training."""

_JSON = ("{", "[", '"')
"""What a text of JSON begins with that may hold a mapping, be it in another such text."""

_CHANGED = frozenset({"enablemanagedspottraining", "resourceconfig", "stoppingcondition"})
"""The members of a request in which attempts differ."""


@dataclass(frozen=True)
class Request:
    """The values of a request.

    In a `flat` one, a value may stand by its own name beside the rest, not in the API's groups.
    """

    values: Any
    flat: bool = False

    def read(self, path: str) -> Any:
        """The value at a dotted path in the API's own names, as `VpcConfig.Subnets`.

        MISSING or UNKNOWN where there is none to judge. The keys of mappings within the value,
        as of hyperparameters, are as they were written.
        """
        found = self.values
        for part in path.split("."):
            found = _step(found, part)
        return named(self.values, part) if found is MISSING and self.flat else found

    def changed_by(self, members: Any) -> Request:
        """The request with some of its members replaced; unknown where they can't be read."""
        if not isinstance(members, Mapping) or not isinstance(self.values, Mapping):
            return Request(UNKNOWN)
        if not {spelling(name) for name in members} <= _CHANGED:
            return Request(UNKNOWN)
        changed = {spelling(name): value for name, value in members.items()}
        kept = {name: each for name, each in self.values.items() if spelling(name) not in changed}
        return Request(kept | changed, self.flat)


def request_in(resource: Resource, *, certain: bool) -> Request | None:
    """The request among a resource's properties.

    Where the type is `certain` to be a training job, what can't be found is unknown: nothing
    about it goes unjudged. Elsewhere None says that the resource is no training job.
    """
    properties = resource.read()
    if certain:
        request = named(properties, "request")
        return Request(properties if request is MISSING else request)
    # A fallback has enough of a request to be taken for one.
    others = {key: each for key, each in properties.items() if spelling(key) != "fallbacks"}
    found: list[Mapping[str, Any]] = []
    for each in filter(_is_training, _mappings(others)):
        if each not in found:
            found.append(each)
    if len(found) > 1:
        # Which of them is sent, or whether all are, is the provider's secret.
        return Request(UNKNOWN)
    return Request(found[0], flat=True) if found else None


def spelling(name: str) -> str:
    """A name without its way of writing: `InstanceType`, `instance_type` → `instancetype`."""
    return name.replace("_", "").replace("-", "").lower()


def _step(values: Any, part: str) -> Any:
    if values is UNKNOWN:
        return UNKNOWN
    if isinstance(values, list):
        return values[int(part)] if part.isdecimal() and int(part) < len(values) else MISSING
    return named(values, part)


def named(values: Any, name: str) -> Any:
    """The value in a mapping whose key is this name, or its plural, in any way to write it.

    UNKNOWN where several keys are.
    """
    if not isinstance(values, Mapping):
        return MISSING
    wanted = (spelling(name), f"{spelling(name)}s")
    found = [value for key, value in values.items() if spelling(key) in wanted]
    # Of two spellings of one name, which of them counts is the provider's secret.
    return UNKNOWN if len(found) > 1 else next(iter(found), MISSING)


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a value, itself included, however deep, and those in texts of JSON."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            yield each
            left += each.values()
        elif isinstance(each, list):
            left += each
        elif isinstance(each, str) and each.lstrip().startswith(_JSON):
            left.append(_decoded(each))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_training(values: Mapping[str, Any]) -> bool:
    names = {spelling(key) for key in values}
    marks = names & _MARKS
    return len(marks) > 1 or bool(marks and "instancetype" in names)
