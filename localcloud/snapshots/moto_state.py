"""Collects all data of moto's services, and puts them back."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from localcloud.snapshots.pickling import LOST

Service = tuple[str, str]
"""The module and the name of the class that holds a service's data."""

Data = dict[Service, dict[str, dict[str, Any]]]
"""The data by service, account and region."""


def collect() -> Data:
    """The data of all services in use."""
    from moto.core.base_backend import BackendDict

    return {
        (each.backend.__module__, each.backend.__qualname__): {
            account: dict(regions) for account, regions in list(each.items())
        }
        for each in list(BackendDict._instances)
    }


def put_back(data: Data) -> None:
    """Gives each service its data back."""
    for (module, name), accounts in data.items():
        services = _services_in(module, name)
        for account, regions in accounts.items():
            for region, backend in regions.items():
                dict.__setitem__(services[account], region, backend)
    _put_back_bucket_names()


def _services_in(module: str, name: str) -> Any:
    from moto.core.base_backend import BackendDict

    found = import_module(module)
    kept_by = getattr(found, name)
    places = (each for each in vars(found).values() if isinstance(each, BackendDict))
    return next(each for each in places if each.backend is kept_by)


def _put_back_bucket_names() -> None:
    """Fills the register of names, which are unique over all accounts."""
    from moto.s3.models import s3_backends

    for account, partition, backend in s3_backends.iter_backends():
        for name in [*backend.buckets, *backend.table_buckets]:
            s3_backends.bucket_accounts[name] = (partition, account)


def remove_lost_objects() -> list[str]:
    """Removes S3 objects whose content could not be read, and returns their URIs."""
    return [
        f"s3://{bucket.name}/{name}"
        for bucket in _buckets()
        for name, versions in list(dict(bucket.keys).items())
        if _remove_lost(bucket.keys, name, versions)
    ]


def _buckets() -> Iterator[Any]:
    from moto.s3.models import s3_backends

    for _, _, backend in s3_backends.iter_backends():
        yield from list(backend.buckets.values())


def _remove_lost(keys: Any, name: str, versions: list[Any]) -> bool:
    left = [version for version in versions if not hasattr(version, LOST)]
    if len(left) == len(versions):
        return False
    if left:
        keys.setlist(name, left)
    else:
        keys.pop(name)
    return True
