"""Delivers events to the targets of EventBridge rules.

moto does not know topics and state machines as targets: PutEvents fails for every event that
matches such a rule. moto also ignores that a rule is disabled, and a rule that has only a schedule
matches everything.
"""

from __future__ import annotations

import copy
import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localcloud.events import state_machines
from localcloud.events.inputs import Document, target_input
from localcloud.moto_data.moto_lock import in_moto

_SHOWN = ("version", "id", "detail-type", "source", "account", "time", "region", "resources")
_log = logging.getLogger(__name__)


def correct() -> None:
    """Makes moto's rules deliver with this module."""
    from moto.events.models import Rule

    deliver_elsewhere = Rule.send_to_targets

    def send(rule: Any, event: Document, transform_input: bool = True) -> None:
        if rule.state != "DISABLED" and _matches(rule, event):
            _deliver(rule, event, lambda each: deliver_elsewhere(each, event, transform_input))

    Rule.send_to_targets = send


@in_moto()
def publish(event: Document) -> None:
    """Gives an event, in moto's form, to the rules of its account's and region's default bus."""
    from moto.events.models import events_backends

    bus = events_backends[event["account"]][event["region"]].event_buses["default"]
    # A copy: while a target is called, other threads may add rules.
    for rule in list(bus.rules.values()):
        rule.send_to_targets(event)


def run_on_schedule(rule: Any) -> None:
    """Sends the event of a rule's schedule to the rule's targets."""
    event = scheduled_event(rule.account_id, rule.region_name, "aws.events", rule.arn)
    for target in rule.targets:
        _attempt(rule.arn, target, event)


def scheduled_event(account: str, region: str, source: str, arn: str) -> Document:
    """The event of a schedule that is due."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": account,
        "time": _written(time.time()),
        "region": region,
        "resources": [arn],
        "detail": {},
    }


def send(target: Document, text: str) -> None:
    """Sends a text to a topic, queue, log group or state machine. Raises the service's error."""
    from moto.utilities.arns import parse_arn

    arn = parse_arn(target["Arn"])
    _SENDERS[arn.service](arn, target, text)


def _matches(rule: Any, event: Document) -> bool:
    """Whether an event matches a rule. A pattern that makes no sense to moto matches nothing."""
    try:
        has_pattern = bool(rule.event_pattern.get_pattern())
        return has_pattern and bool(rule.event_pattern.matches_event(event))
    except Exception as error:
        _log.warning("The pattern of %s can't be matched: %s", rule.arn, error, exc_info=True)
        return False


def _deliver(rule: Any, event: Document, deliver_elsewhere: Callable[[Any], None]) -> None:
    shown = {name: event[name] for name in _SHOWN}
    document = {**shown, "time": _written(event["time"]), "detail": event["detail"]}
    for target in rule.targets:
        if _service(target) in _SENDERS:
            _attempt(rule.arn, target, document)
        else:
            narrowed = copy.copy(rule)
            narrowed.targets = [target]
            deliver_elsewhere(narrowed)


def _attempt(rule_arn: str, target: Document, event: Document) -> None:
    """Sends an event to a target; as in EventBridge, a failure does not affect other targets."""
    try:
        send(target, target_input(target, event, rule_arn))
    except Exception as error:
        _log.warning(
            "%s could not send an event to %s: %s", rule_arn, target["Arn"], error, exc_info=True
        )


def _service(target: Document) -> str:
    service: str = target["Arn"].split(":")[2]
    return service


def _written(when: float | str) -> str:
    if isinstance(when, str):
        return when
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _to_topic(arn: Any, target: Document, text: str) -> None:
    from moto.sns.models import sns_backends

    sns_backends[arn.account][arn.region].publish(text, target["Arn"])


def _to_queue(arn: Any, target: Document, text: str) -> None:
    from moto.sqs.models import sqs_backends

    group = target.get("SqsParameters", {}).get("MessageGroupId")
    queues = sqs_backends[arn.account][arn.region]
    queues.send_message(queue_name=arn.resource_id, message_body=text, group_id=group)


def _to_log_group(arn: Any, _target: Document, text: str) -> None:
    from moto.logs.models import logs_backends

    logs, group, stream = logs_backends[arn.account][arn.region], arn.resource_id, str(uuid.uuid4())
    logs.create_log_stream(group, stream)
    logs.put_log_events(group, stream, [{"timestamp": int(time.time() * 1000), "message": text}])


def _to_state_machine(arn: Any, target: Document, text: str) -> None:
    machines = state_machines.backend(arn.account, arn.region)
    machines.start_execution(target["Arn"], str(uuid.uuid4()), text)


_SENDERS: dict[str, Callable[[Any, Document, str], None]] = {
    "sns": _to_topic,
    "sqs": _to_queue,
    "logs": _to_log_group,
    "states": _to_state_machine,
}
