"""How a tuning job is launched, or the one that is there adopted. boto3, no Pulumi.

As a training job's launch, it happens exactly once: whatever crashes, the next launch of the same
definition finds the tuning job that is already there, by its name and tags, and adopts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.training_job.aws.errors import TrainingJobError
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.request.definition import Request
from components.training_job.request.job_tags import HASH_TAG, OWNER_TAG, RELEASED_TAG
from components.training_job.request.tuning_request import tuning_request
from components.training_job.run.ending import let_go
from components.training_job.run.job_names import lineage_runs
from components.training_job.run.launch import UNSETTLED_ROLE, Launch, accepted, end_other
from components.training_job.run.outcome import DELETING, LIVE_STATUSES, TERMINAL_STATUSES
from components.training_job.run.service_record import request_tags, tags_of
from components.training_job.tuning.attempts import (
    Attempt,
    lineage_attempts,
    live_attempts,
    succeeded_in,
    trials_in,
    try_after,
    tuning_name,
)
from components.training_job.tuning.tuning_state import LaunchFacts
from components.training_job.tuning.warm_start import (
    MOST_PARENTS,
    Parent,
    WarmStart,
    is_grid,
    limited_to,
    trials_left,
    warm_start,
)

_UNSETTLED = (
    *UNSETTLED_ROLE,
    "No S3 objects found under S3 URL",
    "The AWS Access Key Id you provided does not exist in our records",
    "Access denied when describing algorithm",
)
"""What the service says of a tuning job while it does not see all that a role may do: it checks the
trials' data and image at once. AWS's own Terraform provider waits for the same."""

_BEING_DELETED = (DELETING, "DeleteFailed")

LINEAGE = "lineage"
"""The value of `warm_start` with which a tuning job learns from those of its lineage."""


@dataclass(frozen=True)
class TuningLaunch:
    """What is to be tuned: the launch of one trial, and how its hyperparameters are varied."""

    trial: Launch
    config: Mapping[str, Any]
    """The HyperParameterTuningJobConfig."""
    warm_start: str
    """Whether it learns from the lineage's earlier trials: lineage or never."""
    name_prefix: str
    """What the names of the lineage's tuning jobs begin with."""

    def name_of(self, number: int) -> str:
        """The name of an attempt."""
        trial = self.trial
        return tuning_name(self.name_prefix, trial.lineage, trial.definition_hash, number)

    @property
    def output(self) -> str:
        """The S3 prefix of what its trials leave."""
        return str(self.trial.request["OutputDataConfig"]["S3OutputPath"])


@dataclass(frozen=True)
class LaunchedTuning:
    """A tuning job that was launched: its description, and what is fixed at its launch."""

    description: dict[str, Any]
    facts: LaunchFacts


def launch_tuning_once(client: Any, launch: TuningLaunch) -> LaunchedTuning:
    """The one tuning job that runs this launch, adopted or created.

    Any other live tuning job of the lineage is stopped first, and a live training job of it, which
    was launched before the job was tuned. If all trials have succeeded in earlier attempts, the
    newest of these is what there is, and nothing is launched.

    Raises:
        TrainingJobError: another owner's job is live on the lineage, and writes to the same place.
    """
    attempts = _attempts(client, launch)
    adopted = _newest_own(client, launch, attempts)
    name = TUNING_JOB.name_of(adopted) if adopted else ""
    others = [each for each in attempts if each.is_live and each.name != name]
    for each in others:
        _end_other(client, launch, each.name)
    _end_training_jobs(client, launch.trial)
    if adopted:
        return _launched(launch, adopted, attempts)
    # What was stopped has trials that ended in the meantime.
    return _created(client, launch, _attempts(client, launch) if others else attempts)


def end_live_tunings(client: Any, launch: Launch) -> None:
    """Lets go of this owner's live tuning jobs of a lineage, before a training job is launched.

    Most were let go already, as the stack saw that the job is tuned no longer. This finds those
    that an update of this job only did not touch, or that another job's lineage has.
    """
    for each in live_attempts(client, launch.lineage):
        description = TUNING_JOB.describe(client, each.name)
        if each.owner == launch.owner and description:
            print(f"{each.name}: its job is no longer tuned, so it is stopped")
            let_go(client, description, "superseded", TUNING_JOB)


def not_known(attempts: Sequence[Attempt], parents: Sequence[str]) -> str:
    """Which trials of a definition a tuning job with these parents does not know, in words.

    "" where it knows all. A tuning job can have five parents.
    """
    lost = [each for each in attempts if each.succeeded and each.name not in parents]
    if not lost:
        return ""
    trials = ", ".join(f"{each.succeeded} of {each.name}" for each in lost)
    return (
        f"a tuning job can learn from {MOST_PARENTS} others, so these trials are no longer known "
        f"to it, and may be made again: {trials}"
    )


def to_learn_from(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts with trials to learn from: those with most of them first, then the newest."""
    known = [each for each in attempts if each.succeeded and each.status in TERMINAL_STATUSES]
    return sorted(known, key=lambda each: (each.succeeded, each.created), reverse=True)


def _attempts(client: Any, launch: TuningLaunch) -> list[Attempt]:
    return lineage_attempts(client, launch.trial.lineage, launch.name_prefix)


def _newest_own(
    client: Any, launch: TuningLaunch, attempts: Sequence[Attempt]
) -> dict[str, Any] | None:
    """The newest attempt that this launch may adopt."""
    for each in attempts:
        if each.is_released or each.definition_hash != launch.trial.definition_hash:
            continue
        if own := _own(client, launch, each.name):
            return own
    return None


def _own(client: Any, launch: TuningLaunch, name: str) -> dict[str, Any] | None:
    """The description of an attempt, if it is this owner's and was not let go."""
    description = TUNING_JOB.describe(client, name)
    if description is None or TUNING_JOB.status_of(description) in _BEING_DELETED:
        return None
    tags = tags_of(client, TUNING_JOB.arn_of(description))
    is_own = tags.get(OWNER_TAG) == launch.trial.owner
    same = tags.get(HASH_TAG) == launch.trial.definition_hash
    return description if is_own and same and RELEASED_TAG not in tags else None


def _end_other(client: Any, launch: TuningLaunch, name: str) -> None:
    """Stops another live tuning job that writes to the same place, if it is this owner's.

    Raises:
        TrainingJobError: it belongs to another owner.
    """
    description = TUNING_JOB.describe(client, name)
    if description is None or TUNING_JOB.status_of(description) not in LIVE_STATUSES:
        return
    output = description["TrainingJobDefinition"]["OutputDataConfig"]["S3OutputPath"]
    if output != launch.output:
        return  # a job of the same name in another stack, which has another bucket
    tags = tags_of(client, TUNING_JOB.arn_of(description))
    if tags.get(OWNER_TAG) != launch.trial.owner:
        raise TrainingJobError(
            f"{name} is tuning the lineage {launch.trial.lineage} and belongs to "
            f"{tags.get(OWNER_TAG, 'no known owner')}, not to {launch.trial.owner}. Stop it, wait "
            "for its end, or give this job another name."
        )
    print(f"{name}: still live, is stopped before the next launch")
    let_go(client, description, "superseded", TUNING_JOB)


def _end_training_jobs(client: Any, trial: Launch) -> None:
    """Stops the live training jobs of the lineage, from before the job was tuned."""
    for run in lineage_runs(client, trial.lineage):
        if run.is_live:
            end_other(client, trial, run.name)


def _launched(
    launch: TuningLaunch, description: dict[str, Any], attempts: Sequence[Attempt]
) -> LaunchedTuning:
    """What an attempt is that was launched before."""
    name = TUNING_JOB.name_of(description)
    older = [each for each in attempts if each.name != name]
    facts = LaunchFacts(tries=try_after(launch.trial.definition_hash, older))
    return LaunchedTuning(description, facts)


def _created(client: Any, launch: TuningLaunch, attempts: Sequence[Attempt]) -> LaunchedTuning:
    """Launches the next attempt, and describes it as the service starts every tuning job.

    Where its name is taken, the answer to an earlier call was lost, or that attempt was not found
    and was let go: then the one after that is next.
    """
    own = [each for each in attempts if each.owner == launch.trial.owner]
    before = [each for each in own if each.definition_hash == launch.trial.definition_hash]
    left = trials_left(launch.config, sum(each.succeeded for each in before))
    if left == 0 and before:
        return _nothing_left(client, launch, before[0])
    request = launch.trial.pinned(launch.trial.request)
    whole = tuning_request(request, limited_to(launch.config, left))
    start = _warm_start(client, launch, whole, own)
    _say_how_it_starts(launch, start, before, left)
    number = max((each.number for each in before), default=0)
    while True:
        number += 1
        named = _named(launch, whole, start, number)
        if arn := accepted(client, named, request["RoleArn"], TUNING_JOB, _UNSETTLED):
            started = {"HyperParameterTuningJobStatus": "InProgress"}
            facts = LaunchFacts(tries=try_after(launch.trial.definition_hash, attempts))
            return LaunchedTuning(named | started | {"HyperParameterTuningJobArn": arn}, facts)
        if adopted := _own(client, launch, TUNING_JOB.name_of(named)):
            return _launched(launch, adopted, attempts)
        _end_other(client, launch, TUNING_JOB.name_of(named))


def _named(launch: TuningLaunch, request: Request, start: WarmStart, number: int) -> Request:
    """The request of one attempt, with its name, its tags and a place for its checkpoints."""
    name = launch.name_of(number)
    definition = request["TrainingJobDefinition"]
    if "CheckpointConfig" in definition:
        checkpoints = definition["CheckpointConfig"]
        uri = f"{checkpoints['S3Uri'].rstrip('/')}/{name}/"
        definition = definition | {"CheckpointConfig": checkpoints | {"S3Uri": uri}}
    tags = request_tags(launch.trial.request) | launch.trial.tags
    warm = {"WarmStartConfig": start.config} if start.config else {}
    return {
        **request,
        **warm,
        "HyperParameterTuningJobName": name,
        "TrainingJobDefinition": definition,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def _warm_start(
    client: Any, launch: TuningLaunch, request: Request, own: Sequence[Attempt]
) -> WarmStart:
    if launch.warm_start != LINEAGE:
        return WarmStart()

    def candidates() -> Iterator[Parent]:
        for each in to_learn_from(own):
            description = TUNING_JOB.describe(client, each.name)
            if description is not None:
                succeeded, trials = succeeded_in(description), trials_in(description)
                yield Parent(each.name, succeeded, trials, description)

    return warm_start(request, candidates())


def _nothing_left(client: Any, launch: TuningLaunch, newest: Attempt) -> LaunchedTuning:
    """The newest attempt, which is complete though it may have been stopped."""
    description = TUNING_JOB.describe(client, newest.name)
    if description is None:
        raise TrainingJobError(
            f"the record of {newest.name} is gone, though it was found a moment ago. Run the same "
            "command again."
        )
    most = launch.config["ResourceLimits"]["MaxNumberOfTrainingJobs"]
    print(
        f"{newest.name}: all {most} trials have succeeded, so nothing is launched. Raise maxTrials "
        "and set another runId to go on with what they have shown."
    )
    return LaunchedTuning(description, LaunchFacts(tries=1, nothing_left=True))


def _say_how_it_starts(
    launch: TuningLaunch, start: WarmStart, before: Sequence[Attempt], left: int | None
) -> None:
    """Prints what a tuning job with others before it goes on with."""
    lineage = launch.trial.lineage
    if start.parents:
        known = sum(each.succeeded for each in start.parents)
        names = ", ".join(each.name for each in start.parents)
        of_left = "" if left is None else f", {left} are left"
        print(f"{lineage}: goes on with what {known} trials of {names} have shown{of_left}")
        if notice := not_known(before, [each.name for each in start.parents]):
            print(f"{lineage}: {notice}")
    elif is_grid(launch.config) and before:
        print(f"{lineage}: a grid can't go on from earlier trials, so all {left} are made again")
    elif start.refusal:
        print(f"{lineage}: starts without what earlier trials have shown. {start.refusal}")
