//! What the counts say to an alarm.

use super::*;
use crate::judge::{Counts, Minute};
use crate::observation::Evidence;

/// A zone's minutes before and after the look: requests a minute, and bad ones in the newest five.
#[derive(Clone, Copy)]
struct Does {
    requests: u64,
    faults: u64,
    hosts: Option<u64>,
}

const WELL: Does = Does {
    requests: 1_000,
    faults: 1,
    hosts: Some(4),
};

const BAD: Does = Does {
    faults: 120,
    ..WELL
};

impl Fleet {
    fn counted(mut self, zones: &[Option<Does>]) -> Self {
        let minute = |does: &Does, faults: u64| {
            Some(Minute {
                requests: does.requests,
                faults,
                healthy_hosts: does.hosts,
                ..Minute::default()
            })
        };
        let counts: Counts = (1..)
            .zip(zones)
            .map(|(number, does)| {
                let minutes = (0..10).map(|index| {
                    let does = does.as_ref()?;
                    minute(
                        does,
                        if index < 5 {
                            does.faults.min(1)
                        } else {
                            does.faults
                        },
                    )
                });
                (zone(number), minutes.collect())
            })
            .collect();
        self.observation.evidence = Evidence::Counted {
            until: t(0),
            counts,
        };
        self
    }
}

#[test]
fn without_evidence_the_policy_decides() {
    holds(
        &Fleet::of(3)
            .policy("withoutEvidence", "hold")
            .impaired(1)
            .alarms(1),
        &["noEvidence"],
    );
}

#[test]
fn a_source_of_evidence_that_gave_nothing_is_not_the_same_as_none() {
    let mut fleet = Fleet::of(3).policy("withoutEvidence", "hold").impaired(1);
    fleet.observation.evidence = Evidence::Unavailable(Failure::new(
        Class::Timeout,
        "GetMetricData: no answer in time",
    ));
    let decision = fleet.alarms(1);
    assert!(
        decision
            .verdict
            .reason()
            .contains("GetMetricData: no answer in time"),
        "{}",
        decision.verdict
    );
}

#[test]
fn an_alarm_that_the_counts_bear_out_is_acted_on_whatever_is_done_without_evidence() {
    let decision = Fleet::of(3)
        .policy("withoutEvidence", "hold")
        .impaired(1)
        .counted(&[Some(BAD), Some(WELL), Some(WELL)])
        .alarms(1);
    evacuates(&decision, 1);
    insta::assert_snapshot!(decision.verdict, @"evacuate use1-az1: 12.0% of 2,000 requests failed in the last 2 min, 0.1% elsewhere; alarm use1-az1-impact is in ALARM since 09:20:00 UTC, and none of the workload's 3 other alarms is");
}

#[test]
fn an_alarm_that_the_counts_do_not_bear_out_holds() {
    let situations: [(&[Option<Does>], &str); 6] = [
        (
            &[Some(WELL), Some(WELL), Some(WELL)],
            "evidenceContradictsAlarm",
        ),
        (
            &[Some(WELL), Some(BAD), Some(WELL)],
            "evidenceContradictsAlarm",
        ),
        (&[Some(BAD), Some(BAD), Some(WELL)], "evidenceSeveralZones"),
        (&[Some(BAD), Some(BAD), Some(BAD)], "evidenceRegional"),
        (&[Some(BAD), Some(WELL), None], "evidenceBlind"),
        (
            &[
                Some(Does { faults: 12, ..WELL }),
                Some(Does { faults: 8, ..WELL }),
                Some(Does { faults: 8, ..WELL }),
            ],
            "evidenceUnproven",
        ),
    ];
    for (zones, code) in situations {
        // The policy to act without evidence is no policy to act against it.
        let fleet = Fleet::of(3).impaired(1).counted(zones);
        holds(&fleet.alarms(1), &[code]);
    }
}

#[test]
fn two_zones_of_which_one_alone_has_an_alarm_yet_hold() {
    let decision = Fleet::of(3)
        .impaired(1)
        .counted(&[Some(BAD), Some(BAD), Some(WELL)])
        .alarms(1);
    insta::assert_snapshot!(decision.verdict, @"hold use1-az1: by the evidence, use1-az1 (12.0%) and use1-az2 (12.0%) are bad to comparable degrees, so one zone is not the cause");
}

#[test]
fn counts_that_cannot_tell_leave_it_to_the_policy() {
    let few = Does {
        requests: 20,
        faults: 5,
        hosts: None,
    };
    let quiet = Does {
        requests: 20,
        faults: 0,
        hosts: None,
    };
    let unknown = |fleet: Fleet| {
        fleet
            .impaired(1)
            .counted(&[Some(few), Some(quiet), Some(quiet)])
    };
    let decision = unknown(Fleet::of(3).policy("withoutEvidence", "hold")).alarms(1);
    holds(&decision, &["noEvidence"]);
    insta::assert_snapshot!(decision.verdict, @"hold use1-az1: only the alarm speaks (evidence: too few requests to tell: use1-az1 (60 in 3 min), use1-az2 (60 in 3 min) and use1-az3 (60 in 3 min)); set policy.withoutEvidence to act to trust the alarm alone");
    let decision = unknown(Fleet::of(3)).alarms(1);
    evacuates(&decision, 1);
    insta::assert_snapshot!(decision.verdict, @"evacuate use1-az1: alarm use1-az1-impact is in ALARM since 09:20:00 UTC, and none of the workload's 3 other alarms is (evidence: too few requests to tell: use1-az1 (60 in 3 min), use1-az2 (60 in 3 min) and use1-az3 (60 in 3 min); the policy says to act on the alarm alone)");
    let silent = Fleet::of(3).impaired(1).counted(&[None, None, None]);
    evacuates(&silent.alarms(1), 1);
}

#[test]
fn counts_without_an_alarm_change_nothing() {
    let fleet = Fleet::of(3).counted(&[Some(BAD), Some(WELL), Some(WELL)]);
    holds(&fleet.ticks(), &["noZonalAlarm"]);
}

#[test]
fn the_tick_acts_once_the_counts_bear_the_alarm_out() {
    let fleet = Fleet::of(3)
        .impaired(1)
        .counted(&[Some(BAD), Some(WELL), Some(WELL)]);
    evacuates(&fleet.ticks(), 1);
}

#[test]
fn a_zone_that_does_not_serve_is_no_zone_to_go_to() {
    let idle = Does {
        requests: 0,
        faults: 0,
        hosts: Some(4),
    };
    let fleet = || Fleet::of(4).policy("minZones", 3).impaired(1);
    let with = |third| fleet().counted(&[Some(BAD), Some(WELL), Some(WELL), Some(third)]);
    evacuates(&with(WELL).alarms(1), 1);
    holds(&with(idle).alarms(1), &["tooFewZones"]);
}

#[test]
fn too_few_zones_are_told_once() {
    let fleet = Fleet::of(2).impaired(1).counted(&[Some(BAD), Some(WELL)]);
    holds(&fleet.alarms(1), &["tooFewZones"]);
}

#[test]
fn too_little_capacity_holds_or_is_told() {
    let big = Does {
        requests: 10_000,
        faults: 1_200,
        hosts: Some(4),
    };
    let fleet = |what: &str| {
        Fleet::of(3)
            .policy("withoutCapacity", what)
            .impaired(1)
            .counted(&[Some(big), Some(WELL), Some(WELL)])
    };
    holds(&fleet("hold").alarms(1), &["tooLittleCapacity"]);
    let decision = fleet("act").alarms(1);
    evacuates(&decision, 1);
    insta::assert_snapshot!(decision.verdict, @"evacuate use1-az1: 12.0% of 20,000 requests failed in the last 2 min, 0.1% elsewhere; alarm use1-az1-impact is in ALARM since 09:20:00 UTC, and none of the workload's 3 other alarms is; beware: the zones that stay would get 6.0 times their present traffic, and policy.maxGrowth is 3.0");
    let hosts = fleet("hold").policy("hostRequestsPerMinute", 1_500);
    evacuates(&hosts.alarms(1), 1);
}

#[test]
fn a_person_is_told_of_too_little_capacity_and_outranks_it() {
    let big = Does {
        requests: 10_000,
        faults: 1_200,
        hosts: Some(4),
    };
    let decision = Fleet::of(3)
        .counted(&[Some(big), Some(WELL), Some(WELL)])
        .commanded(Action::Evacuate { zone: zone(1) });
    evacuates(&decision, 1);
    assert!(
        decision.verdict.reason().contains("policy.maxGrowth"),
        "{}",
        decision.verdict
    );
}

#[test]
fn criteria_of_the_policy_are_heeded() {
    let fleet = Fleet::of(3)
        .policy("criteria", json!({"tolerated": 0.2}))
        .impaired(1)
        .counted(&[Some(BAD), Some(WELL), Some(WELL)]);
    holds(&fleet.alarms(1), &["evidenceContradictsAlarm"]);
}

#[test]
fn a_verdict_with_its_numbers_is_read_back_as_it_was_written() {
    for zones in [
        [Some(BAD), Some(WELL), Some(WELL)],
        [Some(BAD), Some(BAD), None],
    ] {
        let verdict = Fleet::of(3).impaired(1).counted(&zones).alarms(1).verdict;
        let json = serde_json::to_string(&verdict).unwrap();
        let read: Verdict = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (read.code(), read.to_string()),
            (verdict.code(), verdict.to_string())
        );
    }
}

#[test]
fn what_trickles_into_an_evacuated_zone_is_no_comparison_for_the_others() {
    let trickle = Does {
        requests: 100,
        faults: 90,
        ..WELL
    };
    let decision = Fleet::of(3)
        .evacuated(1, Phase::Evacuate, false)
        .impaired(1)
        .counted(&[Some(trickle), Some(WELL), Some(WELL)])
        .looked_at_fully()
        .alarms(1);
    let judgement = decision.verdict.judgement().unwrap();
    let elsewhere = judgement.zones[&zone(2)].elsewhere;
    assert_eq!(elsewhere.requests, 3_000.0, "of the third zone alone");
}

#[test]
fn whatever_the_counts_say_against_an_alarm_comes_with_the_counts() {
    for zones in [
        [Some(WELL), Some(WELL), Some(WELL)],
        [Some(BAD), Some(BAD), Some(WELL)],
        [Some(BAD), Some(BAD), Some(BAD)],
        [Some(BAD), Some(WELL), None],
    ] {
        let decision = Fleet::of(3).impaired(1).counted(&zones).alarms(1);
        let judgement = decision.verdict.judgement();
        assert_eq!(judgement.map(|judgement| judgement.zones.len()), Some(3));
    }
    let without = Fleet::of(3)
        .policy("withoutEvidence", "hold")
        .impaired(1)
        .alarms(1);
    assert_eq!(without.verdict.judgement(), None);
}
