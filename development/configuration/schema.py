"""The JSON Schema of the stack files, for editors, from the settings' model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from components.durations import TEXT_PATTERN, format_duration
from components.stack.aws_settings import AwsSettings
from components.stack.configuration import NAMESPACE
from components.stack.stack_settings import Settings

Node = dict[str, Any]

# Pydantic also writes limits of durations, under names that JSON Schema doesn't know.
_DROPPED = frozenset({"$defs", "ge", "le", "gt", "lt"})
_NULL = {"type": "null"}


def stack_schema() -> Node:
    """The schema of `Pulumi.<stack>.yaml`."""
    settings, aws = model_schema(Settings), model_schema(AwsSettings)
    config = {
        "type": "object",
        "properties": _in_namespace("aws", aws) | _in_namespace(NAMESPACE, settings),
        # Keys of other providers are accepted; this project's own and aws's are all known.
        "patternProperties": {f"^(?!(aws|{NAMESPACE}):)[^:]+:": True},
        "additionalProperties": False,
        "required": ["aws:region", f"{NAMESPACE}:team"],
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Settings of a stack of {NAMESPACE}",
        "type": "object",
        "properties": {"config": config},
        "required": ["config"],
    }


def model_schema(model: type[BaseModel]) -> Node:
    """The schema of a model, in one piece, without references."""
    raw = model.model_json_schema(by_alias=True)
    return _whole(raw, raw.get("$defs", {}))


def is_duration(node: Node) -> bool:
    """Whether a value is a duration, in seconds or as in 1h30m."""
    return any(branch.get("pattern") == TEXT_PATTERN for branch in node.get("anyOf", ()))


def _in_namespace(namespace: str, node: Node) -> Node:
    return {f"{namespace}:{key}": each for key, each in node["properties"].items()}


def _whole(node: Node, definitions: Node) -> Node:
    """A node with its references resolved, and without members that editors don't need."""
    own = {key: each for key, each in node.items() if key not in _DROPPED | {"title", "$ref"}}
    if "$ref" in node:
        referred = _whole(definitions[node["$ref"].rpartition("/")[2]], definitions)
        return _with_plain_default(referred | {"title": referred["description"]} | own)
    whole = own
    for key in ("properties", "patternProperties"):
        if key in node:
            whole[key] = {name: _whole(each, definitions) for name, each in node[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            whole[key] = _whole(node[key], definitions)
    if "patternProperties" in node:
        whole["additionalProperties"] = False
    if "anyOf" in node:
        whole = _with_branches(whole, definitions)
    return _with_plain_default(whole)


def _with_branches(node: Node, definitions: Node) -> Node:
    """A node with its alternatives except null, which means the same as no key."""
    branches = [_whole(each, definitions) for each in node.pop("anyOf") if each != _NULL]
    return branches[0] | node if len(branches) == 1 else node | {"anyOf": branches}


def _with_plain_default(node: Node) -> Node:
    """A node with its default as a person would write it; a section's defaults are in its parts."""
    default = node.pop("default", None)
    if default is None:
        return node
    if is_duration(node):
        default = format_duration(default)
    return node | {"default": {} if isinstance(default, dict) else default}
