"""What a request to a service other than S3 demands (Service Authorization Reference)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from localcloud.authorization import found
from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session

Document = Mapping[str, Any]

# Where actions have another prefix than the service's signatures.
_PREFIXES = {"monitoring": "cloudwatch"}
_NEEDS_NOTHING = {"sts:GetCallerIdentity"}


def demand(service: str, operation: str, document: Document, session: Session) -> Demand | None:
    """Return what must be allowed; None if the operation is everybody's."""
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    if action in _NEEDS_NOTHING:
        return None
    make = _RESOURCES.get(service)
    return make(action, document, session) if make else Demand(action, None)


def read(body: bytes) -> dict[str, Any]:
    """Return a request's document, of JSON or of a form; empty for any other."""
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        fields = parse_qs(body.decode(errors="replace"))
        return {name: values[0] for name, values in fields.items()}
    return document if isinstance(document, dict) else {}


def _logs(action: str, document: Document, session: Session) -> Demand:
    """A group's ARN for an action goes on to its streams, of which one may be named."""
    group = document.get("logGroupName") or document.get("logGroupNamePrefix") or "*"
    stream = document.get("logStreamName", "") if action != "logs:CreateLogStream" else ""
    arn = f"arn:aws:logs:{session.region}:{session.account}:log-group:{group}:log-stream:{stream}"
    return Demand(action, arn)


def _metrics(action: str, document: Document, _session: Session) -> Demand:
    namespace = document.get("Namespace")
    return Demand(action, "*", {"cloudwatch:namespace": namespace} if namespace else {})


def _key(action: str, document: Document, _session: Session) -> Demand:
    context = {
        f"kms:EncryptionContext:{name}": str(value)
        for name, value in (document.get("EncryptionContext") or {}).items()
    }
    name = document.get("KeyId")
    return Demand(action, None, context, key=name) if name else Demand(action, None)


def _secret(action: str, document: Document, session: Session) -> Demand:
    name = document.get("SecretId")
    if not name:
        return Demand(action, None)
    return Demand(action, found.secret_arn(name, session.account, session.region))


_RESOURCES: Mapping[str, Callable[[str, Document, Session], Demand]] = {
    "logs": _logs,
    "monitoring": _metrics,
    "kms": _key,
    "secretsmanager": _secret,
}
