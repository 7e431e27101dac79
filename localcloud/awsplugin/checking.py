"""The inputs of a resource as the provider completes them, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.awsplugin.autonaming import NameRequest, choose_name
from localcloud.awsplugin.json_documents import to_text
from localcloud.awsplugin.model_rules import broken_rules
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import DEFAULTS, UNKNOWN, Properties, contains_unknown, known
from localcloud.awsplugin.property_differences import is_empty, path_text
from localcloud.awsplugin.provider_settings import ProviderSettings
from localcloud.awsplugin.resource_type import ResourceType

_TAG_NAME, _TAG_VALUE = 128, 256  # characters
_SHOWN = 40  # of a tag's name


def check(
    kind: ResourceType,
    settings: ProviderSettings,
    olds: Properties,
    news: Properties,
    request: NameRequest,
    secrets: frozenset[str] = frozenset(),
) -> tuple[Properties, list[Failure]]:
    """The completed inputs and the failures found in them.

    `olds` are the inputs that the resource was made with. What is still the same in them is not
    checked by AWS's models again. The values of the properties in `secrets` are not shown.
    """
    inputs = {name: value for name, value in news.items() if value is not None and name != DEFAULTS}
    for document in kind.documents & inputs.keys():
        inputs[document] = to_text(inputs[document])
    defaulted, wrong = _complete(kind, olds, inputs, request)
    if kind.regional and is_empty(inputs.get("region")):
        inputs["region"] = settings.region
    if kind.tagged:
        inputs["tagsAll"] = all_tags(settings, inputs.get("tags"))
    inputs[DEFAULTS] = sorted(defaulted)
    changed = {name: value for name, value in inputs.items() if olds.get(name) != value}
    wrong += _failures(kind, inputs)
    wrong += _tag_failures(
        kind, settings, inputs, changed="tagsAll" in changed, secret="tags" in secrets
    )
    wrong += _model_failures(kind, changed, secrets)
    return inputs, wrong


def all_tags(settings: ProviderSettings, tags: Any) -> Any:
    """The provider's default tags with the resource's own over them."""
    if contains_unknown(tags) or contains_unknown(settings.default_tags):
        return UNKNOWN
    merged = {**settings.default_tags, **(tags or {})}
    return {name: value for name, value in merged.items() if not ignored(settings, name)}


def ignored(settings: ProviderSettings, tag: str) -> bool:
    """Whether the provider ignores this tag: AWS's own and those set to be ignored."""
    return tag in settings.ignored_keys or tag.startswith(("aws:", *settings.ignored_prefixes))


def _complete(
    kind: ResourceType, olds: Properties, inputs: Properties, request: NameRequest
) -> tuple[set[str], list[Failure]]:
    """Fills in defaults and a name; returns which of them are the provider's, and a failure."""
    defaulted = {name for name in kind.defaults if name not in inputs}
    inputs.update({name: kind.defaults[name] for name in defaulted})
    if kind.name is None:
        return defaulted, []
    try:
        name = choose_name(kind.name, request, olds, inputs)
    except ValueError as error:
        return defaulted, [Failure(kind.name.property, str(error))]
    if name is not None:
        inputs[kind.name.property] = name
        defaulted.add(kind.name.property)
    return defaulted, []


def _failures(kind: ResourceType, inputs: Properties) -> Iterator[Failure]:
    for name in sorted(kind.required):
        if inputs.get(name) is None:
            yield Failure(name, f"Missing required argument: {name!r} is required and is not set")
    for path in sorted(kind.documents):
        yield from _document_failures(path, inputs.get(path))
    yield from _rule_failures(kind, inputs)


def _rule_failures(kind: ResourceType, inputs: Properties) -> Iterator[Failure]:
    """The failures by the type's own rules; a value that is not known yet is not missing."""
    present = known(inputs)
    complete = len(present) == len(inputs)
    for failure in kind.validate(present) if kind.validate else ():
        if complete or failure.property in present:
            yield failure


def _document_failures(path: str, value: Any) -> Iterator[Failure]:
    if not isinstance(value, str) or not value:
        return
    try:
        json.loads(value)
    except ValueError as error:
        yield Failure(path, f"{path!r} contains an invalid JSON document: {error}")


def _tag_failures(
    kind: ResourceType,
    settings: ProviderSettings,
    inputs: Properties,
    *,
    changed: bool,
    secret: bool,
) -> Iterator[Failure]:
    """What is wrong with the resource's tags, the provider's default ones among them.

    A service's own rules are checked only if the tags have `changed`.
    """
    own = inputs.get("tags") or {}
    if not kind.tagged or not isinstance(own, Mapping):
        return
    # A reserved tag is ignored, but is still an error.
    tags = {**settings.default_tags, **own}
    sent = {name for name in tags if not ignored(settings, name)}
    if len(sent) > kind.most_tags:
        yield Failure("tags", f"{len(sent)} tags, but AWS takes at most {kind.most_tags}")
    for name, value in sorted(tags.items()):
        reasons = _reasons_against_tag(name, value)
        if changed and name in sent and not reasons:
            broken = broken_rules(kind.calls, "tags", {name: value})
            reasons = [each.reason(secret=secret) for each in broken]
        yield from (Failure("tags", f"tag {name[:_SHOWN]!r}: {reason}") for reason in reasons)


def _reasons_against_tag(name: str, value: Any) -> list[str]:
    """What no service of AWS takes in a tag."""
    if name.lower().startswith("aws:"):
        return ["names that start with 'aws:' are reserved; rename it"]
    if not 1 <= len(name) <= _TAG_NAME or (isinstance(value, str) and len(value) > _TAG_VALUE):
        return [f"a name has 1 to {_TAG_NAME} characters, a value at most {_TAG_VALUE}"]
    return []


def _model_failures(
    kind: ResourceType, properties: Properties, secrets: frozenset[str]
) -> Iterator[Failure]:
    """What AWS's models say against properties other than tags."""
    for name, value in sorted(properties.items()):
        unset = value == "" and name not in kind.required  # AWS does not get it
        if not unset and name not in {"tags", "tagsAll", DEFAULTS}:
            for each in broken_rules(kind.calls, *_as_member(kind, name, value)):
                path = path_text((name, *each.path[1:]))
                yield Failure(path, each.reason(secret=name in secrets))


def _as_member(kind: ResourceType, name: str, value: Any) -> tuple[str, Any]:
    """The property; in place of the beginning of a name, the name that is made of it."""
    if kind.name and name == kind.name.prefix_property and isinstance(value, str):
        return kind.name.property, kind.name.example(value)
    return name, value
