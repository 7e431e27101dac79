"""Whether an update may go ahead: what the engine says of its preview, and a second judgement.

The engine finds the pack by what a program's files say, so its verdict is not enough. The report
requires that the pack's own policies ran, and runs them itself over the preview's resources.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from quota_report.usage import REFUSED, Usage
from training_policies.configuration import Configuration
from training_policies.engine import STACK_TYPE
from training_policies.pack import NAME, POLICIES, enforced_policies
from training_policies.policy import Policy
from training_policies.policy_run import PolicyRun
from training_policies.preview import Breach, Preview, name_in
from training_policies.quotas import QUOTA_POLICIES
from training_policies.resource import Resource

_JUDGED_AGAIN = [
    policy for policy in POLICIES if isinstance(policy, Policy) or policy in QUOTA_POLICIES
]
"""The policies that need nothing but inputs: an event log has no dependencies and no outputs."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of a preview.

    Attributes:
        preview: what the engine said.
        policies: the names of the policies that must run.
        known_packs: the names of the packs that may run beside this one.
        unreported: what the report's own run of the policies refuses, and the engine did not.
        over: the sums that are above a quota or not known, exempted or not.
    """

    preview: Preview
    policies: frozenset[str]
    known_packs: frozenset[str]
    unreported: Sequence[Breach]
    over: Sequence[Usage]

    @property
    def missing(self) -> list[str]:
        """The policies that did not run."""
        return sorted(self.policies - self.preview.policies)

    @property
    def unknown_packs(self) -> list[str]:
        """The packs that ran and may not: a pack can also change what a program declares."""
        return sorted(self.preview.packs - self.known_packs - {NAME})

    @property
    def refusing(self) -> list[Breach]:
        """What the engine reported that stops the update."""
        return [each for each in self.preview.breaches if each.refuses]

    @property
    def judged(self) -> bool:
        """Whether the engine came to the end of its preview, without an error."""
        return self.preview.complete and not self.preview.errors

    @property
    def passes(self) -> bool:
        """Whether the update may go ahead: all was judged, by both, and nothing refuses it."""
        refused = self.missing or self.unknown_packs or self.refusing or self.unreported
        return self.judged and not refused

    @property
    def is_clean(self) -> bool:
        """Whether it passes, and no sum is above a quota."""
        return self.passes and not self.over


def verdict_on(
    preview: Preview,
    quotas: Sequence[Usage],
    configuration: Configuration,
    *,
    stack: str,
    tags: Mapping[str, str],
    today: date,
    known_packs: Collection[str] = (),
) -> Verdict:
    """The verdict on the preview of the stack with this name and these tags."""
    run = PolicyRun(configuration, _JUDGED_AGAIN, tags, preview.settings, stack, today)
    over = [each for each in quotas if each.verdict in REFUSED]
    enforced = enforced_policies(configuration)
    verdict = Verdict(preview, enforced, frozenset(known_packs), [], over)
    # What the engine could not judge may make a policy fail here as well.
    return replace(verdict, unreported=_unreported(verdict, run)) if verdict.judged else verdict


def _unreported(verdict: Verdict, run: PolicyRun) -> list[Breach]:
    reported = {(each.policy, each.resource) for each in verdict.refusing}
    return [
        each
        for each in _breaches(run, verdict.preview.resources)
        if each.refuses and (each.policy, each.resource) not in reported
    ]


def _breaches(run: PolicyRun, resources: Sequence[Resource]) -> Iterator[Breach]:
    """What the policies find; the whole stack's violations are those of its root."""
    root = next((each.name for each in resources if each.type == STACK_TYPE), "")
    severities = {policy.name: policy.severity for policy in run.policies}
    for found in run.over(resources):
        resource = name_in(found.urn) if found.urn else root
        severity = severities.get(found.policy, "")
        yield Breach(found.policy, found.level, severity, resource, found.text)
