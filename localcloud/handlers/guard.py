"""Refuses what the signer of a request may not do, before any service is called."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from localcloud.authorization import s3_demands, service_demands
from localcloud.authorization.access import check_key, require, require_for_anonymous
from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session, Sessions
from localcloud.moto_data import resources
from localcloud.moto_data.backends import account_of
from localcloud.protocol.errors import ServiceError, expired_token
from localcloud.protocol.operations import asked_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request
from localcloud.protocol.signatures import (
    REGIONS_OF_VERSION_2,
    UNSUPPORTED,
    Signer,
    check_time,
)
from localcloud.protocol.whole_numbers import is_whole_number

_ISSUED = re.compile(rb'AccessKeyId\W+(\w+).*?SessionToken\W+([^<"]+)', re.DOTALL)
_OPEN_PATHS = re.compile(r"/moto-api|/favicon\.ico$|/latest/(meta-data|api)/|.*/\.well-known/")
"""moto's own paths, and AWS's paths that need no signature."""
_OPEN_OPERATIONS = re.compile(r"AWSCognitoIdentity(Provider)?Service\..*|AssumeRoleWith\w+")
_SIGNED_BY_4 = 4
_LIFETIME = 3600
_FORBIDDEN = 403


class Guard:
    """Refuses what a role's session, or a request without a signature, may not do.

    Requests signed with other credentials may do everything, with keys that can be used.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __call__(self, request: Request, rest: Answer) -> Response:
        """Passes a request on; raises ServiceError to refuse it."""
        signer = request.signer
        check_time(signer, by_form=request.is_form)
        session = self._sessions.find(signer.access_key)
        if self._sessions.has_ended(signer.access_key):
            raise expired_token(signer.service, by_form=request.is_form)
        if session is not None and signer.token != session.token:
            raise _invalid_token(signer, request)
        if session is not None and session.expires < time.time():
            raise expired_token(signer.service, by_form=request.is_form)
        if signer.service == "s3":
            _judge_s3(request, signer, session)
        elif not signer.access_key:
            _require_signature(request)
        elif session is not None:
            for demand in _demands(request, signer.service, session):
                _require(session, demand, request)
        if session is not None and signer.service == "sts":
            return self._follow(session, request, rest)
        return rest(request)

    def _follow(self, session: Session, request: Request, rest: Answer) -> Response:
        """Passes a request on to STS, and checks from now on what the assumed role calls."""
        document = _document(request)
        seconds = _lifetime(document)
        response = rest(request)
        answer = b"".join(response.body)
        issued = _ISSUED.search(answer)
        if issued and "RoleArn" in document:
            assumed = replace(
                session,
                role=document["RoleArn"],
                name=document.get("RoleSessionName", ""),
                token=issued[2].decode(),
                issued=(now := time.time()),
                expires=now + seconds,
            )
            self._sessions.add(issued[1].decode(), assumed)
        return replace(response, body=[answer])


def _lifetime(document: service_demands.Document) -> int:
    """The seconds for which an assumed role's credentials are valid.

    Raises the ServiceError of STS for more than a role may ask for another role.
    """
    asked = str(document.get("DurationSeconds", _LIFETIME))
    seconds = int(asked) if is_whole_number(asked) else _LIFETIME  # STS itself refuses others
    if seconds > _LIFETIME and "RoleArn" in document:
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining",
        )
    return seconds


def _judge_s3(request: Request, signer: Signer, session: Session | None) -> None:
    """Raises ServiceError for a request to S3 that its signer may not make."""
    anonymous = not signer.access_key
    if anonymous and (request.method == "OPTIONS" or _OPEN_PATHS.match(request.path)):
        return
    asked = S3Request.of(request)
    bucket = resources.bucket(asked.bucket)
    if anonymous and asked.key and bucket is None:
        # S3 itself says that there is no such bucket.
        return
    if signer.version != _SIGNED_BY_4 and bucket is not None:
        _require_version_4(bucket.region_name)
    demands = [
        replace(each, context={**each.context, **signer.context})
        for each in s3_demands.demands(asked)
    ]
    for demand in demands:
        if session is not None:
            require(session, demand)
        elif anonymous and not demand.key:
            require_for_anonymous(demand)
    if any(each.key for each in demands) and (anonymous or signer.version != _SIGNED_BY_4):
        raise ServiceError(
            "InvalidArgument",
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS "
            "Signature Version 4.",
        )
    account = session.account if session is not None else account_of(signer.access_key)
    for demand in demands:
        if demand.key and bucket is not None:
            check_key(demand, account, bucket.region_name)


def _require_version_4(region: str) -> None:
    """Raises ServiceError unless a region's S3 accepts version 2 of signatures too."""
    if region not in REGIONS_OF_VERSION_2:
        raise ServiceError("InvalidRequest", UNSUPPORTED)


def _require_signature(request: Request) -> None:
    """Raises ServiceError unless the operation needs no signature."""
    target = request.target or request.operation
    if not _OPEN_OPERATIONS.fullmatch(target):
        suffix = "" if request.is_form else "Exception"
        message = "Request is missing Authentication Token"
        raise ServiceError(f"MissingAuthenticationToken{suffix}", message, _FORBIDDEN)


def _require(session: Session, demand: Demand, request: Request) -> None:
    """Raises the ServiceError of a service other than S3 for what policies don't allow."""
    try:
        require(session, demand)
    except ServiceError as error:
        if error.code == "AccessDenied" and not request.is_form:
            raise ServiceError("AccessDeniedException", error.message) from error
        if demand.action.startswith("ec2:"):
            raise ServiceError("UnauthorizedOperation", error.message, _FORBIDDEN) from error
        code = error.code.removeprefix("KMS.")
        raise ServiceError(code, error.message, error.status) from error


def _demands(request: Request, service: str, session: Session) -> Iterator[Demand]:
    if request.has_target and "Action" in request.parameters:
        raise ServiceError("InvalidAction", "The request names an operation twice")
    operation = request.operation or asked_of(request, service).operation
    return service_demands.demands(service, operation, _document(request), session)


def _document(request: Request) -> service_demands.Document:
    """The members of a request in the query protocol, or else of its JSON."""
    parameters = request.parameters
    return parameters if "Action" in parameters else _json(request)


def _json(request: Request) -> service_demands.Document:
    """The members of a request in JSON; none if it is not JSON, which the service refuses."""
    with suppress(ServiceError):
        return request.document
    return {}


def _invalid_token(signer: Signer, request: Request) -> ServiceError:
    """The error for a session's key without its token, or with another one."""
    if signer.service == "s3" and signer.token:
        message = "The provided token is malformed or otherwise invalid."
        return ServiceError("InvalidToken", message)
    if signer.service == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return ServiceError("InvalidAccessKeyId", message, _FORBIDDEN)
    if signer.service == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        return ServiceError("AuthFailure", message, 401)
    message = "The security token included in the request is invalid."
    if request.is_form:
        return ServiceError("InvalidClientTokenId", message, _FORBIDDEN)
    return ServiceError("UnrecognizedClientException", message)
