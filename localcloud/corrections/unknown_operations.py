"""Operations that moto lacks: it raises an error instead of answering with a page."""

from __future__ import annotations

from typing import Any


def correct() -> None:
    """Makes moto raise an error for a request without an operation, as for one that it lacks."""
    from moto.core.responses import BaseResponse

    call = BaseResponse.call_action

    def call_action(response: Any) -> Any:
        if not response._get_action():
            raise NotImplementedError
        return call(response)

    BaseResponse.call_action = call_action
