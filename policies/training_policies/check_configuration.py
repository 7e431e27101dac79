"""`python -m training_policies.check_configuration [file]`: whether a configuration can be used.

It is for the repository that has the configuration: it shows a mistake before every team's preview
is refused. Exits with 0, or prints every problem and exits with 1.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from training_policies.configuration import (
    Configuration,
    ConfigurationError,
    configuration_file,
    read_configuration,
)
from training_policies.exemptions import Exemption
from training_policies.pack import POLICIES


def main(arguments: list[str]) -> int:
    """Prints what is wrong, or what the configuration has, and returns the exit code."""
    file = Path(arguments[0]) if arguments else configuration_file()
    try:
        configuration = read_configuration(file, POLICIES)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    print(_summary(configuration, datetime.now(UTC).date()))
    return 0


def _summary(configuration: Configuration, today: date) -> str:
    teams = ", ".join(sorted(configuration.values["teams"])) or "no team"
    lines = [f"{configuration.file} can be used. It has quotas for {teams}."]
    by_end = sorted(configuration.exemptions, key=lambda each: each.expires)
    return "\n".join([*lines, *(_line(each, today) for each in by_end)])


def _line(exemption: Exemption, today: date) -> str:
    state = "Expired" if exemption.has_expired(today) else f"{exemption.days_left(today)} days left"
    return f"{state}: {exemption}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
