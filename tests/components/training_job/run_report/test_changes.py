from __future__ import annotations

from components.training_job.run_report.changes import Change, changes, hyperparameters, provenance
from tests.components.training_job.run_report.made_up import record


def test_what_differs_between_two_runs_is_said_once_what_decides_the_result_first():
    before, now = record(1), record(2, dropout="0.1")
    now["versions"]["boto3"] = "2.0"
    now["revision"]["modified"] = True

    assert changes(before, now) == [
        Change("hyperparameter epochs", "1", "2"),
        Change("hyperparameter dropout", "–", "0.1"),
        Change("uncommitted changes", "no", "yes"),
        Change("ResourceConfig VolumeSizeInGB", "100", "200"),
        Change("version of boto3", "1.44.5", "2.0"),
    ]


def test_instances_and_lists_are_readable():
    before, now = record(1), record(1)
    now["definition"]["instances"] = ["ml.p5.48xlarge", 4]
    now["definition"]["inputs"] = [{"ChannelName": "train", "Sizes": [1, 2]}]
    assert changes(before, now) == [
        Change("inputs 1 ChannelName", "–", "train"),
        Change("inputs 1 Sizes", "–", "[1, 2]"),
        Change("instances", "2 × ml.g5.2xlarge", "4 × ml.p5.48xlarge"),
    ]


def test_names_and_places_of_runs_are_no_change():
    before, now = record(1, "a"), record(1, "b")
    now["definition"]["artifacts"] = "s3://other/"
    assert changes(before, now) == []
    assert changes({}, now) == []


def test_provenance_is_what_is_known():
    found = provenance(record(1))
    assert found["uncommitted changes"] == "no"
    assert found["image"] == "image@sha256:00"
    assert found["seeds"] == "seed 7"
    assert found["Python and packages"] == "python 3.11.7, boto3 1.44.5"
    assert provenance({}) == {}
    assert provenance({"revision": {}}) == {}
    assert hyperparameters(record(1)) == {"epochs": "1", "learning-rate": "3e-4", "seed": "7"}
