from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from acceptance import refusals
from acceptance.scene import Scene


class Service:
    """A service that answers or refuses each request, and remembers them."""

    def __init__(self, asked: list[str], refused: tuple[str, ...] = ()) -> None:
        self._asked, self._refused = asked, refused
        self.meta = boto3.client("s3", region_name="eu-west-1").meta
        self.exceptions = boto3.client("iam").exceptions

    def __getattr__(self, operation: str) -> Any:
        def ask(**_: Any) -> Any:
            self._asked.append(operation)
            if operation in self._refused:
                raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)
            if operation == "get_role":
                return {"Role": {"Arn": "arn"}}
            return {
                "Credentials": dict.fromkeys(
                    ("AccessKeyId", "SecretAccessKey", "SessionToken"), "x"
                )
            }

        return ask


@pytest.fixture
def asked() -> list[str]:
    """The operations that were asked for, in their order."""
    return []


def answers(
    scene: Scene, asked: list[str], monkeypatch: pytest.MonkeyPatch, *refused: str
) -> dict[str, str]:
    service = Service(asked, refused)
    scene.facts["outputs"] = {
        "artifact_bucket_name": "the-bucket", "artifact_key_arn": "k",
        "sagemaker_execution_role_arn": "r",
    }  # fmt: skip
    monkeypatch.setattr(scene, "client", lambda *_: service)
    monkeypatch.setattr(boto3, "client", lambda *_, **__: service)
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: service)
    monkeypatch.setattr(refusals, "topic_of", lambda _: "t")
    return refusals.send_refusals(scene)


def test_each_request_is_sent_and_its_answer_kept_and_the_role_is_gone_afterwards(
    scene: Scene, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    found = answers(scene, asked, monkeypatch, "put_object", "publish")
    assert found == {
        "other-key": "AccessDenied",
        "other-encryption": "AccessDenied",
        "key-of-a-client": "AccessDenied",
        "plain-http": "accepted",
        "assumed": "accepted",
        "control": "accepted",
        "stranger-bucket": "accepted",
        "stranger-key": "accepted",
        "stranger-topic": "AccessDenied",
        "stranger-role": "accepted",
    }
    assert asked[-1] == "delete_role"


def test_where_no_role_can_be_made_the_callers_own_requests_are_kept(
    scene: Scene, asked: list[str], said: list[str], monkeypatch: pytest.MonkeyPatch
):
    found = answers(scene, asked, monkeypatch, "create_role", "put_object")
    assert found["other-key"] == "AccessDenied"
    assert "control" not in found
    assert "could not be used" in said[0]
    assert asked[-1] == "delete_role"
