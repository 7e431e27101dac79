"""What the page shows of a tuning job."""

from __future__ import annotations

from localcloud.sagemaker.tuning.tuning_records import End
from localcloud.status_page.tunings import detail, overview
from tests.localcloud.sagemaker.tuning.tunings import add_trial, tuning_job


def test_a_tuning_job_is_shown_with_its_trials_and_the_best_so_far():
    job = tuning_job()
    add_trial(job, 0.5, seconds=9)
    add_trial(job, 0.25, status="Stopped", seconds=4)
    add_trial(job, status="Failed")
    add_trial(job, 0.1, status="InProgress")
    add_trial(job, status="")  # waits for a quota

    (summary,) = overview([job])
    expected = {"best": 0.25, "launched": 4, "running": 1, "most": 10, "status": "InProgress"}
    assert summary.items() >= expected.items()

    shown = detail([job], job.arn)
    assert [each["best"] for each in shown["trials"]] == [False, True, False, False]
    assert [each["counts"] for each in shown["trials"]] == [True, True, False, False]
    assert [each["value"] for each in shown["trials"]] == [0.5, 0.25, None, 0.1]
    assert shown["trials"][0]["seconds"] == 9
    assert shown["trials"][0]["parameters"] == {"rate": "0.001", "kind": "a"}


def test_a_failed_tuning_job_says_why_and_the_newest_comes_first():
    failed, newer = tuning_job(), tuning_job()
    failed.end, failed.ended = End("Failed", "No training job succeeded"), 2000.0
    newer.name, newer.created = "newer", 3000.0

    assert detail([failed], failed.arn)["reason"] == "No training job succeeded"
    assert [each["name"] for each in overview([failed, newer])] == ["newer", "tuning"]
