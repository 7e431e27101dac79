"""The dynamic provider of `TrainingJobLineages`: stops the jobs that left the stack in time.

The engine deletes at the end of an update, after the completion has waited for the jobs that stay,
or has failed. A job that was removed or renamed would run until then, and be billed.

The state of a stack names `components.training_job.lineages.TrainingJobLineagesProvider`: neither
the module nor the class may ever move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, UpdateResult

from components.training_job.aws.aws_clients import client_in
from components.training_job.aws.aws_provider import AwsResourceProvider, State
from components.training_job.aws.errors import traced
from components.training_job.run.ending import let_go
from components.training_job.run.job_names import lineage_runs
from components.training_job.run.outcome import is_live
from components.training_job.run.service_record import describe, owns, tags_of
from components.training_job.run.warm_pool import release_warm_pool

INPUTS = ("lineages", "owner", "account_id", "region")

_AT_ONCE = 8


class TrainingJobLineagesProvider(AwsResourceProvider):
    """Records which lineages a stack has, and ends the jobs of those that left it."""

    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Prints which lineages left, in a preview too."""
        for lineage in departed(olds["lineages"], news["lineages"]):
            print(f"{lineage} is no longer in the settings: a job of it that still runs is stopped")
        return DiffResult(changes=any(olds[key] != news[key] for key in INPUTS))

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
        left = departed(olds["lineages"], news["lineages"])
        if left:
            client = client_in(self._clients, "sagemaker", olds["account_id"], olds["region"])
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(partial(end_lineage, client, olds["owner"]), left))
        return UpdateResult(news)


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
    for index, run in enumerate(lineage_runs(client, lineage)):
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
