"""What a watchdog's state machine calls: SageMaker in memory, CloudWatch, and a topic."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.components.fake_aws import FakeAws
from tests.components.recording import ACCOUNT, REGION

OWNER = "research-dev-store-artifacts-0a1b2c3"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
AGE = timedelta(hours=13)


def in_guide(title: str, description: str) -> bool:
    """Whether the table of the guide has a message as its example, word for word."""
    guide = Path(__file__).parents[3] / "docs" / "operations.md"
    return f"**{title}**: {description} |" in guide.read_text()


def owned() -> dict[str, str]:
    """The tags of a job of the stack."""
    return {"sagemaker-training:owner": OWNER}


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
        self.use: dict[tuple[str, str], list[float]] = {}
        """The values of each metric of each host, newest first."""
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

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self._check("cloudwatch", "GetMetricData", request)
        self._requests.append(("GetMetricData", request))
        found = []
        for query in request["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            [host] = metric["Dimensions"]
            values = self.use.get((metric["MetricName"], host["Value"]), [])
            found.append({"Id": query["Id"], "Values": values, "StatusCode": "Complete"})
        return {"MetricDataResults": found}

    def train(self, name: str, since: timedelta, **resources: Any) -> None:
        """Has a job train for so long, on these resources."""
        began = {"Status": "Training", "StartTime": self.aws.now - since}
        self.aws.jobs[name] |= {
            "SecondaryStatus": "Training",
            "SecondaryStatusTransitions": [{"Status": "Starting"}, began],
            "ResourceConfig": resources,
        }

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
