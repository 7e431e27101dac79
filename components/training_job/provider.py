"""The dynamic provider of `TrainingJob`: thin, between Pulumi's verbs and `run`.

The state of a stack names `components.training_job.provider.TrainingJobProvider`: neither the
module nor the class may ever move.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, ReadResult, UpdateResult

from components.problems import Problem
from components.training_job.aws.aws_provider import State
from components.training_job.aws.errors import traced
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB
from components.training_job.code_channel.source_control import revision
from components.training_job.job_provider import (
    JobProvider,
    changed_in_place,
    diff_result,
    refuse_import,
)
from components.training_job.preflight.going_on import going_on_notice, keys_under
from components.training_job.recurring.last_models import with_last_models
from components.training_job.recurring.recurring_runs import refuse_another_run
from components.training_job.request.definition import Request
from components.training_job.request.fallbacks import all_requests, request_of_try
from components.training_job.request.job_inputs import inputs_of
from components.training_job.request.job_tags import tag_problems
from components.training_job.request.service_model import conform, request_problems
from components.training_job.run.decision import (
    Decision,
    decide,
    depends_on_end,
    is_launched,
    next_try,
    refuse_without_network,
    retry_notice,
)
from components.training_job.run.ending import let_go, stop_and_wait, was_let_go
from components.training_job.run.job_health import checkpoint_warning, newest_change, pending_notice
from components.training_job.run.job_state import described, not_launched
from components.training_job.run.launch import launch_once
from components.training_job.run.outcome import is_live, outcome_of
from components.training_job.run.run_record import record_uri, run_record, write_record
from components.training_job.run.service_record import describe, retag
from components.training_job.run.warm_pool import (
    change_keep_alive,
    keep_alive_of,
    release_warm_pool,
    would_reuse,
)
from components.training_job.tuning.tuning_launch import end_live_tunings


class TrainingJobProvider(JobProvider):
    """Launches training jobs, each exactly once, and stops them."""

    kind = TRAINING_JOB
    run_name = "training_job_name"
    run_arn = "training_job_arn"

    _successors: dict[str, Request]
    """The requests of the jobs that replace others in this operation of the engine, by the names of
    those that they replace."""

    def configure(self, req: ConfigureRequest) -> None:
        """Takes the `aws:*` settings of the stack."""
        super().configure(req)
        self._successors = {}

    @traced
    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Says whether anything changes, and whether that takes another job."""
        olds, news = conform(olds), conform(news)
        olds = self._as_it_ended(olds, news)
        decision = decide(olds, news, released=self._is_released(olds, news))
        tries = next_try(olds, news)
        if tries > 1:
            print(retry_notice(olds["training_job_name"], olds, news, tries))
        replaced = decision is Decision.REPLACE
        if replaced:
            if news.get("recurring"):
                refuse_another_run(self._client(olds), olds, news)
            successor = request_of_try(news["request"], news.get("fallbacks", ()), tries)
            self._successors[olds["training_job_name"]] = successor
            self._say_what_it_goes_on_from(olds, successor)
        return diff_result(decision, olds, news)

    @traced
    def create(self, props: State) -> CreateResult:
        """Launches the job, or adopts the one that a crash left; launches nothing if it is off."""
        inputs = inputs_of(conform(props))
        if not inputs["launch"] or inputs["paused"]:
            return CreateResult(f"{inputs['lineage']}-not-launched", not_launched(inputs))
        client, launch = self._client(inputs), self._launch(inputs)
        end_live_tunings(client, launch)
        launched = launch_once(client, launch)
        self._write_run_record(inputs, launched.description)
        state = described(inputs, launched.description, launched.tries)
        return CreateResult(launched.description["TrainingJobName"], state)

    @traced
    def read(self, id_: str, props: State) -> ReadResult:
        """Records the job's status, times and cost, which never are a difference by themselves."""
        refuse_import(id_, props)
        state = conform(props)
        if not state["training_job_name"]:
            return ReadResult(id_, state, inputs_of(state))
        description = describe(self._client(state), state["training_job_name"])
        if description is None:
            return ReadResult(None, {})
        self._print_health(state, description)
        return ReadResult(id_, described(state, description, state["tries"]), inputs_of(state))

    @traced
    def update(self, _id: str, olds: State, news: State) -> UpdateResult:
        """Pauses the job, or records what applies to its next launch."""
        olds, news = conform(olds), conform(news)
        client, name = self._client(olds), olds["training_job_name"]
        description = self._recorded(olds)
        if is_live(description) and not news["paused"]:
            refuse_without_network(description, news["request"])
        retag(client, olds["training_job_arn"], olds, news)
        state = changed_in_place(olds, news)
        if news["paused"]:
            return UpdateResult(_pause(client, olds, state))
        print(f"{name}: recorded; what is no tag or keep-alive applies to the next launch")
        request = change_keep_alive(client, name, olds["request"], news["request"])
        return UpdateResult(state | {"request": request})

    @traced
    def delete(self, _id: str, props: State) -> None:
        """Stops the job and lets it go; its record, checkpoints and models stay."""
        if not props["training_job_name"]:
            return
        client, name = self._client(props), props["training_job_name"]
        description = describe(client, name)
        ended = let_go(client, description, "deleted") if description else None
        if ended and keep_alive_of(props["request"]) and not self._is_reused(name, ended):
            release_warm_pool(client, name)

    def _resolved(self, news: State) -> State:
        """The inputs with the models of last runs that they go on from."""
        if news["launch"] and news.get("last_runs"):
            return with_last_models(self._client(news), news)
        return news

    def _request_problems(self, news: State) -> Iterable[Problem]:
        """What the API refuses of the requests of all attempts."""
        tags = partial(tag_problems, recurring=bool(news.get("recurring")))
        rules = (request_problems, tags)
        requests = all_requests(news["request"], news.get("fallbacks", ()))
        return [each for request in requests for rule in rules for each in rule(request)]

    def _was_let_go(self, client: Any, name: str, arn: str) -> bool:
        released = was_let_go(client, name, arn)
        if released:
            print(f"{name} was let go: the next attempt goes on from its checkpoints")
        return released

    def _as_it_ended(self, olds: State, news: State) -> State:
        """The recorded run, with how it has ended since if the decision depends on that.

        So what corrects a failed run of a recurring job launches it, also without a refresh.
        """
        if not depends_on_end(olds, news):
            return olds
        description = describe(self._client(olds), olds["training_job_name"])
        return olds | {"outcome": outcome_of(description)} if description else olds

    def _say_what_it_goes_on_from(self, olds: State, successor: Request) -> None:
        """Prints from which step, and on what, the job that replaces this one goes on."""
        if not is_launched(olds):
            return

        def keys(uri: str) -> list[str]:
            return keys_under(self._s3(olds), uri)

        if notice := going_on_notice(olds, successor, keys):
            print(notice)

    def _is_reused(self, name: str, description: State) -> bool:
        """Whether the job that replaces this one takes over its warm pool."""
        successor = self._successors.get(name)
        return successor is not None and would_reuse(successor, description)

    def _write_run_record(self, inputs: State, description: State) -> None:
        """Writes `run.json` of a job that was launched."""
        record = run_record(inputs, description, revision(Path.cwd()), datetime.now(UTC))
        uri = record_uri(description["OutputDataConfig"], description["TrainingJobName"])
        write_record(self._s3(inputs), uri, record)

    def _print_health(self, state: State, description: State) -> None:
        """Prints why a job waits, or what is wrong with the checkpoints of one that trains."""

        def newest(uri: str) -> datetime | None:
            return newest_change(self._s3(state), uri)

        if warning := checkpoint_warning(description, newest, datetime.now(UTC)):
            print(f"warning: {warning}")
        if notice := pending_notice(description, datetime.now(UTC)):
            print(f"{description['TrainingJobName']}: {notice}")


def _pause(client: Any, olds: State, state: State) -> State:
    """Stops a job, gives back what its warm pool keeps, and returns its new state."""
    name = olds["training_job_name"]
    stopped = stop_and_wait(client, name)
    if keep_alive_of(olds["request"]):
        release_warm_pool(client, name)
    return described(state, stopped, olds["tries"]) if stopped else state
