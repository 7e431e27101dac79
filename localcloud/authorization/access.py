"""Whether an execution role's session, or an anonymous caller, may do what a request demands."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session
from localcloud.moto_data import identities, resources
from localcloud.permissions import values
from localcloud.permissions.context import Context
from localcloud.permissions.evaluation import Policies, Principal, Request, refusal, trusts
from localcloud.permissions.patterns import PolicyError
from localcloud.permissions.policy_documents import Policy
from localcloud.protocol.errors import ServiceError

SERVICE = "sagemaker.amazonaws.com"
_FORBIDDEN = 403
_KEY_ERRORS = {
    "Disabled": ("KMS.DisabledException", "{arn} is disabled."),
    "PendingDeletion": ("KMS.KMSInvalidStateException", "{arn} is pending deletion."),
}
_ADDRESS = "127.0.0.1"
"""The address from which requests come here; it is not one of the account's, as on AWS."""
_ENCRYPTED = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
"""Every request counts as encrypted, although none is on loopback."""
_log = logging.getLogger(__name__)


def require(session: Session, demand: Demand) -> None:
    """Raises the ServiceError of the service that is called, unless all policies allow it."""
    reason = _judged(demand, lambda: refusal_of(session, demand, identities.role(session.role)))
    if reason:
        raise ServiceError("AccessDenied", reason, _FORBIDDEN)


def require_for_anonymous(demand: Demand) -> None:
    """Raises the ServiceError of S3, unless a bucket's policy allows it for everyone."""
    if _judged(demand, lambda: _public_refusal(demand)):
        raise ServiceError("AccessDenied", "Access Denied", _FORBIDDEN)


def check_key(demand: Demand, account: str, region: str) -> None:
    """Raises the ServiceError of S3 if the key of a demand can't be used in a bucket's region.

    `account` is the caller's: a key without an ARN is looked for there.
    """
    if _is_awss(demand.key):
        return
    if demand.key.startswith("arn:") and demand.key.split(":")[3] != region:
        raise ServiceError("KMS.NotFoundException", f"Invalid arn {demand.key.split(':')[3]}")
    _usable_key(demand, account, region)


def _judged(demand: Demand, refusal: Callable[[], str]) -> str:
    try:
        return refusal()
    except PolicyError as error:
        _log.warning("%s can't be judged: %s", demand.action, error)
        return f"{demand.action} can't be judged by the local cloud: {error}"


def may_assume(role: identities.Role | None, job: str, account: str) -> bool:
    """Whether a role exists and the service may assume it for the training job with this ARN.

    Raises PolicyError if the role's policies can't be evaluated.
    """
    context = Context({"aws:SourceAccount": account, "aws:SourceArn": job, **_about_time()})
    request = Request(Principal(service=SERVICE), "sts:AssumeRole", None, context)
    return role is not None and trusts(role.trust, request)


def refusal_of(session: Session, demand: Demand, role: identities.Role | None) -> str:
    """Why a session's role may not do what is demanded, as AWS's message; empty if it may.

    Raises PolicyError if policies can't be evaluated.
    """
    if role is None:
        return f"The role {session.role} no longer exists"
    if _is_awss(demand.key):
        # The policy of such a key lets everyone in the account use it through its service.
        return ""
    key = _usable_key(demand, session.account, session.region) if demand.key else None
    resource = key.arn if key else demand.resource
    endpoint = None if demand.via else _endpoint(session, demand.action.partition(":")[0])
    context = {
        **_about(session, role),
        **_about_time(),
        **_about_resource(resource),
        **(_about_key(session, demand.via) if key else {}),
        **_about_way(endpoint),
        **demand.context,
    }
    request = Request(session.principal, demand.action, resource, Context(context))
    policies = Policies(
        identity=role.policies,
        resource=key.policy if key else _resource_policy(demand),
        boundary=role.boundary,
        endpoint=endpoint.policy if endpoint else None,
        resource_decides=key is not None or demand.action == "sts:AssumeRole",
    )
    return refusal(request, policies)


def _public_refusal(demand: Demand) -> str:
    """Why an unsigned request is refused. ACLs don't count: they are off in new buckets."""
    context = {
        **_ENCRYPTED,
        "aws:PrincipalType": "Anonymous",
        "aws:userid": "anonymous",
        **_about_time(),
        **_about_resource(demand.resource),
        **_about_way(None),
        **demand.context,
    }
    request = Request(Principal(), demand.action, demand.resource, Context(context))
    restricted = resources.restricts_public_policies(demand.resource)
    policy = None if restricted else _resource_policy(demand)
    return refusal(request, Policies(resource=policy))


def _about(session: Session, role: identities.Role) -> dict[str, str]:
    """The condition keys that every request of a session has."""
    return {
        **_ENCRYPTED,
        "aws:PrincipalAccount": session.account,
        "aws:PrincipalArn": session.role,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "AssumedRole",
        "aws:RequestedRegion": session.region,
        "aws:TokenIssueTime": values.date(session.issued),
        "aws:ViaAWSService": "false",
        "aws:userid": f"{role.id}:{session.name}",
        **{f"aws:PrincipalTag/{name}": value for name, value in role.tags.items()},
    }


def _about_resource(resource: str | None) -> Mapping[str, str]:
    owner = resources.owner_of(resource) if resource else ""
    return {"aws:ResourceAccount": owner, "s3:ResourceAccount": owner} if owner else {}


def _about_time() -> Mapping[str, str]:
    now = int(time.time())
    return {"aws:CurrentTime": values.date(now), "aws:EpochTime": str(now)}


def _about_way(endpoint: resources.Endpoint | None) -> Mapping[str, str]:
    """The condition keys of a request's origin; through an endpoint it has no public address."""
    if endpoint is None:
        return {"aws:SourceIp": _ADDRESS}
    return {
        "aws:SourceVpce": endpoint.id,
        "aws:SourceVpc": endpoint.vpc,
        "aws:VpcSourceIp": endpoint.address,
    }


def _about_key(session: Session, via: str) -> Mapping[str, str]:
    through = {"kms:ViaService": f"{via}.{session.region}.amazonaws.com"} if via else {}
    return {"kms:CallerAccount": session.account, **through}


def _is_awss(key: str) -> bool:
    return key.partition("alias/")[2].startswith("aws/")


def _usable_key(demand: Demand, account: str, region: str) -> resources.Key:
    """The key of a demand. Raises ServiceError if it can't be used."""
    key = resources.key(demand.key, account, region)
    if key is None:
        raise ServiceError("KMS.NotFoundException", f"Key '{demand.key}' does not exist")
    if key.state in _KEY_ERRORS:
        code, message = _KEY_ERRORS[key.state]
        raise ServiceError(code, message.format(arn=key.arn))
    return key


def _resource_policy(demand: Demand) -> Policy | None:
    service, _, _ = demand.action.partition(":")
    if demand.resource is None:
        return None
    if service == "s3" and demand.resource.startswith("arn:"):
        return resources.bucket_policy(demand.resource.split(":", 5)[5].partition("/")[0])
    if service == "sts" and demand.resource.startswith("arn:"):
        role = identities.role(demand.resource)
        return role.trust if role else None
    if service == "ecr" and demand.resource.startswith("arn:"):
        return resources.repository_policy(demand.resource)
    return None


def _endpoint(session: Session, service: str) -> resources.Endpoint | None:
    """The VPC endpoint of a job's request; the service itself uses it only for S3."""
    if not session.subnets or not (session.script or service == "s3"):
        return None
    name = {"cloudwatch": "monitoring", "ecr": "ecr.api", "sagemaker": "sagemaker.api"}
    return resources.endpoint(
        session.subnets, name.get(service, service), session.account, session.region
    )
