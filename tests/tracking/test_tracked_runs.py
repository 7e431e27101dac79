"""What is said of a lineage and its attempts."""

from __future__ import annotations

from components.training_job.reader.run_attempts import Attempt
from tests.tracking.lineages import BEGIN, LINEAGE, PLACE, World, at, attempt
from tracking.tracked_runs import TrackedRun, runs_of_lineage

PAUSED = {"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped", "TrainingEndTime": at(60)}
SPENT = {
    "TrainingTimeInSeconds": 50,
    "BillableTimeInSeconds": 20,
    "EnableManagedSpotTraining": True,
}
INTERRUPTED = {"SecondaryStatusTransitions": [{"Status": "Interrupted", "StartTime": at(9)}]}
MODEL = {"ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/output/model.tar.gz"}}


def runs(*attempts: Attempt) -> list[TrackedRun]:
    return runs_of_lineage(LINEAGE, [(each, []) for each in attempts], lambda *_: [], at(100))


def test_a_lineage_without_attempts_is_not_shown():
    assert runs() == []


def test_an_attempt_says_how_it_ended_and_what_it_was_made_of():
    lineage, first, second = runs(
        attempt(1, 0, **PAUSED, **SPENT, **INTERRUPTED, **MODEL), attempt(2, 70)
    )
    assert (first.status, second.status, lineage.status) == ("KILLED", "RUNNING", "RUNNING")
    assert (first.started, first.ended, second.ended) == (BEGIN, at(60), None)
    assert (lineage.started, lineage.ended) == (BEGIN, None)
    assert (lineage.key, first.key) == (f"{PLACE}/{LINEAGE}", f"{PLACE}/{LINEAGE}-01234567-1")
    assert (lineage.parent, first.parent) == ("", lineage.key)
    assert first.parameters == {"epochs": "3"}
    said = {
        "outcome": "stopped",
        "interruptions": 1,
        "billable_seconds": 20,
        "cost_usd": 0.001278,
        "commit": "c0ffee",
        "image_digest": "sha256:00",
        "source_hash": "5eed",
        "definition_hash": "01234567",
        "checkpoint_uri": f"s3://bucket/checkpoints/{LINEAGE}/",
        "model_uri": "s3://bucket/output/model.tar.gz",
        "instance_count": 2,
        "spot": True,
    }
    assert first.tags.items() >= said.items()
    assert second.tags["model_uri"] == ""


def test_a_lineage_says_what_its_attempts_spent_together_and_has_the_newest_model():
    lineage, *_ = runs(attempt(1, 0, **PAUSED, **SPENT, **MODEL), attempt(2, 70, **SPENT))
    assert lineage.tags["training_seconds"] == 100
    assert lineage.tags["model_uri"] == "s3://bucket/output/model.tar.gz"
    assert f"| {LINEAGE}-01234567-1 | stopped | 0 | 20 |" in lineage.note


def test_points_without_a_step_are_numbered_through_all_attempts():
    world = World()
    for _ in range(2):
        world.launch(epochs=1)
        world.train(2)
    lineage, *attempts = runs_of_lineage(LINEAGE, world.found, lambda *_: [], at(world.seconds))
    assert [each.step for each in lineage.points if each.metric == "speed"] == [0, 1, 2, 3]
    for run in attempts:
        assert [each.step for each in run.points if each.metric == "speed"] == [0, 1]
