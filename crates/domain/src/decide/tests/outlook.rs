//! How an evacuation ends by itself, and what keeps it from ending.

use super::*;
use crate::judge::{Doubt, Minute};
use crate::observation::Evidence;
use crate::policy::FailBackMode;
use crate::verdict::{EvacuateReason, FailBackReason};

/// The alarm went off at 0, recovered at 5 because traffic was gone, and now is 30: the zone has been
/// quiet for longer than the 15 minutes that the policy asks for.
fn quiet(phase: Phase) -> Fleet {
    watched()
        .evacuated(1, phase, false)
        .reading(1, |alarm| alarm.transitioned_at = Some(t(5)))
        .policy("failBack", "automatic")
        .at(30)
}

fn watched() -> Fleet {
    let mut fleet = Fleet::of(3);
    fleet.definition["canary"] = json!({
        "source": "custom", "namespace": "Evac/Canary", "requests": "Requests", "faults": "Faults",
        "zone": {"dimension": "ZoneId", "as": "id"},
    });
    fleet
}

impl Fleet {
    /// The canary asked the zone sixty times in each of the last minutes, and so many failed.
    fn seen(self, number: u8, faults: u64) -> Self {
        self.seen_with(number, 60, faults)
    }

    fn seen_with(mut self, number: u8, requests: u64, faults: u64) -> Self {
        let minute = Minute {
            requests,
            faults,
            ..Minute::default()
        };
        self.observation.health = Evidence::Counted {
            until: self.now,
            counts: [(zone(number), vec![Some(minute); 15])].into(),
        };
        self
    }
}

fn proven(decision: &Decision) -> FailBack {
    assert!(
        matches!(
            decision.verdict,
            Verdict::FailBack {
                reason: FailBackReason::ProvenWell { .. },
                ..
            }
        ),
        "{}",
        decision.verdict
    );
    fails_back(decision, 1)
}

fn unproven(decision: &Decision) -> Unproven {
    evacuates(decision, 1);
    match &decision.verdict {
        Verdict::Evacuate {
            reason: EvacuateReason::NotProvenWell { unproven, .. },
            ..
        } => unproven.clone(),
        verdict => panic!("{verdict}"),
    }
}

fn kept(decision: &Decision) -> (Evacuation, Kept) {
    let plan = evacuates(decision, 1);
    match &decision.verdict {
        Verdict::Evacuate {
            reason: EvacuateReason::LooksWell { kept, .. },
            ..
        } => (plan, kept.clone()),
        verdict => panic!("{verdict}"),
    }
}

#[test]
fn a_zone_that_is_proven_to_be_well_is_failed_back() {
    let plan = proven(&quiet(Phase::Evacuate).seen(1, 0).ticks());
    assert!(plan.shift && plan.restore && !plan.begun && !plan.drill && !plan.dry_run);
    assert_eq!(plan.incident, incident(1, t(0)));
    proven(&quiet(Phase::Well).seen(1, 0).ticks());
}

#[test]
fn silence_is_not_health() {
    assert_eq!(
        unproven(&quiet(Phase::Evacuate).ticks()),
        Unproven::NotWatched
    );
    // Another zone's health says nothing of this one.
    let elsewhere = quiet(Phase::Evacuate).seen(2, 0).ticks();
    assert_eq!(
        unproven(&elsewhere),
        Unproven::Doubted {
            doubt: Doubt::Silent {
                minutes: 15,
                seen: 0
            }
        }
    );
    let mut unread = quiet(Phase::Evacuate);
    let failure = Failure::new(Class::Timeout, "GetMetricData: no answer in time");
    unread.observation.health = Evidence::Unavailable(failure.clone());
    assert_eq!(unproven(&unread.ticks()), Unproven::Unavailable { failure });
}

#[test]
fn a_zone_that_still_fails_is_not_failed_back() {
    let decision = quiet(Phase::Evacuate).seen(1, 20).ticks();
    assert!(matches!(
        unproven(&decision),
        Unproven::Doubted {
            doubt: Doubt::Bad { .. }
        }
    ));
}

#[test]
fn the_alarm_has_to_be_ok_for_as_long_as_the_policy_asks() {
    let since = |minutes| {
        quiet(Phase::Evacuate)
            .reading(1, move |alarm| alarm.transitioned_at = Some(t(minutes)))
            .seen(1, 0)
            .ticks()
    };
    proven(&since(15));
    assert!(matches!(
        unproven(&since(16)),
        Unproven::Unsettled {
            ok_since: Some(_),
            ..
        }
    ));
    let unknown = quiet(Phase::Evacuate)
        .reading(1, |alarm| alarm.transitioned_at = None)
        .seen(1, 0);
    assert!(matches!(
        unproven(&unknown.ticks()),
        Unproven::Unsettled { ok_since: None, .. }
    ));
    let longer = quiet(Phase::Evacuate).policy("stableFor", "40m").seen(1, 0);
    assert!(matches!(
        unproven(&longer.ticks()),
        Unproven::Unsettled { .. }
    ));
}

#[test]
fn an_alarm_without_data_is_not_ok() {
    let decision = quiet(Phase::Evacuate)
        .reading(1, |alarm| alarm.state = AlarmState::InsufficientData)
        .seen(1, 0)
        .ticks();
    evacuates(&decision, 1);
    assert_eq!(decision.verdict.code(), "stillImpaired");
}

#[test]
fn what_a_person_evacuated_while_its_alarm_was_ok_is_the_persons_to_end() {
    for ok_since in [-600, 0] {
        let decision = quiet(Phase::Evacuate)
            .reading(1, move |alarm| alarm.transitioned_at = Some(t(ok_since)))
            .seen(1, 0)
            .ticks();
        assert_eq!(unproven(&decision), Unproven::Commanded);
    }
}

#[test]
fn a_drill_is_not_ended_by_health() {
    let drill = watched()
        .evacuated(1, Phase::Evacuate, true)
        .reading(1, |alarm| alarm.transitioned_at = Some(t(5)))
        .policy("failBack", "automatic")
        .at(30)
        .seen(1, 0);
    holds(&drill.ticks(), &["drillInForce"]);
}

#[test]
fn a_person_is_told_once_that_the_zone_looks_well() {
    let manual = |phase| quiet(phase).policy("failBack", "manual").seen(1, 0);
    let (plan, why) = kept(&manual(Phase::Evacuate).ticks());
    assert_eq!(why, Kept::Manual);
    assert!(plan.tell_outlook && plan.renew);
    assert_eq!(plan.phase, Phase::Well);
    let (plan, _) = kept(&manual(Phase::Well).ticks());
    assert!(!plan.tell_outlook && !plan.renew);
    assert_eq!(plan.phase, Phase::Well);
}

#[test]
fn a_person_is_told_that_the_zone_does_not_look_well_any_more() {
    let relapsed = |fleet: Fleet| {
        let plan = evacuates(&fleet.policy("failBack", "manual").ticks(), 1);
        assert!(plan.tell_outlook && plan.renew);
        assert_eq!(plan.phase, Phase::Evacuate);
    };
    relapsed(quiet(Phase::Well).seen(1, 20));
    relapsed(quiet(Phase::Well).impaired(1).seen(1, 0));
    // The alarm has been in ALARM between two ticks.
    relapsed(
        quiet(Phase::Well)
            .reading(1, |alarm| alarm.transitioned_at = Some(t(29)))
            .seen(1, 0),
    );
}

#[test]
fn a_canary_that_misses_some_minutes_says_nothing_new() {
    let plan = evacuates(&quiet(Phase::Well).ticks(), 1);
    assert!(!plan.tell_outlook && !plan.renew);
    assert_eq!(plan.phase, Phase::Well);
    let plan = evacuates(&quiet(Phase::Evacuate).ticks(), 1);
    assert!(!plan.tell_outlook && !plan.renew);
    assert_eq!(plan.phase, Phase::Evacuate);
}

#[test]
fn in_mode_observe_nobody_is_told_each_minute() {
    let observing = quiet(Phase::Evacuate)
        .policy("mode", "observe")
        .policy("failBack", "manual")
        .seen(1, 0);
    let plan = evacuates(&observing.ticks(), 1);
    assert!(plan.dry_run && !plan.tell_outlook);
}

#[test]
fn a_zone_that_fails_again_and_again_is_left_to_people() {
    let after = |ended: &[i64]| {
        let fleet = ended
            .iter()
            .fold(quiet(Phase::Evacuate), |fleet, at| fleet.ended(1, t(*at)));
        fleet.seen(1, 0).ticks()
    };
    proven(&after(&[]));
    proven(&after(&[-60]));
    let (plan, why) = kept(&after(&[-60, -120]));
    assert_eq!(
        why,
        Kept::Flapping {
            flaps: 2,
            window: "24h".parse().unwrap()
        }
    );
    assert!(plan.tell_outlook, "a person has to end it, so one is told");
    // A day ago is another story, and a minute more than a day even more so.
    kept(&after(&[-60, -1440]));
    proven(&after(&[-60, -1441]));
    // Several resources tell of the same end.
    proven(&after(&[-60, -60]));
    // An end within a minute of the transition is one of this incident's own: a run that was under way
    // then has started the shift again.
    let Verdict::FailBack { reason, .. } = after(&[-60, 1]).verdict else {
        panic!("the end stands");
    };
    assert!(
        matches!(reason, FailBackReason::LeadEnded { .. }),
        "{reason:?}"
    );
}

#[test]
fn how_often_a_zone_may_fail_is_for_its_owners_to_say() {
    let fleet = || {
        quiet(Phase::Evacuate)
            .ended(1, t(-60))
            .ended(1, t(-120))
            .seen(1, 0)
    };
    proven(&fleet().policy("maxFlaps", 2).ticks());
    proven(&fleet().policy("flapWindow", "90m").ticks());
    kept(
        &fleet()
            .policy("flapWindow", "90m")
            .policy("maxFlaps", 0)
            .ticks(),
    );
}

#[test]
fn what_happened_to_another_zone_is_no_flap() {
    let fleet = quiet(Phase::Evacuate)
        .ended(2, t(-60))
        .ended(2, t(-120))
        .ended(3, t(-60));
    proven(&fleet.seen(1, 0).ticks());
}

#[test]
fn while_aws_keeps_traffic_away_from_the_zone_evac_waits() {
    for policy in ["automatic", "manual"] {
        let fleet =
            quiet(Phase::Evacuate)
                .policy("failBack", policy)
                .shifted(1, ShiftKind::Autoshift, "");
        let (plan, why) = kept(&fleet.seen(1, 0).ticks());
        assert_eq!(why, Kept::Autoshift);
        assert!(!plan.tell_outlook, "nobody has to do anything");
    }
    let elsewhere = quiet(Phase::Evacuate).shifted(2, ShiftKind::Autoshift, "");
    proven(&elsewhere.seen(1, 0).ticks());
}

#[test]
fn what_has_nothing_to_shift_is_restored_on_proof_too() {
    let pruned = |policy: &str| {
        let fleet = quiet(Phase::Evacuate).policy("failBack", policy);
        let fleet = Fleet {
            resource: Fleet::of(3).resource,
            ..fleet
        };
        fleet.groups_only().pruned(1).seen(1, 0).ticks()
    };
    let plan = proven(&pruned("automatic"));
    assert!(plan.restore && !plan.shift);
    let (plan, why) = kept(&pruned("manual"));
    assert_eq!(why, Kept::Manual);
    assert!(
        plan.tell_outlook,
        "where no shift can say it, it is told whenever it is so"
    );
    assert!(!plan.renew);
}

#[test]
fn a_zone_that_fails_anew_while_it_is_failed_back_is_evacuated_anew() {
    let anew = |minutes| {
        quiet(Phase::FailBack)
            .impaired(1)
            .reading(1, move |alarm| alarm.transitioned_at = Some(t(minutes)))
            .ticks()
    };
    assert_eq!(evacuates(&anew(25), 1).incident, incident(1, t(25)));
    // The same transition, which a person decided about.
    assert!(fails_back(&anew(0), 1).begun);
    let held = quiet(Phase::FailBack)
        .impaired(1)
        .impaired(2)
        .reading(1, |alarm| alarm.transitioned_at = Some(t(25)));
    fails_back(&held.ticks(), 1);
}

#[test]
fn health_is_asked_for_only_where_fail_back_waits_for_nothing_else() {
    let awaits = |fleet: Fleet| {
        let mut asked = false;
        let fleet = fleet.looked_at_fully();
        let signal = Signal {
            workload: fleet.workload(),
            trigger: command(Action::Reconcile),
        };
        let now = fleet.now;
        fleet.observed(|observation| asked = awaits_proof(&signal, observation, now));
        asked
    };
    assert!(awaits(quiet(Phase::Evacuate)));
    assert!(awaits(quiet(Phase::Well).policy("failBack", "manual")));
    assert!(!awaits(quiet(Phase::FailBack)), "it has begun");
    assert!(!awaits(quiet(Phase::Evacuate).impaired(1)));
    assert!(!awaits(quiet(Phase::Evacuate).at(19)));
    assert!(!awaits(watched().at(30)), "nothing is evacuated");
    let drill = watched()
        .evacuated(1, Phase::Evacuate, true)
        .reading(1, |alarm| alarm.transitioned_at = Some(t(5)));
    assert!(!awaits(drill.at(30)));
    let groups = || {
        let fleet = Fleet {
            resource: Fleet::of(3).resource,
            ..quiet(Phase::Evacuate)
        };
        fleet.pruned(1)
    };
    assert!(awaits(groups().groups_only()));
    assert!(
        !awaits(groups()),
        "its shift has ended, so it is restored at once"
    );
}

#[test]
fn the_default_leaves_the_end_to_people() {
    assert_eq!(
        Fleet::of(3).workload().policy.fail_back,
        FailBackMode::Manual
    );
}

// Trials: a zone whose groups are pruned has nothing to answer a canary.

fn silent_zone(phase: Phase) -> Fleet {
    quiet(phase).pruned(1).seen(1, 60)
}

fn trial(decision: &Decision) -> FailBack {
    assert_eq!(decision.verdict.code(), "onTrial", "{}", decision.verdict);
    fails_back(decision, 1)
}

#[test]
fn a_zone_without_capacity_gets_it_back_on_trial() {
    let plan = trial(&silent_zone(Phase::Evacuate).ticks());
    assert_eq!(plan.phase, Phase::Trial { minutes: 30 });
    assert!(plan.shift && plan.restore && !plan.begun && !plan.drill && !plan.dry_run);
    let few = quiet(Phase::Evacuate).pruned(1).seen_with(1, 1, 0);
    trial(&few.ticks());
}

#[test]
fn a_zone_that_is_bad_with_its_capacity_gets_no_trial() {
    let decision = quiet(Phase::Evacuate).seen(1, 60).ticks();
    assert!(matches!(unproven(&decision), Unproven::Doubted { .. }));
}

#[test]
fn nothing_is_tried_where_nothing_would_show_how_it_went() {
    let decision = quiet(Phase::Evacuate).pruned(1).ticks();
    assert_eq!(unproven(&decision), Unproven::NotWatched);
    let decision = quiet(Phase::Evacuate).pruned(1).seen(2, 0).ticks();
    assert!(matches!(unproven(&decision), Unproven::Doubted { .. }));
}

#[test]
fn where_a_person_ends_the_evacuation_nothing_is_tried() {
    for fleet in [
        silent_zone(Phase::Evacuate).policy("failBack", "manual"),
        silent_zone(Phase::Evacuate)
            .ended(1, t(-60))
            .ended(1, t(-120)),
        silent_zone(Phase::Evacuate).shifted(1, ShiftKind::Autoshift, ""),
        silent_zone(Phase::Evacuate).policy("mode", "observe"),
    ] {
        let decision = fleet.ticks();
        let plan = evacuates(&decision, 1);
        assert_eq!(plan.phase, Phase::Evacuate);
        assert!(matches!(
            unproven(&decision),
            Unproven::WithoutCapacity { .. }
        ));
    }
}

#[test]
fn a_trial_goes_on_until_the_zone_is_proven_well() {
    let on_trial = || quiet(Phase::Trial { minutes: 20 });
    let plan = trial(&on_trial().seen(1, 60).ticks());
    assert_eq!(plan.phase, Phase::Trial { minutes: 20 });
    assert!(plan.begun, "the shift says it already");
    let late = on_trial().policy("expiresIn", "10h").seen(1, 60).at(61);
    assert!(!trial(&late.ticks()).begun, "it would end in the trial");
    let plan = proven(&on_trial().seen(1, 0).ticks());
    assert_eq!(plan.phase, Phase::FailBack);
    assert!(!plan.begun);
}

#[test]
fn a_trial_waits_until_every_resource_is_shifted() {
    let partly = |phase, other: fn(&mut ResourceReport)| {
        let mut fleet = silent_zone(phase);
        let mut resource = Fleet::of(3).resource;
        other(&mut resource);
        fleet.others.push(resource);
        fleet
    };
    evacuates(&partly(Phase::Evacuate, |_| ()).ticks(), 1);
    evacuates(&partly(Phase::Trial { minutes: 20 }, |_| ()).ticks(), 1);
    // Where the other may not be shifted, nothing is waited for.
    let ended = partly(Phase::Evacuate, |other| other.ended.push(incident(1, t(0))));
    trial(&ended.ticks());
    let held = partly(Phase::Evacuate, |other| {
        other.shifts = Fleet::of(3)
            .shifted(2, ShiftKind::Customer, "Jane")
            .resource
            .shifts;
    });
    trial(&held.ticks());
    let elsewhere = partly(Phase::Evacuate, |other| {
        other.weights.remove("use1-az1");
    });
    trial(&elsewhere.ticks());
}

#[test]
fn a_trial_that_does_not_show_the_zone_well_ends_and_people_are_told() {
    let after = |minutes: i64| {
        quiet(Phase::Trial { minutes: 30 })
            .at(minutes)
            .seen(1, 60)
            .ticks()
    };
    // Twice the quarter of an hour, and half an hour for capacity to come.
    trial(&after(90));
    let plan = evacuates(&after(91), 1);
    assert_eq!(plan.phase, Phase::Tried { minutes: 91 });
    assert!(plan.prune && plan.renew && plan.tell_outlook);
}

#[test]
fn an_alarm_ends_a_trial_at_once() {
    let plan = evacuates(
        &quiet(Phase::Trial { minutes: 20 })
            .impaired(1)
            .seen(1, 0)
            .ticks(),
        1,
    );
    assert_eq!(plan.phase, Phase::Tried { minutes: 30 });
    assert!(plan.prune && plan.tell_outlook);
}

#[test]
fn the_next_trial_waits_until_the_incident_is_twice_as_old() {
    let at = |minutes: i64| {
        silent_zone(Phase::Tried { minutes: 91 })
            .at(minutes)
            .ticks()
    };
    let waiting = evacuates(&at(181), 1);
    assert_eq!(waiting.phase, Phase::Tried { minutes: 91 });
    assert!(!waiting.tell_outlook);
    assert_eq!(trial(&at(182)).phase, Phase::Trial { minutes: 182 });
}

#[test]
fn a_policy_that_changes_to_manual_ends_a_trial() {
    let manual = quiet(Phase::Trial { minutes: 20 }).policy("failBack", "manual");
    let plan = evacuates(&manual.seen(1, 60).ticks(), 1);
    assert_eq!(plan.phase, Phase::Tried { minutes: 30 });
}
