"""Patterns of actions, resources and condition values, with AWS's policy variables.

`*` matches any characters and `?` one; `${key}` is the key's value in the request's context, in
which neither is special (IAM User Guide, "Policy variables").
"""

from __future__ import annotations

import re
from functools import lru_cache

from localcloud.permissions.context import Context

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"(?P<key>[^,]+),\s*'(?P<default>[^']*)'")
_ARN_PARTS = 6
_ANY = ".*"


class PolicyError(Exception):
    """A policy can't be read or evaluated. It never counts as an Allow."""


class UnknownVariableError(Exception):
    """The context has no value for a variable, so the statement has no effect."""


def matches(pattern: str, text: str, context: Context | None = None) -> bool:
    """Whether a pattern matches a whole text. Raises UnknownVariableError.

    Variables are replaced if there is a context.
    """
    return _compiled(_expression(pattern, context)).fullmatch(text) is not None


def equals(value: str, text: str, context: Context | None = None) -> bool:
    """Whether a value equals a text; wildcards are not special."""
    return _compiled(_expression(value, context, wildcards=False)).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str, context: Context | None = None) -> bool:
    """Whether a pattern matches an ARN: each of its six parts separately, as on AWS."""
    if pattern == "*":
        return True
    wanted, parts = _split(pattern), arn.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return False
    return all(matches(each, part, context) for each, part in zip(wanted, parts, strict=True))


def check_arn(pattern: str) -> None:
    """Raises PolicyError for what is neither `*` nor a pattern of an ARN."""
    if pattern != "*":
        _split(pattern)


@lru_cache(4096)
def _split(pattern: str) -> tuple[str, ...]:
    """A pattern's six parts; a colon within a variable is no separator."""
    parts, rest = [""], pattern
    while rest:
        variable = _VARIABLE.match(rest)
        piece = variable[0] if variable else rest[0]
        rest = rest[len(piece) :]
        if piece == ":" and len(parts) < _ARN_PARTS:
            parts.append("")
        else:
            parts[-1] += piece
    if len(parts) < _ARN_PARTS or parts[0] != "arn":
        raise PolicyError(f"'{pattern}' is neither an ARN nor *")
    return tuple(parts)


def _expression(pattern: str, context: Context | None, *, wildcards: bool = True) -> str:
    if context is None:
        return _literal(pattern, wildcards=wildcards)
    expression, start = "", 0
    for variable in _VARIABLE.finditer(pattern):
        expression += _literal(pattern[start : variable.start()], wildcards=wildcards)
        expression += re.escape(_value(variable[1], context))
        start = variable.end()
    return expression + _literal(pattern[start:], wildcards=wildcards)


def _literal(text: str, *, wildcards: bool) -> str:
    escaped = re.escape(text)
    return escaped.replace(r"\*", _ANY).replace(r"\?", ".") if wildcards else escaped


def _value(variable: str, context: Context) -> str:
    if variable in {"*", "?", "$"}:
        return variable
    match = _DEFAULT.fullmatch(variable)
    values = context.get(match["key"].strip() if match else variable)
    if len(values) == 1:
        return values[0]
    if match and not values:
        return match["default"]
    raise UnknownVariableError(variable)


@lru_cache(4096)
def _compiled(expression: str) -> re.Pattern[str]:
    """Compiles an expression whose time grows only with the text's length, however many `*` it has.

    The text between two `*` is matched where it comes first, and nowhere else (?>). Another place
    could not help, because any characters may follow.
    """
    first, *others = expression.split(_ANY)
    if others:
        *between, last = others
        first += "".join(f"(?>{_ANY}?{each})" for each in between if each) + _ANY + last
    return re.compile(first, re.DOTALL)
