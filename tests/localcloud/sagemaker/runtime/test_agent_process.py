"""An agent calls S3 as its job's role, with a client that was made before the job."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.sagemaker.runtime import agent_process
from localcloud.sagemaker.runtime.agent_work import Reach

URL = "http://127.0.0.1:9"


class SentError(Exception):
    """The headers of a request, in place of an answer."""


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_client_that_was_made_before_has_the_credentials_and_the_region_of_the_job(region: str):
    def send(request: Any, **_: object) -> None:
        raise SentError(request.headers)

    agent_process.prepare(URL, "us-east-1")
    role = {"aws_access_key_id": "ROLE", "aws_secret_access_key": "x", "aws_session_token": "token"}

    client = agent_process._client(Reach(URL, region, role))

    client.meta.events.register("before-send.s3", send)
    with pytest.raises(SentError) as sent:
        client.head_bucket(Bucket="bucket")
    headers = {name: bytes(value).decode() for name, value in sent.value.args[0].items()}
    assert "Credential=ROLE/" in headers["Authorization"]
    assert f"/{region}/s3/" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"
