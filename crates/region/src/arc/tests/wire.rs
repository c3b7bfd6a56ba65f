//! ARC by its protocol.

use serde_json::json;
use winterbaume_core::{MockRequest, MockResponse};

use super::*;
use crate::arc::wire;

fn call(arc: &mut ZonalShifts, method: &str, uri: &str, body: &Value) -> MockResponse {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    raw(arc, method, uri, body)
}

fn raw(arc: &mut ZonalShifts, method: &str, uri: &str, body: String) -> MockResponse {
    let request = MockRequest {
        method: method.to_owned(),
        uri: uri.to_owned(),
        headers: http::HeaderMap::new(),
        body: body.into(),
    };
    let operation = wire::identify(&request).expect("an operation");
    wire::perform(arc, operation, &request, at(0))
}

fn json_of(response: &MockResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

fn encoded() -> String {
    FRONT.replace(':', "%3A").replace('/', "%2F")
}

/// What `StartZonalShift` is asked, with one member changed; `null` leaves it out.
fn start_with(member: &str, value: Value) -> Value {
    let mut body = json!({
        "resourceIdentifier": FRONT, "awayFrom": "use1-az1", "expiresIn": "1h", "comment": "why"
    });
    if value.is_null() {
        body.as_object_mut().unwrap().remove(member);
    } else {
        body[member] = value;
    }
    body
}

#[test]
fn a_start_answers_201_with_every_required_member() {
    let mut arc = arc();
    let body = start_with("comment", json!("é & <ü> + 100 %"));
    let answer = call(&mut arc, "POST", "/zonalshifts", &body);
    assert_eq!(answer.status, 201);
    assert_eq!(
        json_of(&answer),
        json!({
            "zonalShiftId": "00000000-0000-4000-a000-000000000001", "resourceIdentifier": FRONT,
            "awayFrom": "use1-az1", "startTime": 0.0, "expiryTime": 3600.0, "status": "ACTIVE",
            "comment": "é & <ü> + 100 %"
        })
    );
}

#[test]
fn a_comment_may_be_empty_but_neither_missing_nor_too_long() {
    let start = |comment: Value| {
        let answer = call(
            &mut arc(),
            "POST",
            "/zonalshifts",
            &start_with("comment", comment),
        );
        let body = json_of(&answer);
        (answer.status, body["reason"].as_str().map(str::to_owned))
    };
    assert_eq!(start(json!("")), (201, None));
    assert_eq!(start(json!("é".repeat(128))), (201, None));
    assert_eq!(start(Value::Null), (400, Some("MissingValue".to_owned())));
    assert_eq!(
        start(json!("é".repeat(129))),
        (400, None),
        "no reason names it"
    );
}

#[test]
fn each_member_of_a_start_is_checked() {
    for (member, value, reason) in [
        ("resourceIdentifier", Value::Null, "MissingValue"),
        ("awayFrom", Value::Null, "MissingValue"),
        ("expiresIn", Value::Null, "MissingValue"),
        (
            "resourceIdentifier",
            json!("short"),
            "InvalidResourceIdentifier",
        ),
        (
            "resourceIdentifier",
            json!("x".repeat(1025)),
            "InvalidResourceIdentifier",
        ),
        (
            "resourceIdentifier",
            json!("arn:aws:nothing"),
            "InvalidResourceIdentifier",
        ),
        ("awayFrom", json!(""), "InvalidAz"),
        ("awayFrom", json!("us-east-1a"), "InvalidAz"),
        ("awayFrom", json!("euw1-az1"), "InvalidAz"),
        ("awayFrom", json!("use1-az6"), "UnsupportedAz"),
        ("expiresIn", json!("73h"), "InvalidExpiresIn"),
        ("expiresIn", json!(""), "InvalidExpiresIn"),
    ] {
        let mut arc = arc();
        let answer = call(&mut arc, "POST", "/zonalshifts", &start_with(member, value));
        assert_eq!(answer.headers["x-amzn-errortype"], "ValidationException");
        assert_eq!(
            (answer.status, &json_of(&answer)["reason"]),
            (400, &json!(reason))
        );
        assert_eq!(arc.shifts().len(), 0);
    }
    let unknown = start_with("resourceIdentifier", json!(FRONT.replace("front", "back")));
    let answer = call(&mut arc(), "POST", "/zonalshifts", &unknown);
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.headers["x-amzn-errortype"],
        "ResourceNotFoundException"
    );
}

#[test]
fn a_request_that_cannot_be_read_is_refused_and_changes_nothing() {
    let mut arc = arc();
    for body in [
        "{",
        "[]",
        r#"{"awayFrom": 7, "resourceIdentifier": "arn:aws:x"}"#,
    ] {
        let answer = raw(&mut arc, "POST", "/zonalshifts", body.to_owned());
        assert_eq!(answer.status, 400, "{body}");
    }
    let answer = raw(&mut arc, "POST", "/zonalshifts", "{".to_owned());
    assert_eq!(answer.headers["x-amzn-errortype"], "SerializationException");
    let answer = call(
        &mut arc,
        "GET",
        "/zonalshifts?maxResults=many",
        &Value::Null,
    );
    assert_eq!(answer.headers["x-amzn-errortype"], "SerializationException");
    assert_eq!(arc.changes(), []);
}

#[test]
fn an_autoshift_is_listed_with_an_id_and_shown_apart_in_its_resource() {
    let mut arc = arc();
    arc.start_autoshift(&zone(2), at(0));
    let listed = json_of(&call(&mut arc, "GET", "/zonalshifts", &Value::Null));
    let item = &listed["items"][0];
    assert_eq!(
        (&item["shiftType"], &item["status"]),
        (&json!("ZONAL_AUTOSHIFT"), &json!("ACTIVE"))
    );
    let path = format!("/managedresources/{}", encoded());
    let resource = json_of(&call(&mut arc, "GET", &path, &Value::Null));
    assert_eq!(resource["zonalShifts"], json!([]));
    assert_eq!(
        resource["autoshifts"],
        json!([{"appliedStatus": "APPLIED", "awayFrom": "use1-az2", "startTime": 0.0}])
    );
    assert_eq!(resource["appliedWeights"]["use1-az2"], 0.0);
    let id = item["zonalShiftId"].as_str().unwrap().to_owned();
    let canceled = call(
        &mut arc,
        "DELETE",
        &format!("/zonalshifts/{id}"),
        &Value::Null,
    );
    assert_eq!(json_of(&canceled)["status"], "CANCELED");
    let active = json_of(&call(&mut arc, "GET", "/autoshifts", &Value::Null));
    assert_eq!(active["items"][0]["awayFrom"], "use1-az2");
}

#[test]
fn a_practice_run_and_its_configuration_by_http() {
    let mut arc = arc();
    let run = json!({"resourceIdentifier": FRONT, "awayFrom": "use1-az3", "comment": ""});
    let answer = call(&mut arc, "POST", "/practiceruns", &run);
    let id = json_of(&answer)["zonalShiftId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        (answer.status, &json_of(&answer)["expiryTime"]),
        (200, &json!(60.0))
    );
    let listed = json_of(&call(&mut arc, "GET", "/zonalshifts", &Value::Null));
    assert_eq!(listed["items"][0]["practiceRunOutcome"], "PENDING");
    let canceled = call(
        &mut arc,
        "DELETE",
        &format!("/practiceruns/{id}"),
        &Value::Null,
    );
    assert_eq!(json_of(&canceled)["status"], "CANCELED");

    let configuration = format!("/configuration/{}", encoded());
    let managed = format!("/managedresources/{}", encoded());
    let off = call(
        &mut arc,
        "PUT",
        &managed,
        &json!({"zonalAutoshiftStatus": "DISABLED"}),
    );
    assert_eq!(
        json_of(&off),
        json!({"resourceIdentifier": FRONT, "zonalAutoshiftStatus": "DISABLED"})
    );
    let deleted = call(&mut arc, "DELETE", &configuration, &Value::Null);
    assert_eq!(json_of(&deleted)["name"], "front");
    let summary = json_of(&call(&mut arc, "GET", "/managedresources", &Value::Null));
    assert_eq!(summary["items"][0]["practiceRunStatus"], "DISABLED");
    let alarm = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:customers";
    let create = json!({"resourceIdentifier": FRONT,
        "outcomeAlarms": [{"type": "CLOUDWATCH", "alarmIdentifier": alarm}],
        "blockedDates": ["2026-05-01"]});
    let created = call(&mut arc, "POST", "/configuration", &create);
    assert_eq!(created.status, 201);
    let held = &json_of(&created)["practiceRunConfiguration"];
    assert_eq!(held["outcomeAlarms"], create["outcomeAlarms"]);
    let windows = json!({"blockedWindows": ["Mon:10:00-Mon:10:30"]});
    let updated = json_of(&call(&mut arc, "PATCH", &configuration, &windows));
    let held = &updated["practiceRunConfiguration"];
    assert_eq!(held["blockedWindows"], windows["blockedWindows"]);
    assert_eq!(held["blockedDates"], create["blockedDates"]);
    let bad = call(
        &mut arc,
        "PUT",
        &managed,
        &json!({"zonalAutoshiftStatus": "ON"}),
    );
    assert_eq!(json_of(&bad)["reason"], "InvalidStatus");
}

#[test]
fn an_observers_status_is_kept() {
    let mut arc = arc();
    let path = "/autoshift-observer-notification";
    let status = |arc: &mut ZonalShifts| json_of(&call(arc, "GET", path, &Value::Null));
    assert_eq!(status(&mut arc), json!({"status": "DISABLED"}));
    let set = call(&mut arc, "PUT", path, &json!({"status": "ENABLED"}));
    assert_eq!(json_of(&set), json!({"status": "ENABLED"}));
    assert_eq!(status(&mut arc), json!({"status": "ENABLED"}));
    assert_eq!(call(&mut arc, "PUT", path, &json!({})).status, 400);
}

/// An ARC with so many more resources, each with a shift.
fn crowd(count: usize) -> ZonalShifts {
    let mut arc = arc();
    for n in 0..count {
        let arn = FRONT.replace("front", &format!("lb-{n:02}"));
        arc.manage(ManagedResource {
            arn: arn.parse().unwrap(),
            name: format!("lb-name-{n:02}"),
            zones: vec![zone(1)],
            autoshift: false,
        });
        let input = StartInput {
            resource: &arn,
            away_from: "use1-az1",
            expires_in: "1h",
            comment: "",
        };
        arc.start(&input, at(0)).unwrap();
    }
    arc
}

#[test]
fn pages_lose_nothing_and_repeat_nothing_while_shifts_start_between_them() {
    let mut arc = crowd(7);
    let mut seen = Vec::new();
    let mut uri = "/zonalshifts?maxResults=3".to_owned();
    for page in 0.. {
        let answer = json_of(&call(&mut arc, "GET", &uri, &Value::Null));
        let ids = answer["items"].as_array().unwrap().clone();
        seen.extend(ids.iter().map(|item| item["resourceIdentifier"].clone()));
        let Some(token) = answer["nextToken"].as_str() else {
            assert_eq!(page, 2);
            break;
        };
        uri = format!("/zonalshifts?maxResults=3&nextToken={token}");
        if page == 0 {
            start(&mut arc, "use1-az2", "1h", at(0)).unwrap();
        }
    }
    let newest_first: Vec<Value> = (0..7)
        .rev()
        .map(|n| json!(FRONT.replace("front", &format!("lb-{n:02}"))))
        .collect();
    assert_eq!(seen, newest_first);
}

#[test]
fn a_lists_limits_and_tokens_are_checked() {
    let mut arc = crowd(2);
    let resources = json_of(&call(
        &mut arc,
        "GET",
        "/managedresources?maxResults=1",
        &Value::Null,
    ));
    let token = resources["nextToken"].as_str().unwrap();
    for (uri, code, reason) in [
        (
            format!("/zonalshifts?nextToken={token}"),
            "ValidationException",
            json!("InvalidToken"),
        ),
        (
            "/zonalshifts?nextToken=1".to_owned(),
            "ValidationException",
            json!("InvalidToken"),
        ),
        (
            "/zonalshifts?nextToken=%C3%A9".to_owned(),
            "ValidationException",
            json!("InvalidToken"),
        ),
        (
            "/zonalshifts?maxResults=0".to_owned(),
            "ValidationException",
            Value::Null,
        ),
        (
            "/zonalshifts?maxResults=101".to_owned(),
            "ValidationException",
            Value::Null,
        ),
        (
            "/zonalshifts?status=active".to_owned(),
            "ValidationException",
            json!("InvalidStatus"),
        ),
        (
            "/autoshifts?status=EXPIRED".to_owned(),
            "ValidationException",
            json!("InvalidStatus"),
        ),
    ] {
        let answer = call(&mut arc, "GET", &uri, &Value::Null);
        assert_eq!(answer.headers["x-amzn-errortype"], code, "{uri}");
        assert_eq!(json_of(&answer)["reason"], reason, "{uri}");
    }
    let of_one = format!(
        "/zonalshifts?resourceIdentifier={}",
        encoded().replace("front", "lb-01")
    );
    let listed = json_of(&call(&mut arc, "GET", &of_one, &Value::Null));
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let by_name = json_of(&call(
        &mut arc,
        "GET",
        "/zonalshifts?resourceIdentifier=lb-name-01",
        &Value::Null,
    ));
    assert_eq!(by_name, listed);
    let of_none = format!(
        "/zonalshifts?resourceIdentifier={}",
        encoded().replace("front", "none")
    );
    assert_eq!(
        json_of(&call(&mut arc, "GET", &of_none, &Value::Null))["items"],
        json!([])
    );
}

#[test]
fn what_arc_does_not_have_is_no_operation() {
    for (method, uri) in [
        ("PATCH", "/zonalshifts"),
        ("GET", "/zonalshifts/some-id"),
        ("GET", "/practiceruns"),
        ("POST", "/managedresources"),
        ("DELETE", "/autoshift-observer-notification"),
    ] {
        let request = MockRequest {
            method: method.to_owned(),
            uri: uri.to_owned(),
            headers: http::HeaderMap::new(),
            body: "".into(),
        };
        assert_eq!(wire::identify(&request), None, "{method} {uri}");
    }
}
