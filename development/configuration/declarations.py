"""The settings as Pulumi.yaml declares them: types, defaults and descriptions of the keys.

The engine checks a stack's values against the types, and passes the defaults to the program.
"""

from __future__ import annotations

from typing import Any

import yaml

from development.configuration.schema import Node

_COMMENT = (
    "# Written by `python -m development configuration`; docs/configuration.md lists every setting."
)


def with_declarations(project: str, settings: Node) -> str:
    """The text of Pulumi.yaml, `project`, with its last section made from the settings."""
    head = project.partition(_COMMENT)[0].rstrip("\n")
    config = {key: declaration(key, node) for key, node in settings["properties"].items()}
    section = yaml.safe_dump({"config": config}, sort_keys=False, allow_unicode=True, width=96)
    return f"{head}\n{_COMMENT}\n{section}"


def declaration(key: str, node: Node) -> dict[str, Any]:
    """The declaration of one key in Pulumi.yaml.

    A key that takes a section or true or false has no type, because the engine knows no such type;
    the program checks its value.

    Raises:
        ValueError: the key can be left out, but has no default, so that the engine would require
            it of every stack.

    """
    declared: dict[str, Any] = {}
    if "type" in node:
        declared["type"] = node["type"]
    if node.get("type") == "array":
        declared["items"] = {"type": node["items"]["type"]}
    declared["description"] = node["description"]
    if "default" in node:
        declared["default"] = node["default"]
    elif any(branch.get("const") is False for branch in node.get("anyOf", ())):
        declared["default"] = False
    elif key != "team":
        message = f"{key} needs a default other than None, or must accept false as none"
        raise ValueError(message)
    return declared
