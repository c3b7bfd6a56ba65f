"""ARC zonal shift, as boto3 and the AWS CLI see it."""

import pytest

import test_arc_practice_runs as practice
from harness import code, refusal, supported

SERVICE = "arc-zonal-shift"
UNKNOWN = ("UnknownOperationException", 404)
OPERATIONS = {
    "CancelZonalShift",
    "GetManagedResource",
    "ListAutoshifts",
    "ListManagedResources",
    "ListZonalShifts",
    "StartZonalShift",
    "UpdateZonalShift",
}
ZONE = "use1-az1"


@pytest.fixture
def arc(client):
    return client(SERVICE)


@pytest.fixture
def resource(arc):
    [item] = arc.list_managed_resources()["items"]
    return item["arn"]


def start(arc, resource, **changed):
    given = {
        "resourceIdentifier": resource,
        "awayFrom": ZONE,
        "expiresIn": "1h",
        "comment": "a walk",
    }
    return arc.start_zonal_shift(**{**given, **changed})


def test_a_shift_from_its_start_to_its_end(arc, resource):
    shift = start(arc, resource)
    assert (shift["status"], shift["awayFrom"], shift["comment"]) == ("ACTIVE", ZONE, "a walk")
    assert (shift["expiryTime"] - shift["startTime"]).total_seconds() == 3600
    shift_id = shift["zonalShiftId"]

    managed = arc.get_managed_resource(resourceIdentifier=resource)
    assert managed["appliedWeights"][ZONE] == 0.0
    assert sorted(managed["appliedWeights"].values()) == [0.0, 1.0, 1.0]
    [applied] = managed["zonalShifts"]
    assert (applied["zonalShiftId"], applied["appliedStatus"]) == (shift_id, "APPLIED")
    assert applied["shiftType"] == "ZONAL_SHIFT"

    updated = arc.update_zonal_shift(zonalShiftId=shift_id, expiresIn="2h", comment="longer")
    assert updated["comment"] == "longer"
    assert updated["expiryTime"] > shift["expiryTime"]

    assert arc.cancel_zonal_shift(zonalShiftId=shift_id)["status"] == "CANCELED"
    managed = arc.get_managed_resource(resourceIdentifier=resource)
    assert set(managed["appliedWeights"].values()) == {1.0}
    [canceled] = arc.list_zonal_shifts(status="CANCELED")["items"]
    assert canceled["zonalShiftId"] == shift_id
    assert arc.list_zonal_shifts(status="ACTIVE")["items"] == []


def test_a_second_shift_is_refused_with_the_first_ones_id(arc, resource):
    first = start(arc, resource)
    with pytest.raises(arc.exceptions.ConflictException) as caught:
        start(arc, resource, awayFrom="use1-az2")
    error = caught.value.response
    assert error["reason"] == "ZonalShiftAlreadyExists"
    assert error["zonalShiftId"] == first["zonalShiftId"]
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 409


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"expiresIn": "73h"}, "InvalidExpiresIn"),
        ({"expiresIn": "0m"}, "InvalidExpiresIn"),
        ({"awayFrom": "us-east-1a"}, "InvalidAz"),
        ({"comment": "x" * 129}, None),
    ],
)
def test_what_arc_does_not_take_is_refused_with_the_reason(client, resource, changed, reason):
    arc = client(SERVICE, validate=False)
    with pytest.raises(arc.exceptions.ValidationException) as caught:
        start(arc, resource, **changed)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    if reason:
        assert error["reason"] == reason


def test_what_is_not_there_is_not_found(arc, resource):
    other = resource.replace("front", "other")
    for call, parameters in [
        (arc.get_managed_resource, {"resourceIdentifier": other}),
        (arc.cancel_zonal_shift, {"zonalShiftId": "00000000-0000"}),
        (arc.update_zonal_shift, {"zonalShiftId": "00000000-0000", "comment": "x"}),
    ]:
        assert code(refusal(call, **parameters)) == ("ResourceNotFoundException", 404)


def test_lists_refuse_what_they_do_not_know(client, resource):
    arc = client(SERVICE, validate=False)
    for call, given in [
        (arc.list_zonal_shifts, {"status": "nonsense"}),
        (arc.list_zonal_shifts, {"resourceIdentifier": "x"}),
        (arc.list_zonal_shifts, {"maxResults": 0}),
        (arc.list_managed_resources, {"maxResults": 101}),
        (arc.list_managed_resources, {"nextToken": "nonsense"}),
        (arc.list_autoshifts, {"status": "CANCELED"}),
        (arc.list_autoshifts, {"nextToken": "nonsense"}),
    ]:
        assert code(refusal(call, **given)) == ("ValidationException", 400), given
    start(arc, resource)
    other = resource.replace("front", "other")
    assert arc.list_zonal_shifts(resourceIdentifier=other)["items"] == []
    assert len(arc.list_zonal_shifts(resourceIdentifier=resource)["items"]) == 1


def test_ended_shifts_are_refused_and_lists_are_paged(arc, resource):
    ids = []
    for _ in range(3):
        ids.append(start(arc, resource)["zonalShiftId"])
        arc.cancel_zonal_shift(zonalShiftId=ids[-1])
    error = refusal(arc.cancel_zonal_shift, zonalShiftId=ids[0])
    assert code(error) == ("ConflictException", 409)
    assert error.response["reason"] == "ZonalShiftStatusNotActive"

    pages = arc.get_paginator("list_zonal_shifts").paginate(
        status="CANCELED", PaginationConfig={"PageSize": 2}
    )
    pages = [[item["zonalShiftId"] for item in page["items"]] for page in pages]
    assert pages == [[ids[2], ids[1]], [ids[0]]]
    assert code(refusal(arc.list_zonal_shifts, nextToken="nonsense"))[1] == 400
    assert arc.list_autoshifts()["items"] == []


def test_the_cli_walks_it_too(cli):
    [item] = cli(SERVICE, "list-managed-resources")["items"]
    name = ["--resource-identifier", item["arn"]]
    given = [*name, "--away-from", ZONE, "--expires-in", "1h", "--comment", "by hand"]
    shift = cli(SERVICE, "start-zonal-shift", *given)
    managed = cli(SERVICE, "get-managed-resource", *name)
    assert managed["zonalShifts"][0]["zonalShiftId"] == shift["zonalShiftId"]
    refused = cli(SERVICE, "start-zonal-shift", *given, fails=True)
    assert "(ConflictException)" in refused
    by_id = ["--zonal-shift-id", shift["zonalShiftId"]]
    assert cli(SERVICE, "update-zonal-shift", *by_id, "--expires-in", "2h")["status"] == "ACTIVE"
    assert len(cli(SERVICE, "list-zonal-shifts")["items"]) == 1
    assert cli(SERVICE, "list-autoshifts")["items"] == []
    assert cli(SERVICE, "cancel-zonal-shift", *by_id)["status"] == "CANCELED"


def test_every_other_operation_of_the_model_is_refused_as_unknown(client):
    assert supported(client(SERVICE, validate=False), UNKNOWN) == OPERATIONS | practice.OPERATIONS


def test_no_operation_was_left_out(walked, whole_walk):
    assert walked.operations[SERVICE] >= OPERATIONS
