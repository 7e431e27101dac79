"""The watchdog of idle jobs, run in moto's interpreter of state machines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.alerts.alert_settings import IdleSettings, ProlongedSettings
from components.alerts.watch import Watch
from components.alerts.watchdog_documents import state_machine, watchdog_policy
from components.training_job.request.job_tags import IDLE_TAG, REPORTED_TAG
from tests.components.alerts.watched_cloud import KEY, OWNER, TOPIC, Cloud, in_guide, owned
from tests.components.policies import actions, lint, scope
from tests.components.recording import SITE

JOB = "research-dev-llm-0a1b2c3d-1"
TRIAL = f"{SITE.tuning_name_prefix}llm-0a1b2c3d-1-001-9f8e7d6c"
TWO_GPUS = {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 2}
CPUS = {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1}
HOUR = timedelta(hours=1)
QUIET = [0.4] * 10
WATCH = Watch(
    SITE,
    None,
    owner=OWNER,
    topic_arn=TOPIC,
    key_arn=KEY,
    idle=IdleSettings(after=1800),
    prices={"ml.g5.2xlarge": 1.515, "ml.c5.xlarge": 0.204},
)
BOTH = replace(WATCH, prolonged=ProlongedSettings(after=12 * 3600, stop=True))


def idle(resources: dict[str, Any] | None = None, name: str = JOB, **tags: str) -> Cloud:
    """A cloud with a job that has trained for an hour; its GPUs, if it has any, do nothing."""
    cloud = Cloud({name: owned() | tags})
    cloud.train(name, HOUR, **(resources or TWO_GPUS))
    for number in (1, 2):
        cloud.use["GPUUtilization", f"{name}/algo-{number}"] = QUIET
        cloud.use["CPUUtilization", f"{name}/algo-{number}"] = [150.0] * 10
    return cloud


def test_a_job_whose_gpus_are_idle_is_reported_and_marked_once_and_not_stopped(run: Any):
    cloud = idle()
    run(WATCH, cloud)
    run(WATCH, cloud)
    [message] = cloud.messages
    assert message["title"] == f"Training job {JOB} is idle"
    assert message["description"] == (
        "For 30m no host has used more than 5 % of one GPU. Loading data looks the same, so the "
        "job is not stopped. It has 2 ml.g5.2xlarge, on demand 3.03 USD an hour at the prices of "
        "us-east-1."
    )
    assert in_guide(message["title"], message["description"])
    assert message["nextSteps"][0].endswith(f"#/jobs/{JOB}")
    [tags] = cloud.aws.tags.values()
    assert IDLE_TAG in tags
    assert cloud.stopped == []


def test_a_type_without_gpus_is_idle_if_its_processors_are(run: Any):
    cloud = idle(CPUS)
    cloud.use = {("CPUUtilization", f"{JOB}/algo-1"): QUIET}
    run(WATCH, cloud)
    assert "of one processor core. " in cloud.messages[0]["description"]
    assert "It has 1 ml.c5.xlarge, on demand 0.20 USD" in cloud.messages[0]["description"]


def test_the_last_half_an_hour_of_every_host_is_read(run: Any):
    cloud = idle()
    run(WATCH, cloud)
    [request] = cloud.requests("GetMetricData")
    start, end = (datetime.fromisoformat(request[each]) for each in ("StartTime", "EndTime"))
    assert timedelta(minutes=30) <= end - start < timedelta(minutes=30, seconds=30)
    assert datetime.now(UTC) - end < timedelta(minutes=1)
    queries = [each["MetricStat"] for each in request["MetricDataQueries"]]
    assert {(each["Period"], each["Stat"]) for each in queries} == {(180, "Maximum")}
    assert [
        (each["Metric"]["MetricName"], each["Metric"]["Dimensions"][0]["Value"]) for each in queries
    ] == [
        ("GPUUtilization", f"{JOB}/algo-1"),
        ("GPUUtilization", f"{JOB}/algo-2"),
        ("CPUUtilization", f"{JOB}/algo-1"),
        ("CPUUtilization", f"{JOB}/algo-2"),
    ]


BUSY = {
    "one host works": {("GPUUtilization", f"{JOB}/algo-2"): [0.0, 97.0, *[0.0] * 8]},
    "most values are missing": {
        ("GPUUtilization", f"{JOB}/algo-{number}"): QUIET[:4] for number in (1, 2)
    },
    "nothing was measured": {
        (metric, f"{JOB}/algo-{number}"): []
        for metric in ("GPUUtilization", "CPUUtilization")
        for number in (1, 2)
    },
}


@pytest.mark.parametrize("use", BUSY.values(), ids=BUSY)
def test_a_job_that_works_or_that_no_one_can_judge_is_not_reported(run: Any, use: Any):
    cloud = idle()
    cloud.use |= use
    run(WATCH, cloud)
    assert cloud.requests("GetMetricData")
    assert cloud.messages == []


def test_a_job_that_waits_or_has_trained_for_a_short_time_is_not_read(run: Any):
    cloud = idle()
    cloud.train(JOB, timedelta(minutes=29), **TWO_GPUS)
    run(WATCH, cloud)
    cloud.train(JOB, HOUR, **TWO_GPUS)
    cloud.aws.jobs[JOB]["SecondaryStatus"] = "Interrupted"
    run(WATCH, cloud)
    assert len(cloud.requests("DescribeTrainingJob")) == 2
    assert cloud.requests("GetMetricData") == cloud.messages == []


def test_jobs_of_other_stacks_are_not_read(run: Any):
    cloud = Cloud({"their-research-dev-llm-0a1b2c3d-1": owned(), JOB: {"a": "b"}, TRIAL: owned()})
    run(WATCH, cloud)
    assert cloud.requests("DescribeTrainingJob") == []


def test_an_idle_trial_is_reported_where_the_stack_tunes(run: Any):
    cloud = idle(name=TRIAL)
    run(replace(WATCH, tunes=True), cloud)
    assert cloud.reported == [TRIAL]


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        (
            {
                "InstanceGroups": [
                    {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1},
                    {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
                ]
            },
            "It has 1 ml.g5.2xlarge and 1 ml.c5.xlarge, on demand 1.72 USD an hour",
        ),
        (
            {
                "InstancePreferences": [{"InstanceType": "ml.p5.48xlarge"}],
                "SelectedInstanceType": "ml.g5.2xlarge",
                "SelectedInstanceCount": 2,
            },
            "It has 2 ml.g5.2xlarge, on demand 3.03 USD an hour",
        ),
        ({"InstanceType": "ml.p5.48xlarge", "InstanceCount": 2}, "It has 2 ml.p5.48xlarge."),
    ],
)
def test_the_message_names_the_instances_and_their_price_where_it_is_known(
    run: Any, resources: dict[str, Any], words: str
):
    cloud = idle(resources)
    run(WATCH, cloud)
    assert words in cloud.messages[0]["description"]


def test_of_a_large_job_the_first_hundred_hosts_are_read(run: Any):
    cloud = idle({"InstanceType": "ml.g5.2xlarge", "InstanceCount": 300})
    run(WATCH, cloud)
    [request] = cloud.requests("GetMetricData")
    assert len(request["MetricDataQueries"]) == 200


def test_prolonged_and_idle_jobs_are_reported_each_by_a_tag_of_its_own(run: Any):
    cloud = idle()
    cloud.aws.refuse("StopTrainingJob", "ValidationException", "it can't be stopped now")
    run(BOTH, cloud)
    assert [each["title"].rpartition(" ")[2] for each in cloud.messages] == ["prolonged", "idle"]
    [tags] = cloud.aws.tags.values()
    assert {IDLE_TAG, REPORTED_TAG} <= tags.keys()


def test_what_a_watchdog_of_idle_jobs_may_do_is_less_than_one_of_prolonged_jobs():
    alone, both = watchdog_policy(WATCH), watchdog_policy(BOTH)
    assert scope(alone, "cloudwatch:GetMetricData") == [(["*"], {})]
    assert actions(both) - actions(alone) == {"sagemaker:StopTrainingJob"}
    assert lint(alone) == lint(both) == set()
    assert state_machine(WATCH)["Comment"] == "Reports jobs idle for 30m"


def test_a_watchdog_reads_and_marks_trials_only_where_the_stack_tunes():
    tuning = watchdog_policy(replace(WATCH, tunes=True))
    for action in ("AddTags", "DescribeTrainingJob", "ListTags"):
        assert scope(tuning, f"sagemaker:{action}") == [([SITE.jobs_arn, SITE.trials_arn], {})]
    assert "uning" not in json.dumps([state_machine(WATCH), watchdog_policy(WATCH)])
    assert actions(tuning) == actions(watchdog_policy(WATCH))
