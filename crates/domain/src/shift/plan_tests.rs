//! What is done about resources in a state. `front` is the lead.

use super::*;
use crate::shift::REQUEST_SCHEMA;

fn arn(name: &str) -> ResourceArn {
    format!("arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/{name}/0123456789abcdef").parse().unwrap()
}

fn incident(zone: u8, time: &str) -> IncidentId {
    format!("wildrydes/use1-az{zone}/{time}").parse().unwrap()
}

fn this() -> IncidentId {
    incident(1, "20261124T092000Z")
}

fn request(action: ShiftAction) -> ShiftRequest {
    ShiftRequest {
        schema: REQUEST_SCHEMA.to_owned(),
        workload: "wildrydes".parse().unwrap(),
        resources: vec![arn("front"), arn("api")],
        drill: false,
        dry_run: false,
        action,
    }
}

fn shift() -> ShiftRequest {
    request(ShiftAction::Shift {
        incident: this(),
        expires_in: "6h".parse().unwrap(),
    })
}

fn idle() -> ResourceState {
    ResourceState {
        weights: (1..=3)
            .map(|zone| (format!("use1-az{zone}"), 1.0))
            .collect(),
        ..ResourceState::default()
    }
}

fn active(zone: u8, kind: ShiftKind, comment: &str) -> ResourceState {
    let shift = ActiveShift {
        zone: format!("use1-az{zone}"),
        kind,
        id: Some("other".to_owned()),
        applied: true,
        started_at: None,
        expires_at: None,
        comment: Some(comment.to_owned()),
    };
    ResourceState {
        shifts: vec![shift],
        ..idle()
    }
}

fn marked(incident: IncidentId, phase: Phase) -> ResourceState {
    let zone = incident
        .zone()
        .as_str()
        .bytes()
        .last()
        .map_or(0, |digit| digit - b'0');
    active(
        zone,
        ShiftKind::Customer,
        &Marker {
            incident,
            phase,
            drill: false,
        }
        .to_comment(),
    )
}

fn steps(request: &ShiftRequest, front: ResourceReading, api: ResourceReading) -> Vec<Step> {
    plan(request, &[(arn("front"), front), (arn("api"), api)])
}

fn steps_of(request: &ShiftRequest, front: ResourceState, api: ResourceState) -> Vec<Step> {
    steps(
        request,
        ResourceReading::Managed(front),
        ResourceReading::Managed(api),
    )
}

fn words(steps: &[Step]) -> Vec<&'static str> {
    steps
        .iter()
        .map(|step| match step {
            Step::Start => "start",
            Step::Update { .. } => "update",
            Step::Cancel { .. } => "cancel",
            Step::Leave(Outcome::AlreadyShifted { ours: true, .. }) => "already ours",
            Step::Leave(Outcome::AlreadyShifted { .. }) => "already others'",
            Step::Leave(Outcome::HeldByOther {
                kind: ShiftKind::Ended,
                ..
            }) => "ended",
            Step::Leave(Outcome::HeldByOther { .. }) => "held",
            Step::Leave(Outcome::NotManaged) => "not managed",
            Step::Leave(Outcome::NotInZone) => "not in zone",
            Step::Leave(Outcome::NotStarted { .. }) => "not started",
            Step::Leave(Outcome::NotShifted) => "not shifted",
            Step::Leave(Outcome::Would { .. }) => "would",
            Step::Leave(Outcome::Read) => "read",
            Step::Leave(Outcome::Failed { .. }) => "failed",
            Step::Leave(_) => "other",
        })
        .collect()
}

#[test]
fn what_is_not_started_says_what_stands_in_the_way() {
    let because = |front: ResourceState| {
        let steps = steps_of(&shift(), front, idle());
        let [_, Step::Leave(Outcome::NotStarted { because })] = &steps[..] else {
            panic!("{steps:?}")
        };
        because.clone()
    };
    let ended = because(marked(this(), Phase::FailBack));
    assert!(ended.starts_with("this incident was ended on "), "{ended}");
    let held = because(active(2, ShiftKind::Customer, "mine"));
    assert!(held.contains(" is held by a "), "{held}");
}

#[test]
fn idle_resources_are_shifted() {
    assert_eq!(
        words(&steps_of(&shift(), idle(), idle())),
        ["start", "start"]
    );
}

#[test]
fn a_shift_away_from_another_zone_on_any_resource_stops_all() {
    for kind in [
        ShiftKind::Customer,
        ShiftKind::Autoshift,
        ShiftKind::PracticeRun,
        ShiftKind::FisExperiment,
        ShiftKind::Other("NEW".into()),
    ] {
        let other = || active(2, kind.clone(), "Jane");
        assert_eq!(
            words(&steps_of(&shift(), other(), idle())),
            ["held", "not started"],
            "{kind}"
        );
        assert_eq!(
            words(&steps_of(&shift(), idle(), other())),
            ["not started", "held"],
            "{kind}"
        );
    }
}

#[test]
fn a_shift_that_is_not_applied_counts_too() {
    let mut waiting = active(2, ShiftKind::Autoshift, "");
    waiting.shifts[0].applied = false;
    assert_eq!(
        words(&steps_of(&shift(), idle(), waiting)),
        ["not started", "held"]
    );
}

#[test]
fn traffic_that_is_away_already_is_left_there() {
    let ours = || marked(this(), Phase::Evacuate);
    assert_eq!(
        words(&steps_of(&shift(), ours(), idle())),
        ["already ours", "start"],
        "an earlier run got half-way"
    );
    let jane = || active(1, ShiftKind::Customer, "Jane");
    assert_eq!(
        words(&steps_of(&shift(), jane(), jane())),
        ["already others'", "already others'"]
    );
    let aws = || active(1, ShiftKind::Autoshift, "");
    assert_eq!(
        words(&steps_of(&shift(), aws(), aws())),
        ["already others'", "already others'"]
    );
}

#[test]
fn a_practice_run_away_from_the_same_zone_is_no_protection() {
    for kind in [ShiftKind::PracticeRun, ShiftKind::FisExperiment] {
        assert_eq!(
            words(&steps_of(&shift(), active(1, kind, ""), idle())),
            ["start", "start"]
        );
    }
}

#[test]
fn a_shift_of_an_earlier_incident_serves_the_new_one() {
    let earlier = || marked(incident(1, "20261124T080000Z"), Phase::Evacuate);
    assert_eq!(
        words(&steps_of(&shift(), earlier(), idle())),
        ["update", "start"]
    );
    let failing_back = || marked(incident(1, "20261124T080000Z"), Phase::FailBack);
    assert_eq!(
        words(&steps_of(&shift(), failing_back(), idle())),
        ["update", "start"],
        "the alarm went off anew during fail-back"
    );
}

#[test]
fn a_fail_back_that_has_begun_is_not_turned_round_by_a_repeated_event() {
    assert_eq!(
        words(&steps_of(&shift(), marked(this(), Phase::FailBack), idle())),
        ["ended", "not started"]
    );
}

#[test]
fn what_was_ended_is_not_started_again() {
    let cancelled = |incident, phase, drill| ResourceState {
        cancelled: vec![Marker {
            incident,
            phase,
            drill,
        }],
        ..idle()
    };
    for phase in [Phase::Evacuate, Phase::FailBack] {
        let ended = || cancelled(this(), phase, false);
        assert_eq!(
            words(&steps_of(&shift(), ended(), idle())),
            ["ended", "not started"]
        );
        assert_eq!(
            words(&steps_of(&shift(), idle(), ended())),
            ["not started", "ended"]
        );
    }
    let rehearsed = cancelled(this(), Phase::Evacuate, true);
    assert_eq!(
        words(&steps_of(&shift(), rehearsed, idle())),
        ["start", "start"],
        "that a rehearsal ended says nothing"
    );
    let earlier = cancelled(incident(1, "20261124T080000Z"), Phase::Evacuate, false);
    assert_eq!(
        words(&steps_of(&shift(), earlier, idle())),
        ["start", "start"]
    );
}

#[test]
fn a_rehearsal_in_force_becomes_what_is_meant() {
    for phase in [Phase::Evacuate, Phase::FailBack] {
        let mut rehearsal = marked(this(), phase);
        rehearsal.shifts[0].comment = Some(
            Marker {
                incident: this(),
                phase,
                drill: true,
            }
            .to_comment(),
        );
        assert_eq!(
            words(&steps_of(&shift(), rehearsal, idle())),
            ["update", "start"]
        );
    }
}

#[test]
fn another_workloads_mark_is_somebody_elses() {
    let mut theirs = marked(this(), Phase::Evacuate);
    theirs.shifts[0].comment = Some("evac: other/use1-az1/20261124T092000Z evacuate".into());
    assert_eq!(
        words(&steps_of(&shift(), theirs.clone(), idle())),
        ["already others'", "start"]
    );
    let cancel = request(ShiftAction::Cancel { incident: this() });
    assert_eq!(
        words(&steps_of(&cancel, theirs, idle())),
        ["held", "not shifted"]
    );
}

#[test]
fn nothing_starts_until_every_resource_has_been_read() {
    let failed = ResourceReading::Failed(Failure::new(Class::Timeout, "late"));
    assert_eq!(
        words(&steps(&shift(), ResourceReading::Managed(idle()), failed)),
        ["not started", "failed"]
    );
}

#[test]
fn without_the_lead_there_is_no_lock_and_nothing_starts() {
    assert_eq!(
        words(&steps(
            &shift(),
            ResourceReading::NotManaged,
            ResourceReading::Managed(idle())
        )),
        ["not managed", "not started"]
    );
    assert_eq!(
        words(&steps(
            &shift(),
            ResourceReading::Managed(idle()),
            ResourceReading::NotManaged
        )),
        ["start", "not managed"]
    );
    let elsewhere = ResourceState {
        weights: [("use1-az2".to_owned(), 1.0)].into(),
        ..ResourceState::default()
    };
    assert_eq!(
        words(&steps_of(&shift(), elsewhere.clone(), idle())),
        ["not in zone", "not started"]
    );
    assert_eq!(
        words(&steps_of(&shift(), idle(), elsewhere)),
        ["start", "not in zone"]
    );
}

#[test]
fn only_our_own_shifts_away_from_the_zone_are_cancelled() {
    let cancel = request(ShiftAction::Cancel { incident: this() });
    let ours = |phase| marked(this(), phase);
    assert_eq!(
        words(&steps_of(
            &cancel,
            ours(Phase::Evacuate),
            ours(Phase::FailBack)
        )),
        ["cancel", "cancel"]
    );
    for foreign in [
        active(1, ShiftKind::Customer, "Jane"),
        active(1, ShiftKind::Autoshift, ""),
        active(
            1,
            ShiftKind::PracticeRun,
            &Marker {
                incident: this(),
                phase: Phase::Evacuate,
                drill: false,
            }
            .to_comment(),
        ),
    ] {
        assert_eq!(
            words(&steps_of(&cancel, foreign, idle())),
            ["held", "not shifted"]
        );
    }
    let other_zone = marked(incident(2, "20261124T092000Z"), Phase::Evacuate);
    assert_eq!(
        words(&steps_of(&cancel, other_zone, idle())),
        ["held", "not shifted"]
    );
}

#[test]
fn the_moment_of_the_incident_does_not_matter_to_its_end() {
    let cancel = request(ShiftAction::Cancel {
        incident: incident(1, "20261124T235900Z"),
    });
    assert_eq!(
        words(&steps_of(&cancel, marked(this(), Phase::FailBack), idle())),
        ["cancel", "not shifted"]
    );
}

#[test]
fn only_our_own_shifts_are_extended() {
    let extend = extend(Phase::FailBack);
    assert_eq!(
        words(&steps_of(
            &extend,
            marked(this(), Phase::Evacuate),
            active(1, ShiftKind::Customer, "Jane")
        )),
        ["update", "held"]
    );
}

fn extend(phase: Phase) -> ShiftRequest {
    request(ShiftAction::Extend {
        incident: this(),
        expires_in: "1h".parse().unwrap(),
        phase,
    })
}

#[test]
fn a_shift_that_a_younger_incident_has_taken_over_is_left_by_an_older_one() {
    let younger = || marked(incident(1, "20261124T094500Z"), Phase::Evacuate);
    let cancel = request(ShiftAction::Cancel { incident: this() });
    for request in [cancel, extend(Phase::FailBack), extend(Phase::Evacuate)] {
        assert_eq!(
            words(&steps_of(&request, younger(), idle())),
            ["held", "not shifted"]
        );
    }
}

#[test]
fn a_renewal_does_not_take_back_a_fail_back() {
    let renew = extend(Phase::Evacuate);
    assert_eq!(
        words(&steps_of(
            &renew,
            marked(this(), Phase::FailBack),
            marked(this(), Phase::Evacuate)
        )),
        ["held", "update"]
    );
    let older = marked(incident(1, "20261124T080000Z"), Phase::FailBack);
    assert_eq!(
        words(&steps_of(&renew, older, idle())),
        ["update", "not shifted"],
        "the alarm has gone off anew since"
    );
}

#[test]
fn a_dry_run_and_a_status_touch_nothing() {
    let dry = |action| ShiftRequest {
        dry_run: true,
        ..request(action)
    };
    let shift = dry(ShiftAction::Shift {
        incident: this(),
        expires_in: "1h".parse().unwrap(),
    });
    assert_eq!(words(&steps_of(&shift, idle(), idle())), ["would", "would"]);
    let cancel = dry(ShiftAction::Cancel { incident: this() });
    assert_eq!(
        words(&steps_of(&cancel, marked(this(), Phase::Evacuate), idle())),
        ["would", "not shifted"]
    );
    assert_eq!(
        words(&steps_of(&request(ShiftAction::Status), idle(), idle())),
        ["read", "read"]
    );
}
