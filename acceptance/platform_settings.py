"""The settings of the acceptance's stacks, and of the policies that judge them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

TEAM = "acceptance"
COST_CENTER = "trying out"
JOB = "work"
FAILING_JOB = "fails"
TUNED_JOB = "tunes"
INSTANCES = 2
MAX_RUNTIME_SECONDS = 900
TRIALS = 4
TRIALS_AT_ONCE = 2
TRIAL_SECONDS = 300
"""The longest time of a trial."""
OBJECTIVE = "loss"
METRICS = {"loss": "loss=([0-9.]+)", "step": "step=([0-9]+)"}
ODD_METRICS = {"far": "far=([0-9]+)", "near": "near=([0-9]+)"}
"""Metrics of a line that is very long; AWS does not say which of them it finds."""
PARTS = ("part-1.txt", "part-2.txt", "part-3.txt")
"""The files of the job's input, which is divided among its instances."""
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
    with_tuned: bool = False
    tuned_paused: bool = False
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
            "costCenter": COST_CENTER,
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
        if self.with_tuned:
            jobs[TUNED_JOB] = self._tuned_job()
        return jobs

    def _tuned_job(self) -> dict[str, Any]:
        """A job of a few small trials; the last of them wait to be stopped by a pause."""
        job = self._job(1)
        del job["hyperparameters"], job["inputs"]
        return job | {
            "source": {"dir": "acceptance/job", "entryPoint": "tuned.py"},
            "maxRuntime": TRIAL_SECONDS,
            "metrics": {OBJECTIVE: f"{OBJECTIVE}=([0-9.]+)"},
            "paused": self.tuned_paused,
            "tuning": {
                "objective": {"minimize": OBJECTIVE},
                "ranges": {
                    "rate": {"from": 0.1, "to": 1},
                    "layers": {"from": 1, "to": 8, "integer": True},
                },
                "maxTrials": TRIALS,
                "parallel": TRIALS_AT_ONCE,
                "seed": 7,
            },
        }

    def _job(self, instances: int) -> dict[str, Any]:
        return {
            "image": self.image,
            "source": {"dir": "acceptance/job", "entryPoint": "train.py"},
            "instanceType": self.instance_type,
            "instanceCount": instances,
            "volumeGb": 30,
            "maxRuntime": MAX_RUNTIME_SECONDS,
            "spot": {"maxWait": 2 * MAX_RUNTIME_SECONDS},
            "inputs": {"parts": {"path": "acceptance/job_parts", "distribution": "ShardedByS3Key"}},
            "hyperparameters": {"steps": 5},
            "metrics": METRICS | ODD_METRICS,
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
        "jobsAtOnce": 1 + TRIALS_AT_ONCE,
        "maxTrials": TRIALS,
        "instancesPerJob": most_instances,
        "spotOnly": True,
        "maxRuntime": "1h",
        "maxWait": "2h",
        "costPerStackUsd": 100,
        "tuningCostPerStackUsd": 100,
    }
    environments = {"*": {"all": quotas, "families": {"*": {}}}}
    return {"teams": {TEAM: environments}, "exemptions": []}
