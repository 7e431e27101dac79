"""State changes of training jobs, delivered to the targets of rules."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from components.alerts.alert_documents import ENDINGS, event_inputs, event_message, event_pattern
from components.site import Site
from localcloud.__main__ import app
from tests.localcloud.alerting import Alerting
from tests.localcloud.cloud import BUCKET, REGION, Cloud

NO_REASON = "gives no reason"


def of_job(name: str, **detail: Any) -> str:
    """The pattern of a job's events."""
    return json.dumps(
        {"source": ["aws.sagemaker"], "detail": {"TrainingJobName": [name], **detail}}
    )


def test_each_status_of_a_job_is_an_event_with_its_description(cloud: Cloud, alerting: Alerting):
    request = cloud.request("exit(3)", Tags=[{"Key": "team", "Value": "research"}])
    name = request["TrainingJobName"]
    alerting.rule(name, {"Arn": alerting.queue_arn}, EventPattern=of_job(name))

    job = cloud.run(**request)

    events = alerting.received(5)
    assert [event["detail"]["SecondaryStatus"] for event in events] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Failed",
    ]
    first, last = events[0], events[-1]
    assert last["detail-type"] == "SageMaker Training Job State Change"
    assert last["resources"] == [job["TrainingJobArn"]]
    assert last["account"] == "123456789012"
    assert last["time"].endswith("Z")
    assert last["detail"]["TrainingJobStatus"] == "Failed"
    assert last["detail"]["RoleArn"] == cloud.role
    assert last["detail"]["Tags"] == {"team": "research"}
    created = int(job["CreationTime"].timestamp() * 1000)
    assert abs(last["detail"]["CreationTime"] - created) <= 1
    assert first["detail"]["TrainingEndTime"] is None
    assert job["FailureReason"] == "AlgorithmError: , exit code: 3"
    assert not any("FailureReason" in event["detail"] for event in events)


def tell_of_endings(alerting: Alerting, name: str) -> None:
    """Sets up the rules of the stack that a job of this name belongs to."""
    site = Site("123456789012", REGION, name.rpartition("-")[0])
    for ending in ENDINGS:
        transformer = {
            "InputPathsMap": event_inputs(ending),
            "InputTemplate": event_message(ending, site),
        }
        alerting.rule(
            f"{name}-{ending.name}",
            {"Arn": alerting.topic, "InputTransformer": transformer},
            EventPattern=json.dumps(event_pattern(ending, site, BUCKET)),
        )


def test_a_failed_job_without_a_reason_in_its_event_is_reported_to_the_topics_subscribers(
    cloud: Cloud, alerting: Alerting
):
    request = cloud.request("exit(3)")
    name = request["TrainingJobName"]
    alerting.subscribe("email", "team@example.com")
    tell_of_endings(alerting, name)

    cloud.run(**request)

    (message,) = alerting.received(1)
    assert message["content"]["title"] == f"Training job {name} failed"
    assert NO_REASON in message["content"]["description"]
    assert message["content"]["nextSteps"][0].endswith(f"#/jobs/{name}")
    printed = CliRunner().invoke(app, ["messages", "--data", str(cloud.data)]).output
    assert f"{alerting.topic} → sqs:{alerting.queue_arn}, email:team@example.com" in printed
    assert f"Training job {name} failed" in printed


def test_a_failed_jobs_reason_is_reported_where_its_event_has_one(alerting: Alerting):
    """Such an event is made by the test: the local cloud's own have no reason."""
    tell_of_endings(alerting, "explained-")
    reason = 'AlgorithmError: KeyError: "loss"\n\tat C:\\train.py <job>, exit code: 1'
    detail = {
        "TrainingJobName": "explained-1",
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output/explained"},
        "TrainingJobStatus": "Failed",
        "FailureReason": reason,
    }
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": "SageMaker Training Job State Change",
        "Detail": json.dumps(detail),
    }

    alerting.events.put_events(Entries=[entry])

    (message,) = alerting.received(1)
    assert message["content"]["description"] == reason
    assert message["content"]["title"] == "Training job explained-1 failed"


def test_a_target_that_fails_does_not_affect_the_others(cloud: Cloud, alerting: Alerting):
    log_group = "/events/own"
    cloud.logs.create_log_group(logGroupName=log_group)
    nowhere = alerting.queue_arn + "-absent"
    log_arn = f"arn:aws:logs:{REGION}:123456789012:log-group:{log_group}"
    targets = [{"Arn": nowhere}, {"Arn": log_arn}, {"Arn": alerting.topic}]
    alerting.rule("own", *targets, EventPattern=json.dumps({"source": ["own"]}))
    entry = {"Source": "own", "DetailType": "test", "Detail": json.dumps({"number": 1})}

    answer = alerting.events.put_events(Entries=[entry])

    assert answer["FailedEntryCount"] == 0
    (event,) = alerting.received(1)
    assert (event["source"], event["detail"]) == ("own", {"number": 1})
    logged = cloud.logs.filter_log_events(logGroupName=log_group)["events"]
    assert [json.loads(each["message"])["detail"] for each in logged] == [{"number": 1}]


def test_a_disabled_rule_sends_nothing(alerting: Alerting):
    pattern = json.dumps({"source": ["disabled"]})
    constant = {"Arn": alerting.queue_arn, "Input": '{"from": "disabled"}'}
    alerting.rule("disabled", constant, EventPattern=pattern, State="DISABLED")
    alerting.rule("enabled", {"Arn": alerting.queue_arn, "Input": "{}"}, EventPattern=pattern)

    alerting.events.put_events(
        Entries=[{"Source": "disabled", "DetailType": "test", "Detail": "{}"}]
    )

    assert alerting.received(1) == [{}]


def test_a_rule_at_a_rate_sends_to_its_targets_on_time_and_matches_no_event(alerting: Alerting):
    alerting.rule("often", {"Arn": alerting.queue_arn}, ScheduleExpression="rate(1 minute)")
    alerting.events.put_events(Entries=[{"Source": "own", "DetailType": "t", "Detail": "{}"}])

    events = alerting.received(2)
    alerting.events.remove_targets(Rule="often", Ids=["0"])
    alerting.events.delete_rule(Name="often")

    rule_arn = f"arn:aws:events:{REGION}:123456789012:rule/often"
    assert {event["detail-type"] for event in events} == {"Scheduled Event"}
    assert events[0]["resources"] == [rule_arn]


def test_a_schedule_at_a_rate_sends_its_input(cloud: Cloud, alerting: Alerting):
    scheduler = cloud.client("scheduler")
    scheduler.create_schedule(
        Name="often",
        ScheduleExpression="rate(1 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": alerting.queue_arn, "RoleArn": cloud.role, "Input": '{"go": true}'},
    )

    assert alerting.received(2)[:2] == [{"go": True}] * 2
    scheduler.delete_schedule(Name="often")
