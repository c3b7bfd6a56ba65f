//! What people hear, and what runs out.

use std::collections::BTreeMap;

use domain::duration::ShiftDuration;
use domain::incident::{Marker, Phase};
use jiff::{SignedDuration, Timestamp};
use region::arc::{Change as Shift, What as Became};
use region::history::{Change, Happened};
use region::stage::{CLASSIFIER, ZONAL_SHIFT};

use crate::seam::{Desk, Log, Run};

/// Shifts of an evacuation that ran out although the tick looked in time, and had nothing to say.
pub(super) fn run_out(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let lasts: ShiftDuration = desk.setting.expires_in.parse().unwrap();
    let lasts = lasts.length();
    let expired = state.history.changes().iter().filter_map(|happened| {
        let Change::Shift(change) = &happened.what else {
            return None;
        };
        let marker = Marker::from_comment(&change.comment)?;
        let in_force = marker.phase != Phase::FailBack && !marker.drill;
        (change.what == Became::Expired && in_force).then_some(change)
    });
    let skew = SignedDuration::from_secs(desk.setting.skew[0].abs());
    expired
        .filter_map(|change| {
            let soon = change.at - lasts / 2 + skew + SignedDuration::from_secs(5);
            let looked = log.runs.iter().find(|run| {
                is_tick(run)
                    && matches!(&run.outcome, Some(Ok(_)))
                    && run.began.at > soon
                    && run.ended.is_some_and(|ended| ended.at < change.at)
            })?;
            // Evac does not hold on to one zone while somebody protects another: two are wrong then.
            if held_elsewhere(state.history.changes(), change, soon) {
                return None;
            }
            let resource = change.resource.as_ref()?.short();
            Some(format!(
                "ran out: {}: {} on {resource}, although the tick of {} saw to it",
                change.at, change.comment, looked.began.at
            ))
        })
        .collect()
}

/// Whether anybody but Evac kept traffic away from another zone at any time between a moment and the end
/// of a shift.
fn held_elsewhere(history: &[Happened], expired: &Shift, since: Timestamp) -> bool {
    let mut held: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    for happened in history {
        let Change::Shift(change) = &happened.what else {
            continue;
        };
        if change.at > expired.at {
            break;
        }
        let key = (change.id.as_str(), change.zone.as_str());
        let foreign =
            Marker::from_comment(&change.comment).is_none() && change.zone != expired.zone;
        match change.what {
            Became::Started | Became::AutoshiftStarted if foreign => {
                held.insert(key, change.at);
            }
            Became::Canceled | Became::Expired | Became::AutoshiftCompleted
                if held.remove(&key).is_some() && change.at >= since =>
            {
                return true;
            }
            _ => {}
        }
    }
    !held.is_empty()
}

/// A tick that changed nothing and found nothing new told somebody, although the run before it had done
/// all of its own: who died, or was not told that its message has arrived, leaves it to the next.
pub(super) fn noise(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let inbox = state.sns.inbox();
    let ticks = log.runs.iter().enumerate().filter(|(_, run)| is_tick(run));
    let mut wrong = Vec::new();
    for (number, tick) in ticks {
        let Some(ended) = tick.ended.filter(|_| is_alone(&log, number)) else {
            continue;
        };
        let changed = log.calls.iter().any(|call| {
            let by = log.runs[call.run].parent == Some(number);
            by && call.request.mutates()
        });
        let mut before = log.runs[..number].iter().rev();
        let before = before.find(|run| run.function == CLASSIFIER);
        let unsure = before.is_some_and(|run| !matches!(run.outcome, Some(Ok(_))));
        if changed || unsure {
            continue;
        }
        for message in &inbox[tick.began.messages..ended.messages] {
            let phase = message.published.attributes.get("phase");
            let phase = phase.map(|(_, phase)| phase.as_str());
            // That an evacuation ends is told just before it is ended, and that may fail, or somebody else may
            // end it in between.
            let in_between = tick.began.deeds != ended.deeds;
            let end = phase == Some("failed-back")
                && (in_between || !matches!(tick.outcome, Some(Ok(_))));
            if !end && !matches!(phase, Some("looks-well" | "relapsed" | "not-ready")) {
                wrong.push(format!(
                    "noise: {}: a tick that changed nothing told {:?}",
                    message.at, message.published.subject
                ));
            }
        }
    }
    wrong
}

fn is_tick(run: &Run) -> bool {
    run.function == CLASSIFIER && run.asked["action"] == "reconcile"
}

/// Whether no other classifier ran beside this one.
fn is_alone(log: &Log, number: usize) -> bool {
    let run = &log.runs[number];
    let Some(ended) = run.ended else {
        return false;
    };
    log.runs.iter().enumerate().all(|(other, one)| {
        other == number
            || one.function != CLASSIFIER
            || one.ended.is_some_and(|one| one.at < run.began.at)
            || one.began.at > ended.at
    })
}

/// Evacuations that nobody heard of, in the end. Where an event was given up, that is heard of.
pub(crate) fn unheard(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    if !state.lambda.dead_letters().is_empty() {
        return Vec::new();
    }
    let begun = state.history.changes().iter().enumerate();
    let mut incidents: Vec<String> = begun
        .filter_map(|(place, happened)| Some((place, happened.shift_of_evac()?)))
        .filter(|(place, _)| !began_in_a_tick_that_died(&log, *place))
        .filter_map(|(_, shift)| Some(Marker::from_comment(&shift.comment)?.incident.to_string()))
        .collect();
    incidents.dedup();
    incidents.retain(|incident| {
        let mut inbox = state.sns.inbox().iter();
        !inbox.any(|message| message.published.message.contains(incident))
    });
    incidents
        .into_iter()
        .map(|incident| format!("unheard: nobody was told of {incident}"))
        .collect()
}

/// Whether a shift was started on behalf of a tick that was cut off before it could tell: with the
/// event lost as well, nothing that a later run sees says that nobody was told. Two misfortunes at a
/// time are accepted.
fn began_in_a_tick_that_died(log: &Log, change: usize) -> bool {
    let starters = log
        .runs
        .iter()
        .filter(|run| run.function == ZONAL_SHIFT && run.spans(change));
    let mut parents = starters.filter_map(|run| Some(&log.runs[run.parent?]));
    parents.any(|parent| is_tick(parent) && parent.outcome.is_none())
}
