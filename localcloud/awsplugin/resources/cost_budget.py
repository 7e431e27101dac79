"""Cost budgets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    TagForm,
    every,
    from_api,
    one_of,
    present,
    tag_list,
    tag_map,
    to_api,
    update_tags,
)

_TAGS = TagForm(tags="ResourceTags", keys="ResourceTagKeys")
_TIME = "%Y-%m-%d_%H:%M"
_SUBSCRIBERS = {
    "subscriberEmailAddresses": "EMAIL",
    "subscriberSnsTopicArns": "SNS",
}
_TYPES = (
    "USAGE", "COST", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION",
    "SAVINGS_PLANS_COVERAGE",
)  # fmt: skip


def _failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "budgetType", _TYPES)
    yield from one_of(inputs, "timeUnit", ["DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY", "CUSTOM"])
    for notification in inputs.get("notifications") or ():
        yield from one_of(notification, "notificationType", ["ACTUAL", "FORECASTED"])
        yield from one_of(notification, "thresholdType", ["PERCENTAGE", "ABSOLUTE_VALUE"])
        yield from one_of(
            notification, "comparisonOperator", ["GREATER_THAN", "LESS_THAN", "EQUAL_TO"]
        )
        if not any(notification.get(name) for name in _SUBSCRIBERS):
            yield Failure("notifications", "a notification needs at least one subscriber")
    if inputs.get("limitAmount") is not None and not inputs.get("limitUnit"):
        yield Failure("limitUnit", "is required if limitAmount is set")


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _budget(name: str, inputs: Properties) -> dict[str, Any]:
    budget = {
        "BudgetName": name,
        "BudgetType": inputs["budgetType"],
        "TimeUnit": inputs["timeUnit"],
        "CostFilters": {item["name"]: item["values"] for item in inputs.get("costFilters") or ()},
    }
    if inputs.get("limitAmount") is not None:
        limit = {"Amount": str(inputs["limitAmount"]), "Unit": inputs["limitUnit"]}
        budget["BudgetLimit"] = limit
    if inputs.get("costTypes"):
        budget["CostTypes"] = to_api(inputs["costTypes"])
    period = present(Start=inputs.get("timePeriodStart"), End=inputs.get("timePeriodEnd"))
    if period:
        budget["TimePeriod"] = {side: _time(text) for side, text in period.items()}
    return budget


def _notification(given: Properties) -> dict[str, Any]:
    subscribers = [
        {"SubscriptionType": kind, "Address": address}
        for name, kind in _SUBSCRIBERS.items()
        for address in given.get(name) or ()
    ]
    plain = {name: value for name, value in given.items() if name not in _SUBSCRIBERS}
    return {"Notification": to_api(plain), "Subscribers": subscribers}


def _create(cloud: Cloud, inputs: Properties) -> str:
    account, name = inputs.get("accountId") or cloud.account, inputs["name"]
    tags = tag_list(inputs.get("tagsAll"))
    cloud.client("budgets").create_budget(
        AccountId=account,
        Budget=_budget(name, inputs),
        NotificationsWithSubscribers=[
            _notification(item) for item in inputs.get("notifications") or ()
        ],
        **({"ResourceTags": tags} if tags else {}),
    )
    return f"{account}:{name}"


def _arn(cloud: Cloud, account: str, name: str) -> str:
    return f"arn:{cloud.partition}:budgets::{account}:budget/{name}"


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    budgets, (account, _, name) = cloud.client("budgets"), identity.partition(":")
    found = budgets.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    limit, period = found.get("BudgetLimit") or {}, found.get("TimePeriod") or {}
    arn = _arn(cloud, account, name)
    return {
        "accountId": account,
        "name": name,
        "arn": arn,
        "budgetType": found["BudgetType"],
        "timeUnit": found["TimeUnit"],
        "limitAmount": limit.get("Amount"),
        "limitUnit": limit.get("Unit"),
        "costFilters": [
            {"name": key, "values": values}
            for key, values in sorted((found.get("CostFilters") or {}).items())
        ],
        "costTypes": from_api(found.get("CostTypes") or {}),
        "timePeriodStart": period["Start"].strftime(_TIME) if "Start" in period else None,
        "timePeriodEnd": period["End"].strftime(_TIME) if "End" in period else None,
        "notifications": _notifications(budgets, account, name),
        "billingViewArn": previous.get("billingViewArn"),
        "tagsAll": tag_map(budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]),
    }


def _notifications(budgets: Any, account: str, name: str) -> list[Properties]:
    """The notifications with their subscribers."""
    named = {"AccountId": account, "BudgetName": name}
    notifications = []
    for item in every(budgets, "describe_notifications_for_budget", "Notifications", **named):
        plain = {key: value for key, value in item.items() if key != "NotificationState"}
        found = every(
            budgets,
            "describe_subscribers_for_notification",
            "Subscribers",
            **named,
            Notification=plain,
        )
        addresses = {
            property_: [each["Address"] for each in found if each["SubscriptionType"] == kind]
            for property_, kind in _SUBSCRIBERS.items()
        }
        notifications.append(from_api(plain) | {n: a for n, a in addresses.items() if a})
    return notifications


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    budgets, (account, _, name) = cloud.client("budgets"), identity.partition(":")
    budgets.update_budget(AccountId=account, NewBudget=_budget(name, inputs))
    _update_notifications(budgets, account, name, inputs)
    update_tags(budgets, state, inputs, _TAGS, ResourceARN=_arn(cloud, account, name))


def _update_notifications(budgets: Any, account: str, name: str, inputs: Properties) -> None:
    """Replaces all notifications, as the official provider does."""
    named = {"AccountId": account, "BudgetName": name}
    for item in every(budgets, "describe_notifications_for_budget", "Notifications", **named):
        plain = {key: value for key, value in item.items() if key != "NotificationState"}
        budgets.delete_notification(**named, Notification=plain)
    for given in inputs.get("notifications") or ():
        budgets.create_notification(**named, **_notification(given))


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    account, _, name = identity.partition(":")
    cloud.client("budgets").delete_budget(AccountId=account, BudgetName=name)


def _same_amount(first: Any, second: Any) -> bool:
    try:
        return float(first) == float(second)
    except (TypeError, ValueError):
        return bool(first == second)


_COST_TYPES = names(
    "includeCredit includeDiscount includeOtherSubscription includeRecurring includeRefund"
    " includeSubscription includeSupport includeTax includeUpfront useAmortized useBlended"
)

_NOTIFICATIONS = "NotificationsWithSubscribers"
_CREATE = Call(
    "budgets",
    "CreateBudget",
    {
        "": "Budget",
        "accountId": "AccountId",
        "name": "Budget.BudgetName",
        "limitAmount": "Budget.BudgetLimit.Amount",
        "limitUnit": "Budget.BudgetLimit.Unit",
        "costFilters": "Budget",
        "costFilters.name": "Budget.CostFilters.key",
        "costFilters.values": "Budget.CostFilters.value",
        "timePeriodStart": "Budget.TimePeriod.Start",
        "timePeriodEnd": "Budget.TimePeriod.End",
        "plannedLimits": "Budget.PlannedBudgetLimits.value",
        "notifications": f"{_NOTIFICATIONS}.Notification",
        **{
            f"notifications.{name}": f"{_NOTIFICATIONS}.Subscribers.Address"
            for name in _SUBSCRIBERS
        },
        "tags": "ResourceTags",
    },
)

TYPES = (
    ResourceType(
        type="aws:budgets/budget:Budget",
        source="budgets/budget.go",
        calls=(_CREATE,),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        gone=names("NotFoundException"),
        validate=_failures,
        name=Autoname(length=100),
        required=names("budgetType timeUnit"),
        replaces=names("accountId name namePrefix"),
        computed=names(
            "accountId billingViewArn costFilters costTypes limitAmount limitUnit name namePrefix"
            " timePeriodStart timePeriodEnd"
        )
        | {f"costTypes.{name}" for name in _COST_TYPES},
        write_only=names("autoAdjustData filterExpression metrics plannedLimits timePeriodEnd"),
        unordered=names(
            "costFilters costFilters.values notifications"
            " notifications.subscriberEmailAddresses notifications.subscriberSnsTopicArns"
        ),
        outputs=names("arn"),
        same={"limitAmount": _same_amount},
        tagged=True,
        regional=False,
    ),
)
