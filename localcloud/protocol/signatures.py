"""The signer of a request, for every kind of signature of AWS's clients.

A signature of version 4 is in a header, in a presigned URL or in a form for S3. Version 2, which
only S3 still accepts, has the same places. Version 4a, for endpoints that serve several regions, is
refused: the local cloud has none of these. Signatures themselves are not verified.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.whole_numbers import is_whole_number

Parameters = Mapping[str, str]
"""By their names in lower case."""

_CREDENTIAL = re.compile(
    r"(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request", re.ASCII
)
_FORBIDDEN = 403
_WEEK = 604_800
_DATE = "%Y%m%dT%H%M%SZ"
_MOST_SKEW = {"s3": 900}
_USUAL_SKEW = 300
"""Seconds between the clocks of a client and a service (IAM User Guide, "AWS API request signing":
"in most cases" five minutes; S3 documents fifteen)."""
_ALGORITHM = "AWS4-HMAC-SHA256"
_VERSION_4 = frozenset(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature")
)
_VERSION_2 = frozenset({"awsaccesskeyid", "expires", "signature"})
UNSUPPORTED = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
)
"""S3's message for a version of signatures that a bucket's region, or the local cloud, lacks."""
REGIONS_OF_VERSION_2 = frozenset(
    (
        *("us-east-1", "us-west-1", "us-west-2", "eu-west-1", "sa-east-1", "us-gov-west-1"),
        *("ap-northeast-1", "ap-southeast-1", "ap-southeast-2"),
    )
)
"""The regions whose S3 accepts version 2: those older than 2014 (botocore's endpoints.json)."""
_MALFORMED = (
    'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
)


@dataclass(frozen=True)
class Signer:
    """Who signed a request, and how."""

    access_key: str = ""
    """The access key; empty for an anonymous request."""
    service: str = "s3"
    """The service, by its name in signatures; empty if the request does not say."""
    region: str = "us-east-1"
    token: str = ""
    """The session token of temporary credentials."""
    version: int = 4
    place: str = "REST-HEADER"
    """As the condition key s3:authType names it: REST-HEADER, REST-QUERY-STRING or POST."""
    signed: float | None = None
    """The time of the signature in epoch seconds, if it has one."""

    @property
    def context(self) -> dict[str, str]:
        """The condition keys that S3 has for a signature."""
        if not self.access_key:
            return {}
        name = _ALGORITHM if self.version == 4 else "AWS"
        dated = self.signed is not None and self.version == 4
        age = {"s3:signatureAge": str(self._age)} if dated else {}
        return {"s3:authType": self.place, "s3:signatureversion": name, **age}

    @property
    def _age(self) -> int:
        return int(1000 * (time.time() - (self.signed or 0)))


def check_time(signer: Signer, *, by_form: bool) -> None:
    """Raises the service's ServiceError for a header that was signed too long ago, or never.

    `by_form` says whether the request is one of AWS's query protocol.
    """
    if not signer.access_key or signer.place != "REST-HEADER":
        return
    if signer.signed is None:
        raise _undated(signer, by_form=by_form)
    now, most = time.time(), _MOST_SKEW.get(signer.service, _USUAL_SKEW)
    if abs(now - signer.signed) <= most:
        return
    if signer.service == "s3":
        message = "The difference between the request time and the current time is too large."
        raise ServiceError("RequestTimeTooSkewed", message, _FORBIDDEN)
    if signer.service == "ec2":
        raise ServiceError("RequestExpired", "Request has expired.")
    late = signer.signed < now
    code = "SignatureDoesNotMatch" if by_form else "InvalidSignatureException"
    verb, sign = ("expired", "-") if late else ("not yet current", "+")
    order = "is now earlier than" if late else "is still later than"
    limit = _text(now - most if late else now + most)
    raise ServiceError(
        code,
        f"Signature {verb}: {_text(signer.signed)} {order} {limit} "
        f"({_text(now)} {sign} {most // 60} min.)",
        _FORBIDDEN,
    )


def _undated(signer: Signer, *, by_form: bool) -> ServiceError:
    if signer.service == "s3":
        message = "AWS authentication requires a valid Date or x-amz-date header"
        return ServiceError("AccessDenied", message, _FORBIDDEN)
    return ServiceError(
        f"IncompleteSignature{'' if by_form else 'Exception'}",
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        _FORBIDDEN,
    )


def signer(
    *,
    authorization: str,
    date: str,
    token: str,
    query: Parameters,
    form: Callable[[], Parameters],
    names_operation: Callable[[], bool],
) -> Signer:
    """The signer of a request, from a header, its URL or a browser's form.

    The first three are headers: Authorization, X-Amz-Date or else Date, and X-Amz-Security-Token.
    `form` returns the fields of a form, and `names_operation` whether the request names its
    operation, as those to S3 don't: both are asked only where they count.
    Raises ServiceError if the signature does not say who signed, or has expired.
    """
    in_query = not query.keys().isdisjoint(_SIGNING)
    if authorization and in_query:
        raise ServiceError(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
            "query string parameter or the Authorization header should be specified",
        )
    if authorization:
        return _of_header(authorization, date, token, names_operation)
    if in_query:
        return _of_query(query, names_operation)
    fields = form()
    if not fields.keys().isdisjoint(_SIGNING):
        return _of_form(fields)
    return Signer(service="" if names_operation() else "s3")


_SIGNING = {"x-amz-algorithm", "x-amz-credential", "awsaccesskeyid"}
"""Parameters of which each one shows that the URL signs the request."""


def _of_header(
    authorization: str, date: str, token: str, names_operation: Callable[[], bool]
) -> Signer:
    def refused(code: str, message: str) -> ServiceError:
        """The error of S3, or of other services, for a header without a valid signer."""
        return ServiceError("IncompleteSignature" if names_operation() else code, message)

    scheme, _, rest = authorization.partition(" ")
    if scheme == "AWS":
        key, _, signature = rest.partition(":")
        if not key or not signature:
            raise refused(
                "InvalidArgument",
                'AWS authorization header is invalid. Expected "AWS AccessKeyId:signature"',
            )
        return Signer(key, token=token, version=2, signed=_time(date))
    if scheme.startswith("AWS4-") and scheme != _ALGORITHM:
        raise refused("InvalidRequest", UNSUPPORTED)
    if scheme != _ALGORITHM:
        raise refused("InvalidArgument", "Unsupported Authorization Type")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    found = _CREDENTIAL.fullmatch(fields.get("Credential", ""))
    if found is None:
        message = f"The authorization header is malformed; {_MALFORMED}"
        raise refused("AuthorizationHeaderMalformed", message)
    service = found["service"].lower()
    return Signer(found["key"], service, found["region"], token, signed=_time(date))


def _of_query(query: Parameters, names_operation: Callable[[], bool]) -> Signer:
    token = query.get("x-amz-security-token") or query.get("securitytoken", "")
    if "x-amz-algorithm" not in query and "x-amz-credential" not in query:
        service = "" if names_operation() else "s3"
        if service:
            _check_version_2(query)
        key = query.get("awsaccesskeyid", "")
        return Signer(key, service, token=token, version=2, place="REST-QUERY-STRING")
    if not query.keys() >= _VERSION_4:
        raise _of_parameters(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
    if query["x-amz-algorithm"] != _ALGORITHM:
        raise ServiceError("InvalidRequest", UNSUPPORTED)
    found = _credential(query)
    signed = _check_version_4(query)
    return Signer(
        found["key"],
        found["service"].lower(),
        found["region"],
        token,
        place="REST-QUERY-STRING",
        signed=signed,
    )


def _of_form(fields: Parameters) -> Signer:
    token = fields.get("x-amz-security-token", "")
    if "x-amz-algorithm" not in fields and "x-amz-credential" not in fields:
        return Signer(fields.get("awsaccesskeyid", ""), token=token, version=2, place="POST")
    found, signed = _credential(fields), _time(fields.get("x-amz-date", ""))
    return Signer(found["key"], "s3", found["region"], token, place="POST", signed=signed)


def _credential(parameters: Parameters) -> re.Match[str]:
    found = _CREDENTIAL.fullmatch(parameters.get("x-amz-credential", ""))
    if found is None:
        raise _of_parameters(f"Error parsing the X-Amz-Credential parameter; {_MALFORMED}")
    return found


def _check_version_4(query: Parameters) -> float:
    """When a URL was signed. Raises ServiceError unless it is valid now."""
    signed, seconds = _time(query["x-amz-date"]), query["x-amz-expires"]
    if signed is None:
        raise _of_parameters(
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        )
    if not is_whole_number(seconds):
        raise _of_parameters("X-Amz-Expires should be a non-negative number")
    if int(seconds) > _WEEK:
        raise _of_parameters(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            f"must be less than {_WEEK} seconds"
        )
    if signed + int(seconds) < time.time():
        raise _expired()
    if signed > time.time() + _MOST_SKEW["s3"]:
        raise ServiceError("AccessDenied", "Request is not yet valid", _FORBIDDEN)
    return signed


def _check_version_2(query: Parameters) -> None:
    if not query.keys() >= _VERSION_2:
        raise ServiceError(
            "AccessDenied",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId "
            "parameters",
            _FORBIDDEN,
        )
    until = query["expires"]
    if not is_whole_number(until.removeprefix("-")):
        message = f"Invalid date (should be seconds since epoch): {until[:40]}"
        raise ServiceError("AccessDenied", message, _FORBIDDEN)
    if int(until) < time.time():
        raise _expired()


def _expired() -> ServiceError:
    return ServiceError("AccessDenied", "Request has expired", _FORBIDDEN)


def _of_parameters(message: str) -> ServiceError:
    return ServiceError("AuthorizationQueryParametersError", message)


def _time(text: str) -> float | None:
    """The time of a date as X-Amz-Date or Date has it; None if it is none."""
    with suppress(ValueError):
        return datetime.strptime(text, _DATE).replace(tzinfo=UTC).timestamp()
    with suppress(ValueError):
        return parsedate_to_datetime(text).timestamp()
    return None


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_DATE)
