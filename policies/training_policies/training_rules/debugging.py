"""No shell in a production job's container."""

from __future__ import annotations

from collections.abc import Iterator

from training_policies.controls import nist
from training_policies.parameters import PRODUCTION_ENVIRONMENTS, is_production
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.judging import for_jobs
from training_policies.violation import Violation


def _judge(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    remote = job.request.read("RemoteDebugConfig.EnableRemoteDebug")
    environment = parameters.stack.environment or None
    if remote not in (MISSING, False) and is_production(environment, parameters):
        yield Violation(
            "remote debugging in production",
            "a shell in the container reads all data and all credentials that the job has",
            remote,
            False,
            "remove RemoteDebugConfig, or debug in another environment",
        )


REMOTE_DEBUG = Policy(
    name="training-remote-debug",
    display_name="No remote debugging in production",
    description="Checks that nobody can open a shell in a production job's container; an "
    "environment that nobody names counts as production.",
    severity="high",
    controls=[nist("AC-17")],
    remediation="Turn remote debugging off.",
    parameters={"productionEnvironments": PRODUCTION_ENVIRONMENTS},
    applies=may_be_training_job,
    judge=for_jobs(_judge),
)
