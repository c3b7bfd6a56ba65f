//! A drill in words.

use std::collections::BTreeMap;

use domain::ZoneId;
use jiff::Timestamp;
use region::eventbridge::DELIVERY_LATENCY;
use region::scenario::Scenario;
use region::world::Counts;

use super::outcome::{Outcome, TimelineEntry};

/// What a newcomer has to know before the first line.
pub(crate) fn introduction(scenario: &Scenario, seed: u64) -> Vec<String> {
    vec![
        format!("Drill {}: {} (seed {seed})", scenario.name, scenario.title),
        format!("  {}", scenario.story),
        "  The functions are the real executables. The Region around them is embedded: no AWS account is used.".to_owned(),
        String::new(),
    ]
}

/// The scenarios, each in two lines.
pub(crate) fn list(scenarios: &[Scenario]) -> String {
    let names = scenarios.iter().map(|scenario| scenario.name.len());
    let width = names.max().unwrap_or_default();
    let scenario = |scenario: &Scenario| {
        let (name, title) = (&scenario.name, &scenario.title);
        let expected = scenario.expected.outcome.name();
        let story = &scenario.story;
        format!(
            "{name:<width$}  {title} (expected: {expected})\n{:<width$}  {story}",
            ""
        )
    };
    scenarios
        .iter()
        .map(scenario)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The Region's time of day.
pub(crate) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A line of the timeline.
pub(crate) fn entry(entry: &TimelineEntry) -> String {
    format!("{}  {:<15}  {}", clock(entry.at), entry.actor, entry.what)
}

/// What customers see, zone by zone: requests, and the share that failed or was slow.
pub(crate) fn customers(zones: &BTreeMap<ZoneId, Counts>) -> String {
    let zone = |(zone, counts): (&ZoneId, &Counts)| match percent(counts) {
        Some(share) => format!("{zone} {:>5} requests {share:>5.1}% bad", counts.requests),
        None => format!("{zone}    no requests          "),
    };
    zones.iter().map(zone).collect::<Vec<_>>().join(" | ")
}

fn percent(counts: &Counts) -> Option<f64> {
    #[allow(
        clippy::cast_precision_loss,
        reason = "counts of a drill are far below 2^53"
    )]
    let share = (counts.failed + counts.slow) as f64 / counts.requests as f64;
    (counts.requests > 0).then_some(share * 100.0)
}

/// What came of it.
pub(crate) fn summary(outcome: &Outcome) -> String {
    let mut lines = vec![String::new(), "Messages".to_owned()];
    for message in &outcome.messages {
        lines.push(format!("  {}", message.subject));
        lines.extend(message.text.lines().map(|line| format!("      {line}")));
    }
    if outcome.messages.is_empty() {
        lines.push("  none".to_owned());
    }
    lines.push(String::new());
    lines.push(format!("Summary of {}", outcome.scenario));
    let mut row = |name: &str, value: &str| lines.push(format!("  {name:<28}  {value}"));
    let end = match &outcome.zone {
        Some(zone) => format!("{} {zone}", outcome.outcome),
        None => outcome.outcome.clone(),
    };
    if outcome.problems.is_empty() {
        row("outcome", &format!("{end}, as expected"));
    } else {
        row("outcome", &format!("{end}, NOT AS EXPECTED"));
        for problem in &outcome.problems {
            row("", problem);
        }
    }
    let detected = match outcome.detected_after_s {
        Some(after) => format!("{after:.0} s"),
        None => "no alarm of the workload's definition went off".to_owned(),
    };
    row("fault to alarm", &detected);
    let has_shift = ["evacuate", "shift"].contains(&outcome.outcome.as_str());
    let shifted = match outcome.shift_requested_after_ms {
        Some(after) => format!(
            "{after:.0} ms, of which {} ms are an assumed delivery by EventBridge",
            DELIVERY_LATENCY.as_millis()
        ),
        None if has_shift => "the shift did not follow an alarm".to_owned(),
        None => "no shift".to_owned(),
    };
    row("alarm to shift", &shifted);
    let well = match outcome.customers_well_after_s {
        Some(after) => format!("{after:.0} s"),
        None if has_shift => "not within the drill".to_owned(),
        None => "no shift".to_owned(),
    };
    row("shift to customers well", &well);
    let since = if outcome.detected_after_s.is_some() {
        "alarm"
    } else {
        "fault"
    };
    let errors = outcome.customer_errors;
    row(
        &format!("failed or slow since {since}"),
        &format!(
            "{} with Evac, {} without it, to the end of the drill",
            grouped(errors.with_evac),
            grouped(errors.without_evac)
        ),
    );
    row("calls of the functions", &function_calls(outcome));
    row("calls that change something", &calls(outcome));
    lines.push("  invariants".to_owned());
    for finding in &outcome.invariants {
        let verdict = if finding.holds { "held  " } else { "BROKEN" };
        lines.push(format!(
            "    {verdict} {:>2}  {}",
            finding.id, finding.detail
        ));
    }
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    trimmed.join("\n")
}

fn function_calls(outcome: &Outcome) -> String {
    let calls = outcome.function_calls.iter();
    let told: Vec<String> = calls
        .map(|(function, calls)| format!("{function} {calls}"))
        .collect();
    told.join(", ")
}

fn calls(outcome: &Outcome) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for call in &outcome.mutating_calls {
        *counts
            .entry(format!("{} {}", call.service, call.operation))
            .or_default() += 1;
    }
    let told: Vec<String> = counts
        .into_iter()
        .map(|(call, count)| {
            if count == 1 {
                call
            } else {
                format!("{call} ({count} times)")
            }
        })
        .collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        told.join(", ")
    }
}

/// A number with its thousands apart: 41,234.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{CustomerErrors, MutatingCall, SentMessage};
    use region::audit::Finding;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (41_234, "41,234"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    fn outcome() -> Outcome {
        Outcome {
            scenario: "zonal-latency".to_owned(),
            seed: 1,
            expected: "evacuate".to_owned(),
            outcome: "evacuate".to_owned(),
            zone: Some("use1-az1".to_owned()),
            problems: Vec::new(),
            verdicts: Vec::new(),
            timeline: Vec::new(),
            detected_after_s: Some(150.0),
            shift_requested_after_ms: Some(184.4),
            customers_well_after_s: Some(44.0),
            customer_errors: CustomerErrors {
                with_evac: 1_875,
                without_evac: 34_953,
            },
            customer_errors_from_fault: CustomerErrors {
                with_evac: 7_000,
                without_evac: 41_000,
            },
            function_calls: BTreeMap::from([
                ("classifier".to_owned(), 74),
                ("zonal-shift".to_owned(), 1_041),
            ]),
            mutating_calls: [31, 33]
                .map(|number| MutatingCall {
                    service: "sns".to_owned(),
                    operation: "Publish".to_owned(),
                    caller: "classifier".to_owned(),
                    number,
                })
                .into(),
            invariants: vec![Finding {
                id: 1,
                holds: true,
                detail: "zones evacuated at any one time: 1 at the most".to_owned(),
            }],
            messages: vec![SentMessage {
                subject: "[evac] wildrydes: traffic moved away from use1-az1".to_owned(),
                phase: "shifted".to_owned(),
                text: "Evac moved traffic.\n\nWhy: the alarm.".to_owned(),
            }],
        }
    }

    #[test]
    fn a_good_drill_is_summed_up() {
        insta::assert_snapshot!(summary(&outcome()));
    }

    #[test]
    fn a_drill_that_is_not_as_expected_says_so_and_why() {
        let mut bad = outcome();
        bad.outcome = "shift".to_owned();
        bad.problems = vec![
            "ended in shift, expected evacuate".to_owned(),
            "nobody was told \"pruned\" where it was expected".to_owned(),
        ];
        bad.customers_well_after_s = None;
        bad.invariants[0].holds = false;
        bad.messages.clear();
        bad.mutating_calls.clear();
        insta::assert_snapshot!(summary(&bad));
    }

    #[test]
    fn a_drill_without_an_alarm_and_a_shift_says_so() {
        let mut quiet = outcome();
        quiet.outcome = "hold".to_owned();
        quiet.zone = None;
        quiet.detected_after_s = None;
        quiet.shift_requested_after_ms = None;
        quiet.customers_well_after_s = None;
        insta::assert_snapshot!(summary(&quiet));
    }
}
