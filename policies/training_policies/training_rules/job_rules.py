"""How a rule for training jobs becomes a policy for resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from training_policies.compliance import Control
from training_policies.policy import Parameters, Policy, Schema, Severity
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, may_be_training_job, training_job
from training_policies.value_rules import Expected
from training_policies.violation import Violation

JudgeJob = Callable[[TrainingJobView, Parameters], Iterable[Violation]]
JudgeResource = Callable[[Resource, Parameters], Iterable[Violation]]


def for_jobs(judge: JudgeJob) -> JudgeResource:
    """A judge of the resources that are training jobs, whatever their type.

    Each fallback is judged like the job itself. It breaks most rules just as the job does; the same
    violation is reported once.
    """

    def judge_resource(resource: Resource, parameters: Parameters) -> Iterable[Violation]:
        job = training_job(resource)
        found = (judge(each, parameters) for each in (job.variants if job else ()))
        return {str(violation): violation for each in found for violation in each}.values()

    return judge_resource


def job_value(
    name: str,
    checks: str,
    severity: Severity,
    path: str,
    expected: Expected,
    *,
    why: str,
    controls: Sequence[Control],
    remedy: str = "",
    where: Callable[[TrainingJobView, Parameters], bool] = lambda _, __: True,
    parameters: Mapping[str, Schema] | None = None,
) -> Policy:
    """The policy that training jobs have the expected value at a path of their request.

    It is for those jobs for which `where` is true; see `resource_value`.
    """

    def judge(job: TrainingJobView, configured: Parameters) -> Iterator[Violation]:
        if where(job, configured):
            for violation in expected.violations(job.request, [path], why, configured):
                yield replace(violation, remedy=remedy or violation.remedy)

    return Policy(
        name=name,
        checks=checks,
        severity=severity,
        controls=controls,
        remedy=remedy or expected.remedy([path]),
        parameters=parameters or {},
        applies=may_be_training_job,
        judge=for_jobs(judge),
    )
