"""AWS's own training toolkit as the entry point, in an environment of its own."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from components.training_job.code_channel.launcher_archive import write_launcher
from components.training_job.request.definition import LAUNCHER
from components.training_job.request.training_request import SOURCE_ARCHIVE, launcher_arguments
from components.training_job.request.tuning_request import (
    LAUNCHER_VARIABLE,
    OBJECTIVE_PARAMETER,
    TOOLKIT_PARAMETERS,
    launcher_variable,
)
from components.training_job.settings.job_settings import JobSettings, SourceSettings
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


def archive(script: str = SCRIPT) -> bytes:
    content = script.encode()
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


TRIAL_SCRIPT = """
import json, os, sys
from training_checkpoints import Checkpoints
folder = os.environ['SM_CHECKPOINT_DIR']
Checkpoints(folder).save(7, lambda file: file.write(b'state'))
names = sorted(name for name in os.environ if name.startswith('SM_HP_'))
print('seen', json.dumps([sys.argv[1:], names, os.environ['SM_HPS'], folder]), flush=True)
text = json.dumps({name: os.environ[name] for name in os.environ if name != 'PYTHONPATH'})
print('of the tuning', [word for word in ('_tuning_objective', 'launcher.py') if word in text])
if sys.argv[2] == '9':
    raise ValueError('no such epoch')
"""


def run_trial(cloud: Cloud, folder: Path, epochs: int) -> dict[str, object]:
    """Runs a training job as the service makes it of a tuning job, without a network."""
    source = SourceSettings(dir="src", entry_point="train_it.py", arguments=["--fast"])
    arguments = launcher_arguments(JobSettings(source=source), source)
    cloud.put(f"trial/{SOURCE_ARCHIVE}", archive(TRIAL_SCRIPT))
    cloud.put(f"trial/{LAUNCHER}", write_launcher(folder / LAUNCHER).read_bytes())
    name = cloud.create(
        AlgorithmSpecification={
            "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/toolkit:1",
            "TrainingInputMode": "File",
        },
        HyperParameters={
            **TOOLKIT_PARAMETERS,
            OBJECTIVE_PARAMETER: "loss",
            "epochs": str(epochs),
            "optimizer": "adamw",
        },
        Environment={LAUNCHER_VARIABLE: launcher_variable(arguments)},
        InputDataConfig=[channel("code", "trial/")],
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/tuning/"},
        StoppingCondition={"MaxRuntimeInSeconds": 240},
        EnableNetworkIsolation=True,
    )
    return cloud.ended(name, PATIENCE_SECONDS)


def test_the_training_toolkit_starts_the_launcher_of_a_trial(cloud: Cloud, tmp_path: Path):
    job = run_trial(cloud, tmp_path, epochs=3)

    name = str(job["TrainingJobName"])
    lines = cloud.lines(name)
    assert job["TrainingJobStatus"] == "Completed", (job, lines)
    [seen] = [json.loads(line[5:]) for line in lines if line.startswith("seen ")]
    assert "of the tuning []" in lines
    assert seen == [
        ["--epochs", "3", "--optimizer", "adamw", "--fast"],
        ["SM_HP_EPOCHS", "SM_HP_OPTIMIZER"],
        '{"epochs":3,"optimizer":"adamw"}',
        f"/opt/ml/checkpoints/{name}",
    ]
    kept = cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints/tuning/")["Contents"]
    folders = {each["Key"].split("/")[2] for each in kept if "step-" in each["Key"]}
    assert folders == {name}


def test_the_launchers_reason_is_that_of_a_failed_trial(cloud: Cloud, tmp_path: Path):
    job = run_trial(cloud, tmp_path, epochs=9)

    assert job["TrainingJobStatus"] == "Failed"
    assert "ValueError: no such epoch" in str(job["FailureReason"])
