"""The clients of the dynamic providers: whose credentials they use, and when they send nothing."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.training_job.aws.aws_clients import AwsClients, EngineGoneError
from components.training_job.aws.errors import TrainingJobError
from components.training_job.request.service_model import request_shape
from tests.components.training_job.aws.loopback_service import (
    Answer,
    Request,
    called,
    grant,
    reply,
    send,
    service,
)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """An engine that lives, as this process sees it, until the socket is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(sys, "argv", ["host", f"127.0.0.1:{listener.getsockname()[1]}"])
        yield listener


@pytest.mark.usefixtures("engine")
def test_a_living_engine_is_served() -> None:
    with service(send) as (client, reached):
        client.stop_training_job(TrainingJobName="job")
    assert reached == ["StopTrainingJob"]


def test_nothing_is_written_once_the_engine_is_gone_and_reading_is_harmless(
    engine: socket.socket,
) -> None:
    engine.close()
    with service(send) as (client, reached):
        with pytest.raises(EngineGoneError, match="StopTrainingJob was not sent"):
            client.stop_training_job(TrainingJobName="job")
        client.list_training_jobs()
    assert reached == ["ListTrainingJobs"]


def test_a_lost_write_is_not_repeated_once_the_engine_is_gone(engine: socket.socket) -> None:
    def lose(request: Request, _operation: str) -> None:
        engine.close()
        request.connection.shutdown(socket.SHUT_RDWR)

    with service(lose) as (client, reached), pytest.raises(EngineGoneError):
        client.stop_training_job(TrainingJobName="job")
    assert reached == ["StopTrainingJob"]


def identify(account: str) -> Answer:
    """Answers of a service, and of STS that the credentials belong to an account."""

    def answer(request: Request, operation: str) -> None:
        if operation != "GetCallerIdentity":
            send(request, operation)
            return
        result = f"<GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>"
        reply(request, 200, f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>")

    return answer


@pytest.mark.parametrize(
    ("key", "listed", "rule"),
    [
        ("allowedAccountIds", ["210987654321"], "which is not in it"),
        ("allowedAccountIds", '["210987654321"]', "which is not in it"),
        ("allowedAccountIds", "[210987654321]", "which is not in it"),
        ("allowedAccountIds", "210987654321", "which is not in it"),
        ("forbiddenAccountIds", ["210987654321", "123456789012"], "which is in it"),
        ("forbiddenAccountIds", "[123456789012]", "which is in it"),
    ],
)
def test_an_account_that_the_settings_do_not_allow_gets_no_client(
    key: str, listed: Any, rule: str
) -> None:
    with (
        pytest.raises(TrainingJobError, match=rule) as refused,
        service(identify("123456789012"), **{f"aws:{key}": listed}),
    ):
        pytest.fail("there is a client")
    assert str(refused.value).startswith(f"aws:{key}: [")
    assert "the credentials belong to the account 123456789012" in str(refused.value)


@pytest.mark.parametrize(
    "guards",
    [
        {"aws:allowedAccountIds": "[123456789012]"},
        {"aws:forbiddenAccountIds": ["210987654321"]},
        {},
    ],
    ids=str,
)
def test_an_allowed_account_is_asked_for_once_and_only_where_a_list_is_set(
    guards: dict[str, Any],
) -> None:
    with service(identify("123456789012"), **guards) as (client, reached):
        client.list_training_jobs()
    assert reached == [*(["GetCallerIdentity"] if guards else []), "ListTrainingJobs"]


def test_the_account_that_counts_is_that_of_the_assumed_role() -> None:
    """The role's session asks the STS that the settings name."""
    mine, theirs = identify("210987654321"), identify("123456789012")

    def answer(request: Request, operation: str) -> None:
        as_role = "Credential=role/" in request.headers["Authorization"]
        if operation == "AssumeRole":
            grant(request, "role")
        else:
            (mine if as_role else theirs)(request, operation)

    role = {"roleArn": "arn:aws:iam::210987654321:role/deployer"}
    guarded = {"aws:assumeRoles": [role], "aws:allowedAccountIds": ["210987654321"]}
    with service(answer, **guarded) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "GetCallerIdentity", "ListTrainingJobs"]


def test_a_role_is_assumed_where_the_settings_say_that_sts_is() -> None:
    def answer(request: Request, operation: str) -> None:
        (grant(request, "role") if operation == "AssumeRole" else send(request, operation))

    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer"}
    with (
        service(answer, **{"aws:assumeRoles": [role]}) as (_, reached),
        pytest.MonkeyPatch.context() as patch,
    ):
        url = os.environ["AWS_ENDPOINT_URL_STS"]
        patch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
        settings = {"aws:assumeRoles": [role], "aws:endpoints": [{"sts": url, "sagemaker": url}]}
        AwsClients(settings.get).client("sagemaker", "us-east-1").list_training_jobs()
    assert reached == ["AssumeRole", "ListTrainingJobs"]


@pytest.mark.parametrize(
    ("service_name", "setting"),
    [("s3", "s3api"), ("logs", "cloudwatchlogs"), ("service-quotas", "servicequotas")],
)
def test_an_address_is_found_by_the_providers_name_of_its_service(
    service_name: str, setting: str
) -> None:
    clients = AwsClients({"aws:endpoints": [{setting: "http://127.0.0.1:9"}]}.get)
    client = clients.client(service_name, "us-east-1")
    assert client.meta.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize("with_role", [False, True])
def test_a_profile_of_the_settings_is_used_though_the_environment_names_one_that_is_not_there(
    process: Path, monkeypatch: pytest.MonkeyPatch, with_role: bool
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")

    def answer(request: Request, operation: str) -> None:
        (grant(request, "role") if operation == "AssumeRole" else send(request, operation))

    roles = [{"roleArn": "arn:aws:iam::123456789012:role/deployer"}] if with_role else []
    with service(answer, **{"aws:profile": "team", "aws:assumeRoles": roles}) as (client, _):
        client.list_training_jobs()
    assert called(process) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"aws:assumeRoles": "[{"},
        {"aws:assumeRoles": '[{"sessionName": "ci"}]'},
        {"aws:assumeRoles": "5"},
        {"aws:endpoints": '["https://s3"]'},
        {"aws:allowedAccountIds": "12345678901"},
        {"aws:forbiddenAccountIds": "null"},
    ],
    ids=str,
)
def test_settings_that_no_program_has_checked_are_refused_without_their_values(
    wrong: dict[str, str],
) -> None:
    with pytest.raises(TrainingJobError, match="can't be read"):
        AwsClients(wrong.get)


def test_the_services_description_needs_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")
    request_shape.cache_clear()
    assert "TrainingJobName" in request_shape().members


def test_all_clients_of_a_region_share_one_session(process: Path) -> None:
    clients = AwsClients({"aws:profile": "team"}.get)
    for each in ("sagemaker", "s3", "sts"):
        clients.client(each, "us-east-1")
    assert called(process) == 1
