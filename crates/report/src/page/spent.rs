//! Where the time went: a bar that shows which share was whose.

use maud::{Markup, html};

use super::section as framed;
use crate::incident::{Incident, Spent, Step, Whose};
use crate::sentences::seconds;

/// From this share of the bar on a part has room for its own name, and from this one on a telephone too.
const ROOMY: f64 = 0.13;
const ROOMIER: f64 = 0.4;

pub(super) fn section(incident: &Incident) -> Markup {
    let spent = &incident.spent;
    let all: f64 = spent.iter().map(|part| part.seconds).sum();
    if all <= 0.0 {
        return html! {};
    }
    let steps = [Step::Detect, Step::Decide, Step::Mitigate, Step::Recover];
    let of_step = |step: Step| -> f64 {
        let parts = spent.iter().filter(|part| part.step == step);
        parts.map(|part| part.seconds).sum()
    };
    // Only a drill knows when the fault began.
    let detected = spent.iter().any(|part| part.step == Step::Detect);
    let from = if detected { "fault" } else { "alarm" };
    let content = html! {
        p {
            (seconds(all)) " from the " (from) " until customers were well; "
            (seconds(of_whose(spent, Whose::Evac))) " of it were Evac’s own."
        }
        div.bar role="img" aria-label=(told(spent, all)) {
            @for part in spent {
                div class=(format!("part {}", class(part.whose))) style=(format!("flex-grow:{:.4}", part.seconds / all)) {
                    @if part.seconds / all >= ROOMY {
                        span.spacious[part.seconds / all < ROOMIER] { (short(part.whose)) " " (seconds(part.seconds)) }
                    }
                }
            }
        }
        table.spent {
            caption.hidden { "The parts of the time from the " (from) " until customers were well" }
            thead { tr { th scope="col" { "time to" } th scope="col" { "whose" } th scope="col" { "time" } th scope="col" { "share" } } }
            tbody {
                @for step in steps {
                    @for part in spent.iter().filter(|part| part.step == step) {
                        tr {
                            th scope="row" { (step.word()) }
                            td { span class=(format!("swatch {}", class(part.whose))) aria-hidden="true" {} (part.whose.words()) }
                            td.n { (seconds(part.seconds)) }
                            td.n { (format!("{:.1}%", part.seconds / all * 100.0)) }
                        }
                    }
                }
            }
            tfoot {
                tr {
                    th scope="row" colspan="2" { "all" }
                    td.n { (seconds(all)) }
                    td.n { "100%" }
                }
            }
        }
        p.note {
            @if detected { "To detect " (seconds(of_step(Step::Detect))) ", to decide " } @else { "To detect: not known. To decide " }
             (seconds(of_step(Step::Decide)))
            ", to mitigate " (seconds(of_step(Step::Mitigate))) ", to recover " (seconds(of_step(Step::Recover)))
            ". Customers are well when fewer than one request in fifty is bad over a minute."
        }
    };
    framed("spent", "Where the time went", &content)
}

fn of_whose(spent: &[Spent], whose: Whose) -> f64 {
    let parts = spent.iter().filter(|part| part.whose == whose);
    parts.map(|part| part.seconds).sum()
}

fn class(whose: Whose) -> &'static str {
    match whose {
        Whose::Alarm => "alarm",
        Whose::Metrics => "metrics",
        Whose::Evac => "evac",
        Whose::Dns => "dns",
        Whose::Clients => "clients",
        Whose::DnsAndClients => "following",
    }
}

fn short(whose: Whose) -> &'static str {
    match whose {
        Whose::Alarm => "alarm",
        Whose::Metrics => "metrics",
        Whose::Evac => "Evac",
        Whose::Dns => "DNS",
        Whose::Clients => "clients",
        Whose::DnsAndClients => "DNS and clients",
    }
}

fn told(spent: &[Spent], all: f64) -> String {
    let parts = spent.iter().map(|part| {
        format!(
            "{} {} ({:.1}%)",
            part.whose.words(),
            seconds(part.seconds),
            part.seconds / all * 100.0
        )
    });
    let parts: Vec<String> = parts.collect();
    format!("Stacked bar of {}: {}.", seconds(all), parts.join(", "))
}
