"""The errors of the services."""

from __future__ import annotations

NOT_FOUND = "Requested resource not found."


class ServiceError(Exception):
    """An error that the caller sees: its code, its message and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> ServiceError:
    """The answer to a request that breaks a rule."""
    return ServiceError("ValidationException", message)


def not_found() -> ServiceError:
    """SageMaker's answer to Describe and Stop for a job that does not exist."""
    return validation_error(NOT_FOUND)


def unavailable() -> ServiceError:
    """The answer while the server ends; SDKs send the request again."""
    return ServiceError("ServiceUnavailable", "The local cloud is stopping. Try again.", 503)


def incomplete() -> ServiceError:
    """The answer to a body that ends before its announced length."""
    return ServiceError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )


def stalled() -> ServiceError:
    """The answer to a request whose sender has paused for too long."""
    return ServiceError(
        "RequestTimeout",
        "Your socket connection to the server was not read from or written to within the timeout "
        "period. Idle connections will be closed.",
    )


def malformed_xml() -> ServiceError:
    """S3's answer to a body that is not XML, or not the expected XML."""
    return ServiceError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def expired_token(service: str, *, by_form: bool) -> ServiceError:
    """A service's answer to temporary credentials whose time is over.

    `by_form` says whether the request is one of AWS's query protocol.
    """
    if service == "ec2":
        return ServiceError("RequestExpired", "Request has expired.")
    if service == "s3":
        return ServiceError("ExpiredToken", "The provided token has expired.")
    code = "ExpiredToken" if by_form else "ExpiredTokenException"
    return ServiceError(code, "The security token included in the request is expired")
