"""Log events are read and put as CloudWatch Logs does it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from localcloud.corrections import log_reading
from tests.localcloud.cloud import Cloud, refusal

NOW = int(time.time() * 1000) - 60_000


def group(cloud: Cloud, name: str, **streams: list[tuple[int, str]]) -> str:
    """Makes a group with streams; their events have times after NOW."""
    name = f"/reading/{name}"
    cloud.logs.create_log_group(logGroupName=name)
    for stream, events in streams.items():
        cloud.logs.create_log_stream(logGroupName=name, logStreamName=stream)
        if events:
            put(cloud, name, stream, events)
    return name


def put(cloud: Cloud, name: str, stream: str, events: list[tuple[int, str]]) -> None:
    cloud.logs.put_log_events(
        logGroupName=name,
        logStreamName=stream,
        logEvents=[{"timestamp": NOW + after, "message": text} for after, text in events],
    )


def messages(answer: dict[str, Any]) -> list[str]:
    return [each["message"] for each in answer["events"]]


def test_a_filter_has_the_streams_with_a_prefix_in_the_order_of_time(cloud: Cloud):
    events = {"a": [(1, "a1"), (4, "a4")], "ab": [(2, "ab2"), (3, "ab3")], "b": [(0, "b0")]}
    name = group(cloud, "prefix", **events)
    find = cloud.logs.filter_log_events

    def found(**options: Any) -> list[str]:
        return messages(find(logGroupName=name, **options))

    assert found() == ["b0", "a1", "ab2", "ab3", "a4"]
    assert found(startFromHead=False) == ["a4", "ab3", "ab2", "a1", "b0"]
    assert found(logStreamNamePrefix="a") == ["a1", "ab2", "ab3", "a4"]
    assert found(logStreamNamePrefix="ab") == ["ab2", "ab3"]
    assert found(logStreamNamePrefix="c") == []
    assert found(logStreamNames=["b", "a"]) == ["b0", "a1", "a4"]
    assert found(startTime=NOW + 1, endTime=NOW + 3) == ["a1", "ab2", "ab3"]
    assert found(filterPattern="b") == ["b0", "ab2", "ab3"]
    assert find(logGroupName=name)["searchedLogStreams"] == []
    for options in ({}, {"startFromHead": False}):
        pages = cloud.logs.get_paginator("filter_log_events").paginate(
            logGroupName=name, limit=2, **options
        )
        assert [each for page in pages for each in messages(page)] == found(**options)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"logStreamNames": ["a"], "logStreamNamePrefix": "a"}, "InvalidParameterException"),
        ({"logStreamNames": ["a", "none"]}, "ResourceNotFoundException"),
        ({"nextToken": "none"}, "InvalidParameterException"),
        ({"logGroupIdentifier": "/reading/refused"}, "InvalidParameterException"),
        ({"filterPattern": "{ $.loss = 1 }"}, "NotImplemented"),
        ({"filterPattern": "loss -debug"}, "NotImplemented"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(cloud: Cloud, options: dict[str, Any], code: str):
    name = "/reading/refused"
    if not cloud.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        group(cloud, "refused", a=[(0, "event")])

    assert refusal(cloud.logs.filter_log_events, logGroupName=name, **options)[0] == code


def test_a_page_of_a_filter_may_be_empty_though_others_follow(cloud: Cloud):
    name = group(cloud, "empty", a=[(0, "no")] * log_reading.MOST_EVENTS)
    put(cloud, name, "a", [(1, "yes")])

    pages = cloud.logs.get_paginator("filter_log_events").paginate(
        logGroupName=name, filterPattern="yes"
    )

    assert [messages(page) for page in pages] == [[], ["yes"]]


def test_a_page_of_a_stream_goes_on_from_a_token_in_both_directions(cloud: Cloud):
    name = group(cloud, "pages", a=[(number, f"{number}") for number in range(5)])

    def page(**options: Any) -> tuple[list[str], str, str]:
        answer = cloud.logs.get_log_events(logGroupName=name, logStreamName="a", limit=2, **options)
        return messages(answer), answer["nextBackwardToken"], answer["nextForwardToken"]

    found, _, after = page(startFromHead=True)
    assert found == ["0", "1"]
    found, before, after = page(startFromHead=True, nextToken=after)
    assert found == ["2", "3"]
    assert page(nextToken=before)[0] == ["0", "1"]
    found, _, end = page(startFromHead=True, nextToken=after)
    assert (found, page(startFromHead=True, nextToken=end)[2]) == (["4"], end)
    found, before, _ = page()
    assert found == ["3", "4"]
    assert page(nextToken=before)[0] == ["1", "2"]
    put(cloud, name, "a", [(9, "new")])
    assert page(startFromHead=True, nextToken=end)[0] == ["new"]
    # The start counts, the end does not.
    assert page(startTime=NOW + 1, endTime=NOW + 2)[0] == ["1"]


def test_a_page_has_a_megabyte_of_events(cloud: Cloud):
    name = group(cloud, "sizes", a=[(0, "x" * 400_000)] * 2)
    put(cloud, name, "a", [(1, "y" * 1_000_000)])
    get = {"logGroupName": name, "logStreamName": "a"}

    first = cloud.logs.get_log_events(**get, startFromHead=True)
    last = cloud.logs.get_log_events(**get)
    found = cloud.logs.filter_log_events(logGroupName=name)

    assert [each[0] for each in messages(first)] == ["x", "x"]
    assert [each[0] for each in messages(last)] == ["y"]
    assert [each[0] for each in messages(found)] == ["x", "x"]
    assert "nextToken" in found


def test_a_stream_is_described_with_its_first_and_last_event_whatever_their_order(cloud: Cloud):
    name = group(cloud, "described", a=[(5, "later")], b=[])
    put(cloud, name, "a", [(1, "earlier")])

    [described, empty] = cloud.logs.describe_log_streams(logGroupName=name)["logStreams"]

    assert described["firstEventTimestamp"] == NOW + 1
    assert described["lastEventTimestamp"] == NOW + 5
    assert described["storedBytes"] == empty["storedBytes"] == 0
    assert "lastEventTimestamp" not in empty
    read = cloud.logs.get_log_events(logGroupName=name, logStreamName="a", startFromHead=True)
    assert messages(read) == ["earlier", "later"]


def test_a_group_is_found_by_its_name_or_arn_and_a_stream_that_is_not_there_by_none(cloud: Cloud):
    name = group(cloud, "found", a=[(0, "event")])
    group(cloud, "found-too")
    [found] = cloud.logs.describe_log_groups(logGroupNamePrefix=f"{name}-")["logGroups"]
    other = found["logGroupArn"].removesuffix("-too")
    get = cloud.logs.get_log_events

    for identifier in (name, other):
        assert messages(get(logGroupIdentifier=identifier, logStreamName="a")) == ["event"]
    assert refusal(get, logGroupName=name, logStreamName="none") == (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )
    code, _ = refusal(get, logGroupIdentifier=f"{other}-none", logStreamName="a")
    assert code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "events",
    [[(0, "x" * 600_000), (0, "x" * 600_000)], [(-25 * 3600 * 1000, "x"), (0, "x")]],
    ids=["too large", "too long"],
)
def test_a_batch_that_is_too_large_or_too_long_is_refused(
    cloud: Cloud, request: pytest.FixtureRequest, events: list[tuple[int, str]]
):
    name = group(cloud, request.node.callspec.id.replace(" ", "-"), a=[])
    batch = [{"timestamp": NOW + after, "message": text} for after, text in events]
    put_events = cloud.logs.put_log_events

    code, _ = refusal(put_events, logGroupName=name, logStreamName="a", logEvents=batch)

    assert code == "InvalidParameterException"
    assert messages(cloud.logs.get_log_events(logGroupName=name, logStreamName="a")) == []
