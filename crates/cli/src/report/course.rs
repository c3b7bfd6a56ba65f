//! When what happened, and how it ended.

use domain::incident::Marker;
use jiff::{SignedDuration, Timestamp};

use super::facts::Facts;
use super::lines::{FunctionLine, Said, Verdict};
use super::series::{Seen, minute, totals};
use crate::account::{AlarmChange, ShiftStanding, ZonalShift};

/// Below this share of bad requests a zone, or everybody, is well.
pub(super) const WELL: f64 = 0.02;

/// A function's line about a shift is written so soon after ARC began it.
const LOGGED_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// The incident's course, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// How it ended, in the document's words.
    pub(super) outcome: &'static str,
    /// The zone that it is about.
    pub(super) zone: Option<String>,
    /// The first minute of those up to the alarm in which the zone was bad.
    pub(super) bad_from: Option<Timestamp>,
    pub(super) alarm_at: Option<Timestamp>,
    pub(super) verdict_at: Option<Timestamp>,
    /// When Evac moved traffic.
    pub(super) shift_at: Option<Timestamp>,
    /// The beginning of the first whole minute after it in which customers were well.
    pub(super) well_at: Option<Timestamp>,
}

pub(super) fn course(facts: &Facts) -> Course {
    let shift = own_shift(facts);
    let zone = zone(facts, shift);
    let alarm_at = alarm(facts, shift).map(|change| change.at);
    let shift_at = shift.map(|shift| begun(facts, shift));
    let bad_from = alarm_at.zip(zone.as_deref());
    Course {
        outcome: outcome(facts, shift),
        bad_from: bad_from.and_then(|(alarm, zone)| bad_from_of(facts, zone, alarm)),
        verdict_at: alarm_at.and_then(|alarm| evacuated(facts, alarm)),
        well_at: shift_at.and_then(|shift| well_at(facts, shift)),
        zone,
        alarm_at,
        shift_at,
    }
}

/// The changes of the workload's alarms into ALARM.
pub(super) fn alarms_that_went_off(facts: &Facts) -> impl Iterator<Item = &AlarmChange> {
    let changes = facts.alarms.iter().flatten();
    changes.filter(|change| change.to == "ALARM")
}

/// The verdicts with their lines.
pub(super) fn verdicts(facts: &Facts) -> impl Iterator<Item = (&FunctionLine, &Verdict)> {
    let lines = facts.lines.iter().flatten();
    lines.filter_map(|line| match &line.what {
        Said::Verdict(verdict) => Some((line, verdict)),
        _ => None,
    })
}

/// When a shift was over, as far as anybody tells: ARC does not say when one was cancelled, and the
/// functions log those that Evac cancels.
pub(super) fn ended(facts: &Facts, shift: &ZonalShift) -> Option<Timestamp> {
    match shift.standing {
        ShiftStanding::Active => None,
        ShiftStanding::Expired => Some(shift.expires),
        ShiftStanding::Cancelled => {
            let resource = shift.resource.as_str();
            let cancelled = |line: &&FunctionLine| {
                line.at >= shift.began && is_change_of(line, "cancel", resource)
            };
            let mut lines = facts.lines.iter().flatten();
            lines.find(cancelled).map(|line| line.at)
        }
    }
}

/// The first shift of the time that is Evac's own.
fn own_shift(facts: &Facts) -> Option<&ZonalShift> {
    let mut shifts = facts.shifts.iter().flatten();
    shifts.find(|shift| {
        let marker = Marker::from_comment(&shift.comment);
        shift.began >= facts.from
            && marker.is_some_and(|marker| *marker.incident.workload() == facts.workload.name)
    })
}

/// When a shift began. Where ARC tells whole seconds only, the function that began it tells finer ones.
pub(super) fn begun(facts: &Facts, shift: &ZonalShift) -> Timestamp {
    if shift.began.subsec_nanosecond() != 0 {
        return shift.began;
    }
    let resource = shift.resource.as_str();
    let mut lines = facts.lines.iter().flatten();
    let logged = lines.find(|line| {
        let after = line.at.duration_since(shift.began);
        (SignedDuration::ZERO..LOGGED_WITHIN).contains(&after)
            && is_change_of(line, "shift", resource)
    });
    logged.map_or(shift.began, |line| line.at)
}

fn is_change_of(line: &FunctionLine, wanted: &str, of: &str) -> bool {
    matches!(&line.what, Said::Shift { action, resource } if action == wanted && resource == of)
}

fn zone(facts: &Facts, shift: Option<&ZonalShift>) -> Option<String> {
    let shifted = shift.map(|shift| shift.zone.clone());
    let decided = || {
        let mut verdicts = verdicts(facts);
        let (_, verdict) = verdicts.find(|(_, verdict)| verdict.verdict == "evacuate")?;
        verdict.zone.clone()
    };
    let alarmed = || {
        let mut alarms = alarms_that_went_off(facts);
        let zone = alarms.find_map(|change| facts.workload.zone_of_alarm(&change.alarm))?;
        Some(zone.to_string())
    };
    shifted.or_else(decided).or_else(alarmed)
}

/// The alarm that began it: the last one before the shift, or else the first of the time.
fn alarm<'a>(facts: &'a Facts, shift: Option<&ZonalShift>) -> Option<&'a AlarmChange> {
    let Some(shift) = shift else {
        return alarms_that_went_off(facts).next();
    };
    // ARC tells whole seconds.
    let by = shift.began + SignedDuration::from_secs(1);
    let of_zone = |change: &&AlarmChange| {
        let zone = facts.workload.zone_of_alarm(&change.alarm);
        change.at < by && zone.is_some_and(|zone| zone.as_str() == shift.zone)
    };
    alarms_that_went_off(facts).filter(of_zone).last()
}

fn evacuated(facts: &Facts, alarm: Timestamp) -> Option<Timestamp> {
    let mut verdicts = verdicts(facts);
    let found = verdicts.find(|(line, verdict)| line.at >= alarm && verdict.verdict == "evacuate");
    found.map(|(line, _)| line.at)
}

fn outcome(facts: &Facts, shift: Option<&ZonalShift>) -> &'static str {
    let is_prune =
        |line: &FunctionLine| matches!(&line.what, Said::Group { action, .. } if action == "prune");
    let pruned = facts.lines.iter().flatten().any(is_prune);
    if shift.is_some() {
        return if pruned { "evacuate" } else { "shift" };
    }
    if facts.shifts.is_none() || facts.lines.is_none() {
        return "unknown";
    }
    let wanted = |(_, verdict): &(&FunctionLine, &Verdict)| verdict.verdict == "evacuate";
    match verdicts(facts).find(wanted) {
        Some((_, verdict)) if verdict.mode == "observe" => "observe",
        Some(_) => "failed",
        None if alarms_that_went_off(facts).next().is_some() => "hold",
        None => "none",
    }
}

/// The first of the minutes up to the alarm in which the zone was bad.
fn bad_from_of(facts: &Facts, zone: &str, alarm: Timestamp) -> Option<Timestamp> {
    let counts = facts.counts.as_ref()?;
    let (_, minutes) = counts.iter().find(|(id, _)| id.as_str() == zone)?;
    let mut first = None;
    for (index, counted) in minutes.iter().enumerate().rev() {
        let start = minute(facts.from, index);
        // The minute of the alarm is not over yet when it goes off.
        if minute(start, 1) > alarm {
            continue;
        }
        let seen = counted
            .as_ref()
            .map(|counted| Seen::of(counted).requests_and_bad());
        let bad = seen.is_some_and(|(requests, bad)| is_bad(requests, bad));
        if !bad {
            break;
        }
        first = Some(start);
    }
    first
}

fn well_at(facts: &Facts, shift: Timestamp) -> Option<Timestamp> {
    let length = facts
        .counts
        .iter()
        .flatten()
        .map(|(_, minutes)| minutes.len())
        .max()?;
    (0..length)
        .map(|index| minute(facts.from, index))
        .filter(|start| *start >= shift)
        .find(|start| {
            let totals = totals(facts, *start, minute(*start, 1));
            let known = totals.into_values().flatten();
            let all = known.reduce(|sum, more| (sum.0 + more.0, sum.1 + more.1));
            all.is_some_and(|(requests, bad)| requests > 0 && !is_bad(requests, bad))
        })
}

#[allow(
    clippy::cast_precision_loss,
    reason = "counts of an incident are far below 2^53"
)]
fn is_bad(requests: u64, bad: u64) -> bool {
    requests > 0 && bad as f64 / requests as f64 > WELL
}
