"""How training jobs run and end."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, channel, checkpoints, eventually, resources

SLEEP = "import time\nprint('running')\ntime.sleep(60)"
# Ends at SIGTERM after a last word.
LISTEN = """
import signal, sys, time
def end(*_):
    open('/opt/ml/checkpoints/last', 'w').write('saved')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('running')
time.sleep(60)
"""


def rows(job: dict[str, Any]) -> list[str]:
    return [row["Status"] for row in job["SecondaryStatusTransitions"]]


def test_a_job_whose_script_succeeds_is_completed_and_leaves_its_model(cloud: Cloud):
    job = cloud.run("open('/opt/ml/model/weights', 'w').write('42')")

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert rows(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(row["StatusMessage"] for row in job["SecondaryStatusTransitions"])
    name = job["TrainingJobName"]
    uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == f"s3://{BUCKET}/output/{name}/output/model.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(cloud.get(uri.split("/", 3)[3]))) as model:
        weights = model.extractfile("weights")
        assert weights is not None
        assert weights.read() == b"42"


def test_training_time_spans_download_training_and_upload(cloud: Cloud):
    job = cloud.run("import time; time.sleep(1.2)")

    by_status = {row["Status"]: row for row in job["SecondaryStatusTransitions"]}
    assert job["TrainingStartTime"] == by_status["Starting"]["EndTime"]
    assert job["TrainingEndTime"] == by_status["Uploading"]["EndTime"]
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 2


def test_a_failed_job_says_what_its_script_wrote_and_how_it_exited(cloud: Cloud):
    job = cloud.run("open('/opt/ml/output/failure', 'w').write('no data'); exit(3)")

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no data, exit code: 3"
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == job["FailureReason"]


def test_a_failed_job_keeps_its_output_but_no_model(cloud: Cloud):
    job = cloud.run(
        "[open(f'/opt/ml/{f}/x', 'w').write('x') for f in ('model', 'output/data')]; exit(1)"
    )

    prefix = f"output/{job['TrainingJobName']}/output/"
    assert cloud.keys(prefix) == [f"{prefix}output.tar.gz"]


def test_an_entry_point_that_is_not_there_exits_with_127(cloud: Cloud):
    request = cloud.request()
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["no-such-command"]

    job = cloud.run(**request)

    assert job["FailureReason"] == "AlgorithmError: , exit code: 127"


def test_a_script_killed_by_a_signal_exits_with_128_and_its_number(cloud: Cloud):
    job = cloud.run("import ctypes; ctypes.string_at(0)")

    assert job["FailureReason"] == "AlgorithmError: , exit code: 139"


def test_a_stopped_job_gets_sigterm_and_its_last_checkpoint_is_kept(cloud: Cloud):
    name = cloud.create(LISTEN, CheckpointConfig=checkpoints("stopped/"))
    cloud.wait_for_line(name, "running")

    job = cloud.stop(name)

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert rows(job)[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert cloud.get("stopped/last") == b"saved"


def test_a_script_that_ignores_sigterm_is_killed_after_the_grace(cloud: Cloud):
    name = cloud.create(SLEEP)
    cloud.wait_for_line(name, "running")

    job = cloud.stop(name)

    by_status = {row["Status"]: row for row in job["SecondaryStatusTransitions"]}
    stopping = by_status["Stopping"]["EndTime"] - by_status["Stopping"]["StartTime"]
    assert job["TrainingJobStatus"] == "Stopped"
    assert 3 <= stopping.total_seconds() < 5


def test_only_the_entry_point_gets_sigterm(cloud: Cloud):
    name = cloud.create(
        """
        import signal, subprocess, sys, time
        child = subprocess.Popen([sys.executable, '-c', '''
        import signal, time
        signal.signal(signal.SIGTERM, lambda *_: print("child heard", flush=True))
        print("running", flush=True)
        time.sleep(60)
        '''.replace(chr(10) + '        ', chr(10))])
        def end(*_):
            time.sleep(0.2)
            print('parent heard')
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        time.sleep(60)
        """
    )
    cloud.wait_for_line(name, "running")

    cloud.stop(name)

    assert cloud.lines(name) == ["running", "parent heard"]


def test_a_job_that_reaches_its_maximum_runtime_is_stopped(cloud: Cloud):
    job = cloud.run(LISTEN, StoppingCondition={"MaxRuntimeInSeconds": 1})

    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert "FailureReason" not in job


def test_a_spot_job_that_reaches_its_maximum_wait_is_stopped(cloud: Cloud):
    job = cloud.run(
        LISTEN,
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 2, "MaxWaitTimeInSeconds": 2},
    )

    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxWaitTimeExceeded"
    assert job["BillableTimeInSeconds"] < job["TrainingTimeInSeconds"]


def test_two_hosts_talk_over_their_names_though_isolated(cloud: Cloud):
    job = cloud.run(
        """
        import json, socket, time
        config = json.load(open('/opt/ml/input/config/resourceconfig.json'))
        print(config['current_host'], config['hosts'], socket.gethostname())
        if config['current_host'] == 'algo-1':
            server = socket.create_server(('algo-1', 7777))
            connection, _ = server.accept()
            print('got', connection.recv(100).decode())
        else:
            for _ in range(100):
                try:
                    socket.create_connection(('algo-1', 7777)).sendall(b'gradients')
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
        """,
        ResourceConfig=resources(2),
    )

    assert job["TrainingJobStatus"] == "Completed"
    assert sorted(cloud.lines(job["TrainingJobName"])) == [
        "algo-1 ['algo-1', 'algo-2'] algo-1",
        "algo-2 ['algo-1', 'algo-2'] algo-2",
        "got gradients",
    ]


def test_jobs_at_the_same_time_can_use_the_same_port(cloud: Cloud):
    script = """
        import socket, time
        server = socket.create_server(('algo-1', 7777))
        print('running')
        time.sleep(0.5)
    """
    names = [
        cloud.create(script, EnableNetworkIsolation=isolated) for isolated in (True, False) * 2
    ]

    assert [cloud.ended(name)["TrainingJobStatus"] for name in names] == ["Completed"] * 4


def test_one_failed_host_fails_the_job_and_ends_the_others(cloud: Cloud):
    job = cloud.run(
        """
        import json, sys, time
        host = json.load(open('/opt/ml/input/config/resourceconfig.json'))['current_host']
        if host == 'algo-2':
            sys.exit(5)
        time.sleep(60)
        """,
        ResourceConfig=resources(2),
    )

    assert job["FailureReason"] == "AlgorithmError: , exit code: 5"


def test_hosts_results_are_merged(cloud: Cloud):
    job = cloud.run(
        """
        import socket
        host = socket.gethostname()
        for name in ('both', host):
            open(f'/opt/ml/model/{name}', 'w').write(host)
        """,
        ResourceConfig=resources(2),
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/merged", "CompressionType": "NONE"},
    )

    prefix = f"merged/{job['TrainingJobName']}/output/model/"
    assert cloud.keys(prefix) == [f"{prefix}{name}" for name in ("algo-1", "algo-2", "both")]
    assert cloud.get(f"{prefix}both") == b"algo-2"


def test_the_model_is_encrypted_with_the_key_that_was_given(cloud: Cloud):
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    job = cloud.run(
        "open('/opt/ml/model/weights', 'w').write('42')",
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/secret/", "KmsKeyId": key},
    )

    name = f"secret/{job['TrainingJobName']}/output/model.tar.gz"
    head = cloud.s3.head_object(Bucket=BUCKET, Key=name)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_the_script_finds_its_configuration_and_a_clean_environment(cloud: Cloud):
    job = cloud.run(
        """
        import json, os, pathlib
        config = pathlib.Path('/opt/ml/input/config')
        print(json.dumps({path.stem: json.loads(path.read_text()) for path in config.iterdir()}))
        print(json.dumps(dict(os.environ)))
        print(os.getpid())
        """,
        HyperParameters={"epochs": "3"},
        Environment={"SEED": "7"},
        CheckpointConfig=checkpoints("configured/"),
    )

    config, environment, process = map(json.loads, cloud.lines(job["TrainingJobName"]))
    assert process == 1
    assert config["hyperparameters"] == {"epochs": "3"}
    assert config["inputdataconfig"]["code"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert config["checkpointconfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert config["resourceconfig"]["instance_groups"][0]["instance_group_name"] == (
        "homogeneousCluster"
    )
    assert environment["SEED"] == "7"
    assert environment["TRAINING_JOB_NAME"] == job["TrainingJobName"]
    assert environment["AWS_REGION"] == "us-east-1"
    assert {name for name in environment if name.startswith("AWS_")} == {"AWS_REGION"}


def test_an_isolated_script_cannot_reach_the_server(cloud: Cloud):
    job = cloud.run(
        f"""
        import socket
        try:
            socket.create_connection(('127.0.0.1', {cloud.server.port}), timeout=2)
        except OSError as error:
            print(type(error).__name__)
        """
    )

    assert cloud.lines(job["TrainingJobName"]) == ["ConnectionRefusedError"]


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


def test_a_script_sees_nothing_of_this_machine_but_the_operating_system(cloud: Cloud):
    job = cloud.run(
        f"""
        import pathlib
        print(pathlib.Path({str(cloud.data)!r}).exists(), pathlib.Path('/home').exists())
        for path in ('/usr/new', '/etc/new'):
            try:
                pathlib.Path(path).touch()
            except OSError as error:
                print(error.strerror)
        pathlib.Path('/tmp/mine').touch()
        pathlib.Path.home().joinpath('mine').touch()
        """
    )

    assert cloud.lines(job["TrainingJobName"]) == [
        "False False",
        "Read-only file system",
        "Read-only file system",
    ]


def test_a_sharded_channel_is_divided_among_the_hosts(cloud: Cloud):
    for number in range(5):
        cloud.put(f"sharded/part-{number}", b"")
    request = cloud.request(
        """
        import os, socket
        print(socket.gethostname(), sorted(os.listdir('/opt/ml/input/data/train')))
        """,
        ResourceConfig=resources(2),
    )
    request["InputDataConfig"].append(
        channel("train", "sharded/", S3DataDistributionType="ShardedByS3Key")
    )

    job = cloud.run(**request)

    assert sorted(cloud.lines(job["TrainingJobName"])) == [
        "algo-1 ['part-0', 'part-2', 'part-4']",
        "algo-2 ['part-1', 'part-3']",
    ]


def test_a_fast_file_channel_is_read_only(cloud: Cloud):
    cloud.put("fast/data.txt", b"data")
    request = cloud.request(
        """
        print(open('/opt/ml/input/data/train/data.txt').read())
        try:
            open('/opt/ml/input/data/train/new', 'w')
        except OSError as error:
            print(error.strerror)
        """
    )
    request["InputDataConfig"].append(channel("train", "fast/", InputMode="FastFile"))

    job = cloud.run(**request)

    assert cloud.lines(job["TrainingJobName"]) == ["data", "Read-only file system"]


def test_metrics_are_the_last_matches_in_the_output(cloud: Cloud):
    request = cloud.request("for i in range(4): print(f'epoch {i} loss={1 / (i + 1)};')")
    request["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "loss=([0-9.]+);"},
        {"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"},
    ]

    job = cloud.run(**request)

    assert [(each["MetricName"], each["Value"]) for each in job["FinalMetricDataList"]] == [
        ("loss", 0.25)
    ]


def test_output_is_in_the_logs_while_the_job_runs_one_stream_a_host(cloud: Cloud):
    name = cloud.create(LISTEN, ResourceConfig=resources(2))

    eventually(lambda: cloud.lines(name) == ["running", "running"] or None)

    assert cloud.describe(name)["TrainingJobStatus"] == "InProgress"
    streams = sorted(stream.rpartition("-")[0] for stream in cloud.streams(name))
    assert streams == [f"{name}/algo-1", f"{name}/algo-2"]
    cloud.stop(name)


def test_input_that_is_gone_when_the_job_starts_is_a_client_error(cloud: Cloud):
    request = cloud.request(OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output"})
    request["CheckpointConfig"] = {"S3Uri": "s3://no-such-bucket/checkpoints"}

    job = cloud.run(**request)

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")


@pytest.mark.parametrize("wanted", ["model", "output/data", "checkpoints"])
def test_a_link_never_leads_the_service_to_this_machines_files(cloud: Cloud, wanted: str):
    job = cloud.run(
        f"""
        import os, shutil
        shutil.rmtree('/opt/ml/{wanted}', ignore_errors=True)
        os.path.lexists('/opt/ml/{wanted}') or os.symlink('/etc', '/opt/ml/{wanted}')
        """,
        CheckpointConfig=checkpoints(f"linked/{wanted}/"),
    )

    assert job["TrainingJobStatus"] == "Completed"
    assert cloud.keys("linked/") == cloud.keys(f"output/{job['TrainingJobName']}/") == []
