"""The folders that warm pools keep from job to job; each is removed soon after its pool's end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from localcloud.sagemaker.jobs.records import WarmPool
from localcloud.sagemaker.sandbox.script_files import remove

_POLL_SECONDS = 1.0
_log = logging.getLogger(__name__)


def start(jobs: Path, held: Callable[[], Iterable[WarmPool]]) -> None:
    """Starts to remove the folders of ended pools; `held` returns the pools with instances."""

    def work() -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            try:
                remove_ended(jobs, held)
            except Exception:
                _log.exception("The folders of warm pools could not be removed")

    threading.Thread(target=work, name="warm pools", daemon=True).start()


def remove_ended(jobs: Path, held: Callable[[], Iterable[WarmPool]]) -> None:
    """Removes the folders of pools that are not held any more."""
    # Looked at first: the folder of a pool that begins meanwhile is not among them.
    folders = list(jobs.glob("warm-pool-*"))
    names = {pool.folder for pool in held()} if folders else set()
    for folder in folders:
        if folder.name not in names:
            remove(folder)
