"""The pages of a list; each has a token for the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from localcloud.protocol.errors import validation_error


def page(name: str, entries: Sequence[Any], request: dict[str, Any], size: int) -> dict[str, Any]:
    """The page that a request asks for, at most `size` entries, under `name`."""
    start = position(request.get("NextToken"))
    end = start + min(size, int(request.get("MaxResults", size)))
    more = {"NextToken": token(end)} if end < len(entries) else {}
    return {name: list(entries[start:end]), **more}


def token(index: int) -> str:
    """The token of a position in a list."""
    return base64.urlsafe_b64encode(f"position:{index}".encode()).decode()


def position(given: str | None) -> int:
    """The position of a token. Raises ServiceError for a token that no service gave."""
    if given is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(given).decode().removeprefix("position:"))
    except (binascii.Error, ValueError) as error:
        raise validation_error("Invalid NextToken.") from error
