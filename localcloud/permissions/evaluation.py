"""Whether policies allow a request (IAM User Guide, "Policy evaluation logic").

For callers and resources of the same account: an explicit Deny anywhere wins, then one Allow,
by the caller's policies or by the resource's, is enough. A KMS key is different: its own
policy must allow the caller, or let the account's policies do so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from localcloud.permissions import conditions, patterns
from localcloud.permissions.context import Context
from localcloud.permissions.policy_documents import Policy, Principals, Statement

_ROOT = "root"


@dataclass(frozen=True)
class Principal:
    """The caller: a role's session, or a service; without either, the call is anonymous."""

    account: str = ""
    role: str = ""
    """The role's ARN."""
    session: str = ""
    """The session's ARN."""
    service: str = ""
    """The service's name, such as sagemaker.amazonaws.com; empty for a role."""

    @property
    def name(self) -> str:
        """The caller's name in an error."""
        return self.session or self.service


@dataclass(frozen=True)
class Request:
    """One action on one resource."""

    principal: Principal
    action: str
    resource: str | None
    """An ARN; `*` for an action without a resource; None if the resource is not known."""
    context: Context = field(default_factory=Context)


@dataclass(frozen=True)
class Policies:
    """The policies that decide on a request; None if there is none of a kind."""

    identity: Sequence[Policy] = ()
    """The caller's own."""
    resource: Policy | None = None
    """The resource's own."""
    boundary: Policy | None = None
    """The caller's permissions boundary."""
    endpoint: Policy | None = None
    """The policy of the VPC endpoint through which the request comes."""
    resource_decides: bool = False
    """Whether the resource's policy must allow the request, as for a KMS key."""


Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
"""What IAM calls the outcome of an evaluation."""


def decision(request: Request, policies: Policies) -> Decision:
    """Whether a request is allowed, and if not, whether something denies it."""
    if _explicit(request, policies):
        return "explicitDeny"
    return "implicitDeny" if _implicit(request, policies) else "allowed"


def allows(policies: Sequence[Policy], request: Request) -> bool:
    """Whether one of the policies allows a request; a Deny is not considered."""
    return any(_concerns(each, request) for each in _statements(policies, deny=False))


def matched(policy: Policy, request: Request, *, deny: bool, of_resource: bool) -> list[int]:
    """The numbers of a policy's statements that allow a request, or deny it.

    A statement of a resource's policy is about the request only if it names the caller.
    """
    return [
        number
        for number, each in enumerate(policy.statements)
        if each.deny == deny
        and _concerns(each, request)
        and (not of_resource or _names(each, request.principal))
    ]


def refusal(request: Request, policies: Policies) -> str:
    """Why a request is refused, as AWS's message; empty if it is allowed."""
    reason = _explicit(request, policies) or _implicit(request, policies)
    if not reason:
        return ""
    resource = f' on resource: "{request.resource}"' if request.resource else ""
    return (
        f"User: {request.principal.name} is not authorized to perform: "
        f"{request.action}{resource} {reason}"
    )


def trusts(policy: Policy, request: Request) -> bool:
    """Whether a role's trust policy lets a principal assume it."""
    matching = [each for each in policy.statements if _concerns(each, request)]
    matching = [each for each in matching if _direct(each, request.principal)]
    return any(not each.deny for each in matching) and not any(each.deny for each in matching)


def _explicit(request: Request, policies: Policies) -> str:
    """The explicit Deny that a request meets."""
    for kind, found in (
        ("an identity-based policy", policies.identity),
        ("a permissions boundary", _listed(policies.boundary)),
    ):
        if any(_concerns(each, request) for each in _statements(found, deny=True)):
            return f"with an explicit deny in {kind}"
    for kind, found in (
        ("a resource-based policy", _listed(policies.resource)),
        ("a VPC endpoint policy", _listed(policies.endpoint)),
    ):
        denials = _statements(found, deny=True)
        if any(_names(each, request.principal) and _concerns(each, request) for each in denials):
            return f"with an explicit deny in {kind}"
    return ""


def _implicit(request: Request, policies: Policies) -> str:
    """The Allow that a request lacks."""
    resource = _statements(_listed(policies.resource), deny=False)
    granting = [each for each in resource if _concerns(each, request)]
    direct = any(_direct(each, request.principal) for each in granting)
    delegated = any(_names(each, request.principal) for each in granting)
    own = allows(policies.identity, request)
    if policies.resource_decides and not delegated:
        return _lacking("resource-based policy", request)
    if not direct and not own:
        return _lacking("identity-based policy", request)
    if policies.boundary is not None and not allows([policies.boundary], request):
        return _lacking("permissions boundary", request)
    if policies.endpoint is not None:
        through = _statements([policies.endpoint], deny=False)
        if not any(
            _concerns(each, request) and _names(each, request.principal) for each in through
        ):
            return _lacking("VPC endpoint policy", request)
    return ""


def _lacking(kind: str, request: Request) -> str:
    return f"because no {kind} allows the {request.action} action"


def _listed(policy: Policy | None) -> list[Policy]:
    return [] if policy is None else [policy]


def _statements(policies: Sequence[Policy], *, deny: bool) -> list[Statement]:
    return [each for policy in policies for each in policy.statements if each.deny == deny]


def _concerns(statement: Statement, request: Request) -> bool:
    """Whether a statement is about a request's action and resource, and its conditions hold."""
    try:
        return (
            _about_action(statement, request.action)
            and _about_resource(statement, request)
            and conditions.hold(
                statement.conditions, request.context, variables=statement.variables
            )
        )
    except patterns.UnknownVariableError:
        return False


def _about_action(statement: Statement, action: str) -> bool:
    def named(names: Sequence[str]) -> bool:
        return any(patterns.matches(name.lower(), action.lower()) for name in names)

    return named(statement.actions) if statement.actions else not named(statement.not_actions)


def _about_resource(statement: Statement, request: Request) -> bool:
    resource = request.resource
    if not statement.resources and not statement.not_resources:
        # Trust policies name none.
        return True
    if resource is None:
        return not statement.deny or "*" in statement.resources
    context = request.context if statement.variables else None

    def named(names: Sequence[str]) -> bool:
        return any(patterns.matches_arn(name, resource, context) for name in names)

    if statement.resources:
        return named(statement.resources)
    return not named(statement.not_resources)


def _direct(statement: Statement, principal: Principal) -> bool:
    """Whether a statement names the caller itself, or everyone."""
    if statement.not_principals:
        return not _among(statement.not_principals, principal, account=True)
    return _among(statement.principals, principal, account=False)


def _names(statement: Statement, principal: Principal) -> bool:
    """Whether a statement names the caller, everyone or the caller's account."""
    if statement.not_principals:
        return _direct(statement, principal)
    return _among(statement.principals, principal, account=True)


def _among(names: Principals, principal: Principal, *, account: bool) -> bool:
    if principal.service:
        return principal.service in names.get("Service", ()) or "*" in names.get("AWS", ())
    accepted = {"*", principal.role, principal.session}
    if account and principal.role:
        partition = principal.role.split(":")[1]
        accepted |= {
            principal.account,
            f"arn:{partition}:iam::{principal.account}:{_ROOT}",
        }
    return not accepted.isdisjoint(names.get("AWS", ()))
