"""The platform as a whole: what it registers for a job, and in which order."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import training_platform
from components.stack.stack_settings import Settings
from components.training_job.code_channel import job_uploads
from components.training_job.request.cost import OVERHEAD_SECONDS
from components.training_job.request.job_tags import OWNER_TAG
from components.training_job.settings.job_needs import needs_of
from components.training_job.settings.job_settings import JobSettings
from components.training_platform import TrainingPlatform
from tests.components.policies import statement
from tests.components.recording import ACCOUNT, REGION, Recorded, Recording, record

TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
TUNING_JOB = "pulumi-python:dynamic/sagemaker:TuningJob"
LINEAGES = "pulumi-python:dynamic/sagemaker:TrainingJobLineages"
INTERFACES = "pulumi-python:dynamic/ec2:TrainingNetworkInterfaces"
LINEAGES = "pulumi-python:dynamic/sagemaker:TrainingJobLineages"
UPLOAD = "aws:s3/bucketObjectv2:BucketObjectv2"
COMPLETION = "pulumi-python:dynamic/sagemaker:TrainingJobCompletion"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/training:1"


@pytest.fixture
def project() -> Path:
    """The program's own folder: the launcher that travels with a source lies in it."""
    return Path(__file__).parents[2]


def recorded(project: Path, jobs: dict[str, dict[str, Any]], **settings: Any) -> Recording:
    stack = Settings.model_validate(
        {
            "team": "research",
            "jobs": {name: {"image": IMAGE} | job for name, job in jobs.items()},
            "waitForCompletion": True,
        }
        | settings
    )
    site = stack.site(ACCOUNT, REGION, "test", ["us-east-1a", "us-east-1b"])
    return record(lambda: TrainingPlatform(site, stack, project))


def jobs_in(recording: Recording) -> list[Recorded]:
    return [each for each in recording.resources if each.type == TRAINING_JOB]


def test_a_job_is_registered_with_the_switch_off_so_that_a_preview_judges_it(project: Path) -> None:
    [job] = jobs_in(recorded(project, {"digits": {}}))
    assert job.inputs["launch"] is False
    assert job.inputs["lineage"] == "research-dev-digits"


TUNED = {
    "metrics": {"loss": "loss=([0-9.]+)"},
    "tuning": {
        "objective": {"minimize": "loss"},
        "ranges": {"learning-rate": {"from": 0.001, "to": 0.1}},
        "maxTrials": 12,
        "parallel": 3,
    },
}


def test_a_job_with_a_tuning_block_is_a_tuning_job_of_the_same_name_and_lineage(
    project: Path,
) -> None:
    recording = recorded(project, {"classifier-large": TUNED})
    [job] = [each for each in recording.resources if each.type == TUNING_JOB]
    assert jobs_in(recording) == []
    assert job.name == "research-dev-classifier-large"
    assert job.inputs["lineage"] == "research-dev-classifier-large"
    assert job.inputs["launch"] is False
    assert job.inputs["tuning"]["ResourceLimits"]["MaxParallelTrainingJobs"] == 3
    assert re.fullmatch("t[0-9a-f]{7}-classifier-", job.inputs["tuning_name_prefix"])
    assert job.deleted_first
    [lineages] = [each for each in recording.resources if each.type == LINEAGES]
    assert lineages.inputs["tunings"] == {job.name: job.inputs["tuning_name_prefix"]}
    [completion] = [each for each in recording.resources if each.type == COMPLETION]
    assert completion.inputs["tuned_jobs"] == ["classifier-large"]
    settings = JobSettings.model_validate({"image": IMAGE} | TUNED)
    deadline = settings.longest_seconds + 4 * OVERHEAD_SECONDS + 1800
    assert completion.inputs["deadline_seconds"] == deadline


def test_a_stack_without_tuned_jobs_registers_nothing_new(project: Path) -> None:
    recording = recorded(project, {"digits": {}})
    [lineages] = [each for each in recording.resources if each.type == LINEAGES]
    [completion] = [each for each in recording.resources if each.type == COMPLETION]
    [job] = jobs_in(recording)
    assert "tunings" not in lineages.inputs
    assert not {"tuned_jobs", "tuning_job_names"} & completion.inputs.keys()
    assert not {"tuning", "warm_start", "tuning_name_prefix"} & job.inputs.keys()


def test_what_a_policy_needs_at_preview_is_plain(project: Path) -> None:
    [job] = jobs_in(recorded(project, {"digits": {"instanceCount": 2}}))
    request = job.inputs["request"]
    assert request["ResourceConfig"]["InstanceType"] == "ml.g5.2xlarge"
    assert request["ResourceConfig"]["InstanceCount"] == 2
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"]["MaxRuntimeInSeconds"] == 7200
    assert request["StoppingCondition"]["MaxWaitTimeInSeconds"] == 14_400


def test_the_artifacts_of_a_lineage_have_prefixes_of_their_own(project: Path) -> None:
    [job] = jobs_in(recorded(project, {"digits": {}}))
    request = job.inputs["request"]
    bucket = request["OutputDataConfig"]["S3OutputPath"].split("/")[2]
    assert (
        request["OutputDataConfig"]["S3OutputPath"] == f"s3://{bucket}/output/research-dev-digits"
    )
    checkpoints = f"s3://{bucket}/checkpoints/research-dev-digits/"
    assert request["CheckpointConfig"]["S3Uri"] == checkpoints


def test_the_uploads_and_the_record_of_a_recurring_job_are_the_same_for_all_its_runs(
    project: Path,
) -> None:
    source = {"dir": "examples/digits", "entryPoint": "train.py"}
    jobs = {"digits": {"source": source, "recurring": True}}
    keys, kept, launches = [], [], []
    for run in ("", "2026-w48"):
        recording = recorded(project, jobs, run=run, enableTrainingJob=True)
        objects = [each for each in recording.resources if each.type == UPLOAD]
        keys.append({each.inputs["key"] for each in objects})
        [lineages] = [each for each in recording.resources if each.type == LINEAGES]
        kept.append(lineages.inputs["lineages"])
        [job] = jobs_in(recording)
        launches.append((job.inputs["lineage"], job.inputs["recurring"], job.inputs["launch"]))
    assert keys[0] == keys[1]
    assert kept[0] == kept[1] == {"research-dev-digits": "research-dev-digits"}
    assert launches == [
        ("research-dev-digits", "research-dev-digits", False),
        ("research-dev-digits-2026-w48", "research-dev-digits", True),
    ]


def test_the_model_of_a_last_run_is_resolved_by_the_provider_and_can_be_read(
    project: Path,
) -> None:
    inputs = {"model": {"lastRunOf": "digits"}, "train": {"s3Uri": "s3://corpora/train/"}}
    recording = recorded(project, {"digits": {"recurring": True, "inputs": inputs}})
    [job] = jobs_in(recording)
    channels = job.inputs["request"]["InputDataConfig"]
    assert [each["ChannelName"] for each in channels] == ["train"]
    [last] = job.inputs["last_runs"]
    assert last["job"] == "research-dev-digits"
    assert last["channel"]["ChannelName"] == "model"
    others = recorded(project, {"digits": {"recurring": True}})
    assert "last_runs" not in jobs_in(others)[0].inputs


def test_a_job_that_does_not_recur_has_no_input_for_it(project: Path) -> None:
    [job] = jobs_in(recorded(project, {"digits": {}}))
    assert "recurring" not in job.inputs


def test_the_bucket_and_not_the_role_is_the_owner_of_a_job(project: Path) -> None:
    everything: dict[str, Any] = {
        "alerts": {"prolonged": {"after": "12h"}},
        "deployer": {"trustedPrincipals": [f"arn:aws:iam::{ACCOUNT}:role/pipeline"]},
    }
    recording = recorded(project, {"digits": {}}, **everything)
    [job] = jobs_in(recording)
    bucket = job.inputs["request"]["OutputDataConfig"]["S3OutputPath"].split("/")[2]
    assert job.inputs["owner"] == bucket
    policy = recording.the("iam/rolePolicy:RolePolicy", "deployer-role-policy").inputs["policy"]
    assert f'"aws:ResourceTag/{OWNER_TAG}": "{bucket}"' in policy
    machine = recording.the("sfn/stateMachine:StateMachine").inputs["definition"]
    assert f"\\\"{bucket}\\\" in $states.input.tags[Key = '{OWNER_TAG}']" in machine
    pattern = recording.the("cloudwatch/eventRule:EventRule", "-failed").inputs["eventPattern"]
    assert f"s3://{bucket}/" in pattern


@pytest.mark.parametrize("tunes", [False, True])
def test_roles_alerts_and_watchdog_know_tuning_jobs_only_where_a_job_tunes(
    project: Path, monkeypatch: pytest.MonkeyPatch, tunes: bool
) -> None:
    monkeypatch.setattr(
        training_platform, "needs_of", lambda jobs: replace(needs_of(jobs), tuning=tunes)
    )
    recording = recorded(
        project,
        {"digits": {}},
        alerts={"prolonged": {"after": "12h"}},
        deployer={"trustedPrincipals": [f"arn:aws:iam::{ACCOUNT}:role/pipeline"]},
    )
    role, policy = "iam/role:Role", "iam/rolePolicy:RolePolicy"
    documents = [
        recording.the(role, "execution-role").inputs["assumeRolePolicy"],
        recording.the(policy, "deployer-role-policy").inputs["policy"],
        recording.the(policy, "alerts-watchdog").inputs["policy"],
        recording.the("sfn/stateMachine:StateMachine").inputs["definition"],
        [each.name for each in recording.of("cloudwatch/eventRule:EventRule")],
    ]
    assert ["tuning" in str(each).lower() for each in documents] == [tunes] * 5


def test_a_job_starts_after_everything_that_it_works_with(project: Path) -> None:
    recording = recorded(project, {"digits": {}})
    [job] = jobs_in(recording)
    needed = (
        "ec2/subnet:Subnet",
        "ec2/routeTableAssociation:RouteTableAssociation",
        "ec2/vpcEndpoint:VpcEndpoint",
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "s3/bucketPolicy:BucketPolicy",
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "kms/keyPolicy:KeyPolicy",
        "iam/rolePolicy:RolePolicy",
    )
    for type_ in needed:
        resources = recording.of(type_)
        assert resources, f"{type_} is not there"
        assert all(recording.depends(job, each) for each in resources), type_


def test_interfaces_are_waited_for_after_the_jobs_and_before_what_they_are_in(
    project: Path,
) -> None:
    recording = recorded(project, {"digits": {}})
    [job] = jobs_in(recording)
    waits = [each for each in recording.resources if each.type == INTERFACES]
    assert {each.name for each in waits} == {
        "research-dev-network-interfaces-a",
        "research-dev-network-interfaces-b",
    }
    group = recording.the("ec2/securityGroup:SecurityGroup", "training")
    policy = recording.the("iam/rolePolicy:RolePolicy", "execution-role-policy")
    subnets = recording.of("ec2/subnet:Subnet")
    routes = recording.of("ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation")
    waits = sorted(waits, key=lambda each: each.name)
    for wait, subnet, route in zip(waits, subnets, routes, strict=True):
        assert recording.depends(wait, route)
        assert wait.inputs["subnet_id"] == f"{subnet.name}-id"
        assert wait.inputs["security_group_id"] == f"{group.name}-id"
        assert recording.depends(job, wait)
        assert all(recording.depends(wait, each) for each in (subnet, group, policy))
    # A zone that goes takes only its own with it.
    assert subnets[1].urn not in waits[0].dependencies


def test_in_an_existing_vpc_only_the_groups_interfaces_are_waited_for(project: Path) -> None:
    existing = {"vpcId": "vpc-0123456789abcdef0", "subnetIds": ["subnet-0123456789abcdef0"]}
    recording = recorded(project, {"digits": {}}, network={"existing": existing})
    [wait] = [each for each in recording.resources if each.type == INTERFACES]
    group = recording.the("ec2/securityGroup:SecurityGroup", "training")
    assert wait.name == "research-dev-network-interfaces"
    assert wait.inputs["subnet_id"] == ""
    assert wait.inputs["security_group_id"] == f"{group.name}-id"
    assert recording.depends(jobs_in(recording)[0], wait)


def test_a_job_starts_after_its_source_and_inputs_are_uploaded(project: Path) -> None:
    job = {
        "source": {"dir": "components", "entryPoint": "content.py"},
        "inputs": {"train": {"path": "components/instances.csv"}},
    }
    recording = recorded(project, {"digits": job})
    uploads = recording.of("s3/bucketObjectv2:BucketObjectv2")
    [launcher] = {each.inputs["key"] for each in uploads if "launcher.py" in each.inputs["key"]}
    code = launcher.rpartition("/")[0]
    keys = {each.inputs["key"].removeprefix(f"{code}/") for each in uploads}
    [data] = {key for key in keys if key.startswith("inputs/")}
    assert data.endswith("/instances.csv")
    assert keys == {"source.tar.gz", "launcher.py", data}
    assert all(recording.depends(jobs_in(recording)[0], each) for each in uploads)
    assert all(each.retained for each in uploads)


@pytest.mark.parametrize("limit", [1024, 1024**3])
def test_a_large_source_is_reported(
    project: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(job_uploads, "_LARGE_SOURCE_BYTES", limit)
    monkeypatch.setattr(pulumi.log, "warn", lambda text, _: warnings.append(text))
    recorded(project, {"digits": {"source": {"dir": "components", "entryPoint": "content.py"}}})
    assert len(warnings) == (limit == 1024)
    assert all("the source components has" in text for text in warnings)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("ml.m5.large", "all jobs: cost ceiling 1.88 USD, expected cost 0.5635 USD"),
        ("ml.new.large", "all jobs: cost ceiling unknown, expected cost unknown"),
    ],
)
def test_a_preview_says_what_all_jobs_can_cost(
    project: Path, monkeypatch: pytest.MonkeyPatch, second: str, said: str
) -> None:
    messages: list[str] = []
    monkeypatch.setattr(pulumi, "info", lambda text, _: messages.append(text))
    jobs: dict[str, Any] = {"a": {"instanceType": "ml.m5.large"}, "b": {"instanceType": second}}
    tuned = {"instanceType": "ml.m5.large", "maxRuntime": "50m", **TUNED}
    recorded(project, jobs | {"tuned": tuned})
    assert messages == []
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    recorded(project, jobs | {"tuned": tuned})
    recorded(project, {})
    assert messages == [said]


def test_a_retained_platform_keeps_bucket_and_key_and_lets_the_job_go(project: Path) -> None:
    recording = recorded(project, {"digits": {}})
    assert recording.the("s3/bucket:Bucket").retained
    assert recording.the("kms/key:Key").retained
    assert not jobs_in(recording)[0].retained


def test_the_completion_waits_for_all_jobs_but_the_paused(project: Path) -> None:
    recording = recorded(project, {"a": {}, "b": {"paused": True}, "c": {}}, enableTrainingJob=True)
    [completion] = [each for each in recording.resources if each.type == COMPLETION]
    assert len(completion.inputs["training_job_names"]) == 2


def test_nothing_waits_unless_it_is_asked_to(project: Path) -> None:
    recording = recorded(project, {"a": {}}, waitForCompletion=False)
    assert not [each for each in recording.resources if each.type == COMPLETION]


def test_a_platform_without_jobs_is_built(project: Path) -> None:
    recording = recorded(project, {})
    assert not jobs_in(recording)
    assert recording.of("s3/bucket:Bucket")


def test_alerts_of_a_bad_end_are_there_before_a_job_can_have_one(project: Path) -> None:
    recording = recorded(project, {"digits": {}})
    for type_ in ("sns/topic:Topic", "cloudwatch/eventTarget:EventTarget"):
        resources = recording.of(type_)
        assert resources
        assert all(recording.depends(jobs_in(recording)[0], each) for each in resources)


def test_every_role_stays_within_the_boundary_that_the_settings_name(project: Path) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    everything = {
        "alerts": {
            "slack": {"workspaceId": "T0123456789", "channelId": "C0123456789"},
            "prolonged": {"after": "1h"},
        },
        "deployer": {"trustedPrincipals": [f"arn:aws:iam::{ACCOUNT}:role/pipeline"]},
    }
    bounded = recorded(project, {"digits": {}}, **everything, permissionsBoundary=boundary)
    assert [each.inputs["permissionsBoundary"] for each in bounded.of("iam/role:Role")] == (
        [boundary] * 6  # execution, deployer, flow logs, chat, watchdog, its schedule
    )
    unbounded = recorded(project, {"digits": {}}, **everything).of("iam/role:Role")
    assert not any("permissionsBoundary" in each.inputs for each in unbounded)


def test_no_alerts_means_none(project: Path) -> None:
    recording = recorded(project, {"digits": {}}, alerts=False)
    assert not recording.of("sns/topic:Topic")
    assert not recording.of("cloudwatch/eventRule:EventRule")


def test_a_stack_without_a_deployer_has_no_role_for_one(project: Path) -> None:
    roles = recorded(project, {"digits": {}}).of("iam/role:Role")
    assert not any("deployer" in each.name for each in roles)


def test_a_deployer_is_limited_to_what_the_stacks_jobs_use(project: Path) -> None:
    deployer = {"trustedPrincipals": [f"arn:aws:iam::{ACCOUNT}:role/pipeline"]}
    jobs: dict[str, dict[str, Any]] = {"digits": {}, "words": {"instanceType": "ml.c5.xlarge"}}
    recording = recorded(project, jobs, deployer=deployer)
    policy = recording.the("iam/rolePolicy:RolePolicy", "deployer-role-policy").document()
    launch = statement(policy, "LaunchJobs")["Condition"]
    assert launch["ForAllValues:StringLike"] == {"sagemaker:InstanceTypes": ["ml.c5.*", "ml.g5.*"]}
    assert set(launch["ForAllValues:StringEquals"]["sagemaker:VpcSubnets"]) == {
        each.name + "-id" for each in recording.of("ec2/subnet:Subnet")
    }


def test_a_deployer_may_call_the_managed_server_that_shows_the_stacks_metrics(
    project: Path,
) -> None:
    server = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:mlflow-tracking-server/research"
    recording = recorded(
        project,
        {"digits": {}},
        tracking={"mlflow": server},
        deployer={"trustedPrincipals": [f"arn:aws:iam::{ACCOUNT}:role/pipeline"]},
    )
    policy = recording.the("iam/rolePolicy:RolePolicy", "deployer-role-policy").document()
    assert statement(policy, "ShowMetrics")["Resource"] == [server]


def test_a_deployer_may_upload_to_a_bucket_for_the_vpc_only(project: Path) -> None:
    administrator = f"arn:aws:iam::{ACCOUNT}:role/administrator"
    recording = recorded(
        project,
        {"digits": {}},
        artifacts={"vpcOnly": True, "exemptPrincipals": [administrator]},
        deployer={"trustedPrincipals": [f"arn:aws:iam::{ACCOUNT}:role/pipeline"]},
    )
    policy = recording.the("s3/bucketPolicy:BucketPolicy").document()
    exempt = statement(policy, "DenyOutsideEndpoint")["Condition"]["ArnNotLike"]
    [deployer] = [each for each in recording.of("iam/role:Role") if "deployer" in each.name]
    assert exempt["aws:PrincipalArn"] == [
        administrator,
        f"arn:aws:iam::{ACCOUNT}:role/{deployer.name}-0a1b2c3",
    ]


def test_a_bucket_for_the_vpc_only_names_its_endpoint(project: Path) -> None:
    deployer = f"arn:aws:iam::{ACCOUNT}:role/deployer"
    artifacts = {"vpcOnly": True, "exemptPrincipals": [deployer]}
    recording = recorded(project, {"digits": {}}, artifacts=artifacts)
    policy = json.dumps(recording.the("s3/bucketPolicy:BucketPolicy").document())
    assert "aws:SourceVpce" in policy
    assert deployer in policy
    open_policy = recorded(project, {"digits": {}}).the("s3/bucketPolicy:BucketPolicy").document()
    assert "aws:SourceVpce" not in json.dumps(open_policy)
