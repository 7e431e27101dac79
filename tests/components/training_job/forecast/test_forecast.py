"""The forecast of the run report and that of the pull request's report."""

from __future__ import annotations

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[4]
PROGRAMS, PACKS = (
    CHECKOUT / place for place in ("components/training_job/forecast", "policies/run_forecast")
)


@pytest.mark.parametrize(
    "module", [each.name for each in PROGRAMS.glob("*.py") if each.name != "__init__.py"]
)
def test_the_program_and_the_pack_forecast_by_the_same_code(module: str):
    assert (PROGRAMS / module).read_text() == (PACKS / module).read_text()
