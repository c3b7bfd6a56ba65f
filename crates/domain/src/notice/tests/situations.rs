//! What the same phase is told as, by what led to it.

use super::*;
use crate::decide::FailBack;
use crate::event::ArcChange;

/// Subject, severity, headline and what to do.
fn told(report: &Report, phase: Phase) -> String {
    let notice = write(report, phase);
    let plain = notice.message.replace("THIS IS A DRILL.\n", "");
    let lines: Vec<&str> = plain.lines().take(2).collect();
    format!(
        "{} [{}]\n{}",
        notice.subject,
        notice.attributes["severity"],
        lines.join("\n")
    )
}

#[test]
fn traffic_that_a_person_moved_is_told_as_that() {
    let mut commanded = report();
    commanded.verdict = Verdict::Evacuate {
        zone: zone(),
        reason: EvacuateReason::Commanded {
            reason: "a rehearsal".to_owned(),
            despite: Vec::new(),
        },
    };
    insta::assert_snapshot!(told(&commanded, Phase::Shifted), @r"
    [evac] wildrydes: traffic moved away from use1-az1 [warning]
    Evac moved traffic of wildrydes away from use1-az1, as a person commanded.
    To do: nothing now; clients follow within minutes as DNS answers expire.
    ");
    insta::assert_snapshot!(told(&report(), Phase::Shifted), @r"
    [evac] wildrydes: traffic moved away from use1-az1 [warning]
    Customers of wildrydes got errors or slow answers from use1-az1. Evac moved traffic to the other zones.
    To do: nothing now; clients follow within minutes as DNS answers expire.
    ");
}

#[test]
fn an_autoshift_is_told_with_its_zone_where_the_event_names_it() {
    let with = |away_from: Option<ZoneId>| Report {
        arc: Some(ArcChange {
            what: "Autoshift In Progress".to_owned(),
            away_from,
            at: None,
            resources: Vec::new(),
        }),
        ..report()
    };
    insta::assert_snapshot!(told(&with(Some(zone())), Phase::Autoshift), @r"
    [evac] wildrydes: AWS tells: Autoshift In Progress, away from use1-az1 [info]
    AWS tells: Autoshift In Progress, away from use1-az1, for resources of wildrydes. Evac changed nothing.
    To do: nothing.
    ");
    insta::assert_snapshot!(told(&with(None), Phase::Autoshift), @r"
    [evac] wildrydes: AWS tells: Autoshift In Progress [info]
    AWS tells: Autoshift In Progress, for resources of wildrydes. Evac changed nothing.
    To do: nothing.
    ");
    insta::assert_snapshot!(told(&report(), Phase::Autoshift), @r"
    [evac] wildrydes: AWS told of an autoshift [info]
    AWS told of an autoshift, for resources of wildrydes. Evac changed nothing.
    To do: nothing.
    ");
}

#[test]
fn a_rehearsal_says_whether_the_mode_or_the_command_kept_it_from_acting() {
    let observing = Report {
        mode: Mode::Observe,
        ..report()
    };
    insta::assert_snapshot!(told(&observing, Phase::Rehearsed), @r"
    [evac] wildrydes: would evacuate use1-az1, changed nothing [info]
    Evac would evacuate use1-az1 for wildrydes, but its mode is observe: nothing was changed.
    To do: compare with what you would have done; nothing else.
    ");
    insta::assert_snapshot!(told(&report(), Phase::Rehearsed), @r"
    [evac] wildrydes: would evacuate use1-az1, changed nothing [info]
    Evac would evacuate use1-az1 for wildrydes; this was a dry run: nothing was changed.
    To do: compare with what you would have done; nothing else.
    ");
}

#[test]
fn groups_that_were_left_as_they_are_are_worth_a_look() {
    let pruned = || prune::Outcome::Pruned {
        removed: ["subnet-0000000a".parse().unwrap()].into(),
        remaining: vec!["subnet-0000000b".to_owned(), "subnet-0000000c".to_owned()],
    };
    let refused = || prune::Outcome::Refused {
        refusal: Refusal::BeingDeleted,
    };
    insta::assert_snapshot!(told(&with_groups(pruned()), Phase::Pruned), @r"
    [evac] wildrydes: new capacity kept out of use1-az1 [info]
    Traffic of wildrydes is away from use1-az1. Evac took the zone out of its Auto Scaling groups.
    To do: nothing now; when the zone is well again, end the evacuation with the command fail-back.
    ");
    insta::assert_snapshot!(told(&with_groups(refused()), Phase::Pruned), @r"
    [evac] wildrydes: groups NOT taken out of use1-az1 [warning]
    Traffic of wildrydes is away from use1-az1. Evac did NOT take the zone out of its Auto Scaling groups.
    To do: some groups were left as they are, see below; nothing is urgent, traffic is away.
    ");
    let nothing_shifted = Report {
        shifts: Vec::new(),
        ..with_groups(pruned())
    };
    insta::assert_snapshot!(told(&nothing_shifted, Phase::Pruned), @r"
    [evac] wildrydes: new capacity kept out of use1-az1 [info]
    Evac took the zone out of its Auto Scaling groups.
    To do: nothing now; when the zone is well again, end the evacuation with the command fail-back.
    ");
}

#[test]
fn what_became_of_a_group_is_told_with_its_numbers() {
    let line = |outcome| {
        let notice = write(&with_groups(outcome), Phase::Pruned);
        let mut lines = notice.message.lines();
        lines
            .find(|line| line.starts_with("  web: "))
            .unwrap()
            .to_owned()
    };
    let subnets = |letters: &[char]| {
        letters
            .iter()
            .map(|letter| format!("subnet-0000000{letter}").parse().unwrap())
            .collect()
    };
    let pruned = |letters: &[char]| prune::Outcome::Pruned {
        removed: subnets(letters),
        remaining: vec!["subnet-0000000d".to_owned()],
    };
    insta::assert_snapshot!(line(pruned(&['a'])), @"  web: 1 subnet taken out, 1 left");
    insta::assert_snapshot!(line(pruned(&['a', 'b'])), @"  web: 2 subnets taken out, 1 left");
    let restored = prune::Outcome::Restored {
        added: subnets(&['a', 'b', 'c']),
    };
    insta::assert_snapshot!(line(restored), @"  web: 3 subnets put back");
}

#[test]
fn the_end_of_an_evacuation_is_told_by_what_it_had_moved() {
    let verdict = Verdict::FailBack {
        zone: zone(),
        reason: FailBackReason::Commanded {
            reason: "the zone is well".to_owned(),
        },
    };
    let with = |shift| Report {
        verdict: verdict.clone(),
        plan: Plan::FailBack(FailBack {
            incident: incident(),
            shift,
            begun: true,
            phase: crate::incident::Phase::FailBack,
            restore: true,
            drill: false,
            dry_run: false,
        }),
        ..report()
    };
    insta::assert_snapshot!(told(&with(true), Phase::FailedBack), @r"
    [evac] wildrydes: evacuation of use1-az1 ended [info]
    The evacuation of use1-az1 for wildrydes ends now. Traffic returns to the zone.
    To do: nothing.
    ");
    insta::assert_snapshot!(told(&with(false), Phase::FailedBack), @r"
    [evac] wildrydes: evacuation of use1-az1 ended [info]
    The evacuation of use1-az1 for wildrydes has ended. The zone is back in the Auto Scaling groups.
    To do: nothing.
    ");
}

#[test]
fn capacity_that_returns_on_trial_is_told_as_that() {
    let with = |reason| Report {
        verdict: Verdict::FailBack {
            zone: zone(),
            reason,
        },
        ..report()
    };
    let on_trial = with(FailBackReason::OnTrial {
        incident: incident(),
    });
    insta::assert_snapshot!(told(&on_trial, Phase::Restored), @r"
    [evac] wildrydes: capacity returns to use1-az1 [info]
    use1-az1 is back in the Auto Scaling groups of wildrydes on trial. Traffic stays away until the zone was seen to be well with its capacity.
    To do: nothing; Evac goes on by itself.
    ");
    let for_good = with(FailBackReason::Continues {
        incident: incident(),
    });
    insta::assert_snapshot!(told(&for_good, Phase::Restored), @r"
    [evac] wildrydes: capacity returns to use1-az1 [info]
    use1-az1 is back in the Auto Scaling groups of wildrydes. Traffic stays away until instances are in service there.
    To do: nothing; Evac goes on by itself.
    ");
}

#[test]
fn a_failure_is_as_urgent_as_what_has_become_of_customers() {
    let failed = |class, changed: bool| {
        let mut report = report();
        report.failures = vec![StepFailure {
            step: "prune".to_owned(),
            failure: Failure::new(class, "no"),
        }];
        if !changed {
            report.shifts.clear();
        }
        write(&report, Phase::Failed).attributes["severity"].clone()
    };
    // Traffic is away, and Evac tries again by itself.
    assert_eq!(failed(Class::Throttled, true), "warning");
    assert_eq!(failed(Class::Throttled, false), "critical");
    assert_eq!(failed(Class::AccessDenied, true), "critical");
}

#[test]
fn what_the_document_leaves_out_is_counted() {
    let omitted = |report: &Report| {
        let notice = write(report, Phase::Failed);
        let (_, document) = notice.message.split_once(SEPARATOR).unwrap();
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        document.get("omitted").cloned()
    };
    assert_eq!(omitted(&report()), None);
    let failure = StepFailure {
        step: "prune".to_owned(),
        failure: Failure::new(Class::Throttled, "later"),
    };
    let with =
        |resources: usize, groups: usize, unreached: usize, unready: usize, unread: usize| {
            let mut report = with_groups(prune::Outcome::AlreadyPruned);
            let resource = report.shifts[0].resources[0].clone();
            report.shifts[0].resources = vec![resource; resources];
            let group = report.prunes[0].groups[0].clone();
            report.prunes[0].groups = vec![group; groups];
            report.prunes[0].not_reached.groups = vec!["api".to_owned(); unreached];
            let finding = Unready::NotManaged {
                resource: "front".to_owned(),
            };
            report.unready = Some(vec![finding; unready]);
            report.unread = vec![failure.clone(); unread];
            report.failures = vec![failure.clone(); unread];
            omitted(&report)
        };
    let numbers = |resources: usize, groups: usize, findings: usize, failures: usize| {
        Some(serde_json::json!({
            "resources": resources, "groups": groups, "findings": findings, "failures": failures
        }))
    };
    assert_eq!(with(50, 50, 50, 50, 50), None);
    assert_eq!(with(51, 50, 50, 50, 50), numbers(1, 0, 0, 0));
    assert_eq!(with(50, 53, 54, 50, 50), numbers(0, 7, 0, 0));
    assert_eq!(with(50, 50, 50, 52, 50), numbers(0, 0, 2, 0));
    assert_eq!(with(50, 50, 50, 50, 53), numbers(0, 0, 0, 6));
}

#[test]
fn a_resource_that_needs_attention_is_told_first() {
    let mut report = report();
    let mut failed = report.shifts[0].resources[0].clone();
    failed.outcome = shift::Outcome::NotManaged;
    failed.resource =
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/api/50dc6c495c0c9188"
            .parse()
            .unwrap();
    report.shifts[0].resources.push(failed);
    let notice = write(&report, Phase::Failed);
    let mut lines = notice
        .message
        .lines()
        .filter(|line| line.starts_with("  app/"));
    assert!(lines.next().unwrap().starts_with("  app/api/"));
}
