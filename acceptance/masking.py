"""Texts without the account's own data: no account id, bucket, caller or access key."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ACCOUNT_IN_ARN = re.compile(r"(arn:[\w-]+:[\w-]*:[\w-]*:)\d{12}\b")
_ACCOUNT_IN_REGISTRY = re.compile(r"\b\d{12}(?=\.dkr[.-]ecr)")
_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b")
_CALLER = re.compile(r"\b((?:assumed-role|user)/)[\w+=,.@/-]+")


def masked(text: str, names: Mapping[str, str]) -> str:
    """A text in which each of these names is replaced by what it is called, and accounts too.

    Longer names are replaced first, as one may be a part of another.
    """
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = text.replace(name, f"<{names[name]}>")
    text = _ACCOUNT_IN_ARN.sub(r"\1<account>", text)
    text = _ACCOUNT_IN_REGISTRY.sub("<registry>", text)
    return _CALLER.sub(r"\1<caller>", _KEY.sub("<key>", text))
