"""AWS Chatbot, which moto lacks: the part that Slack channels need.

Every workspace counts as connected to the account, and nothing is sent. AWS does not document
these checks, so they are strict: the role, the topics and the guardrails must exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from localcloud.corrections import aws_managed_policies
from localcloud.moto_data import backends, identities
from localcloud.moto_data.moto_lock import in_moto
from localcloud.protocol.errors import ServiceError
from localcloud.protocol.validation import validate

_SERVICE = "chatbot"

_GLOBAL = "aws"
_NO_GUARDRAIL = "arn:aws:iam::aws:policy/AdministratorAccess"

Document = dict[str, Any]


class ChatbotBackend(BaseBackend):  # type: ignore[misc]
    """The channel configurations of an account by ARN, kept and reset as moto's own data are."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.channels: dict[str, Document] = {}


chatbot_backends = BackendDict(
    ChatbotBackend, _SERVICE, use_boto3_regions=False, additional_regions=[_GLOBAL]
)


class Chatbot:
    """Answers for the chat channels of Slack."""

    name = signing_name = _SERVICE

    def offers(self, _operation: str, _request: Document) -> bool:
        """True: moto has no operation of this service."""
        return True

    def call(self, operation: str, request: Document, account: str, _region: str) -> Document:
        """The answer to a request. Raises ServiceError, or NotImplementedError."""
        if operation not in _OPERATIONS:
            raise NotImplementedError
        validate(operation, request, _SERVICE, _invalid_parameter)
        with in_moto():
            return _OPERATIONS[operation](chatbot_backends[account][_GLOBAL], request)


def _create(backend: ChatbotBackend, request: Document) -> Document:
    name = request["ConfigurationName"]
    arn = f"arn:aws:chatbot::{backend.account_id}:chat-configuration/slack-channel/{name}"
    if arn in backend.channels:
        raise ServiceError("ConflictException", f"{name} exists already", 409)
    _check(backend, arn, request)
    backend.channels[arn] = {
        "LoggingLevel": "NONE",
        "UserAuthorizationRequired": False,
        "SnsTopicArns": [],
        "GuardrailPolicyArns": [_NO_GUARDRAIL],
        "Tags": [],
        "SlackChannelName": request["SlackChannelId"],
        **request,
        "SlackTeamName": request["SlackTeamId"],
        "ChatConfigurationArn": arn,
        "State": "ENABLED",
    }
    return {"ChannelConfiguration": backend.channels[arn]}


def _describe(backend: ChatbotBackend, request: Document) -> Document:
    wanted = request.get("ChatConfigurationArn")
    found = [each for arn, each in backend.channels.items() if wanted in (None, arn)]
    return {"SlackChannelConfigurations": found}


def _update(backend: ChatbotBackend, request: Document) -> Document:
    arn = request["ChatConfigurationArn"]
    changed = {**_channel(backend, arn), **request}
    _check(backend, arn, changed)
    backend.channels[arn] = changed
    return {"ChannelConfiguration": changed}


def _delete(backend: ChatbotBackend, request: Document) -> Document:
    _channel(backend, request["ChatConfigurationArn"])
    del backend.channels[request["ChatConfigurationArn"]]
    return {}


def _tag(backend: ChatbotBackend, request: Document) -> Document:
    channel = _channel(backend, request["ResourceARN"])
    tags = {tag["TagKey"]: tag for tag in [*channel["Tags"], *request["Tags"]]}
    channel["Tags"] = list(tags.values())
    return {}


def _untag(backend: ChatbotBackend, request: Document) -> Document:
    channel, gone = _channel(backend, request["ResourceARN"]), request["TagKeys"]
    channel["Tags"] = [tag for tag in channel["Tags"] if tag["TagKey"] not in gone]
    return {}


def _tags(backend: ChatbotBackend, request: Document) -> Document:
    return {"Tags": _channel(backend, request["ResourceARN"])["Tags"]}


def _channel(backend: ChatbotBackend, arn: str) -> Document:
    if arn not in backend.channels:
        raise ServiceError("ResourceNotFoundException", f"{arn} does not exist", 404)
    return backend.channels[arn]


def _check(backend: ChatbotBackend, arn: str, request: Document) -> None:
    """Refuses a channel that is taken, and a configuration that names what does not exist."""
    named = {member: request[member] for member in ("SlackTeamId", "SlackChannelId")}
    for other, each in backend.channels.items():
        if other != arn and named.items() <= each.items():
            raise ServiceError("ConflictException", f"{other} has this channel already", 409)
    missing = [
        *_missing([request["IamRoleArn"]], identities.role_exists),
        *_missing(request.get("SnsTopicArns", []), backends.topic_exists),
        *_missing(request.get("GuardrailPolicyArns", []), aws_managed_policies.exists),
    ]
    if missing:
        raise ServiceError("InvalidRequestException", f"{', '.join(missing)} does not exist")


def _missing(arns: Iterable[str], exists: Callable[[str], bool]) -> list[str]:
    return [arn for arn in arns if not exists(arn)]


def _invalid_parameter(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)


_OPERATIONS: dict[str, Callable[[ChatbotBackend, Document], Document]] = {
    "CreateSlackChannelConfiguration": _create,
    "DescribeSlackChannelConfigurations": _describe,
    "UpdateSlackChannelConfiguration": _update,
    "DeleteSlackChannelConfiguration": _delete,
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _tags,
}
