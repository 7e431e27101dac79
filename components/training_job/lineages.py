"""The dynamic provider of `TrainingJobLineages`: stops the jobs that left the stack in time.

The engine deletes at the end of an update, after the completion has waited for the jobs that stay,
or has failed. A job that was removed or renamed would run until then, and be billed.

The state of a stack names `components.training_job.lineages.TrainingJobLineagesProvider`: neither
the module nor the class may ever move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, UpdateResult

from components.training_job.aws.aws_clients import client_in
from components.training_job.aws.aws_provider import AwsResourceProvider, State
from components.training_job.aws.errors import traced
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.recurring.recurring_runs import newest_runs
from components.training_job.run.ending import let_go
from components.training_job.run.job_names import Run, lineage_runs
from components.training_job.run.outcome import is_live
from components.training_job.run.service_record import describe, owns, tags_of
from components.training_job.run.warm_pool import release_warm_pool
from components.training_job.tuning.attempts import lineage_attempts
from components.training_job.tuning.tuning_outcome import has_ended

INPUTS = ("lineages", "owner", "account_id", "region")
TUNINGS = "tunings"
"""The input that has, of each job that is tuned, what the names of its tuning jobs begin with."""

_AT_ONCE = 8


class TrainingJobLineagesProvider(AwsResourceProvider):
    """Records which lineages a stack has, and ends the jobs of those that left it.

    So are the jobs of a lineage whose job is tuned now, or no longer: as another resource takes the
    place of the one that launched them, the engine deletes that one last.
    """

    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Prints which lineages left, in a preview too."""
        for lineage in departed(olds["lineages"], news["lineages"]):
            print(f"{lineage} is no longer in the settings: a job of it that still runs is stopped")
        for name in _changed_kind(olds, news):
            now = "is tuned now" if name in news.get(TUNINGS, {}) else "is no longer tuned"
            print(f"{olds['lineages'][name]} {now}: a job of it that still runs is stopped")
        changed = any(olds.get(key) != news.get(key) for key in (*INPUTS, TUNINGS))
        return DiffResult(changes=changed)

    def create(self, props: State) -> CreateResult:
        """Records the lineages; nothing has left a stack that recorded none."""
        return CreateResult("lineages", props)

    @traced
    def update(self, _id: str, olds: State, news: State) -> UpdateResult:
        """Ends the jobs of the lineages that left, all at the same time.

        Raises:
            TrainingJobError: a job has not ended within the deadline, or the credentials are
                another account's.
        """
        left = _left(olds, news)
        if left:
            client = client_in(self._clients, "sagemaker", olds["account_id"], olds["region"])
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(partial(_end, client, olds["owner"]), left.items()))
        return UpdateResult(news)


def _left(olds: State, news: State) -> dict[str, str]:
    """The lineages whose jobs are to be ended, with their tuning jobs' prefix, "" for none."""
    tunings: Mapping[str, str] = olds.get(TUNINGS, {})
    names = {lineage: name for name, lineage in olds["lineages"].items()}
    left = departed(olds["lineages"], news["lineages"])
    changed = [olds["lineages"][name] for name in _changed_kind(olds, news)]
    return {lineage: tunings.get(names[lineage], "") for lineage in (*left, *changed)}


def _changed_kind(olds: State, news: State) -> list[str]:
    """The jobs that are tuned now and were not, or the other way round, by their resources' names.

    A lineage that another job goes on with is that job's.
    """
    before, now = olds["lineages"], news["lineages"]
    was, is_ = olds.get(TUNINGS, {}), news.get(TUNINGS, {})
    changed = [name for name in before if name in now and (name in was) != (name in is_)]
    others = {lineage for name, lineage in now.items() if name not in changed}
    return [name for name in changed if before[name] not in others]


def _end(client: Any, owner: str, lineage_and_prefix: tuple[str, str]) -> None:
    lineage, prefix = lineage_and_prefix
    if prefix:
        end_tunings(client, owner, lineage, prefix)
    end_lineage(client, owner, lineage)


def departed(before: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """The lineages of jobs that left, by the names of their resources, and that none took over.

    A job that stays and changes its lineage is replaced, which stops its run, and only once the
    launch that follows is known to be possible.
    """
    kept = set(now.values())
    return [each for name, each in before.items() if name not in now and each not in kept]


def end_lineage(client: Any, owner: str, lineage: str) -> None:
    """Lets go of this owner's live jobs of a lineage, and gives back the instances that it keeps.

    A job that has ended stays as it is: the engine lets go of it as it deletes the resource.
    """
    _end_runs(client, owner, lineage_runs(client, lineage))
    _end_runs(client, owner, newest_runs(client, owner, lineage))


def _end_runs(client: Any, owner: str, runs: Iterable[Run]) -> None:
    for index, run in enumerate(runs):
        # Only the newest run's instances can still be kept: the run before gave its own back.
        if not run.is_live and index:
            continue
        description, tags = describe(client, run.name), tags_of(client, run.arn)
        if description is None or not owns(owner, tags, description):
            continue
        if is_live(description):
            print(f"{run.name}: its job is no longer in the settings, so it is stopped")
            let_go(client, description, "not in the settings")
        release_warm_pool(client, run.name)


def end_tunings(client: Any, owner: str, lineage: str, name_prefix: str) -> None:
    """Lets go of this owner's live tuning jobs of a lineage, and so ends their trials."""
    for attempt in lineage_attempts(client, lineage, name_prefix):
        description = TUNING_JOB.describe(client, attempt.name) if attempt.is_live else None
        if description is None or attempt.owner != owner or has_ended(description):
            continue
        print(f"{attempt.name}: its job is no longer in the settings, so it is stopped")
        let_go(client, description, "not in the settings", TUNING_JOB)
