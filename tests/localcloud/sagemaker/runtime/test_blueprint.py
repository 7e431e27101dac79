"""What a script finds on its instances, and what happens to the files that it leaves."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, channel, checkpoints, resources

LOOK_AROUND = """
import json, os, pathlib, socket
ml, host = pathlib.Path('/opt/ml'), socket.gethostname()

def attempt(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return error.strerror

def fits(gib):
    try:
        return bool(bytearray(gib << 30))
    except MemoryError:
        return False

paths = ('/usr/new', '/etc/new', '/opt/ml/input/data/fast/new', '/tmp/mine', '/root/mine')
print(json.dumps({
    'host': host,
    'process': os.getpid(),
    'environment': dict(os.environ),
    'configuration': {
        path.stem: json.loads(path.read_text()) for path in (ml / 'input/config').iterdir()
    },
    'parts': sorted(os.listdir(ml / 'input/data/sharded')),
    'fast': (ml / 'input/data/fast/data.txt').read_text(),
    'writing': {path: attempt(pathlib.Path(path).touch) for path in paths},
    'processors': len(os.sched_getaffinity(0)),
    'memory': all(fits(gib) == (gib < 8) for gib in (1, 9)),
    'visible': [path for path in ('/home', DATA) if os.path.exists(path)],
    'server': attempt(socket.create_connection, ('127.0.0.1', PORT), 2),
}))
for step in range(4):
    print(f'step {step} loss={1 / (step + 1)};')
for name in ('both', host):
    (ml / 'model' / name).write_text(host)
"""


@dataclass(frozen=True)
class Visit:
    """A job on two isolated instances, and what its script found on each."""

    job: dict[str, Any]
    found: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def visit(cloud: Cloud) -> Visit:
    for number in range(5):
        cloud.put(f"sharded/part-{number}", b"")
    cloud.put("fast/data.txt", b"data")
    script = f"DATA, PORT = {str(cloud.data)!r}, {cloud.server.port}\n{LOOK_AROUND}"
    request = cloud.request(
        script,
        HyperParameters={"epochs": "3"},
        Environment={"SEED": "7"},
        CheckpointConfig=checkpoints("configured/"),
        ResourceConfig=resources(2),
        OutputDataConfig={
            "S3OutputPath": f"s3://{BUCKET}/merged",
            "CompressionType": "NONE",
            "KmsKeyId": cloud.client("kms").create_key()["KeyMetadata"]["Arn"],
        },
    )
    request["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "loss=([0-9.]+);"},
        {"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"},
    ]
    request["InputDataConfig"] += [
        channel("sharded", "sharded/", S3DataDistributionType="ShardedByS3Key"),
        channel("fast", "fast/", InputMode="FastFile"),
    ]
    job = cloud.run(**request)
    lines = cloud.lines(job["TrainingJobName"])
    documents = [json.loads(line) for line in lines if line.startswith("{")]
    return Visit(job, {document["host"]: document for document in documents})


def test_the_entry_point_is_process_1_of_a_host_with_a_name(visit: Visit):
    assert [found["process"] for found in visit.found.values()] == [1, 1]
    assert sorted(visit.found) == ["algo-1", "algo-2"]


def test_the_configuration_is_in_opt_ml(visit: Visit):
    configuration = visit.found["algo-2"]["configuration"]

    assert configuration["hyperparameters"] == {"epochs": "3"}
    assert configuration["inputdataconfig"]["code"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert configuration["checkpointconfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert configuration["resourceconfig"]["hosts"] == ["algo-1", "algo-2"]
    assert configuration["resourceconfig"]["current_host"] == "algo-2"
    assert configuration["resourceconfig"]["instance_groups"][0]["instance_group_name"] == (
        "homogeneousCluster"
    )


def test_the_environment_is_only_the_requests_and_the_platforms(visit: Visit):
    environment = visit.found["algo-1"]["environment"]

    assert environment["SEED"] == "7"
    assert environment["TRAINING_JOB_NAME"] == visit.job["TrainingJobName"]
    assert environment["AWS_REGION"] == "us-east-1"
    assert {name for name in environment if name.startswith("AWS_")} == {"AWS_REGION"}


def test_a_sharded_channel_is_divided_among_the_hosts(visit: Visit):
    assert visit.found["algo-1"]["parts"] == ["part-0", "part-2", "part-4"]
    assert visit.found["algo-2"]["parts"] == ["part-1", "part-3"]


def test_a_fast_file_channel_and_the_operating_system_are_read_only(visit: Visit):
    assert visit.found["algo-1"]["fast"] == "data"
    assert visit.found["algo-1"]["writing"] == {
        "/usr/new": "Read-only file system",
        "/etc/new": "Read-only file system",
        "/opt/ml/input/data/fast/new": "Read-only file system",
        "/tmp/mine": None,  # noqa: S108 - a folder within the instance
        "/root/mine": None,
    }


def test_nothing_else_of_this_machine_is_there(visit: Visit):
    assert [found["visible"] for found in visit.found.values()] == [[], []]


def test_an_isolated_script_cannot_reach_the_server(visit: Visit):
    assert visit.found["algo-1"]["server"] == "Connection refused"


def test_an_instance_has_the_memory_and_the_processors_of_its_type(visit: Visit):
    for found in visit.found.values():
        assert found["memory"]
        assert found["processors"] == min(2, len(os.sched_getaffinity(0)))


def test_metrics_are_the_last_matches_in_the_output(visit: Visit):
    metrics = visit.job["FinalMetricDataList"]

    assert [(each["MetricName"], each["Value"]) for each in metrics] == [("loss", 0.25)]


def test_every_value_of_a_metric_is_in_cloudwatch(cloud: Cloud, visit: Visit):
    now = datetime.now(UTC)

    answer = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="loss",
        Dimensions=[{"Name": "TrainingJobName", "Value": visit.job["TrainingJobName"]}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Minimum", "Maximum", "SampleCount"],
    )

    # A period may have ended meanwhile.
    points = answer["Datapoints"]
    assert min(point["Minimum"] for point in points) == 0.25
    assert max(point["Maximum"] for point in points) == 1.0
    assert sum(point["SampleCount"] for point in points) == 2 * 4


def test_hosts_results_are_merged(cloud: Cloud, visit: Visit):
    prefix = f"merged/{visit.job['TrainingJobName']}/output/model/"

    assert cloud.keys(prefix) == [f"{prefix}{name}" for name in ("algo-1", "algo-2", "both")]
    assert cloud.get(f"{prefix}both") == b"algo-2"


def test_results_are_encrypted_with_the_key_that_was_given(cloud: Cloud, visit: Visit):
    name = f"merged/{visit.job['TrainingJobName']}/output/model/both"

    head = cloud.s3.head_object(Bucket=BUCKET, Key=name)

    key = visit.job["OutputDataConfig"]["KmsKeyId"]
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_script_with_network_acts_as_the_role(cloud: Cloud):
    job = cloud.run(
        """
        import os, urllib.request
        print(os.environ['AWS_ENDPOINT_URL'], bool(os.environ['AWS_SESSION_TOKEN']))
        print(urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/moto-api/').status)
        """,
        EnableNetworkIsolation=False,
    )

    assert cloud.lines(job["TrainingJobName"]) == [f"{cloud.server.url} True", "200"]


def test_a_link_never_leads_the_service_to_this_machines_files(cloud: Cloud):
    job = cloud.run(
        """
        import os, shutil
        for folder in ('model', 'output/data', 'checkpoints'):
            shutil.rmtree(f'/opt/ml/{folder}', ignore_errors=True)
            os.path.lexists(f'/opt/ml/{folder}') or os.symlink('/etc', f'/opt/ml/{folder}')
        """,
        CheckpointConfig=checkpoints("linked/"),
    )

    assert job["TrainingJobStatus"] == "Completed"
    assert cloud.keys("linked/") == cloud.keys(f"output/{job['TrainingJobName']}/") == []
