"""The provider's settings: where the endpoint is, who calls, which tags every resource gets."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import UNKNOWN, Properties, contains_unknown

REPORT_SIBLINGS: Final = "LOCALCLOUD_REPORT_SIBLINGS"
"""The variable that, with the value 1, makes a resource report what its siblings set."""

_ENVIRONMENT = "AWS_ENDPOINT_URL"
_REMEDY = (
    "this plugin serves local development only; start the local cloud and set "
    f"{_ENVIRONMENT}=http://127.0.0.1:<port>, or install the official aws plugin to use an account"
)
# What the provider calls a service, where that is not the name of its boto3 client.
_SERVICE_ALIASES = {
    "cloudwatchlog": "logs",
    "cloudwatchlogs": "logs",
    "cloudwatchevents": "events",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "s3api": "s3",
}


@dataclass(frozen=True)
class ProviderSettings:
    """The settings of one provider, checked.

    `reports_siblings`: whether a resource reports what other resources have set of it, such as a
    role the policies that are resources of their own. The official provider does.
    """

    region: str
    endpoints: Mapping[str, str]
    default_endpoint: str
    default_tags: Mapping[str, Any] = field(default_factory=dict)
    access_key: str = "local"
    secret_key: str = "local"  # noqa: S105 - the local cloud takes any
    token: str | None = None
    assume_roles: tuple[Mapping[str, Any], ...] = ()
    allowed_accounts: frozenset[str] = frozenset()
    forbidden_accounts: frozenset[str] = frozenset()
    ignored_keys: frozenset[str] = frozenset()
    ignored_prefixes: tuple[str, ...] = ()
    reports_siblings: bool = False

    def endpoint(self, service: str) -> str:
        """The loopback address that serves `service`; ValueError if none is set."""
        address = self.endpoints.get(service) or self.default_endpoint
        if not address:
            raise ValueError(f"no endpoint for {service}: {_REMEDY}")
        return address


def plain_settings(inputs: Properties) -> Properties:
    """The provider's inputs with values that travel as JSON text parsed."""
    return {name: _parsed(value) for name, value in inputs.items()}


def setting_failures(
    settings: Properties, environment: Mapping[str, str] = os.environ
) -> list[Failure]:
    """What is wrong with `settings`: no region, no endpoint, or one off this machine."""
    found = []
    if not settings.get("region") and not _environment_region(environment):
        reason = "no region is set; set `aws:region`, for example to us-east-1"
        found.append(Failure("region", reason))
    if not contains_unknown(settings.get("endpoints")):
        found.extend(_endpoint_failures(settings, environment))
    return found


def read_settings(
    settings: Properties, environment: Mapping[str, str] = os.environ
) -> ProviderSettings:
    """The checked settings; ValueError with every failure if there is one."""
    wrong = setting_failures(settings, environment)
    if wrong:
        raise ValueError("; ".join(f"{item.property}: {item.reason}" for item in wrong))
    ignored = settings.get("ignoreTags") or {}
    return ProviderSettings(
        region=settings.get("region") or _environment_region(environment),
        endpoints=_service_endpoints(settings, environment),
        default_endpoint=environment.get(_ENVIRONMENT, ""),
        default_tags=_default_tags(settings),
        access_key=settings.get("accessKey") or environment.get("AWS_ACCESS_KEY_ID", "local"),
        secret_key=settings.get("secretKey") or environment.get("AWS_SECRET_ACCESS_KEY", "local"),
        token=settings.get("token") or environment.get("AWS_SESSION_TOKEN"),
        assume_roles=tuple(settings.get("assumeRoles") or ()),
        allowed_accounts=frozenset(settings.get("allowedAccountIds") or ()),
        forbidden_accounts=frozenset(settings.get("forbiddenAccountIds") or ()),
        ignored_keys=frozenset(ignored.get("keys") or ()),
        ignored_prefixes=tuple(ignored.get("keyPrefixes") or ()),
        reports_siblings=environment.get(REPORT_SIBLINGS) == "1",
    )


def is_loopback(address: str) -> bool:
    """Whether the URL `address` names this machine and nothing else."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _endpoint_failures(settings: Properties, environment: Mapping[str, str]) -> list[Failure]:
    addresses = dict(_service_endpoints(settings, environment))
    default = environment.get(_ENVIRONMENT, "")
    if default:
        addresses[_ENVIRONMENT] = default
    if not addresses:
        return [Failure("endpoints", f"no endpoint is set; {_REMEDY}")]
    return [
        Failure("endpoints", f"{name} is {address!r}, not a loopback address; {_REMEDY}")
        for name, address in sorted(addresses.items())
        if not is_loopback(address)
    ]


def _service_endpoints(settings: Properties, environment: Mapping[str, str]) -> dict[str, str]:
    found = {
        name.removeprefix(f"{_ENVIRONMENT}_").lower().replace("_", ""): address
        for name, address in environment.items()
        if name.startswith(f"{_ENVIRONMENT}_")
    }
    for group in settings.get("endpoints") or ():
        for service, address in group.items():
            if address:
                name = service.lower()
                found[_SERVICE_ALIASES.get(name, name)] = address
    return found


def _default_tags(settings: Properties) -> Mapping[str, Any]:
    tags = (settings.get("defaultTags") or {}).get("tags") or {}
    return tags if isinstance(tags, dict) else {}


def _environment_region(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ""


def _parsed(value: Any) -> Any:
    if value is UNKNOWN or not isinstance(value, str) or value[:1] not in {"{", "[", "t", "f"}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
