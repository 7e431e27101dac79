from __future__ import annotations

import pytest

from acceptance import costs
from acceptance.__main__ import INSTANCE_TYPE
from acceptance.platform_settings import INSTANCES, MAX_RUNTIME_SECONDS, TRIAL_SECONDS, TRIALS
from acceptance.pulumi_cli import CHECKOUT
from acceptance.tuning import LIMIT_SECONDS
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


@pytest.mark.parametrize("option", costs.OPTIONS)
def test_an_option_has_a_cost_of_its_own_which_is_shown(option: str):
    added = costs.total(costs.most(INSTANCE_TYPE, [option])) - costs.total(
        costs.most(INSTANCE_TYPE)
    )
    own = costs.of_option(option, INSTANCE_TYPE)
    assert added == pytest.approx(costs.total(own), abs=0.011)
    assert all(f"--with {option}" in item.what for item in own)


def test_tuning_costs_all_trials_twice_and_two_short_tuning_jobs():
    price = training_instance_types()[INSTANCE_TYPE].on_demand_usd_per_hour
    assert price is not None
    trials = 2 * TRIALS * (TRIAL_SECONDS + OVERHEAD_SECONDS)
    short = 2 * (LIMIT_SECONDS + OVERHEAD_SECONDS)
    own = costs.of_option("tuning", INSTANCE_TYPE)
    assert sum(item.usd for item in own) == pytest.approx(price * (trials + short) / 3600)


def test_the_page_names_the_most_that_each_option_adds():
    page = (CHECKOUT / "docs" / "acceptance.md").read_text()
    [tuning] = [line for line in page.splitlines() if line.startswith("| `--with tuning`")]
    assert f"at most {costs.total(costs.of_option('tuning', INSTANCE_TYPE)):.2f} USD" in tuning
    for option in set(costs.OPTIONS) - {"tuning"}:
        [line] = [line for line in page.splitlines() if line.startswith(f"| `--with {option}`")]
        assert "costs nothing more" in line
