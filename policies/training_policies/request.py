"""A CreateTrainingJob request, read by the API's own names in whatever way they are written.

The API writes `ResourceConfig.InstanceType`, pulumi-aws `resourceConfig.instanceType`, and
programs in Python `resource_config` and `instance_type`. Where the API has a list with a singular
name, pulumi-aws has a plural.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training_policies.resource import MISSING, UNKNOWN, Resource

_TRAINING_NAMES = frozenset(
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
"""Names of a training request, as `spelling` writes them. A mapping with two of them is taken for
a request, and so is one with one of them and an instance type."""

_MAY_BE_JSON = ("{", "[", '"')
"""The first characters of a JSON text that may have a mapping in it, or another JSON text."""

_FALLBACK_MEMBERS = frozenset({"enablemanagedspottraining", "resourceconfig", "stoppingcondition"})
"""The members of a request that a fallback may replace, as `spelling` writes them."""


@dataclass(frozen=True)
class Request:
    """The values of a request; UNKNOWN where it can't be read.

    In a `flat` request a value may be at the top, outside the group that the API has it in.
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
        """The request with a fallback's members in place of its own; UNKNOWN if that can't be."""
        if not isinstance(members, Mapping) or not isinstance(self.values, Mapping):
            return Request(UNKNOWN)
        replaced = {spelling(name): value for name, value in members.items()}
        if not replaced.keys() <= _FALLBACK_MEMBERS:
            return Request(UNKNOWN)
        kept = {name: each for name, each in self.values.items() if spelling(name) not in replaced}
        return Request(kept | replaced, self.flat)

    def preferred(self) -> list[Request]:
        """The request for each of its InstancePreferences; itself if it has none.

        What a preference runs on is UNKNOWN where it can't be read, and beside what AWS does not
        take with preferences.
        """
        preferences = self.read("ResourceConfig.InstancePreferences")
        if preferences in (MISSING, UNKNOWN) or preferences == []:
            return [self]
        others = ("InstanceType", "InstanceGroups", "TrainingPlanArn")
        is_alone = all(self.read(f"ResourceConfig.{name}") is MISSING for name in others)
        listed = preferences if is_alone and isinstance(preferences, list) else [UNKNOWN]
        return [self._on(each) for each in listed]

    def _on(self, preference: Any) -> Request:
        """The request as it is when a preference is selected: for one type, and its number."""
        counts = named(preference, "InstanceCount"), self.read("ResourceConfig.InstanceCount")
        given = [each for each in counts if each is not MISSING]
        type_, plans = named(preference, "InstanceType"), named(preference, "TrainingPlanArns")
        chosen = {
            "instancetype": UNKNOWN if type_ is MISSING else type_,
            "instancecount": given[0] if len(given) == 1 else UNKNOWN,
        }
        if plans is not MISSING:
            is_one = isinstance(plans, list) and len(plans) == 1
            chosen["trainingplanarn"] = plans[0] if is_one else UNKNOWN
        replaced = {*chosen, "instancepreference", "instancepreferences"}
        resources = named(self.values, "ResourceConfig")
        return Request(
            without(self.values, {*replaced, "resourceconfig"})
            | {"resourceconfig": without(resources, replaced) | chosen},
            self.flat,
        )


def request_of(resource: Resource) -> Request:
    """The request of a resource that is certain to be a training job.

    It is in the property `request`, or else the properties themselves are the request.
    """
    properties = resource.read()
    request = named(properties, "request")
    return Request(properties if request is MISSING else request)


def request_within(resource: Resource) -> Request | None:
    """The request anywhere in a resource of any other type; None if the resource has none.

    Where there are several, only the provider knows which of them it sends, so the request is
    UNKNOWN. So it is where a text of JSON is nested too deep to be read.
    """
    first = None
    try:
        for each in mappings_within(resource):
            if is_training_request(each):
                if first is not None and each != first:
                    return Request(UNKNOWN)
                first = each
    except RecursionError:
        return Request(UNKNOWN)
    return None if first is None else Request(first, flat=True)


def mappings_within(resource: Resource) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a resource's properties, except in its fallbacks.

    A fallback has enough of a request to be taken for one.

    Raises:
        RecursionError: at a text of JSON that is nested too deep to be read.
    """
    return _mappings(
        {name: value for name, value in resource.read().items() if spelling(name) != "fallbacks"}
    )


def spelling(name: str) -> str:
    """A name in one way of writing: `InstanceType` and `instance_type` are `instancetype`."""
    return name.replace("_", "").replace("-", "").lower()


def named(values: Any, name: str) -> Any:
    """The value of a mapping's key that is this name or its plural, in any way of writing.

    MISSING where there is no such key, UNKNOWN where there are several: only the provider knows
    which of them counts.
    """
    if not isinstance(values, Mapping):
        return MISSING
    wanted = (spelling(name), f"{spelling(name)}s")
    found = [value for key, value in values.items() if spelling(key) in wanted]
    return UNKNOWN if len(found) > 1 else next(iter(found), MISSING)


def without(values: Any, names: Collection[str]) -> dict[str, Any]:
    """A mapping without some names, as `spelling` writes them; empty for what is no mapping."""
    members = values.items() if isinstance(values, Mapping) else ()
    return {name: each for name, each in members if spelling(name) not in names}


def _step(values: Any, part: str) -> Any:
    """The value below another: an item of a list, by its number, or a named member."""
    if values is UNKNOWN:
        return UNKNOWN
    if isinstance(values, list):
        return values[int(part)] if part.isdecimal() and int(part) < len(values) else MISSING
    return named(values, part)


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a value, the value itself included, at any depth and in JSON texts."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            yield each
            left += each.values()
        elif isinstance(each, list):
            left += each
        elif isinstance(each, str) and each.lstrip().startswith(_MAY_BE_JSON):
            left.append(_decoded(each))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def is_training_request(values: Mapping[str, Any]) -> bool:
    """Whether a mapping has enough of a training request to be taken for one."""
    names = {spelling(key) for key in values}
    found = names & _TRAINING_NAMES
    return len(found) > 1 or bool(found and "instancetype" in names)
