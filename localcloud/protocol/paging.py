"""The pages of a list; each has a token for the next.

The token of a list that changes names the last entry of its page, so that what is created or
deleted between two pages neither hides an entry nor shows one twice.
"""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from localcloud.protocol.errors import ServiceError, validation_error

Entry = TypeVar("Entry")
Key = tuple[Any, ...]
"""What a list is ordered by: values that JSON has."""


def page(name: str, entries: Sequence[Any], request: dict[str, Any], size: int) -> dict[str, Any]:
    """The page of a list that never changes: at most `size` entries, under `name`.

    Raises ServiceError for a token that was not given for this list.
    """
    match last_key(request.get("NextToken"), name):
        case None:
            start = 0
        case (int(start),) if start >= 0:
            pass
        case _:
            raise _invalid()
    end = start + min(size, int(request.get("MaxResults", size)))
    more = {"NextToken": token((end,), name)} if end < len(entries) else {}
    return {name: list(entries[start:end]), **more}


def token(last: Key, order: str) -> str:
    """The token for what comes after an entry with this key, in a list with this order."""
    return base64.urlsafe_b64encode(json.dumps([order, *last]).encode()).decode()


def last_key(given: str | None, order: str) -> Key | None:
    """The key that a token names; None without a token.

    Raises ServiceError for a token that was not given for a list with this order.
    """
    if given is None:
        return None
    try:
        document = json.loads(base64.urlsafe_b64decode(given))
    except (ValueError, RecursionError) as error:
        raise _invalid() from error
    if not isinstance(document, list) or len(document) < 2 or document[0] != order:
        raise _invalid()
    return tuple(document[1:])


def after(
    last: Key | None,
    entries: Sequence[Entry],
    key: Callable[[Entry], Key],
    *,
    descending: bool = False,
) -> Sequence[Entry]:
    """The entries after the last one that was shown; all if none was.

    `entries` are in the order of `key`. Raises ServiceError if `last` is no such key.
    """
    if last is None:
        return entries
    try:
        if descending:
            return entries[len(entries) - bisect_left(entries[::-1], last, key=key) :]
        return entries[bisect_right(entries, last, key=key) :]
    except TypeError as error:
        raise _invalid() from error


def cut(
    rest: Sequence[Entry],
    key: Callable[[Entry], Key],
    order: str,
    request: dict[str, Any],
    size: int,
) -> tuple[list[Entry], dict[str, str]]:
    """The first page of the entries that are left, and the token for those after it, if any.

    A page has as many entries as the request's MaxResults says, or else `size`.
    """
    shown = list(rest[: int(request.get("MaxResults", size))])
    return shown, {"NextToken": token(key(shown[-1]), order)} if len(shown) < len(rest) else {}


def _invalid() -> ServiceError:
    return validation_error("Invalid NextToken.")
