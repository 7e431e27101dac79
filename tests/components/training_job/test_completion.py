"""How a wait for jobs ends: what a person reads, and when it is repeated."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from components.site import TRAINING_LOGS
from components.training_job.aws.errors import TrainingJobError
from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.run import waiting
from components.training_job.tuning import tuning_waiting
from components.training_job.tuning.tuning_waiting import wait_for_tunings
from components.unknowns import UNKNOWN
from tests.components.fake_aws import FakeAws
from tests.components.training_job.conftest import completion_of
from tests.components.training_job.tuning.tuned_jobs import launch as launch_tuning
from tests.components.training_job.tuning.tuned_jobs import tuned, tuning_provider_over

OUTPUT = "s3://artifacts/output/research-dev-digits"


def test_a_metric_that_is_no_number_is_reported_and_kept_out_of_the_results(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = launched("team-dev-a")
    aws.set_status(name, "Completed")
    values = {"accuracy": 0.5, "loss": float("nan"), "norm": float("-inf")}
    aws.jobs[name]["FinalMetricDataList"] = [
        {"MetricName": metric, "Value": value} for metric, value in values.items()
    ]
    result = completion.create(completion_of(name))
    assert result.outs is not None
    assert result.outs["results"][name]["metrics"] == {"accuracy": 0.5}
    printed = capsys.readouterr().out
    assert f"warning: {name} ended with loss = nan" in printed
    assert f"warning: {name} ended with norm = -inf" in printed


@pytest.mark.parametrize("status", ["Completed", "Failed"])
def test_a_metric_whose_expression_matched_nothing_is_reported_of_a_job_that_completed(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    status: str,
) -> None:
    name = launched("team-dev-a")
    aws.set_status(name, status)
    aws.jobs[name]["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "loss=([0-9.]+)"},
        {"Name": "accuracy", "Regex": "acc=([0-9.]+)"},
        {"Name": "norm", "Regex": "norm=(.*)"},
    ]
    aws.jobs[name]["FinalMetricDataList"] = [
        {"MetricName": "loss", "Value": 0.5},
        {"MetricName": "norm", "Value": float("nan")},
    ]
    with nullcontext() if status == "Completed" else pytest.raises(TrainingJobError):
        completion.create(completion_of(name))

    said = f"warning: {name} has no value of accuracy: its expression 'acc=([0-9.]+)' matched"
    printed = capsys.readouterr().out
    assert (said in printed) == (status == "Completed")
    assert "no value of loss" not in printed
    assert "no value of norm" not in printed


def test_a_failed_job_is_reported_with_reason_log_and_remedy_once_all_have_ended(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    failing, completing = launched("team-dev-a"), launched("team-dev-b")
    aws.set_status(failing, "Failed", reason="AlgorithmError: no data, exit code: 1")
    clock.on_sleep = lambda: aws.set_status(completing, "Completed")
    with pytest.raises(TrainingJobError) as error:
        completion.create(completion_of(failing, completing))
    text = str(error.value)
    assert f"{failing} ended as Failed (script error): AlgorithmError: no data" in text
    assert re.search(r"^It was launched \w+ ago, and ended \w+ ago\.$", text, re.MULTILINE)
    assert "algo-2 | ValueError: no data" in text
    assert f"aws logs filter-log-events --log-group-name {TRAINING_LOGS} " in text
    assert f"--log-stream-name-prefix {failing}/ " in text
    assert (
        f"aws s3 ls --recursive s3://artifacts/output/research-dev-digits/{failing}/ --region "
        in text
    )
    assert "aws s3 ls --recursive s3://artifacts/checkpoints/research-dev-digits/ --region " in text
    assert "Remedy: " in text
    assert completing not in text
    assert aws.live() == []


def test_a_job_that_has_waited_for_capacity_too_long_is_reported_with_that_and_the_remedy(
    completion: TrainingJobCompletionProvider, aws: FakeAws, launched: Callable[[str], str]
) -> None:
    name = launched("team-dev-a")
    aws.set_status(name, "Stopped")
    row = {"Status": "Pending", "StartTime": aws.now, "EndTime": aws.now + timedelta(hours=2)}
    aws.jobs[name]["StoppingCondition"] |= {"MaxPendingTimeInSeconds": 7200}
    aws.jobs[name]["SecondaryStatusTransitions"] = [row]
    with pytest.raises(TrainingJobError) as error:
        completion.create(completion_of(name))
    ended, *_, remedy = str(error.value).splitlines()
    assert ended == (
        f"{name} ended as Stopped (capacity): it waited for capacity for 2h, as long as "
        "maxPending allows"
    )
    assert "raise maxPending" in remedy


@pytest.mark.parametrize("secondary", ["MaxWaitTimeExceeded", "MaxRuntimeExceeded", "Stopped"])
def test_a_stopped_job_is_never_taken_for_a_completed_one(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    secondary: str,
) -> None:
    name = launched("team-dev-a")
    aws.set_status(name, "Stopped", secondary)
    with pytest.raises(TrainingJobError, match=name):
        completion.create(completion_of(name))


OLD = {"jobs": ["a", "b"], "training_job_names": ["a-1", "b-1"]}


@pytest.mark.parametrize(
    ("news", "waits"),
    [
        ({}, False),
        ({"training_job_names": ["a-1", "b-2"]}, True),
        ({"training_job_names": ["a-1", UNKNOWN]}, False),  # b is updated in place
        ({"training_job_names": [UNKNOWN, UNKNOWN]}, False),
        ({"training_job_names": UNKNOWN}, True),  # a job is replaced
        ({"training_job_names": [UNKNOWN, "b-2"]}, True),
        ({"jobs": ["a", "c"], "training_job_names": ["a-1", UNKNOWN]}, True),
        ({"jobs": ["a"], "training_job_names": [UNKNOWN]}, True),
        ({"jobs": ["a", "b", "c"], "training_job_names": ["a-1", "b-1", UNKNOWN]}, True),
    ],
)
def test_it_waits_again_when_its_jobs_are_others_and_not_while_they_are_updated(
    completion: TrainingJobCompletionProvider, news: dict[str, Any], waits: bool
) -> None:
    diff = completion.diff("", OLD, OLD | news)
    assert diff.changes is waits
    assert bool(diff.replaces) is waits


def test_one_of_an_earlier_release_waits_again_where_it_cannot_know(
    completion: TrainingJobCompletionProvider,
) -> None:
    names = "training_job_names"
    earlier = {names: OLD[names]}
    assert completion.diff("", earlier, OLD).changes is False
    assert completion.diff("", earlier, OLD | {names: ["a-1", UNKNOWN]}).changes is True


def test_it_is_gone_when_a_jobs_record_is(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
) -> None:
    state = completion_of(launched("team-dev-a"), "")
    assert completion.read("", state).outs == state
    assert completion.read("", completion_of("")).id == ""
    aws.jobs.clear()
    assert completion.read("", state).id is None


def test_a_log_that_cannot_be_read_hides_no_failure(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
) -> None:
    name = launched("team-dev-a")
    aws.set_status(name, "Failed", reason="AlgorithmError: x")
    aws.deny("DescribeLogStreams")
    with pytest.raises(TrainingJobError, match="the log can't be read: not authorized"):
        completion.create(completion_of(name))


def tuned_with(
    aws: FakeAws, *trials: tuple[float | None, str], reason: str = "", status: str = "Completed"
) -> str:
    """The name of a tuning job that has ended, with trials of these objectives and statuses."""
    state = launch_tuning(tuning_provider_over(aws), tuned())
    name = str(state["tuning_job_name"])
    for objective, end in trials:
        aws.add_trial(name, objective, end)
    aws.end_tuning(name, status, reason)
    return name


def test_why_trials_wait_is_said_after_some_minutes(
    aws: FakeAws, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning_waiting, "time", vars(waiting)["time"])
    name = str(launch_tuning(tuning_provider_over(aws), tuned())["tuning_job_name"])
    trial = aws.add_trial(name, status="InProgress")
    aws.set_status(trial, "InProgress", "Starting")
    clock.on_sleep = lambda: aws.end_tuning(name) if clock.now > 1000 else None
    lines: list[str] = []
    wait_for_tunings(aws, [name], 2000, lines.append)
    notices = [line for line in lines if "1 of 1 running trials wait" in line]
    assert len(notices) == 2  # after about five minutes and ten
    assert f"{trial}: Starting for " in notices[0]


def test_a_tuning_job_is_waited_for_with_the_training_jobs_and_its_trials_are_kept(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tuning, job = tuned_with(aws, (0.5, "Completed"), (0.25, "Completed")), launched("team-dev-b")
    aws.set_status(job, "Completed")
    names = completion_of(job) | {"tuned_jobs": ["a"], "tuning_job_names": [tuning, ""]}
    result = completion.create(names)
    assert result.outs is not None
    assert set(result.outs["results"]) == {tuning, job}
    ended = result.outs["results"][tuning]
    assert (ended["outcome"], ended["objective_value"], ended["cost_usd"]) == (
        "completed",
        0.25,
        3.03,
    )
    assert ended["trials_uri"] in aws.objects
    printed = capsys.readouterr().out
    assert f"{tuning}: Completed: 2 of 10 trials ended, 0 running" in printed
    assert completion.read("", result.outs).id == ""
    aws.tunings.clear()
    assert completion.read("", result.outs).id is None


def test_a_tuning_that_was_stopped_and_has_nothing_left_has_completed(
    completion: TrainingJobCompletionProvider, aws: FakeAws
) -> None:
    name = tuned_with(aws, (0.5, "Completed"), status="Stopped")
    names = completion_of() | {"tuned_jobs": ["a", "b"], "tuning_job_names": ["", name]}
    result = completion.create(names | {"nothing_left": [False, True]})
    assert result.outs is not None
    assert result.outs["results"][name]["outcome"] == "completed"
    with pytest.raises(TrainingJobError, match=r"ended as Stopped\n"):
        completion.create(names | {"nothing_left": [False, False]})


def test_a_failed_tuning_job_is_reported_with_its_trials_reasons_and_log(
    completion: TrainingJobCompletionProvider, aws: FakeAws
) -> None:
    reason = "No training job succeeded after 5 attempts."
    name = tuned_with(aws, *[(None, "Failed")] * 5, reason=reason, status="Failed")
    for trial in aws.jobs:
        aws.set_status(trial, "Failed", reason="AlgorithmError: no data")
    with pytest.raises(TrainingJobError) as error:
        completion.create(completion_of() | {"tuned_jobs": ["a"], "tuning_job_names": [name]})
    text = str(error.value)
    assert f"{name} ended as Failed (trials failed): {reason}" in text
    assert text.count("AlgorithmError: no data") == 3
    assert "and 2 more trials failed" in text
    assert re.search(r"^It was launched \w+ ago, and ended \w+ ago\.$", text, re.MULTILINE)
    assert "algo-1 | ValueError: no data" in text
    assert "Remedy: " in text
    assert f"s3://artifacts/output/research-dev-digits/{name}/trials.json" in aws.objects


@pytest.mark.parametrize(
    ("olds", "news", "waits"),
    [
        ({}, {"tuned_jobs": ["t"], "tuning_job_names": ["t-1"]}, True),
        ({"tuned_jobs": ["t"], "tuning_job_names": ["t-1"]}, {}, True),
        (
            {"tuned_jobs": ["t"], "tuning_job_names": ["t-1"]},
            {"tuned_jobs": ["t"], "tuning_job_names": [UNKNOWN]},
            False,
        ),
        (
            {"tuned_jobs": ["t"], "tuning_job_names": ["t-1"]},
            {"tuned_jobs": ["t"], "tuning_job_names": UNKNOWN},
            True,
        ),
    ],
)
def test_it_waits_again_when_its_tuning_jobs_are_others(
    completion: TrainingJobCompletionProvider,
    olds: dict[str, Any],
    news: dict[str, Any],
    waits: bool,
) -> None:
    diff = completion.diff("", OLD | olds, OLD | news)
    assert diff.changes is waits
    assert bool(diff.replaces) is waits


def reports_in(aws: FakeAws) -> list[str]:
    return [uri for uri in aws.objects if uri.endswith("/report.html")]


def test_the_report_of_each_lineage_is_beside_its_record_whether_its_job_failed_or_not(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing, completing = launched("team-dev-a"), launched("team-dev-b")
    aws.set_status(failing, "Failed", reason="AlgorithmError: no data, exit code: 1")
    aws.set_status(completing, "Completed")
    with pytest.raises(TrainingJobError):
        completion.create(completion_of(failing, completing))
    printed = capsys.readouterr().out
    for name in (failing, completing):
        uri = f"{OUTPUT}/{name}/report.html"
        assert name in aws.objects[uri].decode()
        assert f"its report is {uri}" in printed
    assert "ValueError: no data" in aws.objects[f"{OUTPUT}/{failing}/report.html"].decode()


def test_a_tuning_with_nothing_left_is_completed_in_its_report_too(
    completion: TrainingJobCompletionProvider, aws: FakeAws
) -> None:
    name = tuned_with(aws, (0.5, "Completed"), status="Stopped")
    names = completion_of() | {"tuned_jobs": ["b"], "tuning_job_names": [name]}
    completion.create(names | {"nothing_left": [True]})
    [uri] = reports_in(aws)
    assert f"{name}/report.html" in uri
    assert '<span class="pill completed">' in aws.objects[uri].decode()


@pytest.mark.parametrize("call", ["GetObject", "PutObject", "ListTags", "Search"])
def test_a_report_that_cannot_be_written_is_a_warning(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    call: str,
) -> None:
    name = launched("team-dev-a")
    aws.set_status(name, "Completed")
    aws.refuse(call, "InternalFailure", "no")
    result = completion.create(completion_of(name))
    assert result.outs is not None
    assert result.outs["results"][name]["outcome"] == "completed"
    assert "no report: An error occurred (InternalFailure)" in capsys.readouterr().out
