"""The training jobs of all stacks of a backend, read by the Pulumi CLI."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from training_policies.harness import as_the_sdk_does
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, training_job


class BackendError(Exception):
    """The backend can't be read; the message is the CLI's own."""


@dataclass(frozen=True)
class Backend:
    """The backend that the CLI is logged in to, or that PULUMI_BACKEND_URL names.

    `environment` are the CLI's environment variables.
    """

    pulumi: str
    environment: Mapping[str, str]

    def jobs(self) -> list[TrainingJobView]:
        """The training jobs of all stacks, launched or not, each named with its stack.

        Raises:
            BackendError: the CLI can't be run, or refuses.
        """
        stacks = json.loads(self._ask("stack", "ls", "--all", "--json"))
        names = sorted(stack["name"] for stack in stacks)
        return [job for name in names for job in self._jobs_of(name)]

    def _jobs_of(self, stack: str) -> Iterator[TrainingJobView]:
        exported = json.loads(self._ask("stack", "export", "--stack", stack))
        for state in (exported.get("deployment") or {}).get("resources") or []:
            job = None if state.get("delete") else training_job(_resource(state))
            if job is not None:
                named = replace(job.resource, name=f"{stack.split('/')[-1]}: {job.name}")
                yield replace(job, resource=named)

    def _ask(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [self.pulumi, "--non-interactive", *arguments],
                env=dict(self.environment),
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise BackendError(f"{self.pulumi} can't be run: {error.strerror}") from error
        if done.returncode != 0:
            raise BackendError(done.stderr.strip() or done.stdout.strip())
        return done.stdout


def _resource(state: Mapping[str, Any]) -> Resource:
    """A resource of the state, with the inputs that the program last gave it."""
    urn = state["urn"]
    inputs = as_the_sdk_does(state.get("inputs") or {})
    return Resource(state["type"], urn.rpartition("::")[2], urn, inputs)
