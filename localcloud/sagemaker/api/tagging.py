"""SageMaker's operations on the tags of jobs of one kind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from localcloud.protocol.errors import validation_error
from localcloud.sagemaker.api.rules import tag_problems
from localcloud.sagemaker.jobs.quota_book import Place

Document = dict[str, Any]

_MOST_TAGS = 50


class Tagged(Protocol):
    """A job with tags."""

    tags: dict[str, str]


Job = TypeVar("Job", bound=Tagged)


@dataclass(frozen=True)
class Tagging(Generic[Job]):
    """AddTags, ListTags and DeleteTags."""

    find: Callable[[str], Job]
    """Returns a job by its ARN. Raises ServiceError if there is none."""
    note: Callable[[Job], None]
    """Takes a job whose tags have changed."""
    lock: AbstractContextManager[Any]
    """Held while tags change."""

    def operations(self) -> dict[str, Callable[[Place, Document], Document]]:
        """The operations by their names."""
        return {"AddTags": self._add, "ListTags": self._list, "DeleteTags": self._delete}

    def _add(self, _place: Place, request: Document) -> Document:
        for problem in tag_problems(request["Tags"]):
            raise validation_error(problem)
        with self.lock:
            job = self.find(request["ResourceArn"])
            tags = job.tags | {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            if len(tags) > _MOST_TAGS:
                raise validation_error(f"A resource must not have more than {_MOST_TAGS} tags")
            job.tags = tags
            self.note(job)
            return {"Tags": _listed(job)}

    def _list(self, _place: Place, request: Document) -> Document:
        # All on one page: a resource has no more tags than the largest page.
        return {"Tags": _listed(self.find(request["ResourceArn"]))}

    def _delete(self, _place: Place, request: Document) -> Document:
        with self.lock:
            job = self.find(request["ResourceArn"])
            gone = set(request["TagKeys"])
            job.tags = {key: value for key, value in job.tags.items() if key not in gone}
            self.note(job)
        return {}


def _listed(job: Tagged) -> list[Document]:
    return [{"Key": key, "Value": value} for key, value in job.tags.items()]
