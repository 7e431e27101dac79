"""Takes a snapshot of all data when something has changed, and restores the newest one."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from localcloud.snapshots import file, moto_state, pickling
from localcloud.snapshots.contents import Contents, DamagedError
from localcloud.snapshots.executions import end_executions
from localcloud.snapshots.gate import Gate

_DELAY_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
# Long snapshots are taken less often, so that they use no more than this share of a processor's
# time. The pause has a maximum, so that a kill does not lose too much.
_LARGEST_SHARE = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
_ATTEMPTS = 20
_log = logging.getLogger(__name__)


class Part(Protocol):
    """Something other than moto whose data are in the snapshots."""

    def state(self) -> Any:
        """The data, as documents."""

    def restore(self, state: Any) -> None:
        """Takes back what `state` returned in an earlier server."""


@dataclass(frozen=True)
class Restored:
    """What was restored of an earlier server."""

    taken: float
    """When its last snapshot was taken, in epoch seconds; 0 if there was none."""
    lost: str
    """What is missing of its data, as sentences; empty if nothing is."""


class Keeper:
    """Keeps snapshots of moto's data, and of other parts, in a folder.

    `rest` is called after each snapshot, before the pause.
    """

    def __init__(self, folder: Path, gate: Gate, rest: Callable[[], None] = lambda: None) -> None:
        self.gate = gate
        self._rest = rest
        self._folder = folder
        self._parts: dict[str, Part] = {}
        self._contents = Contents(self._objects)
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._not_kept: set[moto_state.Service] = set()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    @property
    def _snapshot(self) -> Path:
        return self._folder / file.SNAPSHOT

    @property
    def _objects(self) -> Path:
        return self._folder / "objects"

    @property
    def _complete(self) -> Path:
        """The file that exists if the snapshot has everything up to the server's end."""
        return self._folder / "complete"

    def add(self, name: str, part: Part) -> None:
        """Adds a part to the snapshots, under a name that must stay the same."""
        self._parts[name] = part

    def after(self, announce: Callable[[Any], None]) -> Callable[[Any], None]:
        """A function that calls `announce`, and then counts that as a change."""

        def announce_and_keep(what: Any) -> None:
            announce(what)
            self.changed()

        return announce_and_keep

    def restore(self) -> Restored:
        """Restores everything; a snapshot that can't be read is set aside and reported."""
        try:
            header, data = file.read(self._snapshot)
            state = pickling.load(data, self._contents)
            self._put_back(state)
        except FileNotFoundError:
            return Restored(0.0, "It began empty.")
        except (file.OtherVersionError, DamagedError) as error:
            return Restored(0.0, self._set_aside(error))
        except Exception as error:
            _log.exception("The snapshot could not be restored")
            return Restored(0.0, self._set_aside(error))
        lost = " ".join(self._losses(header.taken, state["not kept"]))
        self._complete.unlink(missing_ok=True)
        return Restored(header.taken, lost)

    def _put_back(self, state: dict[str, Any]) -> None:
        moto_state.put_back(state["moto"])
        end_executions()
        for name, part in self._parts.items():
            if name in state["parts"]:
                part.restore(state["parts"][name])

    def _set_aside(self, error: Exception) -> str:
        aside = file.set_aside(self._folder)
        self._contents = Contents(self._objects)
        return f"The snapshot can't be used: {error}. It was set aside as {aside}."

    def _losses(self, taken: float, not_kept: Iterable[str]) -> Iterable[str]:
        if not self._complete.exists():
            moment = time.strftime("%H:%M:%S", time.localtime(taken))
            yield f"The last server did not end normally: changes after {moment} may be missing."
        for uri in moto_state.remove_lost_objects():
            yield f"The content of {uri} was damaged."
        for name in not_kept:
            yield f"The data of {name} could not be kept."

    def start(self) -> None:
        """Begins to take snapshots."""
        self._thread.start()

    def changed(self) -> None:
        """Takes a snapshot soon."""
        self._changed.set()

    def finish(self) -> None:
        """Takes the last snapshot."""
        self._ended.set()
        self._changed.set()
        self._thread.join()
        self.save()
        self._complete.touch()

    def _run(self) -> None:
        while self._changed.wait() and not self._ended.wait(_DELAY_SECONDS):
            self._changed.clear()
            started = time.thread_time()
            try:
                self.save()
            except Exception:
                _log.exception("No snapshot could be taken; the next change will try again")
            self._rest()
            cost = time.thread_time() - started
            self._ended.wait(min(cost / _LARGEST_SHARE, _LONGEST_PAUSE_SECONDS))

    def save(self) -> None:
        """Takes a snapshot now. Raises OSError if the disk refuses it."""
        taken, pickled = self._take()
        self._contents.write()
        file.write(self._snapshot, pickled.data, taken)
        self._contents.keep_only(pickled.contents)

    def _take(self) -> tuple[float, pickling.Pickled]:
        for _ in range(_ATTEMPTS):
            with self.gate.closed(_PATIENCE_SECONDS), suppress(RuntimeError):
                return time.time(), self._pickle()
        raise RuntimeError("Something changed at every attempt")

    def _pickle(self) -> pickling.Pickled:
        try:
            return pickling.dump(self._state(), self._contents)
        except (pickle.PicklingError, TypeError, AttributeError):
            self._find_what_cannot_be_kept()
            return pickling.dump(self._state(), self._contents)

    def _state(self) -> dict[str, Any]:
        data = moto_state.collect()
        kept = {service: data[service] for service in data.keys() - self._not_kept}
        return {
            "moto": kept,
            "parts": {name: part.state() for name, part in self._parts.items()},
            "not kept": sorted(module for module, _ in self._not_kept),
        }

    def _find_what_cannot_be_kept(self) -> None:
        for service, data in moto_state.collect().items():
            try:
                pickling.dump(data, self._contents)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                if service not in self._not_kept:
                    _log.warning("The data of %s can't be kept: %s", service[0], error)
                self._not_kept.add(service)
