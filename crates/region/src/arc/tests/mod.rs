mod practice;
mod precedence;
mod region;
mod wire;

use jiff::SignedDuration;

use super::*;

const FRONT: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/50dc6c495c0c9188";

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn zone(number: u8) -> ZoneId {
    format!("use1-az{number}").parse().unwrap()
}

fn arc() -> ZonalShifts {
    let mut arc = ZonalShifts::new(AccountId::embedded(), "us-east-1");
    arc.manage(ManagedResource {
        arn: FRONT.parse().unwrap(),
        name: "front".to_owned(),
        zones: (1..=3).map(zone).collect(),
        autoshift: true,
    });
    arc
}

fn start(
    arc: &mut ZonalShifts,
    away_from: &str,
    expires_in: &str,
    now: Timestamp,
) -> Result<Shift, ServiceError> {
    arc.start(
        &StartInput {
            resource: FRONT,
            away_from,
            expires_in,
            comment: "because",
        },
        now,
    )
}

fn practise(arc: &mut ZonalShifts, number: u8, now: Timestamp) -> Result<Shift, ServiceError> {
    let away_from = zone(number);
    let input = PracticeRunInput {
        resource: FRONT,
        away_from: away_from.as_str(),
        comment: "",
    };
    arc.start_practice_run(&input, now)
}

fn weights(arc: &ZonalShifts) -> [f64; 3] {
    [1, 2, 3].map(|number| arc.weight(&FRONT.parse().unwrap(), &zone(number)))
}

fn reason(error: &ServiceError) -> &str {
    error
        .members
        .iter()
        .find(|(name, _)| *name == "reason")
        .map_or("", |(_, reason)| reason)
}

#[test]
fn a_shift_takes_the_zones_weight_until_it_expires() {
    let mut arc = arc();
    start(&mut arc, "use1-az1", "90m", at(0)).unwrap();
    assert_eq!(weights(&arc), [0.0, 1.0, 1.0]);
    arc.step(at(89));
    assert_eq!(weights(&arc), [0.0, 1.0, 1.0]);
    arc.step(at(90));
    assert_eq!(weights(&arc), [1.0, 1.0, 1.0]);
    assert_eq!(arc.shifts()[0].status, Status::Expired);
}

#[test]
fn an_expiry_is_not_told() {
    let mut arc = arc();
    start(&mut arc, "use1-az1", "1m", at(0)).unwrap();
    arc.take_events();
    arc.step(at(1));
    assert_eq!(arc.take_events(), Vec::<Value>::new());
}

#[test]
fn a_second_customers_shift_is_refused_with_the_first_ones_id() {
    let mut arc = arc();
    let first = start(&mut arc, "use1-az1", "1h", at(0)).unwrap();
    for away_from in ["use1-az1", "use1-az2"] {
        let error = start(&mut arc, away_from, "1h", at(1)).unwrap_err();
        assert_eq!(
            (error.status, error.code, reason(&error)),
            (409, "ConflictException", "ZonalShiftAlreadyExists")
        );
        assert!(error.members.contains(&("zonalShiftId", first.id.clone())));
    }
    assert_eq!(arc.shifts().len(), 1);
}

#[test]
fn a_customers_shift_takes_precedence_over_an_autoshift_and_reopens_its_zone() {
    let mut arc = arc();
    arc.start_autoshift(&zone(2), at(0));
    assert_eq!(weights(&arc), [1.0, 0.0, 1.0]);
    let shift = start(&mut arc, "use1-az1", "1h", at(1)).unwrap();
    assert_eq!(
        weights(&arc),
        [0.0, 1.0, 1.0],
        "the zone that AWS protected is open again"
    );
    arc.cancel(&shift.id, at(2)).unwrap();
    assert_eq!(
        weights(&arc),
        [1.0, 0.0, 1.0],
        "the autoshift was in force all the time"
    );
    arc.end_autoshift(&zone(2), at(3));
    assert_eq!(weights(&arc), [1.0, 1.0, 1.0]);
}

#[test]
fn a_customers_shift_ends_a_practice_run_and_an_experiment() {
    for kind in [Kind::PracticeRun, Kind::FisExperiment] {
        let mut arc = arc();
        match kind {
            Kind::PracticeRun => drop(practise(&mut arc, 2, at(0)).unwrap()),
            _ => drop(arc.start_experiment(&zone(2), SignedDuration::from_hours(1), at(0))),
        }
        assert_eq!(weights(&arc), [1.0, 0.0, 1.0]);
        start(&mut arc, "use1-az1", "1h", at(1)).unwrap();
        assert_eq!(weights(&arc), [0.0, 1.0, 1.0]);
        assert_eq!(
            (arc.shifts()[0].kind, arc.shifts()[0].status),
            (kind, Status::Canceled)
        );
    }
}

#[test]
fn an_autoshift_concerns_only_what_is_enrolled() {
    let mut arc = arc();
    arc.set_autoshift(FRONT, "DISABLED").unwrap();
    arc.start_autoshift(&zone(1), at(0));
    assert_eq!(weights(&arc), [1.0, 1.0, 1.0]);
    assert_eq!(arc.take_events(), Vec::<Value>::new());
    arc.observe_autoshifts(true);
    arc.end_autoshift(&zone(1), at(1));
    let events = arc.take_events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["detail-type"], "Autoshift Completed");
    assert_eq!(events[0]["resources"], serde_json::json!([]));
}

#[test]
fn an_update_counts_the_expiry_from_now() {
    let mut arc = arc();
    let shift = start(&mut arc, "use1-az1", "10m", at(0)).unwrap();
    let updated = arc
        .update(&shift.id, Some("10m"), Some("still"), at(8))
        .unwrap();
    assert_eq!(
        (updated.expires, updated.comment.as_str()),
        (at(18), "still")
    );
    let commented = arc
        .update(&shift.id, None, Some("only words"), at(9))
        .unwrap();
    assert_eq!(commented.expires, at(18));
}

#[test]
fn what_has_ended_cannot_be_updated_or_cancelled() {
    let mut arc = arc();
    let shift = start(&mut arc, "use1-az1", "10m", at(0)).unwrap();
    arc.cancel(&shift.id, at(1)).unwrap();
    for error in [
        arc.cancel(&shift.id, at(2)).unwrap_err(),
        arc.update(&shift.id, None, Some("x"), at(2)).unwrap_err(),
    ] {
        assert_eq!(
            (error.code, reason(&error)),
            ("ConflictException", "ZonalShiftStatusNotActive")
        );
    }
    assert_eq!(
        arc.cancel("no-such-shift", at(2)).unwrap_err().code,
        "ResourceNotFoundException"
    );
}

#[test]
fn what_arc_does_not_take_is_refused_with_its_reason() {
    let mut arc = arc();
    for expires_in in ["", "0m", "73h", "4321m", "10s", "01m", "m", "1d", "99999m"] {
        assert_eq!(
            reason(&start(&mut arc, "use1-az1", expires_in, at(0)).unwrap_err()),
            "InvalidExpiresIn",
            "{expires_in}"
        );
    }
    assert_eq!(
        reason(&start(&mut arc, "us-east-1a", "1h", at(0)).unwrap_err()),
        "InvalidAz"
    );
    assert_eq!(
        reason(&start(&mut arc, "use1-az4", "1h", at(0)).unwrap_err()),
        "UnsupportedAz"
    );
    let unmanaged = StartInput {
        resource: &FRONT.replace("front", "back"),
        away_from: "use1-az1",
        expires_in: "1h",
        comment: "",
    };
    assert_eq!(
        arc.start(&unmanaged, at(0)).unwrap_err().code,
        "ResourceNotFoundException"
    );
    let long = StartInput {
        resource: FRONT,
        away_from: "use1-az1",
        expires_in: "1h",
        comment: &"x".repeat(129),
    };
    assert_eq!(
        arc.start(&long, at(0)).unwrap_err().code,
        "ValidationException"
    );
    assert_eq!(arc.shifts().len(), 0);
    assert!(start(&mut arc, "use1-az1", "72h", at(0)).is_ok());
}

#[test]
fn manual_shifts_are_told_to_eventbridge() {
    let mut arc = arc();
    let shift = start(&mut arc, "use1-az1", "10m", at(0)).unwrap();
    arc.update(&shift.id, None, Some("x"), at(1)).unwrap();
    arc.cancel(&shift.id, at(2)).unwrap();
    let events = arc.take_events();
    let told: Vec<&str> = events
        .iter()
        .map(|event| event["detail-type"].as_str().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            "Manual Shift Started",
            "Manual Shift Updated",
            "Manual Shift Canceled"
        ]
    );
    assert_eq!(events[0]["detail"]["metadata"]["awayFrom"], "use1-az1");
    assert_eq!(events[0]["time"], "1970-01-01T00:00:00Z");
}
