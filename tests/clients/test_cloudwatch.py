"""CloudWatch, as boto3 and the AWS CLI see it."""

import datetime
import json
import math

import pytest

from harness import code, refusal, supported

SERVICE = "cloudwatch"
UNKNOWN = ("UnknownOperationException", 404)
OPERATIONS = {
    "DeleteAlarmMuteRule",
    "DeleteAlarms",
    "DescribeAlarmHistory",
    "DescribeAlarms",
    "GetAlarmMuteRule",
    "GetMetricData",
    "GetMetricStatistics",
    "ListAlarmMuteRules",
    "ListMetrics",
    "PutAlarmMuteRule",
    "PutCompositeAlarm",
    "PutMetricAlarm",
    "PutMetricData",
    "SetAlarmState",
}
# The Region's clock begins here, ten minutes after its metrics do.
BEGIN = datetime.datetime(2026, 1, 15, 3, 0, tzinfo=datetime.timezone.utc)
MINUTE = datetime.timedelta(minutes=1)
LOAD_BALANCER = "app/front/50dc6c495c0c9188"
ZONAL = "use1-az1-wildrydes-isolated-impact-aggregate-alarm"
INVALID = ("ValidationError", 400)


@pytest.fixture
def cloudwatch(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


def of_the_load_balancer(name, stat, zone=None, period=60):
    dimensions = [{"Name": "LoadBalancer", "Value": LOAD_BALANCER}]
    if zone:
        dimensions.append({"Name": "AvailabilityZone", "Value": zone})
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions}
    return {"Metric": metric, "Period": period, "Stat": stat}


def put_alarm(cloudwatch, name, **changed):
    given = {
        "AlarmName": name,
        "Namespace": "Walk",
        "MetricName": "Faults",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    return cloudwatch.put_metric_alarm(**{**given, **changed})


def names(answer, kind="MetricAlarms"):
    return [alarm["AlarmName"] for alarm in answer[kind]]


def test_metrics_of_the_workload_are_read_with_expressions(cloudwatch):
    queries = [
        {"Id": "count", "MetricStat": of_the_load_balancer("RequestCount", "Sum", "us-east-1a")},
        {"Id": "pr", "MetricStat": of_the_load_balancer("TargetResponseTime", "PR(0.35:)")},
        {"Id": "p99", "MetricStat": of_the_load_balancer("TargetResponseTime", "p99")},
        {"Id": "rate", "Expression": "count / PERIOD(count)", "Label": "per second"},
        {
            "Id": "faults",
            "MetricStat": of_the_load_balancer("HTTPCode_Target_5XX_Count", "Sum"),
            "ReturnData": False,
        },
        {"Id": "filled", "Expression": "FILL(faults, 0)"},
    ]
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=BEGIN - 5 * MINUTE, EndTime=BEGIN - MINUTE
    )
    results = {result["Id"]: result for result in answer["MetricDataResults"]}
    assert sorted(results) == ["count", "filled", "p99", "pr", "rate"]
    assert results["rate"]["Label"] == "per second"
    for result in results.values():
        assert len(result["Timestamps"]) == len(result["Values"])
        assert result["StatusCode"] == "Complete"
        assert result["Timestamps"] == sorted(result["Timestamps"], reverse=True)
    assert len(results["count"]["Values"]) == 4
    for count, rate in zip(results["count"]["Values"], results["rate"]["Values"]):
        assert math.isclose(rate, count / 60)
    # Three zones share 120 requests a second.
    assert all(1500 < count < 3500 for count in results["count"]["Values"])
    assert all(0 <= share < 5 for share in results["pr"]["Values"])
    assert all(0.1 < p99 < 2 for p99 in results["p99"]["Values"])


def test_datapoints_are_paged_and_ordered_as_asked(cloudwatch):
    query = {"Id": "a", "MetricStat": of_the_load_balancer("RequestCount", "Sum")}
    window = {"StartTime": BEGIN - 8 * MINUTE, "EndTime": BEGIN - 2 * MINUTE}
    whole = cloudwatch.get_metric_data(
        MetricDataQueries=[query], ScanBy="TimestampAscending", **window
    )
    [whole] = whole["MetricDataResults"]
    assert whole["Timestamps"] == sorted(whole["Timestamps"]) and len(whole["Values"]) == 6
    paged = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query], ScanBy="TimestampAscending", MaxDatapoints=4, **window
    )
    values, codes = [], []
    for page in paged:
        for result in page["MetricDataResults"]:
            values += result["Values"]
            codes.append(result["StatusCode"])
    assert values == whole["Values"]
    assert codes == ["PartialData", "Complete"]


def test_what_is_put_is_read_back(cloudwatch):
    at = BEGIN - 2 * MINUTE
    dimension = [{"Name": "AZ-ID", "Value": "use1-az1"}]
    cloudwatch.put_metric_data(
        Namespace="Walk",
        MetricData=[
            {"MetricName": "Latency", "Timestamp": at, "Dimensions": dimension, "Value": 3.5},
            {
                "MetricName": "Latency",
                "Timestamp": at,
                "Dimensions": dimension,
                "Values": [1.0, 2.0],
                "Counts": [2.0, 1.0],
            },
            {
                "MetricName": "Set",
                "Timestamp": at,
                "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4},
            },
        ],
    )

    def query(id, name, stat, dimensions=()):
        metric = {"Namespace": "Walk", "MetricName": name, "Dimensions": list(dimensions)}
        return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}

    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            query("n", "Latency", "SampleCount", dimension),
            query("sum", "Latency", "Sum", dimension),
            query("p50", "Latency", "p50", dimension),
            query("avg", "Set", "Average"),
            query("max", "Set", "Maximum"),
            query("none", "Latency", "Sum"),
        ],
        StartTime=at,
        EndTime=at + MINUTE,
    )
    values = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    assert values["p50"] and 1.0 <= values.pop("p50")[0] <= 2.0
    assert values == {"n": [4.0], "sum": [7.5], "avg": [2.5], "max": [4.0], "none": []}


def test_metrics_are_listed_by_what_they_have(cloudwatch):
    def listed(**filters):
        return cloudwatch.list_metrics(**filters)["Metrics"]

    balancer = [{"Name": "LoadBalancer", "Value": LOAD_BALANCER}]
    found = listed(MetricName="RequestCount", Dimensions=balancer)
    zones = {
        dimension["Value"]
        for metric in found
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "AvailabilityZone"
    }
    assert {metric["Namespace"] for metric in found} == {"AWS/ApplicationELB"}
    assert zones == {"us-east-1a", "us-east-1b", "us-east-1c"}
    zonal = listed(MetricName="RequestCount", Dimensions=[{"Name": "AvailabilityZone"}])
    assert zonal and len(zonal) < len(listed(MetricName="RequestCount"))
    assert listed(RecentlyActive="PT3H") == listed()
    assert listed(Namespace="Nobody") == []
    for number in (0, 1):
        data = [
            {"MetricName": f"m{number}-{n:03}", "Timestamp": BEGIN - MINUTE, "Value": 1.0}
            for n in range(400)
        ]
        cloudwatch.put_metric_data(Namespace="Many", MetricData=data)
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="Many")
    pages = [[metric["MetricName"] for metric in page["Metrics"]] for page in pages]
    assert [len(page) for page in pages] == [500, 300]
    assert len(set(pages[0] + pages[1])) == 800


def test_metrics_that_cannot_be_listed_are_refused(unchecked):
    for given, expected in [
        ({"RecentlyActive": "PT1H"}, ("InvalidParameterValue", 400)),
        ({"IncludeLinkedAccounts": True}, ("InvalidParameterValue", 400)),
        ({"NextToken": "nonsense"}, ("InvalidNextToken", 400)),
    ]:
        assert code(refusal(unchecked.list_metrics, **given)) == expected, given


def test_one_metric_is_read_in_statistics(cloudwatch, unchecked):
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "TargetResponseTime",
        "Dimensions": [{"Name": "LoadBalancer", "Value": LOAD_BALANCER}],
        "StartTime": BEGIN - 5 * MINUTE,
        "EndTime": BEGIN - 2 * MINUTE,
        "Period": 60,
    }
    five = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"]
    answer = cloudwatch.get_metric_statistics(**metric, Statistics=five)
    assert answer["Label"] == "TargetResponseTime" and len(answer["Datapoints"]) == 3
    for point in answer["Datapoints"]:
        assert point["Minimum"] < point["Average"] < point["Maximum"]
        assert math.isclose(point["Average"], point["Sum"] / point["SampleCount"])
    answer = cloudwatch.get_metric_statistics(**metric, ExtendedStatistics=["p50", "p99"])
    for point in answer["Datapoints"]:
        assert point["ExtendedStatistics"]["p50"] < point["ExtendedStatistics"]["p99"]
    combination = "InvalidParameterCombination"
    for changed, name in [
        ({}, combination),
        ({"Statistics": five, "ExtendedStatistics": ["p50"]}, combination),
        ({"Statistics": five, "StartTime": BEGIN - 2 * 1440 * MINUTE}, combination),
        ({"Statistics": ["nonsense"]}, "InvalidParameterValue"),
        ({"Statistics": five, "Period": 7}, "InvalidParameterValue"),
        ({"Statistics": five, "Period": 0}, "InvalidParameterValue"),
        ({"Statistics": five, "Period": -60}, "InvalidParameterValue"),
        ({"Statistics": five, "EndTime": BEGIN - 5 * MINUTE}, "InvalidParameterValue"),
    ]:
        error = refusal(unchecked.get_metric_statistics, **{**metric, **changed})
        assert code(error) == (name, 400), changed


def test_a_compressed_request_is_read(cloudwatch):
    # From 10 KiB on the client compresses it by itself.
    data = [
        {"MetricName": f"Metric-{number}", "Timestamp": BEGIN - 2 * MINUTE, "Value": number}
        for number in range(900)
    ]
    sent = []
    cloudwatch.meta.events.register(
        "before-send", lambda request, **_: sent.append(request.headers.get("Content-Encoding"))
    )
    cloudwatch.put_metric_data(Namespace="Packed", MetricData=data)
    assert sent == [b"gzip"] or sent == ["gzip"]
    metric = {"Namespace": "Packed", "MetricName": "Metric-899"}
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        ],
        StartTime=BEGIN - 3 * MINUTE,
        EndTime=BEGIN,
    )
    assert answer["MetricDataResults"][0]["Values"] == [899.0]


@pytest.mark.parametrize(
    "datum",
    [
        {"Value": 1.0, "Values": [1.0]},
        {},
        {"Values": [1.0, 2.0], "Counts": [1.0]},
        {"Value": 1.0, "StorageResolution": 7},
        {"Value": 1.0, "Timestamp": BEGIN - 15 * 1440 * MINUTE},
        {"Value": 1.0, "Timestamp": BEGIN + 3 * 60 * MINUTE},
        {"Value": 2.0**361},
        {"Value": 1.0, "Dimensions": [{"Name": f"d{n}", "Value": "x"} for n in range(31)]},
    ],
)
def test_data_that_make_no_sense_are_refused(unchecked, datum):
    given = {"Namespace": "Walk", "MetricData": [{"MetricName": "x", **datum}]}
    name, status = code(refusal(unchecked.put_metric_data, **given))
    assert status == 400
    # What the query protocol calls them is what clients go by.
    assert name in {
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "ValidationError",
    }, name


@pytest.mark.parametrize(
    "query",
    [
        {"Id": "A", "Expression": "1"},
        {"Id": "a"},
        {"Id": "a", "Expression": "b + 1"},
        {"Id": "a", "Expression": "((("},
        {"Id": "a", "Expression": "NOSUCH(1)"},
        {"Id": "a", "MetricStat": of_the_load_balancer("RequestCount", "p101")},
        {"Id": "a", "MetricStat": of_the_load_balancer("RequestCount", "Sum", period=7)},
        {"Id": "a", "MetricStat": of_the_load_balancer("RequestCount", "Sum", period=-60)},
    ],
)
def test_queries_that_make_no_sense_are_refused(unchecked, query):
    given = {"MetricDataQueries": [query], "StartTime": BEGIN - MINUTE, "EndTime": BEGIN}
    assert code(refusal(unchecked.get_metric_data, **given)) == INVALID


def test_times_at_the_end_of_the_calendar_are_answered(unchecked):
    queries = [{"Id": "a", "MetricStat": of_the_load_balancer("RequestCount", "Sum")}]
    early = datetime.datetime(1, 1, 2, tzinfo=datetime.timezone.utc)
    late = datetime.datetime(9999, 12, 30, tzinfo=datetime.timezone.utc)
    for start, end in [(early, late), (late, early), (BEGIN, BEGIN), (early, early + MINUTE)]:
        given = {"MetricDataQueries": queries, "StartTime": start, "EndTime": end}
        try:
            answer = unchecked.get_metric_data(**given)
            assert len(answer["MetricDataResults"]) == 1
        except unchecked.exceptions.ClientError as error:
            assert code(error)[1] == 400, error
    put = {"MetricName": "x", "Value": 1.0}
    for at in (early, late):
        given = {"Namespace": "Walk", "MetricData": [{**put, "Timestamp": at}]}
        assert code(refusal(unchecked.put_metric_data, **given))[1] == 400
    history = unchecked.describe_alarm_history(StartDate=early, EndDate=late)
    assert history["AlarmHistoryItems"]


def test_an_alarm_from_its_making_to_its_end(cloudwatch):
    put_alarm(cloudwatch, "walk-faults", AlarmDescription="too many", Unit="Count")
    [alarm] = cloudwatch.describe_alarms(AlarmNames=["walk-faults"])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:000000000000:alarm:walk-faults"
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 3, 2)
    assert (alarm["Threshold"], alarm["Unit"]) == (5.0, "Count")
    assert alarm["ActionsEnabled"] is True

    data = json.dumps({"why": "a walk"})
    cloudwatch.set_alarm_state(
        AlarmName="walk-faults", StateValue="ALARM", StateReason="by hand", StateReasonData=data
    )
    [alarm] = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert (alarm["StateReason"], alarm["StateReasonData"]) == ("by hand", data)
    history = cloudwatch.describe_alarm_history(
        AlarmName="walk-faults", HistoryItemType="StateUpdate"
    )
    [item] = history["AlarmHistoryItems"]
    assert json.loads(item["HistoryData"])["newState"]["stateValue"] == "ALARM"

    cloudwatch.delete_alarms(AlarmNames=["walk-faults"])
    assert cloudwatch.describe_alarms(AlarmNames=["walk-faults"])["MetricAlarms"] == []


def test_only_metric_alarms_are_described_unless_asked(cloudwatch):
    answer = cloudwatch.describe_alarms()
    assert len(names(answer)) == 22 and names(answer, "CompositeAlarms") == []
    both = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    assert (len(names(both)), len(names(both, "CompositeAlarms"))) == (22, 4)
    by_name = cloudwatch.describe_alarms(AlarmNames=[ZONAL])
    assert names(by_name, "CompositeAlarms") == []
    by_name = cloudwatch.describe_alarms(AlarmNames=[ZONAL], AlarmTypes=["CompositeAlarm"])
    assert names(by_name, "CompositeAlarms") == [ZONAL]
    assert cloudwatch.describe_alarms(AlarmTypes=["LogAlarm"])["MetricAlarms"] == []


def test_alarms_come_page_by_page(cloudwatch):
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmTypes=["CompositeAlarm", "MetricAlarm"], PaginationConfig={"PageSize": 10}
    )
    pages = list(pages)
    sizes = [len(names(page)) + len(names(page, "CompositeAlarms")) for page in pages]
    assert sizes == [10, 10, 6]
    every = [name for page in pages for name in names(page) + names(page, "CompositeAlarms")]
    assert len(set(every)) == 26


def test_children_and_parents_are_told_in_part(cloudwatch):
    both = ["CompositeAlarm", "MetricAlarm"]
    answer = cloudwatch.describe_alarms(ChildrenOfAlarmName=ZONAL)
    children = answer["MetricAlarms"]
    assert children and all("StateValue" in child for child in children)
    assert all("Threshold" not in child for child in children)
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName=children[0]["AlarmName"])
    assert ZONAL in names(parents, "CompositeAlarms")
    assert all("StateValue" not in parent for parent in parents["CompositeAlarms"])
    for given in (
        {"ChildrenOfAlarmName": ZONAL, "ParentsOfAlarmName": ZONAL},
        {"ChildrenOfAlarmName": ZONAL, "AlarmTypes": both},
        {"ChildrenOfAlarmName": ZONAL, "StateValue": "OK"},
    ):
        assert code(refusal(cloudwatch.describe_alarms, **given)) == INVALID, given


def test_a_composite_alarm_that_was_set_stays_until_a_child_changes(cloudwatch):
    put_alarm(cloudwatch, "walk-child")
    rule = 'ALARM("walk-child")'
    cloudwatch.put_composite_alarm(AlarmName="walk-parent", AlarmRule=rule)

    def parent():
        answer = cloudwatch.describe_alarms(
            AlarmNames=["walk-parent"], AlarmTypes=["CompositeAlarm"]
        )
        return answer["CompositeAlarms"][0]

    given = {"StateReason": "by hand"}
    cloudwatch.set_alarm_state(AlarmName="walk-parent", StateValue="ALARM", **given)
    assert parent()["StateValue"] == "ALARM"
    assert parent()["AlarmRule"] == rule
    # A metric alarm that was set does not stay: its next evaluation decides.
    cloudwatch.set_alarm_state(AlarmName="walk-child", StateValue="OK", **given)
    with pytest.raises(cloudwatch.exceptions.ClientError) as caught:
        cloudwatch.delete_alarms(AlarmNames=["walk-child"])
    assert code(caught.value)[1] == 400
    cloudwatch.delete_alarms(AlarmNames=["walk-parent", "walk-child"])


@pytest.mark.parametrize(
    "changed",
    [
        {"Period": 45},
        {"EvaluationPeriods": 0},
        {"DatapointsToAlarm": 4},
        {"ComparisonOperator": "Nonsense"},
        {"TreatMissingData": "nonsense"},
        {"ExtendedStatistic": "p99"},
        {"Statistic": "nonsense"},
        {"AlarmName": "x" * 256},
        {"AlarmName": ""},
        {"AlarmDescription": "x" * 1025},
        {"AlarmActions": ["arn:aws:sns:us-east-1:000000000000:evac"] * 6},
        {"Metrics": [{"Id": "a", "Expression": "1"}]},
        {"Dimensions": [{"Name": f"d{n}", "Value": "x"} for n in range(31)]},
    ],
)
def test_an_alarm_that_makes_no_sense_is_refused(unchecked, changed):
    error = refusal(lambda **given: put_alarm(unchecked, "walk", **given), **changed)
    assert code(error)[1] == 400
    assert code(error)[0] in {"ValidationError", "InvalidParameterCombination"}
    assert unchecked.describe_alarms(AlarmNames=["walk"])["MetricAlarms"] == []


@pytest.mark.parametrize(
    "rule",
    ["", "nonsense", 'ALARM("nobody")', 'ALARM("walk-self")', "ALARM(", "TRUE " * 3000],
)
def test_a_rule_that_makes_no_sense_is_refused(unchecked, rule):
    given = {"AlarmName": "walk-self", "AlarmRule": rule}
    assert code(refusal(unchecked.put_composite_alarm, **given)) == INVALID


def test_states_that_cannot_be_set_are_refused(unchecked):
    given = {"AlarmName": "nobody", "StateValue": "OK", "StateReason": "x"}
    with pytest.raises(unchecked.exceptions.ResourceNotFound) as caught:
        unchecked.set_alarm_state(**given)
    assert code(caught.value)[1] == 404
    given["AlarmName"] = ZONAL
    assert code(refusal(unchecked.set_alarm_state, **{**given, "StateValue": "BAD"})) == INVALID
    assert code(refusal(unchecked.set_alarm_state, **{**given, "StateReason": "x" * 1024}))[1] == 400
    with pytest.raises(unchecked.exceptions.InvalidFormatFault):
        unchecked.set_alarm_state(**given, StateReasonData="not json")


def test_a_mute_rule_from_its_making_to_its_end(cloudwatch):
    cloudwatch.put_alarm_mute_rule(
        Name="walk-mute",
        Description="quiet",
        Rule={"Schedule": {"Expression": "at(2026-01-15T04:00)", "Duration": "PT1H"}},
        MuteTargets={"AlarmNames": [ZONAL]},
    )
    rule = cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="walk-mute")
    assert (rule["Name"], rule["Status"]) == ("walk-mute", "SCHEDULED")
    assert rule["MuteTargets"]["AlarmNames"] == [ZONAL]
    listed = cloudwatch.list_alarm_mute_rules(AlarmName=ZONAL)["AlarmMuteRuleSummaries"]
    assert [one["AlarmMuteRuleArn"] for one in listed] == [rule["AlarmMuteRuleArn"]]
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="walk-mute")
    error = refusal(cloudwatch.get_alarm_mute_rule, AlarmMuteRuleName="walk-mute")
    assert code(error)[1] == 404


def test_the_cli_walks_it_too(cli):
    described = cli(SERVICE, "describe-alarms", "--alarm-types", "CompositeAlarm")
    assert len(described["CompositeAlarms"]) == 4
    put = ["--alarm-name", "by-hand", "--namespace", "Walk", "--metric-name", "Faults"]
    put += ["--statistic", "Sum", "--period", "60", "--evaluation-periods", "1"]
    put += ["--threshold", "1", "--comparison-operator", "GreaterThanThreshold"]
    cli(SERVICE, "put-metric-alarm", *put)
    rule = ["--alarm-name", "by-hand-parent", "--alarm-rule", 'ALARM("by-hand")']
    cli(SERVICE, "put-composite-alarm", *rule)
    state = ["--state-value", "ALARM", "--state-reason", "by hand"]
    cli(SERVICE, "set-alarm-state", "--alarm-name", "by-hand", *state)
    refused = cli(SERVICE, "set-alarm-state", "--alarm-name", "nobody", *state, fails=True)
    assert "(ResourceNotFound)" in refused
    history = cli(SERVICE, "describe-alarm-history", "--alarm-name", "by-hand")
    assert "AlarmHistoryItems" in history
    datum = ["--namespace", "Walk", "--metric-name", "Faults", "--value", "3"]
    cli(SERVICE, "put-metric-data", *datum, "--timestamp", "2026-01-15T02:58:00Z")
    metric = {"Namespace": "Walk", "MetricName": "Faults"}
    query = [{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}]
    window = ["--start-time", "2026-01-15T02:55:00Z", "--end-time", "2026-01-15T03:00:00Z"]
    read = cli(SERVICE, "get-metric-data", "--metric-data-queries", json.dumps(query), *window)
    assert read["MetricDataResults"][0]["Values"] == [3.0]
    listed = cli(SERVICE, "list-metrics", "--namespace", "Walk")
    assert [metric["MetricName"] for metric in listed["Metrics"]] == ["Faults"]
    by_name = ["--namespace", "Walk", "--metric-name", "Faults", "--period", "60"]
    read = cli(SERVICE, "get-metric-statistics", *by_name, *window, "--statistics", "Sum")
    assert [point["Sum"] for point in read["Datapoints"]] == [3.0]
    schedule = {"Schedule": {"Expression": "at(2026-01-15T04:00)", "Duration": "PT1H"}}
    mute = ["--name", "quiet", "--rule", json.dumps(schedule)]
    cli(SERVICE, "put-alarm-mute-rule", *mute)
    assert len(cli(SERVICE, "list-alarm-mute-rules")["AlarmMuteRuleSummaries"]) == 1
    by_name = ["--alarm-mute-rule-name", "quiet"]
    assert cli(SERVICE, "get-alarm-mute-rule", *by_name)["Name"] == "quiet"
    cli(SERVICE, "delete-alarm-mute-rule", *by_name)
    cli(SERVICE, "delete-alarms", "--alarm-names", "by-hand-parent", "by-hand")


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    assert supported(client(SERVICE, validate=False), UNKNOWN) == OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] == OPERATIONS
