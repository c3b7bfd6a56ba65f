//! The page.

mod charts;
mod lists;
mod map;
mod spent;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::incident::{Incident, Source};
use crate::sentences::{grouped, seconds, since};

const STYLE: &str = include_str!("style.css");

/// The page may show what is in it, and nothing else: no script, no picture, no form, no network.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// What the live view adds to the page.
#[derive(Debug, Clone)]
pub struct Live<'a> {
    /// The controls, as markup that is already escaped.
    pub controls: &'a str,
    /// The script.
    pub script: &'a str,
    /// A number used once, which allows that script and no other.
    pub nonce: &'a str,
    /// The secret that whoever changes something has to show.
    pub token: &'a str,
}

/// The page of an incident: one file that stands alone.
#[must_use]
pub fn standalone(incident: &Incident) -> String {
    document(incident, POLICY, &html! {}, &html! {}).into_string()
}

/// The page of an incident that goes on, which follows it while it is open.
#[must_use]
pub fn live(incident: &Incident, live: &Live<'_>) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{}'; connect-src 'self'; base-uri 'none'; form-action 'none'",
        live.nonce
    );
    let head = html! { meta name="evac-token" content=(live.token); };
    let foot = html! {
        script nonce=(live.nonce) { (PreEscaped(live.script)) }
    };
    let controls = html! { (PreEscaped(live.controls)) };
    document_with(incident, &policy, &head, &controls, &foot).into_string()
}

/// What changes of a page while its incident goes on: the content of its `main`.
#[must_use]
pub fn parts(incident: &Incident) -> String {
    body(incident).into_string()
}

fn document(incident: &Incident, policy: &str, head: &Markup, foot: &Markup) -> Markup {
    document_with(incident, policy, head, &html! {}, foot)
}

fn document_with(
    incident: &Incident,
    policy: &str,
    head: &Markup,
    controls: &Markup,
    foot: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (incident.title) " · " (incident.workload) " · Evac" }
                style { (PreEscaped(STYLE)) }
                (head)
            }
            body {
                (controls)
                main id="incident" { (body(incident)) }
                (footer(incident, controls.0.is_empty()))
                (foot)
            }
        }
    }
}

fn body(incident: &Incident) -> Markup {
    html! {
        (header(incident))
        (charts::section(incident))
        (map::section(incident))
        (charts::compared(incident))
        (spent::section(incident))
        (lists::verdicts(incident))
        (lists::messages(incident))
        (lists::calls(incident))
        (lists::invariants(incident))
        (lists::unknown(incident))
        (lists::timeline(incident))
    }
}

fn header(incident: &Incident) -> Markup {
    let kicker = match incident.source {
        Source::Drill => "Drill",
        Source::Account => "Incident",
    };
    html! {
        header {
            p.kicker {
                span { "Evac · " (kicker) }
                @if let Some(scenario) = &incident.scenario {
                    span { (scenario) }
                }
                @if let Some(seed) = incident.seed {
                    span { "seed " (seed) }
                }
                span { (incident.workload) ", " (incident.region) }
                span { (period(incident.begin, incident.end)) }
            }
            h1 { (incident.title) }
            (status(incident))
            div.lead {
                @for sentence in &incident.summary {
                    p { (sentence) }
                }
            }
            @if !incident.story.is_empty() {
                p.story { span.quiet { "What was played: " } (incident.story) }
            }
            dl.figures {
                @if incident.source == Source::Drill {
                    (figure("fault to alarm", incident.detected_after_s.map(seconds)))
                }
                (figure("alarm to shift", incident.shift_requested_after_ms.map(|ms| seconds(ms / 1000.0))))
                (figure("shift to customers well", incident.customers_well_after_s.map(seconds)))
                (figure(&format!("bad requests since the {}", since(incident)), incident.customer_errors.with_evac.map(grouped)))
                @if incident.source == Source::Drill {
                    (figure("the same without Evac", incident.customer_errors.without_evac.map(grouped)))
                }
            }
        }
    }
}

fn status(incident: &Incident) -> Markup {
    let end = match &incident.zone {
        Some(zone) => format!("{} {zone}", incident.outcome),
        None => incident.outcome.clone(),
    };
    let broken = incident.invariants.iter().filter(|one| !one.holds).count();
    html! {
        ul.status {
            li { span.label { "outcome" } strong { (end) } }
            @if incident.expected.is_some() {
                @if incident.problems.is_empty() {
                    li.good { span.mark aria-hidden="true" { "✓" } " as expected" }
                } @else {
                    li.bad { span.mark aria-hidden="true" { "✗" } " not as expected" }
                }
            }
            @if broken > 0 {
                li.bad { span.mark aria-hidden="true" { "✗" } " " (broken) " " (invariants(broken)) " broken" }
            } @else if !incident.invariants.is_empty() {
                li.good { span.mark aria-hidden="true" { "✓" } " " (incident.invariants.len()) " " (invariants(incident.invariants.len())) " held" }
            }
        }
        @if !incident.problems.is_empty() {
            ul.problems {
                @for problem in &incident.problems { li { (problem) } }
            }
        }
    }
}

fn invariants(count: usize) -> &'static str {
    if count == 1 {
        "invariant"
    } else {
        "invariants"
    }
}

fn figure(name: &str, value: Option<String>) -> Markup {
    html! {
        div {
            dt { (name) }
            dd {
                @match value {
                    Some(value) => { (value) }
                    None => { span.none { "none" } }
                }
            }
        }
    }
}

fn footer(incident: &Incident, alone: bool) -> Markup {
    html! {
        footer {
            p {
                "All times are UTC"
                @match incident.source {
                    Source::Drill => ", by the clock of the embedded Region: no AWS account was used",
                    Source::Account => ". What is shown was read from the account",
                }
                ". Bad requests are those that failed or were slow"
                @if let Some(limit) = incident.slow_after_ms {
                    ", slow being more than " (limit) " ms"
                }
                "."
                @if alone { " This page needs no network and runs no script." }
            }
        }
    }
}

/// A time of day, to the second.
fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A time as an element.
fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (clock(at)) } }
}

fn period(from: Timestamp, to: Timestamp) -> String {
    let day = from.strftime("%-d %B %Y");
    format!(
        "{day}, {}–{} UTC",
        from.strftime("%H:%M"),
        to.strftime("%H:%M")
    )
}

/// A section with its heading, which names it.
fn section(id: &str, heading: &str, content: &Markup) -> Markup {
    let heading_id = format!("h-{id}");
    html! {
        section id=(id) aria-labelledby=(heading_id) {
            h2 id=(heading_id) { (heading) }
            (content)
        }
    }
}

/// A wide table in a box that scrolls by itself, and can be scrolled by keyboard.
fn scrolled(label: &str, table: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) { (table) }
    }
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A count as a floating point number.
#[allow(
    clippy::cast_precision_loss,
    reason = "counts of an incident are far below 2^53"
)]
fn float(count: u64) -> f64 {
    count as f64
}
