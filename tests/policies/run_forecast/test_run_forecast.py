"""Forecasts of the jobs of previews, as a person sees them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from run_forecast.__main__ import main
from run_forecast.job_forecasts import JobForecast, job_forecasts
from run_forecast.past_jobs import found_jobs, past_jobs
from run_forecast.wording import costs, duration, forecast_lines, percent
from tests.policies.policy_report.events import END, step, written
from tests.policies.run_forecast.test_rates import INTERRUPTED, NOON
from tests.policies.subjects import request, resource
from training_policies.instances import Prices
from training_policies.resource import UNKNOWN
from training_policies.training_job import OWN_TYPE, TrainingJobView, training_job
from training_policies.tuning import OWN_TUNING_TYPE

HOUR = 3600
CHECKPOINTS = {"CheckpointConfig": {"S3Uri": "s3://b/checkpoints/a/"}}
TAGS = {"Tags": [{"Key": "team", "Value": "research"}, {"Key": "stack", "Value": "prod"}]}


def view(
    expected: Any = 5 * 3600,
    *,
    checkpoints: bool = True,
    inputs: dict[str, Any] | None = None,
    **changes: Any,
) -> TrainingJobView:
    asked = request(**{"runtime": 8 * 3600, "wait": 16 * 3600, **changes}) | TAGS
    properties = {
        "request": asked | (CHECKPOINTS if checkpoints else {}),
        "lineage": "research-prod-llm",
        **(inputs or {}),
    }
    if expected is not None:
        properties["expected_seconds"] = expected
    found = training_job(resource(OWN_TYPE, properties, "llm"))
    assert found is not None
    return found


def only(job: TrainingJobView, records: list[Any] | None = None) -> JobForecast:
    (found,) = job_forecasts([job], Prices(), records or [])
    return found


def test_a_spot_job_is_interrupted_by_the_loss_of_any_of_its_instances():
    found = only(view(count=4))
    assert found.planned.capacity.interruptions_per_hour == pytest.approx(4 * 0.05)
    assert found.planned.capacity.usd_per_hour == pytest.approx(4 * 1.515 * 0.3)
    assert found.on_demand is not None
    assert found.on_demand.capacity.usd_per_hour == pytest.approx(4 * 1.515)
    assert found.planned.work.interval == pytest.approx(found.best_interval)


def test_a_job_on_demand_is_compared_with_nothing():
    found = only(view(spot=False, wait=None))
    assert found.on_demand is None
    assert found.dearer_than_on_demand is None
    assert found.planned.interruptions == 0
    assert "interruptions" not in "\n".join(forecast_lines(found))


def test_without_a_setting_the_last_completed_run_says_how_long_it_trains():
    tags = [{"Key": "sagemaker-training:lineage", "Value": "research-prod-llm"}]
    found = only(view(None), [INTERRUPTED | {"Tags": tags}])
    assert found.planned.work.seconds == 18_000
    assert found.is_measured


def test_a_new_run_of_a_recurring_job_trains_as_the_last_completed_run_of_any_name():
    tags = [
        {"Key": "sagemaker-training:lineage", "Value": "research-prod-llm-w47"},
        {"Key": "sagemaker-training:recurring", "Value": "research-prod-llm"},
    ]
    runs = {"lineage": "research-prod-llm-w48", "recurring": "research-prod-llm"}
    found = only(view(None, inputs=runs), [INTERRUPTED | {"Tags": tags}])
    assert found.planned.work.seconds == 18_000


def test_a_job_whose_runtime_or_instances_are_not_known_has_no_forecast():
    jobs = [view(None), view(count=UNKNOWN), view(spot=UNKNOWN), view(UNKNOWN)]
    assert job_forecasts(jobs, Prices(), []) == []


def test_a_short_and_cheap_job_has_its_cost_the_time_of_its_start_and_needs_no_checkpoint():
    text = "\n".join(forecast_lines(only(view(60))))
    assert "each start     15 min of waiting for instances and 6.0 min until the script" in text
    assert "0.0000" not in text
    assert "0.00 USD" not in text
    assert "checkpoints    none before the end: the training is shorter than" in text


def test_a_forecast_says_times_chance_costs_rate_and_its_source():
    lines = list(forecast_lines(only(view())))
    assert lines[0] == "llm: 5.0 h of training, as expectedRuntime says"
    text = "\n".join(lines)
    for part in (
        "ends after ",
        " in half of all runs, ",
        "within limits ",
        " of runs: maxRuntime 8.0 h, maxWait 16 h",
        " USD in half of all runs, ",
        "assumed: 0.05 per instance-hour",
        "loses the least time, if a save takes 30 s",
        "cheaper from ",
    ):
        assert part in text


def test_a_job_without_checkpoints_is_warned_of():
    assert "each interruption loses all the work" in "\n".join(
        forecast_lines(only(view(checkpoints=False)))
    )


def test_what_has_no_price_has_an_unknown_cost_and_a_training_plan_is_prepaid():
    assert costs(only(view(instance_type="ml.new1.large"))) == "unknown"
    plan = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring"
    prepaid = only(view(spot=False, wait=None, TrainingPlanArn=plan))
    assert costs(prepaid) == "prepaid"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(30, "30 s"), (90, "1.5 min"), (4 * 3600, "4.0 h"), (47 * 3600, "47 h"),
     (72 * 3600, "3.0 days"), (1e12, "more than 10 years"), (float("inf"), "no limit")],
)  # fmt: skip
def test_times_are_in_the_unit_that_people_would_use(seconds: float, text: str):
    assert duration(seconds) == text


def test_a_share_is_certain_only_if_each_simulated_run_agrees():
    assert [percent(each) for each in (0, 0.00004, 0.93, 0.99999, 1)] == [
        "less than 0.1 %", "0.1 %", "93.0 %", "99.9 %", "more than 99.9 %",
    ]  # fmt: skip


def test_the_command_prints_each_job_and_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def job(name: str, **more: Any) -> dict[str, Any]:
        inputs = {"request": request() | CHECKPOINTS, "lineage": name, "launch": False, **more}
        return step("create", OWN_TYPE, name, inputs)

    events = written(tmp_path, [job("known", expected_seconds=1800), job("other"), END], "")
    assert main([str(events)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("known: 30 min of training, as expectedRuntime says\n")
    assert out.endswith("other: how long it trains is not known. Set expectedRuntime, as in 8h.\n")
    assert main([str(events), "--job", "other"]) == 1
    assert "known: 30 min" not in capsys.readouterr().out
    runs = job("llm-w48", recurring="llm", expected_seconds=1800)
    of_run = written(tmp_path, [runs, END], "")
    assert main([str(of_run), "--job", "llm"]) == 0
    assert main([str(events), "--job", "none"]) == 1
    assert "no such training job" in capsys.readouterr().err


def tuned(expected: Any = HOUR, **limits: Any) -> TrainingJobView:
    asked = request(runtime=2 * HOUR, wait=4 * HOUR) | TAGS | CHECKPOINTS
    most = {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 4, **limits}
    kept = {name: value for name, value in most.items() if value is not None}
    properties = {
        "request": asked,
        "tuning": {"ResourceLimits": kept},
        "lineage": "research-prod-llm",
        **({"expected_seconds": expected} if expected else {}),
    }
    found = training_job(resource(OWN_TUNING_TYPE, properties, "llm"))
    assert found is not None
    return found


def test_a_tuned_job_is_as_many_trials_as_it_makes_some_of_them_at_once():
    found = only(tuned(MaxRuntimeInSeconds=10 * HOUR))
    assert found.planned.times == 20
    # Five rows of trials, each with a start, a wait, and the work with its checkpoints.
    assert found.planned.finish.mean > 5 * HOUR
    assert found.planned.cost is not None
    assert found.planned.cost.mean > 20 * 1.515 * 0.3
    assert found.dearer_than_on_demand == pytest.approx(only(view(HOUR)).dearer_than_on_demand)
    lines = "\n".join(forecast_lines(found))
    assert lines.startswith(
        "llm: 20 trials, 4 at once, of 1.0 h of training each, as expectedRuntime says\n"
    )
    assert " of trials, and all of them in " in lines
    assert "of each trial maxRuntime 2.0 h, maxWait 4.0 h; all of them 10 h\n" in lines
    assert "early stops    are not in it" in lines


def test_a_tuned_job_without_a_setting_trains_as_the_trials_of_its_newest_tuning_job():
    tags = {"Tags": [{"Key": "sagemaker-training:lineage", "Value": "research-prod-llm"}]}
    trial = {**INTERRUPTED, **tags, "TuningJobArn": "arn:2"}
    records = [
        {**trial, "TrainingTimeInSeconds": 1000},
        {**trial, "TrainingTimeInSeconds": 3000},
        {**trial, "TrainingTimeInSeconds": 9, "TrainingJobStatus": "Stopped"},
        {
            **trial,
            "TuningJobArn": "arn:1",
            "CreationTime": NOON - timedelta(hours=1),
            "TrainingTimeInSeconds": 9,
        },
        {**INTERRUPTED, **tags, "CreationTime": NOON + timedelta(hours=9)},
    ]
    found = only(tuned(None), records)
    assert found.planned.work.seconds == 2000
    assert "of 33 min of training each, as earlier trials trained" in next(forecast_lines(found))
    assert job_forecasts([tuned(None)], Prices(), [INTERRUPTED | tags]) == []


def test_a_tuning_that_only_time_limits_makes_as_many_trials_as_it_allows():
    found = only(tuned(MaxNumberOfTrainingJobs=None, MaxRuntimeInSeconds=10 * HOUR))
    lines = list(forecast_lines(found))
    assert "trials in 10 h, 4 at once, of 1.0 h of training each" in lines[0]
    assert "  ends after     10 h in half of all runs, 10 h in 9 of 10" in lines[1]
    assert job_forecasts([tuned(MaxNumberOfTrainingJobs=None)], Prices(), []) == []
    assert job_forecasts([tuned(MaxParallelTrainingJobs=UNKNOWN)], Prices(), []) == []


def test_the_command_has_the_forecast_of_a_stack_that_only_tunes_or_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    limits = {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 4}
    inputs = {"request": request(), "tuning": {"ResourceLimits": limits}, "lineage": "tuned"}
    events = written(tmp_path, [step("create", OWN_TUNING_TYPE, "tuned", inputs), END], "")
    assert main([str(events)]) == 1
    assert capsys.readouterr().out == (
        "tuned: how long each of its trials trains is not known. Set expectedRuntime, as in 8h.\n"
    )
    known = step("create", OWN_TUNING_TYPE, "tuned", inputs | {"expected_seconds": 1800})
    assert main([str(written(tmp_path, [known, END], ""))]) == 0
    assert capsys.readouterr().out.startswith("tuned: 20 trials, 4 at once, of 30 min")


def test_the_records_are_those_of_the_stack_by_its_tags():
    assert past_jobs([view()], None) == []
    client = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="a",
                          aws_secret_access_key="b")  # fmt: skip
    filters = [
        {"Name": "Tags.team", "Operator": "Equals", "Value": "research"},
        {"Name": "Tags.stack", "Operator": "Equals", "Value": "prod"},
    ]
    expected = {
        "Resource": "TrainingJob",
        "SearchExpression": {"Filters": filters},
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": 100,
    }
    with Stubber(client) as stubber:
        stubber.add_response(
            "search", {"Results": [{"TrainingJob": {"TrainingJobName": "one"}}]}, expected
        )
        tags = {"team": "research", "stack": "prod"}
        assert found_jobs(client, tags) == [{"TrainingJobName": "one"}]


def test_without_the_permission_to_search_the_rates_are_assumed_and_it_says_so(
    capsys: pytest.CaptureFixture[str],
):
    client = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="a",
                          aws_secret_access_key="b")  # fmt: skip
    with Stubber(client) as stubber:
        stubber.add_client_error("search", "AccessDeniedException", "no")
        assert found_jobs(client, {"team": "research"}) == []
    assert "The forecast's rates are assumed" in capsys.readouterr().err
