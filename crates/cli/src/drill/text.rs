//! A drill in words.
//!
//! No line is longer than [`WIDTH`] columns. Colours are written always, and taken out where standard
//! output is no terminal or nobody wants them ([`crate::output::tell`]).

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use domain::ZoneId;
use jiff::Timestamp;
use region::eventbridge::DELIVERY_LATENCY;
use region::scenario::Scenario;
use region::world::Counts;
use report::grouped;
use report::incident::{Entry, Incident, ZoneCounts};

use crate::output::{WIDTH, wrapped};

/// The columns before what happened: the time of day, and who.
const WHO: usize = 15;
const BEFORE: usize = 10 + WHO + 2;
/// The columns of a row's name in the summary.
const NAME: usize = 28;
/// The columns of a sparkline, at most.
const SPARKS: usize = 60;

const HEADING: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const WARNING: Style = AnsiColor::Yellow.on_default();
const DECISION: Style = AnsiColor::Cyan.on_default();

/// A text in a style.
fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// What a newcomer has to know before the first line.
pub(crate) fn introduction(scenario: &Scenario, seed: u64) -> Vec<String> {
    let told = [
        scenario.story.as_str(),
        "The functions are the real executables. The Region around them is embedded: no AWS account is used.",
        "A line of customers tells of each zone the requests of the last minute, and how many of them failed or were slow.",
    ];
    let title = format!("Drill {}: {} (seed {seed})", scenario.name, scenario.title);
    let mut lines: Vec<String> = wrapped(&title, WIDTH)
        .iter()
        .map(|line| styled(HEADING, line))
        .collect();
    for text in told {
        lines.extend(
            wrapped(text, WIDTH - 2)
                .iter()
                .map(|line| format!("  {line}")),
        );
    }
    lines.push(String::new());
    lines
}

/// The scenarios, each with its story.
pub(crate) fn list(scenarios: &[Scenario]) -> String {
    let names = scenarios.iter().map(|scenario| scenario.name.len());
    let width = names.max().unwrap_or_default();
    let mut lines = Vec::new();
    for scenario in scenarios {
        let (name, title) = (&scenario.name, &scenario.title);
        let expected = scenario.expected.outcome.name();
        let title = format!("{title} (expected: {expected})");
        for (index, line) in wrapped(&title, WIDTH - width - 2).iter().enumerate() {
            let name = if index == 0 { name.as_str() } else { "" };
            lines.push(format!(
                "{}  {line}",
                styled(HEADING, &format!("{name:<width$}"))
            ));
        }
        let story = wrapped(&scenario.story, WIDTH - width - 2);
        lines.extend(story.iter().map(|line| format!("{:<width$}  {line}", "")));
    }
    lines.join("\n")
}

/// The Region's time of day.
pub(crate) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A line of the timeline; what does not fit goes on below.
pub(crate) fn entry(entry: &Entry) -> String {
    let style = style_of(entry);
    let lines = if entry.actor == CUSTOMERS {
        entry.what.lines().map(ToOwned::to_owned).collect()
    } else {
        wrapped(&entry.what, WIDTH - BEFORE)
    };
    let line = |(index, line): (usize, &String)| {
        let text = styled(style, line);
        if index == 0 {
            let time = styled(QUIET, &clock(entry.at));
            format!("{time}  {:<WHO$}  {text}", entry.actor)
        } else {
            format!("{:<BEFORE$}{text}", "")
        }
    };
    let lines: Vec<String> = lines.iter().enumerate().map(line).collect();
    lines.join("\n")
}

/// Who tells what customers saw.
pub(crate) const CUSTOMERS: &str = "customers";

fn style_of(entry: &Entry) -> Style {
    let what = entry.what.as_str();
    if what.starts_with("FAILED") {
        return BAD;
    }
    match entry.actor.as_str() {
        "scenario" => WARNING,
        "cloudwatch" if what.ends_with("-> ALARM") => BAD,
        "cloudwatch" if what.ends_with("-> OK") => GOOD,
        "classifier" => DECISION,
        CUSTOMERS => QUIET,
        _ => Style::new(),
    }
}

/// What customers see, zone by zone: requests, and the share that failed or was slow. As many zones
/// stand in a line as fit.
pub(crate) fn customers(zones: &BTreeMap<ZoneId, Counts>) -> String {
    let zone = |(zone, counts): (&ZoneId, &Counts)| match percent(counts) {
        Some(share) => format!("{zone} {:>5} {share:>5.1}%", counts.requests),
        None => format!("{zone}  none      –"),
    };
    let mut lines: Vec<String> = vec![String::new()];
    for told in zones.iter().map(zone) {
        if let Some(line) = lines.last_mut() {
            if line.is_empty() {
                *line = told;
                continue;
            }
            if line.chars().count() + 3 + told.chars().count() <= WIDTH - BEFORE {
                line.push_str(" | ");
                line.push_str(&told);
                continue;
            }
        }
        lines.push(told);
    }
    lines.join("\n")
}

fn percent(counts: &Counts) -> Option<f64> {
    #[allow(
        clippy::cast_precision_loss,
        reason = "counts of a drill are far below 2^53"
    )]
    let share = (counts.failed + counts.slow) as f64 / counts.requests as f64;
    (counts.requests > 0).then_some(share * 100.0)
}

/// Adds rows of a name and a value to lines.
struct Rows(Vec<String>);

impl Rows {
    fn heading(&mut self, text: &str) {
        self.0.push(String::new());
        let lines = wrapped(text, WIDTH);
        self.0
            .extend(lines.iter().map(|line| styled(HEADING, line)));
    }

    fn row(&mut self, name: &str, value: &str) {
        self.styled(name, value, Style::new());
    }

    fn styled(&mut self, name: &str, value: &str, style: Style) {
        for (index, line) in wrapped(value, WIDTH - NAME - 4).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.0
                .push(format!("  {name:<NAME$}  {}", styled(style, line)));
        }
    }
}

/// What came of it.
pub(crate) fn summary(outcome: &Incident) -> String {
    let mut rows = Rows(Vec::new());
    rows.heading("Messages");
    for message in &outcome.messages {
        let subject = wrapped(&message.subject, WIDTH - 2);
        rows.0
            .extend(subject.iter().map(|line| format!("  {line}")));
        for line in message.text.lines() {
            // A blank line stays one.
            let lines = if line.is_empty() {
                vec![String::new()]
            } else {
                wrapped(line, WIDTH - 6)
            };
            rows.0
                .extend(lines.iter().map(|line| format!("      {line}")));
        }
    }
    if outcome.messages.is_empty() {
        rows.0.push("  none".to_owned());
    }
    sparklines(&mut rows, outcome);
    rows.heading(&format!(
        "Summary of {}",
        outcome.scenario.as_deref().unwrap_or("the incident")
    ));
    ending(&mut rows, outcome);
    times(&mut rows, outcome);
    rows.row("calls of the functions", &function_calls(outcome));
    rows.row("calls that change something", &calls(outcome));
    rows.0.push("  invariants".to_owned());
    for finding in &outcome.invariants {
        let (verdict, style) = if finding.holds {
            ("held  ", GOOD)
        } else {
            ("BROKEN", BAD)
        };
        for (index, line) in wrapped(&finding.detail, WIDTH - 15).iter().enumerate() {
            if index == 0 {
                let verdict = styled(style, verdict);
                rows.0
                    .push(format!("    {verdict} {:>2}  {line}", finding.id));
            } else {
                rows.0.push(format!("{:<15}{line}", ""));
            }
        }
    }
    let trimmed: Vec<&str> = rows.0.iter().map(|line| line.trim_end()).collect();
    trimmed.join("\n")
}

fn ending(rows: &mut Rows, outcome: &Incident) {
    let end = match &outcome.zone {
        Some(zone) => format!("{} {zone}", outcome.outcome),
        None => outcome.outcome.clone(),
    };
    if outcome.problems.is_empty() {
        rows.styled("outcome", &format!("{end}, as expected"), GOOD);
    } else {
        rows.styled("outcome", &format!("{end}, NOT AS EXPECTED"), BAD);
        for problem in &outcome.problems {
            rows.styled("", problem, BAD);
        }
    }
}

fn times(rows: &mut Rows, outcome: &Incident) {
    let detected = match outcome.detected_after_s {
        Some(after) => format!("{after:.0} s"),
        None => "no alarm of the workload's definition went off".to_owned(),
    };
    rows.row("fault to alarm", &detected);
    let has_shift = ["evacuate", "shift"].contains(&outcome.outcome.as_str());
    let shifted = match outcome.shift_requested_after_ms {
        Some(after) => format!(
            "{after:.0} ms, of which {} ms are an assumed delivery by EventBridge",
            DELIVERY_LATENCY.as_millis()
        ),
        None if has_shift => "the shift did not follow an alarm".to_owned(),
        None => "no shift".to_owned(),
    };
    rows.row("alarm to shift", &shifted);
    let well = match outcome.customers_well_after_s {
        Some(after) => format!("{after:.0} s"),
        None if has_shift => "not within the drill".to_owned(),
        None => "no shift".to_owned(),
    };
    rows.row("shift to customers well", &well);
    let since = if outcome.detected_after_s.is_some() {
        "alarm"
    } else {
        "fault"
    };
    let errors = outcome.customer_errors;
    let own = errors
        .with_evac
        .map_or_else(|| "unknown".to_owned(), grouped);
    let mut told = format!("{own} with Evac");
    if let Some(without) = errors.without_evac {
        told += &format!(", {} without it", grouped(without));
    }
    rows.row(
        &format!("failed or slow since {since}"),
        &format!("{told}, to the end of the drill"),
    );
}

/// How high the bars of a sparkline are.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A line for each zone: the share of its requests that failed or were slow, over the drill.
fn sparklines(rows: &mut Rows, outcome: &Incident) {
    let zones = &outcome.customers.zones;
    if zones.iter().all(|zone| zone.counts.requests.is_empty()) {
        return;
    }
    let (begin, end) = (clock(outcome.begin), clock(outcome.end));
    rows.heading(&format!(
        "Requests that failed or were slow, {begin} to {end}"
    ));
    for zone in zones {
        let (line, worst) = sparkline(zone);
        let style = if worst > NOTABLE { BAD } else { GOOD };
        let told = format!("at worst {:>5.1}%", worst * 100.0);
        rows.0.push(format!(
            "  {:<14} {}  {told}",
            zone.zone,
            styled(style, &line)
        ));
    }
}

/// From this share on a zone is told to hurt.
const NOTABLE: f64 = 0.02;
/// With fewer requests a share says nothing.
const ENOUGH: u64 = 20;

/// A zone's sparkline, from 0 to 100%, and its highest share. Blank where it had hardly any requests.
fn sparkline(zone: &ZoneCounts) -> (String, f64) {
    let counts = &zone.counts;
    let steps = counts.requests.len();
    let together = steps.div_ceil(SPARKS).max(1);
    let mut line = String::new();
    let mut worst = 0.0_f64;
    for from in (0..steps).step_by(together) {
        let range = from..(from + together).min(steps);
        let requests = counts.requests(range.clone()).unwrap_or_default();
        let bad: u64 = range.map(|step| counts.bad(step)).sum();
        if requests < ENOUGH {
            line.push(' ');
            continue;
        }
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share from 0 to 1 of counts far below 2^53"
        )]
        let (share, place) = {
            let share = bad as f64 / requests as f64;
            (share, (share * 7.99).ceil() as usize)
        };
        worst = worst.max(share);
        // What is tolerated anywhere is drawn as the floor.
        let place = if share <= NOTABLE {
            0
        } else {
            place.min(BARS.len() - 1)
        };
        line.push(BARS[place]);
    }
    (line, worst)
}

fn function_calls(outcome: &Incident) -> String {
    let calls = outcome.function_calls.iter();
    let told: Vec<String> = calls
        .map(|(function, calls)| format!("{function} {calls}"))
        .collect();
    told.join(", ")
}

fn calls(outcome: &Incident) -> String {
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

#[cfg(test)]
mod tests;
