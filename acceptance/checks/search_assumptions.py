"""What AWS does not document about Search and about the lists of training jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from acceptance.finding import Checks, Finding, decided, not_seen, refuted
from acceptance.platform_settings import FAILING_JOB
from acceptance.scene import Scene

SEARCH_ASSUMPTIONS = Checks("assumption")


@SEARCH_ASSUMPTIONS.after(
    "failure",
    "search-dates",
    "A date in a filter of Search is in UTC, in the form 2026-01-31T23:59:59.",
)
def search_dates(scene: Scene) -> Finding:
    """The oldest job is found as created within two seconds; another form of a date is refused."""
    job = scene.jobs()[0]
    name = {"Name": "TrainingJobName", "Operator": "Equals", "Value": job["TrainingJobName"]}
    near = [
        {
            "Name": "CreationTime",
            "Operator": operator,
            "Value": (job["CreationTime"] + timedelta(seconds=seconds)).strftime(
                "%Y-%m-%dT%H:%M:%S"
            ),
        }
        for operator, seconds in (("GreaterThan", -2), ("LessThan", 2))
    ]
    if not _found(scene, [name]):
        return not_seen("Search does not find the job by its own name yet")
    found = _found(scene, [name, *near])
    other = {**near[0], "Value": f"{near[0]['Value'].replace('T', ' ')} GMT+1"}
    try:
        _found(scene, [name, other])
        answer = "an answer"
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    return decided(
        bool(found) and answer == "ValidationException",
        f"found by its time in UTC: {bool(found)}; another form got {answer}",
    )


@SEARCH_ASSUMPTIONS.after(
    "failure", "search-sorts-what-lacks-last", "With SortBy, jobs that lack the property come last."
)
def search_sorts_what_lacks_last(scene: Scene) -> Finding:
    """In both orders of the end, the running job comes after the one that has ended."""
    running, ended = scene.jobs()[0]["TrainingJobName"], scene.facts["failed"]["name"]
    both = {"Name": "TrainingJobName", "Operator": "Contains", "Value": f"{scene.prefix}-"}

    def look() -> list[list[str]] | None:
        orders = [_names(scene, both, order) for order in ("Ascending", "Descending")]
        return orders if all({running, ended} <= {*names} for names in orders) else None

    try:
        orders = scene.wait(look, scene.patience.search, "Search does not find both jobs")
    except TimeoutError as error:
        return not_seen(str(error))
    last = [names[-1] == running for names in orders]
    return decided(all(last), f"the running job is last in rising and falling order: {last}")


@SEARCH_ASSUMPTIONS.after(
    "failure",
    "creation-time-before-page",
    "Bounds of the creation time are applied before the page.",
)
def creation_time_before_page(scene: Scene) -> Finding:
    """A page of one, with bounds around the oldest job's creation, has that job."""
    job, second = scene.jobs()[0], timedelta(seconds=1)
    answer = scene.client("sagemaker").list_training_jobs(
        CreationTimeAfter=job["CreationTime"] - second,
        CreationTimeBefore=job["CreationTime"] + second,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )
    found = [each["TrainingJobName"] for each in answer["TrainingJobSummaries"]]
    return decided(found == [job["TrainingJobName"]], f"on the first page: {found or 'nothing'}")


@SEARCH_ASSUMPTIONS.after(
    "failure", "token-of-its-order", "A page's token is refused for another order."
)
def token_of_its_order(scene: Scene) -> Finding:
    """The token of the first page in one order is used for the other."""
    ask = scene.client("sagemaker").list_training_jobs
    page = ask(SortBy="CreationTime", SortOrder="Descending", MaxResults=1)
    if "NextToken" not in page:
        return not_seen("the account has one training job only")
    try:
        ask(
            SortBy="CreationTime",
            SortOrder="Ascending",
            MaxResults=1,
            NextToken=page["NextToken"],
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return decided(code == "ValidationException", f"it was answered with {code}")
    return refuted("it was accepted")


def _names(scene: Scene, contains: dict[str, str], order: str) -> list[str]:
    found = _found(scene, [contains], SortBy="TrainingEndTime", SortOrder=order, MaxResults=100)
    names = [each["TrainingJob"]["TrainingJobName"] for each in found]
    return [
        name for name in names if name.startswith((scene.lineage(), scene.lineage(FAILING_JOB)))
    ]


def _found(scene: Scene, filters: list[dict[str, str]], **options: Any) -> list[dict[str, Any]]:
    answer = scene.client("sagemaker").search(
        Resource="TrainingJob", SearchExpression={"Filters": filters}, **options
    )
    found: list[dict[str, Any]] = answer["Results"]
    return found
