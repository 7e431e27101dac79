"""AWS clients for the dynamic providers, from the same `aws:*` settings as the aws provider.

boto3 reads none of those settings by itself. Endpoints of AWS_ENDPOINT_URL are boto3's own
business.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from components.problems import Problem
from components.training_job.aws.errors import EXPIRED_CODES, TrainingJobError
from components.training_job.aws.sdk_session import new_session

_READS = ("Describe", "List", "Get")

ANSWER_SECONDS = 60
"""How long an answer may take until the call is tried again."""

READ_AGAIN_SECONDS = 300
"""How long a temporary key from a file is used before the file is read again."""

_RENEWAL_SECONDS = 15 * 60
"""botocore renews credentials from this long before their expiry on."""

_RENEWED = "sagemaker-training-renewed"
"""The mark, in a call's context, that its credentials were renewed."""

_READ_ONCE = frozenset({"shared-credentials-file", "config-file"})
"""botocore's names of the sources that it reads once."""

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
            self._allowed = [str(each) for each in _decoded(setting("aws:allowedAccountIds"))]
            self._forbidden = [str(each) for each in _decoded(setting("aws:forbiddenAccountIds"))]
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
        """Ask AWS whose the credentials are, where the settings allow or forbid accounts.

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

        session = read_anew(
            lambda: boto3.session.Session(
                region_name=region, botocore_session=new_session(self._profile)
            )
        )
        for role in self._assume_roles:
            session = _assumed(session, role, region, self._endpoint("sts"))
        session.events.register("needs-retry", partial(_renew_expired, session))
        return session


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


def read_anew(new_session: Callable[[], Any]) -> Any:
    """A session that reads its credentials anew every few minutes, as a long wait needs.

    boto3 renews what it knows to expire: roles, single sign-on, the instance's own. A temporary key
    in a file, which another program replaces in time, it reads once.
    """
    session = new_session()
    given = session.get_credentials()
    if given is None or given.method not in _READ_ONCE or not given.token:
        return session
    session._session._credentials = _renewed(
        lambda: new_session().get_credentials().get_frozen_credentials(), given.method
    )
    return session


def _renewed(read: Callable[[], Any], method: str) -> Any:
    """Credentials that botocore takes for expiring, so that it reads them again."""
    from botocore.credentials import DeferredRefreshableCredentials

    def refresh() -> dict[str, Any]:
        keys = read()
        expiry = datetime.now(UTC) + timedelta(seconds=_RENEWAL_SECONDS + READ_AGAIN_SECONDS)
        return {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
            "expiry_time": expiry.isoformat(),
        }

    return DeferredRefreshableCredentials(refresh, method)


def _assumed(session: Any, role: dict[str, Any], region: str, sts_url: str | None) -> Any:
    """A session that acts as a role and renews its credentials before they expire."""
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    extra = {
        "RoleSessionName": role.get("sessionName", "pulumi"),
        "ExternalId": role.get("externalId"),
    }

    def fetch() -> dict[str, Any]:
        # A new one each time: it keeps what it fetched until that is about to expire.
        fetcher = AssumeRoleCredentialFetcher(
            partial(session._session.create_client, endpoint_url=sts_url),
            session.get_credentials(),
            role["roleArn"],
            extra_args={key: value for key, value in extra.items() if value},
        )
        return dict(fetcher.fetch_credentials())

    assumed = new_session(session._session.profile)
    # botocore has no public way to give a session credentials that renew themselves.
    assumed._credentials = DeferredRefreshableCredentials(fetch, method="assume-role")
    return boto3.session.Session(botocore_session=assumed, region_name=region)


def _renew_expired(
    session: Any, response: Any, request_dict: dict[str, Any], **_: Any
) -> float | None:
    """Have a call sent again at once, with other credentials, if AWS says that these have expired.

    They may have been withdrawn before their time, or the file that holds them written anew since
    it was read. Once for each call: what is expired after that is told. An answer to botocore's
    event `needs-retry`: the seconds to wait, or None.
    """
    from botocore.credentials import RefreshableCredentials

    credentials = session.get_credentials()
    code = response[1].get("Error", {}).get("Code") if response else None
    renewed = request_dict["context"].get(_RENEWED)
    if code not in EXPIRED_CODES or renewed or not isinstance(credentials, RefreshableCredentials):
        return None
    request_dict["context"][_RENEWED] = True
    # botocore has no public way to renew credentials before their time.
    credentials._expiry_time = datetime.now(UTC)
    return 0.0


def _decoded(value: Any) -> list[Any]:
    if not value:
        return []
    return list(json.loads(value)) if isinstance(value, str) else list(value)


def _refuse_writes_without_engine(event_name: str, **_: Any) -> None:
    """Stop before a write when the engine is gone.

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
