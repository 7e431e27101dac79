"""Put at the head of a copy of the program: breaks one property of the resources of one type.

The file beside it, mutation.json, says which: `type`, the end of a type; `path`, the property by
its dotted path as the program writes it; `value`, what it is set to, null for none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi

_MUTATION = json.loads(Path(__file__).with_name("mutation.json").read_text())


def _break(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    if not args.type_.endswith(_MUTATION["type"]):
        return None
    props = _changed(dict(args.props), _MUTATION["path"].split("."))
    return pulumi.ResourceTransformationResult(props, args.opts)


def _changed(values: dict[str, Any], path: list[str]) -> dict[str, Any]:
    head, *tail = path
    value = _changed(dict(values[head]), tail) if tail else _MUTATION["value"]
    rest = {key: each for key, each in values.items() if key != head}
    return rest if value is None else rest | {head: value}


pulumi.runtime.register_stack_transformation(_break)
