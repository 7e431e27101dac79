"""What the jobs of a stack need: each thing once, and nothing that no job asks for."""

from __future__ import annotations

from typing import Any

from components.training_job.settings.input_settings import FileSystemSettings
from components.training_job.settings.job_needs import JobNeeds, needs_of
from components.training_job.settings.job_settings import JobSettings

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d"
EFS = {
    "id": "fs-0123456789abcdef0",
    "type": "EFS",
    "directoryPath": "/data",
    "securityGroupId": "sg-0123456789abcdef0",
}


def needs(*jobs: dict[str, Any]) -> JobNeeds:
    return needs_of(JobSettings.model_validate({"image": IMAGE} | job) for job in jobs)


def test_a_stack_without_jobs_needs_nothing() -> None:
    assert needs() == JobNeeds([], [], [], [], [], [], volume_encryption=False)


def test_what_several_jobs_need_is_named_once() -> None:
    job = {
        "inputs": {
            "a": {"s3Uri": "s3://data/train/", "keyArn": KEY},
            "b": {"fileSystem": EFS},
            "c": {"path": "data"},
        },
        "secrets": {"TOKEN": ARN, "OTHER": {"arn": f"{ARN[:-1]}g", "keyArn": KEY}},
        "instanceType": "ml.c5.xlarge",
    }
    assert needs(job, job) == JobNeeds(
        repository_arns=["arn:aws:ecr:us-east-1:123456789012:repository/training"],
        input_prefixes=["s3://data/train/"],
        input_key_arns=[KEY],
        secret_arns=[ARN, f"{ARN[:-1]}g"],
        secret_key_arns=[KEY],
        file_systems=[FileSystemSettings.model_validate(EFS)],
        volume_encryption=True,
    )


def test_a_manifest_and_what_it_names_are_both_read() -> None:
    channel = {
        "s3Uri": "s3://data/lists/a.manifest",
        "s3DataType": "ManifestFile",
        "manifestPrefixes": ["s3://data/images/"],
    }
    job = {"inputs": {"train": channel}}
    assert needs(job).input_prefixes == ["s3://data/images/", "s3://data/lists/a.manifest"]


def test_an_algorithm_has_no_repository_of_ours() -> None:
    assert needs({"image": None, "algorithm": "scan"}).repository_arns == []


def test_a_fallback_with_volumes_of_its_own_takes_the_key() -> None:
    local = {"instanceType": "ml.g5.2xlarge"}
    assert needs(local).volume_encryption is False
    assert needs(local | {"fallbacks": [{"instanceType": "ml.p3.2xlarge"}]}).volume_encryption


def test_a_stack_tunes_if_one_of_its_jobs_does() -> None:
    job = JobSettings.model_validate({"image": IMAGE})
    tuning = job.model_copy(update={"tuning": {"maxTrials": 20}})
    assert needs_of([job, tuning]).tuning
    assert not needs_of([job, job]).tuning
