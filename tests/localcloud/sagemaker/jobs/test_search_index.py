"""When Search sees a change of a job."""

from __future__ import annotations

from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.records import TrainingJob
from localcloud.sagemaker.jobs.search_index import SearchIndex

DELAY_SECONDS = 5.0


def started(now: float) -> TrainingJob:
    transitions = statuses.enter((), "Starting", now)
    return TrainingJob("one", "1", "us-east-1", {}, now, now, transitions)


def test_each_change_is_seen_after_the_delay():
    index, job = SearchIndex(DELAY_SECONDS), started(100.0)
    index.note(job, 100.0)
    job.transitions = statuses.enter(job.transitions, "Stopped", 102.0)
    index.note(job, 102.0)
    job.tags = {"released": "true"}
    index.note(job, 103.0)
    index.remove(job, 104.0)

    assert index.jobs(104.9) == []
    assert [(statuses.status(each), each.tags) for each in index.jobs(106.9)] == [
        ("InProgress", {})
    ]
    assert [(statuses.status(each), each.tags) for each in index.jobs(107.9)] == [("Stopped", {})]
    assert [each.tags for each in index.jobs(108.9)] == [{"released": "true"}]
    assert index.jobs(109.0) == []


def test_the_jobs_of_an_earlier_server_are_seen_at_once():
    index = SearchIndex(DELAY_SECONDS)

    index.add(started(100.0))

    assert [job.name for job in index.jobs(100.0)] == ["one"]
