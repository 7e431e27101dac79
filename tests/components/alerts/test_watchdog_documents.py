"""The watchdog's state machine, run in moto's interpreter, and its policies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
import jsonata  # type: ignore[import-untyped]
import pytest
from botocore.validate import ParamValidator
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_sns,
)
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata

from components.alerts.alert_settings import ProlongedSettings
from components.alerts.watchdog_documents import (
    Watch,
    schedule_policy,
    schedule_trust,
    state_machine,
    watchdog_policy,
    watchdog_trust,
)
from components.training_job.request.job_tags import REPORTED_TAG
from tests.components.fake_aws import FakeAws
from tests.components.policies import actions, lint, lint_trust, scope
from tests.components.recording import ACCOUNT, REGION, SITE

OWNER = "research-dev-store-artifacts-0a1b2c3"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
JOBS = [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/research-dev-*"]
AGE = timedelta(hours=13)
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


def watch(*, stop: bool = False, after: int = WATCH.settings.after) -> Watch:
    return replace(WATCH, settings=ProlongedSettings(after=after, stop=stop))


def create_tuning_job(aws: FakeAws, name: str, tags: dict[str, str]) -> None:
    """Adds a tuning job that runs."""
    written = [{"Key": key, "Value": value} for key, value in tags.items()]
    aws.create_hyper_parameter_tuning_job(HyperParameterTuningJobName=name, Tags=written)


class Cloud:
    """What a state machine calls: SageMaker in memory, with prolonged jobs, and a topic.

    Every request is checked against botocore's service model.
    """

    def __init__(
        self, jobs: dict[str, dict[str, str]], tuning: dict[str, dict[str, str]] | None = None
    ) -> None:
        self.aws = FakeAws()
        self.messages: list[dict[str, Any]] = []
        self._requests: list[tuple[str, dict[str, Any]]] = []
        self.aws.now -= AGE
        for name, tags in jobs.items():
            written = [{"Key": key, "Value": value} for key, value in tags.items()]
            self.aws.create_training_job(TrainingJobName=name, Tags=written, ResourceConfig={})
        for name, tags in (tuning or {}).items():
            create_tuning_job(self.aws, name, tags)
        self.aws.now += AGE

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The method of a SageMaker client."""

        def call(**request: Any) -> Any:
            operation = "".join(word.capitalize() for word in name.split("_"))
            self._check("sagemaker", operation, request)
            self._requests.append((operation, request))
            return getattr(self.aws, name)(**request) or {}

        return call

    def publish(self, **request: Any) -> dict[str, Any]:
        self._check("sns", "Publish", request)
        assert request["TopicArn"] == TOPIC
        self.messages.append(json.loads(request["Message"])["content"])
        return {"MessageId": "0"}

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """The requests to an operation of SageMaker, in order."""
        return [request for each, request in self._requests if each == operation]

    @property
    def stopped(self) -> list[str]:
        return [request["TrainingJobName"] for request in self.requests("StopTrainingJob")]

    @property
    def reported(self) -> list[str]:
        return [message["title"].split()[2] for message in self.messages]

    def _check(self, service: str, operation: str, request: dict[str, Any]) -> None:
        model = botocore.session.get_session().get_service_model(service)
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        report = ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs a watch's state machine against a cloud, in moto's interpreter of the language."""

    def evaluate(expression: str) -> Any:
        return jsonata.Jsonata(expression).evaluate(None)

    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(moto_jsonata, "_eval_jsonata", evaluate)

    def execute(watch: Watch, cloud: Cloud) -> None:
        for module in (state_task_service_aws_sdk, state_task_service_sns):
            monkeypatch.setattr(module, "boto_client_for", lambda *_, **__: cloud)
        client = boto3.client("stepfunctions")
        machine = client.create_state_machine(
            name="watchdog",
            definition=json.dumps(state_machine(watch)),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/watchdog",
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine, name=str(time.time_ns()))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = client.describe_execution(executionArn=execution["executionArn"])
            if answer["status"] != "RUNNING":
                break
            time.sleep(0.05)
        assert answer["status"] == "SUCCEEDED", answer

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield execute


def owned() -> dict[str, str]:
    return {"sagemaker-training:owner": OWNER}


def test_a_prolonged_job_is_stopped_reported_and_marked(run: Any):
    cloud = Cloud({"research-dev-llm-0a1b2c3d-1": owned()})
    run(WATCH, cloud)
    assert cloud.stopped == ["research-dev-llm-0a1b2c3d-1"]
    (message,) = cloud.messages
    assert message["title"] == "Training job research-dev-llm-0a1b2c3d-1 is prolonged"
    assert message["description"] == (
        "It is older than 12h. It is being stopped, and its checkpoints are kept."
    )
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
