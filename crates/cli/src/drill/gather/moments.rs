//! The moments that the charts mark, and the parts of the drill that the map shows.

use std::collections::{BTreeMap, BTreeSet};

use domain::ZoneId;
use domain::report::Report;
use jiff::{SignedDuration, Timestamp};
use region::arc::What;
use region::cloudwatch::StateValue;
use region::history::Change;
use region::stage::Stage;
use region::state::State;
use region::timeline::{FAULT_BEGINS, FAULT_ENDS};
use report::incident::{MapPhase, MapZone, Moment, MomentKind};

use super::Drill;

/// Clients follow the DNS within this time, all but a few.
const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// A part that is shorter tells nothing.
const SHORTEST: SignedDuration = SignedDuration::from_secs(20);

/// The moments, in order.
pub(super) fn moments(
    state: &State,
    stage: &Stage,
    drill: &Drill<'_>,
    reports: &[Report],
) -> Vec<Moment> {
    let mut moments = scripted(state);
    moments.extend(alarms(state, stage));
    moments.extend(decisions(reports, drill.fault_at));
    moments.extend(changes(state));
    moments.retain(|moment| (drill.begin..=drill.end).contains(&moment.at));
    Moment::sort(&mut moments);
    moments
}

/// What the scenario, or a person, has happen.
fn scripted(state: &State) -> Vec<Moment> {
    let entries = state.timeline.entries().iter();
    entries
        .filter(|entry| entry.actor == "scenario")
        .map(|entry| {
            let (kind, what) = if let Some(what) = entry.what.strip_prefix(FAULT_BEGINS) {
                (MomentKind::Fault, what)
            } else if let Some(what) = entry.what.strip_prefix(FAULT_ENDS) {
                (MomentKind::FaultEnds, what)
            } else {
                (MomentKind::Act, entry.what.as_str())
            };
            Moment {
                at: entry.at,
                kind,
                what: what.to_owned(),
            }
        })
        .collect()
}

fn alarms(state: &State, stage: &Stage) -> Vec<Moment> {
    let alarms = state.timeline.alarms().iter();
    alarms
        .filter(|alarm| alarm.to == StateValue::Alarm && stage.is_own_alarm(&alarm.name))
        .map(|alarm| Moment {
            at: alarm.at,
            kind: MomentKind::Alarm,
            what: alarm.name.clone(),
        })
        .collect()
}

/// The verdicts from the fault on, where another one is given than before.
fn decisions(reports: &[Report], fault_at: Timestamp) -> Vec<Moment> {
    let mut last = None;
    let mut moments = Vec::new();
    for report in reports.iter().filter(|report| report.at >= fault_at) {
        let verdict = &report.verdict;
        let is = (verdict.name(), verdict.zone(), verdict.code());
        // A peaceful tick is no moment, and the minutes that an evacuation goes on are none.
        let quiet = match verdict.name() {
            "hold" => report.trigger == "reconcile",
            "evacuate" => !report.changed() && report.trigger == "reconcile",
            _ => false,
        };
        if !quiet && last != Some(is) {
            let what = match verdict.zone() {
                Some(zone) => format!("{} {zone} ({})", verdict.name(), verdict.code()),
                None => format!("{} ({})", verdict.name(), verdict.code()),
            };
            moments.push(Moment {
                at: report.at,
                kind: MomentKind::Verdict,
                what,
            });
        }
        if !quiet {
            last = Some(is);
        }
    }
    moments
}

fn changes(state: &State) -> Vec<Moment> {
    let mut moments = Vec::new();
    for happened in state.history.changes() {
        let (kind, what) = match &happened.what {
            Change::Shift(change) => {
                let resource = change.resource.as_ref().map(|arn| arn.short().to_owned());
                let resource = resource.unwrap_or_else(|| "every enrolled resource".to_owned());
                let zone = &change.zone;
                match change.what {
                    What::Started => (
                        MomentKind::Shift,
                        format!("traffic of {resource} leaves {zone}"),
                    ),
                    What::AutoshiftStarted => (
                        MomentKind::Shift,
                        format!("AWS moves traffic away from {zone}"),
                    ),
                    What::Canceled | What::Expired => (
                        MomentKind::End,
                        format!("traffic of {resource} returns to {zone}"),
                    ),
                    What::AutoshiftCompleted => (
                        MomentKind::End,
                        format!("AWS lets traffic return to {zone}"),
                    ),
                    What::Updated => continue,
                }
            }
            Change::Group(change) => {
                let (before, after) = (&change.zones_before, &change.zones_after);
                let gone = names(before.iter().filter(|zone| !after.contains(zone)));
                let come = names(after.iter().filter(|zone| !before.contains(zone)));
                if !gone.is_empty() {
                    (
                        MomentKind::Prune,
                        format!("{} without {gone}", change.group),
                    )
                } else if !come.is_empty() {
                    (
                        MomentKind::Restore,
                        format!("{} with {come} again", change.group),
                    )
                } else {
                    continue;
                }
            }
        };
        moments.push(Moment {
            at: happened.at(),
            kind,
            what,
        });
    }
    moments
}

fn names<'a>(zones: impl Iterator<Item = &'a ZoneId>) -> String {
    let zones: Vec<&str> = zones.map(ZoneId::as_str).collect();
    zones.join(", ")
}

/// Where traffic went before, during and after.
pub(super) fn map(state: &State, drill: &Drill<'_>, alarmed: bool) -> Vec<MapPhase> {
    let (begin, end) = (drill.begin, drill.end);
    let fault = drill.fault_at.clamp(begin, end);
    let mut parts: Vec<(&str, Timestamp, Timestamp)> = vec![("Before", begin, fault)];
    let away = away(state, end);
    let hurt = if alarmed || !drill.scenario.faults.is_empty() {
        "While it hurt"
    } else {
        "Throughout"
    };
    match away {
        Some((from, until)) => {
            parts.push((hurt, fault, from.max(fault)));
            let until_or_end = until.unwrap_or(end);
            parts.push((
                "After the shift",
                (from + SETTLING).min(until_or_end),
                until_or_end,
            ));
            if let Some(until) = until {
                parts.push(("After traffic returned", (until + SETTLING).min(end), end));
            }
        }
        None => parts.push((hurt, fault, end)),
    }
    let parts = parts.into_iter();
    parts
        .filter(|(_, from, to)| to.duration_since(*from) >= SHORTEST)
        .map(|(name, from, to)| phase(state, name, from, to))
        .collect()
}

fn phase(state: &State, name: &str, from: Timestamp, to: Timestamp) -> MapPhase {
    let totals = state.world.customers().totals(from, to);
    // What is changed at the very end of a part belongs to the next one.
    let (shifted, pruned) = without_traffic(state, to - SignedDuration::from_secs(1));
    MapPhase {
        name: name.to_owned(),
        from,
        to,
        zones: totals
            .into_iter()
            .map(|(zone, counts)| MapZone {
                requests: Some(counts.requests),
                bad: counts.failed + counts.slow,
                shifted: shifted.contains(&zone),
                pruned: pruned.contains(&zone),
                zone: zone.to_string(),
            })
            .collect(),
    }
}

/// When traffic was first moved away from a zone, and when it came back for good.
fn away(state: &State, end: Timestamp) -> Option<(Timestamp, Option<Timestamp>)> {
    let shifts = state
        .history
        .changes()
        .iter()
        .filter_map(|happened| match &happened.what {
            Change::Shift(change) if change.at <= end => Some(change),
            _ => None,
        });
    let mut first = None;
    let mut last_return = None;
    for change in shifts {
        match change.what {
            What::Started | What::AutoshiftStarted => {
                first.get_or_insert(change.at);
                last_return = None;
            }
            What::Canceled | What::Expired | What::AutoshiftCompleted => {
                last_return = Some(change.at);
            }
            What::Updated => {}
        }
    }
    let still = !without_traffic(state, end).0.is_empty();
    first.map(|first| (first, last_return.filter(|_| !still)))
}

/// The zones that traffic was shifted away from at a moment, and those that a group was without.
fn without_traffic(state: &State, at: Timestamp) -> (BTreeSet<ZoneId>, BTreeSet<ZoneId>) {
    let mut shifts: BTreeMap<String, ZoneId> = BTreeMap::new();
    let mut before: BTreeMap<&str, &[ZoneId]> = BTreeMap::new();
    let mut now: BTreeMap<&str, &[ZoneId]> = BTreeMap::new();
    for happened in state.history.changes() {
        if happened.at() > at {
            break;
        }
        match &happened.what {
            Change::Shift(change) => {
                let id = if change.id.is_empty() {
                    format!("autoshift {}", change.zone)
                } else {
                    change.id.clone()
                };
                match change.what {
                    What::Started | What::AutoshiftStarted => {
                        shifts.insert(id, change.zone.clone());
                    }
                    What::Canceled | What::Expired | What::AutoshiftCompleted => {
                        shifts.remove(&id);
                    }
                    What::Updated => {}
                }
            }
            Change::Group(change) => {
                before.entry(&change.group).or_insert(&change.zones_before);
                now.insert(&change.group, &change.zones_after);
            }
        }
    }
    let lacking = before.into_iter().flat_map(|(group, zones)| {
        let now = now.get(group).copied().unwrap_or_default();
        zones.iter().filter(|zone| !now.contains(zone)).cloned()
    });
    (shifts.into_values().collect(), lacking.collect())
}
