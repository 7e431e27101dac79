"""Publishes in CloudWatch how much of their instances a job's hosts use, as SageMaker does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.monitoring.log_streams import GROUP

_MOST_METRICS = 1_000
"""The values in a request to CloudWatch."""

Measured = Mapping[str, Mapping[str, float]]
"""Metrics in percent by their names, for each host by its name."""

_log = logging.getLogger(__name__)


class HostFeed:
    """Publishes what the hosts use at an interval, on its own thread."""

    def __init__(
        self,
        cloudwatch: Callable[[], Any],
        job: str,
        measure: Callable[[], Measured],
        interval: float,
    ) -> None:
        """`measure` returns the use since it was last called; `interval` is in seconds."""
        self._cloudwatch = cloudwatch
        self._job = job
        self._measure = measure
        self._interval = interval
        self._finished = threading.Event()
        self._refused = False
        self._thread = threading.Thread(target=self._run, name=f"hosts of {job}", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Publishes while the code within runs."""
        self._thread.start()
        try:
            yield
        finally:
            self._finished.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._finished.wait(self._interval):
            try:
                self._publish(self._measure())
            except (BotoCoreError, ClientError, OSError) as error:
                # A job does not fail because of its metrics. The next ones may be taken again.
                if not self._refused:
                    _log.error("The use of the hosts of %s is lost: %s", self._job, error)
                self._refused = True

    def _publish(self, measured: Measured) -> None:
        now = time.time()
        data = [
            {
                "MetricName": metric,
                "Dimensions": [{"Name": "Host", "Value": f"{self._job}/{host}"}],
                "Timestamp": now,
                "Value": value,
                "Unit": "Percent",
            }
            for host, metrics in measured.items()
            for metric, value in metrics.items()
        ]
        for start in range(0, len(data), _MOST_METRICS):
            self._cloudwatch().put_metric_data(
                Namespace=GROUP, MetricData=data[start : start + _MOST_METRICS]
            )
