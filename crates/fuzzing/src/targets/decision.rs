//! A payload with what the classifier saw, to what people are told of it.

use classifier::input;
use domain::decide::{Decision, Plan, decide};
use domain::notice::{self, Phase};
use domain::observation::Observation;
use domain::policy::Mode;
use domain::report::{REPORT_SCHEMA, Report};
use domain::signal::{Action, Signal, Trigger};
use domain::verdict::Verdict;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{bare_defaults, now};

#[derive(Deserialize)]
struct Situation {
    payload: Value,
    #[serde(default)]
    observation: Observation,
    #[serde(default = "now")]
    now: Timestamp,
}

/// SNS takes no larger message.
const LARGEST_MESSAGE: usize = 256 * 1024;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(situation) = serde_json::from_slice::<Situation>(bytes) else {
        return;
    };
    let [_, bare] = bare_defaults();
    let Ok(signal) = input::read(&situation.payload, &bare, None) else {
        return;
    };
    let decision = decide(&signal, &situation.observation, situation.now);
    let again = decide(&signal, &situation.observation, situation.now);
    assert_eq!(decision, again);
    check(&signal, &decision);
    let report = report(&signal, &situation, decision);
    check_report(&report);
    for phase in phases(&report) {
        check_notice(&report, phase);
    }
}

fn check(signal: &Signal, decision: &Decision) {
    let workload = &signal.workload;
    if let Verdict::Hold { reasons, .. } = &decision.verdict {
        assert!(!reasons.is_empty(), "held for no reason");
        assert_eq!(decision.plan, Plan::Nothing, "held, and did something");
    }
    let (incident, dry_run) = match &decision.plan {
        Plan::Nothing => return,
        Plan::Evacuate(evacuation) => {
            assert!(
                !evacuation.prune || workload.groups.is_some(),
                "prunes no groups"
            );
            assert!(
                !evacuation.prune || workload.policy.mode != Mode::Shift,
                "prunes in mode shift"
            );
            (&evacuation.incident, evacuation.dry_run)
        }
        Plan::FailBack(fail_back) => (&fail_back.incident, fail_back.dry_run),
    };
    assert_eq!(incident.workload(), &workload.name);
    assert_eq!(incident.to_string().parse().as_ref(), Ok(incident));
    let observes = workload.policy.mode == Mode::Observe;
    assert!(
        dry_run || !(observes || signal.is_dry_run()),
        "would change something: {decision:?}"
    );
    let explains = matches!(
        &signal.trigger,
        Trigger::Command(command) if matches!(command.action, Action::Explain { .. })
    );
    assert!(!explains, "an explanation has a plan");
}

/// As the classifier reports it when everything that it asked for was answered as it was before.
fn report(signal: &Signal, situation: &Situation, decision: Decision) -> Report {
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        at: situation.now,
        workload: signal.workload.name.clone(),
        trigger: signal.trigger.name().to_owned(),
        triggered_at: signal.at(),
        arc: match &signal.trigger {
            Trigger::Arc(change) => Some(change.clone()),
            _ => None,
        },
        mode: signal.workload.policy.mode,
        drill: decision.plan.is_drill().unwrap_or(signal.is_drill()),
        sentence: decision.verdict.to_string(),
        verdict: decision.verdict,
        plan: decision.plan,
        shifts: situation
            .observation
            .shifts
            .taken()
            .cloned()
            .into_iter()
            .collect(),
        prunes: situation
            .observation
            .groups
            .taken()
            .cloned()
            .into_iter()
            .collect(),
        waiting_for_capacity: false,
        unready: decision.unready,
        unread: Vec::new(),
        failures: Vec::new(),
    }
}

/// The answer is what drills and people's tools read.
fn check_report(report: &Report) {
    let written = serde_json::to_string(report).unwrap();
    let read: Report = serde_json::from_str(&written).unwrap();
    assert_eq!(read.plan, report.plan);
    assert_eq!(read.verdict.code(), report.verdict.code());
    assert_eq!(read.verdict.zone(), report.verdict.zone());
}

fn phases(report: &Report) -> Vec<Phase> {
    let mut phases = vec![Phase::Failed];
    phases.extend(report.arc.is_some().then_some(Phase::Autoshift));
    phases.extend(match &report.plan {
        Plan::Nothing => vec![Phase::Held],
        _ if report.is_dry() => vec![Phase::Rehearsed],
        Plan::Evacuate(_) => vec![Phase::Shifted, Phase::Renewed, Phase::Pruned],
        Plan::FailBack(_) => vec![Phase::Restored, Phase::FailedBack],
    });
    phases
}

/// A message that SNS refuses tells nobody anything.
fn check_notice(report: &Report, phase: Phase) {
    let notice = notice::write(report, phase);
    assert!(
        (1..100).contains(&notice.subject.len()),
        "subject: {}",
        notice.subject
    );
    let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    assert!(notice.subject.bytes().all(printable));
    assert!(
        notice.message.len() <= LARGEST_MESSAGE,
        "{} bytes",
        notice.message.len()
    );
    assert!(notice.attributes.values().all(|value| !value.is_empty()));
    let (_, document) = notice.message.rsplit_once(notice::SEPARATOR).unwrap();
    let document: Value = serde_json::from_str(document).expect("the document is JSON");
    assert!(document.is_object());
}
