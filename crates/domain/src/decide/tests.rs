//! Situations and what Evac makes of them. A [`Fleet`] is a workload of three zones in a state; what
//! a test does not say is well.

use super::*;
use crate::definition;
use crate::event::{AlarmKind, read_direct};
use crate::failure::Class;
use crate::incident::{Marker, Phase};
use crate::observation::AlarmReading;
use crate::prune::{self, GroupReport, NotReached, PruneAnswer};
use crate::shift::{self, ActiveShift, Outcome, ResourceReport, ShiftAnswer, ShiftKind};
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

mod evidence;
mod outlook;
mod readiness;
mod signal;

const T0: &str = "2026-11-24T09:20:00Z";

fn t(minutes: i64) -> Timestamp {
    let start: Timestamp = T0.parse().unwrap();
    start + jiff::SignedDuration::from_mins(minutes)
}

fn zone(number: u8) -> ZoneId {
    format!("use1-az{number}").parse().unwrap()
}

fn alarm(number: u8) -> String {
    format!("use1-az{number}-impact")
}

/// A workload in a state.
struct Fleet {
    definition: serde_json::Value,
    observation: Observation,
    alarms: BTreeMap<String, AlarmReading>,
    resource: ResourceReport,
    others: Vec<ResourceReport>,
    groups: Vec<GroupReport>,
    /// Whether the shifts and the groups are read, as on every path but an alarm's event.
    full: bool,
    now: Timestamp,
}

impl Fleet {
    fn of(zones: u8) -> Self {
        let name = |number: u8| format!("us-east-1{}", char::from(b'a' + number - 1));
        let map = |value: &dyn Fn(u8) -> serde_json::Value| -> serde_json::Value {
            (1..=zones)
                .map(|number| (zone(number).to_string(), value(number)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188";
        let well = AlarmReading {
            state: AlarmState::Ok,
            transitioned_at: Some(t(-600)),
            suppressed_by: None,
            muted_by: None,
        };
        let mut alarms: BTreeMap<String, AlarmReading> = (1..=zones)
            .map(|number| (alarm(number), well.clone()))
            .collect();
        alarms.insert("regional-impact".to_owned(), well);
        Self {
            definition: json!({
                "name": "wildrydes",
                "zones": map(&|number| json!({"name": name(number), "subnets": [format!("subnet-{number:08}")]})),
                "resources": [arn],
                "autoScalingGroups": {"tag": {"key": "evac:workload", "value": "wildrydes"}},
                "alarms": {"zonal": map(&|number| json!(alarm(number))), "regional": ["regional-impact"]},
                "policy": {"mode": "evacuate", "expiresIn": "6h", "withoutEvidence": "act"},
            }),
            observation: Observation::default(),
            alarms,
            resource: ResourceReport {
                resource: arn.parse().unwrap(),
                outcome: Outcome::Read,
                weights: (1..=zones)
                    .map(|number| (zone(number).to_string(), 1.0))
                    .collect(),
                shifts: Vec::new(),
                ended: Vec::new(),
            },
            others: Vec::new(),
            groups: Vec::new(),
            full: false,
            now: t(1),
        }
    }

    fn policy(mut self, field: &str, value: impl Into<serde_json::Value>) -> Self {
        self.definition["policy"][field] = value.into();
        self
    }

    fn alarm_is(mut self, name: &str, state: AlarmState) -> Self {
        let reading = self.alarms.get_mut(name).unwrap();
        reading.state = state;
        reading.transitioned_at = Some(t(0));
        self
    }

    fn impaired(self, number: u8) -> Self {
        self.alarm_is(&alarm(number), AlarmState::Alarm)
    }

    fn regional(self) -> Self {
        self.alarm_is("regional-impact", AlarmState::Alarm)
    }

    fn reading(mut self, number: u8, change: impl Fn(&mut AlarmReading)) -> Self {
        change(self.alarms.get_mut(&alarm(number)).unwrap());
        self
    }

    fn without_alarm(mut self, number: u8) -> Self {
        self.alarms.remove(&alarm(number));
        self
    }

    fn alarms_unreadable(mut self) -> Self {
        self.observation.alarms = Reading::Failed(Failure::new(
            Class::Timeout,
            "DescribeAlarms: no answer in time",
        ));
        self
    }

    fn shifts_unreadable(mut self) -> Self {
        self.full = true;
        self.observation.shifts = Reading::Failed(Failure::new(Class::Unavailable, "ARC is down"));
        self
    }

    fn shifted(mut self, number: u8, kind: ShiftKind, comment: &str) -> Self {
        self.full = true;
        self.resource.shifts.push(ActiveShift {
            zone: zone(number).to_string(),
            kind,
            id: Some("shift-1".to_owned()),
            applied: true,
            started_at: Some(t(0)),
            expires_at: Some(t(360)),
            comment: Some(comment.to_owned()),
        });
        self
    }

    fn evacuated(self, number: u8, phase: Phase, drill: bool) -> Self {
        let marker = Marker {
            incident: incident(number, t(0)),
            phase,
            drill,
        };
        self.shifted(number, ShiftKind::Customer, &marker.to_comment())
    }

    fn ended(mut self, number: u8, transition: Timestamp) -> Self {
        self.full = true;
        self.resource.ended.push(incident(number, transition));
        self
    }

    /// Another resource, which Evac has shifted, while the lead is what the rest of the fleet says.
    fn another_evacuated(mut self, number: u8, phase: Phase, drill: bool) -> Self {
        let other = Fleet::of(3).evacuated(number, phase, drill).resource;
        self.full = true;
        self.others.push(other);
        self
    }

    fn pruned_for(mut self, number: u8, drill: bool) -> Self {
        self.full = true;
        self.groups.push(GroupReport {
            group: "web".to_owned(),
            outcome: prune::Outcome::Read,
            pruned_for: Some(prune::PrunedFor {
                incident: incident(number, t(0)),
                drill,
            }),
            capacity: None,
            obstacles: Vec::new(),
        });
        self
    }

    fn pruned(self, number: u8) -> Self {
        self.pruned_for(number, false)
    }

    /// Without resources: there is nothing to shift, and the groups are all there is.
    fn groups_only(mut self) -> Self {
        self.definition["resources"] = json!([]);
        self.policy("nothingToShift", true)
    }

    fn looked_at_fully(mut self) -> Self {
        self.full = true;
        self
    }

    fn at(mut self, minutes: i64) -> Self {
        self.now = t(minutes);
        self
    }

    fn workload(&self) -> Workload {
        definition::read("workload", &self.definition).unwrap()
    }

    fn decide(self, trigger: Trigger) -> Decision {
        let signal = Signal {
            workload: self.workload(),
            trigger,
        };
        let now = self.now;
        let mut decision = None;
        self.observed(|observation| decision = Some(decide(&signal, observation, now)));
        decision.unwrap()
    }

    /// What the classifier sees of the fleet.
    fn observed(mut self, look: impl FnOnce(&Observation)) {
        if self.observation.alarms == Reading::NotTaken {
            self.observation.alarms = Reading::Taken(self.alarms);
        }
        if self.full && self.observation.shifts == Reading::NotTaken {
            self.observation.shifts = Reading::Taken(ShiftAnswer {
                schema: shift::ANSWER_SCHEMA.to_owned(),
                action: "status".to_owned(),
                incident: None,
                dry_run: false,
                resources: std::iter::once(self.resource).chain(self.others).collect(),
                in_effect: false,
                unconfirmed: false,
            });
        }
        if self.full && self.observation.groups == Reading::NotTaken {
            self.observation.groups = Reading::Taken(PruneAnswer {
                schema: prune::ANSWER_SCHEMA.to_owned(),
                action: "status".to_owned(),
                incident: None,
                dry_run: false,
                groups: self.groups,
                not_reached: NotReached::default(),
            });
        }
        look(&self.observation);
    }

    /// The alarm of a zone goes off.
    fn alarms(self, number: u8) -> Decision {
        self.decide(alarm_event(number))
    }

    fn ticks(self) -> Decision {
        self.looked_at_fully().decide(command(Action::Reconcile))
    }

    fn commanded(self, action: Action) -> Decision {
        self.looked_at_fully().decide(command(action))
    }
}

fn incident(number: u8, transition: Timestamp) -> IncidentId {
    IncidentId::new(&"wildrydes".parse().unwrap(), &zone(number), transition)
}

fn change(alarm: &str) -> AlarmChange {
    AlarmChange {
        alarm: alarm.to_owned(),
        kind: AlarmKind::Composite,
        state: AlarmState::Alarm,
        previous: Some(AlarmState::Ok),
        at: t(0),
        reason: None,
        triggering: Vec::new(),
        suppressed_by: None,
        muted_until: None,
        description: None,
    }
}

fn alarm_event(number: u8) -> Trigger {
    Trigger::ZonalAlarm {
        zone: zone(number),
        change: change(&alarm(number)),
    }
}

fn command(action: Action) -> Trigger {
    Trigger::Command(Command {
        action,
        reason: "because".to_owned(),
        at: None,
        drill: false,
        dry_run: false,
    })
}

fn codes(decision: &Decision) -> Vec<&'static str> {
    match &decision.verdict {
        Verdict::Hold { reasons, .. } => reasons.iter().map(HoldReason::code).collect(),
        Verdict::Evacuate { .. } | Verdict::FailBack { .. } => Vec::new(),
    }
}

#[track_caller]
fn holds(decision: &Decision, expected: &[&str]) {
    assert_eq!(codes(decision), expected, "{}", decision.verdict);
    assert_eq!(decision.plan, Plan::Nothing, "a hold changes nothing");
}

#[track_caller]
fn evacuates(decision: &Decision, number: u8) -> Evacuation {
    match (&decision.verdict, &decision.plan) {
        (Verdict::Evacuate { zone: found, .. }, Plan::Evacuate(plan))
            if *found == zone(number) && *plan.incident.zone() == zone(number) =>
        {
            plan.clone()
        }
        _ => panic!("{}", decision.verdict),
    }
}

#[track_caller]
fn fails_back(decision: &Decision, number: u8) -> FailBack {
    match (&decision.verdict, &decision.plan) {
        (Verdict::FailBack { zone: found, .. }, Plan::FailBack(plan)) if *found == zone(number) => {
            plan.clone()
        }
        _ => panic!("{}", decision.verdict),
    }
}

// From an alarm's event.

#[test]
fn one_zone_in_alarm_is_evacuated() {
    let decision = Fleet::of(3).impaired(1).alarms(1);
    let plan = evacuates(&decision, 1);
    assert!(plan.shift && plan.prune && !plan.dry_run && !plan.drill);
    assert_eq!(
        plan.incident,
        incident(1, t(0)),
        "the incident begins with the alarm's transition"
    );
    assert!(decision.announce);
}

#[test]
fn the_verdict_says_what_it_rests_on() {
    let decision = Fleet::of(3).impaired(1).alarms(1);
    insta::assert_snapshot!(decision.verdict, @"evacuate use1-az1: alarm use1-az1-impact is in ALARM since 09:20:00 UTC, and none of the workload's 3 other alarms is (no evidence is configured; the policy says to act on the alarm alone)");
}

#[test]
fn mode_shift_leaves_the_groups_alone() {
    assert!(
        !evacuates(
            &Fleet::of(3).policy("mode", "shift").impaired(1).alarms(1),
            1
        )
        .prune
    );
}

#[test]
fn mode_observe_rehearses_everything_and_changes_nothing() {
    let plan = evacuates(
        &Fleet::of(3).policy("mode", "observe").impaired(1).alarms(1),
        1,
    );
    assert!(plan.dry_run && plan.shift && plan.prune);
}

#[test]
fn two_zones_in_alarm_hold() {
    holds(
        &Fleet::of(3).impaired(1).impaired(2).alarms(1),
        &["severalZones"],
    );
}

#[test]
fn a_regional_alarm_holds() {
    holds(
        &Fleet::of(3).impaired(1).regional().alarms(1),
        &["regionalAlarm"],
    );
}

#[test]
fn every_reason_to_hold_is_told() {
    let decision = Fleet::of(2)
        .policy("withoutEvidence", "hold")
        .impaired(1)
        .impaired(2)
        .regional()
        .alarms(1);
    holds(
        &decision,
        &["severalZones", "regionalAlarm", "tooFewZones", "noEvidence"],
    );
    assert!(decision.announce, "people hear of a hold on a fresh alarm");
}

#[test]
fn an_alarm_that_has_recovered_holds() {
    holds(&Fleet::of(3).alarms(1), &["recovered"]);
    holds(
        &Fleet::of(3)
            .alarm_is(&alarm(1), AlarmState::InsufficientData)
            .alarms(1),
        &["recovered"],
    );
    holds(
        &Fleet::of(3)
            .alarm_is(&alarm(1), AlarmState::Other("NEW".into()))
            .alarms(1),
        &["recovered"],
    );
}

#[test]
fn an_alarm_that_does_not_exist_holds() {
    holds(&Fleet::of(3).without_alarm(1).alarms(1), &["alarmMissing"]);
}

#[test]
fn an_event_of_another_state_is_quiet() {
    let trigger = Trigger::ZonalAlarm {
        zone: zone(1),
        change: AlarmChange {
            state: AlarmState::Ok,
            ..change(&alarm(1))
        },
    };
    let decision = Fleet::of(3).decide(trigger);
    holds(&decision, &["notInAlarm"]);
    assert!(!decision.announce);
}

#[test]
fn a_suppressed_or_muted_alarm_holds() {
    let with = |change: AlarmChange| {
        Fleet::of(3).impaired(1).decide(Trigger::ZonalAlarm {
            zone: zone(1),
            change,
        })
    };
    let suppressed = AlarmChange {
        suppressed_by: Some("Alarm".into()),
        ..change(&alarm(1))
    };
    holds(&with(suppressed), &["suppressed"]);
    let muted = AlarmChange {
        muted_until: Some("2026-11-24T12:00:00.000+0000".into()),
        ..change(&alarm(1))
    };
    holds(&with(muted), &["muted"]);
    holds(
        &Fleet::of(3)
            .impaired(1)
            .reading(1, |alarm| alarm.suppressed_by = Some("WaitPeriod".into()))
            .alarms(1),
        &["suppressed"],
    );
}

#[test]
fn too_few_zones_hold() {
    holds(&Fleet::of(2).impaired(1).alarms(1), &["tooFewZones"]);
    evacuates(&Fleet::of(2).policy("minZones", 1).impaired(1).alarms(1), 1);
    evacuates(&Fleet::of(4).policy("minZones", 3).impaired(1).alarms(1), 1);
    holds(
        &Fleet::of(4).policy("minZones", 4).impaired(1).alarms(1),
        &["tooFewZones"],
    );
}

#[test]
fn alarms_that_cannot_be_read_leave_it_to_the_policy() {
    holds(
        &Fleet::of(3).alarms_unreadable().alarms(1),
        &["alarmsUnreadable"],
    );
    let decision = Fleet::of(3)
        .policy("withoutAlarms", "act")
        .alarms_unreadable()
        .alarms(1);
    evacuates(&decision, 1);
    assert!(
        decision.verdict.reason().contains("could not be asked"),
        "{}",
        decision.verdict
    );
}

#[test]
fn an_old_event_is_not_believed_when_the_alarm_cannot_be_read() {
    let blind = || {
        Fleet::of(3)
            .policy("withoutAlarms", "act")
            .alarms_unreadable()
    };
    evacuates(&blind().at(15).alarms(1), 1);
    holds(&blind().at(16).alarms(1), &["stale"]);
    holds(
        &blind().policy("staleAfter", "1m").at(2).alarms(1),
        &["stale"],
    );
}

#[test]
fn an_old_event_counts_when_the_alarm_is_still_in_alarm() {
    evacuates(&Fleet::of(3).impaired(1).at(600).alarms(1), 1);
}

// From a regional alarm's event.

#[test]
fn a_regional_alarm_tells_people_and_changes_nothing() {
    let decision = Fleet::of(3)
        .regional()
        .decide(Trigger::RegionalAlarm(change("regional-impact")));
    holds(&decision, &["regionalAlarm"]);
    assert!(decision.announce);
}

#[test]
fn a_regional_alarm_that_has_recovered_is_quiet() {
    let decision = Fleet::of(3).decide(Trigger::RegionalAlarm(change("regional-impact")));
    holds(&decision, &["recovered"]);
    assert!(!decision.announce);
}

// With the shifts and groups in force.

#[test]
fn whatever_keeps_traffic_from_another_zone_holds() {
    for kind in [
        ShiftKind::Customer,
        ShiftKind::Autoshift,
        ShiftKind::PracticeRun,
        ShiftKind::FisExperiment,
        ShiftKind::Other("NEW".into()),
    ] {
        holds(
            &Fleet::of(3)
                .impaired(1)
                .shifted(2, kind.clone(), "Jane")
                .ticks(),
            &["otherZoneShifted"],
        );
        holds(
            &Fleet::of(3)
                .shifted(2, kind, "Jane")
                .commanded(Action::Evacuate { zone: zone(1) }),
            &["otherZoneShifted"],
        );
    }
}

#[test]
fn a_second_zone_is_not_evacuated_by_command() {
    let fleet = Fleet::of(3).evacuated(2, Phase::Evacuate, false);
    holds(
        &fleet.commanded(Action::Evacuate { zone: zone(1) }),
        &["otherZoneEvacuated"],
    );
    let fleet = Fleet::of(3).pruned(2);
    holds(
        &fleet.commanded(Action::Evacuate { zone: zone(1) }),
        &["otherZoneEvacuated"],
    );
}

#[test]
fn shifts_that_cannot_be_read_hold() {
    holds(
        &Fleet::of(3).impaired(1).shifts_unreadable().ticks(),
        &["shiftsUnreadable"],
    );
    holds(
        &Fleet::of(3)
            .shifts_unreadable()
            .commanded(Action::Evacuate { zone: zone(1) }),
        &["shiftsUnreadable"],
    );
    holds(
        &Fleet::of(3).shifts_unreadable().commanded(Action::FailBack),
        &["shiftsUnreadable"],
    );
}

#[test]
fn a_shift_that_a_person_ended_is_not_started_again() {
    holds(&Fleet::of(3).impaired(1).ended(1, t(0)).ticks(), &["ended"]);
    holds(&Fleet::of(3).impaired(1).ended(1, t(5)).ticks(), &["ended"]);
}

#[test]
fn what_a_person_ended_before_this_transition_does_not_matter() {
    evacuates(&Fleet::of(3).impaired(1).ended(1, t(-30)).ticks(), 1);
    evacuates(&Fleet::of(3).impaired(1).ended(2, t(0)).ticks(), 1);
}

// The tick.

#[test]
fn a_quiet_tick_tells_nobody() {
    let decision = Fleet::of(3).ticks();
    holds(&decision, &["noZonalAlarm"]);
    assert!(!decision.announce);
}

#[test]
fn a_tick_does_what_a_lost_event_would_have_done() {
    evacuates(&Fleet::of(3).impaired(2).ticks(), 2);
    holds(
        &Fleet::of(3).impaired(2).impaired(3).ticks(),
        &["severalZones"],
    );
    holds(
        &Fleet::of(3)
            .impaired(2)
            .reading(2, |alarm| alarm.muted_by = Some("maintenance".into()))
            .ticks(),
        &["muted"],
    );
}

#[test]
fn a_tick_goes_on_with_an_evacuation_while_its_alarm_has_not_recovered() {
    let plan = evacuates(
        &Fleet::of(3)
            .impaired(1)
            .evacuated(1, Phase::Evacuate, false)
            .ticks(),
        1,
    );
    assert_eq!(
        plan.incident,
        incident(1, t(0)),
        "the incident is the one on the shift"
    );
    evacuates(
        &Fleet::of(3)
            .without_alarm(1)
            .evacuated(1, Phase::Evacuate, false)
            .ticks(),
        1,
    );
}

#[test]
fn an_alarm_that_is_ok_without_traffic_proves_nothing() {
    let decision = Fleet::of(3).evacuated(1, Phase::Evacuate, false).ticks();
    let plan = evacuates(&decision, 1);
    assert!(
        plan.shift && plan.prune,
        "what a run that died left is finished"
    );
    assert!(
        decision.verdict.reason().contains("nothing proves it well"),
        "{}",
        decision.verdict
    );
    assert!(!decision.announce);
}

#[test]
fn a_shift_is_renewed_in_the_second_half_of_its_time() {
    let evacuated = || {
        Fleet::of(3)
            .impaired(1)
            .evacuated(1, Phase::Evacuate, false)
    };
    assert!(!evacuates(&evacuated().at(180).ticks(), 1).renew);
    assert!(evacuates(&evacuated().at(181).ticks(), 1).renew);
}

#[test]
fn an_event_whose_alarm_recovered_goes_on_with_its_evacuation() {
    let decision = Fleet::of(3).evacuated(1, Phase::Evacuate, false).alarms(1);
    assert_eq!(evacuates(&decision, 1).incident, incident(1, t(0)));
    assert!(decision.announce);
    holds(
        &Fleet::of(3).evacuated(2, Phase::Evacuate, false).alarms(1),
        &["recovered", "otherZoneEvacuated"],
    );
}

#[test]
fn an_alarm_of_another_zone_that_does_not_exist_holds() {
    holds(
        &Fleet::of(3).impaired(1).without_alarm(2).alarms(1),
        &["alarmMissing"],
    );
}

#[test]
fn another_resource_ends_when_somebody_ended_the_lead() {
    let ended = Fleet::of(3).impaired(1).ended(1, t(0));
    let plan = fails_back(
        &ended.another_evacuated(1, Phase::Evacuate, false).ticks(),
        1,
    );
    assert!(plan.shift && plan.restore && !plan.begun);
    let drill = Fleet::of(3).another_evacuated(1, Phase::Evacuate, true);
    assert!(fails_back(&drill.ticks(), 1).drill);
    // Whether the zone is well is not asked: nothing keeps the lead's traffic away any more.
    let well = Fleet::of(3).another_evacuated(1, Phase::Evacuate, false);
    assert!(!fails_back(&well.ticks(), 1).begun);
    let begun = Fleet::of(3).another_evacuated(1, Phase::FailBack, false);
    assert!(fails_back(&begun.ticks(), 1).begun);
    let taken = Fleet::of(3)
        .impaired(1)
        .shifted(2, ShiftKind::Autoshift, "")
        .another_evacuated(1, Phase::Evacuate, false);
    fails_back(&taken.ticks(), 1);
}

#[test]
fn a_lead_that_somebody_else_has_shifted_away_from_the_zone_is_not_lost() {
    for kind in [ShiftKind::Customer, ShiftKind::Autoshift] {
        let beside = |phase, drill| {
            Fleet::of(3)
                .shifted(1, kind.clone(), "Jane")
                .another_evacuated(1, phase, drill)
        };
        let plan = evacuates(&beside(Phase::Evacuate, false).ticks(), 1);
        assert_eq!(plan.incident, incident(1, t(0)));
        assert!(!plan.renew);
        let late = beside(Phase::Evacuate, false).at(181).ticks();
        assert!(evacuates(&late, 1).renew, "no lead of ours says when");
        fails_back(&beside(Phase::FailBack, false).ticks(), 1);
        fails_back(&beside(Phase::FailBack, true).ticks(), 1);
        holds(&beside(Phase::Evacuate, true).ticks(), &["drillInForce"]);
    }
}

#[test]
fn the_shift_that_ends_first_says_when_all_are_renewed() {
    let other_until = |minutes| {
        let mut fleet = Fleet::of(3)
            .impaired(1)
            .evacuated(1, Phase::Evacuate, false)
            .another_evacuated(1, Phase::Evacuate, false);
        fleet.others[0].shifts[0].expires_at = Some(t(minutes));
        evacuates(&fleet.at(100).ticks(), 1)
    };
    assert!(!other_until(360).renew);
    assert!(other_until(200).renew, "its last renewal failed");
}

#[test]
fn a_shift_is_renewed_while_its_fail_back_waits_for_capacity() {
    let waiting = || Fleet::of(3).evacuated(1, Phase::FailBack, false);
    assert!(fails_back(&waiting().at(180).ticks(), 1).begun);
    assert!(!fails_back(&waiting().at(181).ticks(), 1).begun);
}

#[test]
fn a_lead_that_was_not_reached_is_shifted_by_the_tick() {
    let partly = Fleet::of(3)
        .impaired(1)
        .another_evacuated(1, Phase::Evacuate, false);
    assert_eq!(evacuates(&partly.ticks(), 1).incident, incident(1, t(0)));
}

#[test]
fn groups_stay_pruned_while_somebody_else_keeps_traffic_away() {
    holds(
        &Fleet::of(3)
            .pruned(1)
            .shifted(1, ShiftKind::Customer, "Jane")
            .ticks(),
        &["notOurs"],
    );
    evacuates(
        &Fleet::of(3)
            .impaired(1)
            .pruned(1)
            .shifted(1, ShiftKind::Customer, "Jane")
            .ticks(),
        1,
    );
    fails_back(
        &Fleet::of(3)
            .impaired(1)
            .pruned(1)
            .shifted(2, ShiftKind::Autoshift, "")
            .ticks(),
        1,
    );
}

#[test]
fn where_there_is_nothing_to_shift_the_groups_say_what_is_evacuated() {
    let fleet = || Fleet::of(3).groups_only();
    let plan = evacuates(&fleet().impaired(1).looked_at_fully().alarms(1), 1);
    assert!(!plan.shift && plan.prune);
    evacuates(&fleet().pruned(1).ticks(), 1);
    evacuates(&fleet().impaired(1).pruned(1).ticks(), 1);
    holds(&fleet().pruned_for(1, true).ticks(), &["drillInForce"]);
    holds(
        &fleet().impaired(1).pruned(2).alarms(1),
        &["otherZoneEvacuated"],
    );
    holds(&fleet().impaired(1).alarms(1), &["groupsUnreadable"]);
    fails_back(&fleet().pruned(1).commanded(Action::FailBack), 1);
}

#[test]
fn a_tick_finishes_a_fail_back_that_has_begun() {
    let plan = fails_back(
        &Fleet::of(3)
            .impaired(1)
            .evacuated(1, Phase::FailBack, false)
            .ticks(),
        1,
    );
    assert!(plan.begun && plan.shift && plan.restore);
}

#[test]
fn a_fail_back_that_was_marked_on_one_resource_only_is_finished() {
    let plan = fails_back(
        &Fleet::of(3)
            .impaired(1)
            .evacuated(1, Phase::Evacuate, false)
            .another_evacuated(1, Phase::FailBack, false)
            .ticks(),
        1,
    );
    assert!(plan.shift && plan.restore);
    assert!(!plan.begun, "the lead does not say so yet");
    let mut anew = Fleet::of(3).impaired(1);
    anew.full = true;
    let marker = Marker {
        incident: incident(1, t(30)),
        phase: Phase::Evacuate,
        drill: false,
    };
    let anew = anew
        .shifted(1, ShiftKind::Customer, &marker.to_comment())
        .another_evacuated(1, Phase::FailBack, false);
    evacuates(&anew.ticks(), 1);
}

#[test]
fn what_is_left_of_another_zone_is_ended_before_the_lead_s_evacuation_goes_on() {
    let evacuated = || {
        Fleet::of(3)
            .impaired(2)
            .evacuated(2, Phase::Evacuate, false)
    };
    let pruned = fails_back(&evacuated().pruned(1).ticks(), 1);
    assert!(!pruned.shift && pruned.restore);
    let shifted = evacuated().another_evacuated(1, Phase::Evacuate, false);
    let shifted = fails_back(&shifted.ticks(), 1);
    assert!(shifted.shift && !shifted.begun);
    let begun = evacuated().another_evacuated(1, Phase::FailBack, false);
    assert!(fails_back(&begun.ticks(), 1).begun);
    evacuates(&evacuated().pruned(2).ticks(), 2);
}

/// What the tick sees between an evacuation's first shift and its last, or if it reads the lead before
/// the first and the rest after the last.
#[test]
fn a_lead_that_is_missing_is_looked_at_again() {
    let lost = |fleet: Fleet| {
        let name = fleet.workload().name;
        let shifts = ShiftAnswer {
            resources: std::iter::once(fleet.resource)
                .chain(fleet.others)
                .collect(),
            ..answer(Outcome::Read, false)
        };
        let groups = PruneAnswer {
            schema: prune::ANSWER_SCHEMA.to_owned(),
            action: "status".to_owned(),
            incident: None,
            dry_run: false,
            groups: fleet.groups,
            not_reached: NotReached::default(),
        };
        let observation = Observation {
            shifts: Reading::Taken(shifts),
            groups: Reading::Taken(groups),
            ..Observation::default()
        };
        observation.seem_to_have_lost_their_lead(&name)
    };
    let seems_so = |fleet: Fleet| lost(fleet) == [incident(1, t(0))].into();
    let of_another = || Fleet::of(3).another_evacuated(1, Phase::Evacuate, false);
    assert!(seems_so(of_another()));
    assert!(seems_so(Fleet::of(3).pruned(1)));
    assert!(!seems_so(Fleet::of(3)));
    assert!(!seems_so(of_another().evacuated(1, Phase::Evacuate, false)));
    assert!(!seems_so(Fleet::of(3).pruned(1).evacuated(
        1,
        Phase::Evacuate,
        false
    )));
    let name = Fleet::of(3).workload().name;
    assert_eq!(
        Observation::default().seem_to_have_lost_their_lead(&name),
        [].into()
    );
}

#[test]
fn a_prune_that_outlived_its_shift_is_undone() {
    let plan = fails_back(&Fleet::of(3).pruned(1).ticks(), 1);
    assert!(!plan.shift && plan.restore);
}

#[test]
fn a_shift_that_expired_while_the_zone_is_impaired_is_started_again() {
    evacuates(&Fleet::of(3).impaired(1).pruned(1).ticks(), 1);
}

#[test]
fn a_prune_is_undone_where_its_shift_may_not_be_started_again() {
    fails_back(
        &Fleet::of(3).impaired(1).pruned(1).ended(1, t(0)).ticks(),
        1,
    );
}

#[test]
fn a_drill_is_left_as_it_is() {
    holds(
        &Fleet::of(3).evacuated(1, Phase::Evacuate, true).ticks(),
        &["drillInForce"],
    );
}

#[test]
fn a_prune_of_a_drill_is_undone_as_a_drill() {
    assert!(fails_back(&Fleet::of(3).pruned_for(1, true).ticks(), 1).drill);
}

#[test]
fn a_rehearsal_does_not_take_over_what_is_meant() {
    let drill = Trigger::Command(Command {
        action: Action::Evacuate { zone: zone(1) },
        reason: "game day".into(),
        at: None,
        drill: true,
        dry_run: false,
    });
    holds(
        &Fleet::of(3)
            .evacuated(1, Phase::Evacuate, false)
            .decide(drill),
        &["evacuationInForce"],
    );
    evacuates(
        &Fleet::of(3)
            .impaired(1)
            .evacuated(1, Phase::Evacuate, true)
            .alarms(1),
        1,
    );
}

#[test]
fn a_command_that_says_when_it_was_given_is_one_incident_and_grows_stale() {
    let given = |action| {
        Trigger::Command(Command {
            action,
            reason: "errors".into(),
            at: Some(t(0)),
            drill: false,
            dry_run: false,
        })
    };
    let evacuate = || given(Action::Evacuate { zone: zone(1) });
    let fleet = || Fleet::of(3).looked_at_fully();
    let plan = evacuates(&fleet().at(10).decide(evacuate()), 1);
    assert_eq!(plan.incident, incident(1, t(0)));
    holds(&fleet().at(16).decide(evacuate()), &["staleCommand"]);
    holds(
        &fleet().ended(1, t(0)).at(10).decide(evacuate()),
        &["ended"],
    );
    let evacuated = || Fleet::of(3).evacuated(1, Phase::Evacuate, false);
    fails_back(&evacuated().at(10).decide(given(Action::FailBack)), 1);
    holds(
        &evacuated().at(16).decide(given(Action::FailBack)),
        &["staleCommand"],
    );
}

#[test]
fn an_arc_event_makes_evac_look() {
    let autoshift = Trigger::Arc(crate::event::ArcChange {
        what: "Autoshift In Progress".into(),
        away_from: Some(zone(2)),
        at: Some(t(0)),
        resources: vec![Fleet::of(3).resource.resource.to_string()],
    });
    let decision = Fleet::of(3)
        .shifted(2, ShiftKind::Autoshift, "")
        .decide(autoshift);
    holds(&decision, &["noZonalAlarm"]);
    assert!(decision.announce, "people hear of an autoshift");
    let observed = Trigger::Arc(crate::event::ArcChange {
        what: "Autoshift In Progress".into(),
        away_from: Some(zone(2)),
        at: Some(t(0)),
        resources: Vec::new(),
    });
    assert!(
        !Fleet::of(3).looked_at_fully().decide(observed).announce,
        "an autoshift of nothing of theirs is no news"
    );
    let manual = Trigger::Arc(crate::event::ArcChange {
        what: "Manual Shift Started".into(),
        away_from: Some(zone(2)),
        at: Some(t(0)),
        resources: vec![Fleet::of(3).resource.resource.to_string()],
    });
    assert!(
        !Fleet::of(3).looked_at_fully().decide(manual).announce,
        "Evac's own shift must not echo"
    );
}

// Commands.

#[test]
fn a_person_may_evacuate_a_zone_that_looks_well() {
    let decision = Fleet::of(3).commanded(Action::Evacuate { zone: zone(1) });
    let plan = evacuates(&decision, 1);
    assert_eq!(
        plan.incident,
        incident(1, t(1)),
        "the command begins an incident of its own"
    );
}

#[test]
fn a_person_overrides_the_alarms_and_the_verdict_says_so() {
    let decision = Fleet::of(3)
        .impaired(2)
        .impaired(3)
        .regional()
        .commanded(Action::Evacuate { zone: zone(1) });
    evacuates(&decision, 1);
    let reason = decision.verdict.reason();
    assert!(
        reason.contains("Evac itself would hold: 2 zones")
            && reason.contains("regional alarm regional-impact"),
        "{reason}"
    );
}

#[test]
fn a_person_does_not_override_too_few_zones() {
    holds(
        &Fleet::of(2).commanded(Action::Evacuate { zone: zone(1) }),
        &["tooFewZones"],
    );
}

#[test]
fn a_person_may_evacuate_again_what_a_person_ended() {
    evacuates(
        &Fleet::of(3)
            .ended(1, t(0))
            .at(5)
            .commanded(Action::Evacuate { zone: zone(1) }),
        1,
    );
}

#[test]
fn no_drill_while_something_is_wrong() {
    let drill = || {
        Trigger::Command(Command {
            action: Action::Evacuate { zone: zone(1) },
            reason: "game day".into(),
            at: None,
            drill: true,
            dry_run: false,
        })
    };
    assert!(evacuates(&Fleet::of(3).looked_at_fully().decide(drill()), 1).drill);
    holds(
        &Fleet::of(3).impaired(2).looked_at_fully().decide(drill()),
        &["notWell"],
    );
    holds(
        &Fleet::of(3).regional().looked_at_fully().decide(drill()),
        &["notWell"],
    );
    holds(
        &Fleet::of(3)
            .alarms_unreadable()
            .looked_at_fully()
            .decide(drill()),
        &["alarmsUnreadable"],
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    let dry = |action| {
        Trigger::Command(Command {
            action,
            reason: "trying".into(),
            at: None,
            drill: false,
            dry_run: true,
        })
    };
    assert!(
        evacuates(
            &Fleet::of(3)
                .looked_at_fully()
                .decide(dry(Action::Evacuate { zone: zone(1) })),
            1
        )
        .dry_run
    );
    assert!(
        fails_back(
            &Fleet::of(3)
                .evacuated(1, Phase::Evacuate, false)
                .decide(dry(Action::FailBack)),
            1
        )
        .dry_run
    );
}

#[test]
fn fail_back_ends_evacs_own_evacuation_and_nothing_else() {
    let plan = fails_back(
        &Fleet::of(3)
            .evacuated(1, Phase::Evacuate, false)
            .commanded(Action::FailBack),
        1,
    );
    assert!(plan.shift && plan.restore && !plan.begun);
    holds(
        &Fleet::of(3).commanded(Action::FailBack),
        &["nothingToFailBack"],
    );
    holds(
        &Fleet::of(3)
            .shifted(1, ShiftKind::Customer, "Jane")
            .commanded(Action::FailBack),
        &["notOurs"],
    );
    holds(
        &Fleet::of(3)
            .shifted(1, ShiftKind::Autoshift, "")
            .commanded(Action::FailBack),
        &["notOurs"],
    );
}

#[test]
fn explain_decides_and_changes_nothing() {
    let decision = Fleet::of(3)
        .impaired(1)
        .commanded(Action::Explain { zone: None });
    assert!(matches!(decision.verdict, Verdict::Evacuate { .. }));
    assert_eq!(decision.plan, Plan::Nothing);
    assert!(!decision.announce);
    let decision = Fleet::of(3).impaired(1).commanded(Action::Explain {
        zone: Some(zone(2)),
    });
    holds(&decision, &["notInAlarm"]);
}

// Between the steps.

fn answer(outcome: Outcome, in_effect: bool) -> ShiftAnswer {
    let fleet = Fleet::of(3);
    ShiftAnswer {
        schema: shift::ANSWER_SCHEMA.to_owned(),
        action: "shift".to_owned(),
        incident: Some(incident(1, t(0))),
        dry_run: false,
        resources: vec![ResourceReport {
            outcome,
            ..fleet.resource
        }],
        in_effect,
        unconfirmed: false,
    }
}

fn gate(outcome: Outcome, in_effect: bool) -> AfterShift {
    after_shift(&Fleet::of(3).workload(), &answer(outcome, in_effect))
}

#[test]
fn groups_are_pruned_only_once_the_shift_is_in_effect() {
    let started = || Outcome::Started {
        zonal_shift_id: "1".into(),
        expires_at: None,
    };
    assert_eq!(gate(started(), true), AfterShift::InEffect);
    assert!(
        matches!(gate(started(), false), AfterShift::Failed(failure) if failure.class == Class::NotApplied)
    );
}

#[test]
fn a_shift_that_is_held_is_a_hold_and_not_a_failure() {
    let held = |kind: ShiftKind| Outcome::HeldByOther {
        zone: "use1-az2".into(),
        kind,
        id: Some("x".into()),
    };
    assert!(
        matches!(gate(held(ShiftKind::Autoshift), false), AfterShift::Held(HoldReason::OtherZoneShifted { zone, .. }) if zone == "use1-az2")
    );
    assert!(
        matches!(gate(held(ShiftKind::Ended), false), AfterShift::Held(HoldReason::Ended { incident: ended }) if ended == incident(1, t(0)))
    );
}

#[test]
fn a_failed_or_unmanaged_resource_stops_the_prune() {
    let failed = Outcome::Failed {
        class: Class::Throttled,
        message: "Rate exceeded".into(),
    };
    assert!(
        matches!(gate(failed, false), AfterShift::Failed(failure) if failure.class == Class::Throttled)
    );
    assert!(
        matches!(gate(Outcome::NotManaged, false), AfterShift::Failed(failure) if failure.class == Class::NotFound)
    );
}

#[test]
fn traffic_returns_only_once_capacity_is_in_service() {
    let answer = |in_service, outcome| PruneAnswer {
        schema: prune::ANSWER_SCHEMA.to_owned(),
        action: "restore".to_owned(),
        incident: Some(incident(1, t(0))),
        dry_run: false,
        groups: vec![GroupReport {
            group: "web".to_owned(),
            outcome,
            pruned_for: None,
            capacity: Some(prune::Capacity {
                in_service,
                expected: 2,
            }),
            obstacles: Vec::new(),
        }],
        not_reached: NotReached::default(),
    };
    let restored = || prune::Outcome::Restored {
        added: BTreeSet::new(),
    };
    assert_eq!(after_restore(&answer(2, restored())), AfterRestore::Ready);
    assert_eq!(after_restore(&answer(1, restored())), AfterRestore::Waiting);
    let failed = prune::Outcome::Failed {
        class: Class::Timeout,
        message: "late".into(),
    };
    assert!(matches!(
        after_restore(&answer(2, failed)),
        AfterRestore::Failed(_)
    ));
    let refused = |refusal| prune::Outcome::Refused { refusal };
    let other = prune::Refusal::PrunedForAnotherIncident {
        incident: incident(2, t(0)),
    };
    assert_eq!(
        after_restore(&answer(2, refused(other))),
        AfterRestore::Ready,
        "it lacks nothing in this zone"
    );
    let unreadable = prune::Refusal::UnreadableRecord {
        problem: "nobody knows what is missing".to_owned(),
    };
    assert!(matches!(
        after_restore(&answer(2, refused(unreadable))),
        AfterRestore::Failed(_)
    ));
    let cut = PruneAnswer {
        not_reached: NotReached {
            groups: vec!["api".into()],
            more: false,
        },
        ..answer(2, restored())
    };
    assert_eq!(after_restore(&cut), AfterRestore::Waiting);
}

// A workload that only an alarm's description names.

#[test]
fn a_bare_alarm_is_judged_by_the_zones_that_arc_knows() {
    let direct = json!({"alarmData": {
        "alarmName": "use1-az1-rides-aggregate-isolated-az-impact",
        "state": {"value": "ALARM", "timestamp": "2026-11-24T09:20:00.000+0000"},
        "configuration": {"description": "{\"loadBalancer\":\"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188\",\"az-id\":\"use1-az1\"}"},
    }});
    let bare = |zones: u8, read: bool| {
        let defaults = crate::signal::BareDefaults {
            mode: Mode::Shift,
            expires_in: Some("1h".parse().unwrap()),
        };
        let signal =
            crate::signal::read_bare("event", read_direct("event", &direct).unwrap(), &defaults)
                .unwrap();
        let alarm = AlarmReading {
            state: AlarmState::Alarm,
            transitioned_at: Some(t(0)),
            suppressed_by: None,
            muted_by: None,
        };
        let shifts = ShiftAnswer {
            action: "status".into(),
            ..answer(Outcome::Read, false)
        };
        let shifts = ShiftAnswer {
            resources: vec![Fleet::of(zones).resource],
            ..shifts
        };
        let observation = Observation {
            alarms: Reading::Taken(BTreeMap::from([(
                "use1-az1-rides-aggregate-isolated-az-impact".to_owned(),
                alarm,
            )])),
            shifts: if read {
                Reading::Taken(shifts)
            } else {
                Reading::NotTaken
            },
            ..Observation::default()
        };
        decide(&signal, &observation, t(1))
    };
    let plan = match bare(3, true).plan {
        Plan::Evacuate(plan) => plan,
        other => panic!("{other:?}"),
    };
    assert_eq!(plan.incident.to_string(), "front/use1-az1/20261124T092000Z");
    assert!(plan.shift && !plan.prune);
    holds(&bare(2, true), &["tooFewZones"]);
    holds(&bare(3, false), &["zonesUnknown"]);
}
