"""CloudWatch's metrics, as boto3 and the AWS CLI see them."""

import datetime
import json
import math

import pytest

from harness import code, refusal

SERVICE = "cloudwatch"
OPERATIONS = {
    "GetMetricData",
    "GetMetricStatistics",
    "ListMetrics",
    "PutMetricData",
}
# The Region's clock begins here, ten minutes after its metrics do.
BEGIN = datetime.datetime(2026, 1, 15, 3, 0, tzinfo=datetime.timezone.utc)
MINUTE = datetime.timedelta(minutes=1)
LOAD_BALANCER = "app/front/50dc6c495c0c9188"
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
    for given in [
        {"RecentlyActive": "PT1H"},
        {"IncludeLinkedAccounts": True},
        {"NextToken": "nonsense"},
    ]:
        error = refusal(unchecked.list_metrics, **given)
        assert code(error) == ("InvalidParameterValue", 400), given


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


def test_the_cli_walks_it_too(cli):
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
    refused = cli(SERVICE, "list-metrics", "--recently-active", "PT1H", fails=True)
    assert "PT1H" in refused


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] >= OPERATIONS
