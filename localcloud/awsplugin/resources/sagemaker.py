"""SageMaker's model package groups, and training jobs as the provider itself makes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import AwsError, Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    answer_or_none,
    every,
    present,
    tag_changes,
    tag_list,
    tag_map,
    to_api,
)

_GONE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")
_ENDED = ("Completed", "Failed", "Stopped")
_STOP_SECONDS = 300
_POLL_SECONDS = 0.5
# Names of a job's fields that are not simply capitalised in the API.
_FIELDS = {
    "containerEntrypoints": "ContainerEntrypoint",
    "enableSagemakerMetricsTimeSeries": "EnableSageMakerMetricsTimeSeries",
    "inputDataConfigs": "InputDataConfig",
    "volumeSizeInGb": "VolumeSizeInGB",
}
_JOB = (
    "algorithmSpecification checkpointConfig debugHookConfig debugRuleConfigurations"
    " enableInterContainerTrafficEncryption enableManagedSpotTraining enableNetworkIsolation"
    " environment experimentConfig hyperParameters infraCheckConfig inputDataConfigs mlflowConfig"
    " modelPackageConfig outputDataConfig profilerConfig profilerRuleConfigurations"
    " remoteDebugConfig resourceConfig retryStrategy roleArn serverlessJobConfig"
    " sessionChainingConfig stoppingCondition tensorBoardOutputConfig trainingJobName vpcConfig"
)
# Maps whose keys are the user's own, not field names.
_MAPS = ("environment", "hyperParameters")


def _group_request(inputs: Properties) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": inputs["modelPackageGroupName"],
        "Tags": tag_list(inputs.get("tagsAll")),
        **present(ModelPackageGroupDescription=inputs.get("modelPackageGroupDescription")),
    }


def _create_group(cloud: Cloud, inputs: Properties) -> str:
    cloud.client("sagemaker").create_model_package_group(**_group_request(inputs))
    return str(inputs["modelPackageGroupName"])


def _tags(cloud: Cloud, arn: str) -> dict[str, str]:
    return tag_map(every(cloud.client("sagemaker"), "list_tags", "Tags", ResourceArn=arn))


def _read_group(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:  # noqa: ARG001
    sagemaker = cloud.client("sagemaker")
    group = answer_or_none(
        lambda: sagemaker.describe_model_package_group(ModelPackageGroupName=identity), *_GONE
    )
    if group is None:
        return None
    return {
        "arn": group["ModelPackageGroupArn"],
        "modelPackageGroupName": identity,
        "modelPackageGroupDescription": group.get("ModelPackageGroupDescription", ""),
        "tagsAll": _tags(cloud, group["ModelPackageGroupArn"]),
    }


def _update_tags(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:  # noqa: ARG001
    sagemaker, arn = cloud.client("sagemaker"), state["arn"]
    tags, gone = tag_changes(state, inputs)
    if gone:
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=gone)
    if tags:
        sagemaker.add_tags(ResourceArn=arn, Tags=tag_list(tags))


def _delete_group(cloud: Cloud, identity: str, state: Properties) -> None:
    sagemaker = cloud.client("sagemaker")
    if _read_group(cloud, identity, state):
        answer_or_none(
            lambda: sagemaker.delete_model_package_group(ModelPackageGroupName=identity), *_GONE
        )


def _job_failures(inputs: Properties) -> Iterator[Failure]:
    if not inputs.get("algorithmSpecification") and not inputs.get("serverlessJobConfig"):
        yield Failure("algorithmSpecification", "or serverlessJobConfig must be set")


def _create_job(cloud: Cloud, inputs: Properties) -> str:
    given = {name: inputs[name] for name in _JOB.split() if inputs.get(name) is not None}
    request = to_api({n: v for n, v in given.items() if n not in _MAPS}, _FIELDS)
    request |= {name[:1].upper() + name[1:]: given[name] for name in _MAPS if name in given}
    cloud.client("sagemaker").create_training_job(**request, Tags=tag_list(inputs.get("tagsAll")))
    return str(inputs["trainingJobName"])


def _job(cloud: Cloud, name: str) -> dict[str, Any] | None:
    sagemaker = cloud.client("sagemaker")
    found = answer_or_none(lambda: sagemaker.describe_training_job(TrainingJobName=name), *_GONE)
    return dict(found) if found else None


def _read_job(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    """Return the job; a job cannot be edited, so that what it was asked to be is what it is."""
    job = _job(cloud, identity)
    if job is None:
        return None
    kept = {name: previous.get(name) for name in _JOB.split()}
    return {
        **kept,
        "arn": job["TrainingJobArn"],
        "trainingJobName": identity,
        "roleArn": job["RoleArn"],
        "tagsAll": _tags(cloud, job["TrainingJobArn"]),
    }


def _delete_job(cloud: Cloud, identity: str, state: Properties) -> None:  # noqa: ARG001
    """Stop the job, wait for its end and delete its record."""
    sagemaker, deadline = cloud.client("sagemaker"), time.monotonic() + _STOP_SECONDS
    job = _job(cloud, identity)
    if job and job["TrainingJobStatus"] == "InProgress":
        sagemaker.stop_training_job(TrainingJobName=identity)
    while job and job["TrainingJobStatus"] not in _ENDED:
        if time.monotonic() > deadline:
            message = f"the job has not stopped within {_STOP_SECONDS} seconds"
            raise AwsError("StopTrainingJob", "Timeout", message)
        time.sleep(_POLL_SECONDS)
        job = _job(cloud, identity)
    if job:
        answer_or_none(lambda: sagemaker.delete_training_job(TrainingJobName=identity), *_GONE)


TYPES = (
    ResourceType(
        type="aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        create=_create_group,
        read=_read_group,
        update=_update_tags,
        delete=_delete_group,
        required=names("modelPackageGroupName"),
        replaces=names("modelPackageGroupDescription modelPackageGroupName"),
        outputs=names("arn"),
        tagged=True,
    ),
    ResourceType(
        type="aws:sagemaker/trainingJob:TrainingJob",
        create=_create_job,
        read=_read_job,
        update=_update_tags,
        delete=_delete_job,
        validate=_job_failures,
        required=names("roleArn trainingJobName"),
        replaces=names(_JOB),
        write_only=names("deleteModelPackagesOnDestroy deleteVpcEnisOnDestroy timeouts"),
        outputs=names("arn"),
        tagged=True,
        delete_before_replace=True,
    ),
)
