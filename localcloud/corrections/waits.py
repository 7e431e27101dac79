"""What moto waits for: other requests go on meanwhile."""

from __future__ import annotations

from functools import cache

from localcloud.moto_data.moto_lock import waiting


def correct() -> None:
    """Lets others use moto during a long poll of a queue, and while moto itself calls someone.

    moto calls the subscribers of a topic by HTTP, for example, which may be on this server.
    """
    from moto.sqs.models import Queue
    from requests import Session

    Queue.wait_for_messages = waiting(Queue.wait_for_messages)
    Session.send = waiting(Session.send)  # type: ignore[method-assign]


@cache
def correct_workflows() -> None:
    """Lets others use moto while SWF has no task for who asks for one."""
    from moto.swf import models

    models.sleep = waiting(models.sleep)
