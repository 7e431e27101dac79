"""Stands before all services and turns away what a request's signer may not do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from localcloud.authorization import found, s3, services
from localcloud.authorization.demands import Demand
from localcloud.authorization.forms import form_of
from localcloud.authorization.judge import require, require_of_everybody
from localcloud.authorization.sessions import Session, Sessions
from localcloud.authorization.signatures import Signer, signer_of
from localcloud.operations import asked_of, operation_of, parameters_of
from localcloud.sagemaker.errors import ServiceError
from localcloud.wsgi import Application, Environ, StartResponse, body_of, is_form

_ISSUED = re.compile(rb'AccessKeyId\W+(\w+).*?SessionToken\W+([^<"]+)', re.DOTALL)
_OPEN_PATHS = re.compile(r"/moto-api|/favicon\.ico$|/latest/(meta-data|api)/|.*/\.well-known/")
"""The paths of moto's own, and those of AWS that ask for no signature."""
_OPEN_OPERATIONS = re.compile(r"AWSCognitoIdentity(Provider)?Service\..*|AssumeRoleWith\w+")
_SIGNED_BY_4 = 4
_FORBIDDEN = 403


class Guard:
    """A WSGI application that judges what sessions, and who does not sign, ask of another one.

    Whoever signs with other credentials may do everything.
    """

    def __init__(self, sessions: Sessions, application: Application) -> None:
        self._sessions = sessions
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raise ServiceError to refuse it."""
        signer = signer_of(environ)
        session = self._sessions.find(signer.access_key)
        if session is not None and signer.token != session.token:
            raise _invalid_token(signer, environ)
        if signer.service == "s3":
            _judge_s3(environ, signer, session)
        elif not signer.access_key:
            _require_signature(environ)
        elif session is not None:
            for demand in _demands(environ, signer.service, session):
                _require(session, demand, environ)
        if session is not None and signer.service == "sts":
            return self._follow(session, environ, start_response)
        return self._application(environ, start_response)

    def _follow(
        self, session: Session, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer STS, and judge what is then called as the role that was assumed."""
        document = _document(environ)
        answer = b"".join(self._application(environ, start_response))
        issued = _ISSUED.search(answer)
        if issued and "RoleArn" in document:
            assumed = replace(
                session,
                role=document["RoleArn"],
                name=document.get("RoleSessionName", ""),
                token=issued[2].decode(),
                issued=time.time(),
            )
            self._sessions.add(issued[1].decode(), assumed)
        return [answer]


def _judge_s3(environ: Environ, signer: Signer, session: Session | None) -> None:
    """Raise ServiceError for a request to S3 that its signer, or everybody, may not make."""
    anonymous = not signer.access_key
    trusted = session is None and not anonymous
    if trusted and signer.version == _SIGNED_BY_4 and form_of(environ) is None:
        return
    if anonymous and (
        environ["REQUEST_METHOD"] == "OPTIONS" or _OPEN_PATHS.match(environ["PATH_INFO"])
    ):
        return
    request = s3.S3Request.of(environ)
    if anonymous and request.key and found.bucket(request.bucket) is None:
        # S3 itself says that there is no such bucket.
        return
    demands = [
        replace(each, context={**each.context, **signer.context}) for each in s3.demands(request)
    ]
    for demand in demands:
        if session is not None:
            require(session, demand)
        elif anonymous and not demand.key:
            require_of_everybody(demand)
    if any(each.key for each in demands) and (anonymous or signer.version != _SIGNED_BY_4):
        raise ServiceError(
            "InvalidArgument",
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS "
            "Signature Version 4.",
        )


def _require_signature(environ: Environ) -> None:
    """Raise ServiceError unless an operation is one that needs no signature."""
    target = environ.get("HTTP_X_AMZ_TARGET") or operation_of(environ)
    if not _OPEN_OPERATIONS.fullmatch(target):
        suffix = "" if is_form(environ) else "Exception"
        message = "Request is missing Authentication Token"
        raise ServiceError(f"MissingAuthenticationToken{suffix}", message, _FORBIDDEN)


def _require(session: Session, demand: Demand, environ: Environ) -> None:
    """Raise ServiceError, in words of other services than S3, for what policies don't allow."""
    try:
        require(session, demand)
    except ServiceError as error:
        if error.code == "AccessDenied" and not is_form(environ):
            raise ServiceError("AccessDeniedException", error.message) from error
        if demand.action.startswith("ec2:"):
            raise ServiceError("UnauthorizedOperation", error.message, _FORBIDDEN) from error
        code = error.code.removeprefix("KMS.")
        raise ServiceError(code, error.message, error.status) from error


def _demands(environ: Environ, service: str, session: Session) -> Iterator[Demand]:
    if "HTTP_X_AMZ_TARGET" in environ and "Action" in parameters_of(environ):
        raise ServiceError("InvalidAction", "The request names an operation twice")
    operation = operation_of(environ) or asked_of(environ, service).operation
    return services.demands(service, operation, _document(environ), session)


def _document(environ: Environ) -> services.Document:
    """Return the members of a request in the query protocol, or else of its JSON."""
    parameters = parameters_of(environ)
    return parameters if "Action" in parameters else services.read(body_of(environ))


def _invalid_token(signer: Signer, environ: Environ) -> ServiceError:
    """Return the error for a session's key without its token, or with another one."""
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
    if is_form(environ):
        return ServiceError("InvalidClientTokenId", message, _FORBIDDEN)
    return ServiceError("UnrecognizedClientException", message)
