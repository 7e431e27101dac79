from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest

from components.training_job.reader.run_attempts import Clients
from components.training_job.run_report import keeping
from components.training_job.run_report.contents import Found
from components.training_job.run_report.keeping import keep_reports
from tests.components.training_job.run_report.made_up import LINEAGE, completed


class Bucket:
    def __init__(self) -> None:
        self.keys: list[str] = []

    def put_object(self, **request: Any) -> None:
        self.keys.append(request["Key"])


class Waited(Thread):
    """A thread that is waited for until it ends, on a machine of any speed, unless it is stuck."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._is_stuck = options["args"] == ("slow",)

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout if self._is_stuck else None)


def test_an_update_waits_for_reports_for_some_time_only(monkeypatch: pytest.MonkeyPatch):
    stuck, bucket, said = Event(), Bucket(), list[str]()

    def found_of(_clients: Clients, lineage: str, _complete: Any) -> Found:
        if lineage == "slow":
            stuck.wait()
        return Found(lineage, [completed()] if lineage == LINEAGE else [])

    monkeypatch.setattr(keeping, "found_of", found_of)
    monkeypatch.setattr(keeping, "Thread", Waited)
    keep_reports(Clients(None, None, bucket), ["slow", LINEAGE, "new"], said.append, seconds=2)
    stuck.set()

    assert bucket.keys == [f"output/{LINEAGE}/{LINEAGE}-01234563-1/report.html"]
    assert sorted(said)[0] == "new: has no job to report"
    assert any(each.startswith(f"{LINEAGE}: its report is s3://bucket/output/") for each in said)
    assert any(
        each
        == "warning: slow has no report yet, after 2 s. `python -m tracking report --lineage slow` "
        "writes it later"
        for each in said
    )
