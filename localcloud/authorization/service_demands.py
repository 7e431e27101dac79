"""What a request to a service other than S3 demands (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localcloud.authorization import tuning_demands
from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session
from localcloud.moto_data import resources

Document = Mapping[str, Any]

# The prefixes of actions that differ from the service's name in signatures.
_PREFIXES = {"monitoring": "cloudwatch"}
_NEEDS_NOTHING = {"sts:GetCallerIdentity"}
# A policy allows these only with the resource "*".
_WITHOUT_RESOURCE = {"sagemaker:Search", "sagemaker:ListTrainingJobs"}


def demands(service: str, operation: str, document: Document, session: Session) -> Iterator[Demand]:
    """The demands of a request; none if it needs no permission."""
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    if action in _NEEDS_NOTHING:
        return
    if service == "sagemaker" and tuning_demands.is_about_tuning(action, document):
        yield from tuning_demands.demands(action, document, session)
        return
    make = _RESOURCES.get(service)
    yield make(action, document, session) if make else Demand(action, None)
    if action == "secretsmanager:GetSecretValue":
        yield from _decryption(document, session)


def _logs(action: str, document: Document, session: Session) -> Demand:
    """The demand on a log group, whose ARN includes its streams, or on the named stream."""
    group = document.get("logGroupName") or document.get("logGroupNamePrefix") or "*"
    stream = document.get("logStreamName", "") if action != "logs:CreateLogStream" else ""
    arn = f"arn:aws:logs:{session.region}:{session.account}:log-group:{group}:log-stream:{stream}"
    return Demand(action, arn)


def _metrics(action: str, document: Document, _session: Session) -> Demand:
    namespace = document.get("Namespace")
    return Demand(action, "*", {"cloudwatch:namespace": namespace} if namespace else {})


def _role(action: str, document: Document, _session: Session) -> Demand:
    return Demand(action, document.get("RoleArn"))


def _key(action: str, document: Document, _session: Session) -> Demand:
    context = {
        f"kms:EncryptionContext:{name}": str(value)
        for name, value in (document.get("EncryptionContext") or {}).items()
    }
    name = document.get("KeyId")
    return Demand(action, None, context, key=name) if name else Demand(action, None)


def _training(action: str, _document: Document, _session: Session) -> Demand:
    """The demand on a training job, whose ARN is not evaluated, or on all at once."""
    return Demand(action, "*" if action in _WITHOUT_RESOURCE else None)


def _secret(action: str, document: Document, session: Session) -> Demand:
    secret = resources.secret(document.get("SecretId", ""), session.account, session.region)
    return Demand(action, secret.arn if secret else document.get("SecretId"))


def _decryption(document: Document, session: Session) -> Iterator[Demand]:
    secret = resources.secret(document.get("SecretId", ""), session.account, session.region)
    if secret is not None and secret.kms_key_id:
        context = {"kms:EncryptionContext:SecretARN": secret.arn}
        yield Demand("kms:Decrypt", None, context, key=secret.kms_key_id, via="secretsmanager")


_RESOURCES: Mapping[str, Callable[[str, Document, Session], Demand]] = {
    "logs": _logs,
    "monitoring": _metrics,
    "kms": _key,
    "sagemaker": _training,
    "sts": _role,
    "secretsmanager": _secret,
}
