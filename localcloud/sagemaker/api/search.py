"""Search for jobs: expressions, order and pages as pure functions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from localcloud.protocol.errors import validation_error
from localcloud.protocol.paging import Key, after, cut, last_key
from localcloud.protocol.validation import service_model
from localcloud.sagemaker.api.listing import DEFAULT_PAGE
from localcloud.sagemaker.jobs import description, statuses
from localcloud.sagemaker.jobs.records import Metric, TrainingJob

Document = dict[str, Any]

_MOST_CONDITIONS = 50
"""The most filters, nested filters and subexpressions that an expression has over all levels."""
_MOST_CONTAINS = 1
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"

_EQUALITY: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "NotEquals": operator.ne,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_TEXT: dict[str, Callable[[Any, Any], bool]] = {
    "Contains": lambda text, part: part in text,
    "In": lambda text, words: text in words.split(","),
}
_OPERATORS = {
    "text": _EQUALITY | _TEXT,
    "parameter": _EQUALITY | _TEXT | _ORDER,
    "boolean": _EQUALITY,
    "number": _EQUALITY | _ORDER,
    "time": _EQUALITY | _ORDER,
}
"""The operators that compare a property of each kind with a value."""
_KINDS = {
    "string": "text",
    "boolean": "boolean",
    "integer": "number",
    "long": "number",
    "float": "number",
    "double": "number",
    "timestamp": "time",
}


class Record(Protocol):
    """A job that can be found."""

    name: str
    tags: dict[str, str]


Job = TypeVar("Job", bound=Record)


@dataclass(frozen=True)
class Kind(Generic[Job]):
    """A kind of jobs that Search finds."""

    resource: str
    """Its name in requests and results."""
    shape: str
    """The name of its records in the service's model."""
    plural: str
    describe: Callable[[Job, float], Document]
    """A job's description at a time in epoch seconds; 0 for the time of its last change."""
    fast: Mapping[str, Callable[[Job], Any]]
    """What is read without a whole description, because every search reads it of every job."""
    metrics: Callable[[Job], Iterable[Metric]] = field(default=lambda _: ())
    """The metrics that filters can name as `Metrics.<name>`."""


TRAINING_JOBS = Kind[TrainingJob](
    resource="TrainingJob",
    shape="TrainingJob",
    plural="training jobs",
    describe=description.describe,
    fast={
        "TrainingJobName": lambda job: job.name,
        "TrainingJobArn": lambda job: job.arn,
        "TrainingJobStatus": statuses.status,
        "SecondaryStatus": statuses.secondary_status,
        "CreationTime": lambda job: job.created,
        "LastModifiedTime": lambda job: job.modified,
    },
    metrics=lambda job: job.metrics,
)


@dataclass(frozen=True)
class _Property(Generic[Job]):
    """A property of jobs."""

    name: str
    kind: str
    """A key of `_OPERATORS`. A hyperparameter is text that can also be compared as a number."""
    read: Callable[[Job], Any]
    """The property of a job; None if the job lacks it."""


def search(kind: Kind[Job], jobs: Iterable[Job], request: Document, now: float) -> Document:
    """One page of the jobs that satisfy the request's expression.

    Raises SageMaker's ValidationException for what can't be searched.
    """
    _refuse_what_is_not_offered(request)
    holds = _condition(kind, request)
    by = _property(kind, request.get("SortBy", "LastModifiedTime"))
    descending = request.get("SortOrder") != "Ascending"
    found = [(_key(job, by), job) for job in jobs if holds(job)]
    order = f"{by.name} {descending}"
    last = last_key(request.get("NextToken"), order)
    rest = _rest(found, last, descending=descending)
    shown, more = cut(rest, _row_key, order, request, DEFAULT_PAGE)
    return {
        "Results": [{kind.resource: _record(kind, job, now)} for _, job in shown],
        "TotalHits": {"Value": len(found), "Relation": "EqualTo"},
        **more,
    }


def _refuse_what_is_not_offered(request: Document) -> None:
    lacking = "is not offered by the local cloud"
    if "VisibilityConditions" in request:
        raise validation_error(f"VisibilityConditions {lacking}")
    if request.get("CrossAccountFilterOption") == "CrossAccount":
        raise validation_error(f"CrossAccountFilterOption CrossAccount {lacking}")


def _record(kind: Kind[Job], job: Job, now: float) -> Document:
    """A job as Search returns it: fewer members than in a description, and the tags."""
    shape: Any = service_model().shape_for(kind.shape)
    described = kind.describe(job, now)
    document = {name: value for name, value in described.items() if name in shape.members}
    return document | {"Tags": [{"Key": key, "Value": value} for key, value in job.tags.items()]}


def _condition(kind: Kind[Job], request: Document) -> Callable[[Job], bool]:
    """What a job must satisfy to be found; without an expression every job is found."""
    expression = request.get("SearchExpression")
    if expression is None:
        return lambda _job: True
    parts = list(_parts(expression))
    if len(parts) > _MOST_CONDITIONS:
        raise validation_error(
            f"A SearchExpression must not have more than {_MOST_CONDITIONS} filters, nested "
            f"filters and subexpressions: it has {len(parts)}"
        )
    if sum(part.get("Operator") == "Contains" for part in parts) > _MOST_CONTAINS:
        raise validation_error(f"'CONTAINS' operator usage limit of {_MOST_CONTAINS} exceeded.")
    return _expression(kind, expression)


def _parts(expression: Document) -> Iterator[Document]:
    """The filters, nested filters and subexpressions of an expression, of all levels."""
    yield from expression.get("Filters", [])
    yield from expression.get("NestedFilters", [])
    for each in expression.get("SubExpressions", []):
        yield each
        yield from _parts(each)


def _expression(kind: Kind[Job], expression: Document) -> Callable[[Job], bool]:
    if "NestedFilters" in expression:
        raise validation_error("NestedFilters are not offered by the local cloud")
    conditions = [_filter(kind, each) for each in expression.get("Filters", [])]
    conditions += [_expression(kind, each) for each in expression.get("SubExpressions", [])]
    if not conditions:
        raise validation_error(
            "A SearchExpression must have at least one subexpression, filter or nested filter"
        )
    combine = any if expression.get("Operator") == "Or" else all
    return lambda job: combine(holds(job) for holds in conditions)


def _filter(kind: Kind[Job], given: Document) -> Callable[[Job], bool]:
    """The condition of one filter. A property that a job lacks satisfies only NotExists."""
    wanted = _property(kind, given["Name"])
    name, value = given.get("Operator", "Equals"), given.get("Value")
    if name in {"Exists", "NotExists"}:
        if value is not None:
            raise validation_error(f"A filter with the operator {name} must not have a Value")
        return lambda job: (wanted.read(job) is not None) == (name == "Exists")
    compare = _OPERATORS[wanted.kind].get(name)
    if compare is None:
        raise validation_error(f"The operator {name} is not supported for {wanted.name}")
    if value is None:
        raise validation_error(f"A filter with the operator {name} must have a Value")
    convert, operand = _comparison(wanted, name, value)

    def holds(job: Job) -> bool:
        found = wanted.read(job)
        found = None if found is None else convert(found)
        return found is not None and compare(found, operand)

    return holds


def _comparison(wanted: _Property[Any], name: str, text: str) -> tuple[Callable[[Any], Any], Any]:
    """How a property is converted to be compared, and the value to compare it with."""
    if wanted.kind == "parameter" and name in _ORDER:
        # Both as whole numbers if the value is one, as the API's reference says.
        return _as_whole_number if text.lstrip("+-").isdigit() else _as_number, _number(text)
    reading = {"number": _number, "boolean": _boolean, "time": _time}.get(wanted.kind, str)
    return (lambda found: found), reading(text)


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _as_whole_number(text: str) -> float | None:
    number = _as_number(text)
    return None if number is None else float(int(number))


def _number(text: str) -> float:
    number = _as_number(text)
    if number is None:
        raise validation_error(f"Invalid Value {text}. It must be a number")
    return number


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise validation_error(f"Invalid Value {text}. It must be true or false")
    return text.lower() == "true"


def _time(text: str) -> float:
    """The epoch seconds of a date and time in UTC."""
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise validation_error(
            f"Invalid Value {text}. It must be a date and time as YYYY-mm-dd'T'HH:MM:SS"
        ) from error


def _property(kind: Kind[Job], name: str) -> _Property[Job]:
    """The property of this name. Raises SageMaker's ValidationException if there is none."""
    top, _, rest = name.partition(".")
    if rest and top == "Tags":
        return _Property(name, "text", lambda job: job.tags.get(rest))
    if rest and top == "Metrics":
        return _Property(name, "number", lambda job: _metric(kind.metrics(job), rest))
    path, of = _path(kind, name)
    return _Property(name, of, kind.fast.get(name) or (lambda job: _value(kind, job, path)))


def _metric(metrics: Iterable[Metric], name: str) -> float | None:
    return next((metric.value for metric in metrics if metric.name == name), None)


def _path(kind: Kind[Job], name: str) -> tuple[list[str], str]:
    """The members that lead to a property in a description, and how it is compared."""
    shape: Any = service_model().shape_for(kind.shape)
    path: list[str] = []
    rest = name
    while rest:
        if shape.type_name == "map":
            # A key may have dots.
            path, rest, shape = [*path, rest], "", shape.value
            return path, "parameter" if path[0] == "HyperParameters" else _kind(name, shape)
        if shape.type_name == "list":
            raise validation_error(
                f"{name} is in a list: only NestedFilters find it, which are not offered by the "
                "local cloud"
            )
        member, _, rest = rest.partition(".")
        shape = getattr(shape, "members", {}).get(member)
        if shape is None:
            raise validation_error(f"Unknown property of {kind.plural}: {name}")
        path.append(member)
    return path, _kind(name, shape)


def _kind(name: str, shape: Any) -> str:
    if shape.type_name not in _KINDS:
        raise validation_error(f"{name} has no value that can be searched")
    return _KINDS[shape.type_name]


def _value(kind: Kind[Job], job: Job, path: list[str]) -> Any:
    found: Any = kind.describe(job, 0.0)
    for name in path:
        if name not in found:
            return None
        found = found[name]
    return found


def _key(job: Job, by: _Property[Job]) -> Key:
    """A job's place in the order of a property; those that lack it come last in each order."""
    value = by.read(job)
    return (job.name,) if value is None else (value, job.name)


def _rest(
    found: Sequence[tuple[Key, Job]], last: Key | None, *, descending: bool
) -> list[tuple[Key, Job]]:
    """The jobs after the one with the key `last`, in their order."""
    lacking = sorted((row for row in found if len(row[0]) == 1), key=_row_key)
    if last is not None and len(last) == 1:
        return list(after(last, lacking, _row_key))
    having = sorted((row for row in found if len(row[0]) > 1), key=_row_key, reverse=descending)
    return [*after(last, having, _row_key, descending=descending), *lacking]


def _row_key(row: tuple[Key, Any]) -> Key:
    return row[0]
