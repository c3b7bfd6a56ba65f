//! Practice runs and their configuration.

use std::collections::BTreeSet;

use super::*;

fn alarm(name: &str) -> String {
    format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}")
}

fn conditions(names: &[&str]) -> Option<Vec<(String, String)>> {
    let condition = |name: &&str| ("CLOUDWATCH".to_owned(), alarm(name));
    Some(names.iter().map(condition).collect())
}

fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn told(arc: &mut ZonalShifts) -> Vec<String> {
    let events = arc.take_events();
    let name = |event: &Value| event["detail-type"].as_str().unwrap().to_owned();
    events.iter().map(name).collect()
}

#[test]
fn a_run_lasts_half_an_hour_and_succeeds() {
    let mut arc = arc();
    let run = practise(&mut arc, 3, at(0)).unwrap();
    assert_eq!(run.told_expiry(at(0)), at(1), "always a minute ahead");
    assert_eq!(run.told_expiry(at(7)), at(8));
    arc.step(at(29));
    assert_eq!(weights(&arc), [1.0, 1.0, 0.0]);
    arc.step(at(30));
    assert_eq!(weights(&arc), [1.0, 1.0, 1.0]);
    assert_eq!(
        (arc.shifts()[0].status, arc.shifts()[0].outcome),
        (Status::Expired, Some(Outcome::Succeeded))
    );
    assert_eq!(
        told(&mut arc),
        ["Practice Run Started", "Practice Run Succeeded"]
    );
}

#[test]
fn a_run_is_cancelled_as_a_run_and_nothing_else_is() {
    let mut arc = arc();
    let run = practise(&mut arc, 3, at(0)).unwrap();
    arc.cancel_practice_run(&run.id, at(1)).unwrap();
    assert_eq!(arc.shifts()[0].outcome, Some(Outcome::Interrupted));
    let told = arc.take_events();
    assert_eq!(told[1]["detail-type"], "Practice Run Interrupted");
    assert!(told[1]["detail"]["data"]["additionalFailureInfo"].is_string());
    assert_eq!(told[0]["detail"]["data"], "");
    assert_eq!(
        reason(&arc.cancel_practice_run(&run.id, at(2)).unwrap_err()),
        "ZonalShiftStatusNotActive"
    );
    let shift = start(&mut arc, "use1-az1", "1h", at(3)).unwrap();
    let error = arc.cancel_practice_run(&shift.id, at(4)).unwrap_err();
    assert_eq!(
        (error.status, reason(&error)),
        (400, "UnsupportedPracticeCancelShiftType")
    );
    assert_eq!(weights(&arc), [0.0, 1.0, 1.0]);
}

#[test]
fn alarms_keep_a_run_from_starting_and_end_it() {
    let mut arc = arc();
    let update = PracticeRunUpdate {
        outcome_alarms: conditions(&["customers"]),
        blocking_alarms: conditions(&["deployment"]),
        ..PracticeRunUpdate::default()
    };
    arc.update_practice_run(FRONT, update).unwrap();
    assert_eq!(arc.watched_alarms().count(), 2);
    for (red, refusal, outcome, event) in [
        (
            "customers",
            "PracticeOutcomeAlarmsRed",
            Outcome::Failed,
            "Practice Run Failed",
        ),
        (
            "deployment",
            "PracticeBlockingAlarmsRed",
            Outcome::Interrupted,
            "Practice Run Interrupted",
        ),
    ] {
        arc.follow_alarms(BTreeSet::from([alarm(red)]), at(0));
        assert_eq!(reason(&practise(&mut arc, 1, at(0)).unwrap_err()), refusal);
        arc.follow_alarms(BTreeSet::new(), at(1));
        practise(&mut arc, 1, at(1)).unwrap();
        arc.take_events();
        arc.follow_alarms(BTreeSet::from([alarm(red)]), at(2));
        let run = arc.shifts().last().unwrap();
        assert_eq!((run.status, run.outcome), (Status::Canceled, Some(outcome)));
        assert_eq!(told(&mut arc), [event]);
        assert_eq!(weights(&arc), [1.0, 1.0, 1.0]);
    }
}

#[test]
fn dates_and_windows_keep_a_run_from_starting() {
    // 1970-01-01 was a Thursday, and the clock stands at midnight.
    for (update, refusal) in [
        (
            PracticeRunUpdate {
                blocked_dates: texts(&["1970-01-01"]),
                ..PracticeRunUpdate::default()
            },
            Some("PracticeInBlockedDates"),
        ),
        (
            PracticeRunUpdate {
                blocked_windows: texts(&["Thu:00:00-Thu:01:00"]),
                ..PracticeRunUpdate::default()
            },
            Some("PracticeInBlockedWindows"),
        ),
        (
            PracticeRunUpdate {
                allowed_windows: texts(&["Fri:00:00-Fri:01:00"]),
                ..PracticeRunUpdate::default()
            },
            Some("PracticeOutsideAllowedWindows"),
        ),
        (
            PracticeRunUpdate {
                allowed_windows: texts(&["Thu:00:00-Thu:01:00"]),
                blocked_windows: texts(&["Thu:01:00-Thu:02:00"]),
                blocked_dates: texts(&["1970-01-02"]),
                ..PracticeRunUpdate::default()
            },
            None,
        ),
    ] {
        let mut arc = arc();
        arc.update_practice_run(FRONT, update).unwrap();
        let refused = practise(&mut arc, 1, at(0)).err();
        assert_eq!(refused.as_ref().map(reason), refusal);
    }
}

#[test]
fn a_configuration_is_created_once_and_deleted_only_without_autoshift() {
    let mut arc = arc();
    let new = || PracticeRunUpdate {
        outcome_alarms: conditions(&["customers"]),
        ..PracticeRunUpdate::default()
    };
    let conflict = |error: ServiceError| (error.status, reason(&error).to_owned());
    assert_eq!(
        conflict(arc.create_practice_run(FRONT, new()).unwrap_err()),
        (409, "PracticeConfigurationAlreadyExists".to_owned())
    );
    assert_eq!(
        conflict(arc.delete_practice_run(FRONT).unwrap_err()),
        (409, "AutoShiftEnabled".to_owned())
    );
    arc.set_autoshift(FRONT, "DISABLED").unwrap();
    arc.delete_practice_run(FRONT).unwrap();
    let missing = (409, "PracticeConfigurationDoesNotExist".to_owned());
    assert_eq!(
        conflict(arc.delete_practice_run(FRONT).unwrap_err()),
        missing
    );
    assert_eq!(
        conflict(arc.update_practice_run(FRONT, new()).unwrap_err()),
        missing
    );
    assert_eq!(
        conflict(arc.set_autoshift(FRONT, "ENABLED").unwrap_err()),
        missing
    );
    assert_eq!(conflict(practise(&mut arc, 1, at(0)).unwrap_err()), missing);
    arc.create_practice_run(FRONT, new()).unwrap();
    arc.set_autoshift(FRONT, "ENABLED").unwrap();
}

#[test]
fn an_update_replaces_what_it_names_and_keeps_the_rest() {
    let mut arc = arc();
    let before = arc.resource(FRONT).unwrap().practice.unwrap().clone();
    let update = PracticeRunUpdate {
        blocked_dates: texts(&["2024-03-01"]),
        ..PracticeRunUpdate::default()
    };
    arc.update_practice_run(FRONT, update).unwrap();
    let after = arc.resource(FRONT).unwrap().practice.unwrap();
    assert_eq!(after.outcome_alarms, before.outcome_alarms);
    assert_eq!(after.blocked_dates, ["2024-03-01"]);
}

#[test]
fn a_configuration_that_arc_does_not_take_is_refused_with_its_reason() {
    let with = |change: fn(&mut PracticeRunUpdate)| {
        let mut update = PracticeRunUpdate::default();
        change(&mut update);
        update
    };
    for (update, expected) in [
        (
            with(|u| u.outcome_alarms = Some(Vec::new())),
            "MissingValue",
        ),
        (
            with(|u| u.outcome_alarms = Some(vec![("METRIC".to_owned(), alarm("a"))])),
            "InvalidConditionType",
        ),
        (
            with(|u| u.blocking_alarms = Some(vec![("CLOUDWATCH".to_owned(), "a".to_owned())])),
            "InvalidAlarmCondition",
        ),
        (
            with(|u| u.blocking_alarms = conditions(&["a"; 11])),
            "InvalidAlarmCondition",
        ),
        (
            with(|u| u.blocked_dates = texts(&["tomorrow"])),
            "InvalidPracticeBlocker",
        ),
        (
            with(|u| u.blocked_dates = texts(&["2026-05-01"; 16])),
            "InvalidPracticeBlocker",
        ),
        (
            with(|u| u.blocked_windows = texts(&["Mon-20:30-21:30"])),
            "InvalidPracticeBlocker",
        ),
        (
            with(|u| u.allowed_windows = texts(&["Mon:20:30-Tue:21:30"])),
            "InvalidPracticeAllowedWindow",
        ),
        (
            with(|u| {
                u.allowed_windows = texts(&["Mon:20:30-Mon:21:30"]);
                u.blocked_windows = texts(&["Mon:21:00-Mon:22:00"]);
            }),
            "InvalidPracticeWindows",
        ),
    ] {
        let mut arc = arc();
        let before = arc.resource(FRONT).unwrap().practice.cloned();
        let error = arc.update_practice_run(FRONT, update.clone()).unwrap_err();
        assert_eq!(
            (error.status, reason(&error)),
            (400, expected),
            "{update:?}"
        );
        assert_eq!(arc.resource(FRONT).unwrap().practice.cloned(), before);
    }
    let mut arc = arc();
    let none = PracticeRunUpdate::default();
    assert_eq!(
        reason(&arc.create_practice_run(FRONT, none).unwrap_err()),
        "MissingValue"
    );
}
