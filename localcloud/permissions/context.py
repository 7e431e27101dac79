"""What is known of a request, by condition key.

`localcloud.authorization.access` fills it for each request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Context:
    """Values by condition key; the names of keys are compared without regard to case."""

    def __init__(self, values: Mapping[str, str | Sequence[str]] | None = None) -> None:
        self._values: dict[str, tuple[str, ...]] = {
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in (values or {}).items()
        }

    def get(self, key: str) -> tuple[str, ...]:
        """A key's values: none where the request has no such key."""
        return self._values.get(key.lower(), ())

    def __or__(self, more: Mapping[str, str | Sequence[str]]) -> Context:
        """A context that knows more."""
        return Context({**self._values, **more})
