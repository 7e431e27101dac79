"""`python -m tracking report`: writes the report of each lineage, and prints a summary."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from components.training_job.reader.run_attempts import Clients
from components.training_job.run_report.contents import RunReport, report_of
from components.training_job.run_report.findings import found_of
from components.training_job.run_report.keeping import keep_page, page_uri
from components.training_job.run_report.page import render
from tracking.errors import TrackingError

FOLDER = Path(".local", "reports")
"""Where the pages are written, below the folder of the command."""


def write_reports(
    console: Console,
    clients: Clients,
    lineages: Sequence[str],
    output: Path | None = None,
    complete: Collection[str] = (),
) -> None:
    """Writes the report of each lineage.

    `output` is the file, where there is only one lineage; each has one in FOLDER by default.
    `complete` are the tuning jobs that the stack knows to have nothing left to try.

    Raises:
        TrackingError: no lineage has a job, or there is one file for several.
    """
    if output is not None and len(lineages) > 1:
        message = (
            f"--output names one file, and there are {len(lineages)} lineages: "
            f"{', '.join(lineages)}. Name one of them with --lineage."
        )
        raise TrackingError(message)
    files = {each: output or FOLDER / f"{each}.html" for each in lineages}
    written = [write_report(console, clients, *each, complete) for each in files.items()]
    if not any(written):
        message = f"No job was launched yet in {', '.join(lineages)}, so there is no report."
        raise TrackingError(message)


def write_report(
    console: Console, clients: Clients, lineage: str, path: Path, complete: Collection[str] = ()
) -> bool:
    """Writes a report to a file, and beside the record of the lineage's newest job.

    Returns whether the lineage has a job, so that there is something to report.
    """
    report = report_of(found_of(clients, lineage, complete), datetime.now(UTC))
    if report is None:
        return False
    page = render(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    _print(console, report, path)
    _keep(console, clients, report, page)
    return True


def _keep(console: Console, clients: Clients, report: RunReport, page: str) -> None:
    """Writes the page beside `run.json`; a reader that may not write has it in its file only."""
    try:
        uri = keep_page(clients, report, page)
    except (BotoCoreError, ClientError) as error:
        said = f"  {page_uri(report)} can't be written: {error}"
        console.print(Text(said, style="yellow"), soft_wrap=True)
    else:
        console.print(Text(f"  Also at {uri}"), soft_wrap=True)


def _print(console: Console, report: RunReport, path: Path) -> None:
    """Prints a short summary; names are of jobs and metrics, and no markup."""
    style = "red" if report.has_failed else "green" if report.outcome == "completed" else "cyan"
    console.print(Text(report.lineage, style=f"bold {style}"), soft_wrap=True)
    console.print(Text(f"  {report.sentence}"), soft_wrap=True)
    facts = ", ".join(f"{each.name} {each.value}" for each in report.facts)
    console.print(Text(f"  {facts}", style="dim"), soft_wrap=True)
    console.print(Text(f"  Report: {path}"), soft_wrap=True)
