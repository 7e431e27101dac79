from __future__ import annotations

from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, Plugin


def test_a_channel_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        {
            "configurationName": "alerts",
            "iamRoleArn": plugin.role().state["arn"],
            "slackChannelId": "C0123456789",
            "slackTeamId": "T0123456789",
            "snsTopicArns": [plugin.topic()],
            "tags": TAGS,
        },
        change={"loggingLevel": "ERROR", "tags": OTHER_TAGS},
        replace={"slackTeamId": "T9876543210"},
    )
