"""Runs one training job from its creation to its end."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial

from botocore.exceptions import ClientError as ServiceClientError

from localcloud.authorization.sessions import Session
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.jobs import failure_reasons, statuses, warm_pools
from localcloud.sagemaker.jobs.description import output_uri
from localcloud.sagemaker.jobs.records import Metric, TrainingJob
from localcloud.sagemaker.monitoring.host_feed import HostFeed
from localcloud.sagemaker.monitoring.metric_feed import MetricFeed
from localcloud.sagemaker.monitoring.metric_values import MetricValues
from localcloud.sagemaker.runtime import images, network_interfaces
from localcloud.sagemaker.runtime.agent import Agent
from localcloud.sagemaker.runtime.blueprint import Blueprint
from localcloud.sagemaker.runtime.cluster import Cluster
from localcloud.sagemaker.runtime.control import Control, EndedError, Interruption, Outcome
from localcloud.sagemaker.runtime.provisioning import provision, pull_image
from localcloud.sagemaker.runtime.role_clients import RoleClients
from localcloud.sagemaker.runtime.settings import Settings
from localcloud.sagemaker.sandbox.script_files import remove

Announce = Callable[[TrainingJob], None]
"""Takes a job whose status has just changed, and returns at once."""
Measured = Callable[[TrainingJob, Sequence[Metric]], None]
"""Takes values of a job's metrics that it has just printed, and returns at once."""

_STOPPED = Outcome("Stopped")
_log = logging.getLogger(__name__)


class Runner:
    """Takes one job through its statuses, on its own thread."""

    def __init__(
        self,
        job: TrainingJob,
        settings: Settings,
        access: Callable[[], RoleClients],
        announce: Announce,
        ending: threading.Event,
        measured: Measured = lambda _job, _values: None,
    ) -> None:
        """`access` assumes the job's execution role; it is called once, when the job runs.

        When `ending` is set, the server ends, and the job's end is not recorded any more.
        """
        self.job = job
        self._announce = announce
        self._ending = ending
        self._measured = measured
        self._settings = settings
        self._access = cache(access)
        self._lock = threading.RLock()
        self._control = Control(lambda: statuses.limits(job, time.time()))
        self._folder = settings.jobs / f"{job.name}-{secrets.token_hex(4)}"
        self._cluster: Cluster | None = None
        self._agent: Agent | None = None
        self._thread = threading.Thread(target=self._run, name=f"job {job.name}", daemon=True)

    def start(self) -> None:
        """Begins to run the job."""
        self._thread.start()

    def resume(self, lost: float) -> None:
        """Continues a job whose instances were lost with an earlier server, at this time."""
        if statuses.stopping(self.job):
            self._control.demand(Outcome(statuses.end_of_stop(self.job)))
        else:
            if statuses.has_instances(self.job):
                self._enter("Interrupted", now=lost)
            if statuses.secondary_status(self.job) == "Interrupted":
                self._enter("Starting")
        self.start()

    def stop(self) -> None:
        """Asks the job to end as StopTrainingJob does: SIGTERM, grace, SIGKILL."""
        self._begin_to_stop()
        self._control.demand(_STOPPED)

    def interrupt(self, interruption: Interruption) -> bool:
        """Takes the job's instances away. Returns whether it had any: whether it was training."""
        with self._lock:
            training = statuses.secondary_status(self.job) == "Training"
        if training:
            self._control.interrupt(interruption)
        return training

    def kill(self) -> None:
        """Kills the job's processes, without grace period or upload."""
        if self._cluster is not None:
            self._cluster.kill()

    def _run(self) -> None:
        retries = self.job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        outcome = self._try()
        while (
            outcome.reason == failure_reasons.INTERNAL
            and retries
            and not statuses.stopping(self.job)
        ):
            retries -= 1
            self._control.forget_instances()
            self._enter("Starting")
            outcome = self._try()
        if self._access.cache_info().currsize:
            self._access().end()
        self._finish(outcome)

    def _try(self) -> Outcome:
        """Runs the job, and returns how it ends; raises nothing."""
        try:
            return self._work()
        except EndedError as ended:
            if ended.outcome.status != "Failed":
                self._begin_to_stop()
            return ended.outcome
        except Exception as error:
            reason = failure_reasons.reason(error)
            if reason == failure_reasons.INTERNAL:
                _log.exception("Training job %s could not be run", self.job.name)
            return Outcome("Failed", reason)
        finally:
            if self._cluster is not None:
                self._cluster.close()
            if self._agent is not None:
                self._agent.close()
            remove(self._folder)

    def _work(self) -> Outcome:
        """Goes through the statuses in turn, and returns how the job ends."""
        request = self.job.request
        self._control.check()
        self._say(statuses.PREPARING)
        algorithm = request["AlgorithmSpecification"]
        image = images.find(algorithm["TrainingImage"], self._settings.data)
        blueprint = Blueprint(self.job, self._settings, self._access(), image)
        self._await_capacity()
        definitions = algorithm.get("MetricDefinitions", [])
        values = MetricValues(definitions, partial(self._measured, self.job))
        reach = blueprint.access.reach
        self._agent = Agent(self.job.name, reach, values, self._control.fail)
        return self._train_and_upload(blueprint, values, self._agent)

    def _train_and_upload(
        self, blueprint: Blueprint, metrics: MetricValues, agent: Agent
    ) -> Outcome:
        while True:
            self._cluster = cluster = Cluster(blueprint, self._folder, agent)
            with self._settings.volumes.watched(cluster.volumes(), partial(self._fail, cluster)):
                ending = self._attempt(cluster, metrics, blueprint.access.session)
            if isinstance(ending, Outcome):
                break
            self._start_again(cluster, ending)
        self._enter("Uploading")
        cluster.close()
        self.job.metrics = metrics.final()
        self._upload(cluster, ending, agent)
        return ending

    def _fail(self, cluster: Cluster, why: str) -> None:
        """Ends the job at once, for an error of its owner; called from another thread."""
        downloads = statuses.secondary_status(self.job) == "Downloading"
        step = "Data download failed:" if downloads else ""
        self._control.fail(failure_reasons.ClientError(step + why))
        # Before SIGTERM and grace period: until its end, the script goes on writing.
        cluster.kill()

    def _await_capacity(self) -> None:
        if delay := self._settings.spot.launch_delay(self.job):
            self._say(statuses.LAUNCHING)
            self._control.wait(delay)
            self._say(statuses.PREPARING)

    def _attempt(
        self, cluster: Cluster, metrics: MetricValues, session: Session
    ) -> Outcome | Interruption:
        self._control.check()
        provision(self.job.request, session)
        network_interfaces.attach(self.job)
        self._enter("Downloading")
        try:
            cluster.prepare(self._control)
        except ServiceClientError as error:
            raise failure_reasons.refused("Data download failed:", error) from error
        self._control.check()
        pull_image(self.job.request, session)
        self._enter("Training")
        reclaiming = self._settings.spot.reclaiming(self.job, self.interrupt)
        use = HostFeed(
            self._access().cloudwatch, self.job.name, cluster.measure, self._settings.host_interval
        )
        with self._published(metrics), use.running(), reclaiming:
            cluster.start(self._control)
            ending = self._train(cluster)
            cluster.finish_output()
            return ending

    def _published(self, metrics: MetricValues) -> AbstractContextManager[None]:
        """Publishes metrics while the code within runs, if any are defined."""
        if not metrics:
            return nullcontext()
        return MetricFeed(self._access().cloudwatch, self.job.name, metrics.take).running()

    def _start_again(self, cluster: Cluster, interruption: Interruption) -> None:
        """Drops the instances with everything on them, and waits for new ones."""
        self._enter("Interrupted")
        cluster.close()
        remove(self._folder)
        self._control.forget_instances()
        self._control.wait(interruption.drought)
        self._enter("Starting")
        self._say(statuses.PREPARING)

    def _train(self, cluster: Cluster) -> Outcome | Interruption:
        """Waits until every host succeeds, one fails, or the job must end or is interrupted."""
        waiting = {host.name for host in cluster.hosts}
        while waiting:
            event = self._control.next()
            if isinstance(event, Interruption):
                if not event.abrupt:
                    cluster.stop(self._control)
                return event
            if isinstance(event, Outcome):
                if event.status != "Failed":
                    self._begin_to_stop()
                cluster.stop(self._control)
                return event
            waiting.discard(event.host.name)
            if event.code != 0:
                reason = failure_reasons.algorithm_error(
                    cluster.failure_file(event.host), event.code
                )
                cluster.stop(self._control)
                return Outcome("Failed", reason)
        cluster.flush(self._settings.grace)
        # If an agent broke a pipe, the script has perhaps ended before the next one says so.
        return self._control.failure() or Outcome("Completed")

    def _upload(self, cluster: Cluster, outcome: Outcome, agent: Agent) -> None:
        """Uploads the model, unless the job failed, and always the other output."""
        target = Location.parse(output_uri(self.job))
        output = self.job.request["OutputDataConfig"]
        model = {} if outcome.status == "Failed" else {"model": cluster.folders("model")}
        folders = {**model, "output": cluster.folders("output/data")}
        agent.call("upload", output, target, self._folder, folders)

    def _begin_to_stop(self) -> None:
        with self._lock:
            if not statuses.ended(self.job) and not statuses.stopping(self.job):
                self._enter("Stopping")

    def _finish(self, outcome: Outcome) -> None:
        with self._lock:
            if self._ending.is_set():
                # Perhaps it could not reach the services any more. The next server continues it.
                return
            # A job that is stopped while its results are uploaded still ends as Stopped.
            if statuses.stopping(self.job) and outcome.status == "Completed":
                outcome = _STOPPED
            now = time.time()
            self.job.warm_pool = warm_pools.kept(self.job, outcome.reason, now)
            self._enter(outcome.status, outcome.reason, now)

    def _enter(self, status: str, message: str = "", now: float | None = None) -> None:
        with self._lock:
            now = time.time() if now is None else now
            self.job.transitions = statuses.enter(self.job.transitions, status, now, message)
            self.job.modified = now
            self._announce(self.job)

    def _say(self, message: str) -> None:
        with self._lock:
            self.job.transitions = statuses.say(self.job.transitions, message)
            self.job.modified = time.time()
