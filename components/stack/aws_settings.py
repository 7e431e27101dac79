"""The standard `aws:*` settings, which the aws provider and the jobs' own AWS session share.

Each key is read by both or refused: where only one read it, they could act in two accounts, and a
guard that neither reads would protect nothing. No credential is printed.
"""

from __future__ import annotations

import difflib
import inspect
import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from components.problems import Problem
from components.training_job.aws.sdk_session import profiles
from components.validation import UNKNOWN_KEY, SettingsModel, validate

_HIDDEN = "(hidden)"
_PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in the AWS SDK's order
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_ADDRESS = re.compile(r"https?://[^\s@/?#]+(/[^\s@?#]*)?")

_VARIABLES = {
    "accessKey": "AWS_ACCESS_KEY_ID",
    "secretKey": "AWS_SECRET_ACCESS_KEY",
    "token": "AWS_SESSION_TOKEN",
    "assumeRoleWithWebIdentity": "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
    "customCaBundle": "AWS_CA_BUNDLE",
    "ec2MetadataServiceEndpoint": "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "ec2MetadataServiceEndpointMode": "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "s3UsEast1RegionalEndpoint": "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
    "sharedConfigFiles": "AWS_CONFIG_FILE",
    "sharedCredentialsFiles": "AWS_SHARED_CREDENTIALS_FILE",
    "skipMetadataApiCheck": "AWS_EC2_METADATA_DISABLED",
    "useDualstackEndpoint": "AWS_USE_DUALSTACK_ENDPOINT",
    "useFipsEndpoint": "AWS_USE_FIPS_ENDPOINT",
}
"""The keys of the official provider that an environment variable stands for, which both read."""

_REMEDIES = {
    **{
        key: f"remove it, and set {variable} in the environment, which the provider and the jobs' "
        "own AWS session both read"
        for key, variable in _VARIABLES.items()
    },
    "defaultTags": "remove it; the stack's own tags come from team, environment and costCenter",
    "ignoreTags": "remove it",
    "insecure": "remove it; for a certificate authority of your own, set AWS_CA_BUNDLE",
    "maxRetries": "remove it",
    "retryMode": "remove it",
    "s3UsePathStyle": "remove it",
    "skipCredentialsValidation": "remove it",
    "skipRegionValidation": "remove it",
    "skipRequestingAccountId": "remove it; the account must be known before anything is built",
    "stsRegion": "remove it; roles are assumed in aws:region",
    "tagPolicyCompliance": "remove it",
    "tokenBucketRateLimiterCapacity": "remove it",
    "userAgents": "remove it",
}
"""What to do about each key of the official provider that is not one of `AwsSettings`."""


def _region(value: str) -> str:
    if _REGION.fullmatch(value):
        return value
    raise PydanticCustomError("region", "is not an AWS region")


def _account(value: Any) -> Any:
    """`pulumi config set --path` writes an account's id without quotes, which makes it a number.

    One that began with 0 has lost it by then, or was read as an octal number.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        return value
    if _ACCOUNT.fullmatch(str(value)):
        return str(value)
    raise PydanticCustomError("account", "is not the 12 digits of an account's id")


def _role(value: str) -> str:
    if _ROLE.fullmatch(value):
        return value
    raise PydanticCustomError("role", "is not the ARN of a role")


AccountId = Annotated[str, BeforeValidator(_account, json_schema_input_type=str | int)]
SessionName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]+$", min_length=2, max_length=64)
]
ExternalId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]+$", min_length=2, max_length=1224)
]


class AssumedRoleSettings(SettingsModel):
    """A role that the stack is built as."""

    role_arn: Annotated[str, AfterValidator(_role)] = Field(
        description="The role's ARN, as arn:aws:iam::123456789012:role/deployer."
    )
    session_name: SessionName | None = Field(
        default=None, description="The session's name, which CloudTrail shows; 2 to 64 characters."
    )
    external_id: ExternalId | None = Field(
        default=None, description="The external id that the role's trust policy asks for."
    )


class AwsSettings(SettingsModel):
    """The standard `aws:*` keys that the provider and the job's own AWS session share."""

    region: Annotated[str, AfterValidator(_region)] = Field(
        description="The AWS region, as us-east-1."
    )
    profile: str | None = Field(
        default=None, min_length=1, description="The profile of the AWS configuration files."
    )
    assume_roles: list[AssumedRoleSettings] = Field(
        default=[],
        description="The roles to assume, one after the other: "
        "[{roleArn, sessionName, externalId}].",
    )
    endpoints: list[dict[str, str]] = Field(
        default=[],
        description="Addresses of services that are not AWS's own: [{s3: https://…}].",
    )
    allowed_account_ids: list[AccountId] = Field(
        default=[],
        description="The accounts that the stack may be built in, a list of 12 digits each in "
        "quotes; empty for any.",
    )
    forbidden_account_ids: list[AccountId] = Field(
        default=[],
        description="The accounts that the stack may not be built in, a list of 12 digits each in "
        "quotes; not with allowedAccountIds.",
    )


def parse_aws(
    section: Mapping[str, Any], encrypted: Collection[str] = ()
) -> tuple[AwsSettings | None, list[Problem]]:
    """The settings in the `aws:*` values, by their names, and all that is wrong with them.

    `encrypted` names those that are encrypted in the stack's file. The settings are None where
    they can't be built.
    """
    known = {str(field.alias) for field in AwsSettings.model_fields.values()}
    hidden = known & section.keys() & set(encrypted)
    read = {key: each for key, each in section.items() if key not in hidden | _REMEDIES.keys()}
    settings, found = validate(AwsSettings, read)
    judged = settings or validate(AwsSettings, read | {"region": "us-east-1"})[0]
    problems = [
        *(_encrypted_problem(key) for key in sorted(hidden)),
        *(_not_read_problem(key) for key in section if key in _REMEDIES),
        *(each for each in found if each.path not in hidden),
        *(_rule_problems(judged) if judged else ()),
    ]
    return settings, [_printable(each) for each in problems]


def _encrypted_problem(key: str) -> Problem:
    return Problem(
        key,
        _HIDDEN,
        "is encrypted in the stack's file, and is no secret",
        f"write it in plain text, as with `pulumi config set --plaintext aws:{key}`",
    )


def _not_read_problem(key: str) -> Problem:
    return Problem(key, _HIDDEN, "this program does not read it", _REMEDIES[key])


def _printable(problem: Problem) -> Problem:
    """The problem with its namespace, and without a value that may hold a credential."""
    path, value = problem.path, problem.value
    ids = path.endswith("AccountIds")
    hidden = problem.rule == UNKNOWN_KEY or (isinstance(value, dict | list) and not ids)
    return Problem(
        path if path in _PROFILE_VARIABLES else f"aws:{path}",
        _HIDDEN if hidden or any(mark in str(value) for mark in "@{") else value,
        problem.rule,
        problem.remedy,
    )


def _rule_problems(settings: AwsSettings) -> Iterator[Problem]:
    if settings.allowed_account_ids and settings.forbidden_account_ids:
        yield Problem(
            "forbiddenAccountIds",
            settings.forbidden_account_ids,
            "the aws provider does not take it beside allowedAccountIds",
            "keep allowedAccountIds, and remove this",
        )
    yield from _profile_problems(settings)
    for position, addresses in enumerate(settings.endpoints):
        for service, address in addresses.items():
            yield from _endpoint_problems(f"endpoints.{position}.{service}", service, address)


def _profile_problems(settings: AwsSettings) -> Iterator[Problem]:
    """A profile that no file has, whether the settings name it or the environment."""
    variables = {name: os.environ.get(name) for name in _PROFILE_VARIABLES}
    named = {"profile": settings.profile, **variables}
    path, profile = next(((key, name) for key, name in named.items() if name), ("", ""))
    if not profile:
        return
    try:
        known = profiles()
    except ValueError as error:
        yield Problem(path, profile, f"the profiles can't be read: {error}", "correct that file")
        return
    if profile not in known:
        others = f", or choose one of {', '.join(known)}" if known else ""
        rule = "no AWS configuration file has this profile"
        yield Problem(path, profile, rule, f"write it into one{others}")


def _endpoint_problems(path: str, service: str, address: str) -> Iterator[Problem]:
    # Half a second that a stack without such an address need not pay.
    from pulumi_aws import ProviderEndpointArgs

    services = [*inspect.signature(ProviderEndpointArgs).parameters]
    if service not in services:
        close = difflib.get_close_matches(service, services, n=1)
        remedy = f"did you mean {close[0]}? Otherwise remove it" if close else "remove it"
        yield Problem(path, address, "is not a service of the aws provider", remedy)
    elif not _ADDRESS.fullmatch(address):
        yield Problem(path, address, "is not an address", "write it as https://storage.example.org")
