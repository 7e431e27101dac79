"""`python -m policy_report EVENTS --stack STACK`: the report on a preview, and a verdict.

The exit code is 0 where the update may go ahead, and 1 where it may not, or where not all was
judged. The configuration is the pack's: see `TRAINING_POLICIES_CONFIGURATION`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from policy_report.costs import stack_cost
from policy_report.markdown import markdown
from policy_report.preview import read_preview
from quota_report.usage import usage
from training_policies.configuration import (
    ConfigurationError,
    configuration_file,
    read_configuration,
)
from training_policies.pack import POLICIES
from training_policies.policy import Stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="policy_report", description=__doc__)
    parser.add_argument("events", type=Path, help="the preview's event log")
    parser.add_argument("--stack", required=True, help="the stack's name, for the heading")
    asked = parser.parse_args(arguments)
    preview = read_preview(asked.events)
    try:
        configuration = read_configuration(configuration_file(), POLICIES)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    # Each job's own tags say whose it is: whether they may is for quota-team, in the preview.
    stack, today = Stack(asked.stack, "", ""), datetime.now(UTC).date()
    cost = stack_cost(preview.jobs, configuration.parameters(POLICIES[0], stack, today))
    quotas = usage(preview.jobs, configuration)
    print(markdown(asked.stack, preview, cost, quotas), end="")
    return 0 if preview.passes else 1


if __name__ == "__main__":
    sys.exit(main())
