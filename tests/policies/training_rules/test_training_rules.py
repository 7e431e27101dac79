"""Each rule for training jobs: compliant, violating, missing, unknown, irrelevant."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies.subjects import resource, violations
from training_policies.policy import Stack
from training_policies.resource import UNKNOWN, Resource
from training_policies.training_job import AWS_TYPE, OWN_TYPE
from training_policies.training_rules import TRAINING_POLICIES
from training_policies.tuning import AWS_TUNING_TYPE, OWN_TUNING_TYPE

POLICIES = {policy.name: policy for policy in TRAINING_POLICIES}
TRIALS = {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 4}
LOOK_ALIKE = "pulumi-python:dynamic/mine:Run"
DIGEST = "@sha256:" + "0" * 64
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0"
PLAN = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027"
TOKEN = "hf_" + "a" * 34

COMPLIANT: dict[str, Any] = {
    "AlgorithmSpecification": {
        "TrainingImage": f"{ECR}:1",
        "ContainerArguments": ["--epochs", "3"],
    },
    "HyperParameters": {"epochs": "3"},
    "Environment": {"LEVEL": "info"},
    "ResourceConfig": {
        "InstanceType": "ml.c5.xlarge",
        "InstanceCount": 2,
        "VolumeKmsKeyId": KEY,
        "KeepAlivePeriodInSeconds": 600,
    },
    "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "EnableNetworkIsolation": True,
    "EnableInterContainerTrafficEncryption": True,
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    "CheckpointConfig": {"S3Uri": "s3://store/checkpoints/"},
    "OutputDataConfig": {"S3OutputPath": "s3://store/output", "KmsKeyId": KEY},
    "RemoteDebugConfig": {"EnableRemoteDebug": False},
    "Tags": [{"Key": "team", "Value": "research"}, {"Key": "environment", "Value": "prod"}],
}


@dataclass(frozen=True)
class Case:
    """A rule and the property that it asks for.

    `missing` and `unknown` say whether it is a violation that the property is not there, or not
    known yet: what is a reference passes until it is known, what is a plain value doesn't.
    """

    policy: str
    path: str
    good: tuple[Any, ...]
    bad: tuple[Any, ...]
    missing: bool
    unknown: bool
    values: dict[str, Any] = field(default_factory=dict)


def case(
    policy: str, path: str, good: Any, bad: Any, *, missing: bool, unknown: bool, **values: Any
):
    return Case(f"training-{policy}", path, tuple(good), tuple(bad), missing, unknown, values)


CASES = (
    case("spot-checkpoints", "CheckpointConfig.S3Uri", ["s3://store/a"], [""],
         missing=True, unknown=False),
    case("spot-wait", "StoppingCondition.MaxWaitTimeInSeconds", [3600, 9000], [3599, 0],
         missing=True, unknown=True),
    case("runtime-limit", "StoppingCondition.MaxRuntimeInSeconds", [60], [0, -1, "1h"],
         missing=True, unknown=True),
    case("warm-pool", "ResourceConfig.KeepAlivePeriodInSeconds", [0, 1800], [1801, 3600],
         missing=False, unknown=True),
    case("warm-pool", "ResourceConfig.KeepAlivePeriodInSeconds", [60], [61],
         missing=False, unknown=True, maximumSeconds=60),
    case("plan", "ResourceConfig.TrainingPlanArn", [PLAN], [f"{PLAN}-2", "a plan"],
         missing=False, unknown=True, plans=[PLAN]),
    case("pending-time", "StoppingCondition.MaxPendingTimeInSeconds", [1800], [3601, "1h"],
         missing=False, unknown=True, maximumSeconds=3600),
    case("private-subnets", "VpcConfig.Subnets", [["subnet-1", "subnet-2"], [UNKNOWN]], [[]],
         missing=True, unknown=False),
    case("private-subnets", "VpcConfig.SecurityGroupIds", [["sg-1"], [UNKNOWN]], [[]],
         missing=True, unknown=False),
    case("private-subnets", "VpcConfig.Subnets", [["subnet-1"], [UNKNOWN]], [["subnet-2"]],
         missing=True, unknown=False, allowedSubnets=["subnet-1"]),
    case("volume-size", "ResourceConfig.VolumeSizeInGB", [1, 4096], [4097, 16384],
         missing=False, unknown=True),
    case("volume-size", "ProfilerRuleConfigurations",
         [[{"VolumeSizeInGB": 10}], [{"RuleConfigurationName": "a"}]],
         [[{"VolumeSizeInGB": 16384}]], missing=False, unknown=False),
    case("network-isolation", "EnableNetworkIsolation", [True], [False],
         missing=True, unknown=True, withSecrets=True),
    case("image-registries", "DebugRuleConfigurations",
         [[{"RuleEvaluatorImage": f"{ECR}:1"}], [{"RuleConfigurationName": "a"}]],
         [[{"RuleEvaluatorImage": "docker.io/library/python:3"}]], missing=False, unknown=False),
    case("network-isolation", "EnableNetworkIsolation", [True], [False, "true"],
         missing=True, unknown=True),
    case("traffic-encryption", "EnableInterContainerTrafficEncryption", [True], [False],
         missing=True, unknown=True),
    case("output-key", "OutputDataConfig.KmsKeyId", [KEY], ["", "alias/aws/s3"],
         missing=True, unknown=False),
    case("volume-key", "ResourceConfig.VolumeKmsKeyId", [KEY], ["", "alias/aws/ebs"],
         missing=True, unknown=False),
    case("image-registries", "AlgorithmSpecification.TrainingImage",
         [f"{ECR}:1", ECR + DIGEST, "123456789012.dkr-ecr.us-east-1.on.aws/training:1",
          "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/training:1"],
         ["python", "docker.io/library/python:3", "", f"evil.example/{ECR}:1"],
         missing=True, unknown=False),
    case("image-registries", "AlgorithmSpecification.TrainingImage", [ECR + DIGEST],
         [f"{ECR}:1", f"{ECR}@sha256:0"], missing=True, unknown=False, digest=True),
    case("image-registries", "AlgorithmSpecification.TrainingImage", [f"{ECR}:1"],
         [f"{ECR}-other:1"], missing=True, unknown=False,
         registries=["123456789012.dkr.ecr.us-east-1.amazonaws.com/training:*"]),
    case("image-registries", "AlgorithmSpecification.AlgorithmName", [], ["somebodys-algorithm"],
         missing=False, unknown=False),
    case("image-registries", "AlgorithmSpecification.AlgorithmName", ["ours-1"], ["theirs-1"],
         missing=False, unknown=False, algorithms=["ours-*"]),
    case("no-secrets", "Environment.HF_TOKEN", [], ["open sesame", TOKEN],
         missing=False, unknown=True),
    case("no-secrets", "Environment.SECRET_ARN_HF_TOKEN",
         ["arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf"], ["open sesame"],
         missing=False, unknown=True),
    case("no-secrets", "Environment.LEVEL", ["info"], [TOKEN, "postgres://me:word@host/db"],
         missing=False, unknown=False),
    case("no-secrets", "HyperParameters.max_token", ["512"], ["a b c"],
         missing=False, unknown=True),
    case("no-secrets", "HyperParameters.eos_token", ["</s>"], [TOKEN],
         missing=False, unknown=False, allowedNames=["eos_token"]),
    *(case("no-secrets", f"Environment.{name}", [], ["open sesame"], missing=False, unknown=True)
      for name in ("dbPassword", "wandbAPIKey", "HFToken")),
    case("no-secrets", "Environment.maxTokens", ["many"], [TOKEN], missing=False, unknown=False),
    case("no-secrets", "AlgorithmSpecification.ContainerArguments",
         [["--epochs", "3"], ["--tokens=3", "password"], ["--max-token", "512", "--password"]],
         [["--login", TOKEN], [f"--login={TOKEN}"], ["--password=sesame"], ["--dbPassword", "a"]],
         missing=False, unknown=False),
    case("no-secrets", "AlgorithmSpecification.ContainerArguments",
         [["--eos-token", "</s>"], ["--eos-token=</s>"]], [["--eos-token", TOKEN]],
         missing=False, unknown=False, allowedNames=["--eos-token"]),
    case("required-tags", "Tags", [COMPLIANT["Tags"], {"team": "a", "environment": "b"}],
         [[], COMPLIANT["Tags"][:1], {"team": "a", "environment": " "}],
         missing=True, unknown=True),
    case("required-tags", "Tags", [{"owner": "me"}], [COMPLIANT["Tags"]],
         missing=True, unknown=True, required=["owner"]),
    case("remote-debug", "RemoteDebugConfig.EnableRemoteDebug", [False], [True],
         missing=False, unknown=True),
)  # fmt: skip


def with_value(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(request)
    *parents, last = path.split(".")
    found = result
    for part in parents:
        found = found.setdefault(part, {})
    found[last] = value
    return result


def without(request: dict[str, Any], path: str) -> dict[str, Any]:
    # The SDK leaves nulls out, as `resource` does.
    return with_value(request, path, None)


def job(request: dict[str, Any], **properties: Any):
    return resource(OWN_TYPE, {"request": request, **properties})


def camel(value: Any, *, names: bool = True) -> Any:
    """A request as pulumi-aws writes it; what people name themselves stays as it is."""
    if isinstance(value, dict):
        return {
            key[:1].lower() + key[1:] if names else key: camel(
                each, names=key not in ("Environment", "HyperParameters")
            )
            for key, each in value.items()
        }
    return [camel(each) for each in value] if isinstance(value, list) else value


def routes(request: dict[str, Any]) -> list[Resource]:
    """The request by each route to a job, and to a tuning job of whose trials it is."""
    own, tuning = {"request": request, "relaunch": "never"}, {"ResourceLimits": TRIALS}
    create = {"HyperParameterTuningJobConfig": tuning, "TrainingJobDefinition": request}
    by_aws = {"config": camel(tuning), "trainingJobDefinition": camel(request)}
    return [
        resource(OWN_TYPE, own),
        resource(AWS_TYPE, camel(request)),
        resource(LOOK_ALIKE, {"settings": {"body": request}}),
        resource(OWN_TUNING_TYPE, own | {"tuning": tuning}),
        resource(AWS_TUNING_TYPE, by_aws),
        resource(LOOK_ALIKE, {"settings": {"body": create}}),
    ]


def is_violated(case: Case, request: dict[str, Any]) -> bool:
    """Whether the rule says so, which must be the same by every route."""
    stack = Stack("prod", "research", "prod")
    policy = POLICIES[case.policy]
    found = {bool(violations(policy, each, case.values, stack=stack)) for each in routes(request)}
    assert len(found) == 1, f"{case.policy} judges one route unlike another"
    return found.pop()


def named(cases: tuple[Case, ...]) -> list[Any]:
    return [pytest.param(each, id=f"{each.policy} {each.path} {number}") for number, each in
            enumerate(cases)]  # fmt: skip


@pytest.mark.parametrize("case", named(CASES))
def test_what_is_compliant_passes(case: Case):
    for value in case.good:
        assert not is_violated(case, with_value(COMPLIANT, case.path, value)), value


@pytest.mark.parametrize("case", named(CASES))
def test_what_is_not_is_a_violation(case: Case):
    for value in case.bad:
        assert is_violated(case, with_value(COMPLIANT, case.path, value)), value


@pytest.mark.parametrize("case", named(CASES))
def test_what_is_missing_is_a_violation_where_the_default_is_no_good(case: Case):
    assert is_violated(case, without(COMPLIANT, case.path)) is case.missing


@pytest.mark.parametrize("case", named(CASES))
def test_what_is_unknown_is_a_violation_but_for_references(case: Case):
    assert is_violated(case, with_value(COMPLIANT, case.path, UNKNOWN)) is case.unknown


@pytest.mark.parametrize("policy", TRAINING_POLICIES, ids=lambda each: each.name)
def test_what_is_no_training_job_is_not_judged(policy: Any):
    others = [
        resource("aws:s3/bucket:Bucket", {"bucket": "store", "forceDestroy": True}),
        resource(LOOK_ALIKE, {"name": "no job", "epochs": 3}),
        resource("aws:sagemaker/model:Model", {"enableNetworkIsolation": False}),
    ]
    assert violations(policy, others) == []


@pytest.mark.parametrize("policy", TRAINING_POLICIES, ids=lambda each: each.name)
def test_a_job_that_says_nothing_of_itself_breaks_no_fewer_rules(policy: Any):
    """By either of the types that are jobs for certain, nothing goes unjudged."""
    silent_is_fine = {
        "training-artifact-locations",
        "training-no-secrets",
        "training-own-role",
        "training-pending-time",
        "training-plan",
        "training-remote-debug",
        "training-spot-checkpoints",
        "training-spot-wait",
        "training-volume-size",
        "training-warm-pool",
    }
    for type_ in (OWN_TYPE, AWS_TYPE, OWN_TUNING_TYPE, AWS_TUNING_TYPE):
        assert bool(violations(policy, resource(type_, {}))) is (policy.name not in silent_is_fine)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=15)
@given(JSON, st.integers(0, 3))
def test_no_value_of_a_request_brings_a_rule_down(value: Any, above: int):
    """An exception would end the run with a traceback instead of a verdict."""
    for case in CASES:
        path = case.path.split(".")
        is_violated(case, with_value(COMPLIANT, ".".join(path[: max(1, len(path) - above)]), value))


def test_a_job_that_fetches_secrets_may_have_a_network_where_the_organisation_says_so():
    secret = {
        "SECRET_ARN_HF_TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-aaaaaa"
    }
    request = COMPLIANT | {"Environment": secret, "EnableNetworkIsolation": False}
    policy = POLICIES["training-network-isolation"]
    assert violations(policy, job(request))
    assert not violations(policy, job(request), {"withSecrets": True})
