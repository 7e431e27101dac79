"""The inputs of a resource as the provider completes them, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.awsplugin.autonaming import NameRequest, choose_name
from localcloud.awsplugin.json_documents import to_text
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import DEFAULTS, UNKNOWN, Properties, contains_unknown, known
from localcloud.awsplugin.property_differences import is_empty
from localcloud.awsplugin.provider_settings import ProviderSettings
from localcloud.awsplugin.resource_type import ResourceType


def check(
    kind: ResourceType,
    settings: ProviderSettings,
    olds: Properties,
    news: Properties,
    request: NameRequest,
) -> tuple[Properties, list[Failure]]:
    """The completed inputs and the failures found in them."""
    inputs = {name: value for name, value in news.items() if value is not None and name != DEFAULTS}
    for document in kind.documents & inputs.keys():
        inputs[document] = to_text(inputs[document])
    defaulted, wrong = _complete(kind, olds, inputs, request)
    if kind.regional and is_empty(inputs.get("region")):
        inputs["region"] = settings.region
    if kind.tagged:
        inputs["tagsAll"] = all_tags(settings, inputs.get("tags"))
    inputs[DEFAULTS] = sorted(defaulted)
    return inputs, wrong + list(_failures(kind, inputs))


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
    for name, value in sorted(_tags(kind, inputs).items()):
        yield from _tag_failures(name, value)
    yield from _rule_failures(kind, inputs)


def _tags(kind: ResourceType, inputs: Properties) -> Mapping[str, Any]:
    """The tags that the resource is made with, the provider's default ones among them."""
    tags = inputs.get("tags") or {}
    if not kind.tagged or not isinstance(tags, Mapping):
        return {}
    everything = inputs["tagsAll"]
    # A reserved tag is left out of all tags, but is still an error.
    return {**everything, **tags} if isinstance(everything, Mapping) else tags


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


def _tag_failures(name: str, value: Any) -> Iterator[Failure]:
    if name.lower().startswith("aws:"):
        yield Failure("tags", f"tag {name!r}: names that start with 'aws:' are reserved; rename it")
    if len(name) > 128 or (isinstance(value, str) and len(value) > 256):
        yield Failure("tags", f"tag {name[:40]!r}: a name has at most 128 characters, a value 256")
