"""The watchdog's state machine, run in moto's interpreter, and its policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.alerts.alert_settings import ProlongedSettings
from components.alerts.watch import Watch
from components.alerts.watchdog_documents import (
    schedule_policy,
    schedule_trust,
    state_machine,
    watchdog_policy,
    watchdog_trust,
)
from components.training_job.request.job_tags import REPORTED_TAG
from tests.components.alerts.watched_cloud import (
    AGE,
    KEY,
    OWNER,
    TOPIC,
    Cloud,
    create_tuning_job,
    in_guide,
    owned,
)
from tests.components.policies import actions, lint, lint_trust, scope
from tests.components.recording import ACCOUNT, REGION, SITE

JOBS = [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/research-dev-*"]
WATCH = Watch(
    SITE,
    ProlongedSettings(after=12 * 3600, stop=True),
    owner=OWNER,
    topic_arn=TOPIC,
    key_arn=KEY,
)
TUNING = replace(WATCH, tunes=True)
TUNING_JOB = f"{SITE.tuning_name_prefix}llm-0a1b2c3d-1"
TRIAL = f"{TUNING_JOB}-001-9f8e7d6c"


def watch(*, stop: bool = False, after: int = 12 * 3600) -> Watch:
    return replace(WATCH, prolonged=ProlongedSettings(after=after, stop=stop))


def test_a_prolonged_job_is_stopped_reported_and_marked(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    run(WATCH, cloud)
    assert cloud.stopped == ["research-dev-llm-0a1b2c3d-1"]
    (message,) = cloud.messages
    assert message["title"] == "Training job research-dev-llm-0a1b2c3d-1 is prolonged"
    assert message["description"] == (
        "It is older than 12h. It is being stopped, and its checkpoints are kept."
    )
    assert in_guide(message["title"], message["description"])
    assert message["nextSteps"][0].endswith("#/jobs/research-dev-llm-0a1b2c3d-1")
    [tags] = cloud.aws.tags.values()
    assert REPORTED_TAG in tags


def test_a_job_that_was_reported_is_neither_reported_nor_stopped_again(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    run(WATCH, cloud)
    cloud.aws.set_status("research-dev-llm-0a1b2c3d-1", "InProgress")
    run(WATCH, cloud)
    assert len(cloud.requests("ListTags")) == 2
    assert len(cloud.messages) == len(cloud.stopped) == 1


def test_a_prolonged_job_runs_on_where_the_settings_only_ask_for_a_report(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    run(watch(after=5400), cloud)
    assert cloud.stopped == []
    assert cloud.messages[0]["description"] == "It is older than 1h30m. It runs on."


def test_a_limit_that_is_no_whole_number_of_hours_is_shown_as_it_was_set(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    run(watch(after=41_000), cloud)
    assert cloud.messages[0]["description"] == "It is older than 11h23m20s. It runs on."


def test_a_job_that_cannot_be_stopped_is_reported_with_the_reason(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    reason = "the training job is in status Stopped"
    cloud.aws.refuse("StopTrainingJob", "ValidationException", reason)
    run(WATCH, cloud)
    assert "It could not be stopped: " in cloud.messages[0]["description"]
    assert "in status Stopped" in cloud.messages[0]["description"]


def test_jobs_of_other_stacks_are_not_touched(run: Any):
    cloud = Cloud(
        {
            "their-research-dev-llm-0a1b2c3d-1": owned(),
            "research-dev-x-llm-0a1b2c3d-1": {"sagemaker-training:owner": "artifacts-of-another"},
            "research-dev-by-hand": {},
            "research-dev-llm-0a1b2c3d-1": owned(),
        }
    )
    run(WATCH, cloud)
    assert cloud.stopped == cloud.reported == ["research-dev-llm-0a1b2c3d-1"]


def test_only_running_jobs_older_than_the_limit_are_asked_for(run: Any):
    cloud = Cloud({})
    run(WATCH, cloud)
    (request,) = cloud.requests("Search")
    wanted = {each["Name"]: each["Value"] for each in request["SearchExpression"]["Filters"]}
    limit = datetime.fromisoformat(wanted.pop("CreationTime")).replace(tzinfo=UTC)
    assert wanted == {"TrainingJobStatus": "InProgress", "Tags.sagemaker-training:owner": OWNER}
    age = datetime.now(UTC) - limit
    assert timedelta(hours=12) <= age < timedelta(hours=12, minutes=1)


def test_a_job_that_is_not_old_enough_is_left_alone(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    run(watch(stop=True, after=int(AGE.total_seconds()) + 60), cloud)
    assert cloud.stopped == cloud.reported == []


def test_a_job_that_ended_a_moment_ago_is_left_alone_though_a_search_shows_it_as_running(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    cloud.aws.set_status("research-dev-llm-0a1b2c3d-1", "Completed")
    run(WATCH, cloud)
    assert cloud.stopped == cloud.reported == []


@pytest.mark.parametrize("jobs", [10, 1_000])
def test_the_jobs_that_have_ended_take_no_calls(run: Any, jobs: int):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    cloud.aws.add_history(jobs, "research-dev-llm-0a1b2c3e-", owned())
    run(WATCH, cloud)
    assert cloud.reported == ["research-dev-llm-0a1b2c3d-1"]
    assert len(cloud.requests("Search")) == 1


def test_every_page_of_jobs_is_read_up_to_the_same_moment(run: Any):
    names = [f"research-dev-llm-0a1b2c3d-{attempt}" for attempt in range(1, 4)]
    cloud = Cloud({name: owned() for name in names})
    cloud.aws.largest_page = 2
    run(watch(), cloud)
    assert sorted(cloud.reported) == names
    searches = cloud.requests("Search")
    assert searches[0]["SearchExpression"] == searches[1]["SearchExpression"]
    assert [request.get("NextToken") for request in searches] == [None, "2"]


def test_a_prolonged_tuning_job_is_stopped_reported_and_marked_once_and_its_trials_are_not(
    run: Any,
):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned(), TRIAL: owned()}, {TUNING_JOB: owned()})
    run(TUNING, cloud)
    assert cloud.stopped == ["research-dev-llm-0a1b2c3d-1"]
    [stop] = cloud.requests("StopHyperParameterTuningJob")
    assert stop == {"HyperParameterTuningJobName": TUNING_JOB}
    assert cloud.reported == ["research-dev-llm-0a1b2c3d-1", TUNING_JOB]
    message = cloud.messages[1]
    assert message["title"] == f"Tuning job {TUNING_JOB} is prolonged"
    assert message["description"] == (
        "It is older than 12h. It is being stopped, and its trials are kept."
    )
    assert message["nextSteps"][0].endswith(f"#/hyper-tuning-jobs/{TUNING_JOB}")
    for job in cloud.aws.tunings.values():
        job["HyperParameterTuningJobStatus"] = "InProgress"
    run(TUNING, cloud)
    assert len(cloud.messages) == 2


def test_a_tuning_job_that_is_of_another_stack_or_young_or_ended_is_left_alone(run: Any):
    others = {
        f"x{TUNING_JOB}"[:32]: owned(),
        f"{TUNING_JOB[:-1]}2": {"sagemaker-training:owner": "artifacts-of-another"},
        f"{TUNING_JOB[:-1]}3": owned(),
    }
    cloud = Cloud({}, others)
    cloud.aws.tunings[f"{TUNING_JOB[:-1]}3"]["HyperParameterTuningJobStatus"] = "Completed"
    create_tuning_job(cloud.aws, f"{TUNING_JOB[:-1]}4", owned())
    run(TUNING, cloud)
    assert not cloud.reported
    assert not cloud.requests("StopHyperParameterTuningJob")


def test_every_page_of_tuning_jobs_is_read(run: Any):
    names = [f"{TUNING_JOB[:-1]}{attempt}" for attempt in range(1, 4)]
    cloud = Cloud({}, {name: owned() for name in names})
    cloud.aws.largest_page = 2
    run(replace(watch(), tunes=True), cloud)
    assert sorted(cloud.reported) == names
    assert cloud.requests("StopHyperParameterTuningJob") == []
    assert len(cloud.requests("ListHyperParameterTuningJobs")) == 2


def test_no_tuning_job_is_watched_where_the_stack_does_not_tune():
    assert "uning" not in json.dumps([state_machine(WATCH), watchdog_policy(WATCH)])


def test_no_two_states_have_the_same_name():
    def names(machine: dict[str, Any]) -> Iterator[str]:
        for name, state in machine["States"].items():
            yield name
            if "ItemProcessor" in state:
                yield from names(state["ItemProcessor"])

    found = list(names(state_machine(TUNING)))
    assert len(found) == len(set(found))


def test_a_watchdog_of_tuning_jobs_acts_on_those_of_the_stacks_names_only():
    document = watchdog_policy(TUNING)
    assert actions(document) - actions(watchdog_policy(WATCH)) == {
        "sagemaker:DescribeHyperParameterTuningJob",
        "sagemaker:ListHyperParameterTuningJobs",
        "sagemaker:StopHyperParameterTuningJob",
    }
    for action in ("AddTags", "DescribeHyperParameterTuningJob", "StopHyperParameterTuningJob"):
        assert scope(document, f"sagemaker:{action}") == [([*JOBS, SITE.tuning_jobs_arn], {})]
    reports = watchdog_policy(replace(watch(), tunes=True))
    assert "sagemaker:StopHyperParameterTuningJob" not in actions(reports)


@pytest.mark.parametrize("tunes", [True, False])
@pytest.mark.parametrize("stop", [True, False])
def test_the_linter_finds_nothing_in_the_roles_of_a_watchdog(stop: bool, tunes: bool):
    watched = replace(watch(stop=stop), tunes=tunes)
    assert lint(watchdog_policy(watched)) == set()
    assert lint(schedule_policy(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:w")) == set()
    assert lint_trust(watchdog_trust(SITE)) == set()
    assert lint_trust(schedule_trust(SITE)) == set()


def test_a_watchdog_acts_on_jobs_of_the_stacks_names_only():
    document = watchdog_policy(WATCH)
    assert actions(document) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "sagemaker:AddTags",
        "sagemaker:DescribeTrainingJob",
        "sagemaker:ListTags",
        "sagemaker:Search",
        "sagemaker:StopTrainingJob",
        "sns:Publish",
    }
    for action in ("AddTags", "DescribeTrainingJob", "ListTags", "StopTrainingJob"):
        assert scope(document, f"sagemaker:{action}") == [(JOBS, {})]
    assert scope(document, "sns:Publish") == [([TOPIC], {})]
    through_sns = {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}}
    assert scope(document, "kms:GenerateDataKey") == [([KEY], through_sns)]


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_a_watchdog_makes_its_calls_in_its_own_partition(region: str, partition: str):
    text = json.dumps(state_machine(replace(WATCH, site=replace(SITE, region=region))))
    assert text.count(f'"arn:{partition}:states:::') == 6
    assert "arn:aws:states" not in text


def test_a_watchdog_that_only_reports_cannot_stop_anything():
    assert "sagemaker:StopTrainingJob" not in actions(watchdog_policy(watch()))


def test_a_schedule_starts_one_state_machine():
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:watchdog"
    assert scope(schedule_policy(machine), "states:StartExecution") == [([machine], {})]
