from __future__ import annotations

from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, Plugin


def test_a_flow_log_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/flowLog:FlowLog",
        {
            "vpcId": plugin.vpc(),
            "trafficType": "ALL",
            "logDestination": plugin.log_group().state["arn"],
            "iamRoleArn": plugin.role().state["arn"],
            "tags": TAGS,
        },
        change={"tags": OTHER_TAGS},
        replace={"trafficType": "REJECT"},
    )
