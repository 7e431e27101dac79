"""IAM policy documents, read into statements that rules can ask.

A document comes as a text of JSON, or as the mapping that the text would be. One that is not known
yet has nothing to judge: it is judged when the resource is made or changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from training_policies.parameters import matches
from training_policies.resource import UNKNOWN

Effect = Literal["Allow", "Deny"]
_MATCHING = frozenset(
    {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"}
)
"""Operators that limit requests to the values that they name."""


_CALLERS = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "kms:calleraccount",
)
"""Condition keys whose values name the account of a caller, or for which a service acts."""


class UnreadableDocumentError(ValueError):
    """A document that is not a policy document, so that what it allows is not known."""


@dataclass(frozen=True)
class Statement:
    """One statement of a document.

    `principals` are by kind, such as AWS or Service; everyone is `{"*": ["*"]}`. `all_but` names
    the elements that are negated, such as NotAction. `conditions` are by operator and key.
    """

    sid: str
    effect: Effect
    principals: Mapping[str, list[str]]
    actions: list[str]
    resources: list[str]
    conditions: Mapping[str, Mapping[str, list[str]]]
    all_but: list[str]

    @property
    def is_for_everyone(self) -> bool:
        """Whether the statement is for everyone."""
        return any("*" in names for kind, names in self.principals.items() if kind in ("*", "AWS"))

    def acts_on(self, action: str) -> bool:
        """Whether an action is among the statement's; IAM ignores case."""
        return matches(action.lower(), [each.lower() for each in self.actions])

    def limited_by(self, keys: Iterable[str]) -> bool:
        """Whether a condition on one of the keys limits requests to values that it names.

        A key may be a pattern. A condition that is met where the key is absent, or by any value,
        limits nothing.
        """
        lowered = [each.lower() for each in keys]
        return any(
            matches(key.lower(), lowered) and not any(map(_is_anything, values))
            for operator, conditions in self.conditions.items()
            if operator in _MATCHING
            for key, values in conditions.items()
        )

    def depends_on(self, key: str) -> bool:
        """Whether it is only for requests that have this key, with a value that it names.

        It is for others too if the condition is met where the key is absent, by any value, or by
        `false`.
        """
        return any(
            key.lower() == each.lower()
            and self._needs_key(operator, each)
            and not any(is_wild(value) or value == "false" for value in values)
            for operator, conditions in self.conditions.items()
            for each, values in conditions.items()
        )

    def _needs_key(self, operator: str, key: str) -> bool:
        """Whether a request must have the key to meet a condition with this operator."""
        quantifier, _, comparison = operator.rpartition(":")
        if comparison == "Null" or "Not" in comparison or comparison.endswith("IfExists"):
            return False
        # ForAllValues is true if there are no values.
        return quantifier != "ForAllValues" or any(
            each.lower() == key.lower() and values == ["false"]
            for each, values in self.conditions.get("Null", {}).items()
        )


def statements(document: Any) -> list[Statement]:
    """The statements of a document; none of one that is not known yet.

    Raises:
        UnreadableDocumentError: it is not a policy document.
    """
    if document is UNKNOWN:
        return []
    content = _decoded(document) if isinstance(document, str) else document
    listed = content.get("Statement") if isinstance(content, Mapping) else None
    listed = [listed] if isinstance(listed, Mapping) else listed
    if not isinstance(listed, list) or not listed:
        raise UnreadableDocumentError("it has no statement")
    return [_statement(each) for each in listed]


def allowing(document: Any) -> Iterator[Statement]:
    """The statements that allow something, like `statements`."""
    return (each for each in statements(document) if each.effect == "Allow")


def denying(document: Any) -> Iterator[Statement]:
    """The statements that deny something, like `statements`."""
    return (each for each in statements(document) if each.effect == "Deny")


def named_accounts(document: Any) -> set[str]:
    """The ids of the accounts that a document allows something, like `statements`."""
    found = {account_of(name) for each in allowing(document) for name in callers(each)}
    return found - {""}


def callers(statement: Statement) -> list[str]:
    """Whom a statement names, in its principals and conditions, as accounts or ARNs."""
    principals = [each for each in statement.principals.get("AWS", []) if each != "*"]
    return principals + [
        value
        for operator, keys in statement.conditions.items()
        if operator in _MATCHING
        for key, values in keys.items()
        if key.lower() in _CALLERS
        for value in values
    ]


def account_of(name: str) -> str:
    """The id of the account in a name or an ARN; "" where there is none."""
    found = name.split(":")[4] if name.count(":") >= 5 else name
    return found if len(found) == 12 and found.isdecimal() else ""


def is_wild(text: str) -> bool:
    """Whether a text matches anything, because it has only wildcards."""
    return bool(text) and set(text) <= {"*", "?"}


def has_wildcard(text: str) -> bool:
    """Whether a text has a wildcard in it."""
    return "*" in text or "?" in text


def _is_anything(value: str) -> bool:
    """Whether a condition's value limits nothing: a wildcard, or an ARN of any account.

    Where names are unique in all of AWS, as S3's, an ARN has no account, and the name decides.
    """
    parts = value.split(":", 5)
    if is_wild(value) or parts[0] != "arn" or not has_wildcard(value):
        return is_wild(value)
    if len(parts) < 6:
        return True
    account, name = parts[4:]
    return has_wildcard(account) if account else is_wild(name.partition("/")[0])


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocumentError("it is not JSON") from error


def _statement(statement: Any) -> Statement:
    if not isinstance(statement, Mapping) or statement.get("Effect") not in ("Allow", "Deny"):
        raise UnreadableDocumentError("a statement neither allows nor denies")
    return Statement(
        sid=str(statement.get("Sid", "")),
        effect=statement["Effect"],
        principals=_principals(statement.get("Principal", statement.get("NotPrincipal", {}))),
        actions=_texts(statement.get("Action", statement.get("NotAction", []))),
        resources=_texts(statement.get("Resource", statement.get("NotResource", []))),
        conditions=_conditions(statement.get("Condition", {})),
        all_but=[
            each for each in ("NotPrincipal", "NotAction", "NotResource") if each in statement
        ],
    )


def _principals(principals: Any) -> dict[str, list[str]]:
    if isinstance(principals, Mapping):
        return {kind: _texts(names) for kind, names in principals.items()}
    return {each: [each] for each in _texts(principals)}


def _conditions(conditions: Any) -> dict[str, dict[str, list[str]]]:
    if not isinstance(conditions, Mapping):
        raise UnreadableDocumentError("a condition is not a mapping")
    return {
        operator: {key: _texts(values) for key, values in keys.items()}
        for operator, keys in conditions.items()
        if isinstance(keys, Mapping)
    }


def _texts(value: Any) -> list[str]:
    """One text or several; what is not known yet is left out, to be judged later."""
    values = value if isinstance(value, list) else [value]
    return [_text(each) for each in values if each is not UNKNOWN]


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
