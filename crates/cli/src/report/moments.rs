//! The moments that the charts mark, and the parts of the time that the map shows.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use report::incident::{MapPhase, MapZone, Moment, MomentKind};

use super::course::{Course, alarms_that_went_off, begun, ended, verdicts};
use super::facts::Facts;
use super::lines::Said;
use super::series::totals;

/// Clients follow the DNS within this time, all but a few.
const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// What ARC calls a shift of AWS's own.
const AUTOSHIFT: &str = "ZONAL_AUTOSHIFT";

/// The moments, in order.
pub(super) fn moments(facts: &Facts) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut add = |at, kind, what| moments.push(Moment { at, kind, what });
    for change in alarms_that_went_off(facts) {
        add(change.at, MomentKind::Alarm, change.alarm.clone());
    }
    for (at, what) in decisions(facts) {
        add(at, MomentKind::Verdict, what);
    }
    for shift in facts.shifts.iter().flatten() {
        let (resource, zone) = (shift.resource.short(), &shift.zone);
        let by_aws = shift.kind.as_deref() == Some(AUTOSHIFT);
        let begins = if by_aws {
            format!("AWS moves traffic of {resource} away from {zone}")
        } else {
            format!("traffic of {resource} leaves {zone}")
        };
        add(begun(facts, shift), MomentKind::Shift, begins);
        if let Some(end) = ended(facts, shift) {
            let ends = format!("traffic of {resource} returns to {zone}");
            add(end, MomentKind::End, ends);
        }
    }
    for line in facts.lines.iter().flatten() {
        if let Said::Group {
            action,
            zone,
            group,
        } = &line.what
        {
            let zone = zone.as_deref().unwrap_or("a zone");
            match action.as_str() {
                "prune" => add(
                    line.at,
                    MomentKind::Prune,
                    format!("{group} without {zone}"),
                ),
                "restore" => {
                    let what = format!("{group} with {zone} again");
                    add(line.at, MomentKind::Restore, what);
                }
                _ => {}
            }
        }
    }
    moments.retain(|moment| (facts.from..=facts.to).contains(&moment.at));
    Moment::sort(&mut moments);
    moments
}

/// The verdicts where another one is given than before. A tick that holds is no moment.
fn decisions(facts: &Facts) -> Vec<(Timestamp, String)> {
    let mut last = None;
    let mut decisions = Vec::new();
    for (line, verdict) in verdicts(facts) {
        let is = (&verdict.verdict, &verdict.zone, &verdict.code);
        if verdict.verdict == "hold" && verdict.trigger == "reconcile" || last == Some(is) {
            continue;
        }
        let zone = verdict.zone.iter().map(|zone| format!(" {zone}"));
        let zone: String = zone.collect();
        let what = format!("{}{zone} ({})", verdict.verdict, verdict.code);
        decisions.push((line.at, what));
        last = Some(is);
    }
    decisions
}

/// Where traffic went before, during and after; nothing where nobody counted.
pub(super) fn map(facts: &Facts, course: &Course) -> Vec<MapPhase> {
    if facts.counts.is_none() {
        return Vec::new();
    }
    let (from, to) = (facts.from, facts.to);
    let mut parts: Vec<(&str, Timestamp, Timestamp)> = Vec::new();
    match (course.bad_from.or(course.alarm_at), course.shift_at) {
        (Some(hurts), Some(shift)) => {
            let returned = returned(facts);
            let until = returned.unwrap_or(to);
            parts.push(("Before", from, hurts));
            parts.push(("While it hurt", hurts, shift));
            parts.push(("After the shift", shift + SETTLING, until));
            if let Some(returned) = returned {
                parts.push(("After traffic returned", returned + SETTLING, to));
            }
        }
        (Some(hurts), None) => {
            parts.push(("Before", from, hurts));
            parts.push(("From then on", hurts, to));
        }
        (None, _) => parts.push(("Throughout", from, to)),
    }
    let phases = parts.into_iter();
    phases
        .map(|(name, from, to)| phase(facts, name, from, to))
        .filter(|phase| phase.zones.iter().any(|zone| zone.requests.is_some()))
        .collect()
}

/// When traffic was back everywhere, if it is known to be.
fn returned(facts: &Facts) -> Option<Timestamp> {
    let shifts = facts.shifts.iter().flatten();
    let ends: Option<Vec<Timestamp>> = shifts.map(|shift| ended(facts, shift)).collect();
    ends?.into_iter().max().filter(|end| *end < facts.to)
}

fn phase(facts: &Facts, name: &str, from: Timestamp, to: Timestamp) -> MapPhase {
    // What is changed at the very end of a part belongs to the next one.
    let at = to - SignedDuration::from_secs(1);
    let shifts = facts
        .shifts
        .iter()
        .flatten()
        .filter(|shift| shift.began <= at && ended(facts, shift).is_none_or(|end| end > at));
    let shifted: BTreeSet<&str> = shifts.map(|shift| shift.zone.as_str()).collect();
    let pruned = pruned(facts, at);
    let zones = totals(facts, from, to)
        .into_iter()
        .map(|(zone, sum)| MapZone {
            requests: sum.map(|(requests, _)| requests),
            bad: sum.map_or(0, |(_, bad)| bad),
            shifted: shifted.contains(zone.as_str()),
            pruned: pruned.contains(zone.as_str()),
            zone: zone.to_string(),
        });
    MapPhase {
        name: name.to_owned(),
        from,
        to,
        zones: zones.collect(),
    }
}

/// The zones that a group was without at a moment, by what was logged of the time.
fn pruned(facts: &Facts, at: Timestamp) -> BTreeSet<&str> {
    let mut without: BTreeSet<(&str, &str)> = BTreeSet::new();
    for line in facts.lines.iter().flatten().filter(|line| line.at <= at) {
        if let Said::Group {
            action,
            zone: Some(zone),
            group,
        } = &line.what
        {
            match action.as_str() {
                "prune" => {
                    without.insert((group.as_str(), zone.as_str()));
                }
                "restore" => {
                    without.remove(&(group.as_str(), zone.as_str()));
                }
                _ => {}
            }
        }
    }
    without.into_iter().map(|(_, zone)| zone).collect()
}
