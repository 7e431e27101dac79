from __future__ import annotations

import pytest

from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin

GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_a_log_group_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 30, "kmsKeyId": plugin.key().state["arn"], "tags": TAGS},
        change={"retentionInDays": 60, "tags": {}},
        replace={"name": "another"},
    )


def test_a_retention_that_aws_does_not_have_is_refused_before_anything_is_made(
    plugin: Plugin,
) -> None:
    with pytest.raises(InputsError, match="expected retentionInDays"):
        plugin.check(GROUP, {"retentionInDays": 31})


def test_the_key_of_a_log_group_is_changed_and_removed_in_place(plugin: Plugin) -> None:
    first, second = (plugin.key().state["arn"] for _ in range(2))
    group = plugin.create(GROUP, {"kmsKeyId": first})

    assert plugin.update(group, {"kmsKeyId": second})["kmsKeyId"] == second
    assert plugin.update(group, {})["kmsKeyId"] == ""
