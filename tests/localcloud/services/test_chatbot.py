"""Slack channels, which the local cloud keeps itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.localcloud.cloud import Cloud, refusal
from tests.localcloud.signing import signed

DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"


@pytest.fixture
def chatbot(cloud: Cloud) -> Iterator[Any]:
    """The chat service, whose channels of the test end with it."""
    client = cloud.client("chatbot")
    yield client
    for each in channels(client):
        client.delete_slack_channel_configuration(ChatConfigurationArn=each["ChatConfigurationArn"])


@pytest.fixture
def topic(cloud: Cloud) -> str:
    return str(cloud.client("sns").create_topic(Name="chat")["TopicArn"])


def channels(chatbot: Any, **filters: Any) -> list[dict[str, Any]]:
    answer = chatbot.describe_slack_channel_configurations(**filters)
    return list(answer["SlackChannelConfigurations"])


def request(cloud: Cloud, **changes: Any) -> dict[str, Any]:
    return {
        "ConfigurationName": "alerts",
        "SlackTeamId": "T0123456789",
        "SlackChannelId": "C0123456789",
        "IamRoleArn": cloud.role,
        **changes,
    }


def create(chatbot: Any, cloud: Cloud, **changes: Any) -> dict[str, Any]:
    answer = chatbot.create_slack_channel_configuration(**request(cloud, **changes))
    return dict(answer["ChannelConfiguration"])


def test_a_channel_is_created_read_changed_tagged_and_deleted(
    cloud: Cloud, chatbot: Any, topic: str
):
    arn = create(chatbot, cloud, SnsTopicArns=[topic], GuardrailPolicyArns=[DENY_ALL])[
        "ChatConfigurationArn"
    ]
    assert arn == "arn:aws:chatbot::123456789012:chat-configuration/slack-channel/alerts"
    chatbot.update_slack_channel_configuration(
        ChatConfigurationArn=arn, SlackChannelId="C9876543210", LoggingLevel="ERROR"
    )
    chatbot.tag_resource(
        ResourceARN=arn, Tags=[{"TagKey": each, "TagValue": "1"} for each in ("team", "gone")]
    )
    chatbot.untag_resource(ResourceARN=arn, TagKeys=["gone"])

    [channel] = channels(chatbot, ChatConfigurationArn=arn)
    assert channel["SlackChannelId"] == "C9876543210"
    assert (channel["LoggingLevel"], channel["State"]) == ("ERROR", "ENABLED")
    assert (channel["SnsTopicArns"], channel["GuardrailPolicyArns"]) == ([topic], [DENY_ALL])
    assert channel["Tags"] == [{"TagKey": "team", "TagValue": "1"}]
    assert chatbot.list_tags_for_resource(ResourceARN=arn)["Tags"] == channel["Tags"]

    chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
    assert channels(chatbot) == []
    code, _ = refusal(chatbot.delete_slack_channel_configuration, ChatConfigurationArn=arn)
    assert code == "ResourceNotFoundException"


def test_a_channel_without_a_guardrail_gets_the_services_own(cloud: Cloud, chatbot: Any):
    channel = create(chatbot, cloud)
    assert channel["GuardrailPolicyArns"] == ["arn:aws:iam::aws:policy/AdministratorAccess"]


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"SlackTeamId": "t-1"}, "InvalidParameterException", "Value 't-1' at 'slackTeamId'"),
        ({"LoggingLevel": "SOME"}, "InvalidParameterException", "Value 'SOME' at 'loggingLevel'"),
        ({"Extra": 1}, "InvalidParameterException", "Unknown member 'Extra'"),
        (
            {"IamRoleArn": "arn:aws:iam::123456789012:role/nobody"},
            "InvalidRequestException",
            "role/nobody does not exist",
        ),
        (
            {"SnsTopicArns": ["arn:aws:sns:us-east-1:123456789012:silence"]},
            "InvalidRequestException",
            ":silence does not exist",
        ),
        (
            {"GuardrailPolicyArns": ["arn:aws:iam::aws:policy/AWSAllowNothing"]},
            "InvalidRequestException",
            "policy/AWSAllowNothing does not exist",
        ),
    ],
)
def test_a_wrong_channel_is_refused(
    cloud: Cloud, chatbot: Any, changes: dict[str, Any], code: str, says: str
):
    sent = {name: value for name, value in changes.items() if name != "Extra"}
    if sent == changes:
        found = refusal(chatbot.create_slack_channel_configuration, **request(cloud, **sent))
    else:  # botocore sends no member that it does not know
        found = answer_to(cloud, "/create-slack-channel-configuration", request(cloud, **changes))
    assert found[0] == code
    assert says in found[1]
    assert channels(chatbot) == []


def test_a_channel_and_a_name_belong_to_one_configuration(cloud: Cloud, chatbot: Any):
    create(chatbot, cloud)
    call = chatbot.create_slack_channel_configuration
    assert refusal(call, **request(cloud, SlackChannelId="C1"))[0] == "ConflictException"
    assert refusal(call, **request(cloud, ConfigurationName="more"))[0] == "ConflictException"


def test_what_is_not_offered_says_so(chatbot: Any):
    code, message = refusal(chatbot.list_custom_actions)
    assert (code, message) == (
        "NotImplemented",
        "The local cloud does not have chatbot ListCustomActions",
    )


def test_a_request_that_is_no_document_is_refused(cloud: Cloud):
    assert answer_to(cloud, "/tag-resource", [])[0] == "SerializationException"
    assert answer_to(cloud, "/no-such-operation", {})[0] == "UnknownOperationException"


def answer_to(cloud: Cloud, path: str, body: Any) -> tuple[str, str]:
    """The code and message of the error that a request gets which no SDK would send."""
    with closing(HTTPConnection("127.0.0.1", cloud.server.port, timeout=30)) as connection:
        connection.request("POST", path, json.dumps(body), signed("chatbot"))
        response = connection.getresponse()
        document = json.loads(response.read())
        return response.headers["x-amzn-ErrorType"], document["message"]
