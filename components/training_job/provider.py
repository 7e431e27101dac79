"""The dynamic provider of `TrainingJob`: thin, between Pulumi's verbs and `run`.

The state of a stack names `components.training_job.provider.TrainingJobProvider`: neither the
module nor the class may ever move.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from components.problems import Problem
from components.training_job.aws.aws_clients import client_in
from components.training_job.aws.aws_provider import AwsResourceProvider, State
from components.training_job.aws.errors import TrainingJobError, is_denied, traced
from components.training_job.aws.images import Images
from components.training_job.code_channel.source_control import revision
from components.training_job.preflight.going_on import going_on_notice, keys_under
from components.training_job.preflight.preflight import Preflight
from components.training_job.request.definition import Request
from components.training_job.request.fallbacks import all_requests, request_of_try
from components.training_job.request.job_inputs import (
    IDENTITY,
    RECORDED,
    JobInputs,
    added_by_check,
    inputs_of,
)
from components.training_job.request.job_tags import tag_problems
from components.training_job.request.service_model import conform, request_problems
from components.training_job.run.checkpoint_health import checkpoint_warning, newest_change
from components.training_job.run.decision import (
    Decision,
    decide,
    depends_on_release,
    next_try,
    reasons_to_replace,
    refuse_without_network,
    retry_notice,
)
from components.training_job.run.ending import let_go, stop_and_wait, was_let_go
from components.training_job.run.job_state import described, not_launched
from components.training_job.run.launch import Launch, launch_once
from components.training_job.run.outcome import is_live
from components.training_job.run.run_record import run_record, write_record
from components.training_job.run.service_record import describe, retag
from components.training_job.run.warm_pool import (
    change_keep_alive,
    keep_alive_of,
    release_warm_pool,
    would_reuse,
)
from components.unknowns import to_wire

_CHECKED_BY_MODEL = ("request", "fallbacks", "launch", "paused")
"""The requests are checked by the API's model where one of these inputs has changed."""

_ASKED_OF_AWS = (*IDENTITY, "launch", "paused")
"""AWS is asked about a launch where one of these inputs has changed."""


class TrainingJobProvider(AwsResourceProvider):
    """Launches training jobs, each exactly once, and stops them.

    Each verb gets the properties of a job as the engine keeps them: `olds` and `props` are the
    recorded state, `news` the inputs.
    """

    _preflight: Preflight
    _images: Images
    _successors: dict[str, Request]
    """The requests of the jobs that replace others in this operation of the engine, by the names of
    those that they replace."""

    def configure(self, req: ConfigureRequest) -> None:
        """Takes the `aws:*` settings of the stack."""
        super().configure(req)
        self._preflight = Preflight(self._clients)
        self._images = Images(self._clients)
        self._successors = {}

    @traced
    def check(self, olds: State, news: State) -> CheckResult:
        """Adds the definition's hash and the costs; fails with what refuses a launch.

        AWS is asked what else would refuse the requests only if the API accepts them.
        """
        news = conform(news)
        inputs = news | added_by_check(news)
        problems = _request_problems(olds, news) or self._preflight_problems(olds, inputs)
        return CheckResult(to_wire(inputs), _failures(problems))

    @traced
    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Says whether anything changes, and whether that takes another job."""
        olds, news = conform(olds), conform(news)
        decision = decide(olds, news, released=self._is_released(olds, news))
        tries = next_try(olds, news)
        if tries > 1:
            print(retry_notice(olds, news, tries))
        replaced = decision is Decision.REPLACE
        if replaced:
            successor = request_of_try(news["request"], news.get("fallbacks", ()), tries)
            self._successors[olds["training_job_name"]] = successor
            self._say_what_it_goes_on_from(olds, successor)
        return DiffResult(
            changes=decision is not Decision.NOTHING,
            replaces=reasons_to_replace(olds, news) if replaced else [],
            delete_before_replace=True,
        )

    @traced
    def create(self, props: State) -> CreateResult:
        """Launches the job, or adopts the one that a crash left; launches nothing if it is off."""
        inputs = inputs_of(conform(props))
        if not inputs["launch"] or inputs["paused"]:
            return CreateResult(f"{inputs['lineage']}-not-launched", not_launched(inputs))
        launched = launch_once(self._client(inputs), self._launch(inputs))
        self._write_run_record(inputs, launched.description)
        state = described(inputs, launched.description, launched.tries)
        return CreateResult(launched.description["TrainingJobName"], state)

    @traced
    def read(self, id_: str, props: State) -> ReadResult:
        """Records the job's status, times and cost, which never are a difference by themselves."""
        if "lineage" not in props:
            raise TrainingJobError(
                f"{id_} can't be imported: write the job into the settings with the definition it "
                "was launched with. It is adopted by its name and tags, not launched again."
            )
        state = conform(props)
        if not state["training_job_name"]:
            return ReadResult(id_, state, inputs_of(state))
        description = describe(self._client(state), state["training_job_name"])
        if description is None:
            return ReadResult(None, {})
        self._warn_of_checkpoints(state, description)
        return ReadResult(id_, described(state, description, state["tries"]), inputs_of(state))

    @traced
    def update(self, _id: str, olds: State, news: State) -> UpdateResult:
        """Pauses the job, or records what applies to its next launch."""
        olds, news = conform(olds), conform(news)
        client, name = self._client(olds), olds["training_job_name"]
        description = describe(client, name)
        if description is None:
            raise TrainingJobError(
                f"the record of {name} is gone, so it can't be changed. Run `pulumi up --refresh`: "
                "with the launch switch on, it launches the job again, from its checkpoints."
            )
        if is_live(description) and not news["paused"]:
            refuse_without_network(description, news["request"])
        retag(client, olds["training_job_arn"], olds, news)
        state = _changed_in_place(olds, news)
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

    def _preflight_problems(self, olds: State, inputs: State) -> list[Problem]:
        """What AWS would refuse of a new launch; only printed while the switch is off."""
        if not inputs.get("preflight") or inputs["paused"]:
            return []
        if inputs["launch"]:
            # The engine checks again, without old inputs, what it is about to create.
            return [] if olds else self._preflight.problems(JobInputs.of(inputs))
        if not _are_equal(_ASKED_OF_AWS, olds, inputs):
            for problem in self._preflight.problems(JobInputs.of(inputs)):
                print(f"a launch would be refused: {problem}")
        return []

    def _is_released(self, olds: State, news: State) -> bool:
        """Whether the recorded run was let go while its job was not in the settings.

        The update that lets go of it, and ends before the engine deletes the resource, leaves it
        in the state.
        """
        if not depends_on_release(olds, news):
            return False
        client, name = self._client(olds), olds["training_job_name"]
        try:
            released = was_let_go(client, name, olds["training_job_arn"])
        except client.exceptions.ClientError as error:
            if not is_denied(error):
                raise
            print(f"{name}: these credentials may not see its tags, so it counts as not let go")
            return False
        if released:
            print(f"{name} was let go: the next attempt goes on from its checkpoints")
        return released

    def _say_what_it_goes_on_from(self, olds: State, successor: Request) -> None:
        """Prints from which step, and on what, the job that replaces this one goes on."""
        if not olds["training_job_name"]:
            return

        def keys(uri: str) -> list[str]:
            return keys_under(self._s3(olds), uri)

        if notice := going_on_notice(olds, successor, keys):
            print(notice)

    def _is_reused(self, name: str, description: State) -> bool:
        """Whether the job that replaces this one takes over its warm pool."""
        successor = self._successors.get(name)
        return successor is not None and would_reuse(successor, description)

    def _launch(self, inputs: State) -> Launch:
        return Launch(
            lineage=inputs["lineage"],
            owner=inputs["owner"],
            definition_hash=inputs["definition_hash"],
            request=inputs["request"],
            fallbacks=inputs.get("fallbacks", ()),
            pinned=self._images.pinned,
        )

    def _write_run_record(self, inputs: State, description: State) -> None:
        """Writes `run.json` of a job that was launched."""
        record = run_record(inputs, description, revision(Path.cwd()), datetime.now(UTC))
        write_record(self._s3(inputs), description, record)

    def _warn_of_checkpoints(self, state: State, description: State) -> None:
        """Prints what is wrong with the checkpoints of a job that trains."""

        def newest(uri: str) -> datetime | None:
            return newest_change(self._s3(state), uri)

        if warning := checkpoint_warning(description, newest, datetime.now(UTC)):
            print(f"warning: {warning}")

    def _s3(self, props: State) -> Any:
        return self._clients.client("s3", props["region"])

    def _client(self, props: State) -> Any:
        return client_in(self._clients, "sagemaker", props["account_id"], props["region"])


def _request_problems(olds: State, news: State) -> list[Problem]:
    """What the API refuses of the requests of all attempts.

    An earlier check found nothing wrong with the same inputs, and reading the API's model takes
    time.
    """
    if _are_equal(_CHECKED_BY_MODEL, olds, news):
        return []
    rules = (request_problems, tag_problems)
    requests = all_requests(news["request"], news.get("fallbacks", ()))
    return [each for request in requests for rule in rules for each in rule(request)]


def _are_equal(names: Iterable[str], olds: State, news: State) -> bool:
    """Whether these inputs are what they were."""
    return all(olds.get(name) == news.get(name) for name in names)


def _failures(problems: Iterable[Problem]) -> list[CheckFailure]:
    """The problems as the engine takes them, each once: each fallback repeats most of them."""
    unique = {str(problem): problem for problem in problems}
    return [CheckFailure(problem.path, text) for text, problem in unique.items()]


def _changed_in_place(olds: State, news: State) -> State:
    """The state of a job with the inputs that are recorded in place, and the launch switch.

    An input that the job no longer has is left out.
    """
    kept = {name: value for name, value in olds.items() if name not in RECORDED}
    return kept | {name: news[name] for name in (*RECORDED, "launch") if name in news}


def _pause(client: Any, olds: State, state: State) -> State:
    """Stops a job, gives back what its warm pool keeps, and returns its new state."""
    name = olds["training_job_name"]
    stopped = stop_and_wait(client, name)
    if keep_alive_of(olds["request"]):
        release_warm_pool(client, name)
    return described(state, stopped, olds["tries"]) if stopped else state
