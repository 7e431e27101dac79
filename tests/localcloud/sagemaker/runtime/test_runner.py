"""How training jobs run and end."""

from __future__ import annotations

import io
import math
import tarfile
from typing import Any
from unittest.mock import Mock

from localcloud.sagemaker.jobs.failure_reasons import INTERNAL
from localcloud.sagemaker.runtime.control import Control, Outcome
from localcloud.sagemaker.runtime.runner import Runner
from tests.localcloud.cloud import BUCKET, LISTEN, Cloud, checkpoints, eventually, resources


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
    assert_training_time_spans_download_training_and_upload(job)


def assert_training_time_spans_download_training_and_upload(job: dict[str, Any]) -> None:
    by_status = {row["Status"]: row for row in job["SecondaryStatusTransitions"]}
    assert job["TrainingStartTime"] == by_status["Starting"]["EndTime"]
    assert job["TrainingEndTime"] == by_status["Uploading"]["EndTime"]
    seconds = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] == math.ceil(seconds)


def test_a_failed_job_says_what_its_script_wrote_and_keeps_its_output_but_no_model(cloud: Cloud):
    job = cloud.run(
        """
        for path in ('model/x', 'output/data/x', 'output/failure'):
            open(f'/opt/ml/{path}', 'w').write('no data')
        exit(3)
        """
    )

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no data, exit code: 3"
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == job["FailureReason"]
    prefix = f"output/{job['TrainingJobName']}/output/"
    assert cloud.keys(prefix) == [f"{prefix}output.tar.gz"]


def test_an_entry_point_that_is_not_there_exits_with_127(cloud: Cloud):
    request = cloud.request()
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["no-such-command"]

    job = cloud.run(**request)

    assert job["FailureReason"] == "AlgorithmError: , exit code: 127"


def test_only_the_entry_point_of_a_stopped_job_gets_sigterm_and_its_last_checkpoint_is_kept(
    cloud: Cloud,
):
    name = cloud.create(
        """
        import signal, subprocess, sys, time
        def end(*_):
            open('/opt/ml/checkpoints/last', 'w').write('saved')
            time.sleep(0.2)
            print('parent heard')
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        child = subprocess.Popen([sys.executable, '-c', '''
        import signal, time
        signal.signal(signal.SIGTERM, lambda *_: print("child heard", flush=True))
        print("running", flush=True)
        time.sleep(60)
        '''.replace(chr(10) + '        ', chr(10))])
        time.sleep(60)
        """,
        CheckpointConfig=checkpoints("stopped/"),
    )
    cloud.wait_for_line(name, "running")

    job = cloud.stop(name)

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert rows(job)[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert cloud.lines(name) == ["running", "parent heard"]
    assert cloud.get("stopped/last") == b"saved"


def test_a_script_that_ignores_sigterm_is_killed_after_the_grace_and_leaves_a_torn_checkpoint(
    cloud: Cloud,
):
    name = cloud.create(
        """
        import time
        with open('/opt/ml/checkpoints/state', 'w') as file:
            file.write('begun')
            file.flush()
            print('running')
            time.sleep(60)
            file.write(' and ended')
        """,
        CheckpointConfig=checkpoints("torn/"),
    )
    cloud.wait_for_line(name, "running")

    job = cloud.stop(name)

    by_status = {row["Status"]: row for row in job["SecondaryStatusTransitions"]}
    stopping = by_status["Stopping"]["EndTime"] - by_status["Stopping"]["StartTime"]
    assert job["TrainingJobStatus"] == "Stopped"
    # The script itself would go on for a minute.
    assert 3 <= stopping.total_seconds() < 60
    assert cloud.get("torn/state") == b"begun"


def test_a_job_that_reaches_its_maximum_runtime_is_stopped(cloud: Cloud):
    job = cloud.run(LISTEN, StoppingCondition={"MaxRuntimeInSeconds": 1})

    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert "FailureReason" not in job


def test_a_spot_job_that_reaches_its_maximum_wait_is_stopped(cloud: Cloud):
    for seconds in (2, 8, 32):
        limits = {"MaxRuntimeInSeconds": seconds, "MaxWaitTimeInSeconds": seconds}
        job = cloud.run(LISTEN, EnableManagedSpotTraining=True, StoppingCondition=limits)
        if job.get("TrainingTimeInSeconds", 0) > 1:
            break  # on a slow machine, only a longer wait is not over before it trains

    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxWaitTimeExceeded"
    assert job["BillableTimeInSeconds"] < job["TrainingTimeInSeconds"]


def test_jobs_at_the_same_time_can_use_the_same_port(cloud: Cloud):
    script = """
        import socket, time
        server = socket.create_server(('algo-1', 7777))
        print('running')
        time.sleep(0.5)
    """
    isolation = (True, False, False)
    names = [cloud.create(script, EnableNetworkIsolation=isolated) for isolated in isolation]

    assert [cloud.ended(name)["TrainingJobStatus"] for name in names] == ["Completed"] * 3


def test_one_failed_host_fails_the_job_and_ends_the_others(cloud: Cloud):
    job = cloud.run(
        """
        import signal, socket, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        if socket.gethostname() == 'algo-2':
            sys.exit(5)
        time.sleep(60)
        """,
        ResourceConfig=resources(2),
    )

    assert job["FailureReason"] == "AlgorithmError: , exit code: 5"


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


def test_a_failure_that_is_noticed_after_the_scripts_end_fails_the_job():
    """As that of an agent that broke a pipe: the script has taken the end for that of the data."""
    control = Control(lambda: ())
    cluster: Any = Mock(hosts=[Mock()], flush=lambda _: control.fail(RuntimeError("a pipe broke")))
    runner: Any = Mock(_control=control)
    control.exited(cluster.hosts[0], 0)

    assert Runner._train(runner, cluster) == Outcome("Failed", INTERNAL)
