//! What customers saw, as charts with the tables behind them.

use std::ops::Range;

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};

use super::{clock, float, percent, scrolled, section as framed, time};
use crate::chart::{Chart, Line, Look, WIDTHS};
use crate::incident::{Counts, Incident, MomentKind, Source};
use crate::sentences::{grouped, since};
use crate::ticks::round_up;

/// With fewer requests in a step the share of the good ones is left out: it would be noise.
const ENOUGH: u64 = 20;
/// The rows of a table, at most; longer ones are told in larger steps.
const ROWS: usize = 72;

pub(super) fn section(incident: &Incident) -> Markup {
    let content = html! {
        (moments(incident))
        (success(incident))
        (latency(incident))
    };
    framed("customers", "What customers saw", &content)
}

/// The marked moments, by the numbers on the flags.
fn moments(incident: &Incident) -> Markup {
    html! {
        @if !incident.moments.is_empty() {
            ol.moments {
                @for (index, moment) in incident.moments.iter().enumerate() {
                    li {
                        span.number { (index + 1) }
                        (time(moment.at))
                        span.kind { (moment.kind.word()) }
                        span.what { (moment.what) }
                    }
                }
            }
        }
    }
}

fn success(incident: &Incident) -> Markup {
    let customers = &incident.customers;
    let step = i64::from(customers.step_s);
    let begin = customers.from.as_second();
    let mut lowest: f64 = 1.0;
    let mut looks = Looks::of(incident);
    let lines = customers.zones.iter().map(|zone| {
        let points = (zone.counts.requests.iter().enumerate()).map(|(index, requests)| {
            let requests = requests.filter(|requests| *requests >= ENOUGH)?;
            let share = 1.0 - float(zone.counts.bad(index)) / float(requests);
            lowest = lowest.min(share);
            Some((middle(begin, step, index), share * 100.0))
        });
        Line {
            name: zone.zone.clone(),
            points: points.collect(),
            look: looks.next(&zone.zone),
        }
    });
    let lines = front_first(lines.collect());
    if lines
        .iter()
        .all(|line| line.points.iter().all(Option::is_none))
    {
        return html! { p.none { "How many requests there were is not known." } };
    }
    let floor = ((lowest * 100.0 - 2.0) / 10.0).floor().clamp(0.0, 9.0) * 10.0;
    let chart = Chart {
        time: whole(incident),
        axis: "Answers that were good and in time, % of requests",
        values: floor..101.0,
        format: |value| format!("{value:.0}%"),
        lines,
        limit: None,
        moments: numbered(incident),
        shaded: shaded(incident),
    };
    let told = format!(
        "Line chart of the success rate of each zone over time. {}",
        worst(incident)
    );
    let caption = html! {
        "Success rate by zone, in steps of " (customers.step_s) " s"
        @if incident.source == Source::Account { ", as the workload’s evidence counts" }
        ". A line is interrupted where a zone had fewer than " (ENOUGH) " requests, or nobody counted them. "
        @if floor > 0.0 { "The axis begins at " (format!("{floor:.0}%")) ". " }
        @if !shaded(incident).is_empty() { "Shaded: the fault lasts." }
    };
    figure(
        "Success rate",
        &told,
        &chart,
        &caption,
        &success_table(incident),
    )
}

fn latency(incident: &Incident) -> Markup {
    let latency = &incident.latency;
    let step = i64::from(latency.step_s);
    let begin = latency.from.as_second();
    let mut looks = Looks::of(incident);
    let mut highest: f64 = 0.0;
    let lines = latency.zones.iter().map(|zone| {
        let points = zone.p99_ms.iter().enumerate().map(|(index, value)| {
            value.map(|value| {
                highest = highest.max(value);
                (middle(begin, step, index), value)
            })
        });
        Line {
            name: zone.zone.clone(),
            points: points.collect(),
            look: looks.next(&zone.zone),
        }
    });
    let lines = front_first(lines.collect());
    if lines
        .iter()
        .all(|line| line.points.iter().all(Option::is_none))
    {
        return html! {};
    }
    let limit = incident
        .slow_after_ms
        .map(|limit| (float(limit), format!("slow from {limit} ms on")));
    let top = limit
        .as_ref()
        .map_or(highest, |(limit, _)| highest.max(*limit));
    let chart = Chart {
        time: whole(incident),
        axis: "Time to answer of the slowest in a hundred (p99), ms",
        values: 0.0..round_up(top * 1.05),
        format: |value| grouped_float(value),
        lines,
        limit,
        moments: numbered(incident),
        shaded: shaded(incident),
    };
    let slowest = (latency.zones.iter())
        .flat_map(|zone| {
            zone.p99_ms
                .iter()
                .flatten()
                .map(move |value| (&zone.zone, *value))
        })
        .max_by(|one, other| one.1.total_cmp(&other.1));
    let told = match slowest {
        Some((zone, value)) => format!(
            "Line chart of the 99th percentile of the time to answer of each zone over time. The highest is {value:.0} ms, in {zone}."
        ),
        None => "Line chart of the time to answer.".to_owned(),
    };
    let caption = html! {
        "Latency by zone, p99 of each step of " (latency.step_s) " s, of requests that a target answered, as the load balancer measured."
    };
    figure("Latency", &told, &chart, &caption, &latency_table(incident))
}

/// The same incident with Evac and without it.
pub(super) fn compared(incident: &Incident) -> Markup {
    let customers = &incident.customers;
    let Some(without) = &customers.without_evac else {
        return html! {};
    };
    let step = i64::from(customers.step_s);
    let begin = customers.from.as_second();
    let steps = customers
        .zones
        .first()
        .map_or(0, |zone| zone.counts.requests.len());
    let with: Vec<u64> = (0..steps)
        .map(|index| {
            customers
                .zones
                .iter()
                .map(|zone| zone.counts.bad(index))
                .sum()
        })
        .collect();
    let per_minute = |bad: u64| float(bad) * 60.0 / float(u64::from(customers.step_s.max(1)));
    let line = |name: &str, look: Look, bad: &dyn Fn(usize) -> u64| Line {
        name: name.to_owned(),
        look,
        points: (0..steps)
            .map(|index| Some((middle(begin, step, index), per_minute(bad(index)))))
            .collect(),
    };
    let with_evac = line("with Evac", Look::Strong, &|index| with[index]);
    let without_evac = line("without", Look::Filled, &|index| without.bad(index));
    let highest = (with_evac.points.iter())
        .chain(&without_evac.points)
        .flatten()
        .fold(0.0_f64, |highest, (_, value)| highest.max(*value));
    let chart = Chart {
        time: whole(incident),
        axis: "Bad requests of all zones, a minute",
        values: 0.0..round_up(highest * 1.05),
        format: |value| grouped_float(value),
        lines: vec![with_evac, without_evac],
        limit: None,
        moments: numbered(incident),
        shaded: Vec::new(),
    };
    let errors = incident.customer_errors_from_fault;
    let all = errors.without_evac.unwrap_or_default();
    let own = errors.with_evac.unwrap_or_default();
    let told = format!(
        "Chart of the bad requests a minute with Evac, beside those without it. From the fault on {} with Evac, {} without.",
        grouped(own),
        grouped(all)
    );
    let caption = html! {
        "Requests that failed or were slow, a minute: as it was (line), and in the same run without Evac (filled)."
    };
    let table = html! {
        table {
            caption { "Bad requests" }
            thead { tr { th scope="col" { "counted from" } th scope="col" { "with Evac" } th scope="col" { "without" } th scope="col" { "spared" } } }
            tbody {
                (compared_row(since(incident), incident.customer_errors))
                @if since(incident) == "alarm" { (compared_row("fault", errors)) }
            }
        }
    };
    let content = html! {
        (table)
        (figure("Bad requests", &told, &chart, &caption, &compared_table(incident, &with, without)))
    };
    framed("compared", "With Evac, and without", &content)
}

fn compared_row(from: &str, errors: crate::incident::CustomerErrors) -> Markup {
    let without = errors.without_evac.unwrap_or_default();
    let with = errors.with_evac.unwrap_or_default();
    let spared = if without == 0 {
        0.0
    } else {
        1.0 - float(with) / float(without)
    };
    html! {
        tr {
            th scope="row" { "the " (from) }
            td.n { (grouped(with)) }
            td.n { (grouped(without)) }
            td.n { (format!("{:.0}%", spared.max(0.0) * 100.0)) }
        }
    }
}

fn figure(name: &str, told: &str, chart: &Chart<'_>, caption: &Markup, table: &Markup) -> Markup {
    html! {
        figure {
            div.chart role="img" aria-label=(told) {
                @for width in WIDTHS {
                    @if let Ok(svg) = chart.draw(width) {
                        div class=(width.class) { (PreEscaped(svg)) }
                    }
                }
            }
            figcaption { (caption) }
            details {
                summary { (name) " as a table" }
                (table)
            }
        }
    }
}

fn success_table(incident: &Incident) -> Markup {
    let customers = &incident.customers;
    let steps = customers
        .zones
        .first()
        .map_or(0, |zone| zone.counts.requests.len());
    let together = steps.div_ceil(ROWS).max(1);
    let cell = |counts: &Counts, from: usize| {
        let range = from..(from + together).min(steps);
        let requests = counts.requests(range.clone());
        let bad: u64 = range.map(|index| counts.bad(index)).sum();
        html! {
            td.n { @match requests { Some(requests) => { (grouped(requests)) } None => { "?" } } }
            td.n {
                @match requests.filter(|requests| *requests > 0) {
                    Some(requests) => { (percent(1.0 - float(bad) / float(requests))) }
                    None => { "–" }
                }
            }
        }
    };
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" rowspan="2" { "from" }
                    @for zone in &customers.zones { th scope="colgroup" colspan="2" { (zone.zone) } }
                }
                tr {
                    @for _ in &customers.zones { th scope="col" { "requests" } th scope="col" { "good" } }
                }
            }
            tbody {
                @for from in (0..steps).step_by(together) {
                    tr {
                        th scope="row" { (clock(start(customers.from, customers.step_s, from))) }
                        @for zone in &customers.zones { (cell(&zone.counts, from)) }
                    }
                }
            }
        }
    };
    scrolled("Success rate of each zone", &table)
}

fn latency_table(incident: &Incident) -> Markup {
    let latency = &incident.latency;
    let steps = latency.zones.first().map_or(0, |zone| zone.p99_ms.len());
    let together = steps.div_ceil(ROWS).max(1);
    let cell = |values: &[Option<f64>], from: usize| {
        let range = from..(from + together).min(values.len());
        let values = values.get(range).unwrap_or_default();
        let highest = values.iter().flatten().copied().reduce(f64::max);
        html! {
            td.n { @match highest { Some(value) => { (grouped_float(value)) } None => { "–" } } }
        }
    };
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" rowspan="2" { "from" }
                    @for zone in &latency.zones { th scope="colgroup" colspan="2" { (zone.zone) } }
                }
                tr {
                    @for _ in &latency.zones { th scope="col" { "p50, ms" } th scope="col" { "p99, ms" } }
                }
            }
            tbody {
                @for from in (0..steps).step_by(together) {
                    tr {
                        th scope="row" { (clock(start(latency.from, latency.step_s, from))) }
                        @for zone in &latency.zones {
                            (cell(&zone.p50_ms, from)) (cell(&zone.p99_ms, from))
                        }
                    }
                }
            }
        }
    };
    scrolled("Latency of each zone", &table)
}

fn compared_table(incident: &Incident, with: &[u64], without: &Counts) -> Markup {
    let customers = &incident.customers;
    let together = with.len().div_ceil(ROWS).max(1);
    let table = html! {
        table {
            thead { tr { th scope="col" { "from" } th scope="col" { "with Evac" } th scope="col" { "without" } } }
            tbody {
                @for from in (0..with.len()).step_by(together) {
                    @let range = from..(from + together).min(with.len());
                    tr {
                        th scope="row" { (clock(start(customers.from, customers.step_s, from))) }
                        td.n { (grouped(with[range.clone()].iter().sum())) }
                        td.n { (grouped(range.map(|index| without.bad(index)).sum())) }
                    }
                }
            }
        }
    };
    scrolled("Bad requests, with Evac and without", &table)
}

/// The patterns of the zones: the one that it is about stands out, whatever its place.
struct Looks<'a> {
    strong: Option<&'a str>,
    calm: usize,
}

impl<'a> Looks<'a> {
    fn of(incident: &'a Incident) -> Self {
        Self {
            strong: incident.zone.as_deref(),
            calm: 0,
        }
    }

    fn next(&mut self, zone: &str) -> Look {
        if self.strong == Some(zone) {
            return Look::Strong;
        }
        self.calm += 1;
        Look::Calm(self.calm - 1)
    }
}

fn front_first(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by_key(|line| line.look != Look::Strong);
    lines
}

fn worst(incident: &Incident) -> String {
    let customers = &incident.customers;
    let share = |counts: &Counts| {
        let steps = counts.requests.iter().enumerate();
        steps
            .filter_map(|(index, requests)| Some((index, (*requests)?)))
            .filter(|(_, requests)| *requests >= ENOUGH)
            .map(|(index, requests)| 1.0 - float(counts.bad(index)) / float(requests))
            .reduce(f64::min)
    };
    let told = customers.zones.iter().filter_map(|zone| {
        let lowest = share(&zone.counts)?;
        Some(format!("{} at worst {}", zone.zone, percent(lowest)))
    });
    let told: Vec<String> = told.collect();
    format!("{}.", told.join(", "))
}

fn whole(incident: &Incident) -> Range<i64> {
    let begin = incident.begin.as_second();
    begin..incident.end.as_second().max(begin + 60)
}

fn numbered(incident: &Incident) -> Vec<(i64, usize)> {
    let moments = incident.moments.iter().enumerate();
    moments
        .map(|(index, moment)| (moment.at.as_second(), index + 1))
        .collect()
}

/// When faults last.
fn shaded(incident: &Incident) -> Vec<Range<i64>> {
    let mut shaded = Vec::new();
    let mut since = Vec::new();
    for moment in &incident.moments {
        match moment.kind {
            MomentKind::Fault => since.push(moment.at.as_second()),
            MomentKind::FaultEnds => {
                let from = if since.is_empty() {
                    None
                } else {
                    Some(since.remove(0))
                };
                if let (Some(from), true) = (from, since.is_empty()) {
                    shaded.push(from..moment.at.as_second());
                }
            }
            _ => {}
        }
    }
    if let Some(from) = since.first() {
        shaded.push(*from..incident.end.as_second());
    }
    shaded
}

fn start(from: Timestamp, step_s: u32, index: usize) -> Timestamp {
    let seconds = i64::try_from(index).unwrap_or_default() * i64::from(step_s);
    Timestamp::from_second(from.as_second() + seconds).unwrap_or(from)
}

/// The middle of a step: what is counted in it stands there.
fn middle(begin: i64, step: i64, index: usize) -> i64 {
    begin + i64::try_from(index).unwrap_or_default() * step + step / 2
}

fn grouped_float(value: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a label of an axis or a cell, and never negative"
    )]
    let whole = value.round().max(0.0) as u64;
    if value > 0.0 && value < 10.0 && value.fract() > 0.001 {
        format!("{value:.1}")
    } else {
        grouped(whole)
    }
}
