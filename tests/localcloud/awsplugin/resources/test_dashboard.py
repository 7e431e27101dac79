from __future__ import annotations

import json

from tests.localcloud.awsplugin.plugin import Plugin


def body(words: str) -> str:
    return json.dumps({"widgets": [{"type": "text", "properties": {"markdown": words}}]})


def test_a_dashboard_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardName": "research-dev", "dashboardBody": body("before")},
        change={"dashboardBody": body("after")},
        replace={"dashboardName": "another"},
    )
