"""The settings as Pulumi.yaml declares them, and the questions of `pulumi new`.

The engine checks a stack's values against the types, and passes the defaults to the program.
`pulumi new` copies the checkout, asks the questions, and writes the answers into the new stack's
file, as texts. It leaves the questions out of the copy's Pulumi.yaml.
"""

from __future__ import annotations

from typing import Any

import yaml

from components.network.network_settings import NetworkSettings
from components.stack.configuration import NAMESPACE
from development.configuration.request_limits import Node
from toolchain.environment import REGION

_COMMENT = (
    "# Written by `python -m development configuration`; docs/configuration.md lists every setting."
)
_QUICKSTART = f"""\
The answers are in Pulumi.<stack>.yaml. `pulumi preview` shows the platform, which has no jobs yet.
docs/configuration.md begins with a first job: write its `{NAMESPACE}:jobs` into the same file.
docs/copies.md says how a copy takes over a later version.
"""


def with_declarations(project: str, settings: Node) -> str:
    """The text of Pulumi.yaml, `project`, with its last two sections made from the settings."""
    head = project.partition(_COMMENT)[0].rstrip("\n")
    config = {key: declaration(key, node) for key, node in settings["properties"].items()}
    sections = {"template": template(settings), "config": config}
    text = yaml.safe_dump(sections, sort_keys=False, allow_unicode=True, width=96)
    return f"{head}\n{_COMMENT}\n{text}"


def template(settings: Node) -> dict[str, Any]:
    """What `pulumi new` asks and prints. It asks in the order of the keys, and only for texts."""
    stack = settings["properties"]
    return {
        "description": "A private platform for SageMaker training jobs, for one team",
        "quickstart": _QUICKSTART,
        "config": {
            "aws:region": {"description": "The AWS region", "default": REGION},
            "aws:allowedAccountIds": {
                "description": "The id of the only AWS account that the stack may be built in; "
                "blank for any account"
            },
            "team": {"description": stack["team"]["description"].rstrip(".")},
            "environment": {
                "description": stack["environment"]["description"].rstrip("."),
                "default": stack["environment"]["default"],
            },
            "network": {
                "description": "The private IPv4 range of the network, /16 to /24. Networks that "
                "may be connected later need ranges of their own",
                "default": NetworkSettings().cidr,
            },
        },
    }


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
