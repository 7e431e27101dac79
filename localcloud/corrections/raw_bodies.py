"""Bodies that are not text, such as the data for a model: moto decodes nearly all as UTF-8."""

from __future__ import annotations

from functools import wraps
from typing import Any


def correct() -> None:
    """Lets moto read a body that is not UTF-8 as Latin-1: each byte is a character."""
    from moto.core.responses import BaseResponse

    setup = BaseResponse.setup_class

    @wraps(setup)
    def setup_class(response: Any, *arguments: Any, **named: Any) -> None:
        try:
            setup(response, *arguments, **named)
        except UnicodeDecodeError:
            setup(response, *arguments, **{**named, "use_raw_body": True})
            response.body = response.body.decode("latin-1")

    BaseResponse.setup_class = setup_class
