"""Sessions of the AWS SDK whose credentials are renewed, for roles and for waits of many hours.

botocore renews what it knows to expire: roles, single sign-on, the instance's own. It reads a
temporary key in a file only once, and it does not renew keys that AWS refuses before their time.

Only public parts of botocore are used here. These libraries were read; none renews keys that AWS
refuses before their time, so each would need this module besides. aws-assume-role-lib 2.10.0 (last
release in May 2022) takes no address of STS and drops the caller's profile. boto-session-manager
2.1.1, boto3-refresh-session 10.0.7 and boto3-assume 0.2.1 write to botocore's private
`_credentials`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
    create_assume_role_refresher,
)
from botocore.exceptions import NoCredentialsError

from components.training_job.aws.errors import EXPIRED_CODES
from components.training_job.aws.sdk_session import new_session

READ_AGAIN_SECONDS = 300
"""How long a temporary key from a file is used before the file is read again."""

_RENEWAL_SECONDS = 15 * 60
"""botocore renews credentials from this long before their expiry on."""

_RENEWED = "sagemaker-training-renewed"
"""The mark, in a call's context, that its credentials were renewed."""

_READ_ONCE = frozenset({"shared-credentials-file", "config-file"})
"""botocore's names of the sources that it reads once."""


def profile_session(profile: str | None, region: str) -> Any:
    """A botocore session with the credentials of a profile, or of the environment."""
    return _session(profile, region, lambda: _credentials_of(profile))


def role_session(
    caller: Any, role: dict[str, Any], profile: str | None, region: str, sts_url: str | None
) -> Any:
    """A botocore session that acts as a role, which the session `caller` assumes.

    `role` is an item of `aws:assumeRoles`, `sts_url` the address of STS (None for AWS's own).
    """
    extra = {
        "RoleSessionName": role.get("sessionName", "pulumi"),
        "ExternalId": role.get("externalId"),
    }
    request = {"RoleArn": role["roleArn"]} | {key: value for key, value in extra.items() if value}
    sts = caller.create_client("sts", endpoint_url=sts_url)
    assume = create_assume_role_refresher(sts, request)
    return _session(profile, region, lambda: DeferredRefreshableCredentials(assume, "assume-role"))


def _session(profile: str | None, region: str, load: Callable[[], Any]) -> Any:
    """A session with the credentials that `load` returns, which loads them again when need be."""
    session = new_session(profile)
    session.set_config_variable("region", region)
    session.register_component("credential_provider", CredentialResolver([_Provider(load)]))
    session.register("needs-retry", partial(_renew_expired, session))
    return session


class _Provider(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """Hands a session its credentials, by botocore's own way for that."""

    METHOD = "sagemaker-training"

    def __init__(self, load: Callable[[], Any]) -> None:
        super().__init__()
        self._load = load

    def load(self) -> Any:
        """The credentials; None where there are none, and as they are where nothing renews them."""
        first = self._load()
        if not isinstance(first, RefreshableCredentials):
            return first
        return _RenewableCredentials(first, self._load)


class _RenewableCredentials:
    """Credentials that can be replaced while clients use them; else what they are now."""

    def __init__(self, now: Any, load: Callable[[], Any]) -> None:
        self._now = now
        self._load = load

    def renew(self) -> None:
        """Loads them again; keeps them where there are none any more, for AWS's own error."""
        self._now = self._load() or self._now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._now, name)


def _credentials_of(profile: str | None) -> Any:
    """A profile's credentials, which are read again every few minutes where botocore does not.

    Another program may replace a temporary key in a file.
    """
    given = _read(profile)
    if given is None or given.method not in _READ_ONCE or not given.token:
        return given

    def read_again() -> dict[str, Any]:
        found = _read(profile)
        if found is None:
            raise NoCredentialsError
        keys = found.get_frozen_credentials()
        # botocore takes them for expiring then, so it reads them again.
        expiry = datetime.now(UTC) + timedelta(seconds=_RENEWAL_SECONDS + READ_AGAIN_SECONDS)
        return {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
            "expiry_time": expiry.isoformat(),
        }

    return DeferredRefreshableCredentials(read_again, given.method)


def _read(profile: str | None) -> Any:
    """A profile's credentials as botocore finds them; None where it finds none."""
    return new_session(profile).get_component("credential_provider").load_credentials()


def _renew_expired(
    session: Any, response: Any, request_dict: dict[str, Any], **_: Any
) -> float | None:
    """Has a call sent again at once, with other credentials, if AWS says that these have expired.

    They may have been withdrawn before their time, or the file that holds them written again since
    it was read. This is done once for each call; AWS's second refusal is raised. The answer to
    botocore's event `needs-retry`: the seconds to wait, or None.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    if code not in EXPIRED_CODES or request_dict["context"].get(_RENEWED):
        return None
    credentials = session.get_credentials()
    if not isinstance(credentials, _RenewableCredentials):
        return None
    request_dict["context"][_RENEWED] = True
    credentials.renew()
    return 0.0
