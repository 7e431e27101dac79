"""Create, read, update and delete: what is the same for every resource type."""

from __future__ import annotations

import time
from contextlib import suppress

from localcloud.awsplugin.checking import all_tags, ignored
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import code_of
from localcloud.awsplugin.properties import DEFAULTS, UNKNOWN, Properties, known
from localcloud.awsplugin.property_differences import (
    Change,
    Difference,
    differences,
    equivalent,
    is_empty,
    satisfies,
)
from localcloud.awsplugin.resource_type import ResourceType

_IN_USE = "DependencyViolation"
_POLL_SECONDS = 0.5


def create(kind: ResourceType, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Makes the resource and returns its id and state; nothing is left behind if a step fails."""
    cloud = cloud.in_region(inputs.get("region"))
    if kind.name:
        inputs = kind.name.with_prefix_resolved(inputs)
    identity = kind.create(cloud, inputs)
    try:
        if kind.settle:
            kind.settle(cloud, identity, inputs)
        state = read(kind, cloud, identity, inputs)
        if state is None:
            raise LookupError(f"{identity} cannot be found after its creation")
    except Exception:
        with suppress(Exception):  # the first failure is the one to report
            kind.delete(cloud, identity, {**inputs, "forceDestroy": True})
        raise
    return identity, state


def planned(kind: ResourceType, inputs: Properties) -> Properties:
    """The state that a creation would give, as far as it is known before."""
    blank = dict.fromkeys(
        kind.outputs | {name for name in kind.computed if "." not in name}, UNKNOWN
    )
    return {**blank, **_without_defaults(inputs)}


def plan(kind: ResourceType, cloud: Cloud, state: Properties, inputs: Properties) -> None:
    """Asks AWS what the type asks before a change; `state` is {} before a creation."""
    if kind.plan:
        kind.plan(cloud.in_region(known(inputs).get("region")), state, inputs)


def read(
    kind: ResourceType, cloud: Cloud, identity: str, previous: Properties
) -> Properties | None:
    """The state of the resource, None if it is gone.

    `previous` is the last state, or the inputs just applied. Where AWS says the same in another
    form, the previous form stays; what AWS never returns is carried over.
    """
    cloud = cloud.in_region(previous.get("region"))
    found = _found(kind, cloud, identity, previous)
    if found is None:
        return None
    state = {name: value for name, value in found.items() if value is not None}
    if kind.name and kind.name.prefix_property:
        state[kind.name.prefix_property] = previous.get(kind.name.prefix_property, "")
    for name in kind.write_only & previous.keys():
        state.setdefault(name, previous[name])
    if kind.regional:
        state["region"] = cloud.region
    if kind.tagged:
        _split_tags(cloud, state, previous)
    for name in state.keys() & previous.keys() - kind.outputs:
        if equivalent(kind, name, previous[name], state[name]):
            state[name] = previous[name]
    return state


def _found(
    kind: ResourceType, cloud: Cloud, identity: str, previous: Properties
) -> Properties | None:
    try:
        return kind.read(cloud, identity, previous)
    except Exception as error:
        if code_of(error) in kind.gone:
            return None
        raise


def refreshed_inputs(kind: ResourceType, state: Properties, inputs: Properties) -> Properties:
    """`inputs` with the values that have changed outside the program."""
    result = dict(inputs)
    for name in inputs.keys() - kind.write_only - {DEFAULTS}:
        if name not in state:
            if not is_empty(inputs[name]):
                del result[name]
        elif not satisfies(kind, name, state[name], inputs[name]):
            result[name] = state[name]
    return result


def imported_inputs(kind: ResourceType, state: Properties) -> Properties:
    """The inputs that would have made the resource in `state`."""
    inputs = {
        name: value
        for name, value in state.items()
        if name not in kind.outputs and not is_empty(value)
    }
    return {**inputs, DEFAULTS: []}


def update(
    kind: ResourceType, cloud: Cloud, identity: str, state: Properties, inputs: Properties
) -> Properties:
    """Brings the resource to `inputs` and returns its new state; LookupError if it is gone."""
    cloud = cloud.in_region(state.get("region"))
    if kind.update:
        kind.update(cloud, identity, state, inputs)
    carried = {name: value for name, value in state.items() if name in kind.outputs | kind.computed}
    after = read(kind, cloud, identity, {**carried, **inputs})
    if after is None:
        raise LookupError(f"{identity} is gone; run `pulumi refresh` and update again")
    return after


def planned_update(kind: ResourceType, state: Properties, inputs: Properties) -> Properties:
    """The state that an update would give, as far as it is known before."""
    kept = {
        name: value
        for name, value in state.items()
        if name in inputs or name in kind.outputs or name in kind.computed
    }
    changed = {item.path[0] for item in differences(kind, state, inputs)} - {"tags", "tagsAll"}
    recomputed = dict.fromkeys(kind.recomputed if changed else (), UNKNOWN)
    return {**kept, **_without_defaults(inputs), **recomputed}


def delete(
    kind: ResourceType, cloud: Cloud, identity: str, state: Properties, seconds: float = 0.0
) -> None:
    """Deletes the resource.

    While something uses it, and its type waits for that, it is tried again, for this many seconds
    or, with 0, for as long as the type says.
    """
    cloud = cloud.in_region(state.get("region"))
    deadline = time.monotonic() + (seconds or kind.delete_seconds)
    while True:
        try:
            kind.delete(cloud, identity, state)
            return
        except Exception as error:
            if code_of(error) in kind.gone and _found(kind, cloud, identity, state) is None:
                return
            left = deadline - time.monotonic()
            if code_of(error) != _IN_USE or not kind.delete_seconds or left <= 0:
                raise
            time.sleep(min(_POLL_SECONDS, left))


def diff(
    kind: ResourceType, state: Properties, inputs: Properties, ignore: list[str]
) -> tuple[dict[Difference, bool], bool]:
    """The differences, each with whether it can't be made in place.

    The second value is whether the old resource is deleted before the new one is created.
    """
    found = {
        item: _forces_replacement(kind, item, state, inputs)
        for item in differences(kind, state, inputs)
        if not any(
            item.text == path or item.text.startswith((f"{path}.", f"{path}[")) for path in ignore
        )
    }
    return found, any(found.values()) and _keeps_name(kind, state, inputs)


def _forces_replacement(
    kind: ResourceType, difference: Difference, state: Properties, inputs: Properties
) -> bool:
    further = kind.replaces_if(state, inputs) if kind.replaces_if else frozenset()
    if difference.within(kind.replaces | further):
        return True
    region = kind.regional and difference.pattern == "region"
    # An older state may lack the region; that is no change of region.
    return region and difference.change is not Change.ADD


def _keeps_name(kind: ResourceType, state: Properties, inputs: Properties) -> bool:
    """Whether old and new have the same name, given by the program: both cannot exist."""
    if kind.name is None:
        return False
    name = kind.name.property
    given = name in inputs and name not in inputs.get(DEFAULTS, ())
    return given and state.get(name) == inputs[name]


def _split_tags(cloud: Cloud, state: Properties, previous: Properties) -> None:
    """Sets `tagsAll` to all tags found, `tags` to the resource's own among them."""
    settings = cloud.settings
    everything = {
        name: value
        for name, value in (state.get("tagsAll") or {}).items()
        if not ignored(settings, name)
    }
    own = previous.get("tags") or {}
    defaults = all_tags(settings, {})
    inherited = defaults if isinstance(defaults, dict) else {}
    state["tagsAll"] = everything
    tags = {n: v for n, v in everything.items() if n in own or inherited.get(n) != v}
    if tags or "tags" in previous:
        state["tags"] = tags


def _without_defaults(inputs: Properties) -> Properties:
    return {name: value for name, value in inputs.items() if name != DEFAULTS}
