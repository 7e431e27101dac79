"""The standard `aws:*` settings, which the aws provider and the jobs' own AWS session share.

Each key is read by both, or refused. If only one of them read it, the two could act in different
accounts; if neither did, a key that should protect the stack would do nothing. No credential is
printed.
"""

from __future__ import annotations

import difflib
import inspect
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from components.arns import is_region
from components.problems import Problem
from components.stack.lost_forms import lost_forms, with_lost_forms
from components.training_job.aws.sdk_session import profiles
from components.validation import UNKNOWN_KEY, SettingsModel, validate

_HIDDEN = "(hidden)"
_PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in the AWS SDK's order
ACCOUNT = re.compile(r"[0-9]{12}")
ADDRESS = re.compile(r"https?://[^\s@/?#]+(/[^\s@?#]*)?")
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")

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
"""Keys of the official provider, with the environment variable that both read in their place."""

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
    "s3UsePathStyle": "remove it; at an IP address as endpoint, buckets are in the path anyway",
    "skipCredentialsValidation": "remove it",
    "skipRegionValidation": "remove it",
    "skipRequestingAccountId": "remove it; the account must be known before anything is built",
    "stsRegion": "remove it; roles are assumed in aws:region",
    "tagPolicyCompliance": "remove it",
    "tokenBucketRateLimiterCapacity": "remove it",
    "userAgents": "remove it",
}
"""What to do about each key of the official provider that is not one of `AwsSettings`."""


def _text_like(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    """Accepts a text that matches a pattern as a whole, and says the rule of any other."""

    def matching(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        raise PydanticCustomError("text", "{rule}", {"rule": rule})

    return AfterValidator(matching)


def _account(value: Any) -> Any:
    """An account's id as text: `pulumi config set --path` writes it without quotes, as a number.

    An id that begins with 0 is refused if it comes as a number, as it has lost the 0 by then.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        return value
    if ACCOUNT.fullmatch(str(value)):
        return str(value)
    raise PydanticCustomError("account", "is not the 12 digits of an account's id")


def _accounts(value: Any) -> Any:
    """A single account is a list of one; `pulumi new` asks only for texts."""
    return [value] if isinstance(value, int | str) and not isinstance(value, bool) else value


def _region(value: str) -> str:
    """A region of a partition that botocore knows; it may be newer than botocore."""
    if is_region(value):
        return value
    raise PydanticCustomError("region", "is not an AWS region")


Region = Annotated[str, AfterValidator(_region)]
RoleArn = Annotated[str, _text_like(ROLE_ARN, "is not the ARN of a role")]
AccountId = Annotated[str, BeforeValidator(_account, json_schema_input_type=str | int)]
AccountIds = Annotated[
    list[AccountId],
    BeforeValidator(_accounts, json_schema_input_type=list[AccountId] | AccountId),
]
SessionName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]+$", min_length=2, max_length=64)
]
ExternalId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]+$", min_length=2, max_length=1224)
]


class AssumedRoleSettings(SettingsModel):
    """A role that the program takes on before it builds the stack."""

    role_arn: RoleArn = Field(
        description="The role's ARN, as arn:aws:iam::123456789012:role/deployer."
    )
    session_name: SessionName | None = Field(
        default=None, description="The session's name, which CloudTrail shows; 2 to 64 characters."
    )
    external_id: ExternalId | None = Field(
        default=None, description="The external id that the role's trust policy asks for."
    )


class AwsSettings(SettingsModel):
    """The standard `aws:*` keys that the provider and the jobs' own AWS session share."""

    region: Region = Field(description="The AWS region, as us-east-1.")
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
        description="Addresses of services, to use instead of AWS's own: [{s3: https://…}].",
    )
    allowed_account_ids: AccountIds = Field(
        default=[],
        description="The accounts that the stack may be built in: ids of 12 digits, each in "
        "quotes. A single one needs no list. Empty for any account.",
    )
    forbidden_account_ids: list[AccountId] = Field(
        default=[],
        description="The accounts that the stack may not be built in: ids of 12 digits, each in "
        "quotes. Not together with allowedAccountIds.",
    )


def parse_aws(
    section: Mapping[str, Any], encrypted: Collection[str] = ()
) -> tuple[AwsSettings | None, list[Problem]]:
    """The settings in the `aws:*` values, and everything that is wrong with them.

    Args:
        section: the values, by their names without `aws:`.
        encrypted: the names of those that are encrypted in the stack's file.

    Returns:
        The settings, None if they can't be built, and the problems.
    """
    known = {str(field.alias) for field in AwsSettings.model_fields.values()}
    unreadable = known & section.keys() & set(encrypted)
    refused = _REMEDIES.keys() & section.keys()
    rest = {key: value for key, value in section.items() if key not in unreadable | refused}
    settings, found = validate(AwsSettings, rest)
    # Without a region there are no settings. The rules for the others are checked with any region.
    judged = settings or validate(AwsSettings, rest | {"region": "us-east-1"})[0]
    problems = [
        *(_encrypted_problem(key) for key in sorted(unreadable)),
        *(_refused_problem(key) for key in section if key in refused),
        *(each for each in found if each.path not in unreadable),
        *(_rule_problems(judged) if judged else ()),
    ]
    return settings, [_printable(each) for each in with_lost_forms(lost_forms(rest), problems)]


def _encrypted_problem(key: str) -> Problem:
    return Problem(
        key,
        _HIDDEN,
        "is encrypted in the stack's file, and must be in plain text, as it is not a secret",
        f"write it in plain text, with `pulumi config set --plaintext aws:{key}`",
    )


def _refused_problem(key: str) -> Problem:
    return Problem(key, _HIDDEN, "this program does not read it", _REMEDIES[key])


def _printable(problem: Problem) -> Problem:
    """The problem by its full name, and without a value that may hold a credential."""
    path = problem.path if problem.path in _PROFILE_VARIABLES else f"aws:{problem.path}"
    return replace(problem, path=path, value=_HIDDEN if _may_be_secret(problem) else problem.value)


def _may_be_secret(problem: Problem) -> bool:
    """Whether a problem's value may hold a credential.

    That is any value of an unknown key, any section, any list but one of accounts' ids, and any
    text with a sign that is in an address with a password, or in a section.
    """
    value = problem.value
    if problem.rule == UNKNOWN_KEY or any(sign in str(value) for sign in "@{"):
        return True
    return isinstance(value, dict | list) and not problem.path.endswith("AccountIds")


def _rule_problems(settings: AwsSettings) -> Iterator[Problem]:
    if settings.allowed_account_ids and settings.forbidden_account_ids:
        yield Problem(
            "forbiddenAccountIds",
            settings.forbidden_account_ids,
            "the aws provider does not take it together with allowedAccountIds",
            "keep allowedAccountIds, and remove this",
        )
    yield from _profile_problems(settings)
    for position, addresses in enumerate(settings.endpoints):
        for service, address in addresses.items():
            yield from _endpoint_problems(f"endpoints.{position}.{service}", service, address)


def _profile_problems(settings: AwsSettings) -> Iterator[Problem]:
    """A profile that the settings or the environment name, and that no file has."""
    variables = {name: os.environ.get(name) for name in _PROFILE_VARIABLES}
    named = {"profile": settings.profile, **variables}
    path, profile = next(((path, name) for path, name in named.items() if name), ("", ""))
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


def endpoint_services() -> list[str]:
    """The services whose address the aws provider takes."""
    # The import takes half a second, which a stack without such an address does not need to wait.
    from pulumi_aws import ProviderEndpointArgs

    return [*inspect.signature(ProviderEndpointArgs).parameters]


def _endpoint_problems(path: str, service: str, address: str) -> Iterator[Problem]:
    services = endpoint_services()
    if service not in services:
        close = difflib.get_close_matches(service, services, n=1)
        meant = f"did you mean {close[0]}? Otherwise " if close else ""
        yield Problem(path, address, "is not a service of the aws provider", f"{meant}remove it")
    elif not ADDRESS.fullmatch(address):
        yield Problem(path, address, "is not an address", "write it as https://storage.example.org")
