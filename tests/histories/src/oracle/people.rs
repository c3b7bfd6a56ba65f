//! People's word, and the proof of health.

use std::collections::BTreeMap;

use domain::ZoneId;
use domain::incident::{Marker, Phase};
use jiff::SignedDuration;
use region::arc::{Change as Shift, What as Became};
use region::history::{Change, Happened};
use region::stage::ZONAL_SHIFT;

use super::invariants::persons_end;
use crate::seam::{Desk, Log};
use crate::transcript::{Health, What};

/// Where Evac did again what a person had ended.
pub(super) fn overruled(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let history = state.history.changes();
    let mut wrong = Vec::new();
    for (place, happened) in history.iter().enumerate() {
        let Some((ended, marker)) = persons_end(happened) else {
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
            && !may_begin(desk, &log, (place, ended, &marker), (at, shift))
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
        Change::Shift(change) if change.what == Became::Started && happened.is_by(ZONAL_SHIFT) => {
            Marker::from_comment(&change.comment).map(|_| change)
        }
        _ => None,
    }
}

/// Whether Evac may shift again what a person ended.
fn may_begin(
    desk: &Desk,
    log: &Log,
    (ended_at, ended, marker): (usize, &Shift, &Marker),
    (started_at, started): (usize, &Shift),
) -> bool {
    let of_zone = |zone: u8| *desk.place.zone(zone) == ended.zone;
    let names_zone = |zone: &serde_json::Value| zone == ended.zone.as_str();
    // The alarm went off anew, after the incident that the ended shift names: ARC does not tell when a
    // shift was cancelled. Or a person commands it, not before another ended it. A command that does not
    // say when it was given is given anew with each attempt to carry it out.
    let anew = log.deeds.iter().any(|deed| {
        let since = deed.done && deed.mark.changes > ended_at;
        let before = deed.mark.changes <= started_at;
        match &deed.what {
            What::Alarm {
                zone: Some(zone),
                on: true,
            } => {
                let anew = deed.done && deed.mark.at > marker.incident.transition();
                anew && before && of_zone(*zone)
            }
            What::Command { command } => {
                before
                    && command["action"] == "evacuate"
                    && names_zone(&command["zone"])
                    && (since || deed.mark.at >= ended.at || command.get("at").is_none())
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

/// Where Evac began to fail back by itself although the zone was not well, or not seen to be.
pub(super) fn unproven(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let history = state.history.changes();
    let mut phases: BTreeMap<&str, Option<Phase>> = BTreeMap::new();
    // What keeps the lead's traffic away, and from where.
    let mut lead: BTreeMap<(&str, &ZoneId), &ZoneId> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (place, happened) in history.iter().enumerate() {
        let Change::Shift(change) = &happened.what else {
            continue;
        };
        let phase = Marker::from_comment(&change.comment).map(|marker| marker.phase);
        let before = phases.insert(&change.id, phase).flatten();
        let concerns_lead = change
            .resource
            .as_ref()
            .is_none_or(|resource| *resource == desk.place.resources[0]);
        let key = (change.id.as_str(), &change.zone);
        match change.what {
            Became::Started | Became::AutoshiftStarted if concerns_lead => {
                lead.insert(key, &change.zone);
            }
            Became::Canceled | Became::Expired | Became::AutoshiftCompleted => {
                lead.remove(&key);
            }
            _ => {}
        }
        let begins = change.what == Became::Updated
            && happened.is_by(ZONAL_SHIFT)
            && phase == Some(Phase::FailBack)
            && before != Some(Phase::FailBack);
        // What is left without its lead is ended, whatever the zone is like; so is what somebody takes
        // the lead from for another zone, and what a person ended at the lead, although AWS keeps the
        // lead's traffic away.
        let holds_lead = lead.values().any(|zone| **zone == change.zone)
            && lead.values().all(|zone| **zone == change.zone);
        let overruled = history[..place].iter().any(|happened| {
            persons_end(happened).is_some_and(|(ended, marker)| {
                ended.resource.as_ref() == Some(&desk.place.resources[0])
                    && Marker::from_comment(&change.comment)
                        .is_some_and(|ours| ours.incident == marker.incident)
            })
        });
        if !begins || !holds_lead || overruled || commanded(&log, place) {
            continue;
        }
        wrong.extend(doubts(desk, &log, change).map(|doubt| {
            format!(
                "fail-back on silence: {}: {} was failed back by itself, and {doubt}",
                change.at, change.zone
            )
        }));
    }
    wrong
}

/// Whether a person commanded what a run of zonal-shift did.
fn commanded(log: &Log, change: usize) -> bool {
    let mut runs = log.runs.iter();
    runs.any(|run| {
        let parent = run.parent.map(|parent| &log.runs[parent]);
        run.function == ZONAL_SHIFT
            && run.spans(change)
            && parent.is_some_and(|parent| parent.asked["action"] == "fail-back")
    })
}

/// What speaks against the zone at the moment of a fail-back. Counts are of whole minutes and come a
/// while after each: what happened just now Evac cannot know.
fn doubts(desk: &Desk, log: &Log, change: &Shift) -> Option<String> {
    let minutes = SignedDuration::from_mins;
    let clock = SignedDuration::from_secs(desk.setting.skew[0]);
    let at = change.at + clock;
    let stable = minutes(desk.setting.stable_for_minutes.into());
    let zone = desk
        .place
        .zones
        .iter()
        .position(|zone| *zone == change.zone)?;
    let was = |from, until| log.truth.between(zone, from, until);
    let known = at - minutes(4);
    let begin = at - stable + minutes(2);
    if begin < known && was(begin, known).contains(&Health::Ill) {
        return Some("it was ill within policy.stableFor".to_owned());
    }
    let lately = was(at - minutes(7), at - minutes(2));
    if !lately.contains(&Health::Well) {
        return Some(format!("it was {lately:?} lately"));
    }
    let silent = log.truth.silent(zone, at - stable, at);
    if silent > stable / 5 + minutes(3) {
        return Some(format!("nobody watched it for {silent:#}"));
    }
    let alarms = log.deeds.iter().filter(|deed| {
        matches!(&deed.what, What::Alarm { zone: Some(of), .. } if desk.place.zone_number(*of) == zone)
            && deed.done
            && deed.mark.at <= change.at
    });
    let alarm = alarms.last()?;
    let on = matches!(alarm.what, What::Alarm { on: true, .. });
    if on && at.duration_since(alarm.mark.at) > minutes(1) {
        return Some("its alarm was in ALARM".to_owned());
    }
    let ok_for = at.duration_since(alarm.mark.at);
    (ok_for + minutes(1) < stable).then(|| format!("its alarm was OK for {ok_for:#} only"))
}
