"""moto's data as bytes, and back.

moto's objects are pickled together, because they refer to each other. What can't be pickled is
replaced: locks by new ones, private keys by their PKCS #8 form, and interpreters by their history.
The content of an S3 object is replaced by its name, and so are the events of a log stream, so that
a snapshot costs only what has changed.
"""

from __future__ import annotations

import copyreg
import gc
import io
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from localcloud.snapshots.contents import Contents, DamagedError
from localcloud.snapshots.executions import interpreters
from localcloud.snapshots.log_events import log_events
from localcloud.snapshots.mappings import Reducers, mappings, new_object

LOST = "lost"
"""The attribute of an S3 object whose content could not be read."""

_NAME = "kept_as"
"""The attribute of an S3 object that has the name of its content; it never changes."""


@dataclass(frozen=True)
class Pickled:
    """A pickled state."""

    data: bytes
    contents: set[str]
    """The names of the contents that it refers to."""


def dump(state: Any, contents: Contents) -> Pickled:
    """A state as bytes; the contents of its S3 objects are put into `contents`.

    Raises the error of an object that can't be pickled, and RuntimeError if something changed
    meanwhile.
    """
    used: set[str] = set()
    file = io.BytesIO()
    pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _reducers(contents, used)
    with _no_search_for_garbage():
        pickler.dump(state)
    return Pickled(file.getvalue(), used)


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Keeps Python from looking for garbage, because requests wait meanwhile.

    A pickle makes many objects, which would cause it again and again, and no garbage.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def load(data: bytes, contents: Contents) -> Any:
    """The state that `dump` made the bytes of."""
    return _Unpickler(data, contents).load()


class _Content:
    """The reference to the content of an S3 object."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return read_content, (self._name,)


def read_content(name: str) -> bytes:
    """A placeholder in the pickle for the loader's function that reads a content."""
    raise NotImplementedError(name)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, contents: Contents) -> None:
        super().__init__(io.BytesIO(data))
        self._contents = contents

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, read_content.__name__):
            return self._read
        return super().find_class(module, name)

    def _read(self, name: str) -> bytes | None:
        try:
            return self._contents.read(name)
        except DamagedError:
            return None


def _reducers(contents: Contents, used: set[str]) -> Reducers:
    from moto.s3.models import FakeKey

    def reduce_object(key: Any) -> tuple[Any, ...]:
        name = vars(key).get(_NAME)
        if name is None or not contents.has(name):
            name = contents.put(b"" if key._value_buffer.closed else key.value)
            setattr(key, _NAME, name)
        used.add(name)
        state = {name: value for name, value in vars(key).items() if name not in _NOT_KEPT}
        state["value"] = _Content(name)
        return new_object, (type(key),), state, None, None, _set_object

    def refer(name: str) -> _Content:
        used.add(name)
        return _Content(name)

    parts = (
        *(mappings(), _locks(), _private_keys(), interpreters()),
        *({FakeKey: reduce_object}, log_events(contents, refer)),
    )
    return copyreg.dispatch_table | reduce(or_, parts)


_NOT_KEPT = {"_value_buffer", "lock"}


def _set_object(key: Any, state: dict[str, Any]) -> None:
    lost = state["value"] is None
    key.__setstate__(state | ({"value": b""} if lost else {}))
    if lost:
        setattr(key, LOST, True)


def _locks() -> Reducers:
    return {
        type(threading.Lock()): lambda _: (threading.Lock, ()),
        type(threading.RLock()): lambda _: (threading.RLock, ()),
    }


@cache
def _private_keys() -> Reducers:
    """The reducers of private keys, whose concrete types only the keys themselves show."""
    examples = (
        rsa.generate_private_key(65537, 1024),  # noqa: S505  # it protects nothing
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    )
    return {type(example): _reduce_private_key for example in examples}


def _reduce_private_key(key: Any) -> tuple[Any, ...]:
    content = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _load_private_key, (content,)


def _load_private_key(content: bytes) -> Any:
    return serialization.load_der_private_key(content, None)
