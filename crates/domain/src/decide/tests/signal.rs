//! What a signal alone tells, and who hears of what is decided.

use super::*;
use crate::event::ArcChange;

/// The reasons to hold that are known before anything is looked at.
fn known(fleet: &Fleet, trigger: Trigger) -> Vec<&'static str> {
    let signal = Signal {
        workload: fleet.workload(),
        trigger,
    };
    let holds = holds_in_signal(&signal);
    holds.iter().map(HoldReason::code).collect()
}

fn arc(resource: &str) -> Trigger {
    Trigger::Arc(ArcChange {
        what: "Autoshift In Progress".to_owned(),
        away_from: Some(zone(1)),
        at: None,
        resources: vec![resource.to_owned()],
    })
}

#[test]
fn what_the_signal_alone_says_against_acting_is_known_at_once() {
    let fleet = Fleet::of(3);
    assert_eq!(known(&fleet, alarm_event(1)), [""; 0]);
    let is = |state| AlarmChange {
        state,
        ..change(&alarm(1))
    };
    let zonal = |change| Trigger::ZonalAlarm {
        zone: zone(1),
        change,
    };
    for trigger in [
        zonal(is(AlarmState::Ok)),
        Trigger::RegionalAlarm(is(AlarmState::Ok)),
    ] {
        assert_eq!(known(&fleet, trigger), ["notInAlarm"]);
    }
    let regional = Trigger::RegionalAlarm(change("regional-impact"));
    assert_eq!(known(&fleet, regional), ["regionalAlarm"]);
    let muted = AlarmChange {
        muted_until: Some("noon".to_owned()),
        ..change(&alarm(1))
    };
    assert_eq!(known(&fleet, zonal(muted)), ["muted"]);
    let careful = Fleet::of(3).policy("withoutEvidence", "hold");
    assert_eq!(known(&careful, alarm_event(1)), ["noEvidence"]);
    let evacuate = || command(Action::Evacuate { zone: zone(1) });
    let small = Fleet::of(2);
    assert_eq!(known(&small, alarm_event(1)), ["tooFewZones"]);
    assert_eq!(known(&small, evacuate()), ["tooFewZones"]);
    assert_eq!(known(&fleet, evacuate()), [""; 0]);
    for trigger in [
        command(Action::FailBack),
        command(Action::Reconcile),
        arc(""),
    ] {
        assert_eq!(known(&small, trigger), [""; 0]);
    }
}

#[test]
fn people_hear_of_every_alarm_and_command_and_not_of_an_explanation() {
    let evacuated = || Fleet::of(3).evacuated(1, Phase::Evacuate, false);
    assert!(
        evacuated().alarms(1).announce,
        "the alarm has recovered, and its event goes on with the evacuation"
    );
    assert!(Fleet::of(3).impaired(1).alarms(1).announce);
    let evacuate = || Action::Evacuate { zone: zone(1) };
    assert!(Fleet::of(3).commanded(evacuate()).announce);
    assert!(Fleet::of(2).commanded(evacuate()).announce);
    assert!(evacuated().commanded(Action::FailBack).announce);
    assert!(Fleet::of(3).commanded(Action::FailBack).announce);
    for zone in [Some(zone(1)), None] {
        for fleet in [
            Fleet::of(3).impaired(1),
            Fleet::of(3).regional().impaired(1),
        ] {
            let explained = fleet.commanded(Action::Explain { zone: zone.clone() });
            assert!(!explained.announce);
            assert_eq!(explained.plan, Plan::Nothing);
        }
    }
}

#[test]
fn an_event_or_a_command_is_stale_from_the_first_second_beyond_what_the_policy_allows() {
    let given = |seconds: i64| {
        Trigger::Command(Command {
            action: Action::Evacuate { zone: zone(1) },
            reason: "errors".to_owned(),
            at: Some(t(16) - jiff::SignedDuration::from_secs(seconds)),
            drill: false,
            dry_run: false,
        })
    };
    let fleet = || {
        Fleet::of(3)
            .policy("staleAfter", "15m")
            .looked_at_fully()
            .at(16)
    };
    evacuates(&fleet().decide(given(15 * 60)), 1);
    holds(&fleet().decide(given(15 * 60 + 1)), &["staleCommand"]);
}

#[test]
fn a_plan_is_a_rehearsal_or_is_meant_if_there_is_anything_to_do() {
    let drill = |dry: bool| {
        let trigger = Trigger::Command(Command {
            action: Action::Evacuate { zone: zone(1) },
            reason: "a rehearsal".to_owned(),
            at: None,
            drill: dry,
            dry_run: false,
        });
        Fleet::of(3)
            .looked_at_fully()
            .decide(trigger)
            .plan
            .is_drill()
    };
    assert_eq!((drill(true), drill(false)), (Some(true), Some(false)));
    let ended = |drill| {
        let fleet = Fleet::of(3).evacuated(1, Phase::Evacuate, drill);
        fleet.commanded(Action::FailBack).plan.is_drill()
    };
    assert_eq!((ended(true), ended(false)), (Some(true), Some(false)));
    assert_eq!(Fleet::of(3).ticks().plan.is_drill(), None);
}
