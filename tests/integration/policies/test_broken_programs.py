"""Broken programs on the real engine: the pack refuses each at its preview."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine import Result, Stack
from tests.integration.settings import counting_job, stack_with
from toolchain.layout import CHECKOUT, Layout

pytestmark = [pytest.mark.integration, pytest.mark.deep]

PACK = ("--policy-pack", str(CHECKOUT / "policies"))
BREAKER = Path(__file__).with_name("broken_program.py")


Mutation = tuple[str, str, str, Any]
"""The policy that refuses it; the end of a type, a property of it, and the value that breaks it."""


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


MUTATIONS: tuple[Mutation, ...] = (
    ("s3-public-access-block", "BucketPublicAccessBlock", "block_public_policy", False),
    ("s3-tls-only", "BucketPolicy", "policy", document(
        Principal={"AWS": "arn:aws:iam::123456789012:role/one"}, Action="s3:GetObject",
        Resource="arn:aws:s3:::store/*")),
    ("s3-bucket-controls", "BucketVersioning", "bucket", "another"),
    ("kms-key-rotation", "kms/key:Key", "enable_key_rotation", False),
    ("iam-wildcard-actions", "RolePolicy", "policy", document(
        Action="s3:*", Resource="arn:aws:s3:::store/*")),
    ("iam-role-trust", "iam/role:Role", "assume_role_policy", document(
        Principal={"Service": "sagemaker.amazonaws.com"}, Action="sts:AssumeRole")),
    ("vpc-no-public-subnet", "Subnet", "map_public_ip_on_launch", True),
    ("vpc-flow-log-traffic", "FlowLog", "traffic_type", "REJECT"),
    ("training-network-isolation", ":TrainingJob", "request.EnableNetworkIsolation", False),
    ("training-output-key", ":TrainingJob", "request.OutputDataConfig.KmsKeyId", None),
    ("training-artifact-locations", ":TrainingJob", "request.CheckpointConfig.S3Uri",
     "s3://elsewhere/checkpoints/"),
)  # fmt: skip
REFUSED_BY_THE_PROVIDER = (
    ("vpc-security-groups", "SecurityGroupEgressRule", "cidr_ipv4", "0.0.0.0/0"),
)
"""The provider says no besides, so that nothing is looked at which builds on it."""

PROGRAMS = (*(MUTATIONS[number::4] for number in range(4)), REFUSED_BY_THE_PROVIDER)
"""Each takes mutations of resources of different types."""


@pytest.fixture
def stack(
    new_stack: Callable[..., Stack], program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Stack:
    """A compliant stack whose program breaks what mutations.json says."""
    shutil.copy(BREAKER, program)
    (program / ".venv").symlink_to(Layout().virtual_environment)
    main = program / "__main__.py"
    main.write_text(f"import {BREAKER.stem}  # noqa\n{main.read_text()}")
    job = counting_job(instanceCount=2)
    del job["source"]
    stack = new_stack(stack_with(launch=False, work=job), project=program)
    configuration = tmp_path / "organisation.json"
    quotas: dict[str, Any] = {stack.settings["team"]: {"dev": {"families": {"*": {}}}}}
    configuration.write_text(json.dumps({"teams": quotas}))
    monkeypatch.setenv("TRAINING_POLICIES_CONFIGURATION", str(configuration))
    return stack


def previewed(stack: Stack, mutations: Sequence[Mutation]) -> Result:
    assert stack.project is not None
    written = [{"type": each[1], "path": each[2], "value": each[3]} for each in mutations]
    (stack.project / "mutations.json").write_text(json.dumps(written))
    return stack.preview(*PACK)


def refusing(result: Result) -> set[str]:
    reported = (each["policyEvent"] for each in result.events if "policyEvent" in each)
    return {each["policyName"] for each in reported if each["enforcementLevel"] == "mandatory"}


def test_the_pack_refuses_every_broken_program_and_not_the_whole_one(
    stack: Stack, report: Callable[[str], None]
):
    assert refusing(previewed(stack, []).succeeded()) == set()
    missed: dict[str, str] = {}
    for mutations in PROGRAMS:
        result = previewed(stack, mutations)
        assert result.exit_code != 0, result.text
        found = refusing(result)
        assert "training-own-places" not in found  # which would say the same once more
        unseen = {policy for policy, *_ in mutations} - found
        missed |= dict.fromkeys(unseen, result.text[-2000:])
    count = sum(map(len, PROGRAMS))
    report(f"Mutations, real engine: caught {count - len(missed)} of {count}")
    assert missed == {}
