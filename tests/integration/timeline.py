"""When the engine began and ended each step, to assert an order."""

from __future__ import annotations

from collections.abc import Iterable

from tests.integration.engine import Result, Step

TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
TUNING_JOB = "pulumi-python:dynamic/sagemaker:TuningJob"


class Timeline:
    """The beginnings and ends of an operation's steps, in their order."""

    def __init__(self, result: Result, operation: str) -> None:
        """The steps of one kind, such as "create" or "delete"."""
        self._began: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self.steps: list[Step] = []
        for position, event in enumerate(result.events):
            for kind, times in (
                ("resourcePreEvent", self._began),
                ("resOutputsEvent", self._ended),
            ):
                metadata = event.get(kind, {}).get("metadata", {})
                if metadata.get("op") == operation:
                    times[metadata["urn"]] = position
                    if times is self._ended:
                        self.steps.append(Step(metadata["op"], metadata["urn"]))

    def the(self, type_: str) -> Step:
        """The only step on a resource of a type."""
        [step] = [each for each in self.steps if each.type == type_]
        return step

    def not_before(self, one: Step, others: Iterable[Step]) -> list[str]:
        """The names of those of `others` that had not ended when `one` began."""
        began = self._began[one.urn]
        return [f"{each.type} {each.name}" for each in others if self._ended[each.urn] > began]

    def not_after(self, one: Step, others: Iterable[Step]) -> list[str]:
        """The names of those of `others` that had begun when `one` ended."""
        ended = self._ended[one.urn]
        return [f"{each.type} {each.name}" for each in others if self._began[each.urn] < ended]

    def used_by(self, job: str) -> list[Step]:
        """The steps on all AWS resources that a job works with, by its name in the settings.

        These are all but the deployer and the other jobs' uploads.
        """
        return [
            each
            for each in self.steps
            if each.type.startswith("aws:")
            and "-deployer-" not in each.name
            and ("-uploads-" not in each.name or f"-{job}-uploads-" in each.name)
        ]
