"""One run of the pack over one stack: parameters for its policies, and verdicts on violations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from training_policies.configuration import Configuration
from training_policies.exemptions import Exemption, Subject, covering
from training_policies.policy import Parameters, Rule, Stack
from training_policies.quotas.running_sums import RunningSums
from training_policies.resource import Resource
from training_policies.stack_identity import stack_of
from training_policies.violation import Violation


@dataclass
class Enforcement:
    """What the policies share while the engine goes through a stack.

    Attributes:
        configuration: the pack's configuration.
        stack_name: the stack's name in the backend.
        settings: the stack's settings in the project's namespace.
        today: the day of the run.
        is_preview: whether the engine creates nothing in this run.
        inputs: the inputs of each resource that may be a training job, by its URN. The engine
            shows stack policies the final outputs, which for a job that is not launched yet are
            those of its last change.
        judged: the resource that the engine runs the policies over.
        sums: what the jobs registered so far take together.
        places: the stack's buckets and roles that are registered so far.
        early: what a preview finds at jobs, by the policy over the whole stack that says it.
        used: the exemptions that covered a violation.
    """

    configuration: Configuration
    stack_name: str
    settings: Mapping[str, str]
    today: date
    is_preview: bool = False
    inputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    judged: Resource | None = None
    places: list[Resource] = field(default_factory=list)
    sums: RunningSums = field(default_factory=RunningSums)
    early: dict[str, list[Violation]] = field(default_factory=dict)
    used: set[Exemption] = field(default_factory=set)

    def stack(self, tags: Mapping[str, str]) -> Stack:
        """The stack with these tags."""
        trust = self.configuration.trusts_settings
        return stack_of(self.stack_name, tags, self.settings, trust_settings=trust)

    def parameters(self, rule: Rule, tags: Mapping[str, str]) -> Parameters:
        """A policy's parameters for the stack with these tags."""
        return self.configuration.parameters(rule, self.stack(tags), self.today)

    def verdict(
        self, rule: Rule, violation: Violation, resource: Subject, stack: Stack
    ) -> str | None:
        """The text of a violation of a resource; None where it is exempted."""
        exemption = covering(self.configuration.exemptions, rule.name, resource, stack)
        if exemption is None:
            return f"{violation}\n{self._how_to_ask(rule, resource)}"
        if exemption.has_expired(self.today):
            return f"{violation}\nExpired: the {exemption}. Correct the violation, or renew it."
        self.used.add(exemption)
        return None

    def _how_to_ask(self, rule: Rule, resource: Subject) -> str:
        if rule.fixed:
            return "Exemption: there is none from this policy."
        return (
            f"Exemption: ask for {{policy: {rule.name}, resource: {resource.name}, resourceType: "
            f"{resource.type}, reason, owner, expires}} among the exemptions of "
            f"{self.configuration.file}."
        )
