"""What several resource types use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure, code_of
from localcloud.awsplugin.properties import Properties


class TagForm(NamedTuple):
    """How a service writes tags: the fields of one, and the arguments that set and remove some."""

    key: str = "Key"
    value: str = "Value"
    tags: str = "Tags"
    keys: str = "TagKeys"


PLAIN: Final = TagForm()
PREFIXED: Final = TagForm("TagKey", "TagValue")
LOWER_CASE: Final = TagForm("key", "value", "tags", "tagKeys")


def tag_list(tags: Mapping[str, Any] | None, form: TagForm = PLAIN) -> list[Any]:
    """A mapping of tags as the list that most AWS APIs take."""
    return [{form.key: name, form.value: text} for name, text in sorted((tags or {}).items())]


def tag_map(tags: Iterable[Mapping[str, Any]] | None, form: TagForm = PLAIN) -> dict[str, str]:
    """A service's list of tags as a mapping."""
    return {tag[form.key]: tag[form.value] for tag in tags or ()}


def present(**arguments: Any) -> dict[str, Any]:
    """The arguments that are set: not None, not empty text."""
    return {name: value for name, value in arguments.items() if value is not None and value != ""}


def answer_or_none(call: Callable[[], Any], *gone: str) -> Any:
    """What `call` returns, None if AWS answers with one of the error codes `gone`."""
    try:
        return call()
    except Exception as error:
        if code_of(error) in gone:
            return None
        raise


def every(client: Any, operation: str, items: str, **arguments: Any) -> list[Any]:
    """What a list operation finds, over all pages; `items` is the answer's name for it.

    All pages are read before anything is changed, so that a change can't move them.
    """
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page.get(items) or ()]


def reports(cloud: Cloud, previous: Properties, name: str) -> bool:
    """Whether a resource reports the property `name`, which can also be a resource of its own.

    It does if the program has set it, and on an import. Otherwise what is found belongs to another
    resource, and a refresh would report it as a change of this one; it does so if the provider is
    set to report siblings.
    """
    return cloud.settings.reports_siblings or not previous or bool(previous.get(name))


def tag_changes(state: Properties, inputs: Properties) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the names of the tags to remove."""
    old, new = state.get("tagsAll") or {}, inputs.get("tagsAll") or {}
    return {n: v for n, v in new.items() if old.get(n) != v}, [n for n in old if n not in new]


def changed(state: Properties, inputs: Properties, *names: str) -> bool:
    """Whether one of the properties differs between state and inputs."""
    return any((state.get(name) or None) != (inputs.get(name) or None) for name in names)


def update_tags(
    client: Any, state: Properties, inputs: Properties, form: TagForm = PLAIN, **resource: str
) -> None:
    """Brings the tags of `resource` to the inputs', by the service's tag_resource and its reverse.

    `resource` is the argument that names it, such as ResourceARN.
    """
    tags, gone = tag_changes(state, inputs)
    if gone:
        client.untag_resource(**resource, **{form.keys: gone})
    if tags:
        client.tag_resource(**resource, **{form.tags: tag_list(tags, form)})


def update_ec2_tags(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    """Brings the tags of an EC2 resource to what the inputs say."""
    tags, gone = tag_changes(state, inputs)
    ec2 = cloud.client("ec2")
    if gone:
        ec2.delete_tags(Resources=[identity], Tags=[{"Key": name} for name in gone])
    if tags:
        ec2.create_tags(Resources=[identity], Tags=tag_list(tags))


def ec2_tags(kind: str, inputs: Properties) -> dict[str, Any]:
    """The argument that tags an EC2 resource of `kind` as it is created."""
    tags = tag_list(inputs.get("tagsAll"))
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def within(inputs: Properties, name: str, lowest: float, highest: float) -> Iterable[Failure]:
    """A failure if the number `name` lies outside the range that AWS takes."""
    value = inputs.get(name)
    if isinstance(value, int | float) and not lowest <= value <= highest:
        yield Failure(
            name, f"expected {name} to be in the range ({lowest} - {highest}), got {value}"
        )


def one_of(inputs: Properties, name: str, allowed: Iterable[Any]) -> Iterable[Failure]:
    """A failure if the value of `name` is none of those that AWS takes."""
    value, choices = inputs.get(name), list(allowed)
    if value is not None and value not in choices:
        yield Failure(name, f"expected {name} to be one of {choices}, got {value!r}")


def to_api(value: Any, special: Mapping[str, str] | None = None) -> Any:
    """A nested input with the API's names: `noncurrentDays` is `NoncurrentDays`.

    `special` holds the names that follow another rule. What is None is left out.
    """
    if isinstance(value, Mapping):
        renamed = special or {}
        return {
            renamed.get(name, name[:1].upper() + name[1:]): to_api(item, special)
            for name, item in value.items()
            if item is not None and name != "__defaults"
        }
    return [to_api(item, special) for item in value] if isinstance(value, list) else value


def from_api(value: Any, special: Mapping[str, str] | None = None) -> Any:
    """What `to_api` would have made of an input, as that input."""
    if isinstance(value, Mapping):
        renamed = {api: name for name, api in (special or {}).items()}
        return {
            renamed.get(name, name[:1].lower() + name[1:]): from_api(item, special)
            for name, item in value.items()
        }
    return [from_api(item, special) for item in value] if isinstance(value, list) else value
