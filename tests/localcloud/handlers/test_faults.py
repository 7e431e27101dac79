"""Faults that are switched on for some requests."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from localcloud.server import daemon
from tests.localcloud.cloud import LISTEN, Cloud, channel, checkpoints, eventually, refusal

ELSEWHERE, THERE = "eu-north-1", "artifacts-elsewhere"


pytestmark = pytest.mark.usefixtures("only_plan_of_faults")


@pytest.fixture(scope="module")
def faulty(cloud: Cloud) -> Cloud:
    """The cloud in a region that no other test uses."""
    return Cloud(cloud.server, cloud.data, ELSEWHERE, THERE)


def switch(cloud: Cloud, *faults: dict[str, Any]) -> None:
    daemon.ask(cloud.server, "POST", "/localcloud/faults", {"faults": faults})


def struck(cloud: Cloud) -> list[int]:
    answer = daemon.ask(cloud.server, "GET", "/localcloud/faults")
    return [fault["struck"] for fault in answer["faults"]]


def of(operation: str, answer: str, **more: Any) -> dict[str, Any]:
    fault = {"service": "sagemaker", "region": ELSEWHERE, "operation": operation}
    return fault | {"answer": answer, **more}


def exists(cloud: Cloud, name: str) -> bool:
    try:
        cloud.describe(name)
    except ClientError:
        return False
    return True


def test_a_throttled_request_has_no_effect_and_can_be_tried_again(faulty: Cloud):
    switch(faulty, of("CreateTrainingJob", "throttle", times=2))
    request = faulty.request()
    create = faulty.sagemaker.create_training_job

    refusals = [refusal(create, **request) for _ in range(2)]

    assert refusals == [("ThrottlingException", "Rate exceeded")] * 2
    assert struck(faulty) == [2]
    assert not exists(faulty, request["TrainingJobName"])
    create(**request)


@pytest.mark.parametrize("effect", [False, True])
def test_a_lost_connection_leaves_open_whether_there_was_an_effect(faulty: Cloud, effect: bool):
    switch(faulty, of("CreateTrainingJob", "cut", effect=effect))
    request = faulty.request()

    with pytest.raises(ConnectionClosedError):
        faulty.sagemaker.create_training_job(**request)

    assert exists(faulty, request["TrainingJobName"]) is effect


def test_a_request_that_hangs_times_out_at_the_client(faulty: Cloud):
    switch(faulty, of("DescribeTrainingJob", "cut", seconds=10))
    make: Any = boto3.client
    client = make(
        "sagemaker",
        region_name=ELSEWHERE,
        endpoint_url=faulty.server.url,
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
        config=Config(read_timeout=0.3, retries={"total_max_attempts": 1}),
    )

    with pytest.raises(ReadTimeoutError):
        client.describe_training_job(TrainingJobName="any")


def test_a_slow_answer_is_the_real_one(faulty: Cloud):
    switch(faulty, of("List*", "real", seconds=0.1))

    assert "TrainingJobSummaries" in faulty.sagemaker.list_training_jobs()
    assert struck(faulty) == [1]


def test_some_requests_pass_before_a_fault(faulty: Cloud):
    switch(faulty, of("StopTrainingJob", "error", skip=1))
    stop = faulty.sagemaker.stop_training_job

    codes = [refusal(stop, TrainingJobName="missing")[0] for _ in range(3)]

    assert codes == ["ValidationException", "InternalFailure", "ValidationException"]


def test_objects_are_chosen_by_method_and_path(faulty: Cloud):
    fault = {
        "service": "s3",
        "method": "PUT",
        "path": f"/{THERE}/refused-puts/*",
        "answer": "throttle",
    }
    switch(faulty, fault, fault | {"answer": "error"})
    faulty.put("whole/key", b"")

    codes = [
        refusal(faulty.s3.put_object, Bucket=THERE, Key="refused-puts/key", Body=b"")[0]
        for _ in range(2)
    ]

    assert codes == ["SlowDown", "InternalError"]
    assert faulty.keys("refused-puts/") == []


def test_services_that_are_asked_by_forms_fail_in_their_own_way(faulty: Cloud):
    fault = {"service": "iam", "region": ELSEWHERE, "operation": "ListRoles"}
    switch(faulty, fault | {"answer": "throttle"}, fault | {"answer": "error"})
    iam = faulty.client("iam")

    codes = [refusal(iam.list_roles)[0] for _ in range(2)]

    assert codes == ["ThrottlingException", "InternalFailure"]
    assert iam.list_roles()["Roles"]


def test_the_credentials_of_one_key_expire_in_each_services_own_words(faulty: Cloud):
    expired = {"answer": "expired", "region": ELSEWHERE, "access_key": "short-lived*", "times": 9}
    switch(faulty, *({"service": each} | expired for each in ("sagemaker", "s3", "iam")))
    keys = {"aws_access_key_id": "short-lived-1", "aws_secret_access_key": "anything"}
    make: Any = boto3.client
    sagemaker, s3, iam = (
        make(each, region_name=ELSEWHERE, endpoint_url=faulty.server.url, **keys)
        for each in ("sagemaker", "s3", "iam")
    )

    codes = [refusal(each)[0] for each in (sagemaker.list_training_jobs, s3.list_buckets)]

    assert codes == ["ExpiredTokenException", "ExpiredToken"]
    assert refusal(iam.list_roles)[0] == "ExpiredToken"
    assert "TrainingJobSummaries" in faulty.sagemaker.list_training_jobs()


def test_the_next_checkpoint_pass_makes_up_for_a_failed_one(faulty: Cloud):
    fault = {"service": "s3", "method": "PUT", "path": f"/{THERE}/retried/*", "answer": "error"}
    switch(faulty, fault | {"times": 4})
    script = f"open('/opt/ml/checkpoints/state', 'w').write('kept')\n{LISTEN}"
    name = faulty.create(script, CheckpointConfig=checkpoints("retried/"))
    eventually(lambda: faulty.keys("retried/") or None)

    job = faulty.stop(name)

    assert job["TrainingJobStatus"] == "Stopped"
    assert faulty.get("retried/state") == b"kept"
    assert struck(faulty) == [4]


def test_a_jobs_log_is_whole_though_it_was_throttled(faulty: Cloud):
    fault = {"service": "logs", "region": ELSEWHERE, "operation": "PutLogEvents"}
    switch(faulty, {**fault, "answer": "throttle", "times": 9})

    name = faulty.run("print('x' * 1_000_000)\nprint('end')")["TrainingJobName"]

    assert struck(faulty) == [9]
    assert "".join(faulty.lines(name)) == "x" * 1_000_000 + "end"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (of("List*", "explode"), "faults.0.answer: Input should be 'throttle', 'error'"),
        (of("List*", "cut", colour="red"), "faults.0.colour: Unexpected member"),
        (of("List*", "cut", times="often"), "faults.0.times: Input should be a valid integer"),
        (of("List*", "real", seconds=-1), "faults.0.seconds: Input should be greater"),
        (of("List*", "real", seconds=1e300), "faults.0.seconds: Input should be less"),
        ({"service": "s3"}, "faults.0.answer: Field required"),
    ],
)
def test_a_mistaken_plan_is_refused(faulty: Cloud, fault: dict[str, Any], message: str):
    with pytest.raises(daemon.RequestError, match=message):
        switch(faulty, fault)


def unreadable(cloud: Cloud, times: int) -> dict[str, Any]:
    """Lets S3 fail for a new job's code, and returns the job's request."""
    request = cloud.request(RetryStrategy={"MaximumRetryAttempts": 1})
    path = f"/{THERE}/code/{request['TrainingJobName']}/*"
    fault = {"service": "s3", "region": ELSEWHERE, "method": "GET", "path": path}
    switch(cloud, {**fault, "answer": "error", "times": times})
    return request


def test_an_internal_error_is_retried_from_the_start(faulty: Cloud):
    # As often as the runtime's client tries by itself.
    job = faulty.run(**unreadable(faulty, times=3))

    assert job["TrainingJobStatus"] == "Completed"
    rows = [row["Status"] for row in job["SecondaryStatusTransitions"]]
    assert rows[:5] == ["Starting", "Downloading", "Starting", "Downloading", "Training"]


def test_a_job_that_is_out_of_retries_fails(faulty: Cloud):
    job = faulty.run(**unreadable(faulty, times=1000))

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "InternalServerError: We encountered an internal error. Please try again."
    )
    rows = [row["Status"] for row in job["SecondaryStatusTransitions"]]
    assert rows == ["Starting", "Downloading", "Starting", "Downloading", "Failed"]


def test_a_pipe_that_breaks_by_an_internal_error_is_retried_from_the_start_too(faulty: Cloud):
    faulty.put("piped-again/1", b"all of it")
    request = faulty.request(
        "print(open('/opt/ml/input/data/data_0').read())",
        RetryStrategy={"MaximumRetryAttempts": 1},
    )
    request["InputDataConfig"].append(channel("data", "piped-again/", InputMode="Pipe"))
    fault = {"service": "s3", "region": ELSEWHERE, "method": "GET"}
    switch(faulty, {**fault, "path": f"/{THERE}/piped-again/*", "answer": "error", "times": 3})

    job = faulty.run(**request)

    assert job["TrainingJobStatus"] == "Completed"
    rows = [row["Status"] for row in job["SecondaryStatusTransitions"]]
    assert rows.count("Training") == 2
    assert "Stopping" not in rows
    assert faulty.lines(request["TrainingJobName"])[-1] == "all of it"
