"""Publishes a job's metrics in CloudWatch while they come; the SageMaker SDK reads them there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.sagemaker.jobs.records import Metric
from localcloud.sagemaker.monitoring.delivery import Delivery
from localcloud.sagemaker.monitoring.log_streams import GROUP

MOST_VALUES = 100_000
"""Values of a job that are all published; after them, only each metric's newest at a time."""
_INTERVAL_SECONDS = 0.5
_FINISH_SECONDS = 30.0
_MOST_METRICS = 1_000

_log = logging.getLogger(__name__)


class MetricFeed:
    """Publishes every value that a job prints, on its own thread."""

    def __init__(
        self, cloudwatch: Callable[[], Any], job: str, take: Callable[[], list[Metric]]
    ) -> None:
        """`take` returns the values since it was last called."""
        self._cloudwatch = cloudwatch
        self._dimensions = [{"Name": "TrainingJobName", "Value": job}]
        self._job = job
        self._take = take
        self._values = 0
        self._delivery = Delivery(self._put, self._lose, _MOST_METRICS)
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"metrics {job}", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Publishes while the code within runs, and at its end what is left."""
        self._thread.start()
        try:
            yield
        finally:
            self._finished.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._finished.wait(_INTERVAL_SECONDS):
            self._add()
            while len(self._delivery) and not self._delivery.wait():
                self._delivery.attempt()
        self._add()
        deadline = time.monotonic() + _FINISH_SECONDS
        while len(self._delivery) and time.monotonic() < deadline:
            time.sleep(self._delivery.wait())
            self._delivery.attempt()
        self._delivery.give_up(TimeoutError("The job had ended"))

    def _add(self) -> None:
        metrics = self._take()
        self._values += len(metrics)
        if self._values > MOST_VALUES:
            metrics = list({each.name: each for each in metrics}.values())
        for metric in metrics:
            self._delivery.add(metric)

    def _lose(self, lost: list[Metric], error: Exception) -> None:
        # A job does not fail because its metrics are lost, as with its output.
        _log.error("%d values of the metrics of %s are lost: %s", len(lost), self._job, error)

    def _put(self, metrics: list[Metric]) -> None:
        self._cloudwatch().put_metric_data(
            Namespace=GROUP,
            MetricData=[
                {
                    "MetricName": each.name,
                    "Dimensions": self._dimensions,
                    "Timestamp": each.time,
                    "Value": each.value,
                }
                for each in metrics
            ],
        )
