"""The training jobs of all stacks of a backend, read by the Pulumi CLI."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from quota_report.usage import StackJob
from training_policies.policy import Stack
from training_policies.resource import Resource, as_the_sdk_sends
from training_policies.stack_identity import stack_of
from training_policies.training_job import training_job


class BackendError(Exception):
    """The backend can't be read; the message is the CLI's own."""


@dataclass(frozen=True)
class RecordedJob(StackJob):
    """A training or tuning job in a stack's state; `arn` is that of the job launched, or ""."""

    arn: str


@dataclass(frozen=True)
class Backend:
    """The backend that the CLI is logged in to, or that PULUMI_BACKEND_URL names.

    `environment` has the CLI's environment variables.
    """

    pulumi: str
    environment: Mapping[str, str]

    def jobs(self, *, trust_settings: bool) -> list[RecordedJob]:
        """The training jobs of all stacks, launched or not, each named with its stack.

        A state does not have its stack's settings. Where they are trusted, the job's
        tags have the same values.

        Raises:
            BackendError: the CLI can't be run, or refuses.
        """
        stacks = json.loads(self._ask("stack", "ls", "--all", "--json"))
        names = sorted(stack["name"] for stack in stacks)
        return [job for name in names for job in self._jobs_of(name, trust_settings)]

    def stack(self, name: str, settings: Mapping[str, str], *, trust_settings: bool) -> Stack:
        """The stack with this name, with its tags and the given settings.

        Raises:
            BackendError: the CLI can't be run, or refuses.
        """
        tags = json.loads(self._ask("stack", "tag", "ls", "--json", "--stack", name))
        return stack_of(name.split("/")[-1], tags, settings, trust_settings=trust_settings)

    def _jobs_of(self, name: str, trust_settings: bool) -> Iterator[RecordedJob]:
        stack = self.stack(name, {}, trust_settings=trust_settings)
        exported = json.loads(self._ask("stack", "export", "--stack", name))
        for state in (exported.get("deployment") or {}).get("resources") or []:
            job = None if state.get("delete") else training_job(_resource(state))
            if job is not None:
                named = replace(job.resource, name=f"{stack.name}: {job.name}")
                yield RecordedJob(replace(job, resource=named), stack, _arn(state))

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


def _arn(state: Mapping[str, Any]) -> str:
    """The ARN of the job that was launched; "" for none. This project's own types have no `arn`."""
    outputs = state.get("outputs") or {}
    names = ("training_job_arn", "tuning_job_arn", "arn")
    return next((outputs[name] for name in names if outputs.get(name)), "")


def _resource(state: Mapping[str, Any]) -> Resource:
    """A resource of the state, with the inputs that the program last gave it."""
    urn = state["urn"]
    inputs = as_the_sdk_sends(state.get("inputs") or {})
    return Resource(state["type"], urn.rpartition("::")[2], urn, inputs)
