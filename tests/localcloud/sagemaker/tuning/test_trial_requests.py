"""The training job of a trial."""

from __future__ import annotations

from localcloud.protocol.validation import validate
from localcloud.sagemaker.tuning.trial_requests import choices_of_instances, trial_request
from tests.localcloud.sagemaker.tuning.tunings import DEFINITION, tuning_job

SMALL = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
LARGE = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 20}
KEY = {"VolumeKmsKeyId": "key"}


def test_a_request_has_the_definitions_members_the_values_the_metric_and_the_tags():
    job = tuning_job(
        **{
            f"{DEFINITION}__StaticHyperParameters": {"epochs": "3"},
            f"{DEFINITION}__CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints/"},
            f"{DEFINITION}__DefinitionName": "only",
        }
    )
    job.tags = {"team": "research"}

    request = trial_request(job, "tuning-001-00000000", {"rate": "0.5"}, SMALL)

    validate("CreateTrainingJob", request)
    assert request["HyperParameters"] == {
        "epochs": "3",
        "rate": "0.5",
        "_tuning_objective_metric": "loss",
    }
    assert request["CheckpointConfig"] == {"S3Uri": "s3://bucket/checkpoints/"}
    assert request["Tags"] == [{"Key": "team", "Value": "research"}]
    assert request["ResourceConfig"] == SMALL
    assert "DefinitionName" not in request


def test_the_instances_are_those_of_the_definition_or_its_choices_in_their_order():
    tuned = "HyperParameterTuningResourceConfig"

    assert choices_of_instances({"ResourceConfig": SMALL | KEY}) == [SMALL | KEY]
    assert choices_of_instances({tuned: SMALL | KEY}) == [KEY | SMALL]
    assert choices_of_instances({tuned: {"InstanceConfigs": [LARGE, SMALL], **KEY}}) == [
        KEY | LARGE,
        KEY | SMALL,
    ]
