"""Publishes a job's metrics in CloudWatch while they come; the SageMaker SDK reads them there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.jobs.records import Metric
from localcloud.sagemaker.monitoring.log_streams import GROUP

_INTERVAL_SECONDS = 0.5
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
        self._take = take
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
            self._publish(self._take())
        self._publish(self._take())

    def _publish(self, metrics: list[Metric]) -> None:
        try:
            for start in range(0, len(metrics), _MOST_METRICS):
                self._put(metrics[start : start + _MOST_METRICS])
        except (BotoCoreError, ClientError):
            # A job does not fail because its metrics are lost, as with its output.
            _log.exception("Metrics of a training job were lost")

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
