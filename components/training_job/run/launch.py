"""How a job is launched, or the one that is there adopted. boto3, no Pulumi.

A launch happens exactly once: whatever crashes, the next launch of the same definition finds the
job that is already there, by its name and tags, and adopts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from components.training_job.aws.errors import TrainingJobError, code_of, has_expired, message_of
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB, JobKind
from components.training_job.request.definition import Request
from components.training_job.request.fallbacks import request_of_try
from components.training_job.request.job_tags import (
    HASH_TAG,
    LINEAGE_TAG,
    OWNER_TAG,
    RECURRING_TAG,
    RELEASED_TAG,
)
from components.training_job.run.ending import let_go, ticks
from components.training_job.run.job_names import Run, lineage_runs, next_run, run_of, try_after
from components.training_job.run.outcome import DELETING, is_live
from components.training_job.run.service_record import describe, owns, request_tags, tags_of

SETTLE_DEADLINE_SECONDS = 180
"""How long a change of a role may take until the service sees it."""

UNSETTLED_ROLE = (
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
    recurring: str = ""
    """What the lineages of all runs of a recurring job begin with; "" for any other job."""
    pinned: Callable[[Request], Request] = lambda request: request
    """Puts what may move, as an image's tag, in the form that is recorded; called at a launch."""

    @property
    def tags(self) -> dict[str, str]:
        """The tags that mark a job as this owner's run of this definition."""
        tags = {
            LINEAGE_TAG: self.lineage,
            OWNER_TAG: self.owner,
            HASH_TAG: self.definition_hash,
        }
        return tags | ({RECURRING_TAG: self.recurring} if self.recurring else {})

    def request_of(self, run: Run, tries: int) -> Request:
        """The request for one run, with its name and tags; `tries` is which in a row it is."""
        tags = request_tags(self.request) | self.tags
        return self.pinned(request_of_try(self.request, self.fallbacks, tries)) | {
            "TrainingJobName": run.name,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }


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
    prefix. A launch takes three calls, Search, ListTrainingJobs and CreateTrainingJob, and more
    only where earlier jobs need a look, or a lineage has more than a hundred of them.

    Raises:
        TrainingJobError: another owner's job is live on the lineage's checkpoints.
    """
    runs = lineage_runs(client, launch.lineage, launch.definition_hash)
    adopted = _newest_own(client, launch, runs)
    name = adopted.description["TrainingJobName"] if adopted else ""
    for run in runs:
        if run.name != name and run.is_live:
            end_other(client, launch, run.name)
    return adopted or _created(client, launch, runs)


def _newest_own(client: Any, launch: Launch, runs: Sequence[Run]) -> Launched | None:
    """The newest run that this launch may adopt.

    The tags of a run that a search shows as let go are not read again: no one takes that back.
    """
    for index, run in enumerate(runs):
        if run.is_released or run.definition_hash != launch.definition_hash:
            continue
        if own := _own(client, launch, run):
            return Launched(own, try_after(launch.definition_hash, runs[index + 1 :]))
    return None


def _own(client: Any, launch: Launch, run: Run) -> dict[str, Any] | None:
    """The description of a run, if it is this owner's and was not let go."""
    tags = tags_of(client, run.arn)
    if RELEASED_TAG in tags:
        return None
    description = describe(client, run.name)
    if description is None or description["TrainingJobStatus"] == DELETING:
        return None
    return description if owns(launch.owner, tags, description) else None


def end_other(client: Any, launch: Launch, name: str) -> None:
    """Stops another live job on the same checkpoints, if it is this owner's.

    Raises:
        TrainingJobError: it belongs to another owner.
    """
    description = describe(client, name)
    if description is None or not is_live(description):
        return
    if description.get("CheckpointConfig") != launch.request.get("CheckpointConfig"):
        return  # a job of the same name in another stack, which has another bucket
    tags = tags_of(client, description["TrainingJobArn"])
    if not owns(launch.owner, tags, description):
        raise TrainingJobError(
            f"{name} is running on the checkpoints of the lineage {launch.lineage} and belongs to "
            f"{tags.get(OWNER_TAG, 'no known owner')}, not to {launch.owner}. Two jobs would "
            "overwrite each other's checkpoints. Stop that job, wait for its end, or give this "
            "job another name."
        )
    print(f"{name}: still live, is stopped before the next launch")
    let_go(client, description, "superseded")


def _created(client: Any, launch: Launch, runs: Iterable[Run]) -> Launched:
    """Launches the next attempt, and describes it as the service starts every job.

    Where its name is taken, either the answer to an earlier call was lost, and the job is this
    launch's own, or the attempt was not found, as it is too new or too old for what the service
    showed, and was let go: then the attempt after that is next.
    """
    taken = list(runs)
    while True:
        run = next_run(launch.lineage, launch.definition_hash, taken)
        tries = try_after(launch.definition_hash, taken)
        request = launch.request_of(run, tries)
        if arn := accepted(client, request, request["RoleArn"]):
            started = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
            return Launched(request | started | {"TrainingJobArn": arn}, tries)
        namesake = describe(client, run.name)
        if namesake is not None:
            run = run_of(launch.lineage, namesake) or run
            if own := _own(client, launch, run):
                return Launched(own, tries)
            end_other(client, launch, run.name)
        taken = sorted([run, *taken], key=lambda each: each.created, reverse=True)


def accepted(
    client: Any,
    request: Request,
    role_arn: str,
    kind: JobKind = TRAINING_JOB,
    unsettled: Sequence[str] = UNSETTLED_ROLE,
) -> str:
    """The ARN that the service answers to a launch, sent again while a role's change settles.

    "" where the name is taken. `unsettled` is what the service says while it does not see yet what
    the role may do.

    Raises:
        TrainingJobError: the service refuses the request, at once or for as long as a role may
            take to settle.
    """
    name, refusal = kind.name_of(request), ""
    for waited in ticks(SETTLE_DEADLINE_SECONDS):
        try:
            return kind.create(client, request)
        except client.exceptions.ResourceInUse:
            return ""
        except client.exceptions.ClientError as error:
            if has_expired(error):
                raise
            refusal = f"{name} was refused by SageMaker: {message_of(error)}"
            if not _is_unsettled(error, unsettled):
                raise TrainingJobError(refusal) from None
            print(
                f"{name}: waiting until SageMaker sees what the execution role may do, "
                f"{waited:.0f} s of at most {SETTLE_DEADLINE_SECONDS} s"
            )
    raise TrainingJobError(
        f"{refusal}\nIt has said so for {SETTLE_DEADLINE_SECONDS} s, so it is not that a new role "
        f"has yet to settle. Look at the trust, the policies and the permissions boundary of "
        f"{role_arn}, and at the policies of what it is refused; then run the same command again."
    )


def _is_unsettled(error: Any, unsettled: Sequence[str]) -> bool:
    """Whether a refusal may be only that a role's change has not reached the service yet."""
    texts = (text in message_of(error) for text in unsettled)
    return code_of(error) == "ValidationException" and any(texts)
