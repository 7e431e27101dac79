"""Put at the head of a copy of the program: breaks properties of its resources.

The file next to it, mutations.json, says which, in a list: `type`, the end of a type, whose
resources are all broken; `path`, the property by its dotted path as the program writes it; `value`,
what it is set to, null for none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi

_MUTATIONS = json.loads(Path(__file__).with_name("mutations.json").read_text())


def _break(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    props = dict(args.props)
    for mutation in _MUTATIONS:
        if args.type_.endswith(mutation["type"]):
            props = _changed(props, mutation["path"].split("."), mutation["value"])
    return pulumi.ResourceTransformationResult(props, args.opts)


def _changed(values: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    head, *tail = path
    new = _changed(dict(values[head]), tail, value) if tail else value
    rest = {key: each for key, each in values.items() if key != head}
    return rest if new is None else rest | {head: new}


pulumi.runtime.register_stack_transformation(_break)
