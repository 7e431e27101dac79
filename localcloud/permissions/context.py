"""The values of a request's condition keys.

`localcloud.authorization.access` fills it for each request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Context:
    """Values by condition key; the case of a key's name is ignored."""

    def __init__(self, values: Mapping[str, str | Sequence[str]] | None = None) -> None:
        self._values: dict[str, tuple[str, ...]] = {
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in (values or {}).items()
        }

    def get(self, key: str) -> tuple[str, ...]:
        """A key's values; none if the request has no such key."""
        return self._values.get(key.lower(), ())

    def __or__(self, more: Mapping[str, str | Sequence[str]]) -> Context:
        """A context with more keys."""
        return Context({**self._values, **more})
