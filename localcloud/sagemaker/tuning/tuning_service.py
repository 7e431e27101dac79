"""SageMaker's operations on hyperparameter tuning jobs, on records in memory."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from localcloud.protocol.errors import NOT_FOUND, ServiceError, validation_error
from localcloud.protocol.validation import validate
from localcloud.sagemaker.api import search
from localcloud.sagemaker.api.rules import tag_problems
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.api.tagging import Tagging
from localcloud.sagemaker.jobs.quota_book import Place
from localcloud.sagemaker.jobs.search_index import SearchIndex
from localcloud.sagemaker.tuning import (
    tuning_description,
    tuning_listing,
    tuning_rules,
    warm_start,
)
from localcloud.sagemaker.tuning.ranges import ranges_of
from localcloud.sagemaker.tuning.trial_requests import choices_of_instances, trial_request
from localcloud.sagemaker.tuning.tuner import Tuner
from localcloud.sagemaker.tuning.tuning_records import End, TuningJob, tuning_job_arn

Document = dict[str, Any]

_SEED_BITS = 31
_NAME = "HyperParameterTuningJobName"
_PARENTS = "ParentHyperParameterTuningJobs"
SEARCHED = search.Kind[TuningJob](
    resource="HyperParameterTuningJob",
    shape="HyperParameterTuningJobSearchEntity",
    plural="hyperparameter tuning jobs",
    describe=tuning_description.describe,
    fast={
        "HyperParameterTuningJobName": lambda job: job.name,
        "HyperParameterTuningJobStatus": lambda job: job.status,
        "CreationTime": lambda job: job.created,
        "LastModifiedTime": lambda job: job.modified,
    },
)
"""Tuning jobs as Search finds them."""


class TuningService:
    """All tuning jobs of the local cloud, and the operations on them."""

    name = signing_name = "sagemaker"

    def __init__(
        self,
        training: TrainingService,
        publish: Callable[[TuningJob], None],
        search_delay: float,
    ) -> None:
        """`publish` takes a job whose status has just changed, and returns at once.

        `search_delay` is in seconds: Search sees each change so much later.
        """
        self._training = training
        self._publish = publish
        self._index = SearchIndex[TuningJob](search_delay)
        self._lock = threading.RLock()
        self._jobs: dict[str, TuningJob] = {}
        self._taken: set[str] = set()
        """The ARNs of all jobs that were ever created, in lower case.

        AWS does not document whether the name of a deleted job is free again."""
        self._tuner = Tuner(training, self._live, self._announce, self._note, self._lock)
        self._operations: dict[str, Callable[[Place, Document], Document]] = {
            "CreateHyperParameterTuningJob": self._create,
            "DescribeHyperParameterTuningJob": self._describe,
            "ListHyperParameterTuningJobs": self._list,
            "ListTrainingJobsForHyperParameterTuningJob": self._list_trials,
            "Search": self._search,
            "StopHyperParameterTuningJob": self._stop,
            "DeleteHyperParameterTuningJob": self._delete,
            **Tagging(self._existing, self._note, self._lock).operations(),
        }

    def offers(self, operation: str, request: Document) -> bool:
        """Whether this service answers a request; it neither tags nor finds other resources."""
        if operation == "Search":
            return request.get("Resource") == SEARCHED.resource
        if operation in {"AddTags", "ListTags", "DeleteTags"}:
            arn = request.get("ResourceArn")
            return isinstance(arn, str) and ":hyper-parameter-tuning-job/" in arn
        return operation in self._operations

    def call(self, operation: str, request: Document, account: str, region: str) -> Document:
        """The answer to a request. Raises the ServiceError of SageMaker."""
        validate(operation, request)
        return self._operations[operation]((account, region), request)

    def all_jobs(self) -> list[TuningJob]:
        """The tuning jobs of all accounts and regions."""
        with self._lock:
            return list(self._jobs.values())

    def state(self) -> Document:
        """All jobs as documents."""
        self._tuner.take_values()
        with self._lock:
            return {
                "jobs": [job.document() for job in self._jobs.values()],
                "taken": sorted(self._taken),
            }

    def restore(self, state: Document) -> None:
        """Takes back the jobs of an earlier server; `resume` continues those that ran."""
        jobs = [TuningJob.from_document(document) for document in state["jobs"]]
        with self._lock:
            self._jobs = {job.arn: job for job in jobs}
            self._taken = set(state["taken"])
        for job in jobs:
            self._index.add(_copy(job))

    def resume(self) -> None:
        """Continues the jobs that had not ended. Call it after the training service's `resume`."""
        with self._lock:
            for job in self._jobs.values():
                self._tuner.recover(job)
        self._tuner.start()

    def prepare_end(self) -> None:
        """Begins and ends no more trials. Call it before the server stops to accept requests."""
        self._tuner.finish()

    def close(self) -> None:
        """Forgets all jobs, and begins no more trials of them."""
        with self._lock:
            for job in self._jobs.values():
                job.end = End("Stopped")
            self._jobs.clear()
            self._taken.clear()
        self._index.forget()

    def _announce(self, job: TuningJob) -> None:
        self._note(job)
        self._publish(job)

    def _note(self, job: TuningJob) -> None:
        with self._lock:
            if job.arn in self._jobs:
                self._index.note(_copy(job), time.time())

    def _live(self) -> list[TuningJob]:
        with self._lock:
            return [job for job in self._jobs.values() if job.ended is None]

    def _create(self, place: Place, request: Document) -> Document:
        tuning_rules.check(request)
        for problem in tag_problems(request.get("Tags", [])):
            raise validation_error(problem)
        arn = tuning_job_arn(place, request[_NAME])
        self._refuse_duplicate(arn)
        now = time.time()
        config = request["HyperParameterTuningJobConfig"]
        job = TuningJob(
            name=request[_NAME],
            account=place[0],
            region=place[1],
            request=request,
            created=now,
            modified=now,
            seed=config.get("RandomSeed", secrets.randbits(_SEED_BITS)),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
        )
        self._warm_start(job)
        self._check_trial(job)
        with self._lock:
            self._refuse_duplicate(arn)
            tuning_rules.check_live_jobs(sum(each.place == place for each in self._live()))
            self._jobs[arn] = job
            self._taken.add(arn.lower())
        self._announce(job)
        self._tuner.wake()
        return {"HyperParameterTuningJobArn": arn}

    def _refuse_duplicate(self, arn: str) -> None:
        if arn.lower() in self._taken:
            raise ServiceError(
                "ResourceInUse",
                "Hyperparameter tuning job names must be unique within an AWS account and region, "
                f"and a tuning job with this name already exists ({arn})",
            )

    def _warm_start(self, job: TuningJob) -> None:
        """Gives a job what it takes over from its parents. Raises ServiceError."""
        if "WarmStartConfig" not in job.request:
            return
        named = [each.get(_NAME, "") for each in job.request["WarmStartConfig"][_PARENTS]]
        with self._lock:
            parents = [self._jobs.get(tuning_job_arn(job.place, name)) for name in named]
            for name, parent in zip(named, parents, strict=True):
                if parent is None:
                    raise validation_error(f"The parent tuning job {name!r} does not exist")
            found = [parent for parent in parents if parent is not None]
            for problem in warm_start.problems(job.request, found):
                raise validation_error(problem)
            job.inherited = warm_start.inherited(job, found)
            job.best_inherited = warm_start.best(found, minimises=job.minimises)

    def _check_trial(self, job: TuningJob) -> None:
        """Raises ServiceError for a definition of which no training job can be made."""
        values = {each.name: each.at(0.0) for each in ranges_of(job.config)}
        name = f"{job.name}-001-{secrets.token_hex(4)}"
        for resources in choices_of_instances(job.definition):
            sample = trial_request(job, name, values, resources)
            validate("CreateTrainingJob", sample)
            self._training.check(job.place, sample, job.arn)

    def _describe(self, place: Place, request: Document) -> Document:
        with self._lock:
            return tuning_description.describe(self._find(place, request), time.time())

    def _list(self, place: Place, request: Document) -> Document:
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.place == place]
            return tuning_listing.list_tuning_jobs(jobs, request)

    def _list_trials(self, place: Place, request: Document) -> Document:
        with self._lock:
            return tuning_listing.list_trials(self._find(place, request), request)

    def _stop(self, place: Place, request: Document) -> Document:
        with self._lock:
            job = self._find(place, request)
            if job.ended is not None:
                raise validation_error(
                    "The request was rejected because the hyperparameter tuning job is in status "
                    f"{job.status}."
                )
            ending = job.end is not None
            if not ending:
                job.end, job.modified = End("Stopped"), time.time()
        if not ending:
            self._announce(job)
            self._tuner.wake()
        return {}

    def _delete(self, place: Place, request: Document) -> Document:
        with self._lock:
            job = self._find(place, request)
            if job.ended is None:
                raise ServiceError(
                    "ResourceInUse",
                    "The request was rejected because the hyperparameter tuning job is in status "
                    f"{job.status}.",
                )
            del self._jobs[job.arn]
            self._index.remove(job, time.time())
        return {}

    def _search(self, place: Place, request: Document) -> Document:
        now = time.time()
        return search.search(SEARCHED, self._index.jobs(place, now), request, now)

    def _find(self, place: Place, request: Document) -> TuningJob:
        return self._existing(tuning_job_arn(place, request[_NAME]))

    def _existing(self, arn: str) -> TuningJob:
        """A job by its ARN. Raises ServiceError, with another code than for a training job."""
        job = self._jobs.get(arn)
        if job is None:
            raise ServiceError("ResourceNotFound", NOT_FOUND)
        return job


def _copy(job: TuningJob) -> TuningJob:
    """A copy that does not change with the job."""
    return TuningJob.from_document(job.document())
