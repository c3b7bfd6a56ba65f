//! What people read at three in the morning.

use super::*;
use crate::decide::{Evacuation, Kept, Plan, Unproven};
use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::incident::IncidentId;
use crate::judge::{Criteria, Doubt, Minute, Proof, judge};
use crate::observation::NoEvidence;
use crate::policy::Mode;
use crate::prune::{self, GroupReport, NotReached, PruneAnswer, Refusal};
use crate::readiness::Unready;
use crate::report::{REPORT_SCHEMA, StepFailure};
use crate::shift::{self, ResourceReport, ShiftAnswer};
use crate::verdict::{AlarmRaised, EvacuateReason, FailBackReason, Verdict};
use crate::zone::ZoneId;

mod chat;
mod situations;

fn zone() -> ZoneId {
    "use1-az1".parse().unwrap()
}

fn incident() -> IncidentId {
    "wildrydes/use1-az1/20261124T030000Z".parse().unwrap()
}

fn report() -> Report {
    let verdict = Verdict::Evacuate {
        zone: zone(),
        reason: EvacuateReason::AlarmAlone {
            alarm: AlarmRaised {
                name: "use1-az1-impact".to_owned(),
                since: "2026-11-24T03:00:00Z".parse().unwrap(),
                confirmed: true,
                others: 3,
            },
            evidence: NoEvidence::NotConfigured,
            shortage: None,
        },
    };
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        at: "2026-11-24T03:00:01Z".parse().unwrap(),
        workload: "wildrydes".parse().unwrap(),
        trigger: "zonalAlarm".to_owned(),
        triggered_at: None,
        arc: None,
        mode: Mode::Evacuate,
        drill: false,
        sentence: verdict.to_string(),
        verdict,
        plan: Plan::Evacuate(Evacuation { incident: incident(), shift: true, renew: false, phase: crate::incident::Phase::Evacuate, tell_outlook: false, prune: true, drill: false, dry_run: false }),
        shifts: vec![ShiftAnswer {
            schema: shift::ANSWER_SCHEMA.to_owned(),
            action: "shift".to_owned(),
            incident: Some(incident()),
            dry_run: false,
            resources: vec![ResourceReport {
                resource: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188".parse().unwrap(),
                outcome: shift::Outcome::Started { zonal_shift_id: "9ac9ec1e".to_owned(), expires_at: Some("2026-11-24T09:00:00Z".parse().unwrap()) },
                weights: BTreeMap::new(),
                shifts: Vec::new(),
                ended: Vec::new(),
            }],
            in_effect: true,
            unconfirmed: false,
        }],
        prunes: Vec::new(),
        waiting_for_capacity: false,
        unready: None,
        unread: Vec::new(),
        failures: Vec::new(),
    }
}

fn with_groups(outcome: prune::Outcome) -> Report {
    let group = GroupReport {
        group: "web".to_owned(),
        outcome,
        pruned_for: None,
        capacity: None,
        obstacles: Vec::new(),
    };
    let answer = PruneAnswer {
        schema: prune::ANSWER_SCHEMA.to_owned(),
        action: "prune".to_owned(),
        incident: Some(incident()),
        dry_run: false,
        groups: vec![group],
        not_reached: NotReached::default(),
    };
    Report {
        prunes: vec![answer],
        ..report()
    }
}

/// Subject and text, without the document.
fn shown(notice: &Notice) -> String {
    let text = notice.message.split(SEPARATOR).next().unwrap();
    format!(
        "{} [{}]\n\n{text}",
        notice.subject, notice.attributes["severity"]
    )
}

#[test]
fn a_shift_is_told_with_the_way_to_undo_it() {
    insta::assert_snapshot!(shown(&write(&report(), Phase::Shifted)));
}

#[test]
fn a_shift_on_evidence_is_told_with_the_counts_of_every_zone() {
    let minutes = |faults: u64| {
        let minute = Minute {
            requests: 1_000,
            faults,
            healthy_hosts: Some(4),
            ..Minute::default()
        };
        vec![Some(minute); 3]
    };
    let counts = (1..)
        .map(|number| format!("use1-az{number}").parse().unwrap())
        .zip([minutes(120), minutes(1), vec![], minutes(2)])
        .collect();
    let Verdict::Evacuate {
        zone,
        reason: EvacuateReason::AlarmAlone { alarm, .. },
    } = report().verdict
    else {
        unreachable!()
    };
    let judgement = judge(&counts, None, &Criteria::default());
    let reason = EvacuateReason::Impaired {
        alarm,
        judgement,
        shortage: None,
    };
    let report = Report {
        verdict: Verdict::Evacuate { zone, reason },
        ..report()
    };
    insta::assert_snapshot!(shown(&write(&report, Phase::Shifted)));
}

#[test]
fn a_prune_is_told_with_what_was_left() {
    let refused = with_groups(prune::Outcome::Refused {
        refusal: Refusal::UnlistedSubnets {
            subnets: vec!["subnet-99999999".to_owned()],
        },
    });
    insta::assert_snapshot!(shown(&write(&refused, Phase::Pruned)));
}

#[test]
fn a_hold_is_told_with_every_reason() {
    let verdict = Verdict::Hold {
        zone: Some(zone()),
        reasons: vec![
            HoldReason::SeveralZones {
                zones: vec![zone(), "use1-az2".parse().unwrap()],
            },
            HoldReason::RegionalAlarm {
                alarms: vec!["regional-impact".to_owned()],
            },
        ],
    };
    let held = Report {
        sentence: verdict.to_string(),
        verdict,
        plan: Plan::Nothing,
        shifts: Vec::new(),
        ..report()
    };
    insta::assert_snapshot!(shown(&write(&held, Phase::Held)));
}

#[test]
fn a_failure_says_whether_a_person_is_needed() {
    let failed = |class| Report {
        shifts: Vec::new(),
        failures: vec![StepFailure {
            step: "shift".to_owned(),
            failure: Failure::new(class, "StartZonalShift on app/front: no"),
        }],
        ..report()
    };
    let retried = write(&failed(Class::Throttled), Phase::Failed);
    assert!(
        retried.message.contains("Evac tries again by itself"),
        "{}",
        retried.message
    );
    let escalated = write(&failed(Class::AccessDenied), Phase::Failed);
    insta::assert_snapshot!(shown(&escalated));
    assert_eq!(escalated.attributes["severity"], "critical");
}

#[test]
fn a_drill_says_so_on_the_lock_screen_and_in_the_first_line() {
    let notice = write(
        &Report {
            drill: true,
            ..report()
        },
        Phase::Shifted,
    );
    assert!(
        notice.subject.starts_with("[evac DRILL] "),
        "{}",
        notice.subject
    );
    assert!(notice.message.starts_with("THIS IS A DRILL.\n"));
    assert_eq!(notice.attributes["drill"], "true");
}

#[test]
fn a_rehearsal_says_that_nothing_was_changed() {
    let observed = Report {
        mode: Mode::Observe,
        ..report()
    };
    assert!(
        write(&observed, Phase::Rehearsed)
            .message
            .contains("its mode is observe: nothing was changed")
    );
}

#[test]
fn every_phase_has_a_subject_that_sns_takes_and_a_document_that_machines_read() {
    let long = Report {
        workload: "x".repeat(63).parse().unwrap(),
        ..with_groups(prune::Outcome::AlreadyPruned)
    };
    for phase in [
        Phase::Held,
        Phase::Rehearsed,
        Phase::Autoshift,
        Phase::Shifted,
        Phase::Pruned,
        Phase::Renewed,
        Phase::Restored,
        Phase::FailedBack,
        Phase::Failed,
    ] {
        let notice = write(&long, phase);
        assert!(
            notice.subject.len() < 100
                && notice
                    .subject
                    .bytes()
                    .all(|b| b == b' ' || b.is_ascii_graphic()),
            "{}",
            notice.subject
        );
        let (text, document) = notice.message.split_once(SEPARATOR).unwrap();
        assert!(
            text.lines().nth(1).unwrap().starts_with("To do: "),
            "{text}"
        );
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        assert_eq!(document["schema"], NOTICE_SCHEMA);
        assert_eq!(document["phase"], phase.name());
        assert_eq!(document["zone"], "use1-az1");
        assert_eq!(document["verdict"]["verdict"], "evacuate");
    }
}

#[test]
fn a_workload_of_any_size_fits_into_a_message_and_problems_come_first() {
    let mut report = with_groups(prune::Outcome::Pruned {
        removed: (0..30)
            .map(|n| format!("subnet-{n:017x}").parse().unwrap())
            .collect(),
        remaining: (30..90).map(|n| format!("subnet-{n:017x}")).collect(),
    });
    let group = report.prunes[0].groups[0].clone();
    report.prunes[0].groups = vec![group; 2000];
    report.prunes[0].groups.push(GroupReport {
        group: "api".to_owned(),
        outcome: prune::Outcome::Refused {
            refusal: Refusal::BeingDeleted,
        },
        pruned_for: None,
        capacity: None,
        obstacles: Vec::new(),
    });
    let failure = StepFailure {
        step: "prune".to_owned(),
        failure: Failure::new(Class::Throttled, "x".repeat(500)),
    };
    report.failures = vec![failure; 2000];
    let notice = write(&report, Phase::Failed);
    assert!(
        notice.message.len() < 256 * 1024,
        "{}",
        notice.message.len()
    );
    let (text, document) = notice.message.split_once(SEPARATOR).unwrap();
    assert!(text.lines().count() < 45, "{text}");
    let problem = text.find("api: LEFT: it is being deleted").unwrap();
    assert!(problem < text.find("web: ").unwrap(), "{text}");
    assert!(text.contains("… and 1991 more groups"), "{text}");
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    assert_eq!(
        document["omitted"],
        serde_json::json!({"resources": 0, "groups": 1951, "findings": 0, "failures": 1950})
    );
}

#[test]
fn a_command_that_is_not_carried_out_is_no_news_of_customers() {
    let verdict = Verdict::hold(None, HoldReason::NothingToFailBack);
    let refused = Report {
        trigger: "fail-back".to_owned(),
        sentence: verdict.to_string(),
        verdict,
        plan: Plan::Nothing,
        shifts: Vec::new(),
        ..report()
    };
    insta::assert_snapshot!(shown(&write(&refused, Phase::Held)));
}

#[test]
fn a_hold_for_want_of_an_answer_needs_a_person() {
    let failure = Failure::new(Class::Timeout, "DescribeAlarms: no answer in time");
    let verdict = Verdict::hold(
        Some(&zone()),
        HoldReason::AlarmsUnreadable {
            failure: failure.clone(),
        },
    );
    let blind = Report {
        sentence: verdict.to_string(),
        verdict,
        plan: Plan::Nothing,
        shifts: Vec::new(),
        unread: vec![StepFailure {
            step: "read alarms".to_owned(),
            failure,
        }],
        ..report()
    };
    insta::assert_snapshot!(shown(&write(&blind, Phase::Held)));
}

/// The zone is evacuated, and was shifted by an earlier run.
fn evacuated(reason: EvacuateReason) -> Report {
    let verdict = Verdict::Evacuate {
        zone: incident().zone().clone(),
        reason,
    };
    let mut report = Report {
        trigger: "reconcile".to_owned(),
        sentence: verdict.to_string(),
        verdict,
        ..report()
    };
    report.shifts[0].resources[0].outcome = shift::Outcome::AlreadyShifted {
        kind: shift::ShiftKind::Customer,
        zonal_shift_id: Some("9ac9ec1e".to_owned()),
        ours: true,
    };
    report
}

#[test]
fn a_person_is_told_that_the_zone_looks_well_and_how_to_end() {
    let well = evacuated(EvacuateReason::LooksWell {
        incident: incident(),
        proof: Proof {
            minutes: 15,
            requests: 900,
            bad: 1,
        },
        kept: Kept::Manual,
    });
    insta::assert_snapshot!(shown(&write(&well, Phase::LooksWell)));
}

#[test]
fn a_person_is_told_that_the_zone_does_not_look_well_any_more() {
    let relapsed = evacuated(EvacuateReason::NotProvenWell {
        incident: incident(),
        unproven: Unproven::Doubted {
            doubt: Doubt::Bad {
                minutes: 1,
                requests: 60,
                bad: 31,
            },
        },
    });
    insta::assert_snapshot!(shown(&write(&relapsed, Phase::Relapsed)));
}

#[test]
fn a_person_is_told_what_would_fail_in_an_incident() {
    let verdict = Verdict::hold(None, HoldReason::NoZonalAlarm);
    let unready = Report {
        trigger: "reconcile".to_owned(),
        sentence: verdict.to_string(),
        verdict,
        plan: Plan::Nothing,
        shifts: Vec::new(),
        unready: Some(vec![
            Unready::NotManaged {
                resource: "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188".to_owned(),
            },
            Unready::GroupRefused {
                group: "web".to_owned(),
                refusal: Refusal::UnlistedSubnets {
                    subnets: vec!["subnet-0aa".to_owned()],
                },
            },
        ]),
        ..report()
    };
    insta::assert_snapshot!(shown(&write(&unready, Phase::NotReady)));
}

/// The examples of docs/MESSAGES.md are the messages that the snapshots beside this file hold.
#[test]
fn the_documented_examples_are_what_is_sent() {
    let documented = include_str!("../../../../docs/MESSAGES.md");
    for snapshot in [
        include_str!(
            "snapshots/domain__notice__tests__a_shift_on_evidence_is_told_with_the_counts_of_every_zone.snap"
        ),
        include_str!("snapshots/domain__notice__tests__a_prune_is_told_with_what_was_left.snap"),
        include_str!("snapshots/domain__notice__tests__a_hold_is_told_with_every_reason.snap"),
        include_str!(
            "snapshots/domain__notice__tests__a_failure_says_whether_a_person_is_needed.snap"
        ),
        include_str!(
            "snapshots/domain__notice__tests__a_person_is_told_that_the_zone_looks_well_and_how_to_end.snap"
        ),
    ] {
        let message = snapshot.splitn(3, "---\n").nth(2).unwrap().trim_end();
        assert!(
            documented.contains(&format!("```text\n{message}\n```")),
            "docs/MESSAGES.md does not have it as it is sent:\n{message}"
        );
    }
}

#[test]
fn every_reason_is_documented() {
    let documented = include_str!("../../../../docs/MESSAGES.md");
    let known = |error: serde_json::Error| {
        let error = error.to_string();
        let (_, codes) = error.split_once("expected one of ").unwrap();
        let codes = codes.split(" at line").next().unwrap();
        codes.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let text = r#"{"code": "no such reason"}"#;
    let codes: Vec<String> = [
        serde_json::from_str::<HoldReason>(text)
            .map_err(known)
            .unwrap_err(),
        serde_json::from_str::<EvacuateReason>(text)
            .map_err(known)
            .unwrap_err(),
        serde_json::from_str::<FailBackReason>(text)
            .map_err(known)
            .unwrap_err(),
        serde_json::from_str::<Unready>(text)
            .map_err(known)
            .unwrap_err(),
    ]
    .concat();
    assert!(codes.len() > 35, "{codes:?}");
    for code in codes {
        assert!(
            documented.contains(&code),
            "{code} is not in docs/MESSAGES.md"
        );
    }
}
