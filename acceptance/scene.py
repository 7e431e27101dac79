"""What all steps and checks share: the account, the stacks, the clients, and what was seen."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from acceptance.diary import Diary, write_private
from acceptance.masking import masked
from acceptance.platform_settings import JOB, TEAM, PlatformSettings, policy_configuration
from acceptance.pulumi_cli import DOWNSTREAM, POLICIES, PulumiCli
from components.site import TRAINING_LOGS, Site
from components.training_job.run.outcome import is_live

Seen = TypeVar("Seen")
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Patience:
    """How long the acceptance waits for what AWS does later, in seconds."""

    job: float = 1800.0
    """For a job to start, to stop or to end."""
    message: float = 600.0
    """For a message about a failed job."""
    interfaces: float = 900.0
    """For a job's network interfaces to go after its end."""
    trail: float = 900.0
    """For CloudTrail to show a request."""
    search: float = 60.0
    """For Search to find a new job."""


def _say(text: str) -> None:
    """Prints a line at once. A closed terminal, or a signal in between, must end no clean-up."""
    with suppress(OSError, RuntimeError):
        print(text, flush=True)


@dataclass
class Scene:
    """One acceptance on one account."""

    diary: Diary
    patience: Patience = field(default_factory=Patience)
    say: Callable[[str], None] = _say
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _requests: list[str] = field(default_factory=list, repr=False)

    @cached_property
    def settings(self) -> PlatformSettings:
        """The settings of the platform's stack, which the steps change."""
        diary = self.diary
        kept: dict[str, Any] = self.facts.get("settings", {})
        return PlatformSettings(
            diary.account, diary.region, diary.identity, diary.image, diary.instance_type, **kept
        )

    def keep_settings(self) -> None:
        """Keeps what the steps changed of the settings, for an acceptance that goes on."""
        self.facts["settings"] = self.settings.changes()
        self.diary.write()

    @property
    def site(self) -> Site:
        """Account, region and names of the platform's stack."""
        return Site(self.diary.account, self.diary.region, self.prefix)

    @property
    def prefix(self) -> str:
        """What the names of the stack's resources begin with."""
        return f"{TEAM}-{self.diary.identity}"

    @property
    def facts(self) -> dict[str, Any]:
        """What the steps saw."""
        return self.diary.facts

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the platform's stack, as the last step left them."""
        outputs: dict[str, Any] = self.facts.get("outputs", {})
        return outputs

    @property
    def bucket(self) -> str:
        """The stack's bucket."""
        return str(self.outputs["artifact_bucket_name"])

    @cached_property
    def platform(self) -> PulumiCli:
        """The CLI on the platform's stack."""
        return PulumiCli(self.diary)

    @cached_property
    def downstream(self) -> PulumiCli:
        """The CLI on the stack that takes the platform's model."""
        return PulumiCli(self.diary, DOWNSTREAM)

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client whose requests are remembered as evidence; one of its own with a `config`."""
        if service in self._clients and config is None:
            return self._clients[service]
        client = boto3.client(service, region_name=self.diary.region, config=config)
        client.meta.events.register("after-call", self._remember)
        if config is None:
            self._clients[service] = client
        return client

    def requests(self) -> list[str]:
        """The requests since this was last asked: operation, time and id."""
        requests, self._requests = self._requests, []
        return requests

    def masked(self, text: str) -> str:
        """A text without the account's own data."""
        outputs = self.outputs
        names = {
            self.diary.account: "account",
            str(outputs.get("artifact_bucket_name", "")): "bucket",
        }
        return masked(text, names)

    def write_policies(self, most_instances: int | None = None) -> None:
        """Writes the policies' configuration, by which the next operation is judged."""
        document = policy_configuration(*([most_instances] if most_instances else []))
        write_private(self.diary.folder / POLICIES, json.dumps(document, indent=1))

    def lineage(self, job: str = JOB) -> str:
        """The lineage of a job."""
        return f"{self.prefix}-{job}"

    def jobs(self, job: str = JOB) -> list[dict[str, Any]]:
        """The training jobs of a lineage as SageMaker describes them, the oldest first."""
        sagemaker = self.client("sagemaker")
        pages = sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains=f"{self.lineage(job)}-", SortBy="CreationTime", SortOrder="Ascending"
        )
        names = [each["TrainingJobName"] for page in pages for each in page["TrainingJobSummaries"]]
        return [sagemaker.describe_training_job(TrainingJobName=name) for name in names]

    def wait_for_job(
        self, job: str, is_there: Callable[[Mapping[str, Any]], bool], what: str
    ) -> dict[str, Any]:
        """The newest training job of a lineage, once it got there.

        Raises:
            TimeoutError: it did not in time, or ended before.

        """

        def look() -> dict[str, Any] | None:
            newest = (self.jobs(job) or [{}])[-1]
            if newest and is_there(newest):
                return newest
            if newest and not is_live(newest):
                reason = newest.get("FailureReason", "")
                message = (
                    f"{newest['TrainingJobName']} ended as {newest['SecondaryStatus']}: {reason}"
                )
                raise TimeoutError(message)
            return None

        return self.wait(look, self.patience.job, what)

    def wait(self, look: Callable[[], Seen | None], seconds: float, what: str) -> Seen:
        """What `look` returns, once it returns something.

        Raises:
            TimeoutError: it did not in time.

        """
        until = time.monotonic() + seconds
        while True:
            if (found := look()) is not None:
                return found
            if time.monotonic() >= until:
                message = f"{what}: not within {seconds:.0f} s"
                raise TimeoutError(message)
            time.sleep(_POLL_SECONDS)

    def checkpoint(self, job: str = JOB) -> int:
        """The step of the lineage's checkpoint in the bucket; 0 where there is none."""
        key = f"checkpoints/{self.lineage(job)}/state.json"
        try:
            body = self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
                raise
            return 0
        return int(json.loads(body)["step"])

    def model_steps(self, uri: str) -> int:
        """The number of steps that a model says it was trained for."""
        return int(self.read_model(uri, "steps.json").get("steps", 0))

    def read_model(self, uri: str, name: str) -> dict[str, Any]:
        """A JSON file of a model; empty where the model has it not."""
        with tarfile.open(fileobj=io.BytesIO(self.read_object(uri))) as archive:
            member = archive.extractfile(name)
            content: dict[str, Any] = json.load(member) if member else {}
            return content

    def read_object(self, uri: str) -> bytes:
        """The content of an object, by its s3:// address."""
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        content: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def log_lines(self, job_name: str) -> list[str]:
        """The lines of a job's log, host after host."""
        events = [each for stream in self.log(job_name).values() for each in stream]
        return [each["message"].rstrip("\n") for each in events]

    def log(self, job_name: str) -> dict[str, list[dict[str, Any]]]:
        """The events of a job's log streams, by their names."""
        logs, group = self.client("logs"), {"logGroupName": TRAINING_LOGS}
        pages = logs.get_paginator("describe_log_streams").paginate(
            **group, logStreamNamePrefix=f"{job_name}/"
        )
        names = [each["logStreamName"] for page in pages for each in page["logStreams"]]
        read = logs.get_paginator("filter_log_events").paginate
        return {
            name: [each for page in read(**group, logStreamNames=[name]) for each in page["events"]]
            for name in names
        }

    def _remember(self, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        about = parsed.get("ResponseMetadata", {})
        when = datetime.now(UTC).strftime("%H:%M:%SZ")
        self._requests.append(f"{model.name} {when} {about.get('RequestId', '')}".strip())
