"""A stack with every option of the platform on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from components.site import Site
from tests.integration.settings import counting_job
from toolchain.environment import REGION

ACCOUNT = "123456789012"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
WORKFLOW = "repo:acme/platform:environment:production"
INPUTS = "s3://data-of-everybody/train/"
ACCESS_LOGS = "access-logs-of-everybody"
CIDR = "10.80.0.0/16"
ZONES = [f"{REGION}a", f"{REGION}b"]
TAGS = {"team": "research", "environment": "prod", "cost-center": "4711", "stack": "dev"}
SITE = Site(ACCOUNT, REGION, "research-prod", ZONES, TAGS, BOUNDARY)


def every_option(**job: Any) -> dict[str, Any]:
    """The stack's settings; keywords change those of the job that is not tuned."""
    return {
        "team": TAGS["team"],
        "environment": TAGS["environment"],
        "costCenter": TAGS["cost-center"],
        "enableTrainingJob": True,
        "waitForCompletion": True,
        "network": {
            "cidr": CIDR,
            "availabilityZones": len(ZONES),
            "interfaceEndpoints": ["logs", "ecr.dkr"],
            "flowLogDays": 90,
            "nat": "per-zone",
        },
        "artifacts": {
            "retain": True,
            "checkpointDays": 9,
            "noncurrentDays": 5,
            "accessLogBucket": ACCESS_LOGS,
            "vpcOnly": True,
            "exemptPrincipals": [ADMINISTRATOR],
        },
        "alerts": {
            "emails": ["ml@example.com"],
            "slack": {"workspaceId": "T0123456789", "channelId": "C0123456789"},
            "failuresPerDay": 2,
            "prolonged": {"after": "12h", "stop": True},
            "idle": {"after": "30m"},
            "monthlyBudgetUsd": 2500,
        },
        "deployer": {"trustedPrincipals": [PIPELINE], "githubSubjects": [WORKFLOW]},
        "permissionsBoundary": BOUNDARY,
        "jobs": {
            "work": counting_job(**_JOB | job),
            "tuned": counting_job(instanceCount=2, tuning=_TUNING),
        },
    }


_JOB: dict[str, Any] = {
    "steps": 20,
    "instanceCount": 2,
    "inputs": {"train": {"s3Uri": INPUTS}, "local": {"path": "tests/integration/jobs"}},
}
_TUNING: dict[str, Any] = {
    "objective": {"maximize": "step"},
    "ranges": {"seed": {"from": 0, "to": 99, "integer": True}},
    "strategy": "random",
    "maxTrials": 2,
    "parallel": 2,
}


def make_what_exists_already(client: Callable[[str], Any]) -> None:
    """The buckets and the policy that a stack finds in the account."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    client("iam").create_policy(
        PolicyName=BOUNDARY.rpartition("/")[2], PolicyDocument=document(everything)
    )
    s3 = client("s3")
    for bucket in (ACCESS_LOGS, INPUTS.split("/")[2]):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=INPUTS.split("/")[2], Key="train/part-0.txt", Body=b"0")
    delivery = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{ACCESS_LOGS}/*",
    }
    s3.put_bucket_policy(Bucket=ACCESS_LOGS, Policy=document(delivery))


def document(statement: dict[str, Any]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
