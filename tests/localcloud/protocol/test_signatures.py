"""The signer of a request is the caller, with every kind of signature."""

from __future__ import annotations

import http.client
import io
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.config import Config

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Request
from localcloud.protocol.signatures import Signer, check_time
from tests.localcloud.cloud import BUCKET, Cloud, eventually, policy, refusal
from tests.localcloud.roles import LOG, PULL, World, allow, deny
from tests.localcloud.signing import ask, code, signed

ARN = f"arn:aws:s3:::{BUCKET}"
FOLDER = f"signed-{uuid.uuid4().hex}"
OPEN, CLOSED = f"{FOLDER}/open", f"{FOLDER}/closed"
HEADERS = ["s3v4", "s3"]
QUERIES = ["s3v4-query", "s3-query"]
VERSIONS = ["s3v4", "s3"]
PRINT_CREDENTIALS = """
import json, os, time
names = 'aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'
print(json.dumps({name: os.environ[name.upper()] for name in names}), flush=True)
time.sleep(600)
"""


class Presigned:
    """What a script can do with its role's credentials, which may reach one folder."""

    def __init__(self, cloud: Cloud, credentials: Mapping[str, str]) -> None:
        self.cloud, self.credentials = cloud, credentials

    def client(self, version: str, service: str = "s3") -> Any:
        make: Any = boto3.client
        return make(
            service,
            region_name="us-east-1",
            endpoint_url=self.cloud.server.url,
            config=Config(
                signature_version=version,
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
            **self.credentials,
        )

    def url(
        self, version: str, operation: str, key: str, seconds: int = 60, bucket: str = BUCKET
    ) -> str:
        client = self.client(version)
        parameters = {"Bucket": bucket, "Key": key}
        return str(client.generate_presigned_url(operation, parameters, ExpiresIn=seconds))

    def form(self, version: str, key: str, **options: Any) -> dict[str, Any]:
        return dict(self.client(version).generate_presigned_post(BUCKET, key, **options))

    def unsigned_token(self) -> Presigned:
        kept = {name: value for name, value in self.credentials.items() if "token" not in name}
        return Presigned(self.cloud, kept)


@pytest.fixture(scope="module")
def script(cloud: Cloud) -> Iterator[Presigned]:
    """The credentials of a job's script."""
    world = World(cloud)
    for key in (OPEN, CLOSED):
        cloud.put(key, b"content")
    role = world.role(
        PULL,
        LOG,
        allow("s3:ListBucket", on=ARN),
        allow("s3:GetObject", on=[f"{ARN}/code/*", f"{ARN}/{OPEN}*"]),
        allow("s3:PutObject", "s3:DeleteObject", on=[f"{ARN}/output/*", f"{ARN}/{OPEN}*"]),
    )
    # The credentials end with the job.
    name = cloud.create(
        PRINT_CREDENTIALS,
        RoleArn=role,
        EnableNetworkIsolation=False,
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    [line] = eventually(lambda: cloud.lines(name) or None)
    yield Presigned(cloud, json.loads(line))
    cloud.sagemaker.stop_training_job(TrainingJobName=name)


def send(
    url: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[Any, ...]:
    """An answer's status and its content, or an error's status, code and message."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        return error.code, _between(text, "Code"), _between(text, "Message")


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]


def upload(
    form: Mapping[str, Any],
    content: bytes = b"new",
    *,
    after: str = "",
    filename: str = '; filename="f"',
    **changes: str,
) -> tuple[Any, ...]:
    """Sends a form, as a browser does, with a field of a name `after` the file."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**form["fields"], **changes}.items()
    ]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"{filename}\r\n\r\n'
    last = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="{after}"\r\n\r\nx'
    end = f"{last if after else ''}\r\n--{boundary}--\r\n"
    body = "".join([*parts, file]).encode() + content + end.encode()
    kind = f"multipart/form-data; boundary={boundary}"
    return send(form["url"], "POST", body, Content_Type=kind)


@pytest.mark.parametrize("version", [*HEADERS, *QUERIES])
def test_a_role_is_limited_however_its_client_signs(script: Presigned, version: str):
    s3 = script.client(version)

    assert s3.get_object(Bucket=BUCKET, Key=OPEN)["Body"].read() == b"content"
    assert refusal(s3.get_object, Bucket=BUCKET, Key=CLOSED)[0] == "AccessDenied"
    assert refusal(s3.delete_object, Bucket=BUCKET, Key=CLOSED)[0] == "AccessDenied"
    assert script.cloud.get(CLOSED) == b"content"


@pytest.mark.parametrize("version", [*HEADERS, "s3-query"])
def test_a_role_writes_where_it_may_however_its_client_signs(script: Presigned, version: str):
    s3 = script.client(version)

    s3.put_object(Bucket=BUCKET, Key=f"{OPEN}-put", Body=b"x")
    code, message = refusal(s3.put_object, Bucket=BUCKET, Key=f"{CLOSED}-{version}", Body=b"x")

    assert code == "AccessDenied"
    assert "/SageMaker is not authorized to perform: s3:PutObject" in message
    assert script.cloud.keys(f"{CLOSED}-{version}") == []


@pytest.mark.parametrize("version", VERSIONS)
def test_an_address_that_a_role_presigned_reaches_what_the_role_may(
    script: Presigned, version: str
):
    assert send(script.url(version, "get_object", OPEN))[0] == 200
    assert send(script.url(version, "put_object", f"{OPEN}-url"), "PUT", b"x")[0] == 200
    read = send(script.url(version, "get_object", CLOSED))
    written = send(script.url(version, "put_object", f"{CLOSED}-url"), "PUT", b"x")
    removed = send(script.url(version, "delete_object", CLOSED), "DELETE")

    assert [each[:2] for each in (read, written, removed)] == [(403, "AccessDenied")] * 3
    assert "s3:GetObject" in read[2]
    assert script.cloud.keys(f"{CLOSED}-url") == []
    assert script.cloud.get(CLOSED) == b"content"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_form_that_a_role_signed_writes_where_the_role_may(script: Presigned, version: str):
    assert upload(script.form(version, f"{OPEN}-form"))[0] == 204
    assert script.cloud.get(f"{OPEN}-form") == b"new"

    status, code, message = upload(script.form(version, f"{CLOSED}-form"))

    assert (status, code) == (403, "AccessDenied")
    assert "s3:PutObject" in message
    assert script.cloud.keys(f"{CLOSED}-form") == []


def test_a_forms_key_may_end_with_the_name_of_its_file(script: Presigned):
    assert upload(script.form("s3v4", f"{OPEN}-${{filename}}"))[0] == 204
    assert script.cloud.get(f"{OPEN}-f") == b"new"
    assert upload(script.form("s3v4", f"{CLOSED}-${{filename}}"))[:2] == (403, "AccessDenied")
    assert script.cloud.keys(f"{CLOSED}-f") == []


def test_what_comes_after_a_forms_file_is_ignored(script: Presigned):
    form = script.form("s3v4", f"{OPEN}-submitted")
    assert upload(form, after="submit")[0] == 204
    assert script.cloud.get(f"{OPEN}-submitted") == b"new"
    assert upload(form, submit="x")[:2] == (403, "AccessDenied")


def test_a_form_may_have_its_file_as_a_field_of_any_size(script: Presigned):
    content = b"x" * 2_000_000
    assert upload(script.form("s3v4", f"{OPEN}-text"), content, filename="")[0] == 204
    assert script.cloud.get(f"{OPEN}-text") == content


def test_a_list_of_deletions_is_judged_although_it_comes_in_chunks(script: Presigned):
    headers = {
        "Authorization": f"AWS {script.credentials['aws_access_key_id']}:signature",
        "X-Amz-Security-Token": script.credentials["aws_session_token"],
        "Date": formatdate(usegmt=True),
    }
    body = f"<Delete><Object><Key>{CLOSED}</Key></Object></Delete>".encode()
    connection = http.client.HTTPConnection("127.0.0.1", script.cloud.server.port, timeout=60)
    with closing(connection):
        connection.request("POST", f"/{BUCKET}?delete", iter([body]), headers, encode_chunked=True)
        status = connection.getresponse().status

    assert status == 403
    assert script.cloud.get(CLOSED) == b"content"


@pytest.mark.parametrize("version", [*HEADERS, *QUERIES])
def test_a_sessions_credentials_are_worth_nothing_without_their_token(
    script: Presigned, version: str
):
    s3 = script.unsigned_token().client(version)

    code, _ = refusal(s3.get_object, Bucket=BUCKET, Key=OPEN)

    assert code == "InvalidAccessKeyId"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sessions_form_is_worth_nothing_without_its_token(script: Presigned, version: str):
    form = script.unsigned_token().form(version, f"{OPEN}-tokenless")

    assert upload(form)[:2] == (403, "InvalidAccessKeyId")
    assert script.cloud.keys(f"{OPEN}-tokenless") == []


def test_a_token_of_another_session_is_refused(script: Presigned):
    other = {**script.credentials, "aws_session_token": "another"}

    assert refusal(
        Presigned(script.cloud, other).client("s3v4").get_object, Bucket=BUCKET, Key=OPEN
    ) == ("InvalidToken", "The provided token is malformed or otherwise invalid.")


def test_a_presigned_request_to_another_service_is_its_signers(script: Presigned):
    url = script.client("v4", "sts").generate_presigned_url("get_caller_identity")

    status, body = send(url)

    assert status == 200
    assert ":assumed-role/role-" in body.decode()


def an_hour_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: past)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("whose", ["a role's", "anybody's"])
def test_an_address_that_has_expired_is_refused(
    script: Presigned, whose: str, version: str, monkeypatch: pytest.MonkeyPatch
):
    anybody = {"aws_access_key_id": "anybody", "aws_secret_access_key": "anything"}
    signer = script if whose == "a role's" else Presigned(script.cloud, anybody)
    assert send(signer.url(version, "get_object", OPEN))[0] == 200
    an_hour_ago(monkeypatch)
    # Version 4 says how long it is valid, version 2 until when.
    url = signer.url(version, "get_object", OPEN, 60 if version == "s3v4" else -60)

    assert send(url) == (403, "AccessDenied", "Request has expired")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_form_that_has_expired_is_refused(script: Presigned, version: str):
    form = script.form(version, f"{OPEN}-late", ExpiresIn=-60)

    assert upload(form) == (403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    assert script.cloud.keys(f"{OPEN}-late") == []


@pytest.mark.parametrize(
    ("conditions", "changes", "content", "answer"),
    [
        ([], {"key": f"{OPEN}-other"}, b"x", (403, "AccessDenied")),
        ([], {"acl": "public-read"}, b"x", (403, "AccessDenied")),
        ([], {"x-ignore-this": "1"}, b"x", 204),
        ([{"x-amz-meta-a": "1"}], {"x-amz-meta-a": "1"}, b"x", 204),
        ([{"x-amz-meta-a": "1"}], {"x-amz-meta-a": "2"}, b"x", (403, "AccessDenied")),
        ([["starts-with", "$Content-Type", "image/"]], {"Content-Type": "image/x"}, b"x", 204),
        (
            [["starts-with", "$Content-Type", "image/"]],
            {"Content-Type": "text/x"},
            b"x",
            (403, "AccessDenied"),
        ),
        ([["content-length-range", 2, 4]], {}, b"xxx", 204),
        ([["content-length-range", 2, 4]], {}, b"x", (400, "EntityTooSmall")),
        ([["content-length-range", 2, 4]], {}, b"xxxxx", (400, "EntityTooLarge")),
        ([["between", 2, 4]], {}, b"x", (400, "InvalidPolicyDocument")),
    ],
)
def test_a_form_must_meet_its_policys_conditions(
    script: Presigned,
    conditions: list[Any],
    changes: dict[str, str],
    content: bytes,
    answer: Any,
):
    key = f"{OPEN}-{uuid.uuid4().hex}"
    form = script.form("s3v4", key, Conditions=conditions)

    found = upload(form, content, **changes)

    assert (found[:2] if isinstance(answer, tuple) else found[0]) == answer
    assert script.cloud.keys(key) == ([] if isinstance(answer, tuple) else [key])


def test_a_signed_form_without_a_policy_is_refused(script: Presigned):
    form = script.form("s3v4", f"{OPEN}-free")
    del form["fields"]["policy"]

    assert upload(form)[:2] == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("version", "field"),
    [
        *(("s3v4", name) for name in ("x-amz-algorithm", "x-amz-date", "x-amz-signature", "key")),
        ("s3", "signature"),
    ],
)
def test_a_form_without_a_part_of_its_signature_is_refused(
    script: Presigned, version: str, field: str
):
    form = script.form(version, f"{OPEN}-partial")
    del form["fields"][field]

    status, code, message = upload(form)

    assert (status, code) == (400, "InvalidArgument")
    assert f"must contain a field named '{field}'" in message
    assert script.cloud.keys(f"{OPEN}-partial") == []


def test_a_form_has_one_file_and_small_fields(script: Presigned):
    form = script.form("s3v4", f"{OPEN}-small", Conditions=[["starts-with", "$x-amz-meta-a", ""]])

    large: dict[str, str] = {"x-amz-meta-a": "x" * 20_000}
    assert upload(form, b"new", **large)[1] == "MaxPostPreDataLengthExceeded"
    boundary = "boundary"
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form["fields"].items()
    )
    kind = f"multipart/form-data; boundary={boundary}"
    sent = send(form["url"], "POST", f"{body}--{boundary}--\r\n".encode(), Content_Type=kind)
    assert sent == (400, "InvalidArgument", "POST requires exactly one file upload per request.")


def test_who_does_not_sign_may_do_what_a_buckets_policy_allows_everyone(cloud: Cloud):
    bucket = f"public-{uuid.uuid4().hex}"
    address = f"{cloud.server.url}/{bucket}"
    cloud.s3.create_bucket(Bucket=bucket)
    for key in ("shown/a", "hidden/a"):
        cloud.s3.put_object(Bucket=bucket, Key=key, Body=b"content")

    assert send(f"{address}/shown/a") == (403, "AccessDenied", "Access Denied")
    everybody = {**allow("s3:GetObject", on=f"arn:aws:s3:::{bucket}/shown/*"), "Principal": "*"}
    cloud.s3.delete_public_access_block(Bucket=bucket)
    cloud.s3.put_bucket_policy(Bucket=bucket, Policy=policy(everybody))

    assert send(f"{address}/shown/a") == (200, b"content")
    assert send(f"{address}/hidden/a")[:2] == (403, "AccessDenied")
    assert send(f"{address}/shown/b", "PUT", b"x")[:2] == (403, "AccessDenied")
    assert send(address)[:2] == (403, "AccessDenied")
    assert send(f"{address}-absent/a")[:2] == (404, "NoSuchBucket")
    form = {"url": address, "fields": {"key": "shown/c"}}
    assert upload(form)[:2] == (403, "AccessDenied")

    block = {"RestrictPublicBuckets": True}
    cloud.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert send(f"{address}/shown/a")[:2] == (403, "AccessDenied")


def test_a_policy_for_the_account_allows_nothing_to_who_does_not_sign(cloud: Cloud):
    bucket = f"own-{uuid.uuid4().hex}"
    cloud.s3.create_bucket(Bucket=bucket)
    cloud.s3.put_object(Bucket=bucket, Key="a", Body=b"content")
    own = {**allow("s3:*", on=f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": "123456789012"}}
    cloud.s3.put_bucket_policy(Bucket=bucket, Policy=policy(own))

    assert send(f"{cloud.server.url}/{bucket}/a")[:2] == (403, "AccessDenied")
    assert cloud.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"content"


def test_an_object_under_a_key_is_read_with_version_4_only(cloud: Cloud):
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = f"{FOLDER}/encrypted"
    cloud.s3.put_object(
        Bucket=BUCKET, Key=name, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    anybody = {"aws_access_key_id": "anybody", "aws_secret_access_key": "anything"}
    signer = Presigned(cloud, anybody)

    assert send(signer.url("s3v4", "get_object", name)) == (200, b"x")
    status, code, message = send(signer.url("s3", "get_object", name))

    assert (status, code) == (400, "InvalidArgument")
    assert message.endswith("require AWS Signature Version 4.")


def test_a_bucket_in_a_newer_region_takes_version_4_only(script: Presigned):
    bucket = f"newer-{uuid.uuid4().hex}"
    place = {"LocationConstraint": "eu-central-1"}
    frankfurt = script.cloud.client("s3", "eu-central-1")
    frankfurt.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    frankfurt.put_object(Bucket=bucket, Key="key", Body=b"x")
    anybody = {"aws_access_key_id": "anybody", "aws_secret_access_key": "anything"}
    signer = Presigned(script.cloud, anybody)

    assert send(signer.url("s3v4", "get_object", "key", bucket=bucket))[0] == 200
    refused = send(signer.url("s3", "get_object", "key", bucket=bucket))

    assert refused[:2] == (400, "InvalidRequest")
    assert "Please use AWS4-HMAC-SHA256" in refused[2]


@pytest.mark.parametrize("headers", [{"X_Amz_Target": "SageMaker.ListTrainingJobs"}, {}])
def test_other_services_refuse_who_does_not_sign(cloud: Cloud, headers: dict[str, str]):
    body = b"{}" if headers else b"Action=ListRoles&Version=2010-05-08"
    kind = "application/x-amz-json-1.1" if headers else "application/x-www-form-urlencoded"

    url = f"{cloud.server.url}/"
    request = urllib.request.Request(  # noqa: S310
        url, body, {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310

    assert refused.value.code == 403
    assert "MissingAuthenticationToken" in refused.value.read().decode()


@pytest.mark.parametrize(
    ("condition", "version"),
    [
        ({"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}, "s3"),
        ({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}, "s3v4"),
        ({"NumericGreaterThan": {"s3:signatureAge": "600000"}}, "s3v4"),
    ],
)
def test_a_buckets_policy_may_ask_how_a_request_was_signed(
    script: Presigned, condition: dict[str, Any], version: str, monkeypatch: pytest.MonkeyPatch
):
    s3, bucket = script.cloud.s3, f"asking-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"content")
    everybody = {"on": f"arn:aws:s3:::{bucket}/*", "Principal": "*"}
    given = allow("s3:GetObject", **everybody)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(given))
    allowed = send(script.url(version, "get_object", "a", bucket=bucket))
    denied = deny("s3:GetObject", **everybody, Condition=condition)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(given, denied))
    if "NumericGreaterThan" in condition:
        assert send(script.url(version, "get_object", "a", bucket=bucket)) == allowed
        an_hour_ago(monkeypatch)

    refused = send(script.url(version, "get_object", "a", 86_400, bucket))

    assert allowed == (200, b"content")
    assert refused[:2] == (403, "AccessDenied")
    assert "with an explicit deny in a resource-based policy" in refused[2]


def test_a_signature_for_one_service_reaches_no_other(script: Presigned):
    request = urllib.request.Request(  # noqa: S310
        f"{script.cloud.server.url}/{BUCKET}/{OPEN}",
        headers={
            **signed("s3", script.credentials["aws_access_key_id"]),
            "X-Amz-Security-Token": script.credentials["aws_session_token"],
            "X-Amz-Target": "SageMaker.ListTrainingJobs",
        },
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.read() == b"content"


def test_an_operation_of_a_service_by_paths_is_judged_by_its_name(script: Presigned):
    code, message = refusal(script.client("v4", "lambda").list_functions)

    assert code == "AccessDeniedException"
    assert "because no identity-based policy allows the lambda:ListFunctions action" in message


def test_a_request_that_names_two_operations_is_refused(script: Presigned):
    kms = script.client("v4", "kms")
    kms.meta.events.register(
        "before-sign.kms", lambda request, **_: setattr(request, "url", f"{request.url}?Action=x")
    )

    assert refusal(kms.list_aliases)[0] == "InvalidAction"


def wsgi(query: str = "", authorization: str = "", **more: Any) -> dict[str, Any]:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/bucket/key",
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(),
        **more,
    }
    return environ | ({"HTTP_AUTHORIZATION": authorization} if authorization else {})


SCOPE = "AKIA/20260101/eu-north-1/s3/aws4_request"


@pytest.mark.parametrize(
    ("environ", "signer"),
    [
        (wsgi(), Signer()),
        (
            wsgi(
                authorization=f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=h, Signature=0"
            ),
            Signer("AKIA", "s3", "eu-north-1"),
        ),
        (
            wsgi(authorization=f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=h,Signature=0")
            | {"HTTP_X_AMZ_SECURITY_TOKEN": "token"},
            Signer("AKIA", "s3", "eu-north-1", "token"),
        ),
        (
            wsgi(authorization=f"AWS4-HMAC-SHA256 Credential={SCOPE.replace('s3', 'S3')}"),
            Signer("AKIA", "s3", "eu-north-1"),
        ),
        (wsgi(authorization="AWS AKIA:c2lnbmF0dXJl"), Signer("AKIA", version=2)),
        (
            wsgi("AWSAccessKeyId=AKIA&Signature=0&Expires=99999999999&x-amz-security-token=t%2F"),
            Signer("AKIA", token="t/", version=2, place="REST-QUERY-STRING"),
        ),
    ],
)
def test_the_signer_is_found_in_each_form(environ: dict[str, Any], signer: Signer):
    assert Request(environ).signer == signer


def query(
    algorithm: str = "AWS4-HMAC-SHA256", date: str = "20260101T000000Z", expires: int = 60
) -> str:
    """The query of a presigned URL."""
    names = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    values = (algorithm, SCOPE, date, expires, "host", "0")
    return urlencode({f"X-Amz-{name}": value for name, value in zip(names, values, strict=True)})


@pytest.mark.parametrize(
    ("query", "authorization", "code"),
    [
        ("", "Basic dXNlcjpwYXNz", "InvalidArgument"),
        ("", "AWS nothing", "InvalidArgument"),
        ("", "AWS4-HMAC-SHA256 Credential=AKIA/s3, Signature=0", "AuthorizationHeaderMalformed"),
        (
            "",
            "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20260101/s3/aws4_request, Signature=0",
            "InvalidRequest",
        ),
        (query("AWS4-ECDSA-P256-SHA256"), "", "InvalidRequest"),
        (query(date="20990101T000000Z"), "", "AccessDenied"),
        (query(expires=604_801), "", "AuthorizationQueryParametersError"),
        ("X-Amz-Credential=AKIA", "", "AuthorizationQueryParametersError"),
        (urlencode({"X-Amz-Credential": SCOPE}), "", "AuthorizationQueryParametersError"),
        ("AWSAccessKeyId=AKIA&Signature=0", "", "AccessDenied"),
        ("AWSAccessKeyId=AKIA&Signature=0&Expires=soon", "", "AccessDenied"),
        ("AWSAccessKeyId=AKIA&Signature=0&Expires=1", "AWS AKIA:0", "InvalidArgument"),
    ],
)
def test_a_signature_that_says_not_who_signed_is_refused(query: str, authorization: str, code: str):
    with pytest.raises(ServiceError) as refused:
        _ = Request(wsgi(query, authorization)).signer

    assert refused.value.code == code


MINUTE = 60


@pytest.mark.parametrize(
    ("service", "ago", "code", "message"),
    [
        ("s3", 16 * MINUTE, "RequestTimeTooSkewed", "The difference between the request time"),
        ("s3", -16 * MINUTE, "RequestTimeTooSkewed", "The difference between the request time"),
        ("sagemaker", 6 * MINUTE, "InvalidSignatureException", "Signature expired: "),
        ("sagemaker", -6 * MINUTE, "InvalidSignatureException", "Signature not yet current: "),
        ("ec2", 6 * MINUTE, "RequestExpired", "Request has expired."),
        ("sagemaker", None, "IncompleteSignatureException", "Authorization header requires"),
        ("s3", None, "AccessDenied", "AWS authentication requires a valid Date"),
    ],
)
def test_a_header_that_was_signed_long_ago_or_never_is_refused(
    service: str, ago: float | None, code: str, message: str
):
    at = None if ago is None else time.time() - ago
    with pytest.raises(ServiceError, match=message) as refused:
        check_time(Signer("AKIA", service, signed=at), by_form=False)

    assert refused.value.code == code


def test_a_form_that_was_signed_long_ago_is_refused_in_the_words_of_its_protocol():
    with pytest.raises(ServiceError, match=r"Signature expired: .* - 5 min\.\)") as refused:
        check_time(Signer("AKIA", "iam", signed=time.time() - 6 * MINUTE), by_form=True)

    assert refused.value.code == "SignatureDoesNotMatch"


def test_the_clock_of_a_client_may_be_some_minutes_wrong(cloud: Cloud):
    def listed(**headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return code(ask(cloud, "GET", f"/{BUCKET}", headers=named))

    assert listed() == "200"
    assert listed(X_Amz_Date="", Date=formatdate(usegmt=True)) == "200"
    assert listed(X_Amz_Date=signed("s3", ago=600)["X-Amz-Date"]) == "200"
    assert listed(X_Amz_Date=signed("s3", ago=1000)["X-Amz-Date"]) == "403 RequestTimeTooSkewed"
    assert listed(X_Amz_Date="") == "403 AccessDenied"
