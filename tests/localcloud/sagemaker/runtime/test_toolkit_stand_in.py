"""The stand-in for AWS's training toolkit, in jobs without an entry point."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable

from tests.localcloud.cloud import BUCKET, Cloud

SCRIPT = """
import json, os, sys
print(json.dumps(sys.argv[1:]))
print(os.environ['SM_CHANNEL_CODE'], os.environ['SM_HP_RATE'], os.environ['SM_HOSTS'], os.getcwd())
"""
ALGORITHM = {
    "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
    "TrainingInputMode": "File",
}
DIRECTORY = {
    "sagemaker_program": "main.py",
    "sagemaker_submit_directory": "/opt/ml/input/data/code",
}


def test_a_program_in_a_channel_gets_the_hyperparameters_as_arguments(cloud: Cloud):
    values = {"rate": "0.5", "b": '"text"', "_tuning_objective_metric": "loss"}

    job = cloud.run(SCRIPT, AlgorithmSpecification=ALGORITHM, HyperParameters=DIRECTORY | values)

    assert job["TrainingJobStatus"] == "Completed"
    arguments, variables = cloud.lines(job["TrainingJobName"])
    assert json.loads(arguments) == ["-b", "text", "--rate", "0.5"]
    assert variables == '/opt/ml/input/data/code 0.5 ["algo-1"] /opt/ml/code'


def test_without_private_files_the_program_is_found_in_the_instances_folder(
    confined: Callable[[str], Cloud],
):
    cloud = confined("processes")

    job = cloud.run(
        "print('ran')",
        AlgorithmSpecification=ALGORITHM,
        HyperParameters=DIRECTORY,
        EnableNetworkIsolation=False,
    )

    assert cloud.lines(job["TrainingJobName"]) == ["ran"]


def test_a_program_in_an_archive_in_s3_is_run_and_its_failure_reported(cloud: Cloud):
    content, archive = b"raise SystemExit('it failed')", io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as opened:
        entry = tarfile.TarInfo("main.py")
        entry.size = len(content)
        opened.addfile(entry, io.BytesIO(content))
    cloud.put("stand-in/source.tar.gz", archive.getvalue())
    directory = f'"s3://{BUCKET}/stand-in/source.tar.gz"'

    job = cloud.run(
        AlgorithmSpecification=ALGORITHM,
        HyperParameters=DIRECTORY | {"sagemaker_submit_directory": directory},
        EnableNetworkIsolation=False,
    )

    assert "it failed" in cloud.lines(job["TrainingJobName"])
    assert job["FailureReason"] == (
        'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nCommand "python3 main.py"'
        ", exit code: 1"
    )
