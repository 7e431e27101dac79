from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from localcloud.sagemaker.runtime.portable_errors import portable


def sent(error: Exception) -> object:
    return pickle.loads(pickle.dumps(portable(error)))  # noqa: S301 - made in this process


def test_an_error_of_the_service_keeps_its_code():
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
    received = sent(error)
    assert isinstance(received, ClientError)
    assert received.response["Error"]["Code"] == "AccessDenied"


def test_an_error_that_holds_an_open_file_is_sent_in_words(tmp_path: Path):
    (tmp_path / "model").touch()
    with (tmp_path / "model").open("rb") as body:
        error = ConnectionClosedError(endpoint_url="http://127.0.0.1", request=body)
        with pytest.raises(TypeError):
            pickle.dumps(error)
        error.add_note("In the agent")
        received = sent(error)
    assert isinstance(received, RuntimeError)
    assert str(received).startswith("ConnectionClosedError: Connection was closed before")
    assert received.__notes__ == ["In the agent"]


class NeedsTwoError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def test_an_error_that_can_not_be_made_again_is_sent_in_words():
    assert str(sent(NeedsTwoError("a", "b"))) == "NeedsTwoError: ab"


def test_what_is_no_error_is_sent_as_it_is():
    value = {"key": [1]}
    assert portable(value) is value
