"""Slack channels that get a topic's messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    PREFIXED,
    one_of,
    present,
    tag_list,
    tag_map,
    update_tags,
)

_TEAM = re.compile(r"[0-9A-Z]{1,255}\Z")
_CHANNEL = re.compile(r"[A-Za-z0-9]+\Z")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_FORMS = {"configurationName": _NAME, "slackChannelId": _CHANNEL, "slackTeamId": _TEAM}
_FIELDS = {
    "configurationName": "ConfigurationName",
    "guardrailPolicyArns": "GuardrailPolicyArns",
    "iamRoleArn": "IamRoleArn",
    "loggingLevel": "LoggingLevel",
    "slackChannelId": "SlackChannelId",
    "slackTeamId": "SlackTeamId",
    "snsTopicArns": "SnsTopicArns",
    "userAuthorizationRequired": "UserAuthorizationRequired",
}
_FIXED = ("configurationName", "slackTeamId")


def _failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "loggingLevel", ["ERROR", "INFO", "NONE"])
    for name, form in _FORMS.items():
        if name in inputs and not form.match(inputs[name]):
            yield Failure(name, f"{inputs[name]!r} does not match {form.pattern.removesuffix('Z')}")


def _request(inputs: Properties) -> dict[str, Any]:
    return present(**{api: inputs.get(name) for name, api in _FIELDS.items()})


def _create(cloud: Cloud, inputs: Properties) -> str:
    tags = tag_list(inputs.get("tagsAll"), PREFIXED)
    answer = cloud.client("chatbot").create_slack_channel_configuration(
        **_request(inputs), **({"Tags": tags} if tags else {})
    )
    return str(answer["ChannelConfiguration"]["ChatConfigurationArn"])


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    answer = cloud.client("chatbot").describe_slack_channel_configurations(
        ChatConfigurationArn=identity
    )
    found = next(iter(answer.get("SlackChannelConfigurations") or ()), None)
    if found is None:
        return None
    return {
        **{name: found.get(api) for name, api in _FIELDS.items()},
        "chatConfigurationArn": identity,
        "slackChannelName": found.get("SlackChannelName", ""),
        "slackTeamName": found.get("SlackTeamName", ""),
        "tagsAll": tag_map(found.get("Tags"), PREFIXED),
    }


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    """Changes what the API can change: a channel stays in its workspace, whatever is asked for."""
    chatbot = cloud.client("chatbot")
    request = _request({n: v for n, v in inputs.items() if n not in _FIXED})
    chatbot.update_slack_channel_configuration(ChatConfigurationArn=identity, **request)
    update_tags(chatbot, state, inputs, PREFIXED, ResourceARN=identity)


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    if _read(cloud, identity, state):
        cloud.client("chatbot").delete_slack_channel_configuration(ChatConfigurationArn=identity)


TYPES = (
    ResourceType(
        type="aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        source="chatbot/slack_channel_configuration.go",
        calls=(Call("chatbot", "CreateSlackChannelConfiguration"),),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        validate=_failures,
        required=names("configurationName iamRoleArn slackChannelId slackTeamId"),
        replaces=names("configurationName"),
        computed=names("guardrailPolicyArns loggingLevel snsTopicArns userAuthorizationRequired"),
        unordered=names("guardrailPolicyArns snsTopicArns"),
        write_only=names("timeouts"),
        outputs=names("chatConfigurationArn slackChannelName slackTeamName"),
        tagged=True,
    ),
)
