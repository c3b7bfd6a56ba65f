//! People's word, and the proof of health.

use domain::incident::Marker;
use jiff::{SignedDuration, Timestamp};
use region::arc::{Change as Shift, What as Became};
use region::history::{Change, Happened};
use region::stage::ZONAL_SHIFT;

use super::invariants::persons_end;
use crate::seam::{Desk, Log};
use crate::transcript::What;

/// Where Evac did again what a person had ended.
pub(super) fn overruled(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let history = state.history.changes();
    let mut wrong = Vec::new();
    for (place, happened) in history.iter().enumerate() {
        let Some((ended, _)) = persons_end(happened) else {
            continue;
        };
        let lead = ended.resource.as_ref() == Some(&desk.place.resources[0]);
        let later = history.iter().enumerate().skip(place + 1);
        let again = later
            .filter_map(|(at, happened)| Some((at, started(happened)?)))
            .find(|(_, shift)| {
                // Whose lead's shift was ended, is ended as a whole.
                shift.zone == ended.zone && (lead || shift.resource == ended.resource)
            });
        if let Some((at, shift)) = again
            && !may_begin(desk, &log, place, at, ended, shift)
        {
            wrong.push(format!(
                "invariant 7: {}: a person ended {} away from {} at {}, and Evac started {} again: {}",
                shift.at,
                ended.id,
                ended.zone,
                ended.at,
                shift.id,
                shift.comment
            ));
        }
    }
    wrong
}

/// A shift that Evac started and that is no rehearsal.
fn started(happened: &Happened) -> Option<&Shift> {
    match &happened.what {
        Change::Shift(change)
            if change.what == Became::Started && happened.is_by(ZONAL_SHIFT) =>
        {
            Marker::from_comment(&change.comment).map(|_| change)
        }
        _ => None,
    }
}

/// Whether Evac may shift again what a person ended.
fn may_begin(
    desk: &Desk,
    log: &Log,
    ended_at: usize,
    started_at: usize,
    ended: &Shift,
    started: &Shift,
) -> bool {
    let of_zone = |zone: u8| desk.place.zones[usize::from(zone)] == ended.zone;
    let names_zone = |zone: &serde_json::Value| zone == ended.zone.as_str();
    // The alarm went off anew, or a person commands it. A command that does not say when it was given
    // is given anew with each attempt to carry it out.
    let anew = log.deeds.iter().any(|deed| {
        let since = deed.mark.changes > ended_at;
        let before = deed.mark.changes <= started_at;
        match &deed.what {
            What::Alarm {
                zone: Some(zone),
                on: true,
            } => since && before && of_zone(*zone),
            What::Command { command } => {
                before
                    && command["action"] == "evacuate"
                    && names_zone(&command["zone"])
                    && (since || command.get("at").is_none())
            }
            _ => false,
        }
    });
    // A run that had read before the person's act does not know of it; nor does one that is shown
    // what was.
    let unseen = log.runs.iter().any(|run| {
        run.function == ZONAL_SHIFT && run.spans(started_at) && run.began.changes <= ended_at
    });
    let stale = log.staleness(started.at) > SignedDuration::ZERO
        && started.at.duration_since(ended.at) <= log.staleness(started.at) + margin();
    anew || unseen || stale
}

/// What a run takes from its reading to its call at the most.
fn margin() -> SignedDuration {
    SignedDuration::from_secs(30)
}

#[allow(dead_code, reason = "until health is proven")]
fn never(_: Timestamp) {}
