"""What all stacks would ask for after an update that was previewed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import training_policies.preview
from quota_report.backend import RecordedJob
from quota_report.usage import StackJob
from training_policies.policy import Stack
from training_policies.preview import Preview
from training_policies.training_job import TrainingJobView


class PreviewError(Exception):
    """A preview that says nothing of the update; the message says why."""


def read_preview(file: Path) -> Preview:
    """The preview in an event log.

    Raises:
        PreviewError: the preview failed, or there is none.
    """
    preview = training_policies.preview.read_preview(file)
    if preview.errors or not preview.complete:
        message = f"{file} has no preview that came to its end: preview the stack again."
        raise PreviewError(message)
    return preview


@dataclass(frozen=True)
class PlannedUpdate:
    """The update of one stack, as a preview shows it."""

    preview: Preview
    stack: Stack

    def jobs(self, recorded: Sequence[RecordedJob], running: Collection[str]) -> Iterator[StackJob]:
        """The jobs of all stacks, with those of the stack as the update would leave them.

        A job that leaves the stack counts as long as it runs: others start while it is stopped.

        Args:
            recorded: the jobs of all stacks, as their states record them.
            running: the ARNs of the jobs that run.

        """
        planned = {each.urn for each in self.preview.resources}
        own = {_project_and_stack(urn) for urn in planned}
        for job in self.preview.jobs:
            yield StackJob(_named(job, f"{self.stack.name}: {job.name}"), self.stack)
        for each in recorded:
            urn = each.job.resource.urn
            if _project_and_stack(urn) not in own:
                yield each
            elif urn not in planned and each.arn in running:
                yield StackJob(_named(each.job, f"{each.job.name} (still running)"), self.stack)


def _named(job: TrainingJobView, name: str) -> TrainingJobView:
    return replace(job, resource=replace(job.resource, name=name))


def _project_and_stack(urn: str) -> tuple[str, str]:
    """A URN is `urn:pulumi:<stack>::<project>::<types>::<name>`."""
    stack, project = urn.split("::")[:2]
    return project, stack
