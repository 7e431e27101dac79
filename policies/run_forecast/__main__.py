"""`python -m run_forecast EVENTS`: how long the jobs of a preview will take, and what they cost.

With `--live`, the rates are those of the stack's own jobs of the past.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from run_forecast.job_forecasts import job_forecasts, lineages
from run_forecast.past_jobs import past_jobs
from run_forecast.wording import forecast_lines
from training_policies.instances import Prices
from training_policies.preview import read_preview


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the forecasts; returns 0, or 1 where there is none to print."""
    asked = _parser().parse_args(arguments)
    planned = read_preview(asked.events).jobs
    jobs = [each for each in planned if asked.job in (None, *lineages(each))]
    tuned = {each.name for each in jobs if each.tuning}
    found = job_forecasts(jobs, Prices(), past_jobs(planned, asked.live))
    for each in found:
        print(*forecast_lines(each), sep="\n")
    for name in sorted({each.name for each in jobs} - {each.name for each in found}):
        what = "each of its trials" if name in tuned else "it"
        print(f"{name}: how long {what} trains is not known. Set expectedRuntime, as in 8h.")
    if not jobs:
        print("The preview has no such training job.", file=sys.stderr)
    return 0 if found else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run_forecast", description=__doc__)
    parser.add_argument("events", type=Path, help="the preview's event log")
    parser.add_argument(
        "--job", metavar="LINEAGE", help="only the job of this lineage, or of all its runs"
    )
    parser.add_argument(
        "--live", metavar="REGION", help="the account's region whose records give the rates"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
