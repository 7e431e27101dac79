"""How a rule for IAM policy documents becomes a policy for the resources that have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.platform_rules.iam_statements import UnreadableDocumentError
from training_policies.platform_rules.resource_types import BUCKETS
from training_policies.policy import Judge, Parameters
from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.violation import Violation

_OPTIONAL = BUCKETS | {
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
}
"""Types that need no policy of their own, mostly because it is another resource."""


def for_documents(judge: Judge[Any], *paths: str) -> Judge[Resource]:
    """A judge of resources by the policy documents at these paths.

    `inlinePolicies.policy` is the path of each inline policy's document. A document that is not
    known yet is judged when the resource is made. One that can't be read is a violation, and so is
    a missing one where the type needs one.
    """

    def judge_resource(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
        for path in paths:
            for document in _documents(resource, path):
                try:
                    yield from judge(document, parameters)
                except UnreadableDocumentError as problem:
                    yield _unreadable(document, problem)

    return judge_resource


def _documents(resource: Resource, path: str) -> list[Any]:
    head, _, tail = path.partition(".")
    value = resource.read(head)
    if tail:
        items = value if isinstance(value, list) else []
        found = [each.get(tail, MISSING) for each in items if isinstance(each, dict)]
    else:
        may_lack = path == "policy" and resource.type in _OPTIONAL
        found = [] if value is MISSING and may_lack else [value]
    return [each for each in found if each is not UNKNOWN]


def _unreadable(document: Any, problem: UnreadableDocumentError) -> Violation:
    return Violation(
        "a policy document that can't be read",
        f"{problem}, so what it allows is not known",
        document,
        "a policy document as JSON",
        "write the document as AWS's policy grammar has it",
    )
