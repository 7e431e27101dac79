"""The Service Quotas API, for SageMaker's training instances."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.paging import page
from localcloud.protocol.validation import validate
from localcloud.sagemaker.jobs.quota_book import Place, Quota, QuotaBook, quotas

Document = dict[str, Any]

SERVICE = {"ServiceCode": "sagemaker", "ServiceName": "Amazon SageMaker"}
_LARGEST_PAGE = 100


class ServiceQuotas:
    """Shows quotas, and grants every increase at once."""

    name = "service-quotas"
    signing_name = "servicequotas"

    def __init__(self, book: QuotaBook) -> None:
        self._book = book
        self._changes: dict[str, Document] = {}
        self._operations: dict[str, Callable[[Place, Document], Document]] = {
            "ListServices": self._list_services,
            "ListServiceQuotas": self._list,
            "GetServiceQuota": self._get,
            "ListAWSDefaultServiceQuotas": self._list_defaults,
            "GetAWSDefaultServiceQuota": self._get_default,
            "RequestServiceQuotaIncrease": self._increase,
            "GetRequestedServiceQuotaChange": self._get_change,
        }

    def offers(self, operation: str, request: Document) -> bool:
        """Whether this service answers a request; it has no quotas of other services."""
        code = request.get("ServiceCode", SERVICE["ServiceCode"])
        return operation in self._operations and code == SERVICE["ServiceCode"]

    def call(self, operation: str, request: Document, account: str, region: str) -> Document:
        """The answer to a request. Raises the ServiceError of the service."""
        validate(operation, request, "service-quotas", _illegal)
        return self._operations[operation]((account, region), request)

    def _list_services(self, _place: Place, _request: Document) -> Document:
        return {"Services": [SERVICE]}

    def _list(self, place: Place, request: Document) -> Document:
        every = [self._show(place, quota) for quota in _chosen(request)]
        return page("Quotas", every, request, _LARGEST_PAGE)

    def _list_defaults(self, place: Place, request: Document) -> Document:
        every = [_show(place, quota, quota.default) for quota in _chosen(request)]
        return page("Quotas", every, request, _LARGEST_PAGE)

    def _get(self, place: Place, request: Document) -> Document:
        return {"Quota": self._show(place, _find(request))}

    def _get_default(self, place: Place, request: Document) -> Document:
        quota = _find(request)
        return {"Quota": _show(place, quota, quota.default)}

    def _increase(self, place: Place, request: Document) -> Document:
        quota, desired = _find(request), request["DesiredValue"]
        now = self._book.value(place, quota)
        if desired <= now:
            raise _illegal(
                f"You must provide a quota value greater than the current value of {now:g}."
            )
        self._book.apply(place, quota, float(desired))
        change = _change(place, quota, float(desired))
        self._changes[change["Id"]] = change
        return {"RequestedQuota": change}

    def _get_change(self, _place: Place, request: Document) -> Document:
        change = self._changes.get(request["RequestId"])
        if change is None:
            raise _no_such_resource()
        return {"RequestedQuota": change}

    def _show(self, place: Place, quota: Quota) -> Document:
        return _show(place, quota, self._book.value(place, quota))


def _chosen(request: Document) -> list[Quota]:
    wanted = request.get("QuotaCode")
    return [quota for code, quota in quotas().items() if wanted in {None, code}]


def _find(request: Document) -> Quota:
    quota = quotas().get(request["QuotaCode"])
    if quota is None:
        raise _no_such_resource()
    return quota


def _illegal(message: str) -> ServiceError:
    return ServiceError("IllegalArgumentException", message)


def _no_such_resource() -> ServiceError:
    return ServiceError(
        "NoSuchResourceException",
        "The request failed because the specified service or quota does not exist.",
    )


def _identity(place: Place, quota: Quota) -> Document:
    account, region = place
    return {
        **SERVICE,
        "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:sagemaker/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Unit": "None",
        "GlobalQuota": False,
    }


def _show(place: Place, quota: Quota, value: float) -> Document:
    return {
        **_identity(place, quota),
        "Value": float(value),
        "Adjustable": True,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _change(place: Place, quota: Quota, desired: float) -> Document:
    now = time.time()
    return {
        **_identity(place, quota),
        "Id": uuid.uuid4().hex,
        "DesiredValue": desired,
        "Status": "APPROVED",
        "Created": now,
        "LastUpdated": now,
        "QuotaRequestedAtLevel": "ACCOUNT",
    }
