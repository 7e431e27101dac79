"""Whose stack the engine previews: what the backend's tags and the stack's settings say."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pulumi.runtime import get_config_env

from training_policies.policy import Claim, Stack

TEAM, ENVIRONMENT = "team", "environment"
"""The names of the stack's tags, and of its settings in the project's namespace."""


def stack_of(
    name: str, tags: Mapping[str, str], settings: Mapping[str, str], *, trust_settings: bool
) -> Stack:
    """The stack with the team and environment that its tags say, or else its settings.

    Tags are set in the backend, apart from the program; settings come with it, and count only
    where they are trusted. Both are claims, which quota-team compares.
    """
    tagged = Claim("the stack's tags", tags.get(TEAM, ""), tags.get(ENVIRONMENT, ""))
    written = Claim("the stack's settings", settings.get(TEAM, ""), settings.get(ENVIRONMENT, ""))
    trusted = written if trust_settings else Claim("", "", "")
    return Stack(
        name,
        tagged.team or trusted.team,
        tagged.environment or trusted.environment,
        (tagged, written),
    )


def stack_name() -> str:
    """The stack's name, as the engine tells it to a policy pack."""
    return os.environ.get("PULUMI_STACK", "")


def stack_settings() -> dict[str, str]:
    """The stack's settings in the project's namespace, by key."""
    namespace = os.environ.get("PULUMI_PROJECT", "")
    settings = {}
    for name, value in get_config_env().items():
        owner, _, key = name.partition(":")
        if owner == namespace:
            settings[key] = str(value)
    return settings
