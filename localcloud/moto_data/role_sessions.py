"""What moto keeps for ever of each role that was assumed: its session, and its access key."""

from __future__ import annotations

from collections.abc import Collection

from localcloud.moto_data.backends import all_of
from localcloud.moto_data.moto_lock import in_moto


@in_moto()
def forget(access_keys: Collection[str]) -> None:
    """Forgets sessions that have ended."""
    keys = set(access_keys)
    for _, _, backend in all_of("sts"):
        for each in list(backend.assumed_roles):
            if each.access_key_id in keys:
                backend.assumed_roles.remove(each)
    for _, _, backend in all_of("iam"):
        for each in keys:
            backend.access_keys.pop(each, None)


@in_moto()
def forget_named(name: str) -> None:
    """Forgets the sessions of a name, which an earlier server has left."""
    for _, _, backend in all_of("sts"):
        forget([each.access_key_id for each in backend.assumed_roles if each.session_name == name])
