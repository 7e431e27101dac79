"""The dynamic provider of `TrainingJob`: thin, between Pulumi's verbs and `run`.

The state of a stack names `components.training_job.provider.TrainingJobProvider`: neither the
module nor the class may ever move.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
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
from components.training_job.run.job_state import JobState, described, not_launched
from components.training_job.run.launch import Launch, launch_once
from components.training_job.run.outcome import is_live
from components.training_job.run.run_record import run_record, write_record
from components.training_job.run.service_record import describe, retag
from components.training_job.run.warm_pool import (
    change_keep_alive,
    keep_alive_of,
    release_warm_pool,
    with_keep_alive,
    would_reuse,
)
from components.unknowns import to_wire

_WHOLE_NUMBERS = frozenset(
    each.name for each in (*fields(JobInputs), *fields(JobState)) if each.type == "int"
)

_JUDGED = ("request", "fallbacks", "launch", "paused")
"""The inputs that the check of the request depends on."""


class TrainingJobProvider(AwsResourceProvider):
    """Launches training jobs, each exactly once, and stops them."""

    _preflight: Preflight
    _images: Images
    _successors: dict[str, Request]
    """The requests that follow, in this operation of the engine, on jobs that are replaced."""

    def configure(self, req: ConfigureRequest) -> None:
        """Take the `aws:*` settings of the stack."""
        super().configure(req)
        self._preflight = Preflight(self._clients)
        self._images = Images(self._clients)
        self._successors = {}

    @traced
    def check(self, olds: State, news: State) -> CheckResult:
        """Adds the definition's hash and the costs; fails with what refuses a launch.

        Without problems in the requests themselves, AWS is asked what else would refuse them.
        """
        news = _conformed(news)
        requests = all_requests(news["request"], news.get("fallbacks", ()))
        inputs = news | added_by_check(news)
        problems = [] if _is_judged(olds, news) else _request_problems(requests)
        problems = problems or self._preflight_problems(olds, inputs)
        reasons = {str(each): each.path for each in problems}  # each fallback repeats most of them
        failures = [CheckFailure(path, text) for text, path in reasons.items()]
        return CheckResult(to_wire(inputs), failures)

    @traced
    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Say whether anything changes, and whether that takes another job."""
        olds, inputs = _conformed(olds), _conformed(news)
        decision = decide(olds, inputs, released=self._is_released(olds, inputs))
        tries = next_try(olds, inputs)
        if tries > 1:
            print(retry_notice(olds, inputs, tries))
        if decision is Decision.REPLACE:
            self._successors[olds["training_job_name"]] = request_of_try(
                inputs["request"], inputs.get("fallbacks", ()), tries
            )
        return DiffResult(
            changes=decision is not Decision.NOTHING,
            replaces=reasons_to_replace(olds, inputs) if decision is Decision.REPLACE else [],
            delete_before_replace=True,
        )

    @traced
    def create(self, props: State) -> CreateResult:
        """Launch the job, or adopt the one that a crash left; launch nothing where it is off."""
        props = _conformed(props)
        if not props["launch"] or props["paused"]:
            return CreateResult(f"{props['lineage']}-not-launched", not_launched(inputs_of(props)))
        client = self._client(props)
        launched = launch_once(client, _launch(props, self._images))
        self._record(props, launched.description)
        state = described(inputs_of(props), launched.description, launched.tries)
        return CreateResult(launched.description["TrainingJobName"], state)

    @traced
    def read(self, id_: str, props: State) -> ReadResult:
        """Record the job's status, times and cost, which never are a difference by themselves."""
        if "lineage" not in props:
            raise TrainingJobError(
                f"{id_} can't be imported: write the job into the settings with the definition it "
                "was launched with. It is adopted by its name and tags, not launched again."
            )
        props = _conformed(props)
        if not props["training_job_name"]:
            return ReadResult(id_, props, inputs_of(props))
        description = describe(self._client(props), props["training_job_name"])
        if description is None:
            return ReadResult(None, {})
        newest = partial(self._newest_change, props)
        if warning := checkpoint_warning(description, newest, datetime.now(UTC)):
            print(f"warning: {warning}")
        return ReadResult(id_, described(props, description, props["tries"]), inputs_of(props))

    @traced
    def update(self, _id: str, olds: State, news: State) -> UpdateResult:
        """Pause the job, or record what applies to its next launch."""
        olds, news = _conformed(olds), _conformed(news)
        kept = {key: value for key, value in olds.items() if key not in RECORDED}
        state = kept | {key: news[key] for key in (*RECORDED, "launch") if key in news}
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
        if not news["paused"]:
            print(f"{name}: recorded; what is no tag or keep-alive applies to the next launch")
            return UpdateResult(state | {"request": self._kept(client, olds, news)})
        stopped = stop_and_wait(client, name)
        if keep_alive_of(olds["request"]):
            release_warm_pool(client, name)
        return UpdateResult(described(state, stopped, olds["tries"]) if stopped else state)

    @traced
    def delete(self, _id: str, props: State) -> None:
        """Stop the job and let it go; its record, checkpoints and models stay."""
        if not props["training_job_name"]:
            return
        client, name = self._client(props), props["training_job_name"]
        description = describe(client, name)
        ended = let_go(client, description, "deleted") if description else None
        if ended and keep_alive_of(props["request"]) and not self._is_reused(name, ended):
            release_warm_pool(client, name)

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

    def _is_reused(self, name: str, description: State) -> bool:
        """Whether the job that replaces this one takes over its warm pool."""
        successor = self._successors.get(name)
        return successor is not None and would_reuse(successor, description)

    def _preflight_problems(self, olds: State, news: State) -> list[Problem]:
        """What AWS has against a launch that is new; only told while the switch is off."""
        if not news.get("preflight") or news["paused"]:
            return []
        if news["launch"]:
            # The engine checks anew, without old inputs, whatever it is about to create.
            return [] if olds else self._preflight.problems(JobInputs.of(news))
        if all(olds.get(key) == news[key] for key in (*IDENTITY, "launch", "paused")):
            return []
        for problem in self._preflight.problems(JobInputs.of(news)):
            print(f"a launch would be refused: {problem}")
        return []

    def _kept(self, client: Any, olds: State, news: State) -> Request:
        """The new request, with the old keep-alive while the service refuses to change it."""
        before, after = keep_alive_of(olds["request"]), keep_alive_of(news["request"])
        request: Request = news["request"]
        if before == after or change_keep_alive(client, olds["training_job_name"], after):
            return request
        return with_keep_alive(request, before)

    def _record(self, props: State, description: State) -> None:
        """Write down what a job that was launched is made of."""
        record = run_record(props, description, revision(Path.cwd()), datetime.now(UTC))
        write_record(self._s3(props), description, record)

    def _newest_change(self, props: State, uri: str) -> datetime | None:
        return newest_change(self._s3(props), uri)

    def _s3(self, props: State) -> Any:
        return self._clients.client("s3", props["region"])

    def _client(self, props: State) -> Any:
        return client_in(self._clients, "sagemaker", props["account_id"], props["region"])


def _is_judged(olds: State, news: State) -> bool:
    """Whether an earlier check found nothing wrong with the same inputs."""
    return all(olds.get(key, ()) == news.get(key, ()) for key in _JUDGED)


def _request_problems(requests: list[Request]) -> list[Problem]:
    """What the API refuses of the requests of all attempts."""
    rules = (request_problems, tag_problems)
    return [each for request in requests for rule in rules for each in rule(request)]


def _launch(props: State, images: Images) -> Launch:
    return Launch(
        lineage=props["lineage"],
        owner=props["owner"],
        definition_hash=props["definition_hash"],
        request=props["request"],
        fallbacks=props.get("fallbacks", ()),
        pinned=images.pinned,
    )


def _conformed(props: State) -> State:
    """The properties with integers where the engine made floats of them."""
    whole = {key: int(props[key]) for key in _WHOLE_NUMBERS & props.keys()}
    requests: State = {"request": conform(props["request"])}
    if "fallbacks" in props:
        requests["fallbacks"] = [conform(each) for each in props["fallbacks"]]
    return props | whole | requests
