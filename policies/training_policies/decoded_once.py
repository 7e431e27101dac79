"""Has pulumi-policy decode what the engine sends once, and not again for each policy.

The SDK decodes a resource and its provider for each policy, and all resources of a stack for each
policy of stacks. In a pack of many policies that is most of what a preview waits for. Policies
only read what is decoded, so they can share it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import SimpleNamespace
from typing import Any

from pulumi_policy import policy

_SDK: Any = policy
"""The module, of which these names are not public. The pack's requirements pin its version."""

_JUDGING = ("Analyze", "AnalyzeStack")
"""The engine's requests for which the SDK decodes the same for each policy."""

_Decoded = dict[tuple[int, int], tuple[Any, Any]]
"""What steps of decoding returned, by the ids of the step and its argument.

The argument is kept with it: after the argument's end, another object could get its id.
"""

_decoded: ContextVar[_Decoded | None] = ContextVar("_decoded", default=None)
"""What is decoded for the request that is judged; None between requests."""


def decode_once() -> None:
    """Changes the SDK's module, before the pack is served.

    Raises:
        AttributeError: another version of the SDK has no such function or class.
    """
    servicer = _SDK._PolicyAnalyzerServicer
    for name in _JUDGING:
        setattr(servicer, name, _for_one_request(getattr(servicer, name)))
    _SDK.json_format = SimpleNamespace(MessageToDict=_once(_SDK.json_format.MessageToDict))
    _SDK.deserialize_properties = _once(_SDK.deserialize_properties)
    _SDK.unknown_checking_proxy = _once(_SDK.unknown_checking_proxy)


def _for_one_request(judge: Callable[..., Any]) -> Callable[..., Any]:
    """The SDK's answer to a request, during which what is decoded is kept."""

    @wraps(judge)
    def answer(*arguments: Any) -> Any:
        token = _decoded.set({})
        try:
            return judge(*arguments)
        finally:
            _decoded.reset(token)

    return answer


def _once(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step of decoding that is done once for the same object of one request."""

    @wraps(step)
    def decoded(value: Any, *options: Any) -> Any:
        known = _decoded.get()
        if known is None or options:
            return step(value, *options)
        key = id(step), id(value)
        if key not in known:
            known[key] = value, step(value)
        return known[key][1]

    return decoded
