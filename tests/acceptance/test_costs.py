from __future__ import annotations

import pytest

from acceptance import costs
from acceptance.__main__ import INSTANCE_TYPE
from acceptance.platform_settings import INSTANCES, MAX_RUNTIME_SECONDS
from components.instances import training_instance_types
from components.training_job.request.cost import OVERHEAD_SECONDS


def test_the_most_is_three_launches_on_demand_and_hours_of_what_the_stack_has():
    price = training_instance_types()[INSTANCE_TYPE].on_demand_usd_per_hour
    assert price is not None
    launch = price * INSTANCES * (MAX_RUNTIME_SECONDS + OVERHEAD_SECONDS) / 3600
    items = costs.most(INSTANCE_TYPE)
    assert [item.usd for item in items[:3]] == pytest.approx([launch] * 3)
    assert sum(item.usd for item in items[3:]) < 0.02
    assert 3 * launch < costs.total(items) < 0.35


def test_the_sum_is_never_below_what_its_lines_are():
    items = [costs.Item("one", 0.001), costs.Item("other", 0.0001)]
    assert costs.total(items) == 0.01


def test_of_a_type_without_a_price_nothing_is_promised():
    with pytest.raises(costs.UnknownPriceError, match=r"ml\.none\.large has no price"):
        costs.most("ml.none.large")
