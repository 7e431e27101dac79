"""AWS clients for the dynamic providers, from the same `aws:*` settings as the aws provider.

boto3 reads none of those settings. It reads AWS_ENDPOINT_URL by itself.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from components.problems import Problem
from components.training_job.aws.errors import TrainingJobError

_ACCOUNT = re.compile(r"[0-9]{12}")
_READS = ("Describe", "List", "Get", "Search")

ANSWER_SECONDS = 60
"""How long an answer may take until the call is tried again."""

_ENDPOINT_NAMES = {
    "logs": ("logs", "cloudwatchlogs", "cloudwatchlog"),
    "s3": ("s3", "s3api"),
    "service-quotas": ("servicequotas",),
}
"""The aws provider's names of the services that it has another name for, too."""


class AwsClients:
    """Builds and keeps one client per service and region, for any number of threads."""

    def __init__(self, setting: Callable[[str], Any]) -> None:
        """Clients for the settings that `setting("aws:profile")` and its like return.

        Raises:
            TrainingJobError: the settings can't be read.
        """
        try:
            self._profile = setting("aws:profile")
            roles = _decoded(setting("aws:assumeRoles"))
            self._assume_roles = [{**each, "roleArn": str(each["roleArn"])} for each in roles]
            endpoints = [{**each} for each in _decoded(setting("aws:endpoints"))]
            self._endpoints = {name: url for each in endpoints for name, url in each.items()}
            self._allowed = _accounts(setting("aws:allowedAccountIds"))
            self._forbidden = _accounts(setting("aws:forbiddenAccountIds"))
        except (KeyError, TypeError, ValueError):
            # A program around a job that is not this project's own may not have checked them.
            raise TrainingJobError(
                "the stack's aws:* settings can't be read. docs/configuration.md says how they are "
                "written."
            ) from None
        self._clients: dict[tuple[str, str], Any] = {}
        self._sessions: dict[str, Any] = {}
        self._accounts: dict[str, str] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str) -> Any:
        """The boto3 client of a service in a region.

        Raises:
            TrainingJobError: the credentials belong to an account that the settings don't allow.
        """
        if service != "sts":
            self.refuse_other_accounts(region)
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._build(service, region)
            return self._clients[service, region]

    def account(self, region: str) -> str:
        """The account that the credentials belong to."""
        if region not in self._accounts:
            answer = self.client("sts", region).get_caller_identity()
            self._accounts[region] = str(answer["Account"])
        return self._accounts[region]

    def refuse_other_accounts(self, region: str) -> None:
        """Asks AWS whose the credentials are, where the settings allow or forbid accounts.

        Raises:
            TrainingJobError: they belong to an account that the settings don't allow.
        """
        if not self._allowed and not self._forbidden:
            return
        account, problem = self.account(region), None
        remedy = "use credentials, a profile or a role of another account, or correct the list"
        if self._allowed and account not in self._allowed:
            rule = f"the credentials belong to the account {account}, which is not in it"
            problem = Problem("aws:allowedAccountIds", self._allowed, rule, remedy)
        if account in self._forbidden:
            rule = f"the credentials belong to the account {account}, which is in it"
            problem = Problem("aws:forbiddenAccountIds", self._forbidden, rule, remedy)
        if problem:
            raise TrainingJobError(str(problem))

    def _build(self, service: str, region: str) -> Any:
        from botocore.config import Config

        patience = Config(
            retries={"mode": "adaptive", "max_attempts": 10}, read_timeout=ANSWER_SECONDS
        )
        client = self._session(region).client(
            service, endpoint_url=self._endpoint(service), config=patience
        )
        # Before each try, as the engine may end between a call and its repetition.
        client.meta.events.register("before-send", _refuse_writes_without_engine)
        return client

    def _endpoint(self, service: str) -> str | None:
        """The address of a service by any of its names in the settings; None for AWS's own."""
        names = _ENDPOINT_NAMES.get(service, (service,))
        return next((self._endpoints[name] for name in names if name in self._endpoints), None)

    def _session(self, region: str) -> Any:
        """One session for all clients of a region, as a person may be asked for each one's keys."""
        if region not in self._sessions:
            self._sessions[region] = self._new_session(region)
        return self._sessions[region]

    def _new_session(self, region: str) -> Any:
        import boto3

        from components.training_job.aws.credentials import profile_session, role_session

        session = profile_session(self._profile, region)
        for role in self._assume_roles:
            session = role_session(session, role, self._profile, region, self._endpoint("sts"))
        return boto3.session.Session(region_name=region, botocore_session=session)


def client_in(clients: AwsClients, service: str, account: str, region: str) -> Any:
    """The client of a service, for something that belongs to an account.

    Raises:
        TrainingJobError: the credentials are another account's.
    """
    caller = clients.account(region)
    if caller != account:
        raise TrainingJobError(
            f"the credentials belong to the account {caller}, but the stack to {account}. "
            "Use that account's credentials or profile."
        )
    return clients.client(service, region)


def _accounts(value: Any) -> list[str]:
    """The ids of accounts in a setting: those of a list, or a single one."""
    if _ACCOUNT.fullmatch(str(value)):
        return [str(value)]
    return [str(each) for each in _decoded(value)]


def _decoded(value: Any) -> list[Any]:
    if not value:
        return []
    return list(json.loads(value)) if isinstance(value, str) else list(value)


def _refuse_writes_without_engine(event_name: str, **_: Any) -> None:
    """Stops before a write when the engine is gone.

    A dynamic-provider host outlives an engine that was killed. What it did from then on would be
    recorded nowhere, and could undo what the next `pulumi up` does meanwhile.
    """
    operation = event_name.rpartition(".")[2]
    if not operation.startswith(_READS) and not _engine_lives():
        raise EngineGoneError(f"the Pulumi engine is gone, so {operation} was not sent")


class EngineGoneError(RuntimeError):
    """The engine that started this provider no longer runs."""


def _engine_lives() -> bool:
    """Whether the engine answers at the address that it started this process with."""
    address = next((each for each in sys.argv[1:] if each.startswith("127.0.0.1:")), None)
    if address is None:  # not started by an engine, as in tests
        return True
    try:
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=5):
            return True
    except OSError:
        return False
