"""Runs all tuning jobs on one thread: begins, observes and stops their trials."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.failure_reasons import INTERNAL
from localcloud.sagemaker.jobs.records import Metric, TrainingJob, training_job_arn
from localcloud.sagemaker.tuning.optimiser import Search, choose
from localcloud.sagemaker.tuning.ranges import ranges_of
from localcloud.sagemaker.tuning.scheduler import Decision, decide
from localcloud.sagemaker.tuning.trial_requests import choices_of_instances, trial_request
from localcloud.sagemaker.tuning.tuning_records import (
    MOST_VALUES,
    End,
    Point,
    Trial,
    TuningJob,
)

_TICK_SECONDS = 0.5
"""The longest pause between two looks at the jobs: for limits of time, and for a free quota."""
_LONGEST_REASON = 1024
_TRIED_AGAIN = ("ResourceLimitExceeded", "ServiceUnavailable")
"""A trial that finds no quota waits; one that is created as the server ends is for the next one."""
_log = logging.getLogger(__name__)


class Tuner:
    """Takes tuning jobs from trial to trial, as the watcher of the training service."""

    def __init__(
        self,
        training: TrainingService,
        live_jobs: Callable[[], Iterable[TuningJob]],
        announce: Callable[[TuningJob], None],
        note: Callable[[TuningJob], None],
        lock: threading.RLock,
    ) -> None:
        """`announce` takes a job whose status has changed, `note` one whose trials have.

        `lock` is held while a job's record is changed.
        """
        self._training = training
        self._live_jobs = live_jobs
        self._announce = announce
        self._note = note
        self._lock = lock
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._values: queue.SimpleQueue[tuple[TrainingJob, Metric]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tuning", daemon=True)
        training.watch(self)

    def start(self) -> None:
        """Begins to run the jobs."""
        self._thread.start()

    def wake(self) -> None:
        """Looks at the jobs soon."""
        self._woken.set()

    def finish(self) -> None:
        """Changes no job any more."""
        self._ending.set()
        self._woken.set()

    def recover(self, job: TuningJob) -> None:
        """Corrects the record of a job of an earlier server by its training jobs.

        The last snapshot has them as they were a moment before the record: of a tuning job that has
        ended or of a trial that was stopped, the training job may go on.
        """
        for trial in job.trials:
            if trial.live and self._training_job(job, trial) is None:
                trial.status = ""  # lost with the server
            self._observe(job, trial)
            trial.asked_to_stop = trial.asked_to_stop and trial.status != "InProgress"
        if job.ended is not None and any(each.live for each in job.trials):
            stopped = job.end is not None and job.end.status == "Stopped"
            job.ended, job.end = None, job.end if stopped else None

    def changed(self, job: TrainingJob) -> None:
        """Takes a training job whose status has just changed."""
        if job.tuning_job_arn:
            self._woken.set()

    def measured(self, job: TrainingJob, values: Sequence[Metric]) -> None:
        """Takes values of a training job's metrics."""
        if job.tuning_job_arn:
            for value in values:
                self._values.put((job, value))
            self._woken.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._woken.wait(_TICK_SECONDS)
            self._woken.clear()
            self.take_values()
            for job in list(self._live_jobs()):
                if self._ending.is_set():
                    return
                self._advance(job)

    def take_values(self) -> None:
        """Records the objectives that trials have printed so far."""
        with self._lock, suppress(queue.Empty):
            jobs = {job.arn: job for job in self._live_jobs()}
            while True:
                training, metric = self._values.get_nowait()
                job = jobs.get(training.tuning_job_arn)
                if job is not None and metric.name == job.objective:
                    _record(job, training.name, metric.value)

    def _advance(self, job: TuningJob) -> None:
        """Does what has to be done for a job now; raises nothing."""
        try:
            self._step(job)
        except Exception:
            _log.exception("Tuning job %s failed", job.name)
            with self._lock:
                job.end = job.end or End("Failed", INTERNAL)

    def _step(self, job: TuningJob) -> None:
        with self._lock:
            for trial in job.trials:
                if trial.live:
                    self._observe(job, trial)
            decision = decide(job, time.time())
            if decision.converged:
                job.converged = time.time()
            if decision.end is not None:
                job.end = decision.end
        self._stop(job, decision.stop)
        if job.end is None:
            self._launch(job, decision)
        else:
            self._finish(job)

    def _observe(self, job: TuningJob, trial: Trial) -> None:
        """Takes over what a trial's training job says of itself."""
        training = self._training_job(job, trial)
        if training is None:
            if trial.status and trial.live:  # it ended, and was deleted at once
                trial.status, trial.ended = "Stopped", time.time()
            return
        before = trial.status
        trial.status = statuses.status(training)
        trial.created = training.created
        trial.started = statuses.training_start(training)
        trial.ended = statuses.training_end(training)
        trial.failure = statuses.failure_reason(training) or ""
        trial.seconds = statuses.training_seconds(training)
        if before != trial.status:
            job.modified = max(job.modified, training.modified)
            self._note(job)

    def _stop(self, job: TuningJob, trials: Iterable[Trial]) -> None:
        for trial in trials:
            trial.asked_to_stop = True
            training = self._training_job(job, trial)
            if training is not None:
                with suppress(ServiceError):  # it has just ended
                    self._training.stop(training)

    def _training_job(self, job: TuningJob, trial: Trial) -> TrainingJob | None:
        return self._training.find(training_job_arn(*job.place, trial.name))

    def _launch(self, job: TuningJob, decision: Decision) -> None:
        """Creates the training jobs of trials that have none, and then of new trials.

        A trial for which there is no quota waits for it.
        """
        waiting = [each for each in job.trials if not each.status]
        for trial in waiting:
            if not self._create(job, trial):
                return
        for _ in range(decision.launch):
            if self._ending.is_set() or job.end is not None:
                return
            trial = self._new_trial(job)
            with self._lock:
                job.trials.append(trial)
            if not self._create(job, trial):
                return

    def _new_trial(self, job: TuningJob) -> Trial:
        search = Search(
            job.config["Strategy"], ranges_of(job.config), job.seed, minimises=job.minimises
        )
        own = [
            Point(each.parameters, None if each.live else each.value, pending=each.live)
            for each in job.trials
        ]
        number = len(own) + 1
        return Trial(
            number=number,
            tuning=job.name,
            name=f"{job.name}-{number:03}-{secrets.token_hex(4)}",
            parameters=choose(search, job.inherited, own),
        )

    def _create(self, job: TuningJob, trial: Trial) -> bool:
        """Creates a trial's training job; returns whether that succeeded.

        Of several choices of instances, the first for which there is a quota counts.
        """
        for resources in choices_of_instances(job.definition):
            request = trial_request(job, trial.name, trial.parameters, resources)
            try:
                self._training.start(job.place, request, job.arn)
            except ServiceError as error:
                if error.code in _TRIED_AGAIN:
                    continue
                reason = f"ClientError: {error.message}"[:_LONGEST_REASON]
                with self._lock:
                    job.end = job.end or End("Failed", reason)
                self._woken.set()
                return False
            with self._lock:
                self._observe(job, trial)
            return True
        return False

    def _finish(self, job: TuningJob) -> None:
        """Ends a job as soon as no trial runs."""
        with self._lock:
            job.trials = [each for each in job.trials if each.status]
            if any(each.live for each in job.trials):
                return
            job.ended = job.modified = time.time()
        self._announce(job)


def _record(job: TuningJob, name: str, value: float) -> None:
    """Records a value of the objective of the trial with this training job."""
    trial = next((each for each in job.trials if each.name == name), None)
    if trial is not None:
        trial.value = value
        if len(trial.values) < MOST_VALUES:
            trial.values.append(value)
