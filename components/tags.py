"""What AWS accepts as the key and the value of a tag.

Each service has limits of its own. A stack gives the same tags to nearly everything that it makes,
so they must be within the limits of all services. IAM, SageMaker and CloudWatch Logs are the
strictest: their models in botocore have the pattern of this module. The other models limit only
lengths. The tags `team`, `environment` and `stack` always fit: the settings restrict the first two,
and Pulumi restricts a stack's name to letters, digits, _, . and -.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from components.problems import Problem

LONGEST_KEY = 128
LONGEST_VALUE = 256

_SIGNS = "_.:/=+-@"
_CATEGORIES = "LNZ"
"""Letters, numbers and separators, by the first letter of Unicode's general categories."""

_RESERVED = "aws:"


def tag_problems(path: str, key: str, value: str) -> Iterator[Problem]:
    """What is wrong with a tag's key or, if the key is right, with its value."""
    if not key:
        yield Problem(path, value, "the key of a tag may not be empty", "give it a name")
        return
    wrong_key = list(_problems(path, key, "the key of a tag", LONGEST_KEY))
    yield from wrong_key or value_problems(path, value)


def value_problems(path: str, value: str) -> Iterator[Problem]:
    """What is wrong with the value of a tag: at most one problem."""
    yield from _problems(path, value, "the value of a tag", LONGEST_VALUE)


def _problems(path: str, text: str, what: str, longest: int) -> Iterator[Problem]:
    refused = [each for each in dict.fromkeys(text) if not _is_allowed(each)]
    if refused:
        allowed = f"letters, digits, spaces and {' '.join(_SIGNS)}"
        rule = f"becomes {what}, in which AWS accepts only {allowed}, and not {_shown(refused)}"
        yield Problem(path, text, rule, "replace these characters")
    elif len(text) > longest:
        rule = f"becomes {what}, which may have {longest} characters, but has {len(text)}"
        yield Problem(path, text, rule, "shorten it")
    elif text.lower().startswith(_RESERVED):
        rule = f"becomes {what}, and only AWS's own tags may begin with {_RESERVED}"
        yield Problem(path, text, rule, f"remove {_RESERVED} from its beginning")


def _is_allowed(character: str) -> bool:
    return character in _SIGNS or unicodedata.category(character)[0] in _CATEGORIES


def _shown(characters: list[str]) -> str:
    """Characters one by one; the code of those that can't be seen."""
    return " ".join(each if each.isprintable() else f"U+{ord(each):04X}" for each in characters)
