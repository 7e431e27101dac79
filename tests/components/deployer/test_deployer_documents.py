from __future__ import annotations

import inspect
import json
import re
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from parliament import analyze_policy_string  # type: ignore[import-untyped]

from components.deployer.deployer_documents import deployer_policy
from components.deployer.deployer_scope import DeployerScope, LaunchLimits, launch_limits
from components.policy_documents import Document, size
from components.site import TRAINING_LOGS
from components.stack.stack_settings import STACK_TAGS
from components.training_job.aws import found_jobs, sagemaker_jobs
from components.training_job.aws.sagemaker_jobs import JobKind
from components.training_job.request.job_tags import OWNER_TAG
from components.training_job.run import (
    ending,
    service_record,
    waiting,
    warm_pool,
)
from components.training_job.settings.job_settings import JobSettings
from components.training_job.tuning import trials
from tests.components.evaluation import allowed
from tests.components.policies import actions, scope
from tests.components.recording import ACCOUNT, REGION, SITE

BUCKET = "arn:aws:s3:::team-artifacts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/4e5f6a7b"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/research-dev-execution-role-0a1b2c3"
REPOSITORY = f"arn:aws:ecr:{REGION}:763104351884:repository/pytorch-training"
JOB = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/research-dev-digits-01234567-1"
CREATE = "sagemaker:CreateTrainingJob"
LIMITS = LaunchLimits(families=["c5", "g5"], encrypted_families=["c5"], isolated=True)
SCOPE = DeployerScope(
    SITE,
    limits=LIMITS,
    alerts=True,
    execution_role_arn=ROLE,
    artifact_bucket_arn=BUCKET,
    key_arn=KEY,
    subnet_ids=["subnet-1", "subnet-2"],
    security_group_ids=["sg-1"],
    repository_arns=[REPOSITORY],
    dashboard=True,
)
TUNING = replace(SCOPE, tunes=True)
TUNING_JOB = SITE.tuning_jobs_arn.replace("*", "digits-0a1b2c3d-1")
TRIAL = SITE.trials_arn.replace("*", "digits-0a1b2c3d-1-001-9f8e7d6c")
CREATE_TUNING = "sagemaker:CreateHyperParameterTuningJob"
LAUNCH = {
    "sagemaker:VpcSubnets": ["subnet-1", "subnet-2"],
    "sagemaker:VpcSecurityGroupIds": ["sg-1"],
    "sagemaker:InstanceTypes": ["ml.c5.xlarge"],
    "sagemaker:NetworkIsolation": "true",
    "sagemaker:InterContainerTrafficEncryption": "true",
    "sagemaker:OutputKmsKeyArn": KEY,
    "sagemaker:VolumeKmsKeyArn": KEY,
    f"aws:RequestTag/{OWNER_TAG}": "team-artifacts",
    "aws:RequestTag/team": "research",
    "aws:RequestTag/stack": "dev",
}
"""What IAM sees of a launch by this stack."""


def launches(changes: dict[str, Any], limits: LaunchLimits = LIMITS) -> bool:
    """Whether the deployer may launch a job; None in `changes` leaves a key out."""
    context = {key: value for key, value in (LAUNCH | changes).items() if value is not None}
    return allowed(deployer_policy(replace(SCOPE, limits=limits)), CREATE, JOB, context)


def findings(document: Document) -> list[tuple[str, str]]:
    found = analyze_policy_string(json.dumps(document)).findings
    return sorted((each.issue, str(each.detail)) for each in found)


def test_the_linter_knows_all_but_the_newer_names_of_the_keys():
    unknown = "Unknown condition sagemaker:{} for action sagemaker:CreateTrainingJob"
    assert findings(deployer_policy(replace(SCOPE, limits=None))) == []
    newer = [
        ("UNKNOWN_CONDITION_FOR_ACTION", unknown.format("OutputKmsKeyArn")),
        ("UNKNOWN_CONDITION_FOR_ACTION", unknown.format("VolumeKmsKeyArn")),
    ]
    assert findings(deployer_policy(SCOPE)) == newer
    # The launch of a tuning job can open no remote shell, so AWS has no key for that.
    tuning = unknown.replace("CreateTrainingJob", "CreateHyperParameterTuningJob")
    assert set(findings(deployer_policy(TUNING))) - set(newer) == {
        ("UNKNOWN_CONDITION_FOR_ACTION", tuning.format(key))
        for key in ("EnableRemoteDebug", "OutputKmsKeyArn", "VolumeKmsKeyArn")
    }


@pytest.mark.parametrize(
    ("tunes", "waits", "repositories"), [(False, False, 26), (True, False, 14), (True, True, 11)]
)
def test_the_policy_of_a_large_stack_with_long_names_fits_into_a_role(
    tunes: bool, waits: bool, repositories: int
):
    site = replace(SITE, region="ap-southeast-2", prefix="p" * 36)
    large = replace(
        SCOPE,
        tunes=tunes,
        waits=waits,
        site=replace(site, tags=dict.fromkeys(STACK_TAGS, "t" * 20)),
        artifact_bucket_arn=site.bucket_arn("b" * 63),
        subnet_ids=[f"subnet-{number:017}" for number in range(6)],
        repository_arns=[
            site.arn("ecr", f"repository/{'r' * 30}-{number:02}") for number in range(repositories)
        ],
    )
    assert size(deployer_policy(large)) <= 10_240


def test_a_launch_by_the_stack_is_allowed():
    assert launches({})


def test_a_launch_on_a_training_plan_is_allowed_on_the_plans_in_use():
    plan = SITE.arn("sagemaker", "training-plan/spring-2027")
    limits = launch_limits([job(trainingPlan=plan, spot=False, instanceType="ml.c5.xlarge")])
    policy = deployer_policy(replace(SCOPE, limits=limits))
    assert allowed(policy, CREATE, plan, LAUNCH)
    assert allowed(policy, CREATE, SITE.arn("sagemaker", "reserved-capacity/a"), LAUNCH)
    assert not allowed(policy, CREATE, f"{plan}-2", LAUNCH)
    assert not allowed(deployer_policy(SCOPE), CREATE, plan, LAUNCH)
    assert allowed(policy, "sagemaker:DescribeTrainingPlan", plan, {})
    assert not allowed(policy, "sagemaker:DescribeTrainingPlan", f"{plan}-2", {})
    assert "sagemaker:DescribeTrainingPlan" not in actions(deployer_policy(SCOPE))


def test_a_tuning_job_is_launched_only_where_the_stack_tunes_and_by_its_names():
    policy = deployer_policy(TUNING)
    assert allowed(policy, CREATE_TUNING, TUNING_JOB, LAUNCH)
    assert allowed(policy, CREATE, JOB, LAUNCH)
    another = SITE.arn("sagemaker", "hyper-parameter-tuning-job/digits")
    assert not allowed(policy, CREATE_TUNING, another, LAUNCH)
    assert not allowed(policy, CREATE, TRIAL, LAUNCH)
    assert not allowed(deployer_policy(SCOPE), CREATE_TUNING, TUNING_JOB, LAUNCH)


def test_a_stack_that_does_not_tune_names_no_tuning_job():
    text = json.dumps(deployer_policy(SCOPE))
    assert "uning" not in text
    assert SITE.tuning_name_prefix not in text


@pytest.mark.parametrize("key", ["OutputKmsKey", "VolumeKmsKey"])
def test_a_key_counts_under_its_older_name_as_well(key: str):
    assert launches({f"sagemaker:{key}Arn": None, f"sagemaker:{key}": KEY})
    assert not launches({f"sagemaker:{key}Arn": None, f"sagemaker:{key}": OTHER_KEY})


def test_a_family_with_local_disks_needs_no_key_for_its_volume():
    types = {"sagemaker:InstanceTypes": ["ml.g5.2xlarge"]}
    assert launches(types | {"sagemaker:VolumeKmsKeyArn": None})
    assert not launches(types | {"sagemaker:VolumeKmsKeyArn": OTHER_KEY})


@pytest.mark.parametrize(
    "changes",
    [
        {"sagemaker:VpcSubnets": ["subnet-1", "subnet-9"]},
        {"sagemaker:VpcSubnets": None},
        {"sagemaker:VpcSecurityGroupIds": ["sg-9"]},
        {"sagemaker:VpcSecurityGroupIds": None},
        {"sagemaker:InstanceTypes": ["ml.p5.48xlarge"]},
        {"sagemaker:InstanceTypes": ["ml.c5.xlarge", "ml.p5.48xlarge"]},
        {"sagemaker:InstanceTypes": ["ml.c5n.xlarge"]},
        {"sagemaker:InstanceTypes": None},
        {"sagemaker:NetworkIsolation": "false"},
        {"sagemaker:NetworkIsolation": None},
        {"sagemaker:InterContainerTrafficEncryption": "false"},
        {"sagemaker:OutputKmsKeyArn": OTHER_KEY},
        {"sagemaker:OutputKmsKeyArn": None},
        {"sagemaker:VolumeKmsKeyArn": OTHER_KEY},
        {"sagemaker:VolumeKmsKeyArn": None},
        {"sagemaker:EnableRemoteDebug": "true"},
        {f"aws:RequestTag/{OWNER_TAG}": "artifacts-of-another-stack"},
        {f"aws:RequestTag/{OWNER_TAG}": ROLE},
        {"aws:RequestTag/team": "vision"},
        {"aws:RequestTag/team": None},
    ],
    ids=str,
)
def test_a_launch_elsewhere_or_without_a_control_is_refused(changes: dict[str, Any]):
    assert not launches(changes)
    if "sagemaker:EnableRemoteDebug" not in changes:
        context = {key: value for key, value in (LAUNCH | changes).items() if value is not None}
        assert not allowed(deployer_policy(TUNING), CREATE_TUNING, TUNING_JOB, context)


def test_a_job_of_another_name_is_refused():
    other = JOB.replace("research-dev", "vision-dev")
    assert not allowed(deployer_policy(SCOPE), CREATE, other, LAUNCH)


def test_what_some_of_the_jobs_need_is_allowed_to_all():
    lenient = replace(LIMITS, isolated=False)
    assert launches({"sagemaker:NetworkIsolation": "false"}, lenient)
    assert not launches({"sagemaker:InterContainerTrafficEncryption": "false"}, lenient)


MANAGED = SITE.arn("sagemaker", "mlflow-tracking-server/research")
APP = SITE.arn("sagemaker", "mlflow-app/app-0123")


@pytest.mark.parametrize("server", ["https://mlflow.example.org", MANAGED, APP, "wandb://research"])
def test_where_metrics_are_shown_the_records_of_jobs_are_read_and_points_are_kept(server: str):
    policy = deployer_policy(replace(SCOPE, tracking=server))
    output = f"{BUCKET}/output/research-dev-digits/job"
    assert allowed(policy, "s3:GetObject", f"{output}/run.json", {})
    for action in ("s3:GetObject", "s3:PutObject"):
        assert allowed(policy, action, f"{output}/metrics.jsonl", {})
        assert not allowed(policy, action, f"{output}/output/model.tar.gz", {})
        assert not allowed(deployer_policy(SCOPE), action, f"{output}/metrics.jsonl", {})
    assert not allowed(policy, "s3:GetObject", f"{output}/trials.json", {})


def test_where_an_update_waits_the_report_is_written_beside_the_record_and_only_there():
    output = f"{BUCKET}/output/research-dev-digits/job"
    waiting, tuning = (deployer_policy(replace(each, waits=True)) for each in (SCOPE, TUNING))
    assert allowed(waiting, "s3:PutObject", f"{output}/report.html", {})
    for policy, read in ((waiting, ["metrics.jsonl", "run.json"]), (tuning, ["trials.json"])):
        assert all(allowed(policy, "s3:GetObject", f"{output}/{each}", {}) for each in read)
    for path in ("output/model.tar.gz", "output/run.json.gz", "trials.json"):
        assert not allowed(waiting, "s3:GetObject", f"{output}/{path}", {})
    assert not allowed(deployer_policy(SCOPE), "s3:PutObject", f"{output}/report.html", {})
    assert not allowed(waiting, "s3:PutObject", f"{BUCKET}/checkpoints/a/report.html", {})


def test_a_managed_server_is_called_as_the_reader_does_and_no_other_one():
    policy = deployer_policy(replace(SCOPE, tracking=MANAGED))
    assert findings(policy) == findings(deployer_policy(SCOPE))
    assert allowed(policy, "sagemaker-mlflow:LogBatch", MANAGED, {})
    assert not allowed(policy, "sagemaker-mlflow:LogBatch", f"{MANAGED}-2", {})
    assert not allowed(policy, "sagemaker-mlflow:DeleteExperiment", MANAGED, {})
    assert "sagemaker:CallMlflowAppApi" not in actions(policy)


def test_an_app_has_one_action_for_all_calls():
    policy = deployer_policy(replace(SCOPE, tracking=APP))
    assert scope(policy, "sagemaker:CallMlflowAppApi") == [([APP], {})]
    assert "mlflow:" not in json.dumps(policy)


@pytest.mark.parametrize("server", ["", "https://mlflow.example.org", "wandb://research"])
def test_another_server_gets_no_action(server: str):
    assert "lflow" not in json.dumps(deployer_policy(replace(SCOPE, tracking=server)))


def test_only_the_execution_role_is_passed_and_only_to_sagemaker():
    assert scope(deployer_policy(SCOPE), "iam:PassRole") == [
        ([ROLE], {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})
    ]


@pytest.mark.parametrize("module", [found_jobs, ending, service_record, warm_pool, waiting, trials])
def test_every_call_of_a_jobs_life_is_allowed(module: ModuleType):
    source = inspect.getsource(module)
    calls = re.findall(r"client\.(?:get_paginator\(\"(\w+)\"|((?!get_paginator)\w+)\()", source)
    named = {
        "".join(part.title() for part in (one or other).split("_")).replace("Hyperp", "HyperP")
        for one, other in calls
    }
    assert named
    assert {f"sagemaker:{each}" for each in named} <= actions(deployer_policy(TUNING))


@pytest.mark.parametrize(
    ("kind", "scope"), [(sagemaker_jobs.TRAINING_JOB, SCOPE), (sagemaker_jobs.TUNING_JOB, TUNING)]
)
def test_every_call_of_a_kind_of_job_is_allowed(kind: JobKind, scope: DeployerScope):
    verbs = re.findall(r'getattr\(client, f"(\w+)_\{', inspect.getsource(sagemaker_jobs))
    calls = [*(f"{verb.title()}{kind.resource}" for verb in verbs), f"List{kind.resource}s"]
    assert len(calls) == 4
    assert {f"sagemaker:{each}" for each in calls} <= actions(deployer_policy(scope))


@pytest.mark.parametrize("action", ["StopTrainingJob", "AddTags", "DeleteTags"])
def test_only_jobs_of_the_stack_are_stopped_and_tagged(action: str):
    policy = deployer_policy(SCOPE)
    tag = f"aws:ResourceTag/{OWNER_TAG}"
    assert allowed(policy, f"sagemaker:{action}", JOB, {tag: "team-artifacts"})
    assert not allowed(policy, f"sagemaker:{action}", JOB, {tag: "another"})
    assert not allowed(policy, f"sagemaker:{action}", JOB, {})


@pytest.mark.parametrize("action", ["StopHyperParameterTuningJob", "AddTags", "DeleteTags"])
def test_only_tuning_jobs_of_the_stack_are_stopped_and_tagged(action: str):
    policy, action = deployer_policy(TUNING), f"sagemaker:{action}"
    own = {f"aws:ResourceTag/{OWNER_TAG}": "team-artifacts"}
    assert allowed(policy, action, TUNING_JOB, own)
    assert not allowed(policy, action, TUNING_JOB, {f"aws:ResourceTag/{OWNER_TAG}": "another"})
    assert not allowed(policy, action, SITE.arn("sagemaker", "hyper-parameter-tuning-job/x"), own)


def test_trials_are_read_and_never_stopped_or_tagged_one_by_one():
    policy, own = deployer_policy(TUNING), {f"aws:ResourceTag/{OWNER_TAG}": "team-artifacts"}
    for action in ("DescribeTrainingJob", "ListTags"):
        assert allowed(policy, f"sagemaker:{action}", TRIAL, {})
        assert not allowed(deployer_policy(SCOPE), f"sagemaker:{action}", TRIAL, {})
    for action in ("StopTrainingJob", "AddTags", "DeleteTags", "UpdateTrainingJob"):
        assert not allowed(policy, f"sagemaker:{action}", TRIAL, own)


def test_tuning_jobs_are_described_and_listed_with_their_trials():
    policy = deployer_policy(TUNING)
    for action in (
        "DescribeHyperParameterTuningJob",
        "ListTrainingJobsForHyperParameterTuningJob",
        "ListTags",
    ):
        assert allowed(policy, f"sagemaker:{action}", TUNING_JOB, {})
    for action in ("ListHyperParameterTuningJobs", "Search"):
        assert allowed(policy, f"sagemaker:{action}", "*", {})


def test_the_logs_of_the_stacks_trials_are_read():
    trial = TRIAL.rpartition("/")[2]
    stream = SITE.arn("logs", f"log-group:{TRAINING_LOGS}:log-stream:{trial}/algo-1-1")
    assert allowed(deployer_policy(TUNING), "logs:GetLogEvents", stream, {})
    assert not allowed(deployer_policy(SCOPE), "logs:GetLogEvents", stream, {})


def test_no_remote_shell_is_opened_in_a_running_job():
    own = {f"aws:ResourceTag/{OWNER_TAG}": "team-artifacts"}
    update = "sagemaker:UpdateTrainingJob"
    assert allowed(deployer_policy(SCOPE), update, JOB, own)
    shell = own | {"sagemaker:EnableRemoteDebug": "true"}
    assert not allowed(deployer_policy(SCOPE), update, JOB, shell)


def test_only_the_execution_role_is_asked_what_it_may_do():
    assert scope(deployer_policy(SCOPE), "iam:SimulatePrincipalPolicy") == [([ROLE], {})]


def test_a_new_job_is_tagged_as_it_is_created():
    creating = {"sagemaker:TaggingAction": "CreateTrainingJob"}
    assert allowed(deployer_policy(SCOPE), "sagemaker:AddTags", JOB, creating)
    tuning = {"sagemaker:TaggingAction": "CreateHyperParameterTuningJob"}
    for job in (TUNING_JOB, TRIAL):
        assert allowed(deployer_policy(TUNING), "sagemaker:AddTags", job, tuning)
        assert not allowed(deployer_policy(SCOPE), "sagemaker:AddTags", job, tuning)


def test_a_stack_without_jobs_launches_and_passes_nothing():
    granted = actions(deployer_policy(replace(SCOPE, limits=None)))
    assert not granted & {CREATE, "iam:PassRole"}


def test_a_stack_without_alerts_reads_none():
    without = replace(SCOPE, alerts=False, dashboard=False)
    reads = actions(deployer_policy(SCOPE)) - actions(deployer_policy(without))
    services = {"budgets", "chatbot", "cloudwatch", "events", "sns", "states"}
    assert {each.partition(":")[0] for each in reads} == services


def test_only_the_stacks_own_dashboard_may_be_drawn_again_and_none_deleted():
    own = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/research-dev-alerts-0a1b2c3"
    another = own.replace("research-dev", "vision-dev")
    for action in ("cloudwatch:GetDashboard", "cloudwatch:PutDashboard"):
        assert allowed(deployer_policy(SCOPE), action, own, {})
        assert not allowed(deployer_policy(SCOPE), action, another, {})
        assert not allowed(deployer_policy(replace(SCOPE, dashboard=False)), action, own, {})
    assert not allowed(deployer_policy(SCOPE), "cloudwatch:DeleteDashboards", own, {})


def test_a_preview_may_have_a_changed_watchdog_validated():
    """AWS asks for the permission on all state machines: the definition has no ARN."""
    machines = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:*"
    validate = "states:ValidateStateMachineDefinition"
    assert allowed(deployer_policy(SCOPE), validate, machines, {})
    assert not allowed(deployer_policy(replace(SCOPE, alerts=False)), validate, machines, {})


WRITES = {
    "cloudwatch:PutDashboard",
    "iam:PassRole",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:AbortMultipartUpload",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "sagemaker:AddTags",
    "sagemaker:CreateTrainingJob",
    "sagemaker:DeleteTags",
    "sagemaker:StopTrainingJob",
    "sagemaker:UpdateTrainingJob",
}


_READING = ("BatchGet", "Describe", "Get", "List", "Search", "Simulate", "Validate", "View")


def test_a_deployer_changes_jobs_and_uploads_and_nothing_else():
    changing = {
        action
        for action in actions(deployer_policy(SCOPE))
        if not action.partition(":")[2].startswith(_READING)
    }
    assert changing == WRITES
    further = actions(deployer_policy(TUNING)) - actions(deployer_policy(SCOPE))
    assert {each for each in further if not each.partition(":")[2].startswith(_READING)} == {
        CREATE_TUNING,
        "sagemaker:StopHyperParameterTuningJob",
    }


def test_a_deployer_reads_no_model_and_no_checkpoint():
    objects = [arn for arns, _ in scope(deployer_policy(SCOPE), "s3:GetObject") for arn in arns]
    assert objects == [f"{BUCKET}/inputs/*", f"{BUCKET}/source/*"]


def test_a_deployer_writes_the_record_of_a_run_beside_its_output_and_no_output():
    run = f"{BUCKET}/output/research-dev-digits/research-dev-digits-01234567-1"
    policy = deployer_policy(SCOPE)
    assert allowed(policy, "s3:PutObject", f"{run}/run.json", {})
    for path in ("output/model.tar.gz", "output/run.json.gz", "run.jsonl"):
        assert not allowed(policy, "s3:PutObject", f"{run}/{path}", {})
    assert not allowed(policy, "s3:GetObject", f"{run}/run.json", {})


def test_a_deployer_writes_the_table_of_a_tuning_jobs_trials_and_no_output_of_a_trial():
    table = f"{BUCKET}/output/research-dev-digits/{TUNING_JOB.rpartition('/')[2]}/trials.json"
    assert allowed(deployer_policy(TUNING), "s3:PutObject", table, {})
    assert not allowed(deployer_policy(SCOPE), "s3:PutObject", table, {})
    model = f"{BUCKET}/output/research-dev-digits/{TRIAL.rpartition('/')[2]}/output/model.tar.gz"
    assert not allowed(deployer_policy(TUNING), "s3:PutObject", model, {})


@pytest.mark.parametrize("deployed", [SCOPE, TUNING])
def test_no_action_is_a_pattern_and_only_lists_name_every_resource(deployed: DeployerScope):
    document = deployer_policy(deployed)
    assert not any("*" in action for action in actions(document))
    everywhere = {
        action
        for each in document["Statement"]
        if each["Effect"] == "Allow" and "*" in each["Resource"]
        for action in each["Action"]
    }
    everywhere -= {"sns:GetSubscriptionAttributes", "states:ValidateStateMachineDefinition"}
    assert all(
        each.partition(":")[2].startswith(("Describe", "List", "Search")) for each in everywhere
    )


def test_the_key_is_used_only_through_s3():
    through = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    assert scope(deployer_policy(SCOPE), "kms:GenerateDataKey") == [([KEY], through)]


def test_the_streams_of_the_jobs_log_group_are_listed_by_either_name_of_the_list():
    group = SITE.arn("logs", f"log-group:{TRAINING_LOGS}")
    for resource in (group, f"{group}:log-stream:"):
        assert allowed(deployer_policy(SCOPE), "logs:DescribeLogStreams", resource, {})


def test_every_statement_has_a_name_of_its_own():
    names = [each["Sid"] for each in deployer_policy(TUNING)["Statement"]]
    assert len(names) == len(set(names))


def job(**settings: Any) -> JobSettings:
    return JobSettings.model_validate({"image": "x"} | settings)


def test_the_limits_are_what_all_jobs_have_in_common():
    gpu, cpu = job(instanceCount=2), job(instanceType="ml.c5.xlarge", networkIsolation=False)
    assert launch_limits([gpu]) == LaunchLimits(["g5"], [], True)
    assert launch_limits([gpu, cpu]) == LaunchLimits(["c5", "g5"], ["c5"], False)
    assert launch_limits([]) is None


def test_a_deployer_looks_up_the_images_of_the_stacks_jobs_and_pulls_none():
    document = deployer_policy(SCOPE)
    assert allowed(document, "ecr:BatchGetImage", REPOSITORY, {})
    assert not allowed(document, "ecr:BatchGetImage", f"{REPOSITORY}-2", {})
    assert "ecr:GetDownloadUrlForLayer" not in actions(document)
    without_jobs = deployer_policy(replace(SCOPE, repository_arns=[]))
    assert not any(action.startswith("ecr:") for action in actions(without_jobs))


def test_a_launch_on_a_fallback_or_of_several_groups_is_within_the_limits():
    retried = job(instanceType="ml.c5.xlarge", fallbacks=[{"instanceType": "ml.g5.xlarge"}])
    groups = {"a": {"instanceType": "ml.m5.large"}, "b": {"instanceType": "ml.g5.xlarge"}}
    assert launch_limits([retried]) == LaunchLimits(["c5", "g5"], ["c5"], True)
    assert launch_limits([job(instanceGroups=groups)]) == LaunchLimits(["g5", "m5"], [], True)
