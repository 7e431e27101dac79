"""Writes the report of a lineage beside `run.json`. boto3.

Where a stack waits for its jobs, it does so as they have ended. Then nothing of a report may make
the update fail, or last much longer.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from threading import BoundedSemaphore, Thread

from components.arns import s3_location
from components.artifact_layout import REPORT_PAGE
from components.training_job.reader.run_attempts import Clients
from components.training_job.run.waiting import Progress
from components.training_job.run_report.contents import RunReport, report_of
from components.training_job.run_report.findings import found_of
from components.training_job.run_report.page import render

_SECONDS = 30.0
"""How long an update waits for all of its reports together."""
_AT_ONCE = 4


def keep_page(clients: Clients, report: RunReport, page: str) -> str:
    """Writes a page beside the record of the lineage's newest job; returns where it is.

    Raises:
        ClientError: the bucket refuses it.
    """
    uri = page_uri(report)
    bucket, key = s3_location(uri)
    clients.s3.put_object(
        Bucket=bucket, Key=key, Body=page.encode(), ContentType="text/html; charset=utf-8"
    )
    return uri


def page_uri(report: RunReport) -> str:
    """Where the page of a report is kept."""
    return f"{report.folder}/{REPORT_PAGE}"


def keep_reports(
    clients: Clients,
    lineages: Iterable[str],
    say: Progress,
    complete: Collection[str] = (),
    seconds: float = _SECONDS,
) -> None:
    """Writes the report of each lineage; says where it is, or that it could not be written.

    Args:
        clients: the clients of the jobs' region.
        lineages: the lineages, whose newest jobs have ended.
        say: what a person reads.
        complete: the tuning jobs that have nothing left to try.
        seconds: how long all of them may take together.
    """
    gate = BoundedSemaphore(_AT_ONCE)

    def write(lineage: str) -> None:
        with gate:
            say(_kept(clients, lineage, complete))

    # Threads that end with the process: what reads a log for minutes delays no one.
    threads = {name: Thread(target=write, args=(name,), daemon=True) for name in lineages}
    for thread in threads.values():
        thread.start()
    end = time.monotonic() + seconds
    for name, thread in threads.items():
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            say(f"warning: {name} has no report yet, after {seconds:.0f} s. {_remedy(name)}")


def _kept(clients: Clients, lineage: str, complete: Collection[str]) -> str:
    """Writes the report of a lineage; returns what is to be said of it."""
    try:
        report = report_of(found_of(clients, lineage, complete), datetime.now(UTC))
        if report is None:
            return f"{lineage}: has no job to report"
        return f"{lineage}: its report is {keep_page(clients, report, render(report))}"
    except Exception as error:  # whatever it is, the jobs have ended as they have
        return f"warning: {lineage} has no report: {error}. {_remedy(lineage)}"


def _remedy(lineage: str) -> str:
    return f"`python -m tracking report --lineage {lineage}` writes it later"
