"""The records of training jobs in their orders."""

from __future__ import annotations

from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.job_store import JobStore
from localcloud.sagemaker.jobs.records import TrainingJob, WarmPool

PLACE = "1", "us-east-1"
LONG = 1e12


def job(name: str, created: float, status: str = "Completed") -> TrainingJob:
    rows = statuses.enter((), status, created)
    return TrainingJob(name, *PLACE, {}, created, created, rows)


def names(jobs: list[TrainingJob]) -> list[str]:
    return [each.name for each in jobs]


def test_jobs_are_kept_in_the_orders_of_their_creation_and_names():
    store, first = JobStore(), job("b", 1.0)
    store.add_all([job("c", 3.0), first])
    store.add(job("a", 2.0))

    assert names(store.orders(PLACE).creation) == ["b", "a", "c"]
    assert names(store.orders(PLACE).name) == ["a", "b", "c"]
    assert store.orders(("1", "eu-west-1")).creation == []
    store.remove(first)
    assert names(store.orders(PLACE).creation) == ["a", "c"]
    assert names(store.orders(PLACE).name) == ["a", "c"]
    assert store.find(first.arn) is None


def test_only_jobs_that_may_have_instances_hold_some():
    store, running, kept = JobStore(), job("running", 1.0, "Training"), job("kept", 1.0)
    kept.warm_pool = WarmPool(began=1.0, since=1.0, until=LONG)
    store.add_all([running, kept, job("ended", 1.0)])

    assert names(store.holding()) == ["running", "kept"]
    running.transitions = statuses.enter(running.transitions, "Failed", 2.0, "a reason")
    assert names(store.holding()) == ["kept"]
    store.remove(kept)
    assert store.holding() == []
    assert sorted(names(store.all())) == ["ended", "running"]
