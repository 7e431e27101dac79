"""Every answer, also an error, is in the format of the service that is called."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localcloud.cloud import BUCKET, Cloud
from tests.localcloud.signing import DATE

# Of each protocol: a service, an operation that is there, and one that is not.
OPERATIONS = [
    pytest.param("iam", "ListRoles", "GenerateServiceLastAccessedDetails", id="query"),
    pytest.param("elbv2", "DescribeLoadBalancers", "DescribeTrustStores", id="query, shared name"),
    pytest.param("ec2", "DescribeVpcs", "DescribeVerifiedAccessTrustProviders", id="ec2"),
    pytest.param("dynamodb", "ListTables", "ListContributorInsights", id="JSON 1.0"),
    pytest.param("sqs", "ListQueues", "ListMessageMoveTasks", id="JSON 1.0 and query"),
    pytest.param("ssm", "DescribeParameters", "DescribeOpsItems", id="JSON 1.1"),
    pytest.param("sagemaker", "ListTrainingJobs", "ListAlgorithms", id="JSON 1.1, partly our own"),
    pytest.param("budgets", "DescribeBudgets", "DescribeBudgetActionsForAccount", id="no region"),
    pytest.param("lambda", "ListFunctions", "ListCodeSigningConfigs", id="REST-JSON"),
    pytest.param(
        "chatbot", "DescribeSlackChannelConfigurations", "ListMicrosoftTeamsUserIdentities",
        id="REST-JSON, our own",
    ),
    pytest.param("route53", "ListHostedZones", "ListCidrCollections", id="REST-XML"),
]  # fmt: skip
NEEDED = {
    "DescribeBudgets": {"AccountId": "123456789012"},
    "DescribeBudgetActionsForAccount": {"AccountId": "123456789012"},
    "GenerateServiceLastAccessedDetails": {"Arn": "arn:aws:iam::123456789012:role/any"},
    "ListMessageMoveTasks": {"SourceArn": "arn:aws:sqs:us-east-1:123456789012:any"},
}
UNKNOWN = [
    pytest.param("braket", "SearchDevices", {"filters": []}, id="REST-JSON"),
    pytest.param("comprehend", "ListDatasets", {}, id="JSON"),
    pytest.param("location", "ListMaps", {}, id="REST-JSON under another name"),
    pytest.param("eventbridgev2", "ListEventBuses", {}, id="CBOR"),
]


def client(url: str, service: str, **retries: Any) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
        config=Config(
            retries=retries or None, parameter_validation=False, inject_host_prefix=False
        ),
    )


def call(client: Any, operation: str, **arguments: Any) -> Any:
    names = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    return getattr(client, names[operation])(**arguments)


def error(client: Any, operation: str, **arguments: Any) -> tuple[int, int, str, str]:
    """The status, how often the client tried again, the code and the message."""
    with pytest.raises(ClientError) as caught:
        call(client, operation, **arguments)
    answer = caught.value.response
    metadata, reported = answer["ResponseMetadata"], answer["Error"]
    return (
        metadata["HTTPStatusCode"],
        metadata["RetryAttempts"],
        reported["Code"],
        reported["Message"],
    )


@pytest.mark.parametrize(("service", "present", "absent"), OPERATIONS)
def test_an_operation_that_is_not_there_says_so_in_its_services_form(
    cloud: Cloud, service: str, present: str, absent: str
):
    asked = client(cloud.server.url, service)

    status = call(asked, present, **NEEDED.get(present, {}))["ResponseMetadata"]["HTTPStatusCode"]

    assert status == 200
    message = f"The local cloud does not have {service} {absent}"
    # With boto3's own retries, of which there are none.
    assert error(asked, absent, **NEEDED.get(absent, {})) == (400, 0, "NotImplemented", message)


@pytest.mark.parametrize(("service", "operation", "arguments"), UNKNOWN)
def test_a_service_that_is_not_there_says_so_in_its_own_form(
    cloud: Cloud, service: str, operation: str, arguments: dict[str, Any]
):
    asked = client(cloud.server.url, service)

    message = f"The local cloud does not have {service} {operation}"
    assert error(asked, operation, **arguments) == (400, 0, "NotImplemented", message)


def test_an_operation_that_needs_no_signature_is_named_with_its_service(cloud: Cloud):
    asked = client(cloud.server.url, "cognito-idp")

    refused = error(asked, "CompleteWebAuthnRegistration", AccessToken="a", Credential={})

    message = "The local cloud does not have cognito-idp CompleteWebAuthnRegistration"
    assert refused == (400, 0, "NotImplemented", message)


CRASHING = [
    ("iam", "ListRoles", "moto.iam.responses.IamResponse.list_roles"),
    ("ec2", "DescribeVpcs", "moto.ec2.responses.EC2Response.describe_vpcs"),
    ("dynamodb", "ListTables", "moto.dynamodb.responses.DynamoHandler.list_tables"),
    ("sqs", "ListQueues", "moto.sqs.responses.SQSResponse.list_queues"),
    ("ssm", "DescribeParameters", "moto.ssm.responses.SimpleSystemManagerResponse"
     ".describe_parameters"),
    ("lambda", "ListFunctions", "moto.awslambda.responses.LambdaResponse.list_functions"),
    ("route53", "ListHostedZones", "moto.route53.responses.Route53.list_hosted_zones"),
    ("s3", "ListBuckets", "moto.s3.responses.S3Response.all_buckets"),
]  # fmt: skip


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of moto's services in this process, with nothing of the local cloud's but
    the form of their errors."""
    from localcloud.handlers.bodies import read_body
    from localcloud.handlers.moto import Moto
    from localcloud.handlers.refusals import answer_errors
    from localcloud.protocol.requests import application
    from localcloud.server.serve import listen
    from localcloud.snapshots.gate import Gate

    server = listen(0, Gate())
    server.app = application([answer_errors, read_body, Moto()])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("service", "operation", "method"), CRASHING)
def test_an_operation_that_crashes_fails_in_its_services_form_and_the_log_says_why(
    moto: str,
    service: str,
    operation: str,
    method: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    asked = client(moto, service, total_max_attempts=1)
    assert call(asked, operation)["ResponseMetadata"]["HTTPStatusCode"] == 200

    def crash(_response: Any) -> Any:
        raise RuntimeError("the reason")

    crash.__name__ = method.rpartition(".")[2]
    monkeypatch.setattr(method, crash)

    status, _, code, message = error(asked, operation)

    assert status == 500
    assert code == ("InternalError" if service in {"s3", "ec2"} else "InternalFailure")
    assert message == f"The local cloud failed at {service} {operation}: its log says why " + (
        "(RuntimeError)"
    )
    [record] = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "the reason"


def test_a_part_of_an_operation_that_is_not_there_says_which(
    moto: str, monkeypatch: pytest.MonkeyPatch
):
    def lacking(_response: Any) -> Any:
        raise NotImplementedError("the filter colour")

    monkeypatch.setattr("moto.ec2.responses.EC2Response.describe_vpcs", lacking)

    assert error(client(moto, "ec2"), "DescribeVpcs") == (
        400,
        0,
        "NotImplemented",
        "The local cloud does not have all of ec2 DescribeVpcs: the filter colour",
    )


JSON = "Content-Type: application/x-amz-json-1.1"
FORM = "Content-Type: application/x-www-form-urlencoded"
GROUPS = "X-Amz-Target: Logs_20140328.DescribeLogGroups"
JOBS = "X-Amz-Target: SageMaker.ListTrainingJobs"
TRAILED = "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
FIVE = "x-amz-decoded-content-length: 5"
UNDATED = "X-Amz-Date: when it is sent"
DEEP = b'{"a":' * 100_000
ROLES = b"Action=ListRoles&Version=2010-05-08"


def request(
    service: str, line: str, body: bytes = b"", *headers: str, length: str | None = None
) -> bytes:
    scope = f"any/20260101/us-east-1/{service}/aws4_request"
    if service == "s3" and not any(each.startswith("x-amz-content-sha256") for each in headers):
        headers = ("x-amz-content-sha256: UNSIGNED-PAYLOAD", *headers)
    lines = [
        f"{line} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        UNDATED,
        *headers,
    ]
    if "Transfer-Encoding: chunked" not in headers:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def put(body: bytes, *headers: str, length: str | None = None) -> bytes:
    return request("s3", f"PUT /{BUCKET}/malformed", body, *headers, length=length)


def deletion(body: bytes) -> bytes:
    return request("s3", f"POST /{BUCKET}?delete", body)


MD5 = "Content-MD5: 8BnumgOXiv+fm3jQ3fPttw=="
"""Of `<a/>`."""
MALFORMED = {
    "deep JSON": (request("logs", "POST /", DEEP, JSON, GROUPS), 400, "SerializationException"),
    "deep JSON, our own": (
        request("sagemaker", "POST /", DEEP, JSON, JOBS),
        400,
        "SerializationException",
    ),
    "deep JSON, REST": (
        request("lambda", "POST /2015-03-31/functions", DEEP, "Content-Type: application/json"),
        400,
        "SerializationException",
    ),
    "no JSON": (request("logs", "POST /", b"{no", JSON, GROUPS), 400, "SerializationException"),
    "no object": (request("logs", "POST /", b"[]", JSON, GROUPS), 400, "SerializationException"),
    "a form not in UTF-8": (
        request("iam", "POST /", ROLES + b"&PathPrefix=\xff", FORM),
        400,
        "MalformedQueryString",
    ),
    "a form that names nothing": (request("iam", "POST /", b"x=1", FORM), 400, "InvalidAction"),
    "an action of no service": (
        request("iam", "POST /", b"Action=Juggle", FORM),
        400,
        "InvalidAction",
    ),
    "an operation of no service": (
        request("logs", "POST /", b"{}", JSON, "X-Amz-Target: Logs_20140328.Juggle"),
        400,
        "UnknownOperationException",
    ),
    "no operation": (request("dynamodb", "POST /", b"{}"), 400, "UnknownOperationException"),
    "an unknown service": (
        request("juggling", "POST /", b"{}", JSON, "X-Amz-Target: Juggling.Throw"),
        400,
        "NotImplemented",
    ),
    "an unknown path": (request("juggling", "GET /clubs"), 400, "NotImplemented"),
    "no gzip": (
        request("logs", "POST /", b"{}", JSON, GROUPS, "Content-Encoding: gzip"),
        400,
        "MalformedHttpRequestException",
    ),
    **{
        f"length {length}, {service}": (
            request(service, line, ROLES, *headers, length=length),
            400,
            "BadRequest",
        )
        for length in ("abc", "-1", "1e3")
        for service, line, headers in (
            ("iam", "POST /", (FORM,)),
            ("logs", "POST /", (JSON, GROUPS)),
            ("s3", f"PUT /{BUCKET}/malformed", ()),
        )
    },
    "a body that ends early": (put(b"ab", length="9"), 400, "IncompleteBody"),
    "JSON that ends early": (
        request("logs", "POST /", b"{}", JSON, GROUPS, length="9"),
        400,
        "IncompleteBody",
    ),
    "a chunk that ends early": (
        put(b"5\r\nab", "Transfer-Encoding: chunked"),
        400,
        "IncompleteBody",
    ),
    "a chunk without length": (
        put(b"zz\r\nab\r\n", "Transfer-Encoding: chunked"),
        400,
        "IncompleteBody",
    ),
    "S3's chunk that ends early": (put(b"5\r\nab", TRAILED, FIVE), 400, "IncompleteBody"),
    "S3's chunk without length": (put(b"zz\r\nab\r\n", TRAILED, FIVE), 400, "IncompleteBody"),
    "S3's chunks without end": (put(b"3\r\nabc\r\n", TRAILED, FIVE), 400, "IncompleteBody"),
    "S3's signed chunk that ends early": (
        put(b"5;chunk-signature=0\r\nab", SIGNED, FIVE),
        400,
        "IncompleteBody",
    ),
    "S3's chunks of no length": (put(b"0\r\n\r\n", TRAILED), 411, "MissingContentLength"),
    "a part of no upload": (
        request("s3", f"PUT /{BUCKET}/malformed?partNumber=1&uploadId=none", b"x"),
        404,
        "NoSuchUpload",
    ),
    "the end of no upload": (
        request("s3", f"POST /{BUCKET}/malformed?uploadId=none", b"<CompleteMultipartUpload/>"),
        404,
        "NoSuchUpload",
    ),
    "a part of no number": (
        request("s3", f"PUT /{BUCKET}/malformed?partNumber=x&uploadId=none", b"x"),
        400,
        "InvalidArgument",
    ),
    "a token of no page": (
        request("s3", f"GET /{BUCKET}?list-type=2&continuation-token=none"),
        400,
        "InvalidArgument",
    ),
    "keys of no number": (
        request("s3", f"GET /{BUCKET}?list-type=2&max-keys=many"),
        400,
        "InvalidArgument",
    ),
    "deletions without end": (deletion(b"<Delete><Obj"), 400, "MalformedXML"),
    "deletions of nothing": (deletion(b"<Delete/>"), 400, "MalformedXML"),
    "deletions of no key": (deletion(b"<Delete><Object/></Delete>"), 400, "MalformedXML"),
    "no deletions": (deletion(b"<Create/>"), 400, "MalformedXML"),
    "no XML": (
        request("s3", f"PUT /{BUCKET}?tagging", b"tags", "Content-MD5: 1XrEUlaEnZsT4kItkVgPuQ=="),
        400,
        "MalformedXML",
    ),
    "XML without a document": (
        request("s3", f"PUT /{BUCKET}?ownershipControls", b"<a/>", MD5),
        400,
        "MalformedXML",
    ),
    "XML of another document": (
        request("s3", f"PUT /{BUCKET}?publicAccessBlock", b"<a/>", MD5),
        400,
        "MalformedXML",
    ),
    "XML with an entity": (
        request("s3", f"PUT /{BUCKET}?accelerate", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        400,
        "MalformedXML",
    ),
    "no XML for Route 53": (
        request("route53", "POST /2013-04-01/hostedzone", b"null"),
        400,
        "MalformedInput",
    ),
    "no UTF-8 for Route 53": (
        request("route53", "POST /2013-04-01/hostedzone", b"\xff"),
        400,
        "MalformedInput",
    ),
    "no object, REST": (
        request("lambda", "POST /2015-03-31/functions", b"[1]"),
        400,
        "SerializationException",
    ),
    "no number": (
        request("sqs", "POST /", b'{"MaxResults": {}}', JSON, "X-Amz-Target: AmazonSQS.ListQueues"),
        400,
        "SerializationException",
    ),
    "deep JSON in a raw body": (
        request("lambda", "POST /2015-03-31/functions/any/invocations", DEEP),
        400,
        "SerializationException",
    ),
    "an unknown region": (
        request("logs", "POST /", b"{}", JSON, GROUPS).replace(b"/us-east-1/", b"/nowhere/"),
        403,
        "InvalidSignatureException",
    ),
    "an unknown region, query": (
        request("sns", "POST /", b"Action=ListTopics&Version=2010-03-31", FORM).replace(
            b"/us-east-1/", b"/../"
        ),
        403,
        "SignatureDoesNotMatch",
    ),
    "an unknown access control list": (
        put(b"x", "x-amz-acl: juggle"),
        400,
        "AccessControlListNotSupported",
    ),
    "an upload without a form": (
        request("s3", f"POST /{BUCKET}", b"x"),
        412,
        "PreconditionFailed",
    ),
    "no status of versions": (
        request("s3", f"PUT /{BUCKET}?versioning", b"<VersioningConfiguration/>"),
        400,
        "IllegalVersioningConfigurationException",
    ),
    "keys of too many digits": (
        request("s3", f"GET /{BUCKET}?list-type=2&max-keys={'9' * 5000}"),
        400,
        "InvalidArgument",
    ),
    "a length of too many digits": (put(b"", length="9" * 30), 400, "BadRequest"),
    "an unknown method": (request("s3", f"JUGGLE /{BUCKET}"), 405, "MethodNotAllowed"),
}


def test_an_address_that_expires_beyond_all_numbers_is_refused(cloud: Cloud):
    query = f"AWSAccessKeyId=any&Signature=0&Expires={'9' * 5000}"
    sent = f"GET /{BUCKET}/any?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    head, _, body = exchange(cloud, sent).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == 403
    assert b"<Code>AccessDenied</Code>" in body


def test_an_upload_that_is_completed_may_be_completed_again(cloud: Cloud):
    """As an SDK does when the first answer was lost."""
    named = {"Bucket": BUCKET, "Key": "in-parts"}
    upload = {**named, "UploadId": cloud.s3.create_multipart_upload(**named)["UploadId"]}
    part = {"ETag": cloud.s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]}
    parts = {"Parts": [{**part, "PartNumber": 1}]}
    first = cloud.s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    again = cloud.s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert again["ETag"] == first["ETag"]
    cloud.s3.delete_object(**named)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        cloud.s3.complete_multipart_upload(**upload, MultipartUpload=parts)


def test_a_queue_may_be_named_by_the_path_of_a_request(cloud: Cloud):
    queue = cloud.client("sqs").create_queue(QueueName="by-path")["QueueUrl"]
    path = f"POST /{queue.partition('//')[2].partition('/')[2]}"
    body = b"Action=SendMessage&Version=2012-11-05&MessageBody=x"
    assert b" 200 " in exchange(cloud, request("sqs", path, body, FORM)).partition(b"\r\n")[0]


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_in_its_services_form(cloud: Cloud, name: str):
    sent, status, code = MALFORMED[name]

    head, _, body = exchange(cloud, sent).partition(b"\r\n\r\n")

    assert int(head.split()[1]) == status
    assert code.encode() in body
    assert b"<html" not in body
    service = sent.split(b"/aws4_request")[0].rpartition(b"/")[2]
    if service in {b"s3", b"iam", b"route53", b"sns"}:
        assert f"<Code>{code}</Code>".encode() in body
    else:
        assert json.loads(body)["__type"].rpartition("#")[2] == code
    assert cloud.keys("malformed") == []


def exchange(cloud: Cloud, sent: bytes) -> bytes:
    """Sends one request, and returns the answer."""
    address = "127.0.0.1", cloud.server.port
    with closing(socket.create_connection(address, timeout=30)) as connection:
        date = f"X-Amz-Date: {time.strftime(DATE, time.gmtime())}"
        connection.sendall(sent.replace(UNDATED.encode(), date.encode()))
        if b"ontent-Length: -1" not in sent:  # at which the server waited for the end
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_compressed_request_is_read(cloud: Cloud):
    body = gzip.compress(ROLES)

    answer = exchange(cloud, request("iam", "POST /", body, FORM, "Content-Encoding: gzip"))

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"<ListRolesResult>" in answer
