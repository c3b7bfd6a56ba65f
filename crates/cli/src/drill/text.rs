//! A drill in words.

use std::collections::BTreeMap;

use domain::ZoneId;
use jiff::Timestamp;
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
pub(crate) fn list(scenarios: &[Scenario]) {
    for scenario in scenarios {
        println!(
            "{:<16} {} (expected: {})",
            scenario.name,
            scenario.title,
            scenario.expected.outcome.name()
        );
        println!("{:<16} {}", "", scenario.story);
    }
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
pub(crate) fn summary(scenario: &Scenario, outcome: &Outcome) {
    println!();
    println!("Messages");
    for message in &outcome.messages {
        println!("  {}", message.subject);
        for line in message.text.lines() {
            println!("      {line}");
        }
    }
    if outcome.messages.is_empty() {
        println!("  none");
    }
    println!();
    println!("Summary of {}", scenario.name);
    let expected = if outcome.outcome == outcome.expected {
        "as expected".to_owned()
    } else {
        format!("EXPECTED {}", outcome.expected)
    };
    println!(
        "  outcome                       {}, {expected}",
        outcome.outcome
    );
    println!(
        "  fault to alarm                {}",
        measured(outcome.detected_after_s, "s", "no alarm went off")
    );
    println!(
        "  alarm to shift                {}",
        measured(outcome.shift_requested_after_ms, "ms", "no shift")
    );
    println!(
        "  shift to customers well       {}",
        measured(outcome.customers_well_after_s, "s", "no shift")
    );
    let errors = outcome.customer_errors;
    let since = if outcome.detected_after_s.is_some() {
        "alarm"
    } else {
        "fault"
    };
    println!(
        "  failed or slow since {since}    {} with Evac, {} without it",
        grouped(errors.with_evac),
        grouped(errors.without_evac)
    );
    println!("  calls that change something   {}", calls(outcome));
    println!("  invariants");
    for finding in &outcome.invariants {
        let verdict = if finding.holds { "held  " } else { "BROKEN" };
        println!("    {verdict} {:>2}  {}", finding.id, finding.detail);
    }
}

fn measured(value: Option<f64>, unit: &str, otherwise: &str) -> String {
    value.map_or_else(
        || otherwise.to_owned(),
        |value| format!("{value:.0} {unit}"),
    )
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
}
