"""Requests that the stack's own resources must refuse, sent once.

Whoever runs the acceptance may do nearly everything in the account. So an answer says something
only where it was refused, or where a role that may do nothing is refused what is asked of no stack:
that shows that permissions are enforced at all.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from acceptance.alert_queue import topic_of
from acceptance.scene import Scene

ACCEPTED = "accepted"
CONTROL = "control"
"""The request of the role that may do nothing, and which is about no resource of the stack."""
_SETTLE_SECONDS = 60.0
_KEY = "output/acceptance-probe"


def send_refusals(scene: Scene) -> dict[str, str]:
    """Sends each request; the code of its refusal, or that it was accepted.

    Where the account lets no role be made, only what the caller itself sends is in it.
    """
    sts = scene.client("sts")
    own = _answers(_of_the_caller(scene) | {"assumed": lambda: _assume(sts, _execution(scene))})
    try:
        role = _create_stranger(scene, stranger_name(scene))
        session = scene.wait(lambda: _session(scene, role), _SETTLE_SECONDS, "a role's session")
        return own | _answers(_of_a_stranger(scene, session))
    except (ClientError, TimeoutError) as error:
        scene.say(scene.masked(f"  A role that may do nothing could not be used: {error}"))
        return own
    finally:
        delete_stranger(scene)


def stranger_name(scene: Scene) -> str:
    """The name of the role that may do nothing."""
    return f"{scene.prefix}-stranger"


def delete_stranger(scene: Scene) -> None:
    """Deletes the role that may do nothing, where it is."""
    iam = scene.client("iam")
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_role(RoleName=stranger_name(scene))


def _of_the_caller(scene: Scene) -> dict[str, Callable[[], Any]]:
    """What an administrator must be refused, by the bucket and by its policy."""
    s3 = scene.client("s3")
    named = {"Bucket": scene.bucket, "Key": _KEY}
    other = scene.site.arn("kms", "key/00000000-0000-0000-0000-000000000000")
    requests: dict[str, Callable[[], Any]] = {
        "other-key": lambda: s3.put_object(
            **named, Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=other
        ),
        "other-encryption": lambda: s3.put_object(**named, Body=b"", ServerSideEncryption="AES256"),
        "key-of-a-client": lambda: s3.put_object(
            **named,
            Body=b"",
            SSECustomerAlgorithm="AES256",
            SSECustomerKey=secrets.token_bytes(32),
        ),
    }
    if s3.meta.endpoint_url.startswith("https:"):
        address = s3.meta.endpoint_url.replace("https:", "http:", 1)
        plain = boto3.client("s3", region_name=scene.diary.region, endpoint_url=address)
        requests["plain-http"] = lambda: plain.list_objects_v2(Bucket=scene.bucket)
    return requests


def _of_a_stranger(scene: Scene, session: boto3.Session) -> dict[str, Callable[[], Any]]:
    """What another role of the account must be refused."""
    region, key = scene.diary.region, scene.outputs["artifact_key_arn"]
    once = Config(retries={"total_max_attempts": 1})

    def client(service: str) -> Any:
        return session.client(service, region_name=region, config=once)

    message = json.dumps({"acceptance": "this must not arrive"})
    return {
        CONTROL: lambda: client("s3").list_buckets(),
        "stranger-bucket": lambda: client("s3").list_objects_v2(Bucket=scene.bucket),
        "stranger-key": lambda: client("kms").encrypt(KeyId=key, Plaintext=b"x"),
        "stranger-topic": lambda: client("sns").publish(TopicArn=topic_of(scene), Message=message),
        "stranger-role": lambda: _assume(client("sts"), _execution(scene)),
    }


def _answers(requests: Mapping[str, Callable[[], Any]]) -> dict[str, str]:
    answers = {}
    for name, send in requests.items():
        try:
            send()
            answers[name] = ACCEPTED
        except ClientError as error:
            answers[name] = error.response["Error"]["Code"]
    return answers


def _create_stranger(scene: Scene, name: str) -> str:
    """Makes the role, as often as it is called, and returns its ARN."""
    iam = scene.client("iam")
    account = {"AWS": scene.site.root_arn}
    statement = {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def _session(scene: Scene, role: str) -> boto3.Session | None:
    """A session of the role; None as long as it can't be assumed yet."""
    try:
        answer = _assume(scene.client("sts"), role)
    except ClientError:
        return None
    given = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def _assume(sts: Any, role: str) -> Any:
    return sts.assume_role(RoleArn=role, RoleSessionName="acceptance")


def _execution(scene: Scene) -> str:
    return str(scene.outputs["sagemaker_execution_role_arn"])
