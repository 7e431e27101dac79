"""Requests at the same time: none sees moto's data half changed, and none waits for a wait."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pydoc import locate
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud.corrections import object_contents
from localcloud.corrections.corrections import correct_moto
from localcloud.moto_data import identities
from localcloud.moto_data.moto_lock import outside_moto
from localcloud.status_page import objects

_PAUSE_SECONDS = 0.5
"""How long a request waits in moto for another one, which must not come in."""
_SECONDS = 10.0
"""How long a request may take that must come in."""

Client = Callable[[str], Any]
Call = Callable[[], Any]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Makes clients of moto's services in this process."""
    from localcloud.handlers.bodies import read_body
    from localcloud.handlers.moto import Moto
    from localcloud.handlers.refusals import answer_errors
    from localcloud.protocol.requests import application
    from localcloud.server.serve import listen
    from localcloud.snapshots.gate import Gate

    correct_moto()
    server = listen(0, Gate())
    server.app = application([answer_errors, read_body, Moto()])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def make(service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        )

    yield make
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as found:
        yield found


class _Slow:
    """A dictionary whose items are read slowly: `pause` is called after each."""

    def __init__(self, content: dict[str, Any], pause: Callable[[Any], Any]) -> None:
        self._content = content
        self._pause = pause

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def __getitem__(self, key: str) -> Any:
        return self._content[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._content[key] = value

    def __delitem__(self, key: str) -> None:
        del self._content[key]

    def items(self) -> Iterator[tuple[str, Any]]:
        return (self._pause(each) for each in self._content.items())

    def values(self) -> Iterator[Any]:
        return (self._pause(each) for each in self._content.values())


class Pause:
    """Makes moto wait in the middle of a request, until another request was answered."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        """`seconds` is how long it waits at most."""
        self.was_overtaken = False
        """Whether the other request was answered meanwhile."""
        self._entered, self._answered = threading.Event(), threading.Event()
        self._seconds = seconds

    def at(self, monkeypatch: pytest.MonkeyPatch, place: str) -> Pause:
        """Waits where a function returns, or within a dictionary that is an attribute, once."""
        owner, _, name = place.rpartition(".")
        found: Any = locate(place)
        if callable(found):
            monkeypatch.setattr(place, lambda *each, **named: self._after(found(*each, **named)))
        else:
            stand_in = property(
                lambda each: _Slow(vars(each)[name], self._after),
                lambda each, value: vars(each).update({name: value}),
            )
            monkeypatch.setattr(locate(owner), name, stand_in, raising=False)
        return self

    def _after(self, found: Any) -> Any:
        if not self._entered.is_set():
            self._entered.set()
            self.was_overtaken = self._answered.wait(self._seconds)
        return found

    def overtake(self, pool: ThreadPoolExecutor, first: Call, other: Call) -> tuple[Any, Any]:
        """The answers to two requests, of which the other comes when moto waits in the first."""
        waiting = pool.submit(first)
        assert self._entered.wait(_SECONDS), waiting.result()
        coming: Future[Any] = pool.submit(other)
        coming.add_done_callback(lambda _: self._answered.set())
        return waiting.result(), coming.result()


def of_objects(client: Client, operation: str) -> tuple[Call, Call]:
    s3, bucket = client("s3"), {"Bucket": uuid.uuid4().hex}
    s3.create_bucket(**bucket)
    for key in ("first", "second"):
        s3.put_object(**bucket, Key=key, Body=b"content")
    return (
        lambda: getattr(s3, operation)(**bucket),
        lambda: s3.delete_object(**bucket, Key="second"),
    )


def of_uploads(client: Client, operation: str) -> tuple[Call, Call]:
    s3, named = client("s3"), {"Bucket": uuid.uuid4().hex, "Key": "key"}
    s3.create_bucket(Bucket=named["Bucket"])
    uploads = [s3.create_multipart_upload(**named)["UploadId"] for _ in range(2)]
    return (
        lambda: getattr(s3, operation)(Bucket=named["Bucket"]),
        lambda: s3.abort_multipart_upload(**named, UploadId=uploads[1]),
    )


def of_streams(client: Client, operation: str) -> tuple[Call, Call]:
    logs, group = client("logs"), {"logGroupName": uuid.uuid4().hex}
    logs.create_log_group(**group)
    for name in ("first", "second"):
        logs.create_log_stream(**group, logStreamName=name)
    return (
        lambda: getattr(logs, operation)(**group),
        lambda: logs.delete_log_stream(**group, logStreamName="second"),
    )


def of_items(client: Client, operation: str) -> tuple[Call, Call]:
    tables, table = client("dynamodb"), {"TableName": uuid.uuid4().hex}
    tables.create_table(
        **table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
    )
    tables.put_item(**table, Item={"key": {"S": "first"}})
    return (
        lambda: getattr(tables, operation)(**table),
        lambda: tables.put_item(**table, Item={"key": {"S": "value"}}),
    )


def of_queues(client: Client, operation: str) -> tuple[Call, Call]:
    queues, name = client("sqs"), uuid.uuid4().hex
    queues.create_queue(QueueName="first")
    return getattr(queues, operation), lambda: queues.create_queue(QueueName=name)


def of_rules(client: Client, operation: str) -> tuple[Call, Call]:
    events, name = client("events"), uuid.uuid4().hex
    rule = {"EventPattern": '{"source": ["any"]}'}
    for first in ("first", "second"):
        events.put_rule(**rule, Name=first)
    return getattr(events, operation), lambda: events.put_rule(**rule, Name=name)


POLICY = """{"Version": "2012-10-17", "Statement":
    [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"""
KEYS = "moto.s3.utils._VersionedKeyStore._self_iterable"


@pytest.mark.parametrize(
    ("prepare", "operation", "place"),
    [
        (of_objects, "list_objects_v2", KEYS),
        (of_objects, "list_objects", KEYS),
        (of_objects, "list_object_versions", KEYS),
        (of_uploads, "list_multipart_uploads", "moto.s3.models.FakeBucket.multiparts"),
        (of_streams, "describe_log_streams", "moto.logs.models.LogStream.to_describe_dict"),
        (of_items, "scan", "moto.dynamodb.models.table.Table.items"),
        (of_queues, "list_queues", "moto.sqs.models.SQSBackend.queues"),
        (of_rules, "list_rules", "moto.events.models.EventBus.rules"),
    ],
)
def test_a_list_succeeds_though_a_change_is_made_meanwhile(
    client: Client,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Client, str], tuple[Call, Call]],
    operation: str,
    place: str,
):
    listing, change = prepare(client, operation)
    pause = Pause().at(monkeypatch, place)

    pause.overtake(pool, listing, change)

    assert pause.was_overtaken


def test_the_status_page_lists_objects_though_one_is_deleted_meanwhile(
    client: Client, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
):
    s3, name = client("s3"), uuid.uuid4().hex
    s3.create_bucket(Bucket=name)
    for key in ("first", "second"):
        s3.put_object(Bucket=name, Key=key, Body=b"content")
    pause = Pause().at(monkeypatch, KEYS)

    pause.overtake(
        pool,
        lambda: objects.listing(name, ""),
        lambda: s3.delete_object(Bucket=name, Key="second"),
    )

    assert pause.was_overtaken


def test_one_change_at_a_time_is_made_even_if_it_is_another_services(
    client: Client, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
):
    queues, topics = client("sqs"), client("sns")
    name = uuid.uuid4().hex
    topic = topics.create_topic(Name=name)["TopicArn"]
    queues.create_queue(QueueName=name)
    queue = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    topics.publish(TopicArn=topic, Message="first")
    pause = Pause(_PAUSE_SECONDS).at(monkeypatch, "moto.sqs.models.SQSBackend.create_queue")

    pause.overtake(
        pool,
        lambda: queues.create_queue(QueueName=f"{name}-2"),
        lambda: topics.publish(TopicArn=topic, Message="message"),
    )

    assert not pause.was_overtaken


def test_a_role_is_judged_as_it_is_before_or_after_a_change(
    client: Client, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
):
    iam, name = client("iam"), uuid.uuid4().hex
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    policy = {"RoleName": name, "PolicyDocument": POLICY}
    iam.put_role_policy(**policy, PolicyName="first")
    pause = Pause(_PAUSE_SECONDS).at(monkeypatch, "localcloud.moto_data.identities.parse")

    found, _ = pause.overtake(
        pool,
        lambda: identities.role(role),
        lambda: iam.put_role_policy(**policy, PolicyName="second"),
    )

    assert not pause.was_overtaken
    assert len(found.policies) == 1


def test_a_request_that_waits_for_a_message_keeps_none_waiting(
    client: Client, pool: ThreadPoolExecutor
):
    queues = client("sqs")
    queue = {"QueueUrl": queues.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]}
    waiting = pool.submit(queues.receive_message, **queue, WaitTimeSeconds=20)

    client("sqs").send_message(**queue, MessageBody="at last")

    assert waiting.result()["Messages"][0]["Body"] == "at last"


def test_a_content_that_is_being_written_keeps_no_request_waiting(
    client: Client, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
):
    s3, bucket = client("s3"), {"Bucket": uuid.uuid4().hex}
    s3.create_bucket(**bucket)
    # The content is being written until its tag is known.
    pause = Pause().at(monkeypatch, "localcloud.corrections.object_contents._tag")

    _, listed = pause.overtake(
        pool,
        lambda: s3.put_object(**bucket, Key="key", Body=b"content"),
        lambda: s3.list_objects_v2(**bucket),
    )

    assert pause.was_overtaken
    assert listed["KeyCount"] == 0
    assert s3.get_object(**bucket, Key="key")["Body"].read() == b"content"


def test_a_large_content_is_copied_whole_though_the_object_is_deleted_meanwhile(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE", "10")
    s3, named = client("s3"), {"Bucket": uuid.uuid4().hex, "Key": "key"}
    s3.create_bucket(Bucket=named["Bucket"])
    s3.put_object(**named, Body=b"more than ten bytes")
    deletions = iter([lambda: client("s3").delete_object(**named)])

    @contextmanager
    def deleting() -> Iterator[None]:
        with outside_moto():
            next(deletions)()
            yield

    monkeypatch.setattr(object_contents, "outside_moto", deleting)

    s3.copy_object(Bucket=named["Bucket"], Key="copy", CopySource=named)

    listed = s3.list_objects_v2(Bucket=named["Bucket"])["Contents"]
    assert [each["Key"] for each in listed] == ["copy"]
    content = s3.get_object(Bucket=named["Bucket"], Key="copy")["Body"].read()
    assert content == b"more than ten bytes"


def test_versions_are_listed_without_a_copy_of_their_contents(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    s3, bucket = client("s3"), {"Bucket": uuid.uuid4().hex}
    s3.create_bucket(**bucket)
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"earlier", b"a newer one"):
        s3.put_object(**bucket, Key="key", Body=content)
    monkeypatch.delattr("moto.s3.models.FakeKey.value")

    versions = s3.list_object_versions(**bucket)["Versions"]

    assert [each["Size"] for each in versions] == [len("a newer one"), len("earlier")]
    assert [each["IsLatest"] for each in versions] == [True, False]
    monkeypatch.undo()
    assert s3.get_object(**bucket, Key="key")["Body"].read() == b"a newer one"


def test_a_subscriber_of_a_topic_may_be_on_this_server(client: Client):
    topics = client("sns")
    topic = topics.create_topic(Name=uuid.uuid4().hex)["TopicArn"]
    address = f"{topics.meta.endpoint_url}/nothing"
    topics.subscribe(TopicArn=topic, Protocol="http", Endpoint=address)

    assert topics.publish(TopicArn=topic, Message="message")["MessageId"]
