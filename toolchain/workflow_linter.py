"""`python -m toolchain.workflow_linter`: checks the GitHub workflows with actionlint.

The package indexes have only wheels that fetch actionlint from GitHub. The Go module proxy has its
source, so the first run builds it, in less than a minute.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.pulumi_cli import Program, build_missing
from toolchain.runner import Running, SetupError

ACTIONLINT = Program(
    "actionlint",
    "github.com/rhysd/actionlint/cmd/actionlint",
    "v1.7.12",
    "actionlint",
    remedy="See whether the Go module proxy is reachable (`go env GOPROXY`), then run `make check` "
    "again.",
)


def main() -> int:
    """Builds actionlint if it is not there, runs it, and returns its exit code."""
    layout = Layout()
    try:
        with Progress() as progress:
            build_missing(layout, [ACTIONLINT], progress, Running())
    except SetupError as error:
        print(f"{error}\n  What to do: {error.remedy}", file=sys.stderr)
        return 1
    folder = layout.checkout / ".github"
    # Other linters, which it runs where a machine has them, would find other things there.
    others = ("-shellcheck=", "-pyflakes=")
    configuration = ("-config-file", folder / "actionlint.yaml")
    files = sorted((folder / "workflows").glob("*.yml"))
    command: list[str | Path] = [
        layout.pulumi_bin / ACTIONLINT.binary,
        *others,
        *configuration,
        *files,
    ]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
