from __future__ import annotations

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, InputsError, Plugin

BUDGET = "aws:budgets/budget:Budget"
MONTHLY = {"budgetType": "COST", "timeUnit": "MONTHLY", "limitUnit": "USD"}


def notification(threshold: int) -> Properties:
    return {
        "notificationType": "ACTUAL",
        "comparisonOperator": "GREATER_THAN",
        "threshold": threshold,
        "thresholdType": "PERCENTAGE",
        "subscriberEmailAddresses": ["team@example.com"],
    }


def test_a_budget_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:budgets/budget:Budget",
        {
            **MONTHLY,
            "limitAmount": "100.0",
            "costFilters": [{"name": "TagKeyValue", "values": ["user:team$research"]}],
            "notifications": [notification(80), notification(100)],
            "tags": TAGS,
        },
        change={"limitAmount": "200", "notifications": [notification(90)], "tags": OTHER_TAGS},
        replace={"name": "another"},
    )


def test_a_wrong_time_unit_is_refused_before_anything_is_made(plugin: Plugin) -> None:
    with pytest.raises(InputsError, match="expected timeUnit"):
        plugin.check(BUDGET, {"budgetType": "COST", "timeUnit": "WEEKLY"})


def test_an_amount_that_the_budgets_api_does_not_take_fails_the_preview(plugin: Plugin) -> None:
    with pytest.raises(InputsError, match=r"limitAmount: '1e\+06' breaks the rule for Budget"):
        plugin.preview(BUDGET, {**MONTHLY, "limitAmount": "1e+06"})
