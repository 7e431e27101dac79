"""Inputs of a job that must not be secret: all of them are readable in the job's record.

A secret output would reach the dynamic provider in plain text, and DescribeTrainingJob would show
it for ever to everyone who may call it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi


def plain(value: Any, path: str) -> Any:
    """The same value; its outputs end the program if one of them is marked secret.

    Raises:
        pulumi.RunError: in the output that is marked.
    """
    if isinstance(value, Mapping):
        return {key: plain(each, f"{path}.{key}") for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, f"{path}[{index}]") for index, each in enumerate(value)]
    return _checked(value, path) if isinstance(value, pulumi.Output) else value


def _checked(output: pulumi.Output[Any], path: str) -> pulumi.Output[Any]:
    """The output itself, unknowns included: `apply` would pass a secret on without an error."""

    async def value() -> Any:
        if await output.is_secret():
            raise pulumi.RunError(
                f"{path}: (hidden) — is marked as a secret, and everything that a job is given is "
                "readable in its record.\n"
                "    Remedy: keep it in Secrets Manager, and name its ARN in the job's secrets."
            )
        return await output.future(with_unknowns=True)

    # A task, unlike a coroutine, need not be awaited once `value` has raised.
    known = asyncio.ensure_future(output.is_known())
    return pulumi.Output(output.resources(), value(), known)
