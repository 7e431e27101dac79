from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from components.alerts.alert_documents import (
    ENDINGS,
    TUNING_ENDINGS,
    Ending,
    chat_trust,
    endings,
    event_inputs,
    event_message,
    event_pattern,
    topic_policy,
)
from localcloud.events.inputs import target_input
from tests.components.alerts.watched_cloud import in_guide
from tests.components.policies import lint, lint_trust, statement
from tests.components.recording import ACCOUNT, REGION, SITE

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
BUCKET = "research-dev-store-artifacts-0a1b2c3"
OUTPUT = f"s3://{BUCKET}/output/research-dev-llm"
BY_NAME = {ending.name: ending for ending in ENDINGS}
JOB = "research-dev-llm-0a1b2c3d-1"
TUNING_JOB = f"{SITE.tuning_name_prefix}llm-0a1b2c3d-1"
TRIAL = f"{TUNING_JOB}-001-9f8e7d6c"


def event(**detail: Any) -> dict[str, Any]:
    """A job's event; AWS's published schema has no reason in it."""
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Training Job State Change",
        "time": "2026-01-01T00:00:00Z",
        "detail": {"TrainingJobName": JOB, "OutputDataConfig": {"S3OutputPath": OUTPUT}, **detail},
    }


def tuning_event(name: str = TUNING_JOB, **detail: Any) -> dict[str, Any]:
    """A tuning job's event, with the members of AWS's published schema that rules look at."""
    counters = {"Completed": 12, "InProgress": 0, "NonRetryableError": 3, "Stopped": 1}
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker HyperParameter Tuning Job State Change",
        "time": "2026-01-01T00:00:00Z",
        "detail": {
            "HyperParameterTuningJobName": name,
            "TrainingJobDefinition": {"OutputDataConfig": {"S3OutputPath": OUTPUT}},
            "TrainingJobStatusCounters": counters,
            **detail,
        },
    }


def messages(happened: dict[str, Any], limited: bool = False) -> list[dict[str, Any]]:
    """The messages that a topic gets: one for each pattern that matches, which must be JSON."""
    found = []
    for ending in endings(limited, tunes=True):
        pattern = event_pattern(ending, SITE, BUCKET)
        if EventPattern(json.dumps(pattern), pattern).matches_event(happened):
            transformer = {
                "InputPathsMap": event_inputs(ending),
                "InputTemplate": event_message(ending, SITE),
            }
            text = target_input({"InputTransformer": transformer}, happened, "rule/r")
            found.append(json.loads(text)["content"])
    return found


def test_failed_stopped_and_both_kinds_of_running_out_of_time_have_messages_of_their_own():
    patterns = {
        name: (ending.detail["TrainingJobStatus"], ending.detail.get("SecondaryStatus"))
        for name, ending in BY_NAME.items()
    }
    assert patterns == {
        "failed": (["Failed"], None),
        "unexplained": (["Failed"], None),
        "stopped": (["Stopped"], ["Stopped"]),
        "wait": (["Stopped"], ["MaxWaitTimeExceeded"]),
        "runtime": (["Stopped"], ["MaxRuntimeExceeded"]),
    }


@pytest.mark.parametrize(
    ("limits", "causes"),
    [
        ({"MaxRuntimeInSeconds": 60}, "A person or a program stopped it."),
        (
            {"MaxRuntimeInSeconds": 60, "MaxPendingTimeInSeconds": 1800},
            "Its maxPending was over before it had capacity, or a person or a program stopped it",
        ),
    ],
)
def test_only_a_job_whose_waiting_is_limited_may_have_waited_too_long(
    limits: dict[str, int], causes: str
):
    status = {"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}
    (content,) = messages(event(**status, StoppingCondition=limits), limited=True)
    assert content["title"] == f"Training job {JOB} was stopped"
    assert content["description"].startswith(causes)


def test_what_ends_otherwise_has_the_same_message_in_a_stack_whose_waiting_is_limited():
    assert [
        each for each in endings(True, tunes=False) if each.name not in ("stopped", "pending")
    ] == [each for each in ENDINGS if each.name != "stopped"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_only_this_stacks_jobs_raise_an_alert(ending: Ending):
    pattern = event_pattern(ending, SITE, BUCKET)
    assert pattern["source"] == ["aws.sagemaker"]
    assert pattern["detail-type"] == ["SageMaker Training Job State Change"]
    assert pattern["detail"]["TrainingJobName"] == [{"prefix": "research-dev-"}]
    # By the bucket, not by the role that a job began with: the role may be another one now.
    assert "RoleArn" not in pattern["detail"]
    output = pattern["detail"]["OutputDataConfig"]["S3OutputPath"]
    assert output == [{"prefix": f"s3://{BUCKET}/"}]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_message_names_the_job_what_happened_and_where_to_look(ending: Ending):
    status = {name: values[0] for name, values in ending.detail.items() if name != "$or"}
    if "FailureReason" in status:
        status["FailureReason"] = "AlgorithmError"
    (content,) = messages(event(**status))
    assert content["title"] == f"Training job {JOB} {ending.title}"
    assert content["nextSteps"] == [
        f"https://{REGION}.console.aws.amazon.com/sagemaker/home?region={REGION}#/jobs/{JOB}",
        f"Log: the group /aws/sagemaker/TrainingJobs in CloudWatch, streams that begin with {JOB}/",
    ]


@pytest.mark.parametrize(
    "happened",
    [
        event(
            TrainingJobStatus="Failed",
            FailureReason="AlgorithmError: ExecuteUserScriptError: exit code 1",
        ),
        *(
            event(TrainingJobStatus="Stopped", SecondaryStatus=status)
            for status in ("Stopped", "MaxWaitTimeExceeded", "MaxRuntimeExceeded")
        ),
        tuning_event(HyperParameterTuningJobStatus="Stopped"),
    ],
    ids=lambda happened: str(happened["detail"].get("SecondaryStatus", "other")),
)
def test_the_guide_has_the_message_as_its_example(happened: dict[str, Any]):
    [content] = messages(happened)
    assert in_guide(content["title"], content["description"])


def test_a_failure_without_a_reason_in_its_event_is_reported_with_where_the_reason_is():
    (content,) = messages(event(TrainingJobStatus="Failed", SecondaryStatus="Failed"))
    assert content["title"] == f"Training job {JOB} failed"
    assert f"describe-training-job --training-job-name {JOB}`" in content["description"]


@given(st.text(min_size=1))
def test_a_failure_has_its_reason_with_any_characters_in_it(reason: str):
    happened = event(TrainingJobStatus="Failed", FailureReason=reason)
    assert [each["description"] for each in messages(happened)] == [reason]


@pytest.mark.parametrize("reason", [None, ""])
def test_a_failure_whose_reason_is_empty_is_reported_with_where_the_reason_is(reason: str | None):
    explained, unexplained = messages(event(TrainingJobStatus="Failed", FailureReason=reason))
    assert explained["description"] == reason
    assert "gives no reason" in unexplained["description"]
    assert explained["title"] == unexplained["title"] == f"Training job {JOB} failed"


@pytest.mark.parametrize(
    ("detail", "description"),
    [
        (
            {
                "HyperParameterTuningJobStatus": "Failed",
                "FailureReason": 'No training job succeeded after "5" attempts',
            },
            'No training job succeeded after "5" attempts',
        ),
        ({"HyperParameterTuningJobStatus": "Failed"}, "The event of its failure gives no reason."),
        ({"HyperParameterTuningJobStatus": "Stopped"}, "A person or a program stopped it, or"),
    ],
)
def test_a_tuning_job_that_fails_or_is_stopped_sends_one_message_with_its_trials_and_its_page(
    detail: dict[str, str], description: str
):
    [content] = messages(tuning_event(**detail))
    ended = "failed" if detail["HyperParameterTuningJobStatus"] == "Failed" else "was stopped"
    assert content["title"] == f"Tuning job {TUNING_JOB} {ended}"
    assert content["description"].startswith(description)
    page, log, trials = content["nextSteps"]
    assert page == (
        f"https://{REGION}.console.aws.amazon.com/sagemaker/home?region={REGION}"
        f"#/hyper-tuning-jobs/{TUNING_JOB}"
    )
    assert log.endswith(f"streams that begin with {TUNING_JOB}-")
    assert trials == "Trials: 12 completed, 3 failed, 1 stopped"


@pytest.mark.parametrize("status", ["InProgress", "Completed", "Stopping"])
def test_a_tuning_job_that_goes_on_or_completes_sends_nothing(status: str):
    assert messages(tuning_event(HyperParameterTuningJobStatus=status)) == []


def test_a_tuning_job_of_another_stack_sends_nothing():
    other = replace(SITE, prefix="research-dev-2").tuning_name_prefix
    for name in (f"{other}llm-0a1b2c3d-1", "research-dev-llm", f"x{TUNING_JOB}"):
        stopped = {"HyperParameterTuningJobStatus": "Stopped"}
        assert messages(tuning_event(name, **stopped)) == []


@pytest.mark.parametrize("counters", [None, {}])
def test_a_tuning_jobs_event_without_counters_is_still_a_message(counters: Any):
    detail = {"HyperParameterTuningJobStatus": "Stopped", "TrainingJobStatusCounters": counters}
    [content] = messages(tuning_event(**detail))
    assert content["title"] == f"Tuning job {TUNING_JOB} was stopped"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_trial_that_ends_sends_nothing_as_its_tuning_job_does(ending: Ending):
    status = {name: values[0] for name, values in ending.detail.items() if name != "$or"}
    if "FailureReason" in status:
        status["FailureReason"] = "AlgorithmError"
    assert messages(event(**status))
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/{TUNING_JOB}"
    assert messages(event(**status, TrainingJobName=TRIAL, TuningJobArn=arn)) == []


@pytest.mark.parametrize("ending", [*ENDINGS, *TUNING_ENDINGS])
def test_a_message_uses_only_what_every_event_of_its_kind_has(ending: Ending):
    """A variable without a value makes no JSON outside of a text, and no one gets the message."""
    inputs = event_inputs(ending)
    template = event_message(ending, SITE)
    assert set(re.findall(r"<(\w+)>", re.sub("`.*`", "", template))) == set(inputs)
    alone = set(re.findall(r"<(\w+)>", re.sub(r'"[^"]*"', "", template))) | {"job"}
    required = event_pattern(ending, SITE, BUCKET)["detail"]
    assert {inputs[name].removeprefix("$.detail.") for name in alone} <= required.keys()


def test_the_linter_finds_nothing_in_the_policies_of_alerts():
    assert lint(topic_policy(TOPIC, SITE)) == set()
    assert lint_trust(chat_trust()) == set()


@pytest.mark.parametrize(
    ("sid", "service", "sources"),
    [
        ("AlarmsPublish", "cloudwatch.amazonaws.com", f"cloudwatch:{REGION}:{ACCOUNT}:alarm:*"),
        ("BudgetsPublish", "budgets.amazonaws.com", f"budgets::{ACCOUNT}:*"),
    ],
)
def test_alarms_and_budgets_of_this_account_may_publish(sid: str, service: str, sources: str):
    publishing = statement(topic_policy(TOPIC, SITE), sid)
    assert publishing["Principal"] == {"Service": service}
    assert publishing["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:{sources}"},
    }


def test_no_condition_silences_eventbridge():
    publishing = statement(topic_policy(TOPIC, SITE), "EventsPublish")
    assert publishing["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in publishing


def test_alerts_are_refused_in_plain_text_over_the_wire():
    denial = statement(topic_policy(TOPIC, SITE), "DenyInsecureTransport")
    assert denial["Effect"] == "Deny"
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_services_may_publish():
    allowed = [each for each in topic_policy(TOPIC, SITE)["Statement"] if each["Effect"] == "Allow"]
    assert all(set(each["Principal"]) == {"Service"} for each in allowed)
