"""One job's settings and placement as the CreateTrainingJob request; no AWS call, no Pulumi.

Values that are known only while the stack is built (ARNs, URIs, ids) may be Pulumi outputs: they
are put into the request as they are. Instance type, count, spot, runtime and wait are always
plain, so that a preview and a policy see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.training_job.request.channels import input_channel
from components.training_job.request.definition import (
    CODE_CHANNEL,
    LAUNCHER_COMMAND,
    MACHINE_LEARNING_ROOT,
    Request,
    as_text,
)
from components.training_job.settings.input_settings import InputSettings
from components.training_job.settings.job_settings import JobSettings, SourceSettings

CHECKPOINT_PATH = f"{MACHINE_LEARNING_ROOT}/checkpoints"

SOURCE_ARCHIVE = "source.tar.gz"
"""The name of the packed source in the code channel."""

SECRET_VARIABLE_PREFIX = "SECRET_ARN_"  # noqa: S105 - a variable's name
"""How the container's variable begins that holds a secret's ARN; the secret's name follows."""

FALLBACK_MEMBERS = ("EnableManagedSpotTraining", "ResourceConfig", "StoppingCondition")
"""The members of a request that differ between a job's attempts."""


@dataclass(frozen=True)
class Placement:
    """Where a job runs and where its data lie; each value may be a Pulumi output.

    `input_uris` has the S3 URI of each channel that the stack uploads, `code_uri` that of the
    prefix with the launcher and the source archive, or None for a job without source.
    """

    role_arn: Any
    key_arn: Any
    subnet_ids: Any
    security_group_ids: Any
    output_uri: Any
    checkpoint_uri: Any
    code_uri: Any | None
    input_uris: Mapping[str, Any]
    tags: Mapping[str, str]


def training_request(job: JobSettings, placement: Placement) -> Request:
    """The CreateTrainingJob request, without the name and the tags of a launch.

    `extra` adds to it, and overrides nothing.
    """
    return _merged(_modelled(job, placement), job.extra)


def last_run_channels(job: JobSettings, lineages: Mapping[str, str]) -> list[dict[str, Any]]:
    """The channels that read the model of a last run, without its URI, and whose run it is.

    The URI is known only when the run is launched. `lineages` has what the lineages of all runs of
    a job begin with, by the name of the job.
    """
    return [
        {"job": lineages[channel.last_run_of], "channel": input_channel(name, channel, "")}
        for name, channel in sorted(job.inputs.items())
        if channel.last_run_of is not None
    ]


def fallback_requests(job: JobSettings, placement: Placement) -> list[Request]:
    """What each fallback changes in the request: these members replace those of the first choice.

    All other members are the same for every attempt, as is the definition.
    """
    requests = [training_request(variant, placement) for variant in job.variants[1:]]
    return [{key: request[key] for key in FALLBACK_MEMBERS} for request in requests]


def _merged(request: Request, extra: Mapping[str, Any]) -> Request:
    """The request with `extra` put in where the request says nothing."""
    result = dict(request)
    for key, value in extra.items():
        mine = result.get(key)
        if isinstance(mine, dict) and isinstance(value, Mapping):
            result[key] = _merged(mine, value)
        else:
            result.setdefault(key, value)
    return result


def _modelled(job: JobSettings, placement: Placement) -> Request:
    """The part of the request that the settings have words of their own for."""
    return _without_empty(
        {
            "AlgorithmSpecification": _algorithm(job),
            "HyperParameters": {k: as_text(v) for k, v in job.hyperparameters.items()},
            "Environment": {**job.environment, **secret_variables(job)},
            "InputDataConfig": _channels(job, placement),
            "OutputDataConfig": _output(job, placement),
            "RoleArn": placement.role_arn,
            "ResourceConfig": _resources(job, placement),
            "VpcConfig": {
                "Subnets": placement.subnet_ids,
                "SecurityGroupIds": placement.security_group_ids,
            },
            "EnableNetworkIsolation": job.network_isolation,
            # With one instance there is nothing to encrypt; scanners want it of every job.
            "EnableInterContainerTrafficEncryption": True,
            "EnableManagedSpotTraining": job.spot is not None,
            "StoppingCondition": _limits(job),
            "CheckpointConfig": _checkpoints(job, placement),
            "RetryStrategy": _retries(job),
            "Tags": [{"Key": key, "Value": value} for key, value in _tags(job, placement)],
        }
    )


def _algorithm(job: JobSettings) -> dict[str, Any]:
    return {
        **({"AlgorithmName": job.algorithm} if job.algorithm else {"TrainingImage": job.image}),
        "TrainingInputMode": "File",
        **_entry_point(job),
        "MetricDefinitions": [
            {"Name": name, "Regex": regex} for name, regex in sorted(job.metrics.items())
        ],
    }


def _entry_point(job: JobSettings) -> dict[str, Any]:
    """The launcher as the container's entry point; without source, the image's own."""
    if job.source is None:
        return {}
    return {
        "ContainerEntrypoint": list(LAUNCHER_COMMAND),
        "ContainerArguments": launcher_arguments(job, job.source),
    }


def launcher_arguments(job: JobSettings, source: SourceSettings) -> list[str]:
    """What the launcher is started with; the script's own arguments follow after `--`."""
    module = source.module
    entry = ["--entry-point", source.entry_point] if module is None else ["--module", module]
    arguments = ["--distribution", job.distribution, *entry]
    if job.distribution_groups:
        arguments += ["--groups", ",".join(job.distribution_groups)]
    if source.arguments:
        arguments += ["--", *source.arguments]
    return arguments


def _tags(job: JobSettings, placement: Placement) -> list[tuple[str, str]]:
    """The stack's tags and the job's own, which can't take their place."""
    return sorted((dict(job.tags) | dict(placement.tags)).items())


def secret_variables(job: JobSettings) -> dict[str, str]:
    """Where the launcher finds each secret; its value is never part of a request."""
    return {f"{SECRET_VARIABLE_PREFIX}{name}": secret.arn for name, secret in job.secrets.items()}


def _channels(job: JobSettings, placement: Placement) -> list[dict[str, Any]]:
    channels = [
        input_channel(name, channel, placement.input_uris.get(name, channel.s3_uri))
        for name, channel in sorted(job.inputs.items())
        if channel.last_run_of is None
    ]
    if placement.code_uri is not None:
        channels.append(input_channel(CODE_CHANNEL, InputSettings(), placement.code_uri))
    return channels


def _output(job: JobSettings, placement: Placement) -> dict[str, Any]:
    """Where the model goes; the service compresses it unless the request says otherwise."""
    output = {"S3OutputPath": placement.output_uri, "KmsKeyId": placement.key_arn}
    return output if job.compress_model else output | {"CompressionType": "NONE"}


def _resources(job: JobSettings, placement: Placement) -> dict[str, Any]:
    return _without_empty(
        {
            **_instances(job),
            "VolumeSizeInGB": job.volume_gb,
            "VolumeKmsKeyId": placement.key_arn if job.takes_volume_key else None,
            "KeepAlivePeriodInSeconds": job.keep_alive,
            "TrainingPlanArn": job.training_plan,
        }
    )


def _instances(job: JobSettings) -> dict[str, Any]:
    if job.instance_preferences:
        preferences = [
            {"InstanceType": each.instance_type, "InstanceCount": each.instance_count}
            for each in job.instance_preferences
        ]
        return {"InstancePreferences": preferences}
    if not job.instance_groups:
        return {"InstanceType": job.instance_type, "InstanceCount": job.instance_count}
    groups = [
        {
            "InstanceGroupName": name,
            "InstanceType": group.instance_type,
            "InstanceCount": group.instance_count,
        }
        for name, group in sorted(job.instance_groups.items())
    ]
    return {"InstanceGroups": groups}


def _limits(job: JobSettings) -> dict[str, Any]:
    return _without_empty(
        {
            "MaxRuntimeInSeconds": job.max_runtime,
            "MaxWaitTimeInSeconds": job.max_wait,
            "MaxPendingTimeInSeconds": job.max_pending,
        }
    )


def _checkpoints(job: JobSettings, placement: Placement) -> dict[str, Any] | None:
    if not job.keeps_checkpoints:
        return None
    return {"S3Uri": placement.checkpoint_uri, "LocalPath": CHECKPOINT_PATH}


def _retries(job: JobSettings) -> dict[str, Any] | None:
    return {"MaximumRetryAttempts": job.max_retries} if job.max_retries is not None else None


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without None and empty containers, which the engine would drop later on."""
    return {key: each for key, each in values.items() if not _is_empty(each)}


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, dict | list) and not value)
