"""Errors that go from one process to another."""

from __future__ import annotations

import pickle


def portable(value: object) -> object:
    """A value as it is, or in the place of an error that can't be sent one that says the same.

    Some errors of boto3 hold the body of their request, such as an open file. An error that can't
    be made again on the other side would end the thread that receives it.
    """
    if not isinstance(value, Exception):
        return value
    try:
        pickle.loads(pickle.dumps(value))  # noqa: S301 - made in this process
    except Exception:
        sent = RuntimeError(f"{type(value).__name__}: {value}")
        for note in getattr(value, "__notes__", ()):
            sent.add_note(note)
        return sent
    return value
