"""When Search sees a change of a job."""

from __future__ import annotations

from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.records import TrainingJob
from localcloud.sagemaker.jobs.search_index import SearchIndex

DELAY_SECONDS = 5.0
PLACE = "1", "us-east-1"


def started(now: float) -> TrainingJob:
    transitions = statuses.enter((), "Starting", now)
    return TrainingJob("one", "1", "us-east-1", {}, now, now, transitions)


def test_each_change_is_seen_after_the_delay():
    index, job = SearchIndex[TrainingJob](DELAY_SECONDS), started(100.0)
    index.note(job, 100.0)
    job.transitions = statuses.enter(job.transitions, "Stopped", 102.0)
    index.note(job, 102.0)
    job.tags = {"released": "true"}
    index.note(job, 103.0)
    index.remove(job, 104.0)

    def seen(now: float) -> list[tuple[str, dict[str, str]]]:
        return [(statuses.status(each), each.tags) for each in index.jobs(PLACE, now)]

    assert seen(104.9) == []
    assert seen(106.9) == [("InProgress", {})]
    assert seen(107.9) == [("Stopped", {})]
    assert seen(108.9) == [("Stopped", {"released": "true"})]
    assert seen(109.0) == []


def test_the_jobs_of_an_earlier_server_are_seen_at_once():
    index = SearchIndex[TrainingJob](DELAY_SECONDS)

    index.add(started(100.0))

    assert [job.name for job in index.jobs(PLACE, 100.0)] == ["one"]
    assert index.jobs(("1", "eu-west-1"), 100.0) == []
