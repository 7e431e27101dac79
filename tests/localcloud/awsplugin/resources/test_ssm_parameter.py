from __future__ import annotations

from tests.localcloud.awsplugin.plugin import TAGS, Plugin


def test_a_parameter_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ssm/parameter:Parameter",
        {"type": "SecureString", "value": "one", "tags": TAGS},
        change={"value": "two", "description": "a value", "tags": {}},
        replace={"name": "another"},
    )
