"""What the dynamic providers of both kinds of job have in common: what is checked and decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pulumi.dynamic import CheckFailure, CheckResult, ConfigureRequest, DiffResult

from components.problems import Problem
from components.training_job.aws.aws_clients import client_in
from components.training_job.aws.aws_provider import AwsResourceProvider, State
from components.training_job.aws.errors import TrainingJobError, is_denied, traced
from components.training_job.aws.images import Images
from components.training_job.aws.sagemaker_jobs import JobKind
from components.training_job.preflight.preflight import Preflight
from components.training_job.request.job_inputs import (
    IDENTITY,
    RECORDED,
    JobInputs,
    added_by_check,
)
from components.training_job.request.service_model import conform
from components.training_job.run.decision import Decision, depends_on_release, reasons_to_replace
from components.training_job.run.launch import Launch
from components.unknowns import to_wire

_CHECKED_BY_MODEL = ("request", "fallbacks", "tuning", "launch", "paused")
"""The requests are checked by the API's model where one of these inputs has changed."""

_ASKED_OF_AWS = (*IDENTITY, "launch", "paused")
"""AWS is asked about a launch where one of these inputs has changed."""


class JobProvider(AwsResourceProvider):
    """A dynamic provider of jobs that are launched once each.

    Each verb gets the properties of a job as the engine keeps them: `olds` and `props` are the
    recorded state, `news` the inputs.
    """

    kind: ClassVar[JobKind]
    run_name: ClassVar[str]
    """The output that has the name of the job in SageMaker, "" while it is not launched."""
    run_arn: ClassVar[str]
    """The output that has its ARN."""

    _preflight: Preflight
    _images: Images

    def configure(self, req: ConfigureRequest) -> None:
        """Takes the `aws:*` settings of the stack."""
        super().configure(req)
        self._preflight = Preflight(self._clients)
        self._images = Images(self._clients)

    @traced
    def check(self, olds: State, news: State) -> CheckResult:
        """Adds the definition's hash and the costs; fails with what refuses a launch.

        An earlier check found nothing wrong with the same requests, and reading the API's model
        takes time. AWS is asked what else would refuse them only if the API accepts them.
        """
        news = self._resolved(conform(news))
        inputs = news | added_by_check(news)
        problems: list[Problem] = []
        if not _are_equal(_CHECKED_BY_MODEL, olds, news):
            problems = list(self._request_problems(news))
        problems = problems or self._preflight_problems(olds, inputs)
        return CheckResult(to_wire(inputs), _failures(problems))

    def _resolved(self, news: State) -> State:
        """The inputs with what only AWS knows of them."""
        return news

    def _request_problems(self, news: State) -> Iterable[Problem]:
        """What the API refuses of the requests of all attempts."""
        raise NotImplementedError

    def _was_let_go(self, client: Any, name: str, arn: str) -> bool:
        """Whether a run was let go before it had ended."""
        raise NotImplementedError

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
        client, name = self._client(olds), olds[self.run_name]
        try:
            released = self._was_let_go(client, name, olds[self.run_arn])
        except client.exceptions.ClientError as error:
            if not is_denied(error):
                raise
            print(f"{name}: these credentials may not see its tags, so it counts as not let go")
            return False
        return released

    def _recorded(self, olds: State) -> State:
        """The description of a run that is to be changed in place.

        Raises:
            TrainingJobError: its record is gone.
        """
        name = olds[self.run_name]
        description = self.kind.describe(self._client(olds), name)
        if description is None:
            raise TrainingJobError(
                f"the record of {name} is gone, so it can't be changed. Run `pulumi up --refresh`: "
                "with the launch switch on, it launches the job again, from its checkpoints."
            )
        return description

    def _launch(self, inputs: State) -> Launch:
        return Launch(
            lineage=inputs["lineage"],
            owner=inputs["owner"],
            definition_hash=inputs["definition_hash"],
            request=inputs["request"],
            fallbacks=inputs.get("fallbacks", ()),
            recurring=inputs.get("recurring", ""),
            pinned=self._images.pinned,
        )

    def _s3(self, props: State) -> Any:
        return self._clients.client("s3", props["region"])

    def _client(self, props: State) -> Any:
        return client_in(self._clients, "sagemaker", props["account_id"], props["region"])


def diff_result(decision: Decision, olds: State, news: State) -> DiffResult:
    """A decision as the engine takes it."""
    return DiffResult(
        changes=decision is not Decision.NOTHING,
        replaces=reasons_to_replace(olds, news) if decision is Decision.REPLACE else [],
        delete_before_replace=True,
    )


def refuse_import(id_: str, props: State) -> None:
    """Refuses what has no inputs yet, as `pulumi import` reads it.

    Raises:
        TrainingJobError: there are none.
    """
    if "lineage" not in props:
        raise TrainingJobError(
            f"{id_} can't be imported: write the job into the settings with the definition it was "
            "launched with. It is adopted by its name and tags, not launched again."
        )


def changed_in_place(olds: State, news: State) -> State:
    """The state of a job with the inputs that are recorded in place, and the launch switch.

    An input that the job no longer has is left out.
    """
    kept = {name: value for name, value in olds.items() if name not in RECORDED}
    return kept | {name: news[name] for name in (*RECORDED, "launch") if name in news}


def _are_equal(names: Iterable[str], olds: State, news: State) -> bool:
    """Whether these inputs are what they were."""
    return all(olds.get(name) == news.get(name) for name in names)


def _failures(problems: Iterable[Problem]) -> list[CheckFailure]:
    """The problems as the engine takes them, each once: each fallback repeats most of them."""
    unique = {str(problem): problem for problem in problems}
    return [CheckFailure(problem.path, text) for text, problem in unique.items()]
