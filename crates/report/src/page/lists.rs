//! Verdicts, messages, calls, invariants, and everything that happened.

use maud::{Markup, html};

use super::{clock, percent, scrolled, section as framed, time};
use crate::incident::{Incident, Source, Verdict, ZoneNumbers};

pub(super) fn verdicts(incident: &Incident) -> Markup {
    let content = html! {
        @if incident.verdicts.is_empty() { p.none { "None." } }
        ol.verdicts {
            @for verdict in &incident.verdicts {
                li {
                    div.head {
                        (time(verdict.at))
                        strong class=(format!("verdict {}", word(verdict))) { (verdict.verdict) }
                        @if let Some(zone) = &verdict.zone { span.zone { (zone) } }
                        code { (verdict.code) }
                    }
                    p { (verdict.reason) }
                    @if !verdict.numbers.is_empty() { (numbers(verdict)) }
                }
            }
        }
    };
    framed("verdicts", "What Evac decided, and why", &content)
}

/// The class of a verdict: one of a few, whatever stands there.
fn word(verdict: &Verdict) -> &'static str {
    match verdict.verdict.as_str() {
        "evacuate" => "evacuate",
        "fail-back" => "fail-back",
        _ => "hold",
    }
}

fn numbers(verdict: &Verdict) -> Markup {
    let table = html! {
        table.numbers {
            thead {
                tr {
                    th scope="col" { "zone" }
                    th scope="col" { "found" }
                    th scope="col" { "last" }
                    th scope="col" { "bad" }
                    th scope="col" { "elsewhere" }
                    th scope="col" { "probability" }
                    th scope="col" { "deviations" }
                }
            }
            tbody {
                @for numbers in &verdict.numbers {
                    tr {
                        th scope="row" { (numbers.zone) }
                        td { (numbers.finding) }
                        td.n { (numbers.minutes) " min" }
                        td.n { (bad(numbers.bad, numbers.requests)) }
                        td.n { (bad(numbers.bad_elsewhere, numbers.requests_elsewhere)) }
                        td.n { (optional(probability(numbers))) }
                        td.n { (optional(numbers.deviations.map(|value| format!("{value:.1}")))) }
                    }
                }
            }
        }
    };
    let label = format!("Numbers of the verdict of {}", clock(verdict.at));
    scrolled(&label, &table)
}

fn bad(bad: f64, requests: f64) -> String {
    if requests > 0.0 {
        format!("{} of {requests:.0}", percent(bad / requests))
    } else {
        "no requests".to_owned()
    }
}

fn probability(numbers: &ZoneNumbers) -> Option<String> {
    let probability = numbers.probability?;
    Some(if probability > 0.9999 {
        "> 0.9999".to_owned()
    } else {
        format!("{probability:.4}")
    })
}

fn optional(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

pub(super) fn messages(incident: &Incident) -> Markup {
    let content = html! {
        @if incident.messages.is_empty() {
            p.none {
                @match incident.source {
                    Source::Drill => "Nobody was told anything.",
                    Source::Account => "Nothing that the functions logged.",
                }
            }
        }
        ol.messages {
            @for message in &incident.messages {
                li {
                    div.head { (time(message.at)) strong { (message.subject) } }
                    @if !message.text.is_empty() { pre { (message.text) } }
                }
            }
        }
    };
    framed("messages", "What people were told", &content)
}

pub(super) fn calls(incident: &Incident) -> Markup {
    let content = html! {
        @if incident.mutating_calls.is_empty() {
            p.none {
                @match incident.source {
                    Source::Drill => "Nothing: no call changed anything.",
                    Source::Account => "Nothing that the functions logged.",
                }
            }
        } @else {
            table.calls {
                thead { tr { th scope="col" { "time" } th scope="col" { "call" } th scope="col" { "by" } } }
                tbody {
                    @for call in &incident.mutating_calls {
                        tr {
                            td { (time(call.at)) }
                            td { span.quiet { (call.service) } " " strong { (call.operation) } }
                            td {
                                (call.caller)
                                @if let Some(number) = call.number { span.quiet { ", its call " (number) } }
                            }
                        }
                    }
                }
            }
        }
        @if !incident.function_calls.is_empty() {
            p.note {
                "Calls in all, reads included: "
                @for (index, (function, calls)) in incident.function_calls.iter().enumerate() {
                    @if index > 0 { ", " }
                    (function) " " (calls)
                }
                "."
            }
        }
    };
    framed("calls", "What was changed", &content)
}

pub(super) fn invariants(incident: &Incident) -> Markup {
    if incident.invariants.is_empty() {
        return html! {};
    }
    let content = html! {
        ul.invariants {
            @for invariant in &incident.invariants {
                li class=(if invariant.holds { "held" } else { "broken" }) {
                    span.mark aria-hidden="true" { (if invariant.holds { "✓" } else { "✗" }) }
                    span.label { (if invariant.holds { "held" } else { "broken" }) " " (invariant.id) }
                    span { (invariant.detail) }
                }
            }
        }
        p.note { "The numbers are those of ARCHITECTURE.md, judged from what the Region saw and not from what Evac says." }
    };
    framed("invariants", "Invariants", &content)
}

pub(super) fn unknown(incident: &Incident) -> Markup {
    if incident.unknown.is_empty() {
        return html! {};
    }
    let content = html! {
        ul.unknown {
            @for what in &incident.unknown { li { (what) } }
        }
    };
    framed("unknown", "What is not known", &content)
}

pub(super) fn timeline(incident: &Incident) -> Markup {
    if incident.timeline.is_empty() {
        return html! {};
    }
    let content = html! {
        details {
            summary { (incident.timeline.len()) " lines" }
            ol.timeline {
                @for entry in &incident.timeline {
                    li { (time(entry.at)) span.actor { (entry.actor) } span.what { (entry.what) } }
                }
            }
        }
    };
    framed("timeline", "Everything that happened", &content)
}
