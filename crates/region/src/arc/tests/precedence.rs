//! Each row of the developer guide's table "Precedence for zonal shifts", and what it implies.

use super::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The kinds in force, the applied one first, as `kind zone`.
fn in_force(arc: &ZonalShifts) -> String {
    let view = arc.resource(FRONT).unwrap();
    let all = || view.shifts.iter().chain(&view.autoshifts).copied();
    let name = |shift: &Shift| format!("{} {}", shift.kind.name(), shift.away_from);
    let (applied, others): (Vec<&Shift>, Vec<&Shift>) = all().partition(|one| view.is_applied(one));
    assert!(applied.len() <= 1, "one applied shift at the most");
    let others = others.into_iter().map(|shift| format!("({})", name(shift)));
    let names: Vec<String> = applied.into_iter().map(name).chain(others).collect();
    names.join(" ")
}

/// Tries to start a shift of a kind away from a zone; the reason of the refusal where it fails.
fn try_start(arc: &mut ZonalShifts, kind: Kind, number: u8, now: Timestamp) -> Option<String> {
    let refusal =
        |started: Result<Shift, ServiceError>| started.err().map(|error| reason(&error).to_owned());
    match kind {
        Kind::Customer => refusal(start(arc, zone(number).as_str(), "1h", now)),
        Kind::PracticeRun => refusal(practise(arc, number, now)),
        Kind::Autoshift => {
            arc.start_autoshift(&zone(number), now);
            None
        }
        Kind::FisExperiment => arc
            .start_experiment(&zone(number), HOUR, now)
            .is_empty()
            .then(|| "does not start".to_owned()),
    }
}

#[test]
fn the_documented_table_of_precedence() {
    use Kind::{Autoshift, Customer, FisExperiment, PracticeRun};
    let refused = Some;
    let table: [(Kind, Kind, Option<&str>, &str); 16] = [
        (
            FisExperiment,
            PracticeRun,
            refused("SimultaneousZonalShiftsConflict"),
            "FIS_EXPERIMENT use1-az1",
        ),
        (FisExperiment, Customer, None, "ZONAL_SHIFT use1-az2"),
        (FisExperiment, Autoshift, None, "ZONAL_AUTOSHIFT use1-az2"),
        (
            FisExperiment,
            FisExperiment,
            refused("does not start"),
            "FIS_EXPERIMENT use1-az1",
        ),
        (PracticeRun, Customer, None, "ZONAL_SHIFT use1-az2"),
        (PracticeRun, FisExperiment, None, "FIS_EXPERIMENT use1-az2"),
        (PracticeRun, Autoshift, None, "ZONAL_AUTOSHIFT use1-az2"),
        (
            PracticeRun,
            PracticeRun,
            refused("SimultaneousZonalShiftsConflict"),
            "PRACTICE_RUN use1-az1",
        ),
        (
            Customer,
            PracticeRun,
            refused("ZonalShiftAlreadyExists"),
            "ZONAL_SHIFT use1-az1",
        ),
        (
            Customer,
            FisExperiment,
            refused("does not start"),
            "ZONAL_SHIFT use1-az1",
        ),
        (
            Customer,
            Autoshift,
            None,
            "ZONAL_SHIFT use1-az1 (ZONAL_AUTOSHIFT use1-az2)",
        ),
        (
            Customer,
            Customer,
            refused("ZonalShiftAlreadyExists"),
            "ZONAL_SHIFT use1-az1",
        ),
        (
            Autoshift,
            FisExperiment,
            refused("does not start"),
            "ZONAL_AUTOSHIFT use1-az1",
        ),
        (
            Autoshift,
            Customer,
            None,
            "ZONAL_SHIFT use1-az2 (ZONAL_AUTOSHIFT use1-az1)",
        ),
        (
            Autoshift,
            PracticeRun,
            refused("ZonalAutoshiftActive"),
            "ZONAL_AUTOSHIFT use1-az1",
        ),
        (
            Autoshift,
            Autoshift,
            None,
            "ZONAL_AUTOSHIFT use1-az1 (ZONAL_AUTOSHIFT use1-az2)",
        ),
    ];
    for (applied, initiated, refusal, result) in table {
        let mut arc = arc();
        assert_eq!(try_start(&mut arc, applied, 1, at(0)), None);
        let refused = try_start(&mut arc, initiated, 2, at(1));
        assert_eq!(refused.as_deref(), refusal, "{applied:?} -> {initiated:?}");
        assert_eq!(in_force(&arc), result, "{applied:?} -> {initiated:?}");
    }
}

#[test]
fn what_makes_way_for_an_autoshift_is_told_before_it() {
    for (kind, told) in [
        (Kind::PracticeRun, "Practice Run Interrupted"),
        (Kind::FisExperiment, "FIS Experiment Autoshift Canceled"),
    ] {
        let mut arc = arc();
        try_start(&mut arc, kind, 1, at(0));
        arc.take_events();
        arc.start_autoshift(&zone(2), at(1));
        let events = arc.take_events();
        let names: Vec<&str> = events
            .iter()
            .map(|event| event["detail-type"].as_str().unwrap())
            .collect();
        assert_eq!(names, [told, "Autoshift In Progress"]);
        assert_eq!(events[1]["resources"], serde_json::json!(["front"]));
        assert_ne!(events[0]["id"], events[1]["id"]);
    }
}

#[test]
fn an_experiment_completes_by_itself_or_when_it_is_ended() {
    let mut arc = arc();
    arc.start_experiment(&zone(1), HOUR, at(0));
    arc.step(at(60));
    assert_eq!(in_force(&arc), "");
    arc.start_experiment(&zone(1), HOUR, at(61));
    arc.end_experiment(&zone(1), at(62));
    let told: Vec<Value> = arc.take_events();
    let completed = told
        .iter()
        .filter(|event| event["detail-type"] == "FIS Experiment Autoshift Completed");
    assert_eq!(completed.count(), 2);
    let id = arc.shifts()[0].id.clone();
    assert_eq!(
        reason(&arc.update(&id, Some("1h"), None, at(63)).unwrap_err()),
        "FISExperimentUpdateNotAllowed"
    );
}

#[test]
fn an_autoshift_is_cancelled_on_one_resource_and_never_updated() {
    let mut arc = arc();
    arc.start_autoshift(&zone(1), at(0));
    let id = arc.parts[0].id.clone();
    assert_eq!(
        reason(&arc.update(&id, None, Some("mine"), at(1)).unwrap_err()),
        "AutoshiftUpdateNotAllowed"
    );
    let canceled = arc.cancel(&id, at(2)).unwrap();
    assert_eq!(
        (canceled.kind, canceled.status),
        (Kind::Autoshift, Status::Canceled)
    );
    assert_eq!(weights(&arc), [1.0, 1.0, 1.0]);
    assert_eq!(
        arc.autoshifts()[0].ended,
        None,
        "the Region's autoshift goes on"
    );
    assert_eq!(
        reason(&arc.cancel(&id, at(3)).unwrap_err()),
        "ZonalShiftStatusNotActive"
    );
    arc.take_events();
    arc.end_autoshift(&zone(1), at(4));
    assert_eq!(
        arc.take_events(),
        Vec::<Value>::new(),
        "it was completed here before"
    );
}

#[test]
fn disabling_autoshift_does_not_end_one() {
    let mut arc = arc();
    arc.start_autoshift(&zone(1), at(0));
    arc.set_autoshift(FRONT, "DISABLED").unwrap();
    assert_eq!(weights(&arc), [0.0, 1.0, 1.0]);
    arc.end_autoshift(&zone(1), at(1));
    arc.start_autoshift(&zone(1), at(2));
    assert_eq!(weights(&arc), [1.0, 1.0, 1.0]);
}
