"""What moto's budgets lack: subscribers that can be read back, updates, and tags."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def correct() -> None:
    """Gives moto's budgets the operations that they lack."""
    from moto.budgets.responses import BudgetsResponse

    BudgetsResponse.create_budget = _creating_with_tags(BudgetsResponse.create_budget)
    for operation in _OPERATIONS:
        setattr(BudgetsResponse, operation.__name__, _answering(operation))


def _creating_with_tags(create: Callable[[Any], str]) -> Callable[[Any], str]:
    def create_budget(response: Any) -> str:
        answer = create(response)
        request = _request(response)
        budget = _budget(response.backend, request["AccountId"], request["Budget"]["BudgetName"])
        _tags(budget).update(_as_map(request.get("ResourceTags", [])))
        return answer

    return create_budget


def _answering(operation: Callable[[Any, Document], Document]) -> Callable[[Any], str]:
    def answer(response: Any) -> str:
        return json.dumps(operation(response.backend, _request(response)))

    return answer


def _request(response: Any) -> Document:
    request: Document = json.loads(response.body)
    return request


def update_budget(backend: Any, request: Document) -> Document:
    """Replaces a budget; notifications, tags and period stay."""
    new = request["NewBudget"]
    budget = _budget(backend, request["AccountId"], new["BudgetName"])
    budget.budget = {"TimePeriod": budget.budget["TimePeriod"], **new}
    return {}


def describe_notifications_for_budget(backend: Any, request: Document) -> Document:
    """A budget's notifications, none of which has been sent."""
    budget = _budget(backend, request["AccountId"], request["BudgetName"])
    return {
        "Notifications": [
            {"NotificationState": "OK", **each.details} for each in budget.notifications
        ]
    }


def describe_subscribers_for_notification(backend: Any, request: Document) -> Document:
    """Who gets one of a budget's notifications."""
    budget, wanted = _budget(backend, request["AccountId"], request["BudgetName"]), _plain(request)
    for each in budget.notifications:
        if wanted.items() <= each.details.items():
            return {"Subscribers": each.subscribers}
    raise _not_found(f"the budget {request['BudgetName']} has no such notification")


def tag_resource(backend: Any, request: Document) -> Document:
    """Sets tags of a budget."""
    _tags(_of_arn(backend, request)).update(_as_map(request["ResourceTags"]))
    return {}


def untag_resource(backend: Any, request: Document) -> Document:
    """Removes tags of a budget."""
    tags = _tags(_of_arn(backend, request))
    for key in request["ResourceTagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(backend: Any, request: Document) -> Document:
    """A budget's tags."""
    tags = _tags(_of_arn(backend, request))
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}


_OPERATIONS = (
    update_budget,
    describe_notifications_for_budget,
    describe_subscribers_for_notification,
    tag_resource,
    untag_resource,
    list_tags_for_resource,
)


def _of_arn(backend: Any, request: Document) -> Any:
    """The budget that an ARN, as arn:aws:budgets::123456789012:budget/name, names."""
    _, _, _, _, account, resource = request["ResourceARN"].split(":", 5)
    return _budget(backend, account, resource.removeprefix("budget/"))


def _budget(backend: Any, account: str, name: str) -> Any:
    if name not in backend.budgets[account]:
        raise _not_found(f"the budget {name} doesn't exist")
    return backend.budgets[account][name]


def _not_found(message: str) -> Exception:
    from moto.budgets.exceptions import NotFoundException

    error: Exception = NotFoundException(message)
    return error


def _plain(request: Document) -> Document:
    """A notification without its state, so that two can be compared."""
    return {name: value for name, value in request["Notification"].items() if name not in _STATE}


_STATE = ("NotificationState",)


def _tags(budget: Any) -> dict[str, str]:
    """The tags of a budget, which moto's budgets have no place for."""
    tags: dict[str, str] = budget.__dict__.setdefault("tags", {})
    return tags


def _as_map(tags: list[Document]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
