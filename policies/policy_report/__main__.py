"""`python -m policy_report EVENTS --stack STACK --tags TAGS`: a report on a preview, a verdict.

The exit code is 0 if the update may go ahead, and 1 if it may not, or if not everything was judged.
The configuration is the pack's: see `TRAINING_POLICIES_CONFIGURATION`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from policy_report.costs import stack_cost
from policy_report.markdown import markdown
from policy_report.verdict import verdict_on
from quota_report.usage import StackJob, usage
from run_forecast.job_forecasts import job_forecasts
from run_forecast.past_jobs import past_jobs
from training_policies.configuration import (
    ConfigurationError,
    configuration_file,
    read_configuration,
)
from training_policies.pack import POLICIES
from training_policies.preview import read_preview
from training_policies.stack_identity import stack_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report, and returns the exit code."""
    asked = _parser().parse_args(arguments)
    preview, tags, today = read_preview(asked.events), _tags(asked.tags), datetime.now(UTC).date()
    try:
        configuration = read_configuration(configuration_file(), POLICIES)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    name = asked.stack.split("/")[-1]
    trust = configuration.trusts_settings
    stack = stack_of(name, tags, preview.settings, trust_settings=trust)
    parameters = configuration.parameters(POLICIES[0], stack, today)
    cost = stack_cost(preview.jobs, parameters)
    records = past_jobs(preview.jobs, asked.live)
    forecasts = job_forecasts(preview.jobs, parameters.prices, records)
    quotas = usage([StackJob(each, stack) for each in preview.jobs], configuration)
    verdict = verdict_on(
        preview,
        quotas,
        configuration,
        stack=name,
        tags=tags,
        today=today,
        known_packs=asked.known_pack,
    )
    print(markdown(asked.stack, verdict, cost, quotas, forecasts), end="")
    return 0 if verdict.passes else 1


def _tags(file: Path | None) -> Mapping[str, str]:
    """The stack's tags in a file; none without a file, as for a stack without tags."""
    tags: Mapping[str, str] = json.loads(file.read_text(encoding="utf-8")) if file else {}
    return tags


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="policy_report", description=__doc__)
    parser.add_argument("events", type=Path, help="the preview's event log")
    parser.add_argument("--stack", required=True, help="the stack's name")
    parser.add_argument(
        "--tags", type=Path, help="the stack's tags, as `pulumi stack tag ls --json` prints them"
    )
    parser.add_argument(
        "--live",
        metavar="REGION",
        help="the account's region whose records of the stack's jobs the forecast is made from",
    )
    parser.add_argument(
        "--known-pack",
        action="append",
        default=[],
        help="another policy pack that may run in the preview, by its name; may be repeated",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
