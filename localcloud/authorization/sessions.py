"""The sessions of execution roles, by their access keys."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field

from localcloud.moto_data import role_sessions
from localcloud.permissions.evaluation import Principal

SESSION_NAME = "SageMaker"
MOST_ENDED = 10_000
"""Sessions that have ended and are still known, so that their requests are refused."""


@dataclass(frozen=True)
class Session:
    """A role that was assumed: a job's execution role, or one that the job's script assumed."""

    role: str
    """The role's ARN."""
    region: str
    subnets: tuple[str, ...] = ()
    """The subnets of the job's VpcConfig; none without it."""
    script: bool = False
    """Whether the training script makes the calls, and not the service for the job."""
    name: str = SESSION_NAME
    token: str = ""
    """The token that each of its requests must have."""
    issued: float = field(default_factory=time.time)
    """When its credentials were issued, in epoch seconds."""
    expires: float = math.inf
    """When they expire, in epoch seconds. A job's credentials are valid while it runs."""

    @property
    def account(self) -> str:
        """The role's account."""
        return self.role.split(":")[4]

    @property
    def principal(self) -> Principal:
        """The caller, as policies know it."""
        partition, role = self.role.split(":")[1], self.role.rpartition("/")[2]
        arn = f"arn:{partition}:sts::{self.account}:assumed-role/{role}/{self.name}"
        return Principal(account=self.account, role=self.role, session=arn)


class Sessions:
    """All sessions whose requests are checked; requests with other credentials are not.

    A session ends with its job, or at its time. Of the ended ones, the last are still known.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, access_key: str, session: Session) -> None:
        """Checks requests with this access key from now on."""
        now = time.time()
        with self._lock:
            over = [key for key, each in self._sessions.items() if each.expires < now]
            self._sessions[access_key] = session
        self.end(over)

    def end(self, access_keys: Collection[str]) -> None:
        """Refuses requests with these access keys from now on."""
        with self._lock:
            for each in access_keys:
                self._sessions.pop(each, None)
                self._ended[each] = None
            while len(self._ended) > MOST_ENDED:
                self._ended.popitem(last=False)
        if access_keys:
            role_sessions.forget(access_keys)

    def find(self, access_key: str) -> Session | None:
        """The session of an access key; None if it is not one of a session."""
        with self._lock:
            return self._sessions.get(access_key)

    def has_ended(self, access_key: str) -> bool:
        """Whether an access key is one of the last sessions that have ended."""
        with self._lock:
            return access_key in self._ended
