"""ARC's practice runs and zonal autoshift, as boto3 and the AWS CLI see them."""

import json

import pytest

from harness import code, eventually, refusal

SERVICE = "arc-zonal-shift"
OPERATIONS = {
    "CancelPracticeRun",
    "CreatePracticeRunConfiguration",
    "DeletePracticeRunConfiguration",
    "GetAutoshiftObserverNotificationStatus",
    "StartPracticeRun",
    "UpdateAutoshiftObserverNotificationStatus",
    "UpdatePracticeRunConfiguration",
    "UpdateZonalAutoshiftConfiguration",
}
ZONE = "use1-az1"
ALARM = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"
INVALID = ("ValidationException", 400)
MISSING = ("ResourceNotFoundException", 404)


@pytest.fixture
def arc(client):
    return client(SERVICE)


@pytest.fixture
def unchecked(client):
    """A client that sends what its own validation would keep back."""
    return client(SERVICE, validate=False)


@pytest.fixture
def resource(arc):
    [item] = arc.list_managed_resources()["items"]
    return item["arn"]


@pytest.fixture
def bare(arc, resource):
    """A resource that AWS may not shift and that does not practise."""
    arc.update_zonal_autoshift_configuration(
        resourceIdentifier=resource, zonalAutoshiftStatus="DISABLED"
    )
    arc.delete_practice_run_configuration(resourceIdentifier=resource)
    return resource


def alarms(*names):
    return [{"type": "CLOUDWATCH", "alarmIdentifier": ALARM + name} for name in names]


def practise(arc, resource, **changed):
    given = {"resourceIdentifier": resource, "awayFrom": ZONE, "comment": "a walk"}
    return arc.start_practice_run(**{**given, **changed})


def conflict(call, reason, **given):
    """A call that has to be refused as a conflict, for this reason."""
    error = refusal(call, **given)
    assert code(error) == ("ConflictException", 409), error
    assert error.response["reason"] == reason
    return error.response


def test_a_configuration_from_its_start_to_its_end(arc, bare):
    name = {"resourceIdentifier": bare}
    resource = arc.get_managed_resource(**name)
    assert "practiceRunConfiguration" not in resource
    assert resource["zonalAutoshiftStatus"] == "DISABLED"
    made = arc.create_practice_run_configuration(
        **name,
        outcomeAlarms=alarms("outcome"),
        blockingAlarms=alarms("blocking"),
        blockedDates=["2026-05-01"],
        blockedWindows=["Mon:10:00-Mon:10:30"],
    )
    assert (made["arn"], made["name"]) == (bare, "front")
    expected = {
        "outcomeAlarms": alarms("outcome"),
        "blockingAlarms": alarms("blocking"),
        "blockedDates": ["2026-05-01"],
        "blockedWindows": ["Mon:10:00-Mon:10:30"],
        "allowedWindows": [],
    }
    assert made["practiceRunConfiguration"] == expected
    changed = arc.update_practice_run_configuration(
        **name, blockedDates=[], allowedWindows=["Thu:03:00-Thu:05:00"]
    )
    expected = {**expected, "blockedDates": [], "allowedWindows": ["Thu:03:00-Thu:05:00"]}
    assert changed["practiceRunConfiguration"] == expected
    assert arc.get_managed_resource(**name)["practiceRunConfiguration"] == expected
    enabled = arc.update_zonal_autoshift_configuration(**name, zonalAutoshiftStatus="ENABLED")
    assert enabled["zonalAutoshiftStatus"] == "ENABLED"
    [item] = arc.list_managed_resources()["items"]
    assert (item["zonalAutoshiftStatus"], item["practiceRunStatus"]) == ("ENABLED", "ENABLED")
    conflict(arc.delete_practice_run_configuration, "AutoShiftEnabled", **name)
    conflict(
        arc.create_practice_run_configuration,
        "PracticeConfigurationAlreadyExists",
        **name,
        outcomeAlarms=alarms("outcome"),
    )


def test_what_requires_a_configuration_says_so(arc, bare):
    name, reason = {"resourceIdentifier": bare}, "PracticeConfigurationDoesNotExist"
    conflict(arc.delete_practice_run_configuration, reason, **name)
    conflict(arc.update_practice_run_configuration, reason, **name, blockedDates=[])
    conflict(
        arc.update_zonal_autoshift_configuration, reason, **name, zonalAutoshiftStatus="ENABLED"
    )
    conflict(arc.start_practice_run, reason, **name, awayFrom=ZONE, comment="")


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"outcomeAlarms": None}, "MissingValue"),
        ({"outcomeAlarms": []}, "MissingValue"),
        ({"outcomeAlarms": alarms(*"abcdefghijk")}, "InvalidAlarmCondition"),
        ({"outcomeAlarms": alarms("")}, "InvalidAlarmCondition"),
        (
            {"outcomeAlarms": [{"type": "CLOUDWATCH", "alarmIdentifier": "nonsense"}]},
            "InvalidAlarmCondition",
        ),
        (
            {"outcomeAlarms": [{"type": "NONSENSE", "alarmIdentifier": ALARM + "a"}]},
            "InvalidConditionType",
        ),
        ({"blockingAlarms": alarms(*"abcdefghijk")}, "InvalidAlarmCondition"),
        ({"blockedDates": ["01.05.2026"]}, "InvalidPracticeBlocker"),
        ({"blockedDates": [f"2026-05-{day:02}" for day in range(1, 17)]}, "InvalidPracticeBlocker"),
        ({"blockedWindows": ["Mon:10:00-Tue:10:30"]}, "InvalidPracticeBlocker"),
        ({"allowedWindows": ["nonsense"]}, "InvalidPracticeAllowedWindow"),
        (
            {
                "allowedWindows": ["Mon:10:00-Mon:12:00"],
                "blockedWindows": ["Mon:11:00-Mon:13:00"],
            },
            "InvalidPracticeWindows",
        ),
        ({"resourceIdentifier": "short"}, "InvalidResourceIdentifier"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(unchecked, bare, changed, reason):
    given = {"resourceIdentifier": bare, "outcomeAlarms": alarms("outcome"), **changed}
    given = {name: value for name, value in given.items() if value is not None}
    error = refusal(unchecked.create_practice_run_configuration, **given)
    assert code(error) == INVALID
    assert error.response["reason"] == reason
    resource = unchecked.get_managed_resource(resourceIdentifier=bare)
    assert "practiceRunConfiguration" not in resource


def test_a_practice_run_from_its_start_to_its_end(arc, resource):
    run = practise(arc, resource)
    assert (run["status"], run["awayFrom"], run["comment"]) == ("ACTIVE", ZONE, "a walk")
    run_id = run["zonalShiftId"]
    managed = arc.get_managed_resource(resourceIdentifier=resource)
    assert managed["appliedWeights"][ZONE] == 0.0
    [applied] = managed["zonalShifts"]
    assert (applied["shiftType"], applied["practiceRunOutcome"]) == ("PRACTICE_RUN", "PENDING")
    [listed] = arc.list_zonal_shifts()["items"]
    assert (listed["zonalShiftId"], listed["shiftType"]) == (run_id, "PRACTICE_RUN")
    second = {"resourceIdentifier": resource, "awayFrom": ZONE, "comment": ""}
    told = conflict(arc.start_practice_run, "SimultaneousZonalShiftsConflict", **second)
    assert told["zonalShiftId"] == run_id

    canceled = arc.cancel_practice_run(zonalShiftId=run_id)
    assert (canceled["zonalShiftId"], canceled["status"]) == (run_id, "CANCELED")
    [listed] = arc.list_zonal_shifts(status="CANCELED")["items"]
    assert listed["practiceRunOutcome"] == "INTERRUPTED"
    managed = arc.get_managed_resource(resourceIdentifier=resource)
    assert set(managed["appliedWeights"].values()) == {1.0}
    conflict(arc.cancel_practice_run, "ZonalShiftStatusNotActive", zonalShiftId=run_id)


def test_a_shift_of_the_customer_goes_before_a_practice_run(arc, resource):
    run = practise(arc, resource)
    shift = arc.start_zonal_shift(
        resourceIdentifier=resource, awayFrom="use1-az2", expiresIn="1h", comment="mine"
    )
    [ended] = arc.list_zonal_shifts(status="CANCELED")["items"]
    assert ended["zonalShiftId"] == run["zonalShiftId"]
    assert ended["practiceRunOutcome"] == "INTERRUPTED"
    given = {"resourceIdentifier": resource, "awayFrom": ZONE, "comment": ""}
    told = conflict(arc.start_practice_run, "ZonalShiftAlreadyExists", **given)
    assert told["zonalShiftId"] == shift["zonalShiftId"]
    error = refusal(arc.cancel_practice_run, zonalShiftId=shift["zonalShiftId"])
    assert error.response["reason"] == "UnsupportedPracticeCancelShiftType"


@pytest.mark.parametrize(
    "configuration, reason",
    [
        # The Region's clock begins on Thursday, 2026-01-15, at 03:00.
        ({"blockedDates": ["2026-01-15"]}, "PracticeInBlockedDates"),
        ({"blockedWindows": ["Thu:02:00-Thu:05:00"]}, "PracticeInBlockedWindows"),
        ({"allowedWindows": ["Fri:02:00-Fri:05:00"]}, "PracticeOutsideAllowedWindows"),
    ],
)
def test_dates_and_windows_forbid_a_run(arc, resource, configuration, reason):
    name = {"resourceIdentifier": resource}
    arc.update_practice_run_configuration(**name, **configuration)
    conflict(arc.start_practice_run, reason, **name, awayFrom=ZONE, comment="")


@pytest.mark.parametrize(
    "of, reason, outcome",
    [
        ("outcomeAlarms", "PracticeOutcomeAlarmsRed", "FAILED"),
        ("blockingAlarms", "PracticeBlockingAlarmsRed", "INTERRUPTED"),
    ],
)
def test_an_alarm_ends_a_run_and_forbids_the_next(client, arc, resource, of, reason, outcome):
    cloudwatch = client("cloudwatch")
    metric = {"Namespace": "Walk", "MetricName": "nothing", "Statistic": "Sum", "Period": 300}
    cloudwatch.put_metric_alarm(
        AlarmName="walk",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        **metric,
    )
    name = {"resourceIdentifier": resource}
    arc.update_practice_run_configuration(**name, **{of: alarms("walk")})
    run = practise(arc, resource)
    cloudwatch.set_alarm_state(AlarmName="walk", StateValue="ALARM", StateReason="a walk")
    [ended] = eventually(lambda: arc.list_zonal_shifts(status="CANCELED")["items"])
    assert ended["zonalShiftId"] == run["zonalShiftId"]
    assert ended["practiceRunOutcome"] == outcome
    conflict(arc.start_practice_run, reason, **name, awayFrom=ZONE, comment="")


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"awayFrom": "us-east-1a"}, "InvalidAz"),
        ({"awayFrom": None}, "MissingValue"),
        ({"comment": None}, "MissingValue"),
        ({"comment": "x" * 129}, None),
        ({"resourceIdentifier": "short"}, "InvalidResourceIdentifier"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(unchecked, resource, changed, reason):
    given = {"resourceIdentifier": resource, "awayFrom": ZONE, "comment": "", **changed}
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(unchecked.exceptions.ValidationException) as caught:
        unchecked.start_practice_run(**given)
    assert caught.value.response.get("reason") == reason


def test_what_is_not_there_is_not_found(unchecked, resource):
    other = {"resourceIdentifier": resource.replace("front", "other")}
    outcome, off = {"outcomeAlarms": alarms("a")}, {"zonalAutoshiftStatus": "DISABLED"}
    for call, given in [
        (unchecked.create_practice_run_configuration, {**other, **outcome}),
        (unchecked.update_practice_run_configuration, other),
        (unchecked.delete_practice_run_configuration, other),
        (unchecked.update_zonal_autoshift_configuration, {**other, **off}),
        (unchecked.start_practice_run, {**other, "awayFrom": ZONE, "comment": ""}),
        (unchecked.cancel_practice_run, {"zonalShiftId": "00000000-0000"}),
    ]:
        assert code(refusal(call, **given)) == MISSING, call


def test_statuses_are_enabled_or_disabled(arc, unchecked, resource):
    get = arc.get_autoshift_observer_notification_status
    assert get()["status"] == "DISABLED"
    for status in ("ENABLED", "DISABLED"):
        set_status = arc.update_autoshift_observer_notification_status
        assert set_status(status=status)["status"] == status
        assert get()["status"] == status
    for call, given in [
        (unchecked.update_autoshift_observer_notification_status, {"status": "nonsense"}),
        (
            unchecked.update_zonal_autoshift_configuration,
            {"resourceIdentifier": resource, "zonalAutoshiftStatus": "nonsense"},
        ),
    ]:
        error = refusal(call, **given)
        assert code(error) == INVALID
        assert error.response["reason"] == "InvalidStatus"


def test_the_cli_walks_it_too(cli):
    [item] = cli(SERVICE, "list-managed-resources")["items"]
    name = ["--resource-identifier", item["arn"]]
    run = [*name, "--away-from", ZONE, "--comment", "by hand"]
    run_id = ["--zonal-shift-id", cli(SERVICE, "start-practice-run", *run)["zonalShiftId"]]
    assert cli(SERVICE, "cancel-practice-run", *run_id)["status"] == "CANCELED"
    off = [*name, "--zonal-autoshift-status", "DISABLED"]
    cli(SERVICE, "update-zonal-autoshift-configuration", *off)
    cli(SERVICE, "delete-practice-run-configuration", *name)
    refused = cli(SERVICE, "start-practice-run", *run, fails=True)
    assert "(ConflictException)" in refused
    outcome = ["--outcome-alarms", json.dumps(alarms("a"))]
    cli(SERVICE, "create-practice-run-configuration", *name, *outcome)
    dates = ["--blocked-dates", "2026-05-01"]
    changed = cli(SERVICE, "update-practice-run-configuration", *name, *dates)
    assert changed["practiceRunConfiguration"]["blockedDates"] == ["2026-05-01"]
    on = ["--status", "ENABLED"]
    cli(SERVICE, "update-autoshift-observer-notification-status", *on)
    observer = cli(SERVICE, "get-autoshift-observer-notification-status")
    assert observer["status"] == "ENABLED"


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] >= OPERATIONS
