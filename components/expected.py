"""What a wrong type of value should have been, in the words of whoever writes YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a section of names and values",
    "model_type": "a section of names and values",
    "literal_error": "{expected}",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "too_short": "{min_length} entries or more",
    "too_long": "{max_length} entries or fewer",
    "string_too_short": "{min_length} characters or more",
    "string_too_long": "{max_length} characters or fewer",
    "string_pattern_mismatch": "a text that matches {pattern}",
}


def rule_of(errors: Iterable[Mapping[str, Any]]) -> str:
    """The rule that a value breaks, from pydantic's errors about it: one for each type it may have.

    A validator of our own says its rule itself.
    """
    rules = []
    for error in errors:
        expected = _EXPECTED.get(error["type"])
        if expected is None:
            return str(error["msg"][0].lower() + error["msg"][1:])
        rules.append(expected.format(**error.get("ctx", {})))
    if "a number" in rules and "a whole number" in rules:
        rules.remove("a whole number")
    return f"must be {', or '.join(rules)}"
