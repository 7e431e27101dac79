"""Requests whose bodies are not text."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.cloud import Cloud


def test_a_body_that_is_neither_text_nor_json_reaches_its_operation(cloud: Cloud):
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="any", Body=b"\x89PNG\xff", ContentType="image/png"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("lambda").invoke(FunctionName="absent", Payload=b"\xff")
