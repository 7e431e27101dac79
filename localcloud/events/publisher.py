"""Tells EventBridge what becomes of training jobs."""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid

from localcloud.events.inputs import Document
from localcloud.events.targets import publish
from localcloud.sagemaker.events import DETAIL_TYPE, SOURCE, detail
from localcloud.sagemaker.records import TrainingJob

_log = logging.getLogger(__name__)


class Publisher:
    """Publishes changes in their order, on a thread of its own: no job waits for a target."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Document] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="events", daemon=True).start()

    def announce(self, job: TrainingJob) -> None:
        """Publish a job's state as it is now."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": DETAIL_TYPE,
            "source": SOURCE,
            "account": job.account,
            "time": job.modified,
            "region": job.region,
            "resources": [job.arn],
            "detail": detail(job),
            "ingestion-time": time.time(),
        }
        self._events.put(event)

    def _run(self) -> None:
        while True:
            event = self._events.get()
            try:
                publish(event)
            except Exception:
                _log.exception("An event of a training job was lost")
