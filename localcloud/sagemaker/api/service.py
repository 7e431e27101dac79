"""SageMaker's operations on training jobs, on records in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from localcloud.authorization.access import may_assume
from localcloud.authorization.sessions import SESSION_NAME, Sessions
from localcloud.corrections import role_history
from localcloud.moto_data import role_sessions
from localcloud.permissions.patterns import PolicyError
from localcloud.protocol.errors import (
    NOT_FOUND,
    ServiceError,
    not_found,
    unavailable,
    validation_error,
)
from localcloud.protocol.validation import validate
from localcloud.sagemaker.api import listing, rules, search, training_plans, updates
from localcloud.sagemaker.api.data_checks import check_data, check_experiment, check_image
from localcloud.sagemaker.api.tagging import Tagging
from localcloud.sagemaker.jobs import description, statuses, usage, warm_pools
from localcloud.sagemaker.jobs.job_store import JobStore
from localcloud.sagemaker.jobs.past_jobs import PastJobs
from localcloud.sagemaker.jobs.quota_book import Place, QuotaBook
from localcloud.sagemaker.jobs.records import Metric, TrainingJob, WarmPool, training_job_arn
from localcloud.sagemaker.jobs.search_index import SearchIndex
from localcloud.sagemaker.runtime import agent_start, network_interfaces
from localcloud.sagemaker.runtime.control import Interruption
from localcloud.sagemaker.runtime.role_clients import Clients, session_of_job
from localcloud.sagemaker.runtime.runner import Announce, Runner
from localcloud.sagemaker.runtime.settings import Settings
from localcloud.sagemaker.sandbox import helper_process

Document = dict[str, Any]


class Watcher(Protocol):
    """Who wants to know what becomes of training jobs. Its functions return at once."""

    def changed(self, job: TrainingJob) -> None:
        """Takes a job whose status has just changed."""

    def measured(self, job: TrainingJob, values: Sequence[Metric]) -> None:
        """Takes values of a job's metrics that it has just printed."""


class TrainingService:
    """All training jobs of the local cloud, and the operations on them."""

    name = signing_name = "sagemaker"

    def __init__(self, settings: Settings, announce: Announce) -> None:
        self.quotas = QuotaBook()
        self.sessions = Sessions()
        self.spot = settings.spot
        self._settings = settings
        self._publish = announce
        self._index = SearchIndex[TrainingJob](settings.search_delay)
        self._clients = Clients(settings.url, self.sessions)
        self._jobs = JobStore()
        self._runners: dict[str, Runner] = {}
        """The runners of the jobs that have not ended: each has clients of some megabytes."""
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._watchers: list[Watcher] = []
        self._operations: dict[str, Callable[[Place, Document], Document]] = {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "DescribeTrainingPlan": self._describe_plan,
            "ListTrainingJobs": self._list,
            "Search": self._search,
            "StopTrainingJob": self._stop,
            "UpdateTrainingJob": self._update,
            "DeleteTrainingJob": self._delete,
            **Tagging(self._existing, self._note, self._lock).operations(),
        }

    def offers(self, operation: str, request: Document) -> bool:
        """Whether this service answers a request; it neither tags nor finds other resources."""
        if operation == "Search":
            return request.get("Resource") == "TrainingJob"
        arn = request.get("ResourceArn")
        other = isinstance(arn, str) and ":training-job/" not in arn
        return operation in self._operations and not other

    def call(self, operation: str, request: Document, account: str, region: str) -> Document:
        """The answer to a request. Raises the ServiceError of SageMaker."""
        validate(operation, request)
        return self._operations[operation]((account, region), request)

    def watch(self, watcher: Watcher) -> None:
        """Reports to a watcher from now on what becomes of the jobs."""
        self._watchers.append(watcher)

    def interrupt(self, name: str, interruption: Interruption) -> None:
        """Takes away the instances of a spot job in training. Raises ServiceError for any other."""
        named = [job for job in self._jobs.all() if job.name == name]
        if not named:
            raise not_found()
        spot = [job.arn for job in named if job.request.get("EnableManagedSpotTraining")]
        if not spot:
            raise validation_error(f"{name} is not a managed spot training job.")
        with self._lock:
            runners = [self._runners[arn] for arn in spot if arn in self._runners]
        if not any(runner.interrupt(interruption) for runner in runners):
            raise validation_error(f"{name} has no instances: its status is not Training.")

    def all_jobs(self) -> list[TrainingJob]:
        """The jobs of all accounts and regions."""
        return self._jobs.all()

    def find(self, arn: str) -> TrainingJob | None:
        """The job with this ARN; None if there is none."""
        return self._jobs.find(arn)

    def add_past_jobs(self, past: PastJobs, place: Place) -> None:
        """Adds the records of made-up jobs. Raises ServiceError if the name of one is taken."""
        records = list(past.records(place, time.time()))
        with self._lock:
            for job in records:
                self._refuse_duplicate(job.arn)
            self._restore(records)

    def state(self) -> list[Document]:
        """All jobs as documents."""
        return [job.document() for job in self._jobs.all()]

    def restore(self, documents: list[Document]) -> None:
        """Takes back the jobs of an earlier server; `resume` continues those that ran."""
        jobs = [TrainingJob.from_document(document) for document in documents]
        for job in jobs:
            job.warm_pool = warm_pools.lost(job, time.time())
        self._restore(jobs)

    def _restore(self, jobs: list[TrainingJob]) -> None:
        self._jobs.add_all(jobs)
        for job in jobs:
            self._index.add(job)

    def _runner_of(self, job: TrainingJob) -> Runner:
        access = partial(self._clients.of_job, job.request, job.region)
        return Runner(
            job, self._settings, access, self._announce, self._ending, measured=self._measured
        )

    def resume(self, lost: float) -> None:
        """Continues the jobs whose instances were lost with an earlier server, at this time."""
        role_sessions.forget_named(SESSION_NAME)
        for job in self._jobs.holding():
            if not statuses.ended(job):
                self._runners[job.arn] = runner = self._runner_of(job)
                runner.resume(lost)

    def prepare_end(self) -> None:
        """Records no more ends of jobs. Call it before the server stops to accept requests.

        The jobs call its services too. They would fail, and the next server would not continue
        them.
        """
        self._ending.set()

    def close(self) -> None:
        """Kills the processes of all jobs, and forgets the jobs."""
        self.quotas.forget()
        self._index.forget()
        with self._lock:
            runners, self._runners = list(self._runners.values()), {}
            self._jobs.clear()
        for runner in runners:
            runner.kill()

    def _announce(self, job: TrainingJob) -> None:
        # The thread of a job that was forgotten may still report its end.
        with self._lock:
            if self._jobs.find(job.arn) is job:
                self._note(job)
                if statuses.ended(job):
                    self._runners.pop(job.arn, None)
        self._publish(job)
        for watcher in self._watchers:
            watcher.changed(job)

    def _note(self, job: TrainingJob) -> None:
        self._index.note(job, time.time())

    def _measured(self, job: TrainingJob, values: Sequence[Metric]) -> None:
        for watcher in self._watchers:
            watcher.measured(job, values)

    def _create(self, place: Place, request: Document) -> Document:
        return {"TrainingJobArn": self.start(place, request).arn}

    def check(self, place: Place, request: Document, tuning_job: str = "") -> None:
        """Checks a request as a creation requires. Raises ServiceError.

        `tuning_job` is the ARN of the tuning job that creates the job, if one does.
        """
        rules.check(request)
        account, region = place
        arn = _arn(place, request)
        self._refuse_duplicate(arn)
        check_image(request)
        check_experiment(request, account, region)
        training_plans.check(request, account, region)
        self._check_role(request, place, [arn, *filter(None, [tuning_job])])

    def start(self, place: Place, request: Document, tuning_job: str = "") -> TrainingJob:
        """Creates and starts the job of a valid request. Raises ServiceError if it can't be.

        `tuning_job` is the ARN of the tuning job that creates it, if one does.
        """
        account, region = place
        # Both begin while the request is checked.
        helper_process.begin()
        agent_start.prepare_for(self._settings.url, region)
        self.check(place, request, tuning_job)
        arn = _arn(place, request)
        now = time.time()
        job = TrainingJob(
            name=request["TrainingJobName"],
            account=account,
            region=region,
            request=request,
            created=now,
            modified=now,
            transitions=statuses.enter((), "Starting", now),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
            tuning_job_arn=tuning_job,
        )
        runner = self._runner_of(job)
        with self._lock:
            if self._ending.is_set():
                raise unavailable()
            self._refuse_duplicate(arn)
            self._take_instances(job, now)
            # Perhaps those of a job that has ended only meanwhile.
            job.created = job.modified = time.time()
            job.transitions = statuses.enter((), "Starting", job.created)
            self._runners[arn] = runner
            self._jobs.add(job)
        self._announce(job)
        runner.start()
        return job

    def _take_instances(self, job: TrainingJob, now: float) -> None:
        """Gives a job kept instances or new ones. Raises ServiceError if the quota is used up."""
        place, jobs = (job.account, job.region), self._jobs.holding()
        earlier = warm_pools.matching(jobs, place, job.request, now)
        others = [each for each in jobs if each is not earlier]
        job.request = usage.selected(self.quotas, others, place, job.request, now)
        job.warm_pool = warm_pools.new_pool(self.quotas, others, place, job.request, earlier, now)
        if earlier is not None and earlier.warm_pool is not None:
            earlier.warm_pool = warm_pools.reused(earlier.warm_pool, job.name, now)
            network_interfaces.hand_over(earlier, job)
            self._index.note(earlier, now)

    def held_pools(self) -> list[WarmPool]:
        """The warm pools that have instances now."""
        # With the lock: never while instances pass from one job to another.
        with self._lock:
            return warm_pools.held(self._jobs.holding(), time.time())

    def _refuse_duplicate(self, arn: str) -> None:
        if self._jobs.find(arn) is not None:
            raise ServiceError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a "
                f"training job with this name already exists ({arn})",
            )

    def _check_role(self, request: Document, place: Place, sources: Sequence[str]) -> None:
        """Checks a job's role, and what it may read and write, as a creation requires.

        `sources` are the ARNs for which the role must let the service assume it. Raises
        ServiceError, also while SageMaker does not see the role's last change yet.
        """
        account, region = place
        arn = request["RoleArn"]
        try:
            role = role_history.seen(arn, self._settings.role_delay)
            if not all(may_assume(role, source, account) for source in sources):
                raise validation_error(
                    f"Could not assume role {arn}. Please ensure that the role exists and allows "
                    "principal 'sagemaker.amazonaws.com' to assume the role."
                )
            check_data(request, session_of_job(request, region), role)
        except PolicyError as error:
            message = f"The local cloud can't evaluate the policies of role {arn}: {error}"
            raise validation_error(message) from error

    def _describe(self, place: Place, request: Document) -> Document:
        return description.describe(self._find(place, request), time.time())

    def _describe_plan(self, place: Place, request: Document) -> Document:
        plan, jobs = request["TrainingPlanName"], self._jobs.holding()
        return training_plans.describe(plan, place, jobs, time.time())

    def _list(self, place: Place, request: Document) -> Document:
        return listing.list_jobs(self._jobs.orders(place), request, time.time())

    def _search(self, place: Place, request: Document) -> Document:
        now = time.time()
        return search.search(search.TRAINING_JOBS, self._index.jobs(place, now), request, now)

    def _stop(self, place: Place, request: Document) -> Document:
        self.stop(self._find(place, request))
        return {}

    def stop(self, job: TrainingJob) -> None:
        """Asks a job to end. Raises ServiceError if it has ended."""
        runner = self._runners.get(job.arn)
        if runner is None or statuses.ended(job):
            raise validation_error(
                "The request was rejected because the training job is in status "
                f"{statuses.status(job)}."
            )
        runner.stop()

    def _update(self, place: Place, request: Document) -> Document:
        job = self._find(place, request)
        with self._lock:
            updates.update(job, request, time.time())
            self._note(job)
        return {"TrainingJobArn": job.arn}

    def _delete(self, place: Place, request: Document) -> Document:
        with self._lock:
            job = self._jobs.find(_arn(place, request))
            if job is None:
                raise ServiceError("ResourceNotFound", NOT_FOUND)
            if not statuses.ended(job):
                raise ServiceError(
                    "ResourceInUse",
                    "The request was rejected because the training job is in status "
                    f"{statuses.status(job)}.",
                )
            if warm_pools.status(job, time.time()) == "Available":
                raise ServiceError(
                    "ResourceInUse",
                    "The request was rejected because the training job has a warm pool in status "
                    "Available.",
                )
            self._jobs.remove(job)
            self._index.remove(job, time.time())
        return {}

    def _find(self, place: Place, request: Document) -> TrainingJob:
        return self._existing(_arn(place, request))

    def _existing(self, arn: str) -> TrainingJob:
        job = self._jobs.find(arn)
        if job is None:
            raise not_found()
        return job


def _arn(place: Place, request: Document) -> str:
    return training_job_arn(*place, request["TrainingJobName"])
