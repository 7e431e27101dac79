"""What a request demands of policies: actions on resources, each of which must be allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Demand:
    """One action on one resource."""

    action: str
    resource: str | None = "*"
    """An ARN, `*` for an action without one, None where it is not known which."""
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    key: str = ""
    """The KMS key that the action is about, as it was named: its state and policy count."""
    via: str = ""
    """The service that uses the key for the caller: s3, secretsmanager; empty without one."""
