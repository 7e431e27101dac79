"""AWS's own training toolkit as the entry point, in an environment of its own."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, channel, resources

pytestmark = pytest.mark.clients

PATIENCE_SECONDS = 300.0
SCRIPT = """
import json, os, sys
names = ('SM_HOSTS', 'SM_CURRENT_HOST', 'SM_CHANNEL_DATA', 'SM_MODEL_DIR', 'SM_HP_EPOCHS')
print('seen', json.dumps([os.environ[name] for name in names]), sys.argv[1:], flush=True)
if os.environ['SM_HP_EPOCHS'] == '9':
    raise ValueError('no such epoch')
with open(os.environ['SM_MODEL_DIR'] + '/weights', 'w') as file:
    file.write('x')
"""


@pytest.fixture(scope="module")
def equipped(cloud: Cloud) -> Cloud:
    """A local cloud that has the script's archive and its data."""
    cloud.put("source.tar.gz", archive())
    cloud.put("data/a", b"x")
    return cloud


def archive() -> bytes:
    content = SCRIPT.encode()
    member = tarfile.TarInfo("train_it.py")
    member.size = len(content)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def run(cloud: Cloud, epochs: int, count: int) -> dict[str, object]:
    settings = {
        "sagemaker_program": "train_it.py",
        "sagemaker_submit_directory": f"s3://{BUCKET}/source.tar.gz",
        "sagemaker_region": "us-east-1",
        "epochs": epochs,
    }
    name = cloud.create(
        AlgorithmSpecification={
            "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/toolkit:1",
            "TrainingInputMode": "File",
        },
        HyperParameters={key: json.dumps(value) for key, value in settings.items()},
        InputDataConfig=[channel("data", "data/")],
        ResourceConfig=resources(count),
        StoppingCondition={"MaxRuntimeInSeconds": 240},
        EnableNetworkIsolation=False,
    )
    return cloud.ended(name, PATIENCE_SECONDS)


def test_the_training_toolkit_finds_all_that_it_needs(equipped: Cloud):
    job = run(equipped, epochs=3, count=2)

    lines = equipped.lines(str(job["TrainingJobName"]))
    assert job["TrainingJobStatus"] == "Completed", (job, lines)
    hosts = '["algo-1","algo-2"]'
    seen = sorted(line for line in lines if line.startswith("seen "))
    assert seen == [
        "seen "
        + json.dumps([hosts, host, "/opt/ml/input/data/data", "/opt/ml/model", "3"])
        + " ['--epochs', '3']"
        for host in ("algo-1", "algo-2")
    ]


def test_the_training_toolkit_says_why_a_script_failed(equipped: Cloud):
    job = run(equipped, epochs=9, count=1)

    assert job["TrainingJobStatus"] == "Failed"
    reason = str(job["FailureReason"])
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:")
    assert "train_it.py --epochs 9" in reason
    assert reason.endswith("exit code: 1")
