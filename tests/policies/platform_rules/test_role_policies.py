from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from parliament import iam_definition  # type: ignore[import-untyped]

from training_policies.platform_rules.role_policies import WILDCARD_RESOURCES

PRIVILEGES = {
    f"{service['prefix']}:{each['privilege']}": [
        type_["resource_type"] for type_ in each["resource_types"] if type_["resource_type"]
    ]
    for service in iam_definition
    for each in service["privileges"]
}
"""Each action of AWS, with the types of resources that it takes."""


@pytest.mark.parametrize(
    "pattern", WILDCARD_RESOURCES.parameters["actionsWithoutResource"]["default"]
)
def test_an_action_that_may_be_on_every_resource_takes_none_or_only_reads(pattern: str):
    actions = [each for each in PRIVILEGES if fnmatchcase(each, pattern)]
    assert actions
    for action in actions:
        reads = action.partition(":")[2].startswith(("Describe", "Get", "List"))
        assert reads or not PRIVILEGES[action], action
