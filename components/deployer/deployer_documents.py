"""The documents of the deployer role: who may assume it, and what it may do.

The role is for a pipeline that runs `pulumi up` on a stack that an administrator has built: it
reads all of the stack, uploads sources and inputs, and launches, stops and tags the stack's jobs.
It can change no role, policy, key or network. Above all it can't change a role that it may pass to
a service: through that service it could do everything that it writes into the role's policy.

SageMaker's condition keys say where a job runs and how it is encrypted. None of them says how many
instances it has, or whether it runs on spot capacity: only a policy pack can check that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from components.artifact_layout import (
    INPUTS,
    METRICS_FILE,
    OUTPUT,
    REPORT_PAGE,
    SOURCE,
    TRIALS_TABLE,
    objects_arn,
)
from components.deployer.deployer_reads import actions_of, read_statements
from components.deployer.deployer_scope import DeployerScope, LaunchLimits
from components.policy_documents import Document, Statement, allow, document, through_service
from components.problems import Problem
from components.site import Site
from components.training_job.request.job_tags import OWNER_TAG
from components.training_job.run.run_record import RUN_RECORD

GITHUB_ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"

_OUTPUT_KEYS = ("sagemaker:OutputKmsKey", "sagemaker:OutputKmsKeyArn")
_VOLUME_KEYS = ("sagemaker:VolumeKmsKey", "sagemaker:VolumeKmsKeyArn")
"""The two names of each condition key: the first is in AWS's guide, the second in its service
reference. Conditions name both, so that it doesn't matter which of them AWS sends."""

PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+")
SUBJECT = re.compile(
    r"repo:[\w.@-]+/[\w.@-]+:(environment:|ref:refs/(heads|tags)/)[^*?:\s]+"
    r"(:job_workflow_ref:[\w.@-]+/[\w.@-]+/\.github/workflows/[\w.-]+\.ya?ml@[^*?:\s]+)?"
)
"""An environment or a branch, and the workflow that a repository may add to its subjects. GitHub
writes a colon in a name as %3A."""
MLFLOW_ACTIONS = (
    "sagemaker-mlflow",
    "CreateExperiment CreateRun DeleteRun GetExperimentByName GetMetricHistory GetRun LogBatch "
    "SearchRuns UpdateRun",
)
"""What the reader in tracking/ calls of MLflow's API."""

_TYPES = "sagemaker:InstanceTypes"
_LIST_TRIALS = "sagemaker:ListTrainingJobsForHyperParameterTuningJob"
_NO_REMOTE_SHELL = {"BoolIfExists": {"sagemaker:EnableRemoteDebug": "false"}}
"""A remote shell could do everything that the job's container can. A tuning job can open none in
its trials, and its launch has no such key."""


def principal_problems(arns: Sequence[str]) -> list[Problem]:
    """The trusted principals that are not one role or one user; paths relative to the list."""
    remedy = "write one role or user, as arn:aws:iam::123456789012:role/pipeline"
    return [
        Problem(str(position), arn, "is not the ARN of one role or user", remedy)
        for position, arn in enumerate(arns)
        if not PRINCIPAL.fullmatch(arn)
    ]


def subject_problems(subjects: Sequence[str]) -> list[Problem]:
    """The GitHub subjects that are not one environment or branch; paths relative to the list.

    A subject may also name the workflow that runs there, as `job_workflow_ref`.

    The code of a pull request has not been reviewed yet, and must not launch anything.
    """
    remedy = "write one environment or branch, as repo:acme/platform:environment:production"
    return [
        Problem(str(position), subject, "is not the subject of one environment or branch", remedy)
        for position, subject in enumerate(subjects)
        if not SUBJECT.fullmatch(subject)
    ]


def deployer_trust(
    site: Site, principals: Sequence[str], github_subjects: Sequence[str]
) -> Document:
    """Only these roles and users, and exactly these subjects of GitHub's tokens."""
    statements: list[Statement] = []
    if principals:
        statements.append(
            {
                "Sid": "AssumeByPrincipals",
                "Effect": "Allow",
                "Principal": {"AWS": sorted(principals)},
                "Action": "sts:AssumeRole",
            }
        )
    if github_subjects:
        provider = site.global_arn("iam", f"oidc-provider/{GITHUB_ISSUER}")
        claims = {
            f"{GITHUB_ISSUER}:aud": AUDIENCE,
            f"{GITHUB_ISSUER}:sub": sorted(github_subjects),
        }
        statements.append(
            {
                "Sid": "AssumeByWorkflows",
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": claims},
            }
        )
    return document(statements)


def deployer_policy(scope: DeployerScope) -> Document:
    """What a pipeline may do in `pulumi preview`, `pulumi refresh` and `pulumi up`."""
    return document(
        [
            *read_statements(scope),
            *_upload_statements(scope),
            *_job_statements(scope),
            *(_launch_statements(scope, scope.limits) if scope.limits else []),
            *_tracking_statements(scope),
        ]
    )


def _upload_statements(scope: DeployerScope) -> list[Statement]:
    """Writing sources and inputs, not deleting them; of an overwritten one, a version is kept."""
    bucket = scope.artifact_bucket_arn
    uploads = [objects_arn(bucket, kind) for kind in (INPUTS, SOURCE)]
    records = [
        RUN_RECORD,
        *([TRIALS_TABLE] if scope.tunes else []),
        *([METRICS_FILE] if _reads_records(scope) else []),
        *([REPORT_PAGE] if scope.waits else []),
    ]
    actions = "AbortMultipartUpload GetObject GetObjectTagging PutObject PutObjectTagging"
    use = allow("UseKeyThroughS3", ["kms:Decrypt", "kms:GenerateDataKey"], [scope.key_arn])
    return [
        allow("UploadSourcesAndInputs", actions_of("s3", actions), uploads),
        allow(
            "WriteRunRecords",
            actions_of("s3", "GetObject PutObject" if _reads_records(scope) else "PutObject"),
            [objects_arn(bucket, OUTPUT, f"*/{record}") for record in records],
        ),
        {**use, "Condition": through_service("s3", scope.site)},
    ]


def _job_statements(scope: DeployerScope) -> list[Statement]:
    """Stopping and tagging also asks for the owner's tag, as names are not enough.

    Jobs of a stack `research-dev-2` have names that begin as those of `research-dev` do.

    A statement may be about training jobs and tuning jobs, as in the reads of a deployer. Trials
    are only read: SageMaker stops them with their tuning job.
    """
    own = {"StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": scope.owner}}
    reads = ["sagemaker:DescribeTrainingJob", "sagemaker:ListTags"]
    writes = ["sagemaker:AddTags", "sagemaker:DeleteTags", "sagemaker:StopTrainingJob"]
    readable = _jobs(scope)
    if scope.tunes:
        reads += ["sagemaker:DescribeHyperParameterTuningJob", _LIST_TRIALS]
        writes.append("sagemaker:StopHyperParameterTuningJob")
        readable.append(scope.site.trials_arn)
    return [
        allow("ReadJobs", reads, readable),
        {**allow("StopAndTagJobs", writes, _jobs(scope)), "Condition": own},
        {
            **allow("GiveBackWarmPools", ["sagemaker:UpdateTrainingJob"], [scope.site.jobs_arn]),
            "Condition": {**own, **_NO_REMOTE_SHELL},
        },
    ]


def _launch_statements(scope: DeployerScope, limits: LaunchLimits) -> list[Statement]:
    calls = ["CreateTrainingJob", *(["CreateHyperParameterTuningJob"] if scope.tunes else [])]
    creations = [f"sagemaker:{call}" for call in calls]
    new = {"StringEquals": {"sagemaker:TaggingAction": calls if scope.tunes else calls[0]}}
    # AWS doesn't say whether the caller also needs to tag the trials, which get the same tags.
    tagged = [*_jobs(scope), *([scope.site.trials_arn] if scope.tunes else [])]
    sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    launch = allow("LaunchJobs", creations, [*_jobs(scope), *_reserved(scope, limits)])
    plans = list(limits.training_plans)
    statements: list[Statement] = [
        {**launch, "Condition": _launch_conditions(scope, limits)},
        *([allow("ReadTrainingPlans", ["sagemaker:DescribeTrainingPlan"], plans)] if plans else ()),
        {**allow("TagNewJobs", ["sagemaker:AddTags"], tagged), "Condition": new},
        {
            **allow("PassExecutionRole", ["iam:PassRole"], [scope.execution_role_arn]),
            "Condition": sagemaker,
        },
        allow("AskWhatJobsMayDo", ["iam:SimulatePrincipalPolicy"], [scope.execution_role_arn]),
        _deny_launch("DenyOutputWithoutKey", creations, _absent(_OUTPUT_KEYS)),
    ]
    if limits.encrypted_families:
        types = {"ForAnyValue:StringLike": {_TYPES: _types(limits.encrypted_families)}}
        volumes = {**_absent(_VOLUME_KEYS), **types}
        statements.append(_deny_launch("DenyVolumesWithoutKey", creations, volumes))
    return statements


def _reads_records(scope: DeployerScope) -> bool:
    """Whether the records of earlier runs are read, and the points of their metrics are kept."""
    return scope.waits or bool(scope.tracking)


def _tracking_statements(scope: DeployerScope) -> list[Statement]:
    """What `python -m tracking sync` calls of a server that SageMaker manages.

    A tracking server has an action for each call of MLflow's API. An app has one for all.
    """
    if ":mlflow-tracking-server/" in scope.tracking:
        return [allow("ShowMetrics", actions_of(*MLFLOW_ACTIONS), [scope.tracking])]
    if ":mlflow-app/" in scope.tracking:
        return [allow("ShowMetrics", ["sagemaker:CallMlflowAppApi"], [scope.tracking])]
    return []


def _jobs(scope: DeployerScope) -> list[str]:
    """What the stack launches, without the trials: training jobs, and tuning jobs if it tunes."""
    return [scope.site.jobs_arn, *([scope.site.tuning_jobs_arn] if scope.tunes else [])]


def _reserved(scope: DeployerScope, limits: LaunchLimits) -> list[str]:
    """What a launch on a training plan is authorized on besides the job.

    AWS's own policy for AWS Batch names both the plan and its reserved capacities.
    """
    plans = list(limits.training_plans)
    return [*plans, scope.site.arn("sagemaker", "reserved-capacity/*")] if plans else []


def _launch_conditions(scope: DeployerScope, limits: LaunchLimits) -> dict[str, Any]:
    """What a launch must have. `ForAllValues` is also true of no value: `Null` asks for one."""
    network = {
        "sagemaker:VpcSubnets": list(scope.subnet_ids),
        "sagemaker:VpcSecurityGroupIds": list(scope.security_group_ids),
    }
    flags = {
        "sagemaker:InterContainerTrafficEncryption": "true",
        **({"sagemaker:NetworkIsolation": "true"} if limits.isolated else {}),
    }
    tags = {OWNER_TAG: scope.owner, **scope.site.tags}
    return {
        "Bool": flags,
        "ForAllValues:StringEquals": network,
        "ForAllValues:StringLike": {_TYPES: _types(limits.families)},
        "Null": dict.fromkeys([*network, _TYPES], "false"),
        "ArnEqualsIfExists": dict.fromkeys([*_OUTPUT_KEYS, *_VOLUME_KEYS], scope.key_arn),
        **_NO_REMOTE_SHELL,
        "StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()},
    }


def _deny_launch(sid: str, actions: Sequence[str], condition: dict[str, Any]) -> Statement:
    return {**allow(sid, actions, ["*"]), "Effect": "Deny", "Condition": condition}


def _absent(keys: Sequence[str]) -> dict[str, Any]:
    return {"Null": dict.fromkeys(keys, "true")}


def _types(families: Sequence[str]) -> list[str]:
    return [f"ml.{family}.*" for family in families]
