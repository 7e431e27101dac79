"""The order of the request handlers, by what a client sees of it."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.localcloud.cloud import Cloud
from tests.localcloud.signing import signed

KEY = "order-of-handlers"


def send(cloud: Cloud, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", cloud.server.port, timeout=30)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = json.loads(answer.read() or b"null")
    connection.close()
    return answer.status, content


def test_a_page_of_another_origin_reaches_no_handler_after_the_check(cloud: Cloud):
    status, answer = send(
        cloud, "/localcloud/faults", b'{"faults": []}', Origin="https://a.example"
    )

    assert status == 403
    assert "other origins" in answer["message"]


@pytest.mark.usefixtures("only_plan_of_faults")
def test_a_fault_strikes_before_permissions_and_models_are_checked(cloud: Cloud):
    fault = {"service": "sagemaker", "access_key": KEY, "answer": "throttle"}
    send(cloud, "/localcloud/faults", json.dumps({"faults": [fault]}).encode())
    headers = {
        "X-Amz-Target": "SageMaker.ListTrainingJobs",
        **signed("sagemaker", KEY),
    }
    wrong = b'{"MaxResults": "many"}'

    first, second = (send(cloud, "/", wrong, **headers) for _ in range(2))

    assert first[0] == 400
    assert first[1]["__type"] == "ThrottlingException"
    assert second[1]["__type"] == "SerializationException"


def test_a_service_of_its_own_answers_before_moto_and_leaves_the_rest_to_it(cloud: Cloud):
    quotas = cloud.client("service-quotas")

    assert quotas.list_service_quotas(ServiceCode="sagemaker")["Quotas"]
    assert quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
