"""Raw settings of a stack for tests, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.problems import Problem
from components.stack.configuration import parse

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
GROUPS = {
    "cpu": {"instanceType": "ml.c5.xlarge"},
    "gpu": {"instanceType": "ml.g5.2xlarge", "instanceCount": 2},
}
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub/token-AbCdEf"
SECRETS = {"secrets": {"HF_TOKEN": SECRET_ARN}, "networkIsolation": False}
"""The settings of a job with a secret."""
WITH_ENDPOINT = {"interfaceEndpoints": ["secretsmanager"]}
"""The settings of a network in which a job can read its secrets."""


def project_in(folder: Path) -> Path:
    """A project's folder with a script and data."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text("print('train')\n")
    (folder / "data").mkdir()
    (folder / "data" / "train.csv").write_text("1\n")
    return folder


def stack(job: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A stack's raw settings with one valid job; keywords change the stack, `job` the job.

    A setting of the valid job that is None in `job` is left out.
    """
    valid = {"image": IMAGE, "source": {"dir": "src", "entryPoint": "train.py"}}
    given = valid | (job or {})
    left_out = {key for key in valid if given[key] is None}
    digits = {key: value for key, value in given.items() if key not in left_out}
    return {"team": "research", "jobs": {"digits": digits}, **changes}


def problems(raw: dict[str, Any], project: Path) -> dict[str, Problem]:
    """What is wrong, by its path; nothing is reported twice."""
    found = parse(raw, project)[1]
    by_path = {problem.path: problem for problem in found}
    assert len(by_path) == len(found)
    return by_path


JOB_KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def every_setting() -> list[dict[str, Any]]:
    """Right settings of two stacks, which together have each setting; `project_in` has the files.

    Some settings exclude each other, so that one stack can't have all.
    """
    return [_own_network(), _existing_network()]


def _own_network() -> dict[str, Any]:
    trained = {
        "image": IMAGE,
        "source": {"dir": "src", "entryPoint": "train.py", "arguments": ["--warm-up", "100"]},
        "distribution": "jax",
        "instanceType": "ml.c5.xlarge",
        "instanceCount": 2,
        "volumeGb": 30,
        "maxRuntime": "20m",
        "expectedRuntime": "15m",
        "maxRetries": 2,
        "spot": {"maxWait": "1h", "checkpoints": True},
        "fallbacks": [{"instanceType": "ml.c5.2xlarge", "instanceCount": 4}, {"spot": False}],
        "relaunch": "onFailure",
        "maxAttempts": 3,
        "inputs": {
            "local": {"path": "data", "contentType": "text/csv"},
            "shards": {
                "s3Uri": "s3://corpora/shards/",
                "mode": "FastFile",
                "distribution": "ShardedByS3Key",
                "keyArn": JOB_KEY,
            },
            "labels": {
                "s3Uri": "s3://corpora/labels.jsonl",
                "mode": "Pipe",
                "s3DataType": "AugmentedManifestFile",
                "manifestPrefixes": ["s3://corpora/images/"],
                "attributeNames": ["source", "label"],
                "compression": "Gzip",
                "recordWrapper": "RecordIO",
                "shuffleSeed": 7,
            },
        },
        "hyperparameters": {"epochs": 3, "rate": 0.1, "schedule": "12:30", "augment": True},
        "environment": {"LOG_LEVEL": "debug"},
        "secrets": {
            "HF_TOKEN": {"arn": SECRET_ARN, "keyArn": JOB_KEY},
            "HUB_TOKEN": SECRET_ARN,
        },
        "compressModel": False,
        "networkIsolation": False,
        "metrics": {"loss": "loss=([0-9.]+)"},
        "tags": {"project": "digits"},
        "extra": {"ProfilerConfig": {"DisableProfiler": True}},
        "paused": False,
        "runId": "second",
        "fresh": "b",
    }
    tuned = {
        "image": IMAGE,
        "source": {"dir": "src", "entryPoint": "train.py"},
        "metrics": {"loss": "loss=([0-9.]+)"},
        "tuning": {
            "objective": {"minimize": "loss"},
            "ranges": {
                "rate": {"from": 0.00001, "to": 0.01, "scale": "log"},
                "layers": {"from": 2, "to": 8, "integer": True},
                "optimizer": {"values": ["adamw", "sgd"]},
            },
            "maxTrials": 60,
            "parallel": 4,
            "maxRuntime": "24h",
            "earlyStopping": True,
            "stopWhen": {"reaches": 0.05, "notImprovingFor": 15, "converged": True},
            "seed": 7,
            "warmStart": "never",
        },
    }
    recurring = {
        "image": IMAGE,
        "recurring": True,
        "inputs": {"model": {"lastRunOf": "weekly"}},
    }
    return {
        "team": "research",
        "environment": "prod",
        "run": "2026-w48",
        "costCenter": "4711",
        "enableTrainingJob": True,
        "preflight": True,
        "waitForCompletion": True,
        "network": {
            "cidr": "10.80.0.0/16",
            "availabilityZones": 2,
            "interfaceEndpoints": ["secretsmanager"],
            "s3Buckets": ["hf-hub-lfs-us-east-1"],
            "flowLogDays": 90,
            "nat": "single",
        },
        "artifacts": {
            "retain": True,
            "checkpointDays": 9,
            "noncurrentDays": 5,
            "existingBucket": "research-prod-kept",
            "accessLogBucket": "access-logs",
            "vpcOnly": True,
            "exemptPrincipals": ["arn:aws:iam::123456789012:role/administrator"],
        },
        "alerts": {
            "emails": ["ml@example.org"],
            "slack": {"workspaceId": "T0123456789", "channelId": "C0123456789"},
            "failuresPerDay": 2,
            "prolonged": {"after": "12h", "stop": True},
            "idle": {"after": "30m"},
            "monthlyBudgetUsd": 2500,
            "dashboard": False,
        },
        "deployer": {
            "trustedPrincipals": ["arn:aws:iam::123456789012:role/pipeline"],
            "githubSubjects": ["repo:acme/platform:environment:production"],
        },
        "tracking": {"mlflow": "https://mlflow.example.org/team", "experiment": "digits"},
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
        "jobs": {"digits": trained, "tuned": tuned, "weekly": recurring},
    }


def _existing_network() -> dict[str, Any]:
    mounted = {
        "id": "fs-0123456789abcdef0",
        "type": "FSxLustre",
        "directoryPath": "/fsx/data",
        "accessMode": "ro",
        "securityGroupId": "sg-0123456789abcdef0",
    }
    grouped = {
        "image": IMAGE,
        "source": {"dir": "src", "entryPoint": "train.py"},
        "distribution": "torchrun",
        "instanceGroups": GROUPS,
        "distributionGroups": ["gpu"],
        "spot": False,
        "maxPending": "2h",
        "inputs": {
            "mounted": {"fileSystem": mounted},
            "raw": {"s3Uri": "s3://corpora/raw/", "instanceGroups": ["cpu"]},
        },
        "resumeFrom": "research-dev-old",
    }
    kept = {
        "algorithm": "arn:aws:sagemaker:us-east-1:123456789012:algorithm/topics",
        "instanceType": "ml.new1.large",
        "unlistedInstanceType": True,
        "spot": False,
        "keepAlive": "30m",
    }
    planned = {
        "image": IMAGE,
        "instanceType": "ml.p5.48xlarge",
        "spot": False,
        "trainingPlan": "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027",
    }
    preferred = {
        "image": IMAGE,
        "instancePreferences": [{"instanceType": "ml.g5.2xlarge", "instanceCount": 2}],
        "spot": False,
    }
    tuned = {
        "image": IMAGE,
        "metrics": {"accuracy": "accuracy=([0-9.]+)"},
        "tuning": {
            "objective": {"maximize": "accuracy"},
            "strategy": "hyperband",
            "epochs": {"min": 2, "max": 20},
            "ranges": {"dropout": {"from": 0, "to": 0.9}},
            "maxTrials": 20,
        },
    }
    return {
        "team": "research",
        "tracking": {"weightsAndBiases": "research"},
        "network": {
            "existing": {
                "vpcId": "vpc-0123456789abcdef0",
                "subnetIds": ["subnet-0123456789abcdef0"],
                "s3EndpointId": "vpce-0123456789abcdef0",
                "endpointGroupId": "sg-0123456789abcdef0",
            }
        },
        "jobs": {
            "grouped": grouped,
            "kept": kept,
            "planned": planned,
            "preferred": preferred,
            "tuned": tuned,
        },
    }
