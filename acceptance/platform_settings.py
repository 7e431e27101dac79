"""The settings of the acceptance's stacks, and of the policies that judge them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

TEAM = "acceptance"
JOB = "work"
FAILING_JOB = "fails"
TUNED_JOB = "tunes"
INSTANCES = 2
MAX_RUNTIME_SECONDS = 900
METRICS = {"loss": "loss=([0-9.]+)", "step": "step=([0-9]+)"}
FLOW_LOG_DAYS = 7
CHANGED_FLOW_LOG_DAYS = 14
TOO_MANY_INSTANCES = 9


@dataclass
class PlatformSettings:
    """What the acceptance changes of its stack from step to step."""

    account: str
    region: str
    identity: str
    image: str
    instance_type: str
    launch: bool = False
    wait: bool = False
    paused: bool = False
    with_failing: bool = False
    instances: int = INSTANCES
    flow_log_days: int = FLOW_LOG_DAYS

    def changes(self) -> dict[str, Any]:
        """What the steps may change, by name."""
        fixed = {"account", "region", "identity", "image", "instance_type"}
        return {key: value for key, value in asdict(self).items() if key not in fixed}

    def document(self) -> dict[str, Any]:
        """The settings file's `config`."""
        settings = {
            "team": TEAM,
            "environment": self.identity,
            "enableTrainingJob": self.launch,
            "waitForCompletion": self.wait,
            "network": {"availabilityZones": 2, "flowLogDays": self.flow_log_days},
            "artifacts": {"retain": False, "checkpointDays": 1},
            "jobs": self._jobs(),
        }
        return {
            "aws:region": self.region,
            "aws:allowedAccountIds": [self.account],
            **{f"sagemaker-training:{key}": value for key, value in settings.items()},
        }

    def _jobs(self) -> dict[str, Any]:
        jobs = {JOB: self._job(self.instances) | {"paused": self.paused}}
        if self.with_failing:
            fails = self._job(INSTANCES)
            jobs[FAILING_JOB] = fails | {"hyperparameters": {"fail": 1}}
        return jobs

    def _job(self, instances: int) -> dict[str, Any]:
        return {
            "image": self.image,
            "source": {"dir": "acceptance/job", "entryPoint": "train.py"},
            "instanceType": self.instance_type,
            "instanceCount": instances,
            "volumeGb": 30,
            "maxRuntime": MAX_RUNTIME_SECONDS,
            "spot": {"maxWait": 2 * MAX_RUNTIME_SECONDS},
            "hyperparameters": {"steps": 5},
            "metrics": METRICS,
        }


def downstream_document(consumer: str, account: str, region: str, stack: str) -> dict[str, Any]:
    """The settings of the stack that takes the platform's model; `consumer` may read that."""
    return {
        "aws:region": region,
        "aws:allowedAccountIds": [account],
        "model-registry:platformStack": f"organization/sagemaker-training/{stack}",
        "model-registry:job": JOB,
        "model-registry:consumers": [consumer],
    }


def policy_configuration(most_instances: int = INSTANCES) -> dict[str, Any]:
    """The policies' configuration: quotas for the acceptance's team, and for no other."""
    quotas = {
        "jobsAtOnce": 2,
        "instancesPerJob": most_instances,
        "spotOnly": True,
        "maxRuntime": "1h",
        "maxWait": "2h",
        "costPerStackUsd": 100,
    }
    environments = {"*": {"all": quotas, "families": {"*": {}}}}
    return {"teams": {TEAM: environments}, "exemptions": []}
