from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from components.training_job.reader.run_attempts import Clients
from components.training_job.run_report.contents import Found
from tests.components.training_job.run_report.made_up import LINEAGE, eventful
from tracking import reports
from tracking.errors import TrackingError


class Bucket:
    """S3, as far as a report writes to it."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.objects: dict[str, dict[str, Any]] = {}

    def put_object(self, **request: Any) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
        self.objects[request["Key"]] = request


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    """A bucket, and two lineages: one has jobs."""
    monkeypatch.chdir(tmp_path)
    found = {LINEAGE: eventful(), "empty": Found("empty")}
    monkeypatch.setattr(reports, "found_of", lambda _, lineage, __: found[lineage])
    return Bucket()


def write(bucket: Bucket, *lineages: str, output: Path | None = None) -> str:
    console = Console(file=io.StringIO(), width=200)
    reports.write_reports(console, Clients(None, None, bucket), lineages, output)
    printed = console.file
    assert isinstance(printed, io.StringIO)
    return printed.getvalue()


def test_a_report_is_in_a_file_and_beside_the_record_of_the_newest_job(bucket: Bucket):
    printed = write(bucket, LINEAGE, "empty")

    page = Path(".local", "reports", f"{LINEAGE}.html").read_text()
    [(key, written)] = bucket.objects.items()
    assert key == f"output/{LINEAGE}/{LINEAGE}-01234563-1/report.html"
    assert written["Body"].decode() == page
    assert written["ContentType"] == "text/html; charset=utf-8"
    assert "The newest job completed on 2 Nov 2026" in printed
    assert f".local/reports/{LINEAGE}.html" in printed
    assert f"s3://bucket/{key}" in printed


def test_a_reader_that_may_not_write_to_the_bucket_has_the_file(bucket: Bucket, tmp_path: Path):
    bucket.refuses = True
    printed = write(bucket, LINEAGE, output=tmp_path / "new" / "a.html")
    assert "can't be written: An error occurred (AccessDenied)" in printed
    assert (tmp_path / "new" / "a.html").exists()


def test_one_file_is_for_one_lineage(bucket: Bucket, tmp_path: Path):
    with pytest.raises(TrackingError, match="there are 2 lineages: research-dev-llm, empty"):
        write(bucket, LINEAGE, "empty", output=tmp_path / "a.html")


def test_without_a_job_there_is_no_report(bucket: Bucket):
    with pytest.raises(TrackingError, match="No job was launched yet in empty"):
        write(bucket, "empty")
