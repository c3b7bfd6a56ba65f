//! A map of the zones: where traffic goes before, during and after.

use maud::{Markup, html};

use super::{clock, float, percent, section as framed};
use crate::incident::{Incident, MapPhase, MapZone};
use crate::sentences::grouped;

/// Below this share of bad requests a zone is well.
const WELL: f64 = 0.02;

/// The sizes of a map, in the units of its view.
const WIDTH: f64 = 340.0;
const BOX: f64 = 52.0;
const GAP: f64 = 12.0;
const SOURCE: f64 = 30.0;
const ZONE_LEFT: f64 = 150.0;

pub(super) fn section(incident: &Incident) -> Markup {
    if incident.map.is_empty() {
        return html! {};
    }
    let content = html! {
        div.maps {
            @for phase in &incident.map { (map(phase)) }
        }
        p.note {
            "A band is as wide as the share of the requests that go to the zone; hatched, where more than "
            (percent(WELL)) " of them are bad. A zone with a dashed border gets no new traffic."
        }
    };
    framed("map", "Where traffic went", &content)
}

fn map(phase: &MapPhase) -> Markup {
    let all: u64 = phase.zones.iter().filter_map(|zone| zone.requests).sum();
    let share = |zone: &MapZone| {
        if all == 0 {
            0.0
        } else {
            float(zone.requests.unwrap_or_default()) / float(all)
        }
    };
    #[allow(clippy::cast_precision_loss, reason = "zones are few")]
    let count = phase.zones.len() as f64;
    let height = count * BOX + (count - 1.0).max(0.0) * GAP;
    let inside = (height - 16.0).max(0.0);
    let mut left = 8.0;
    let bands: Vec<(f64, f64, &MapZone, f64)> = phase
        .zones
        .iter()
        .enumerate()
        .map(|(index, zone)| {
            let share = share(zone);
            let band = (share * inside, left);
            left += band.0;
            #[allow(clippy::cast_precision_loss, reason = "zones are few")]
            let top = index as f64 * (BOX + GAP);
            (band.1, band.0, zone, top)
        })
        .collect();
    html! {
        figure.map {
            figcaption {
                strong { (phase.name) }
                " " span.quiet { (clock(phase.from)) "–" (clock(phase.to)) }
            }
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(told(phase, all)) {
                rect.source x="0" y="0" width=(SOURCE) height=(height) rx="4" {}
                text.source transform=(format!("translate({} {}) rotate(-90)", SOURCE / 2.0 + 4.0, height / 2.0)) text-anchor="middle" { "customers" }
                @for (from, width, zone, top) in &bands {
                    @let middle = top + BOX / 2.0;
                    @let to = middle - width.min(BOX - 8.0) / 2.0;
                    @let end = width.min(BOX - 8.0);
                    @if *width > 0.05 {
                        path class=(if is_bad(zone) { "band bad" } else { "band" }) d=(band(*from, *width, to, end)) {}
                    }
                }
                @for (_, _, zone, top) in &bands {
                    @let class = match (zone.shifted || zone.pruned, is_bad(zone)) {
                        (true, _) => "zone away",
                        (false, true) => "zone bad",
                        (false, false) => "zone",
                    };
                    rect class=(class) x=(ZONE_LEFT) y=(top + 0.75) width=(WIDTH - ZONE_LEFT - 1.0) height=(BOX - 1.5) rx="5" {}
                    text.name x=(ZONE_LEFT + 11.0) y=(top + 21.0) { (zone.zone) }
                    text.share x=(WIDTH - 11.0) y=(top + 21.0) text-anchor="end" { (percent(share(zone))) }
                    text.state x=(ZONE_LEFT + 11.0) y=(top + 40.0) { (state(zone)) }
                }
            }
        }
    }
}

/// A band from the customers to a zone.
fn band(from: f64, width: f64, to: f64, end: f64) -> String {
    let (left, right) = (SOURCE, ZONE_LEFT);
    let bend = f64::midpoint(left, right);
    format!(
        "M{left} {from:.1}C{bend} {from:.1} {bend} {to:.1} {right} {to:.1}V{:.1}C{bend} {:.1} {bend} {:.1} {left} {:.1}Z",
        to + end,
        to + end,
        from + width,
        from + width,
    )
}

fn is_bad(zone: &MapZone) -> bool {
    let requests = zone.requests.filter(|requests| *requests > 0);
    requests.is_some_and(|requests| float(zone.bad) / float(requests) > WELL)
}

fn state(zone: &MapZone) -> String {
    let place = match (zone.shifted, zone.pruned) {
        (true, true) => Some("shifted, pruned"),
        (true, false) => Some("shifted away"),
        (false, true) => Some("pruned"),
        (false, false) => None,
    };
    let bad = match zone.requests {
        None => "not counted".to_owned(),
        Some(0) => "no requests".to_owned(),
        Some(requests) => format!("{} bad", percent(float(zone.bad) / float(requests))),
    };
    match place {
        Some(place) => format!("{place} · {bad}"),
        None => bad,
    }
}

fn told(phase: &MapPhase, all: u64) -> String {
    let zones = phase.zones.iter().map(|zone| {
        let share = if all == 0 {
            0.0
        } else {
            float(zone.requests.unwrap_or_default()) / float(all)
        };
        format!(
            "{} gets {} of the requests, {}",
            zone.zone,
            percent(share),
            state(zone)
        )
    });
    let zones: Vec<String> = zones.collect();
    format!(
        "{}, {} requests: {}.",
        phase.name,
        grouped(all),
        zones.join("; ")
    )
}
