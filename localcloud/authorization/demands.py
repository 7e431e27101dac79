"""What a request demands: actions on resources, each of which the policies must allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Demand:
    """One action on one resource."""

    action: str
    resource: str | None = "*"
    """An ARN; `*` for an action without a resource; None if the resource is not known."""
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    key: str = ""
    """The KMS key that the action uses, as the request names it; its state and policy count."""
    via: str = ""
    """The service that uses the key for the caller: s3 or secretsmanager; empty without one."""
