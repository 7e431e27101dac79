"""Which lineages are looked at again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.training_job.reader.metric_logs import MetricLogs
from components.training_job.reader.run_attempts import Attempt, Clients
from tests.tracking.fake_mlflow import ENTITIES, FakeMlflowClient, FakeServer
from tests.tracking.lineages import LINEAGE, attempt
from tracking import shown_lineages
from tracking.mlflow_tracking import MlflowTracking
from tracking.shown_lineages import Lineages

LONG_AGO = datetime.now(UTC) - timedelta(hours=1)
ENDED = {"TrainingJobStatus": "Completed", "TrainingEndTime": LONG_AGO}


class SageMaker:
    """Finds the jobs of a lineage, for those who may search."""

    class exceptions:  # noqa: N801 - as boto3 names it
        """The client's errors."""

        ClientError = ClientError

    def __init__(self, *attempts: Attempt) -> None:
        self.attempts = list(attempts)
        self.denied = False

    def search(self, **_query: Any) -> dict[str, Any]:
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Search")
        return {"Results": [{"TrainingJob": each.description} for each in self.attempts]}


class Looks:
    """Lineages of which is said when they are looked at."""

    def __init__(self, sagemaker: SageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shown_lineages, "attempts_of", lambda *_: sagemaker.attempts)
        monkeypatch.setattr(shown_lineages, "tunings_of", lambda *_: [])
        monkeypatch.setattr(MetricLogs, "points_of", lambda *_: [])
        self.lineages = Lineages(Clients(sagemaker, None, None), [LINEAGE])
        self.tracking = MlflowTracking(FakeMlflowClient(FakeServer()), ENTITIES, "digits")

    def again(self) -> list[str]:
        return list(self.lineages.sync(self.tracking))


def test_a_lineage_whose_jobs_ended_a_while_ago_is_looked_at_once_until_it_has_another_job(
    monkeypatch: pytest.MonkeyPatch,
):
    sagemaker = SageMaker(attempt(1, 0, **ENDED))
    looks = Looks(sagemaker, monkeypatch)
    assert [looks.again(), looks.again(), looks.again()] == [[LINEAGE], [], []]
    sagemaker.attempts.append(attempt(2, 5))
    assert [looks.again(), looks.again()] == [[LINEAGE], [LINEAGE]]


def test_the_last_lines_of_a_job_that_has_just_ended_are_waited_for(
    monkeypatch: pytest.MonkeyPatch,
):
    just_ended = ENDED | {"TrainingEndTime": datetime.now(UTC)}
    looks = Looks(SageMaker(attempt(1, 0, **just_ended)), monkeypatch)
    assert [looks.again(), looks.again()] == [[LINEAGE], [LINEAGE]]


def test_a_caller_who_may_not_search_looks_at_all_each_time(monkeypatch: pytest.MonkeyPatch):
    sagemaker = SageMaker(attempt(1, 0, **ENDED))
    sagemaker.denied = True
    looks = Looks(sagemaker, monkeypatch)
    assert [looks.again(), looks.again()] == [[LINEAGE], [LINEAGE]]
