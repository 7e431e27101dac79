"""Credentials that are renewed: roles, keys of a file, and what AWS refuses before its time."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from components.training_job.aws import credentials
from components.training_job.aws.credentials import profile_session
from tests.components.training_job.aws.loopback_service import (
    Answer,
    Request,
    called,
    grant,
    reply,
    send,
    service,
)


def keys(path: Path, number: int) -> None:
    path.write_text(
        f"[team]\naws_access_key_id = key{number}\naws_secret_access_key = secret\n"
        "aws_session_token = token\n"
    )


@pytest.mark.parametrize(("seconds", "read_again"), [(0, True), (300, False)])
def test_a_temporary_key_in_a_file_is_read_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, read_again: bool
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(credentials, "READ_AGAIN_SECONDS", seconds)
    keys(tmp_path / "credentials", 1)
    session = profile_session("team", "us-east-1")
    assert session.get_credentials().get_frozen_credentials().access_key == "key1"
    keys(tmp_path / "credentials", 2)
    used = session.get_credentials().get_frozen_credentials().access_key
    assert used == ("key2" if read_again else "key1")


def expire(expired: Collection[str]) -> Answer:
    """Answers with which these keys have expired; the key of a call is in its signature."""

    def answer(request: Request, _operation: str) -> None:
        signature = request.headers["Authorization"]
        if any(f"Credential={key}/" in signature for key in expired):
            reply(request, 400, '{"__type": "ExpiredTokenException", "message": "it is expired"}')
        else:
            send(request, _operation)

    return answer


def test_keys_that_expire_before_their_time_are_renewed_and_the_call_goes_on(
    process: Path,
) -> None:
    with service(expire({"key1"}), **{"aws:profile": "team"}) as (client, reached):
        client.list_training_jobs()
        client.list_training_jobs()
    assert len(reached) == 3
    assert called(process) == 2


def test_keys_that_are_expired_when_renewed_are_reported_at_once(process: Path) -> None:
    answer = expire({"key1", "key2"})
    with (
        service(answer, **{"aws:profile": "team"}) as (client, reached),
        pytest.raises(ClientError, match="ExpiredTokenException"),
    ):
        client.list_training_jobs()
    assert len(reached) == called(process) == 2


def test_a_file_that_has_other_keys_by_then_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    keys(tmp_path / "credentials", 1)
    expired = set[str]()
    with service(expire(expired), **{"aws:profile": "team"}) as (client, reached):
        client.list_training_jobs()
        keys(tmp_path / "credentials", 2)
        expired.add("key1")
        client.list_training_jobs()
    assert len(reached) == 3


def test_a_role_whose_session_expires_before_its_time_is_assumed_again() -> None:
    numbers = count(1)
    as_service = expire({"role1"})

    def answer(request: Request, operation: str) -> None:
        if operation != "AssumeRole":
            as_service(request, operation)
            return
        grant(request, f"role{next(numbers)}")

    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer"}
    with service(answer, **{"aws:assumeRoles": [role]}) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "ListTrainingJobs"] * 2


def test_roles_are_assumed_one_after_the_other_each_with_the_credentials_of_the_one_before() -> (
    None
):
    callers: list[str] = []

    def answer(request: Request, operation: str) -> None:
        key = request.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        callers.append(key)
        (grant(request, f"{key}-role") if operation == "AssumeRole" else send(request, operation))

    roles = [
        {"roleArn": f"arn:aws:iam::123456789012:role/{name}"} for name in ("entry", "deployer")
    ]
    with service(answer, **{"aws:assumeRoles": roles}) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "AssumeRole", "ListTrainingJobs"]
    assert callers == ["local", "local-role", "local-role-role"]


def test_keys_that_expire_before_a_role_is_assumed_with_them_are_renewed(process: Path) -> None:
    def answer(request: Request, operation: str) -> None:
        if operation != "AssumeRole":
            send(request, operation)
        elif "Credential=key1/" in request.headers["Authorization"]:
            expired = "<Error><Code>ExpiredToken</Code><Message>it is expired</Message></Error>"
            reply(request, 403, f"<ErrorResponse>{expired}</ErrorResponse>")
        else:
            grant(request, "role")

    settings = {
        "aws:profile": "team",
        "aws:assumeRoles": [{"roleArn": "arn:aws:iam::123456789012:role/deployer"}],
    }
    with service(answer, **settings) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "AssumeRole", "ListTrainingJobs"]
    assert called(process) == 2


def test_a_permanent_key_is_left_as_it_is() -> None:
    session = profile_session(None, "us-east-1")
    assert session.get_credentials().method == "env"
    assert session.get_credentials().token is None


def test_a_role_is_assumed_with_its_external_id_and_session_name() -> None:
    sent: list[dict[str, list[str]]] = []

    def answer(request: Request, operation: str) -> None:
        sent.append(request.form())
        (grant(request, "role") if operation == "AssumeRole" else send(request, operation))

    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer"}
    named = role | {"externalId": "vendor", "sessionName": "ci"}
    for each in (named, role):
        with service(answer, **{"aws:assumeRoles": [each]}) as (client, _):
            client.list_training_jobs()
    requests = [each for each in sent if "RoleArn" in each]
    assert [each.get("ExternalId") for each in requests] == [["vendor"], None]
    assert [each["RoleSessionName"] for each in requests] == [["ci"], ["pulumi"]]
