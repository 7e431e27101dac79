"""IAM's policy simulator, which uses the same evaluation as training jobs.

moto lacks it. The SageMaker SDK 3 calls it first, to check what a role may do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.moto_data import identities
from localcloud.permissions.context import Context
from localcloud.permissions.evaluation import Policies, Principal, Request, allows, decision
from localcloud.permissions.patterns import PolicyError
from localcloud.permissions.policy_documents import Policy, parse
from localcloud.protocol.errors import ServiceError

Document = Mapping[str, Any]


def correct() -> None:
    """Gives moto's IAM the two operations of the simulator."""
    from moto.iam.responses import IamResponse

    def simulate_principal_policy(response: Any) -> Any:
        return _answer(of_principal(response._get_params()))

    def simulate_custom_policy(response: Any) -> Any:
        return _answer(of_policies(response._get_params()))

    IamResponse.simulate_principal_policy = simulate_principal_policy
    IamResponse.simulate_custom_policy = simulate_custom_policy


def of_principal(asked: Document) -> list[Document]:
    """What the policies of a user, group or role decide, together with those in the request."""
    arn = asked["PolicySourceArn"]
    identity = identities.identity(arn)
    if identity is None:
        raise ServiceError("NoSuchEntity", f"The entity {arn} cannot be found.", 404)
    policies = [*identity.policies, *_policies(asked, "PolicyInputList")]
    return _results(asked, policies, identity.boundary, asked.get("CallerArn", arn))


def of_policies(asked: Document) -> list[Document]:
    """What the given policies decide."""
    given = _policies(asked, "PolicyInputList")
    return _results(asked, given, None, asked.get("CallerArn", ""))


def _results(
    asked: Document, policies: list[Policy], boundary: Policy | None, caller: str
) -> list[Document]:
    boundaries = _policies(asked, "PermissionsBoundaryPolicyInputList")
    resource = asked.get("ResourcePolicy")
    judged = Policies(
        identity=policies,
        resource=_parse(resource) if resource else None,
        boundary=boundaries[0] if boundaries else boundary,
    )
    entries = {
        each["ContextKeyName"]: each.get("ContextKeyValues", [])
        for each in asked.get("ContextEntries", [])
    }
    principal = Principal(account=caller.split(":")[4] if caller else "", role=caller)
    return [
        _result(Request(principal, action, arn, Context(entries)), judged)
        for action in asked["ActionNames"]
        for arn in asked.get("ResourceArns") or ["*"]
    ]


def _result(request: Request, policies: Policies) -> Document:
    if ":" not in request.action:
        raise _invalid(f"Invalid Input ActionNames: {request.action} is not service:action")
    try:
        decided = decision(request, policies)
        within = policies.boundary is None or allows([policies.boundary], request)
    except PolicyError as error:
        raise ServiceError("PolicyEvaluation", str(error), 500) from error
    detail = {"AllowedByPermissionsBoundary": within}
    return {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": decided,
        "MatchedStatements": [],
        "MissingContextValues": sorted(_asked_keys(policies, request.context)),
        **({} if policies.boundary is None else {"PermissionsBoundaryDecisionDetail": detail}),
    }


def _asked_keys(policies: Policies, context: Context) -> set[str]:
    """The condition keys that the policies need and the request does not have."""
    others = (each for each in (policies.resource, policies.boundary) if each is not None)
    keys = {
        key
        for policy in (*policies.identity, *others)
        for statement in policy.statements
        for condition in statement.conditions.values()
        for key in condition
    }
    return {key for key in keys if not context.get(key)}


def _policies(asked: Document, name: str) -> list[Policy]:
    return [_parse(text) for text in asked.get(name, [])]


def _parse(text: str) -> Policy:
    try:
        return parse(text)
    except PolicyError as error:
        raise _invalid(str(error)) from error


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInput", message)


def _answer(results: Iterable[Document]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult({"EvaluationResults": list(results), "IsTruncated": False})
