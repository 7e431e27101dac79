"""IAM's policy simulator, which uses the same evaluation as training jobs.

moto lacks it. The SageMaker SDK 3 calls it first, to check what a role may do. Its answers have
the form that IAM documents (API reference, EvaluationResult): one result for each action, with a
decision for each resource.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.moto_data import identities
from localcloud.moto_data.identities import AttachedPolicy
from localcloud.permissions import patterns, values
from localcloud.permissions.context import Context
from localcloud.permissions.evaluation import (
    Decision,
    Policies,
    Principal,
    Request,
    allows,
    decision,
    matched,
)
from localcloud.permissions.patterns import PolicyError
from localcloud.permissions.policy_documents import Policy, parse
from localcloud.permissions.positions import statement_spans
from localcloud.protocol.errors import ServiceError
from localcloud.protocol.paging import last_key, token

Document = Mapping[str, Any]

_DEFAULT_PAGE = 100
_SEVERITY: tuple[Decision, ...] = ("allowed", "implicitDeny", "explicitDeny")
_IDENTITY = re.compile(r"arn:[\w-]+:iam::(\d{12}):(user|group|role)/.+")
_OWNER = re.compile(r"arn:[\w-]+:iam::(\d{12}):root")
_ARN = re.compile(r"\*|arn:([^:]*:){4}.+", re.DOTALL)
_MANAGED = re.compile(r"arn:[\w-]+:iam::(aws|\d{12}):policy/[^*]*\*?[^*]*")
_TYPES: Mapping[str, Callable[[str], Any]] = {
    "binary": lambda text: base64.b64decode(text, validate=True),
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
    "date": values.seconds,
    "ip": values.network,
    "numeric": float,
    "string": str,
}
"""What a value of a context entry has to be, by the entry's type; `<type>List` may have several."""


def correct() -> None:
    """Gives moto's IAM the two operations of the simulator."""
    from moto.core.responses import ActionResult
    from moto.iam.responses import IamResponse

    def simulate_principal_policy(response: Any) -> Any:
        return ActionResult(of_principal(response._get_params(), response.current_account))

    def simulate_custom_policy(response: Any) -> Any:
        return ActionResult(of_policies(response._get_params()))

    IamResponse.simulate_principal_policy = simulate_principal_policy
    IamResponse.simulate_custom_policy = simulate_custom_policy


@dataclass(frozen=True)
class _Source:
    """A policy, and how results call it."""

    id: str
    kind: str
    policy: Policy
    text: str

    @classmethod
    def of(cls, identifier: str, text: str, kind: str = "IAM Policy") -> _Source:
        """Parses a policy's text. Raises the ServiceError of IAM if it is invalid."""
        try:
            return cls(identifier, kind, parse(text), text)
        except PolicyError as error:
            raise _invalid(f"{identifier}: {error}") from error


@dataclass(frozen=True)
class _Simulation:
    """What decides on each action and resource."""

    identity: Sequence[_Source]
    resource: _Source | None
    boundary: Policy | None
    principal: Principal
    context: Context
    cross_account: bool

    @property
    def sources(self) -> list[_Source]:
        """The policies whose statements results name."""
        return [*self.identity, *([self.resource] if self.resource else [])]

    @property
    def missing(self) -> list[str]:
        """The condition keys that these policies ask for, and the request does not give."""
        keys = {
            key
            for source in self.sources
            for statement in source.policy.statements
            for condition in statement.conditions.values()
            for key in condition
        }
        return sorted(key for key in keys if not self.context.get(key))

    def judge(self, action: str, resource: str) -> Document:
        """The decision on an action on a resource, with what led to it.

        Raises ServiceError if the local cloud can't evaluate one of the policies.
        """
        request = Request(self.principal, action, resource, self.context)
        try:
            parts = self._decisions(request)
            decided = max(parts.values(), key=_SEVERITY.index)
            statements = self._statements(request, decided)
            within = self.boundary is None or self._is_within(self.boundary, request)
        except PolicyError as error:
            raise ServiceError("PolicyEvaluation", str(error), 500) from error
        detail = {"AllowedByPermissionsBoundary": within}
        return {
            "EvalResourceName": resource,
            "EvalResourceDecision": decided,
            "MatchedStatements": statements,
            "MissingContextValues": self.missing,
            **({"EvalDecisionDetails": parts} if self.cross_account else {}),
            **({} if self.boundary is None else {"PermissionsBoundaryDecisionDetail": detail}),
        }

    def _decisions(self, request: Request) -> dict[str, Decision]:
        """The decisions that must all allow: across accounts, that of each account."""
        identity = [source.policy for source in self.identity]
        resource = self.resource.policy if self.resource else None
        if not self.cross_account:
            whole = Policies(identity, resource, self.boundary)
            return {"IAM Policy": decision(request, whole)}
        owner = Policies(identity, resource or Policy(), resource_decides=True)
        return {
            "IAM Policy": decision(request, Policies(identity, boundary=self.boundary)),
            "Resource Policy": decision(request, owner),
        }

    def _statements(self, request: Request, decided: Decision) -> list[Document]:
        """The statements that led to a decision; none if none did."""
        if decided == "implicitDeny":
            return []
        return [
            _reference(source, number)
            for source in self.sources
            for number in matched(
                source.policy,
                request,
                deny=decided == "explicitDeny",
                of_resource=source is self.resource,
            )
        ]

    def _is_within(self, boundary: Policy, request: Request) -> bool:
        denied = matched(boundary, request, deny=True, of_resource=False)
        return not denied and allows([boundary], request)


def of_principal(asked: Document, account: str) -> Document:
    """What the policies of a user, group or role decide, together with those in the request.

    Raises ServiceError if it is of another account, or does not exist.
    """
    arn = asked["PolicySourceArn"]
    owner, kind = _identity_of(arn)
    if owner != account:
        raise _invalid(
            f"Invalid Policy Source Arn: caller's account {account} does not have access to "
            f"policies in account {owner}"
        )
    found = identities.identity(arn)
    if found is None:
        name = arn.rpartition("/")[2]
        raise ServiceError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
    excluded = [_exclusion(each) for each in asked.get("PolicyExclusionList", [])]
    attached = [each for each in found.policies if not any(test(each) for test in excluded)]
    boundary = found.boundary
    if {"PolicyType": "permission-boundary"} in asked.get("PolicyExclusionList", []):
        boundary = None
    sources = [_Source.of(_identifier(each), each.text) for each in attached]
    attached_boundary = parse(boundary.text) if boundary else None
    caller = asked.get("CallerArn", "" if kind == "group" else arn)
    return _answer(asked, sources, attached_boundary, caller)


def of_policies(asked: Document) -> Document:
    """What the given policies decide."""
    if "OrderedOrganizationPolicyInputList" in asked:
        raise NotImplementedError("OrderedOrganizationPolicyInputList")
    return _answer(asked, [], None, asked.get("CallerArn", ""))


def _answer(
    asked: Document, attached: list[_Source], boundary: Policy | None, caller: str
) -> Document:
    if "ResourceHandlingOption" in asked:
        raise NotImplementedError("ResourceHandlingOption")
    simulation = _simulation(asked, attached, boundary, caller)
    resources = asked.get("ResourceArns") or ["*"]
    for arn in resources:
        if not _ARN.fullmatch(arn):
            raise _invalid(f"Invalid Input ResourceArns: {arn} is neither an ARN nor *")
    for action in asked["ActionNames"]:
        if not re.fullmatch(r"[\w-]+:\w+", action):
            raise _invalid(f"Invalid Input ActionNames: {action} is not service:action")
    start = _start(asked)
    end = start + int(asked.get("MaxItems", _DEFAULT_PAGE))
    names = asked["ActionNames"]
    return {
        "EvaluationResults": [_result(simulation, each, resources) for each in names[start:end]],
        "IsTruncated": end < len(names),
        **({"Marker": token((end,), "actions")} if end < len(names) else {}),
    }


def _simulation(
    asked: Document, attached: list[_Source], boundary: Policy | None, caller: str
) -> _Simulation:
    account, kind = _identity_of(caller) if caller else ("", "")
    given = [
        _Source.of(f"PolicyInputList.{number}", text)
        for number, text in enumerate(asked.get("PolicyInputList", []), 1)
    ]
    boundaries = asked.get("PermissionsBoundaryPolicyInputList", [])
    if len(boundaries) > 1:
        raise _invalid("Invalid Input PermissionsBoundaryPolicyInputList: it has several policies")
    if boundaries:
        boundary = _Source.of("PermissionsBoundaryPolicyInputList.1", boundaries[0]).policy
    resource = None
    if text := asked.get("ResourcePolicy"):
        if not caller:
            raise _invalid("CallerArn is required with a ResourcePolicy")
        if kind == "role":
            raise _invalid("Simulation of resource-based policies isn't supported for IAM roles")
        resource = _Source.of("ResourcePolicy", text, "Resource Policy")
    owner = asked.get("ResourceOwner", "")
    owning = _OWNER.fullmatch(owner)
    if owner and owning is None:
        raise _invalid(f"'{owner}' is not a valid as a Resource Owner.")
    return _Simulation(
        identity=[*attached, *given],
        resource=resource,
        boundary=boundary,
        principal=Principal(account=account, role=caller),
        context=Context(dict(map(_entry, asked.get("ContextEntries", [])))),
        cross_account=owning is not None and owning[1] != account,
    )


def _result(simulation: _Simulation, action: str, resources: Sequence[str]) -> Document:
    """The result of an action: the strictest decision on all resources, and that on each."""
    each = [simulation.judge(action, resource) for resource in resources]
    decided = max((one["EvalResourceDecision"] for one in each), key=_SEVERITY.index)
    leading = [one for one in each if one["EvalResourceDecision"] == decided]
    statements: list[Document] = []
    for one in leading:
        statements += [seen for seen in one["MatchedStatements"] if seen not in statements]
    result = {
        "EvalActionName": action,
        # IAM names the pattern of the action's ARNs, which only it knows.
        "EvalResourceName": "*",
        "EvalDecision": decided,
        "MatchedStatements": statements,
        "MissingContextValues": simulation.missing,
    }
    details = [one.get("PermissionsBoundaryDecisionDetail") for one in each]
    if within := [detail["AllowedByPermissionsBoundary"] for detail in details if detail]:
        detail = {"AllowedByPermissionsBoundary": all(within)}
        result["PermissionsBoundaryDecisionDetail"] = detail
    if list(resources) == ["*"]:
        return result
    parts = leading[0].get("EvalDecisionDetails", {})
    return {**result, "EvalDecisionDetails": parts, "ResourceSpecificResults": each}


def _reference(source: _Source, number: int) -> Document:
    span = statement_spans(source.text)[number]
    return {
        "SourcePolicyId": source.id,
        "SourcePolicyType": source.kind,
        "StartPosition": {"Line": span.start[0], "Column": span.start[1]},
        "EndPosition": {"Line": span.end[0], "Column": span.end[1]},
    }


def _identifier(policy: AttachedPolicy) -> str:
    """What the simulator calls a policy: a managed one by its name."""
    if policy.arn:
        return policy.name
    return f"{policy.holder_kind}_{policy.holder}_{policy.name}"


def _exclusion(given: Document) -> Callable[[AttachedPolicy], bool]:
    """Whether an entry of PolicyExclusionList excludes a policy."""
    match given:
        case {"PolicyType": kind}:
            return lambda policy: kind == _type(policy)
        case {"PolicyArn": arn} if _MANAGED.fullmatch(arn):
            return lambda policy: bool(policy.arn) and patterns.matches(arn, policy.arn)
        case {"InlinePolicyIdentifier": inline}:
            # IAM's text allows wildcards in the holder's name, and the pattern of its model none.
            wanted = tuple(inline[f"{each}Name"] for each in ("Policy", "Attachment"))
            return lambda policy: (
                not policy.arn
                and (policy.name, policy.holder) == wanted
                and policy.holder_kind == inline["AttachmentType"]
            )
    raise _invalid(f"Invalid Input PolicyExclusionList: {dict(given)}")


def _type(policy: AttachedPolicy) -> str:
    if not policy.arn:
        return "inline"
    return "aws-managed" if ":iam::aws:" in policy.arn else "user-managed"


def _identity_of(arn: str) -> tuple[str, str]:
    """The account of a user, group or role, and which of them it is."""
    match = _IDENTITY.fullmatch(arn)
    if match is None:
        message = f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        raise _invalid(message)
    return match[1], match[2]


def _entry(given: Document) -> tuple[str, list[str]]:
    """A context entry: its key and values, which must be of its type."""
    name, kind = given.get("ContextKeyName", ""), given.get("ContextKeyType", "stringList")
    found = given.get("ContextKeyValues", [])
    read = _TYPES[kind.removesuffix("List")]
    try:
        for value in found:
            read(value)
    except (ValueError, KeyError, binascii.Error) as error:
        raise _invalid(f"Invalid Input ContextEntries: {name} is not {kind}: {error}") from error
    if not name or (len(found) > 1 and not kind.endswith("List")):
        raise _invalid(f"Invalid Input ContextEntries: '{name}' is no name, or has several values")
    return name, found


def _start(asked: Document) -> int:
    try:
        match last_key(asked.get("Marker"), "actions"):
            case None:
                return 0
            case (int(start),) if start > 0:
                return start
    except ServiceError:
        pass
    raise ServiceError("ValidationError", "Invalid Marker.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInput", message)
