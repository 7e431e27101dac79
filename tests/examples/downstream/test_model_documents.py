"""What the downstream stack writes about a model, from plain values."""

from __future__ import annotations

import json
from typing import Any

import pytest

import model_documents as documents
from platform_outputs import ModelOutputs

KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d"
MODEL = "s3://bucket/output/research-dev-digits/research-dev-digits-01234567-1/output/model.tar.gz"
ROOT = "arn:aws:iam::123456789012:root"


def statements(document: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(document)["Statement"]
    return found


def test_a_consumer_reads_the_output_of_one_job_and_does_nothing_else():
    read, decrypt = statements(documents.consumer_policy(MODEL, KEY))
    assert (read["Action"], decrypt["Action"]) == ("s3:GetObject", "kms:Decrypt")
    prefix = "output/research-dev-digits/research-dev-digits-01234567-1"
    assert read["Resource"] == f"arn:aws:s3:::bucket/{prefix}/*"
    assert decrypt["Resource"] == KEY
    via_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    assert decrypt["Condition"] == via_s3


def test_the_files_of_a_model_that_is_no_archive_can_be_listed_too():
    files = MODEL.replace("model.tar.gz", "model/")
    *others, names = statements(documents.consumer_policy(files, KEY))
    assert others == statements(documents.consumer_policy(MODEL, KEY))
    assert (names["Action"], names["Resource"]) == ("s3:ListBucket", "arn:aws:s3:::bucket")
    [pattern] = names["Condition"]["StringLike"].values()
    assert pattern == files.removeprefix("s3://bucket/") + "*"


def test_in_china_the_names_are_those_of_its_partition():
    key = KEY.replace("arn:aws:kms:us-east-1", "arn:aws-cn:kms:cn-north-1")
    read, decrypt = statements(documents.consumer_policy(MODEL, key))
    assert read["Resource"].startswith("arn:aws-cn:s3:::bucket/")
    assert "s3.cn-north-1.amazonaws.com.cn" in json.dumps(decrypt["Condition"])


@pytest.mark.parametrize(
    "uri",
    ["", "s3://bucket/model.tar.gz", "s3://bucket/output/model.tar.gz", MODEL + ".old"],
)
def test_what_is_no_jobs_model_grants_nothing(uri: str):
    with pytest.raises(ValueError, match=r"model\.tar\.gz"):
        documents.consumer_policy(uri, KEY)


def test_only_the_named_consumers_may_assume_the_role():
    role = "arn:aws:iam::123456789012:role/serving/endpoint"
    [statement] = statements(documents.consumer_trust([role, ROOT]))
    assert statement["Principal"] == {"AWS": [role, ROOT]}
    assert statement["Action"] == "sts:AssumeRole"


@pytest.mark.parametrize(
    "consumers",
    [[], ["*"], ["123456789012"], [ROOT, "arn:aws:iam::*:root"], ["arn:aws:iam::123456789012:*"]],
)
def test_a_consumer_that_is_not_one_account_role_or_user_is_refused(consumers: list[str]):
    with pytest.raises(ValueError, match="Remedy"):
        documents.consumer_trust(consumers)


def test_the_registry_entry_is_the_same_text_for_the_same_model():
    model = ModelOutputs("job", "arn", MODEL, {"loss": 0.5, "accuracy": 0.9})
    entry = documents.registry_entry("organization/sagemaker-training/dev", model)
    assert list(json.loads(entry)) == sorted(json.loads(entry))
    assert json.loads(entry)["model_uri"] == MODEL
    assert list(json.loads(entry)["metrics"]) == ["accuracy", "loss"]
    assert "tuning_job" not in entry


def test_the_entry_of_a_best_trial_has_the_tuning_job_and_its_hyperparameters():
    model = ModelOutputs("trial", "arn", MODEL, {"loss": 0.5}, "tuning", {"layers": "3"})
    entry = json.loads(documents.registry_entry("organization/sagemaker-training/dev", model))
    assert (entry["training_job"], entry["tuning_job"]) == ("trial", "tuning")
    assert entry["hyperparameters"] == {"layers": "3"}
