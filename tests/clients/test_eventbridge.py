"""EventBridge, as boto3 and the AWS CLI see it."""

import datetime
import json

import pytest

from harness import code, refusal, supported

SERVICE = "events"
UNKNOWN = ("UnknownOperationException", 404)
OPERATIONS = {
    "DeleteRule",
    "DescribeEventBus",
    "DescribeRule",
    "DisableRule",
    "EnableRule",
    "ListEventBuses",
    "ListRuleNamesByTarget",
    "ListRules",
    "ListTargetsByRule",
    "PutEvents",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
    "TestEventPattern",
}
ACCOUNT = "000000000000"
ECHO = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo"
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
INVALID = ("ValidationException", 400)
MISSING = ("ResourceNotFoundException", 400)
PATTERN = json.dumps({"source": ["com.example.walk"]})
EVENT = {
    "id": "1",
    "account": ACCOUNT,
    "source": "com.example.walk",
    "time": "2026-01-15T03:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "Walk",
    "detail": {"zone": "use1-az1", "share": 12.5},
}


@pytest.fixture
def events(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


def entry(**changed):
    given = {"Source": "com.example.walk", "DetailType": "Walk", "Detail": '{"a": 1}'}
    return {name: value for name, value in {**given, **changed}.items() if value is not None}


def test_a_rule_from_its_start_to_its_end(events):
    arn = events.put_rule(Name="walk", EventPattern=PATTERN, Description="a walk")["RuleArn"]
    assert arn == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/walk"
    rule = events.describe_rule(Name="walk", EventBusName=BUS)
    assert (rule["Arn"], rule["State"], rule["EventBusName"]) == (arn, "ENABLED", "default")
    assert (rule["EventPattern"], rule["Description"]) == (PATTERN, "a walk")
    assert rule["CreatedBy"] == ACCOUNT
    events.disable_rule(Name="walk")
    assert events.describe_rule(Name="walk")["State"] == "DISABLED"
    events.enable_rule(Name="walk", EventBusName="default")
    assert events.describe_rule(Name="walk")["State"] == "ENABLED"

    targets = [
        {"Id": "whole", "Arn": ECHO},
        {"Id": "part", "Arn": ECHO, "InputPath": "$.detail"},
        {"Id": "constant", "Arn": ECHO, "Input": '{"a": 1}'},
        {
            "Id": "shaped",
            "Arn": ECHO,
            "InputTransformer": {
                "InputPathsMap": {"zone": "$.detail.zone"},
                "InputTemplate": '{"zone": <zone>}',
            },
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
        },
    ]
    put = events.put_targets(Rule="walk", Targets=targets)
    assert (put["FailedEntryCount"], put["FailedEntries"]) == (0, [])
    assert events.list_targets_by_rule(Rule="walk")["Targets"] == targets
    assert events.list_rule_names_by_target(TargetArn=ECHO)["RuleNames"] == ["walk"]
    # A rule that is put again keeps its targets.
    events.put_rule(Name="walk", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    rule = events.describe_rule(Name="walk")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "DISABLED")
    assert "EventPattern" not in rule and "Description" not in rule
    assert len(events.list_targets_by_rule(Rule="walk")["Targets"]) == 4

    assert code(refusal(events.delete_rule, Name="walk")) == INVALID
    ids = [target["Id"] for target in targets]
    assert events.remove_targets(Rule="walk", Ids=ids)["FailedEntryCount"] == 0
    events.delete_rule(Name="walk")
    events.delete_rule(Name="walk")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name="walk")


def test_lists_are_paged(events, unchecked):
    names = [f"walk-{number}" for number in range(5)]
    for rule in names:
        events.put_rule(Name=rule, EventPattern=PATTERN)
        events.put_targets(Rule=rule, Targets=[{"Id": i, "Arn": ECHO} for i in "abc"])
    pages = {"PaginationConfig": {"PageSize": 2}}

    def name(item):
        return item if isinstance(item, str) else item.get("Name") or item["Id"]

    def paged(operation, items, **given):
        found = events.get_paginator(operation).paginate(**given, **pages)
        return [[name(one) for one in page[items]] for page in found]

    assert paged("list_rules", "Rules", NamePrefix="walk") == [names[:2], names[2:4], names[4:]]
    by_target = paged("list_rule_names_by_target", "RuleNames", TargetArn=ECHO)
    assert by_target == [names[:2], names[2:4], names[4:]]
    assert paged("list_targets_by_rule", "Targets", Rule="walk-0") == [["a", "b"], ["c"]]
    assert events.list_rules(NamePrefix="other")["Rules"] == []
    [bus] = events.list_event_buses(NamePrefix="def")["EventBuses"]
    assert (bus["Name"], bus["Arn"]) == ("default", BUS)
    assert events.describe_event_bus()["Arn"] == BUS
    for call, given in [
        (unchecked.list_rules, {}),
        (unchecked.list_targets_by_rule, {"Rule": "walk-0"}),
        (unchecked.list_rule_names_by_target, {"TargetArn": ECHO}),
        (unchecked.list_event_buses, {}),
    ]:
        for page in [{"Limit": 0}, {"Limit": 101}, {"NextToken": "nonsense"}]:
            assert code(refusal(call, **given, **page)) == INVALID, (call, page)


def test_what_is_not_there_is_told_by_its_exception(events):
    other = {"EventBusName": "other"}
    rule, target = {"Rule": "nobody"}, [{"Id": "a", "Arn": ECHO}]
    for call, given in [
        (events.describe_rule, {"Name": "nobody"}),
        (events.enable_rule, {"Name": "nobody"}),
        (events.disable_rule, {"Name": "nobody"}),
        (events.put_targets, {**rule, "Targets": target}),
        (events.list_targets_by_rule, rule),
        (events.remove_targets, {**rule, "Ids": ["a"]}),
        (events.describe_event_bus, {"Name": "other"}),
        (events.put_rule, {"Name": "walk", "EventPattern": PATTERN, **other}),
        (events.delete_rule, {"Name": "walk", **other}),
        (events.list_rules, other),
        (events.list_rule_names_by_target, {"TargetArn": ECHO, **other}),
    ]:
        with pytest.raises(events.exceptions.ResourceNotFoundException) as caught:
            call(**given)
        assert code(caught.value) == MISSING


@pytest.mark.parametrize(
    "pattern",
    [
        "{",
        "[]",
        "{}",
        '{"source": "text"}',
        '{"source": []}',
        '{"detail": {"a": [{"nonsense": 1}]}}',
        '{"detail": {"a": [{"numeric": ["about", 1]}]}}',
    ],
)
def test_a_pattern_that_is_none_is_told_by_its_exception(events, pattern):
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name="walk", EventPattern=pattern)
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.test_event_pattern(EventPattern=pattern, Event=json.dumps(EVENT))
    assert events.list_rules()["Rules"] == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Name": "a b"},
        {"Name": "x" * 65},
        {"Name": None},
        {"EventPattern": "{" + " " * 4096},
        {"ScheduleExpression": "rate(1 minute)"},
        {"EventPattern": None, "ScheduleExpression": "rate(1 minutes)"},
        {"EventPattern": None, "ScheduleExpression": "rate(0 minutes)"},
        {"EventPattern": None, "ScheduleExpression": "nonsense"},
        {"State": "nonsense"},
        {"Description": "x" * 513},
        {"Tags": [{"Key": "k", "Value": "v"}]},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(unchecked, given):
    given = {"Name": "walk", "EventPattern": PATTERN, **(given or {"EventPattern": None})}
    given = {name: value for name, value in given.items() if value is not None}
    assert code(refusal(unchecked.put_rule, **given)) == INVALID
    assert unchecked.list_rules()["Rules"] == []


def test_rules_and_targets_have_their_limits(events, unchecked):
    events.put_rule(Name="walk", EventPattern=PATTERN)

    def put(*targets):
        return unchecked.put_targets(Rule="walk", Targets=list(targets))

    several = [{"Id": f"t{number}", "Arn": ECHO} for number in range(11)]
    with pytest.raises(events.exceptions.LimitExceededException):
        put(*several[:6])
    for targets in [
        [],
        several,
        [{"Id": "a b", "Arn": ECHO}],
        [{"Arn": ECHO}],
        [{"Id": "a"}],
        [{"Id": "a", "Arn": ECHO, "Input": "{"}],
        [{"Id": "a", "Arn": ECHO, "InputPath": "nonsense"}],
        [{"Id": "a", "Arn": ECHO, "InputPath": "$.a", "Input": "1"}],
        [{"Id": "a", "Arn": ECHO, "InputTransformer": {}}],
    ]:
        error = refusal(unchecked.put_targets, Rule="walk", Targets=targets)
        assert code(error) == INVALID, targets
    failed = put(
        {"Id": "good", "Arn": ECHO},
        {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"},
        {"Id": "none", "Arn": "nonsense"},
        {"Id": "stream", "Arn": ECHO, "KinesisParameters": {"PartitionKeyPath": "$.a"}},
    )
    assert failed["FailedEntryCount"] == 3
    assert [one["TargetId"] for one in failed["FailedEntries"]] == ["queue", "none", "stream"]
    assert {one["ErrorCode"] for one in failed["FailedEntries"]} == {"ValidationException"}
    [kept] = events.list_targets_by_rule(Rule="walk")["Targets"]
    assert kept["Id"] == "good"
    for ids in ([], [f"t{number}" for number in range(101)]):
        assert code(refusal(unchecked.remove_targets, Rule="walk", Ids=ids)) == INVALID

    for number in range(299):
        events.put_rule(Name=f"rule-{number}", EventPattern=PATTERN)
    with pytest.raises(events.exceptions.LimitExceededException):
        events.put_rule(Name="one-too-many", EventPattern=PATTERN)
    events.put_rule(Name="walk", EventPattern=PATTERN, State="DISABLED")


def test_entries_are_taken_and_refused_one_by_one(events, unchecked):
    at = datetime.datetime(2026, 1, 15, 2, 59, tzinfo=datetime.timezone.utc)
    entries = [
        entry(),
        entry(Time=at, Resources=["arn:aws:ec2:::a"], EventBusName=BUS, TraceHeader="x"),
        entry(Source="aws.ec2"),
        entry(Source=None),
        entry(DetailType=None),
        entry(Detail=None),
        entry(Detail="{"),
        entry(Detail="[]"),
        entry(DetailType="x" * 129),
        entry(EventBusName="nobody"),
    ]
    answer = events.put_events(Entries=entries)
    assert [one.get("ErrorCode") for one in answer["Entries"]] == [
        None,
        None,
        "NotAuthorizedForSourceException",
        "InvalidArgument",
        "InvalidArgument",
        "InvalidArgument",
        "MalformedDetail",
        "MalformedDetail",
        "InvalidArgument",
        None,
    ]
    assert answer["FailedEntryCount"] == 7
    ids = [one["EventId"] for one in answer["Entries"] if "EventId" in one]
    assert len(set(ids)) == 3
    for given in [
        {"Entries": []},
        {"Entries": [entry()] * 11},
        {"Entries": [entry(Detail=None), entry(Source=None)]},
        {},
    ]:
        assert code(refusal(unchecked.put_events, **given)) == INVALID, given


def test_entries_are_a_mebibyte_together_at_the_most(events):
    def of(size):
        rest = size - len("com.example.walk") - len("Walk") - len('{"a":""}')
        return entry(Detail=json.dumps({"a": "x" * rest}, separators=(",", ":")))

    assert events.put_events(Entries=[of(524_288)] * 2)["FailedEntryCount"] == 0
    too_large = [of(524_288), of(524_289)]
    assert code(refusal(events.put_events, Entries=too_large)) == INVALID


@pytest.mark.parametrize(
    "pattern, matches",
    [
        ({"detail": {"zone": ["use1-az1", "use1-az2"]}}, True),
        ({"detail": {"zone": [{"prefix": "use1-"}]}}, True),
        ({"detail": {"zone": [{"suffix": "az2"}]}}, False),
        ({"detail": {"zone": [{"equals-ignore-case": "USE1-AZ1"}]}}, True),
        ({"detail": {"zone": [{"wildcard": "use*-az1"}]}}, True),
        ({"detail": {"share": [{"numeric": [">", 10, "<=", 12.5]}]}}, True),
        ({"detail": {"nobody": [{"exists": False}]}}, True),
        ({"detail": {"zone": [{"anything-but": ["use1-az1"]}]}}, False),
        ({"$or": [{"source": ["other"]}, {"detail-type": ["Walk"]}]}, True),
        ({"source": ["com.example.walk"], "region": ["eu-west-1"]}, False),
    ],
)
def test_patterns_are_tested_with_an_event(events, pattern, matches):
    answer = events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))
    assert answer["Result"] is matches


def test_an_event_without_its_envelope_is_refused(events):
    for event in ["{", "[]", json.dumps({"source": "x"})]:
        given = {"EventPattern": PATTERN, "Event": event}
        assert code(refusal(events.test_event_pattern, **given)) == INVALID


def test_the_cli_walks_it_too(cli):
    name, rule = ["--name", "walk"], ["--rule", "walk"]
    cli(SERVICE, "put-rule", *name, "--event-pattern", PATTERN)
    cli(SERVICE, "disable-rule", *name)
    assert cli(SERVICE, "describe-rule", *name)["State"] == "DISABLED"
    cli(SERVICE, "enable-rule", *name)
    assert [one["State"] for one in cli(SERVICE, "list-rules")["Rules"]] == ["ENABLED"]
    put = cli(SERVICE, "put-targets", *rule, "--targets", f"Id=a,Arn={ECHO}")
    assert put["FailedEntryCount"] == 0
    assert len(cli(SERVICE, "list-targets-by-rule", *rule)["Targets"]) == 1
    names = cli(SERVICE, "list-rule-names-by-target", "--target-arn", ECHO)
    assert names["RuleNames"] == ["walk"]
    sent = cli(SERVICE, "put-events", "--entries", json.dumps([entry(Time="2026-01-15T03:00:00Z")]))
    assert sent["FailedEntryCount"] == 0 and sent["Entries"][0]["EventId"]
    given = ["--event-pattern", PATTERN, "--event", json.dumps(EVENT)]
    assert cli(SERVICE, "test-event-pattern", *given)["Result"] is True
    assert cli(SERVICE, "describe-event-bus")["Name"] == "default"
    assert len(cli(SERVICE, "list-event-buses")["EventBuses"]) == 1
    refused = cli(SERVICE, "delete-rule", *name, fails=True)
    assert "(ValidationException)" in refused
    cli(SERVICE, "remove-targets", *rule, "--ids", "a")
    cli(SERVICE, "delete-rule", *name)
    refused = cli(SERVICE, "describe-rule", *name, fails=True)
    assert "(ResourceNotFoundException)" in refused


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    assert supported(client(SERVICE, validate=False), UNKNOWN) == OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] == OPERATIONS
