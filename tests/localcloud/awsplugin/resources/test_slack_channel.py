from __future__ import annotations

from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, Plugin

CHANNEL = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"


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
        replace={"configurationName": "others"},
    )


def test_a_channel_stays_in_its_workspace_as_the_api_cannot_move_it(plugin: Plugin) -> None:
    inputs = {
        "configurationName": "moved",
        "iamRoleArn": plugin.role().state["arn"],
        "slackChannelId": "C0123456789",
        "slackTeamId": "T0123456789",
    }
    channel = plugin.create(CHANNEL, inputs)
    inputs["slackTeamId"] = "T9876543210"
    expected = plugin.diff(channel, inputs)
    assert (list(expected.diffs), list(expected.replaces)) == (["slackTeamId"], [])
    assert plugin.update(channel, inputs)["slackTeamId"] == "T0123456789"
    assert list(plugin.diff(channel, inputs).diffs) == ["slackTeamId"]
