"""What the jobs of a stack use outside the stack, from the settings of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.arns import repository_arn
from components.training_job.settings.input_settings import FileSystemSettings
from components.training_job.settings.job_settings import JobSettings


@dataclass(frozen=True)
class JobNeeds:
    """What all jobs together use outside the stack; each list is sorted, without repetitions.

    Attributes:
        repository_arns: the ECR repositories of their images.
        input_prefixes: `s3://` URIs of inputs in other buckets.
        input_key_arns: the customer managed keys that encrypt those inputs.
        secret_arns: their secrets in Secrets Manager.
        secret_key_arns: the customer managed keys that encrypt those secrets.
        file_systems: the file systems that they mount.
        volume_encryption: whether a job, or one of its fallbacks, has volumes that take a key.
        tuning: whether a job tunes hyperparameters.
        last_models: whether a job reads the model of a last run.
    """

    repository_arns: Sequence[str] = ()
    input_prefixes: Sequence[str] = ()
    input_key_arns: Sequence[str] = ()
    secret_arns: Sequence[str] = ()
    secret_key_arns: Sequence[str] = ()
    file_systems: Sequence[FileSystemSettings] = ()
    volume_encryption: bool = False
    tuning: bool = False
    last_models: bool = False


def needs_of(jobs: Iterable[JobSettings]) -> JobNeeds:
    """What these jobs use outside the stack."""
    jobs = list(jobs)
    channels = [channel for job in jobs for channel in job.inputs.values()]
    secrets = [secret for job in jobs for secret in job.secrets.values()]
    mounted = [channel.file_system for channel in channels if channel.file_system]
    return JobNeeds(
        repository_arns=_sorted(repository_arn(job.image) for job in jobs if job.image),
        input_prefixes=_sorted(uri for channel in channels for uri in channel.prefixes),
        input_key_arns=_sorted(channel.key_arn for channel in channels),
        secret_arns=_sorted(secret.arn for secret in secrets),
        secret_key_arns=_sorted(secret.key_arn for secret in secrets),
        file_systems=sorted(set(mounted), key=lambda each: each.model_dump_json()),
        volume_encryption=any(each.takes_volume_key for job in jobs for each in job.variants),
        tuning=any(job.tuning for job in jobs),
        last_models=any(channel.last_run_of is not None for channel in channels),
    )


def _sorted(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value})
