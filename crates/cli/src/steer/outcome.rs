//! What the classifier answered, in the words of its messages.

use domain::decide::Plan;
use domain::judge::Judgement;
use domain::notice::{self, Phase, SEPARATOR};
use domain::report::Report;
use domain::verdict::Verdict;

use crate::output::{WIDTH, wrapped};

/// The text of the message that fits; where nobody is told of it, the verdict alone.
pub(super) fn text(report: &Report) -> String {
    let only_looked = report.trigger == "explain" || report.trigger == "reconcile";
    if only_looked && !report.changed() {
        return verdict(report);
    }
    let notice = notice::write(report, phase(report));
    let text = notice.message.split(SEPARATOR).next().unwrap_or_default();
    indented(&format!("{}\n\n{}", notice.subject, text.trim_end()))
}

fn verdict(report: &Report) -> String {
    let mut text = format!("{}: {}", report.workload, report.sentence);
    let judgement = report.verdict.judgement();
    for line in judgement.into_iter().flat_map(Judgement::lines) {
        text = format!("{text}\n  {line}");
    }
    for unready in report.unready.iter().flatten() {
        text = format!("{text}\n  not ready: {unready}");
    }
    indented(&text)
}

/// No line is longer than a terminal is wide; what goes on is indented.
fn indented(text: &str) -> String {
    let lines = text.lines().flat_map(|line| {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        let lines = wrapped(words, WIDTH - indent - 2).into_iter().enumerate();
        lines.map(move |(number, words)| {
            let indent = if number == 0 { indent } else { indent + 2 };
            format!("{:indent$}{words}", "")
        })
    });
    lines.collect::<Vec<String>>().join("\n")
}

fn phase(report: &Report) -> Phase {
    match (&report.verdict, &report.plan) {
        (Verdict::Hold { .. }, _) | (_, Plan::Nothing) => Phase::Held,
        (_, Plan::Evacuate(plan)) if plan.dry_run => Phase::Rehearsed,
        (_, Plan::FailBack(plan)) if plan.dry_run => Phase::Rehearsed,
        (_, Plan::Evacuate(_)) if report.prunes.is_empty() => Phase::Shifted,
        (_, Plan::Evacuate(_)) => Phase::Pruned,
        (_, Plan::FailBack(_)) if report.waiting_for_capacity => Phase::Restored,
        (_, Plan::FailBack(_)) => Phase::FailedBack,
    }
}
