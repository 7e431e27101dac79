"""What the rules for platform resources have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from training_policies.platform_rules.documents import UnreadableDocumentError, unreadable
from training_policies.policy import Parameters
from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.violation import Violation

JudgeDocument = Callable[[Any, Parameters], Iterable[Violation]]
JudgeResource = Callable[[Resource, Parameters], Iterable[Violation]]

BUCKETS = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
"""The types of buckets: releases of the provider have had two names for many of S3's types."""

_OPTIONAL = BUCKETS | {"aws:iam/role:Role", "aws:kms/key:Key", "aws:sns/topic:Topic"}
"""Types that can do without a policy of their own, mostly because it is another resource."""


def of_types(*types: str) -> Callable[[str], bool]:
    """Whether a type is one of these."""
    return frozenset(types).__contains__


def s3_types(name: str) -> tuple[str, str]:
    """An S3 type in both spellings that the provider has had, as bucketPolicy."""
    token = name[0].upper() + name[1:]
    return f"aws:s3/{name}:{token}", f"aws:s3/{name}V2:{token}V2"


def for_documents(judge: JudgeDocument, *paths: str) -> JudgeResource:
    """A judge of resources by the policy documents at these paths.

    A document that is not known yet is judged when the resource is made; one that can't be read,
    or is missing where the type can't do without, is a violation.
    """

    def judge_resource(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
        for path in paths:
            for document in _documents(resource, path):
                try:
                    yield from judge(document, parameters)
                except UnreadableDocumentError as problem:
                    yield unreadable(document, problem)

    return judge_resource


def is_customer_key(key: Any) -> bool:
    """Whether a key is a customer's own; one that is not made yet is.

    AWS's own keys have aliases that begin with aws/, and nobody but AWS decides who uses them.
    """
    return key is UNKNOWN or (isinstance(key, str) and key != "" and "alias/aws/" not in key)


def _documents(resource: Resource, path: str) -> list[Any]:
    """The documents at a path; `inlinePolicies.policy` is that of each inline policy."""
    head, _, tail = path.partition(".")
    value = resource.read(head)
    if tail:
        items = value if isinstance(value, list) else []
        found = [each.get(tail, MISSING) for each in items if isinstance(each, dict)]
    else:
        may_lack = path == "policy" and resource.type in _OPTIONAL
        found = [] if value is MISSING and may_lack else [value]
    return [each for each in found if each is not UNKNOWN]
