"""The problems in a file that people write: each has a path, a value, a rule and a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from training_policies.resource import MISSING
from training_policies.violation import shown


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `path` is dotted, as in `teams.research.dev.families`."""

    path: str
    value: Any
    rule: str
    remedy: str

    def __str__(self) -> str:
        """The problem in two lines: what is wrong, then what to do."""
        return f"{self.path}: {shown(self.value)} — {self.rule}.\n    Remedy: {self.remedy}."


def report(file: str, problems: Iterable[Problem]) -> str:
    """All problems of a file as one message, numbered."""
    lines = [f"{number}. {problem}" for number, problem in enumerate(problems, start=1)]
    noun = "problem" if len(lines) == 1 else "problems"
    return f"{len(lines)} {noun} in {file}, so nothing was judged:\n" + "\n".join(lines)


def schema_problems(values: Any, schema: Mapping[str, Any]) -> list[Problem]:
    """All places where values break their JSON schema.

    The remedy is what the nearest schema with a `description` says.
    """
    errors = Draft202012Validator(schema).iter_errors(values)
    found = [problem for error in errors for problem in _problems(error, schema)]
    # The library reports a missing name once for each name that is missing.
    return list({str(problem): problem for problem in found}.values())


def _problems(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[Problem]:
    path, value = [*error.absolute_path], error.instance
    remedy = _nearest_description(schema, error)
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    if error.validator == "required":
        for name in error.validator_value:
            if name not in value:
                remedy_of = known.get(name, {}).get("description", remedy)
                yield Problem(_dotted([*path, name]), MISSING, "is required", remedy_of)
    elif error.validator == "additionalProperties":
        for name in sorted(value.keys() - known.keys()):
            names = f"{_did_you_mean(name, known)}the names here are {', '.join(known)}"
            yield Problem(_dotted([*path, name]), value[name], "no such name exists here", names)
    else:
        if "propertyNames" in error.absolute_schema_path:
            path = [*path, value]
        yield Problem(_dotted(path), value, _rule(error), remedy)


_RULES: Mapping[str, Callable[[Any], str]] = {
    "type": lambda wanted: "is not " + " or ".join(map(_with_article, _listed(wanted))),
    "not": lambda unwanted: f"is {unwanted.get('description', 'not accepted')}",
    "pattern": lambda wanted: f"does not match {wanted}",
    "minimum": lambda wanted: f"is less than {wanted}",
    "maximum": lambda wanted: f"is more than {wanted}",
    "minLength": lambda wanted: f"has fewer than {wanted} characters",
    "minItems": lambda wanted: f"has fewer than {wanted} items",
}
"""The text of a rule, by the schema's keyword; other keywords get the library's own message."""


def _rule(error: ValidationError) -> str:
    wanted = error.validator_value
    if error.validator == "enum":
        meant = _did_you_mean(str(error.instance), wanted)
        return f"is none of {', '.join(wanted)}" + (f"; {meant.strip()}" if meant else "")
    said = _RULES.get(str(error.validator))
    return said(wanted) if said else error.message


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean {close[0]}? " if close else ""


def _nearest_description(schema: Any, error: ValidationError) -> str:
    """The description of the innermost schema on the way to an error that has one."""
    found = ""
    for step in error.absolute_schema_path:
        if isinstance(schema, dict) and isinstance(schema.get("description"), str):
            found = schema["description"]
        schema = schema[step]
    return found


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _dotted(path: Iterable[Any]) -> str:
    return ".".join(map(str, path))
