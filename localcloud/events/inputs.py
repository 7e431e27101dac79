"""The input that a rule's target gets from an event: all of it, a part, a constant or a template.

Pure functions. If AWS does not document the result of a template, delivery fails: a text that is
not JSON reaches no target. Examples are a value with quotes inside quotes, and a bare variable
without a value.
"""

from __future__ import annotations

import json
import re
from typing import Any

Document = dict[str, Any]

_STEP = re.compile(r"\.([\w-]+)|\[(\d+|\*)\]")
_STRING_OR_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"|<[\w.-]+>')
_VARIABLE = re.compile(r"<([\w.-]+)>")
_SPACE = re.compile(r"\s*")
_ABSENT = object()


class InputError(Exception):
    """A target's input can't be made from an event."""


def target_input(target: Document, event: Document, rule_arn: str) -> str:
    """The text that a target receives. Raises InputError if there is none."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_part(event, target["InputPath"]))
    if "InputTransformer" in target:
        return _transform(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def _part(event: Document, path: str) -> Any:
    value = resolve(event, path)
    if value is _ABSENT:
        raise InputError(f"The event has nothing at {path}")
    return value


def resolve(document: Any, path: str) -> Any:
    """The value at a JSON path of names, indices and wildcards; a marker if there is none.

    Raises InputError for what is no such path.
    """
    if not path.startswith("$"):
        raise InputError(f"{path} is not a JSON path")
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise InputError(f"{path} is not a JSON path that EventBridge supports")
        if step[2] == "*":
            rest = f"${path[step.end() :]}"
            return [resolve(each, rest) for each in document] if _is_list(document) else _ABSENT
        document = _descend(document, step)
        position = step.end()
    return document


def _descend(document: Any, step: re.Match[str]) -> Any:
    if step[1] is not None:
        return document.get(step[1], _ABSENT) if isinstance(document, dict) else _ABSENT
    index = int(step[2])
    return document[index] if _is_list(document) and index < len(document) else _ABSENT


def _is_list(document: Any) -> bool:
    return isinstance(document, list)


def _transform(transformer: Document, event: Document, rule_arn: str) -> str:
    paths = transformer.get("InputPathsMap", {})
    values = {name: resolve(event, path) for name, path in paths.items()}
    values |= _predefined(event, rule_arn)
    template = transformer["InputTemplate"]
    text = _STRING_OR_VARIABLE.sub(lambda match: _fill(match[0], values), template)
    if not _is_json(text):
        raise InputError(f"The template does not make JSON of the event: {text}")
    return text


def _predefined(event: Document, rule_arn: str) -> Document:
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }


def _fill(piece: str, values: Document) -> str:
    """Fills a string of the template, whose values stay as they are, or a bare variable."""
    if piece.startswith('"'):
        return _VARIABLE.sub(lambda match: _within_string(values.get(match[1], _ABSENT)), piece)
    value = values.get(piece[1:-1], _ABSENT)
    return "" if value is _ABSENT else json.dumps(value)


def _within_string(value: Any) -> str:
    if value is _ABSENT:
        return ""
    return value if isinstance(value, str) else json.dumps(value).replace('"', "")


def _is_json(text: str) -> bool:
    """Whether a text is one JSON value, or several one after the other."""
    decoder, text = json.JSONDecoder(), text.strip()
    position = 0
    while position < len(text):
        try:
            _, position = decoder.raw_decode(text, position)
        except ValueError:
            return False
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]  # may be empty
    return bool(text)
