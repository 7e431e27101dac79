"""The JSON Schema of the stack files, for editors, from the settings' model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from components.durations import TEXT_PATTERN, format_duration
from components.instances import training_instance_types
from components.stack.aws_settings import AwsSettings
from components.stack.configuration import NAMESPACE
from components.stack.stack_settings import Settings
from development.configuration.job_sections import LISTED_TYPE
from development.configuration.request_limits import Node, section_limits
from development.configuration.section_rules import config_rules, section_rules

_LIMITS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
"""The names under which pydantic writes limits of durations, which JSON Schema doesn't know."""
_DROPPED = frozenset({"$defs", "$ref", "title", *_LIMITS})
_NULL = {"type": "null"}
_EXAMPLE = re.compile(r"\bas (?:in )?([^\s{\[]+?)[.,;:]?(?:\s|$)")
"""An example in a description, as in "The AWS region, as us-east-1."."""
_SWITCH = {"enum": ["true", "false"]}
"""What `pulumi config set` writes for true and false, which is a text in the file."""


def stack_schema() -> Node:
    """The schema of `Pulumi.<stack>.yaml`, which refuses what the program refuses as far as it can.

    It refuses one thing that the program accepts: a text without quotes that YAML reads as
    something else. Of 0042 the program gets 34.
    """
    config = {
        "type": "object",
        "properties": _in_namespace("aws", AwsSettings) | _in_namespace(NAMESPACE, Settings),
        # Keys of other providers are accepted; this project's own and aws's are all known.
        "patternProperties": {f"^(?!(aws|{NAMESPACE}):)[^:]+:": True},
        "additionalProperties": False,
        "required": ["aws:region", f"{NAMESPACE}:team"],
        "allOf": config_rules(),
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Settings of a stack of {NAMESPACE}",
        "type": "object",
        "properties": {"config": config},
        "required": ["config"],
        "definitions": {LISTED_TYPE.rpartition("/")[2]: _listed_type()},
    }


def _listed_type() -> Node:
    said = "is not in this program's table; if it is newer, set unlistedInstanceType: true"
    return {"enum": [*training_instance_types()], "errorMessage": said}


def model_schema(model: type[BaseModel]) -> Node:
    """The schema of a model, in one piece, without references and rules of sections."""
    return _Reader.of(model).model(model)


def is_duration(node: Node) -> bool:
    """Whether a value is a duration, in seconds or as in 1h30m."""
    return any(branch.get("pattern") == TEXT_PATTERN for branch in node.get("anyOf", ()))


def narrowed(node: Node, limits: Node) -> Node:
    """A node that accepts only what both accept; the keys of the limits are of JSON Schema.

    >>> narrowed({"type": "integer", "maximum": 9}, {"minimum": 1, "maximum": 7})
    {'type': 'integer', 'maximum': 7, 'minimum': 1}
    """
    found, others = dict(node), []
    for key, limit in limits.items():
        own = found.get(key)
        if own is None or own is True or own == limit:
            found[key] = limit
        elif isinstance(own, dict) and isinstance(limit, dict):
            found[key] = narrowed(own, limit)
        elif key.startswith(("min", "exclusiveMin")):
            found[key] = max(own, limit)
        elif key.startswith(("max", "exclusiveMax")):
            found[key] = min(own, limit)
        else:
            others.append({key: limit})
    return found | {"allOf": [*found.get("allOf", []), *others]} if others else found


def _in_namespace(namespace: str, model: type[BaseModel]) -> Node:
    rules = {section.__name__: each for section, each in section_rules().items()}
    for section, limits in section_limits().items():
        own = rules.get(section.__name__, {})
        rules[section.__name__] = narrowed(own, {"properties": limits})
    reader = _Reader.of(model, rules, for_editors=True)
    properties = reader.model(model)["properties"]
    return {f"{namespace}:{key}": _as_written(_explained(each)) for key, each in properties.items()}


def _explained(node: Node) -> Node:
    """A node whose texts have an example, and a message where they break their pattern."""
    found = dict(node)
    for key in ("properties", "patternProperties"):
        if key in node:
            found[key] = {name: _explained(each) for name, each in node[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            found[key] = _explained(node[key])
    if "anyOf" in node:
        found["anyOf"] = [_explained(each) for each in node["anyOf"]]
    description = node.get("description", "")
    if "pattern" in node and description:
        found["patternErrorMessage"] = description
    example = _EXAMPLE.search(description)
    return (
        found | {"examples": [example[1]]} if example and _is_example(example[1], node) else found
    )


def _as_written(node: Node) -> Node:
    """A key of the file with what the CLI writes for it: true, false and a section as texts."""
    if node.get("type") == "boolean":
        text = {key: each for key, each in node.items() if key != "type"}
        return text | {"anyOf": [{"type": "boolean"}, _SWITCH]}
    branches = node.get("anyOf", [])
    switches = [
        {"const": "false"} if "const" in each else _SWITCH
        for each in branches
        if each.get("type") == "boolean"
    ]
    return node | {"anyOf": [*branches, *switches]} if switches else node


@dataclass(frozen=True)
class _Reader:
    """Reads pydantic's schemas.

    Attributes:
        definitions: pydantic's schemas of the sections, by the names of their classes.
        rules: what else limits the sections, by the same names.
        for_editors: whether it is for files as they are written, not for a page to read.
    """

    definitions: Node
    rules: Mapping[str, Node] = field(default_factory=dict)
    for_editors: bool = False

    @classmethod
    def of(
        cls,
        model: type[BaseModel],
        rules: Mapping[str, Node] | None = None,
        *,
        for_editors: bool = False,
    ) -> _Reader:
        """The reader of a model and of the sections in it."""
        definitions = model.model_json_schema(by_alias=True).get("$defs", {})
        return cls(definitions, rules or {}, for_editors)

    def model(self, model: type[BaseModel]) -> Node:
        """The schema of the model."""
        whole = self._whole(model.model_json_schema(by_alias=True))
        return narrowed(whole, self.rules.get(model.__name__, {}))

    def _whole(self, node: Node) -> Node:
        """A node with its references resolved, and without members that editors don't need."""
        own = {key: each for key, each in node.items() if key not in _DROPPED}
        if self.for_editors:
            own |= {name: node[key] for key, name in _LIMITS.items() if key in node}
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            section = narrowed(self._whole(self.definitions[name]), self.rules.get(name, {}))
            return self._finished(section | {"title": section["description"]} | own)
        whole = own
        for key in ("properties", "patternProperties"):
            if key in node:
                whole[key] = {name: self._whole(each) for name, each in node[key].items()}
        for key in ("items", "additionalProperties"):
            if isinstance(node.get(key), dict):
                whole[key] = self._whole(node[key])
        if "patternProperties" in node:
            whole["additionalProperties"] = False
        if "anyOf" in node:
            whole = self._with_branches(whole)
        return self._finished(whole)

    def _with_branches(self, node: Node) -> Node:
        """A node with its alternatives; null means no key, and is on no page or for a section."""
        branches = node.pop("anyOf")
        found = [self._whole(each) for each in branches if each != _NULL]
        whole = found[0] | node if len(found) == 1 else node | {"anyOf": found}
        may_be_null = _NULL in branches and not any("$ref" in each for each in branches)
        return _or_null(whole) if self.for_editors and may_be_null else whole

    def _finished(self, node: Node) -> Node:
        """A node with its default as a person would write it; a section's are in its parts."""
        default = node.pop("default", None)
        if default is not None and is_duration(node):
            default = format_duration(default)
        if default is not None:
            node = node | {"default": {} if isinstance(default, dict) else default}
        return node


def _or_null(node: Node) -> Node:
    if "anyOf" in node:
        return node | {"anyOf": [*node["anyOf"], _NULL]}
    found = node | {"type": [node["type"], "null"]}
    return found | {"enum": [*node["enum"], None]} if "enum" in node else found


def _is_example(text: str, node: Node) -> bool:
    """Whether a text from a node's description can be its value."""
    if is_duration(node):
        return re.search(TEXT_PATTERN, text) is not None
    if "string" not in str(node.get("type")) or "enum" in node:
        return False
    patterns = [each.get("pattern", "") for each in (node, *node.get("allOf", ()))]
    return all(re.search(each, text) for each in patterns)
