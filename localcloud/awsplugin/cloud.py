"""The caller's view of the cloud: clients, account, region."""

from __future__ import annotations

import os
from functools import cached_property
from threading import Lock
from typing import Any

from localcloud.awsplugin.provider_settings import ProviderSettings

_SESSION_NAME = "pulumi"


class Cloud:
    """Clients of one region with the provider's credentials; made when first used, then kept.

    Safe to use from several threads.
    """

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self.region = settings.region
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = Lock()

    def client(self, service: str) -> Any:
        """The client of `service` in this region."""
        return self._client(service, self.region)

    def in_region(self, region: str | None) -> Cloud:
        """The same cloud in another region."""
        return _Regional(self, region) if region and region != self.region else self

    @cached_property
    def account(self) -> str:
        """The account that the caller belongs to."""
        return str(self.identity["Account"])

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What STS says about the caller."""
        return dict(self.client("sts").get_caller_identity())

    @property
    def partition(self) -> str:
        """The partition of the region: aws, aws-cn or aws-us-gov."""
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((p for start, p in prefixes.items() if self.region.startswith(start)), "aws")

    def arn(self, service: str, resource: str) -> str:
        """The ARN of `resource` of `service` in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @cached_property
    def _credentials(self) -> dict[str, Any]:
        settings = self.settings
        keys = {
            "aws_access_key_id": settings.access_key,
            "aws_secret_access_key": settings.secret_key,
            "aws_session_token": settings.token,
        }
        for role in settings.assume_roles:
            keys = self._assume(keys, role)
        return keys

    def _assume(self, keys: dict[str, Any], role: Any) -> dict[str, Any]:
        request = {
            "RoleArn": role.get("roleArn"),
            "RoleSessionName": role.get("sessionName") or _SESSION_NAME,
            "ExternalId": role.get("externalId"),
        }
        answer = self._new_client("sts", self.region, keys).assume_role(
            **{name: value for name, value in request.items() if value}
        )
        granted = answer["Credentials"]
        return {
            "aws_access_key_id": granted["AccessKeyId"],
            "aws_secret_access_key": granted["SecretAccessKey"],
            "aws_session_token": granted["SessionToken"],
        }

    def _client(self, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self._clients:
            with self._lock:
                if key not in self._clients:
                    self._clients[key] = self._new_client(service, region, self._credentials)
        return self._clients[key]

    def _new_client(self, service: str, region: str, keys: dict[str, Any]) -> Any:
        from botocore.config import Config  # half a second, which few previews need

        config = Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path"},
            proxies={},
        )
        return self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self.settings.endpoint(service),
            config=config,
            **keys,
        )

    @cached_property
    def _session(self) -> Any:
        from botocore.session import Session

        # The user's own profiles and settings must not count here.
        session = Session({"profile": (None, None, None, None)})
        session.set_config_variable("config_file", os.devnull)
        session.set_config_variable("credentials_file", os.devnull)
        return session


class _Regional(Cloud):
    """Another region of a cloud, with the same clients' store and identity."""

    def __init__(self, home: Cloud, region: str) -> None:
        self._home = home
        self.settings = home.settings
        self.region = region

    def client(self, service: str) -> Any:
        return self._home._client(service, self.region)

    def in_region(self, region: str | None) -> Cloud:
        return self if region == self.region else self._home.in_region(region)

    @property
    def account(self) -> str:
        return self._home.account
