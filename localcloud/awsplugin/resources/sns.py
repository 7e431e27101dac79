"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    one_of,
    reports,
    tag_list,
    tag_map,
    update_tags,
)
from localcloud.awsplugin.resources.kms import require_key, same_key
from localcloud.awsplugin.resources.policy_rules import policy_failures

_GONE = names("NotFound NotFoundException")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_EMAIL_PROTOCOLS = ("email", "email-json")
_PROTOCOLS = (
    "application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs",
)  # fmt: skip
_TOPIC = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    "archivePolicy": "ArchivePolicy",
}
_SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(inputs: Properties, fields: dict[str, str]) -> dict[str, str]:
    return {api: _text(inputs[name]) for name, api in fields.items() if inputs.get(name)}


def _create_topic(cloud: Cloud, inputs: Properties) -> str:
    require_key("CreateTopic", cloud, inputs.get("kmsMasterKeyId"))
    attributes = _attributes(inputs, _TOPIC)
    if inputs.get("fifoTopic"):
        deduplication = _text(bool(inputs.get("contentBasedDeduplication")))
        attributes |= {"FifoTopic": "true", "ContentBasedDeduplication": deduplication}
    answer = cloud.client("sns").create_topic(
        Name=inputs["name"], Attributes=attributes, Tags=tag_list(inputs.get("tagsAll"))
    )
    return str(answer["TopicArn"])


def _topic(cloud: Cloud, arn: str) -> dict[str, str]:
    return dict(cloud.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"])


def _read_topic(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    found = _topic(cloud, identity)
    tags = cloud.client("sns").list_tags_for_resource(ResourceArn=identity)["Tags"]
    fifo = found.get("FifoTopic") == "true"
    return {
        **{name: found.get(api, "") for name, api in _TOPIC.items()},
        "policy": found["Policy"] if reports(cloud, previous, "policy") else None,
        "signatureVersion": int(found.get("SignatureVersion") or 0),
        "arn": identity,
        "name": identity.rpartition(":")[2],
        "owner": found["Owner"],
        "beginningArchiveTime": "",
        "fifoTopic": fifo,
        "contentBasedDeduplication": found.get("ContentBasedDeduplication") == "true",
        "tagsAll": tag_map(tags),
    }


def _update_topic(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    sns = cloud.client("sns")
    require_key("SetTopicAttributes", cloud, inputs.get("kmsMasterKeyId"))
    for name, api in _TOPIC.items():
        old, new = state.get(name) or "", inputs.get(name) or ""
        if old != new and not (name in {"policy", "tracingConfig", "signatureVersion"} and not new):
            sns.set_topic_attributes(
                TopicArn=identity, AttributeName=api, AttributeValue=_text(new)
            )
    update_tags(sns, state, inputs, ResourceArn=identity)


def _delete_topic(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("sns").delete_topic(TopicArn=identity)


def _default_policy(cloud: Cloud, arn: str) -> str:
    """The policy that AWS gives a new topic: its owner may do everything."""
    actions = (
        "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic"
        " Subscribe ListSubscriptionsByTopic Publish"
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions.split()],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": cloud.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Statement": [statement]})


def _put_policy(cloud: Cloud, arn: str, document: str) -> None:
    cloud.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=document
    )


def _create_policy(cloud: Cloud, inputs: Properties) -> str:
    _put_policy(cloud, inputs["arn"], inputs["policy"])
    return str(inputs["arn"])


def _read_policy(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    found = _topic(cloud, identity)
    return {"arn": identity, "policy": found["Policy"], "owner": found["Owner"]}


def _update_policy(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    _put_policy(cloud, identity, inputs["policy"])


def _reset_policy(cloud: Cloud, identity: str, state: Properties) -> None:
    _put_policy(cloud, identity, _default_policy(cloud, identity))


def _subscription_failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "protocol", _PROTOCOLS)
    endpoint = inputs.get("endpoint")
    if inputs.get("protocol") in _EMAIL_PROTOCOLS and endpoint and not _EMAIL.match(endpoint):
        yield Failure("endpoint", f"{endpoint!r} is not an e-mail address")


def _subscribe(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("sns").subscribe(
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs["endpoint"],
        Attributes=_attributes(inputs, _SUBSCRIPTION),
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


def _read_subscription(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    answer = cloud.client("sns").get_subscription_attributes(SubscriptionArn=identity)
    found = answer["Attributes"]
    # No one answers AWS's mail that asks for a confirmation.
    unanswered = found["Protocol"] in _EMAIL_PROTOCOLS
    return {
        **{name: found.get(api, "") for name, api in _SUBSCRIPTION.items()},
        "rawMessageDelivery": found.get("RawMessageDelivery") == "true",
        "arn": identity,
        "topic": found["TopicArn"],
        "protocol": found["Protocol"],
        "endpoint": found["Endpoint"],
        "ownerId": found["Owner"],
        "confirmationWasAuthenticated": not unanswered,
        "pendingConfirmation": unanswered,
    }


def _update_subscription(
    cloud: Cloud, identity: str, state: Properties, inputs: Properties
) -> None:
    for name, api in _SUBSCRIPTION.items():
        old, new = state.get(name) or "", inputs.get(name) or ""
        if old != new:
            value = _text(new) if name != "rawMessageDelivery" else _text(bool(new))
            cloud.client("sns").set_subscription_attributes(
                SubscriptionArn=identity, AttributeName=api, AttributeValue=value
            )


def _unsubscribe(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("sns").unsubscribe(SubscriptionArn=identity)


def _fifo_name(name: str, inputs: Properties) -> str:
    return f"{name}.fifo" if inputs.get("fifoTopic") else name


_CREATE_TOPIC = Call(
    "sns", "CreateTopic", {"": "Attributes", "name": "Name", "tags": "Tags", "region": None}
)
_SUBSCRIBE = Call(
    "sns",
    "Subscribe",
    {
        "": "Attributes",
        "endpoint": "Endpoint",
        "protocol": "Protocol",
        "topic": "TopicArn",
        "confirmationTimeoutInMinutes": None,
        "region": None,
    },
)

TYPES = (
    ResourceType(
        type="aws:sns/topic:Topic",
        source="sns/topic.go",
        calls=(_CREATE_TOPIC,),
        create=_create_topic,
        read=_read_topic,
        update=_update_topic,
        delete=_delete_topic,
        gone=_GONE,
        name=Autoname(length=80, finish=_fifo_name),
        defaults={"contentBasedDeduplication": False, "fifoTopic": False},
        replaces=names("fifoTopic name namePrefix"),
        computed=names("name namePrefix policy signatureVersion tracingConfig"),
        outputs=names("arn beginningArchiveTime owner"),
        same={**policy("policy", "deliveryPolicy", "archivePolicy"), "kmsMasterKeyId": same_key},
        tagged=True,
    ),
    ResourceType(
        type="aws:sns/topicPolicy:TopicPolicy",
        source="sns/topic_policy.go",
        calls=(Call("sns", "SetTopicAttributes", {"arn": "TopicArn", "policy": "AttributeValue"}),),
        create=_create_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_reset_policy,
        gone=_GONE,
        validate=lambda inputs: policy_failures(inputs, "policy", "Principal", "Resource"),
        required=names("arn policy"),
        replaces=names("arn"),
        outputs=names("owner"),
        same=policy("policy"),
    ),
    ResourceType(
        type="aws:sns/topicSubscription:TopicSubscription",
        source="sns/topic_subscription.go",
        calls=(_SUBSCRIBE,),
        create=_subscribe,
        read=_read_subscription,
        update=_update_subscription,
        delete=_unsubscribe,
        gone=_GONE,
        validate=_subscription_failures,
        required=names("endpoint protocol topic"),
        defaults={
            "confirmationTimeoutInMinutes": 1,
            "endpointAutoConfirms": False,
            "rawMessageDelivery": False,
        },
        replaces=names("endpoint protocol topic"),
        computed=names("filterPolicyScope"),
        write_only=names("confirmationTimeoutInMinutes endpointAutoConfirms replayPolicy"),
        outputs=names("arn confirmationWasAuthenticated ownerId pendingConfirmation"),
        same=policy("deliveryPolicy", "filterPolicy", "redrivePolicy"),
    ),
)
