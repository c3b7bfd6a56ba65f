"""CloudWatch Logs, as boto3 and the AWS CLI see it."""

import json
import time

import pytest

from harness import code, refusal, supported

SERVICE = "logs"
UNKNOWN = ("UnknownOperationException", 404)
OPERATIONS = {
    "CreateLogGroup",
    "CreateLogStream",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "FilterLogEvents",
    "PutLogEvents",
}
INVALID = ("InvalidParameterException", 400)
MISSING = ("ResourceNotFoundException", 400)
EXISTS = ("ResourceAlreadyExistsException", 400)
HOUR = 3_600_000


@pytest.fixture
def wall(start):
    """A Region whose clock is the wall clock: lines bring their own times."""
    return start("--began", "6")


@pytest.fixture
def logs(wall, walked):
    client = wall.client(SERVICE, walked)
    client.create_log_group(logGroupName="/app/front")
    client.create_log_stream(logGroupName="/app/front", logStreamName="one")
    return client


@pytest.fixture
def unchecked(wall):
    """A client that sends what its own validation would keep back."""
    return wall.client(SERVICE, validate=False)


def now():
    return int(time.time() * 1000)


def put(logs, *lines):
    events = [{"timestamp": at, "message": text} for at, text in lines]
    return logs.put_log_events(
        logGroupName="/app/front", logStreamName="one", logEvents=events
    )


def found(logs, **given):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/app/front", **given)
    return [event["message"] for page in pages for event in page["events"]]


def test_what_was_put_is_found_by_time_and_by_pattern(logs):
    at = now()
    line = json.dumps({"workload": "wildrydes", "message": "ä 日本"})
    put(logs, (at - 2, "first"), (at - 1, line), (at, "last"))
    assert found(logs) == ["first", line, "last"]
    assert found(logs, startTime=at - 1, endTime=at - 1) == [line]
    assert found(logs, filterPattern="last") == ["last"]
    assert found(logs, filterPattern='{ $.workload = "wildrydes" }') == [line]
    assert found(logs, filterPattern='{ $.workload = "unicorn" }') == []
    assert found(logs, logStreamNames=["two"]) == []
    assert found(logs, logStreamNamePrefix="o") == ["first", line, "last"]
    assert found(logs, PaginationConfig={"PageSize": 1}) == ["first", line, "last"]
    [event] = logs.filter_log_events(logGroupName="/app/front", limit=1)["events"]
    assert (event["timestamp"], event["logStreamName"]) == (at - 2, "one")


def test_lines_that_are_too_old_or_too_new_are_told(logs):
    at = now()
    assert "rejectedLogEventsInfo" not in put(logs, (at, "now"))
    told = put(logs, (at - 15 * 24 * HOUR, "old"))["rejectedLogEventsInfo"]
    assert told == {"tooOldLogEventEndIndex": 1}
    told = put(logs, (at, "again"), (at + 3 * HOUR, "new"))["rejectedLogEventsInfo"]
    assert told == {"tooNewLogEventStartIndex": 1}
    assert found(logs) == ["now", "again"]


def test_groups_and_streams_are_listed(logs):
    logs.create_log_group(logGroupName="/app/back")
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="/app", PaginationConfig={"PageSize": 1}
    )
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    assert names == ["/app/back", "/app/front"]
    [group] = logs.describe_log_groups(logGroupNamePattern="fro")["logGroups"]
    assert group["arn"].endswith(":log-group:/app/front:*")
    assert found(logs, filterPattern="") == []
    [stream] = logs.describe_log_streams(logGroupName="/app/front")["logStreams"]
    assert stream["logStreamName"] == "one"


def test_what_makes_no_sense_is_refused(logs, unchecked):
    front = {"logGroupName": "/app/front"}
    one = {**front, "logStreamName": "one"}
    for call, given, expected in [
        (unchecked.create_log_group, front, EXISTS),
        (unchecked.create_log_group, {"logGroupName": "a b"}, INVALID),
        (unchecked.create_log_group, {}, INVALID),
        (unchecked.create_log_stream, one, EXISTS),
        (unchecked.create_log_stream, {**front, "logStreamName": "a:b"}, INVALID),
        (unchecked.create_log_stream, {"logGroupName": "no", "logStreamName": "a"}, MISSING),
        (unchecked.put_log_events, {**one, "logEvents": []}, INVALID),
        (unchecked.put_log_events, {**one, "logEvents": [{"timestamp": 1, "message": ""}]}, INVALID),
        (unchecked.filter_log_events, {"logGroupName": "no"}, MISSING),
        (unchecked.filter_log_events, {}, INVALID),
        (unchecked.filter_log_events, {**front, "limit": 10001}, INVALID),
        (unchecked.filter_log_events, {**front, "nextToken": "nonsense"}, INVALID),
        (unchecked.filter_log_events, {**front, "filterPattern": "?a ?b"}, INVALID),
        (unchecked.describe_log_groups, {"limit": 51}, INVALID),
        (unchecked.describe_log_streams, {"logGroupName": "no"}, MISSING),
        (unchecked.describe_log_streams, {**front, "orderBy": "LastEventTime"}, INVALID),
    ]:
        assert code(refusal(call, **given)) == expected, (call, given)


def test_the_command_line_reads_and_is_refused(wall):
    wall.cli(SERVICE, "create-log-group", "--log-group-name", "g")
    wall.cli(SERVICE, "create-log-stream", "--log-group-name", "g", "--log-stream-name", "s")
    line = f"timestamp={now()},message=hello"
    stream = ["--log-group-name", "g", "--log-stream-name", "s"]
    wall.cli(SERVICE, "put-log-events", *stream, "--log-events", line)
    [event] = wall.cli(SERVICE, "filter-log-events", "--log-group-name", "g")["events"]
    assert event["message"] == "hello"
    [group] = wall.cli(SERVICE, "describe-log-groups")["logGroups"]
    assert group["logGroupName"] == "g"
    refused = wall.cli(SERVICE, "filter-log-events", "--log-group-name", "no", fails=True)
    assert "ResourceNotFoundException" in refused


def test_no_other_operation_is_taken(unchecked):
    assert supported(unchecked, UNKNOWN) == OPERATIONS


def test_the_whole_service_was_walked(whole_walk, walked):
    assert walked.operations[SERVICE] >= OPERATIONS
