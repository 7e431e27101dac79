"""boto3 clients of the local cloud's own services, over loopback.

The runtime calls CloudWatch and its logs, and a job's agent S3, like any other client, with the
credentials of the job's execution role, so that the services enforce the same rules for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any

import boto3

from localcloud.authorization.sessions import SESSION_NAME, Session, Sessions
from localcloud.sagemaker.runtime.agent_work import CONFIGURATION, Reach


@dataclass(frozen=True)
class RoleClients:
    """Clients that act as one execution role."""

    session: Session
    reach: Reach
    """How the job's agent reaches the services."""
    logs: Any
    cloudwatch: Callable[[], Any]
    """Returns the client; few jobs need it."""
    credentials: dict[str, str]
    """The script's temporary credentials, as AWS's environment variables; none if isolated."""
    end: Callable[[], None]
    """Ends the sessions: no request with their credentials is answered any more."""


def session_of_job(request: dict[str, Any], region: str) -> Session:
    """The session of a job's role, as which the service acts for the job."""
    subnets = tuple(request.get("VpcConfig", {}).get("Subnets", ()))
    return Session(request["RoleArn"], region, subnets)


class Clients:
    """Makes clients of the services at one endpoint."""

    def __init__(self, url: str, sessions: Sessions) -> None:
        self._url = url
        self._sessions = sessions
        # One session, because each parses the service models again; it is not thread-safe.
        self._session: Any = boto3.Session()
        self._lock = threading.Lock()

    @cached_property
    def _sts(self) -> Any:
        secret = {"aws_access_key_id": "service", "aws_secret_access_key": "service"}
        return self._client("sts", "us-east-1", secret)

    def of_job(self, request: dict[str, Any], region: str) -> RoleClients:
        """Assumes a job's role, for the service and for its script, and returns clients."""
        session = session_of_job(request, region)
        credentials = self._assume(session)
        isolated = request.get("EnableNetworkIsolation")
        script = {} if isolated else self._assume(replace(session, script=True))
        keys = [each["aws_access_key_id"] for each in (credentials, script) if each]
        return RoleClients(
            session=session,
            reach=Reach(self._url, region, credentials),
            logs=self._client("logs", region, credentials),
            cloudwatch=cache(partial(self._client, "cloudwatch", region, credentials)),
            credentials={name.upper(): value for name, value in script.items()},
            end=partial(self._sessions.end, keys),
        )

    def _assume(self, session: Session) -> dict[str, str]:
        """The temporary credentials of a session, whose requests are checked from now on."""
        answer = self._sts.assume_role(RoleArn=session.role, RoleSessionName=SESSION_NAME)
        given = answer["Credentials"]
        opened = replace(session, token=given["SessionToken"])
        self._sessions.add(given["AccessKeyId"], opened)
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    def _client(self, service: str, region: str, credentials: dict[str, str]) -> Any:
        with self._lock:
            return self._session.client(
                service,
                region_name=region,
                endpoint_url=self._url,
                config=CONFIGURATION,
                **credentials,
            )
