"""Launch, adopt, stop and release training jobs. boto3, no Pulumi.

A launch happens exactly once: whatever crashes, the next launch of the same definition finds the
job that is already there, by its name and tags, and adopts it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.training_job.aws.errors import TrainingJobError, has_expired
from components.training_job.request.definition import Request
from components.training_job.request.job_tags import (
    HASH_TAG,
    LINEAGE_TAG,
    OWNER_TAG,
    RELEASED_TAG,
)
from components.training_job.run.names import next_job_name, parse_job_name
from components.training_job.run.outcome import DELETING, is_live, is_terminal, outcome_of
from components.training_job.run.tries import Summaries, choice_of, chosen, try_of

STOP_DEADLINE_SECONDS = 1800
"""How long a stopping job may take: two minutes' grace, then the upload of what it leaves."""

SETTLE_DEADLINE_SECONDS = 180
"""How long a change of a role may take until the service sees it."""

_UNSETTLED_ROLE = (
    "Could not assume role",
    "Unauthorized to List objects under S3 URL",
    "Access denied to OutputDataConfig S3 bucket",
    "Access denied to hub content",
    "Access denied for repository",
    "no identity-based policy allows the",
)
"""What the service says, as ValidationException, while it does not see all that a role may do.

What the caller itself may not do is an AccessDeniedException.
"""


@dataclass(frozen=True)
class Launch:
    """What is to run: a request and the lineage, owner and definition that it belongs to.

    The owner is the name of the bucket that the lineages of a stack live in.
    """

    lineage: str
    owner: str
    definition_hash: str
    request: Request
    fallbacks: Sequence[Request] = ()
    """What each try after the first one changes in the request; the last serves all that follow."""
    pinned: Callable[[Request], Request] = lambda request: request
    """Puts what may move, as an image's tag, in the form that is recorded; called at a launch."""

    @property
    def tags(self) -> dict[str, str]:
        """The tags that mark a job as this owner's run of this definition."""
        return {
            LINEAGE_TAG: self.lineage,
            OWNER_TAG: self.owner,
            HASH_TAG: self.definition_hash,
        }

    def request_of(self, tries: int) -> Request:
        """The request of one of several tries in a row, counted from 1."""
        return chosen(self.request, self.fallbacks, choice_of(tries, self.fallbacks))

    def try_of(self, name: str, summaries: Summaries) -> int:
        """Which try in a row a job of this launch is, after the older ones in the summaries."""
        return try_of(self.lineage, self.definition_hash, name, summaries)


@dataclass(frozen=True)
class Launched:
    """A job that was launched: its description, and which try in a row it is.

    `tries` counts the job itself and those of the lineage's newest jobs before it that ran its
    definition and failed; a job that completed, was stopped, or ran another definition ends it.
    """

    description: dict[str, Any]
    tries: int


def launch_once(client: Any, launch: Launch) -> Launched:
    """The one job that runs this launch, adopted or created.

    Any other live job of the lineage is stopped first, as two would write to one checkpoint
    prefix. A launch takes two calls, ListTrainingJobs and CreateTrainingJob, and more only where
    earlier jobs need a look.

    Raises:
        TrainingJobError: another owner's job is live on the lineage's checkpoints.
    """
    summaries = lineage_jobs(client, launch.lineage)
    adopted = _adoptable(client, launch, summaries)
    name = adopted["TrainingJobName"] if adopted else ""
    for summary in summaries:
        if summary["TrainingJobName"] != name and is_live(summary):
            _end_other(client, launch, summary["TrainingJobName"])
    description = adopted or _create(client, launch, summaries)
    return Launched(description, launch.try_of(description["TrainingJobName"], summaries))


def lineage_jobs(client: Any, lineage: str) -> list[dict[str, Any]]:
    """The summaries of all jobs of a lineage, newest first."""
    pages = client.get_paginator("list_training_jobs").paginate(
        NameContains=lineage, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
    )
    summaries = [each for page in pages for each in page["TrainingJobSummaries"]]
    return [each for each in summaries if parse_job_name(lineage, each["TrainingJobName"])]


def describe(client: Any, name: str) -> dict[str, Any] | None:
    """DescribeTrainingJob's answer; None where the record no longer exists."""
    try:
        return dict(client.describe_training_job(TrainingJobName=name))
    except client.exceptions.ClientError as error:
        if _is_gone(error):
            return None
        raise


def stop_and_wait(client: Any, name: str) -> dict[str, Any] | None:
    """Stop a job if it runs, and return its description once it has ended; None if vanished.

    Raises:
        TrainingJobError: it has not ended within the deadline.
    """
    seen = ""
    for waited in ticks(STOP_DEADLINE_SECONDS):
        description = describe(client, name)
        if description is None or is_terminal(description):
            return description
        if description["TrainingJobStatus"] == "InProgress":
            _stop(client, name)
        elif description["SecondaryStatus"] != seen:
            seen = description["SecondaryStatus"]
            print(f"{name}: {seen} ({waited:.0f} s)")
    raise TrainingJobError(
        f"{name} is still stopping after {STOP_DEADLINE_SECONDS} s. "
        "Look at it in the SageMaker console, then run the same command again."
    )


def let_go(client: Any, description: Mapping[str, Any], reason: str) -> dict[str, Any] | None:
    """Mark a job as released, so that no later launch adopts it, and stop it if it runs.

    The mark comes first. A crash between the two leaves a job that says why it was stopped: if it
    returns to the settings, it is launched again, and not taken for one that a person stopped.

    Returns its description once it has ended; None if its record vanished.

    Raises:
        TrainingJobError: it has not ended within the deadline, or it has, and can't be marked.
    """
    name, tag = description["TrainingJobName"], {"Key": RELEASED_TAG, "Value": reason}
    try:
        client.add_tags(ResourceArn=description["TrainingJobArn"], Tags=[tag])
    except client.exceptions.ClientError as error:
        if has_expired(error) or _is_gone(error):
            raise
        stop_and_wait(client, name)  # what can't be marked must not be billed
        raise TrainingJobError(
            f"{name} has ended, but its tag {RELEASED_TAG} can't be written, so a later launch "
            f"could take it for its own: {_message(error)}"
        ) from None
    return stop_and_wait(client, name)


def was_let_go(client: Any, name: str, arn: str) -> bool:
    """Whether a job was let go before it ended by itself; false for one whose record is gone."""
    if RELEASED_TAG not in tags_of(client, arn):
        return False
    description = describe(client, name)
    return description is not None and outcome_of(description) in ("running", "stopped")


def release_warm_pool(client: Any, name: str) -> None:
    """Give back instances that are kept after a job, which otherwise are billed until they expire.

    A job that was stopped after its instances had come up keeps them too.
    """
    description = describe(client, name)
    if description and description.get("WarmPoolStatus", {}).get("Status") == "Available":
        client.update_training_job(
            TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
        )


def owns(owner: str, tags: Mapping[str, str], job: Mapping[str, Any]) -> bool:
    """Whether a job is an owner's, by its tags, and by what it writes to.

    An earlier release wrote the ARN of the execution role into the tag. It says nothing once the
    role was made again, so such a job is known by the bucket of its output.
    """
    told = tags.get(OWNER_TAG, "")
    output: str = job["OutputDataConfig"]["S3OutputPath"]
    return told == owner or (told.startswith("arn:") and output.startswith(f"s3://{owner}/"))


def retag(client: Any, arn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Give a job the tags of its new inputs, in place; never more at once than it may have."""
    before, after = (
        _request_tags(each["request"]) | {OWNER_TAG: each["owner"]} for each in (old, new)
    )
    if removed := sorted(before.keys() - after.keys()):
        client.delete_tags(ResourceArn=arn, TagKeys=removed)
    if changed := [{"Key": k, "Value": v} for k, v in after.items() if before.get(k) != v]:
        client.add_tags(ResourceArn=arn, Tags=changed)


def tags_of(client: Any, arn: str) -> dict[str, str]:
    """All tags of a job; none of one whose record is gone."""
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    try:
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    except client.exceptions.ClientError as error:
        if _is_gone(error):
            return {}
        raise


def _adoptable(
    client: Any, launch: Launch, summaries: Iterable[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The newest job of the same definition that is this owner's and was not let go."""
    for summary in summaries:
        parsed = parse_job_name(launch.lineage, summary["TrainingJobName"])
        if parsed is None or parsed.definition_hash != launch.definition_hash:
            continue
        tags = tags_of(client, summary["TrainingJobArn"])
        if RELEASED_TAG in tags:
            continue
        description = describe(client, summary["TrainingJobName"])
        if description is None or description["TrainingJobStatus"] == DELETING:
            continue
        if owns(launch.owner, tags, description):
            return description
    return None


def _end_other(client: Any, launch: Launch, name: str) -> None:
    """Stop another live job on the same checkpoints, if it is this owner's."""
    description = describe(client, name)
    if description is None or not is_live(description):
        return
    if description.get("CheckpointConfig") != launch.request.get("CheckpointConfig"):
        return  # a namesake in another stack, with a bucket of its own
    tags = tags_of(client, description["TrainingJobArn"])
    if not owns(launch.owner, tags, description):
        raise TrainingJobError(
            f"{name} is running on the checkpoints of the lineage {launch.lineage} and belongs to "
            f"{tags.get(OWNER_TAG, 'nobody known here')}, not to {launch.owner}. Two jobs would "
            "overwrite each other's checkpoints. Stop that job, wait for its end, or give this "
            "job another name."
        )
    print(f"{name}: still live, is stopped before the next launch")
    let_go(client, description, "superseded")


def _create(client: Any, launch: Launch, summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Launch the next attempt, and describe it as the service starts every job."""
    taken = [summary["TrainingJobName"] for summary in summaries]
    name = str(next_job_name(launch.lineage, launch.definition_hash, taken))
    request = _named(launch, name, launch.try_of(name, summaries))
    if arn := _accepted(client, request):
        started = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
        return request | started | {"TrainingJobArn": arn}
    # Either the answer to an earlier try was lost, and the job is this launch's own, or the
    # list was not up to date, and the name belongs to an attempt that was let go.
    namesake = describe(client, name)
    if namesake is None:
        vanishing = {"TrainingJobName": name, "TrainingJobStatus": DELETING}
        return _create(client, launch, [vanishing, *summaries])
    if adopted := _adoptable(client, launch, [namesake]):
        return adopted
    _end_other(client, launch, name)
    return _create(client, launch, [namesake, *summaries])


def _named(launch: Launch, name: str, tries: int) -> Request:
    """The request for one attempt, with its name and tags."""
    tags = _request_tags(launch.request) | launch.tags
    return launch.pinned(launch.request_of(tries)) | {
        "TrainingJobName": name,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def _request_tags(request: Request) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}


def _accepted(client: Any, request: Request) -> str:
    """The ARN that CreateTrainingJob answers, sent again while a role's change settles.

    "" where the name is taken.

    Raises:
        TrainingJobError: the service refuses the request, at once or for as long as a role may
            take to settle.
    """
    name, refusal = request["TrainingJobName"], ""
    for waited in ticks(SETTLE_DEADLINE_SECONDS):
        try:
            return str(client.create_training_job(**request)["TrainingJobArn"])
        except client.exceptions.ResourceInUse:
            return ""
        except client.exceptions.ClientError as error:
            if has_expired(error):
                raise
            refusal = f"{name} was refused by SageMaker: {_message(error)}"
            if not _is_unsettled(error):
                raise TrainingJobError(refusal) from None
            print(
                f"{name}: waiting until SageMaker sees what the execution role may do, "
                f"{waited:.0f} s of at most {SETTLE_DEADLINE_SECONDS} s"
            )
    raise TrainingJobError(
        f"{refusal}\nIt has said so for {SETTLE_DEADLINE_SECONDS} s, so it is not that a new role "
        f"has yet to settle. Look at the trust, the policies and the permissions boundary of "
        f"{request['RoleArn']}, and at the policies of what it is refused; then run the same "
        "command again."
    )


def _is_unsettled(error: Any) -> bool:
    """Whether a refusal may be only that a role's change has not reached the service yet."""
    texts = (text in _message(error) for text in _UNSETTLED_ROLE)
    return _code(error) == "ValidationException" and any(texts)


def _stop(client: Any, name: str) -> None:
    """StopTrainingJob; a job that ended in the meantime needs none."""
    try:
        client.stop_training_job(TrainingJobName=name)
    except client.exceptions.ClientError as error:
        if _code(error) != "ValidationException":
            raise


def ticks(deadline: float) -> Iterator[float]:
    """Seconds waited so far, at growing intervals until the deadline."""
    start, interval = time.monotonic(), 0.25
    while (waited := time.monotonic() - start) < deadline:
        yield waited
        time.sleep(interval)
        interval = min(interval * 1.5, 10)


def _is_gone(error: Any) -> bool:
    """Whether the service refused a call because there is no such record."""
    return _code(error) == "ResourceNotFound" or "resource not found" in _message(error).lower()


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])


def _message(error: Any) -> str:
    return str(error.response["Error"]["Message"])
