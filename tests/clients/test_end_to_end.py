"""From one service of the Region to the next, as far as a client can see it.

A client sees no invocation but its own. It sees how many there were: the Region counts the ids of
invocations. And a destination for successes sends the record of an invocation on, so a rule on such
records tells what a function was asked and what it answered. Its target is another function than
the one that is recorded: otherwise each record would make the next.
"""

import json

import pytest

from harness import eventually

ACCOUNT = "000000000000"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
# A minute of the Region's clock in a second.
FAST = ("--speed", "60")


class Stage:
    """A Region at a higher speed, and clients of it."""

    def __init__(self, region, walked):
        services = ("arc-zonal-shift", "cloudwatch", "events", "lambda", "sns")
        self.arc, self.cloudwatch, self.events, self.functions, self.sns = (
            region.client(service, walked) for service in services
        )
        self.own = 0

    def invocations(self):
        """How many invocations the Region counts beside those that were counted with."""
        answer = self.functions.invoke(FunctionName="echo", InvocationType="DryRun")
        self.own += 1
        return int(answer["ResponseMetadata"]["RequestId"].rsplit("-", 1)[1], 16) - self.own

    def invoked(self, times):
        """Waits until so many invocations were asked for by the Region itself."""
        eventually(lambda: self.invocations() >= times)
        assert self.invocations() == times

    def rule(self, name, pattern, function="echo", **target):
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        targets = [{"Id": function, "Arn": FUNCTION + function, **target}]
        put = self.events.put_targets(Rule=name, Targets=targets)
        assert put["FailedEntryCount"] == 0

    def put(self, **detail):
        entry = {"Source": "com.example.walk", "DetailType": "Walk", "Detail": json.dumps(detail)}
        assert self.events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    def record_answers(self):
        """Has the record of every success of echo sent to the bus."""
        self.functions.put_function_event_invoke_config(
            FunctionName="echo",
            MaximumRetryAttempts=0,
            DestinationConfig={"OnSuccess": {"Destination": BUS}},
        )


@pytest.fixture
def stage(start, walked):
    return Stage(start(*FAST), walked)


def test_an_event_reaches_the_function_that_a_rule_names(stage):
    stage.record_answers()
    stage.rule("walk", {"source": ["com.example.walk"], "detail": {"zone": ["use1-az1"]}})
    stage.rule(
        "records",
        {
            "source": ["lambda"],
            "detail-type": ["Lambda Function Invocation Result - Success"],
            "detail": {
                "requestContext": {"condition": ["Success"]},
                "responsePayload": {"source": ["com.example.walk"], "account": [ACCOUNT]},
            },
        },
        "fail",
    )
    stage.put(zone="use1-az2")
    stage.put(zone="use1-az1")
    # One of echo, and one of fail for the record of it.
    stage.invoked(2)
    stage.events.disable_rule(Name="walk")
    stage.put(zone="use1-az1")
    stage.events.enable_rule(Name="walk")
    stage.put(zone="use1-az1")
    stage.invoked(4)


def test_a_target_gets_what_its_input_says(stage):
    stage.record_answers()
    shaped = {
        "InputPathsMap": {"zone": "$.detail.zone"},
        "InputTemplate": '{"text": "<zone> is grey", "zone": <zone>}',
    }
    stage.rule("walk", {"source": ["com.example.walk"]}, InputTransformer=shaped)
    answer = {"text": ["use1-az1 is grey"], "zone": ["use1-az1"]}
    stage.rule("records", {"source": ["lambda"], "detail": {"responsePayload": answer}}, "fail")
    stage.put(zone="use1-az1")
    stage.invoked(2)


def test_a_message_reaches_the_function_that_is_subscribed(stage):
    stage.record_answers()
    topic = stage.sns.create_topic(Name="walk")["TopicArn"]
    stage.sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=FUNCTION + "echo",
        Attributes={"FilterPolicy": '{"zone": ["use1-az1"]}'},
    )
    message = {"Message": ["text"], "Subject": ["a walk"], "TopicArn": [topic]}
    answer = {"Records": {"EventSource": ["aws:sns"], "Sns": message}}
    stage.rule("records", {"source": ["lambda"], "detail": {"responsePayload": answer}}, "fail")
    for zone in ("use1-az2", "use1-az1"):
        attributes = {"zone": {"DataType": "String", "StringValue": zone}}
        stage.sns.publish(
            TopicArn=topic, Message="text", Subject="a walk", MessageAttributes=attributes
        )
    stage.invoked(2)


def test_a_failure_goes_to_its_destination_after_its_retries(stage):
    stage.functions.put_function_event_invoke_config(
        FunctionName="fail",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": FUNCTION + "echo"}},
    )
    stage.record_answers()
    context = {"condition": ["RetriesExhausted"], "approximateInvokeCount": [2]}
    answer = {"requestContext": context, "requestPayload": {"walk": [True]}}
    stage.rule("records", {"source": ["lambda"], "detail": {"responsePayload": answer}}, "echo")
    # What echo answers to the rule is an event, which the rule does not match.
    stage.functions.invoke(FunctionName="fail", InvocationType="Event", Payload=b'{"walk": true}')
    stage.own += 1
    stage.invoked(2)


def test_an_alarm_tells_the_function_of_its_rule(stage):
    stage.record_answers()
    stage.cloudwatch.put_metric_alarm(
        AlarmName="walk",
        Namespace="Walk",
        MetricName="nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    state = {"state": {"value": ["ALARM"]}}
    changed = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": ["walk"], **state},
    }
    stage.rule("walk", changed)
    stage.rule("records", {"source": ["lambda"], "detail": {"responsePayload": changed}}, "fail")
    for value in ("ALARM", "OK", "ALARM"):
        stage.cloudwatch.set_alarm_state(AlarmName="walk", StateValue=value, StateReason="walk")
    stage.invoked(4)
    history = stage.cloudwatch.describe_alarm_history(AlarmName="walk")["AlarmHistoryItems"]
    assert len(history) == 3


def test_a_zonal_shift_tells_the_function_of_its_rule(stage):
    stage.record_answers()
    [resource] = stage.arc.list_managed_resources()["items"]
    # ARC's events have names where others have ARNs.
    told = {
        "source": ["aws.arc-zonal-shift"],
        "detail-type": ["Practice Run Started", "Practice Run Interrupted"],
        "resources": [resource["name"]],
    }
    stage.rule("walk", told)
    stage.rule("records", {"source": ["lambda"], "detail": {"responsePayload": told}}, "fail")
    run = stage.arc.start_practice_run(
        resourceIdentifier=resource["arn"], awayFrom="use1-az1", comment="a walk"
    )
    stage.invoked(2)
    stage.arc.cancel_practice_run(zonalShiftId=run["zonalShiftId"])
    stage.invoked(4)


def test_a_rate_tells_the_function_of_its_rule_again_and_again(stage):
    stage.events.put_rule(Name="walk", ScheduleExpression="rate(1 minute)")
    targets = [{"Id": "echo", "Arn": FUNCTION + "echo", "Input": '{"walk": true}'}]
    stage.events.put_targets(Rule="walk", Targets=targets)
    eventually(lambda: stage.invocations() >= 2)
    stage.events.disable_rule(Name="walk")
