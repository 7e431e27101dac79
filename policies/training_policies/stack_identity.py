"""The team and environment of a stack, as its tags in the backend and its settings say."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from pulumi.runtime import get_config_env

from training_policies.policy import Claim, Stack

TEAM, ENVIRONMENT = "team", "environment"
"""The names of the stack's tags, and of its settings in the project's namespace."""

TAGS_SETTING = "pulumi:tags"
"""The setting by which the Pulumi Cloud lets a program's files write the stack's tags."""

_HARMLESS_TAGS = frozenset({"pulumi:template"})
"""The tags that `pulumi new` has this setting write: which template a project was made from."""


def stack_of(
    name: str, tags: Mapping[str, str], settings: Mapping[str, str], *, trust_settings: bool
) -> Stack:
    """The stack with the team and environment that its tags say, or else its settings.

    Tags are set in the backend, apart from the program. Settings come with the program: they count
    only where they are trusted. Where they are not, and write tags, no tag counts either. Both are
    claims, which quota-team compares.
    """
    tagged = Claim("the stack's tags", tags.get(TEAM, ""), tags.get(ENVIRONMENT, ""))
    written = Claim("the stack's settings", settings.get(TEAM, ""), settings.get(ENVIRONMENT, ""))
    if trust_settings:
        team = tagged.team or written.team
        environment = tagged.environment or written.environment
        return Stack(name, team, environment, (tagged, written))
    own = Claim("", "", "") if writes_tags(settings.get(TAGS_SETTING, {})) else tagged
    return Stack(name, own.team, own.environment, (tagged, written), tags_only=True)


def writes_tags(value: Any) -> bool:
    """Whether the setting that writes the stack's tags writes any but those that change nothing.

    `value` is as a file has it, or as a text of JSON, which the engine passes on. What can't be
    read may write any tag.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return True
    return not isinstance(value, Mapping) or bool(value.keys() - _HARMLESS_TAGS)


def stack_name() -> str:
    """The stack's name, which the engine passes to a policy pack."""
    return os.environ.get("PULUMI_STACK", "")


def is_preview() -> bool:
    """Whether the engine only shows what it would do; an engine that does not say so may do it."""
    return os.environ.get("PULUMI_DRY_RUN") == "true"


def stack_settings() -> dict[str, str]:
    """The stack's settings, which the engine passes to a policy pack; see `settings_of`."""
    return settings_of(get_config_env(), os.environ.get("PULUMI_PROJECT", ""))


def settings_of(config: Mapping[str, object], project: str) -> dict[str, str]:
    """The settings in a project's namespace, by key, and the one that writes the stack's tags."""
    settings = {}
    for name, value in config.items():
        owner, _, key = name.partition(":")
        if owner == project:
            settings[key] = str(value)
        elif name == TAGS_SETTING:
            settings[name] = str(value)
    return settings
