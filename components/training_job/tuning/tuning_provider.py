"""The dynamic provider of `TuningJob`: thin, between Pulumi's verbs and the rest of this folder.

The state of a stack names `components.training_job.tuning.tuning_provider.TuningJobProvider`:
neither the module nor the class may ever move.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, ReadResult, UpdateResult

from components.problems import Problem
from components.training_job.aws.aws_provider import State
from components.training_job.aws.errors import traced
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.code_channel.source_control import revision
from components.training_job.job_provider import (
    JobProvider,
    changed_in_place,
    diff_result,
    refuse_import,
)
from components.training_job.request.job_inputs import inputs_of
from components.training_job.request.job_tags import RELEASED_TAG, tag_problems
from components.training_job.request.service_model import conform
from components.training_job.request.tuning_request import training_view, tuning_problems
from components.training_job.run.decision import (
    Decision,
    decide,
    is_another_run,
    is_launched,
    next_try,
    refuse_without_network,
    retry_notice,
)
from components.training_job.run.ending import let_go, stop_and_wait
from components.training_job.run.run_record import RUN_RECORD, write_record
from components.training_job.run.service_record import retag, tags_of
from components.training_job.tuning.attempts import earlier_names, lineage_attempts
from components.training_job.tuning.observation import keep_table, observed
from components.training_job.tuning.tuning_launch import (
    LINEAGE,
    TuningLaunch,
    launch_tuning_once,
    not_known,
    to_learn_from,
)
from components.training_job.tuning.tuning_outcome import has_ended, outcome_of
from components.training_job.tuning.tuning_record import tuning_record, uri_of
from components.training_job.tuning.tuning_state import (
    LaunchFacts,
    described,
    is_recorded_whole,
    not_launched,
)
from components.training_job.tuning.warm_start import (
    MOST_PARENTS,
    is_grid,
    refuse_pause_of_grid,
)


class TuningJobProvider(JobProvider):
    """Launches tuning jobs, each exactly once, and stops them with their trials."""

    kind = TUNING_JOB
    run_name = "tuning_job_name"
    run_arn = "tuning_job_arn"

    @traced
    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Says whether anything changes, and whether that takes another tuning job."""
        olds, news = conform(olds), conform(news)
        decision = decide(olds, news, released=self._is_released(olds, news))
        tries = next_try(olds, news)
        if tries > 1:
            print(retry_notice(olds["tuning_job_name"], olds, news, tries))
        replaced = decision is Decision.REPLACE
        if replaced and is_launched(olds) and not is_another_run(olds, news):
            print(_going_on_notice(olds, news))
        if decision is Decision.UPDATE and news["paused"] and not olds["paused"]:
            self._preview_pause(olds)
        return diff_result(decision, olds, news)

    @traced
    def create(self, props: State) -> CreateResult:
        """Launches the tuning job, or adopts the one that a crash left; nothing if it is off."""
        inputs = inputs_of(conform(props))
        if not inputs["launch"] or inputs["paused"]:
            return CreateResult(f"{inputs['lineage']}-not-launched", not_launched(inputs))
        client = self._client(inputs)
        launched = launch_tuning_once(client, self._tuning_launch(inputs))
        self._write_run_record(inputs, launched.description)
        state = self._described(client, inputs, launched.description, launched.facts)
        return CreateResult(launched.description["HyperParameterTuningJobName"], state)

    @traced
    def read(self, id_: str, props: State) -> ReadResult:
        """Records status, trials and cost, which never are a difference by themselves."""
        refuse_import(id_, props)
        state = conform(props)
        if not is_launched(state):
            return ReadResult(id_, state, inputs_of(state))
        client = self._client(state)
        description = TUNING_JOB.describe(client, state["tuning_job_name"])
        if description is None:
            return ReadResult(None, {})
        if not is_recorded_whole(state):
            state = self._described(client, state, description, LaunchFacts.of(state))
        return ReadResult(id_, state, inputs_of(state))

    @traced
    def update(self, _id: str, olds: State, news: State) -> UpdateResult:
        """Pauses the tuning job, or records what applies to its next launch."""
        olds, news = conform(olds), conform(news)
        client, name = self._client(olds), olds["tuning_job_name"]
        description = self._recorded(olds)
        if news["paused"]:
            refuse_pause_of_grid(description)
        elif not has_ended(description):
            of_trials = training_view(description) | {"TrainingJobName": name}
            refuse_without_network(of_trials, news["request"])
        retag(client, olds["tuning_job_arn"], olds, news)
        state = changed_in_place(olds, news)
        if news["paused"]:
            return UpdateResult(self._paused(client, state))
        print(f"{name}: recorded; what is no tag applies to the next launch")
        return UpdateResult(state)

    @traced
    def delete(self, _id: str, props: State) -> None:
        """Stops the tuning job and lets it go; its record, trials and models stay."""
        props = conform(props)
        if not is_launched(props):
            return
        client = self._client(props)
        description = TUNING_JOB.describe(client, props["tuning_job_name"])
        ended = let_go(client, description, "deleted", TUNING_JOB) if description else None
        if ended and not is_recorded_whole(props):
            keep_table(client, self._s3(props), ended)

    def _request_problems(self, news: State) -> Iterator[Problem]:
        """What the API refuses of a trial's request, and of the tuning job's that it becomes."""
        yield from tuning_problems(news["request"], news["tuning"])
        yield from tag_problems(news["request"])

    def _was_let_go(self, client: Any, name: str, arn: str) -> bool:
        if RELEASED_TAG not in tags_of(client, arn):
            return False
        description = TUNING_JOB.describe(client, name)
        return description is not None and outcome_of(description) in ("running", "stopped")

    def _preview_pause(self, olds: State) -> None:
        """Says what a pause of a live tuning job costs, or refuses it.

        Raises:
            TrainingJobError: it is a grid, which can't go on.
        """
        description = self._recorded(olds)
        refuse_pause_of_grid(description)
        if not has_ended(description):
            print(
                f"{olds['tuning_job_name']}: is stopped and kept, with its trials that run then. "
                "When it goes on, trials with an objective count, and the others start again."
            )

    def _paused(self, client: Any, state: State) -> State:
        """Stops a tuning job, and returns its new state."""
        name = state["tuning_job_name"]
        stopped = stop_and_wait(client, name, TUNING_JOB)
        if stopped is None:
            return state
        attempts = lineage_attempts(client, state["lineage"], state["tuning_name_prefix"])
        of_definition = [each for each in attempts if each.name in (name, *earlier_names(name))]
        known = [each.name for each in to_learn_from(of_definition)[:MOST_PARENTS]]
        if state["warm_start"] == LINEAGE and (notice := not_known(of_definition, known)):
            print(f"{name}: when it goes on, {notice}")
        return self._described(client, state, stopped, LaunchFacts.of(state))

    def _tuning_launch(self, inputs: State) -> TuningLaunch:
        return TuningLaunch(
            self._launch(inputs),
            inputs["tuning"],
            inputs["warm_start"],
            inputs["tuning_name_prefix"],
        )

    def _described(
        self, client: Any, inputs: State, description: State, facts: LaunchFacts
    ) -> State:
        """The state of a tuning job; writes the table of its trials once it has ended."""
        seen = observed(client, self._s3(inputs), description, nothing_left=facts.nothing_left)
        return described(inputs, description, facts, seen)

    def _write_run_record(self, inputs: State, description: State) -> None:
        """Writes `run.json` of a tuning job that was launched."""
        record = tuning_record(inputs, description, revision(Path.cwd()), datetime.now(UTC))
        write_record(self._s3(inputs), uri_of(description, RUN_RECORD), record)


def _going_on_notice(olds: State, news: State) -> str:
    """What the next attempt at the same definition goes on with."""
    name = olds["tuning_job_name"]
    if is_grid(news["tuning"]):
        return f"{name}: a grid can't go on from earlier trials, so all of them are made again"
    if news["warm_start"] != LINEAGE:
        return f"{name}: the next attempt makes the trials that are left, and knows no earlier ones"
    return (
        f"{name}: the next attempt goes on with what its trials have shown. Trials that were "
        "stopped count if they have an objective, and start again if not."
    )
