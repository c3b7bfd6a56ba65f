"""CloudWatch's alarms, as boto3 and the AWS CLI see them."""

import json

import pytest

import test_cloudwatch_metrics as metrics
from harness import code, refusal, supported

SERVICE = "cloudwatch"
UNKNOWN = ("UnknownOperationException", 404)
OPERATIONS = {
    "DeleteAlarmMuteRule",
    "DeleteAlarms",
    "DescribeAlarmHistory",
    "DescribeAlarms",
    "GetAlarmMuteRule",
    "ListAlarmMuteRules",
    "PutAlarmMuteRule",
    "PutCompositeAlarm",
    "PutMetricAlarm",
    "SetAlarmState",
}
ZONAL = "use1-az1-wildrydes-isolated-impact-aggregate-alarm"
INVALID = ("ValidationError", 400)


@pytest.fixture
def cloudwatch(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


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
    schedule = {"Schedule": {"Expression": "at(2026-01-15T04:00)", "Duration": "PT1H"}}
    cli(SERVICE, "put-alarm-mute-rule", "--name", "quiet", "--rule", json.dumps(schedule))
    assert len(cli(SERVICE, "list-alarm-mute-rules")["AlarmMuteRuleSummaries"]) == 1
    by_name = ["--alarm-mute-rule-name", "quiet"]
    assert cli(SERVICE, "get-alarm-mute-rule", *by_name)["Name"] == "quiet"
    cli(SERVICE, "delete-alarm-mute-rule", *by_name)
    cli(SERVICE, "delete-alarms", "--alarm-names", "by-hand-parent", "by-hand")


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    found = supported(client(SERVICE, validate=False), UNKNOWN)
    assert found == OPERATIONS | metrics.OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] >= OPERATIONS
