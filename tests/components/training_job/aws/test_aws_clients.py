"""The clients of the dynamic providers: whose credentials they use, and when they send nothing."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import ClientError

from components.training_job.aws import credentials
from components.training_job.aws.aws_clients import AwsClients, EngineGoneError
from components.training_job.aws.credentials import profile_session
from components.training_job.aws.errors import TrainingJobError
from components.training_job.request.service_model import request_shape

Answer = Callable[[BaseHTTPRequestHandler, str], None]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A living engine, as far as this process knows; dead once it is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(sys, "argv", ["host", f"127.0.0.1:{listener.getsockname()[1]}"])
        yield listener


@contextmanager
def service(answer: Answer, **more: Any) -> Iterator[tuple[Any, list[str]]]:
    """A SageMaker client with more settings, and the operations that have reached its service."""
    reached: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            reached.append(target or parse_qs(body)["Action"][0])
            answer(self, reached[-1])

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings = {"aws:endpoints": [{"sagemaker": url}]} | more
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_STS", url)
            yield AwsClients(settings.get).client("sagemaker", "us-east-1"), reached
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, _operation: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"{}")


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
    def lose(handler: BaseHTTPRequestHandler, _operation: str) -> None:
        engine.close()
        handler.connection.shutdown(socket.SHUT_RDWR)

    with service(lose) as (client, reached), pytest.raises(EngineGoneError):
        client.stop_training_job(TrainingJobName="job")
    assert reached == ["StopTrainingJob"]


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


def reply(handler: BaseHTTPRequestHandler, status: int, content: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content.encode())


def grant(handler: BaseHTTPRequestHandler, key: str) -> None:
    """Answer AssumeRole with a key."""
    credentials = (
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>"
    )
    result = f"<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>"
    reply(handler, 200, f"<AssumeRoleResponse>{result}</AssumeRoleResponse>")


def expire(expired: Collection[str]) -> Answer:
    """Answers with which these keys have expired; the key of a call is in its signature."""

    def answer(handler: BaseHTTPRequestHandler, _operation: str) -> None:
        signature = handler.headers["Authorization"]
        if any(f"Credential={key}/" in signature for key in expired):
            reply(handler, 400, '{"__type": "ExpiredTokenException", "message": "it is expired"}')
        else:
            send(handler, _operation)

    return answer


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a credential process leaves a line for each of the keys that it gave."""
    script, calls = tmp_path / "process.py", tmp_path / "calls"
    script.write_text(
        "import json, pathlib, sys\n"
        "calls = pathlib.Path(sys.argv[1])\n"
        "with calls.open('a') as file: file.write('called\\n')\n"
        "key = f'key{len(calls.read_text().splitlines())}'\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': key, 'SecretAccessKey': 'secret',\n"
        "    'SessionToken': 'token', 'Expiration': '2999-01-01T00:00:00Z'}))\n"
    )
    config = tmp_path / "config"
    config.write_text(f"[profile team]\ncredential_process = {sys.executable} {script} {calls}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    return calls


def called(process: Path) -> int:
    return len(process.read_text().splitlines())


def test_keys_that_expire_before_their_time_are_renewed_and_the_call_goes_on(
    process: Path,
) -> None:
    with service(expire({"key1"}), **{"aws:profile": "team"}) as (client, reached):
        client.list_training_jobs()
        client.list_training_jobs()
    assert len(reached) == 3
    assert called(process) == 2


def test_keys_that_are_expired_when_renewed_are_told_at_once(process: Path) -> None:
    answer = expire({"key1", "key2"})
    with (
        service(answer, **{"aws:profile": "team"}) as (client, reached),
        pytest.raises(ClientError, match="ExpiredTokenException"),
    ):
        client.list_training_jobs()
    assert len(reached) == called(process) == 2


def test_a_file_that_holds_other_keys_meanwhile_is_read_at_once(
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


def test_a_role_whose_session_expires_before_its_time_is_assumed_anew() -> None:
    numbers = count(1)
    as_service = expire({"role1"})

    def answer(handler: BaseHTTPRequestHandler, operation: str) -> None:
        if operation != "AssumeRole":
            as_service(handler, operation)
            return
        grant(handler, f"role{next(numbers)}")

    role = {"roleArn": "arn:aws:iam::123456789012:role/deployer"}
    with service(answer, **{"aws:assumeRoles": [role]}) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "ListTrainingJobs"] * 2


def test_roles_are_assumed_one_after_the_other_each_with_the_credentials_of_the_one_before() -> (
    None
):
    callers: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, operation: str) -> None:
        key = handler.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        callers.append(key)
        (grant(handler, f"{key}-role") if operation == "AssumeRole" else send(handler, operation))

    roles = [
        {"roleArn": f"arn:aws:iam::123456789012:role/{name}"} for name in ("entry", "deployer")
    ]
    with service(answer, **{"aws:assumeRoles": roles}) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "AssumeRole", "ListTrainingJobs"]
    assert callers == ["local", "local-role", "local-role-role"]


def test_keys_that_expire_before_a_role_is_assumed_with_them_are_renewed(process: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, operation: str) -> None:
        if operation != "AssumeRole":
            send(handler, operation)
        elif "Credential=key1/" in handler.headers["Authorization"]:
            expired = "<Error><Code>ExpiredToken</Code><Message>it is expired</Message></Error>"
            reply(handler, 403, f"<ErrorResponse>{expired}</ErrorResponse>")
        else:
            grant(handler, "role")

    settings = {
        "aws:profile": "team",
        "aws:assumeRoles": [{"roleArn": "arn:aws:iam::123456789012:role/deployer"}],
    }
    with service(answer, **settings) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "AssumeRole", "ListTrainingJobs"]
    assert called(process) == 2


def identify(account: str) -> Answer:
    """Answers of a service, and of STS that the credentials belong to an account."""

    def answer(handler: BaseHTTPRequestHandler, operation: str) -> None:
        if operation != "GetCallerIdentity":
            send(handler, operation)
            return
        result = f"<GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>"
        reply(handler, 200, f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>")

    return answer


@pytest.mark.parametrize(
    ("key", "listed", "rule"),
    [
        ("allowedAccountIds", ["210987654321"], "which is not in it"),
        ("allowedAccountIds", '["210987654321"]', "which is not in it"),
        ("allowedAccountIds", "[210987654321]", "which is not in it"),
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
    """Its session asks the STS that the settings name."""
    mine, theirs = identify("210987654321"), identify("123456789012")

    def answer(handler: BaseHTTPRequestHandler, operation: str) -> None:
        as_role = "Credential=role/" in handler.headers["Authorization"]
        if operation == "AssumeRole":
            grant(handler, "role")
        else:
            (mine if as_role else theirs)(handler, operation)

    role = {"roleArn": "arn:aws:iam::210987654321:role/deployer"}
    guarded = {"aws:assumeRoles": [role], "aws:allowedAccountIds": ["210987654321"]}
    with service(answer, **guarded) as (client, reached):
        client.list_training_jobs()
    assert reached == ["AssumeRole", "GetCallerIdentity", "ListTrainingJobs"]


def test_a_role_is_assumed_where_the_settings_say_that_sts_is() -> None:
    def answer(handler: BaseHTTPRequestHandler, operation: str) -> None:
        (grant(handler, "role") if operation == "AssumeRole" else send(handler, operation))

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

    def answer(handler: BaseHTTPRequestHandler, operation: str) -> None:
        (grant(handler, "role") if operation == "AssumeRole" else send(handler, operation))

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
        {"aws:allowedAccountIds": "123456789012"},
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


def test_a_permanent_key_is_left_as_it_is() -> None:
    session = profile_session(None, "us-east-1")
    assert session.get_credentials().method == "env"
    assert session.get_credentials().token is None
