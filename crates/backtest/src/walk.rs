//! A history of counts, walked minute by minute: when Evac would have acted, and what came near.
//!
//! At the end of each minute the judge sees what it would have seen then: the newest minutes up to
//! that one, as many as the classifier reads. What it makes of them is put together to what people
//! remember:
//!
//! - An *evacuation* begins in the minute in which Evac would have acted, and goes on until its zone has
//!   not been impaired for the policy's `stableFor`. The history goes on as if nobody had acted, because
//!   nobody had; but Evac would not have left a second zone meanwhile, and so does not here.
//! - A *near miss* is a time in which a zone stood out by more than its share and something still spoke
//!   against acting, or in which more than one zone was bad. Minutes of the same subject are one near
//!   miss unless more than a window lies between them. One that ends in an evacuation of its zone is no
//!   miss: it says since when the evacuation had been coming.
//!
//! Alarms are not in metrics, so here the counts decide alone. In an incident Evac acts only if the
//! zone's alarm agrees; a back-test without alarms shows the earliest that it could. And where no source
//! counts instances, one that fails alone looks like its zone: that too is left to alarms then, and the
//! walk says so.

use std::collections::BTreeMap;

use domain::ZoneId;
use domain::judge::{
    Case, Counts, Finding, HoldCode, Outcome, Ruling, Situation, ZoneFinding, classify,
};
use domain::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

#[cfg(test)]
mod tests;

/// What was counted.
#[derive(Clone, Debug)]
pub struct History {
    /// The counts of every zone; all have as many minutes.
    pub counts: Counts,
    /// The start of the first minute.
    pub first: Timestamp,
    /// Minutes at the beginning that are only looked back at, so that the first judged one has a
    /// past.
    pub lead: usize,
}

/// What came of a walk.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Walk {
    /// Minutes that were judged.
    pub minutes: usize,
    /// How many of them were known, by zone.
    pub known: BTreeMap<ZoneId, usize>,
    /// Whether any minute has counts by instance. Without them an instance that fails alone looks like its
    /// zone.
    pub by_instance: bool,
    /// How many minutes ended with each reason, by its code.
    pub reasons: BTreeMap<&'static str, usize>,
    /// When Evac would have acted, in the order of time.
    pub evacuations: Vec<Evacuation>,
    /// What came near, in the order of time.
    pub near_misses: Vec<NearMiss>,
}

/// One evacuation that would have been.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evacuation {
    /// The zone that would have been left.
    pub zone: ZoneId,
    /// When: the end of the minute that decided.
    pub at: Timestamp,
    /// Since when it had been coming: the end of the first minute in which the zone stood out.
    pub since: Timestamp,
    /// The end of the last minute in which the zone was impaired.
    pub last: Timestamp,
    /// Minutes in which it was.
    pub minutes: usize,
    /// The largest bad share of the zone's requests that was judged, 0 to 1.
    pub worst: f64,
    /// Why, for people.
    pub sentence: String,
}

/// A time in which Evac nearly acted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    /// The zone that stood out; none where several were bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneId>,
    /// The end of its first minute.
    pub from: Timestamp,
    /// The end of its last minute.
    pub to: Timestamp,
    /// Minutes in which it was near.
    pub minutes: usize,
    /// The end of the minute that was nearest: the strongest finding, and of those the largest share.
    pub at: Timestamp,
    /// The largest bad share that was judged, of any zone that stood out, 0 to 1.
    pub worst: f64,
    /// The code of the reason to hold in the minute that was nearest.
    pub reason: &'static str,
    /// The same for people.
    pub sentence: String,
}

/// Walks a history by a policy.
#[must_use]
pub fn walk(history: &History, policy: &Policy) -> Walk {
    let mut walker = Walker {
        // While the fault is in the window, it is no near miss of another.
        stable: policy
            .stable_for
            .length()
            .max(minutes(policy.criteria.window)),
        gap: minutes(policy.criteria.window),
        evacuated: None,
        near: BTreeMap::new(),
        walk: Walk::default(),
    };
    walker.walk.by_instance = history
        .counts
        .values()
        .flatten()
        .flatten()
        .any(|minute| !minute.instances.is_empty());
    let length = history.counts.values().map(Vec::len).max().unwrap_or(0);
    for index in history.lead..length {
        for (zone, counted) in &history.counts {
            let known = counted.get(index).is_some_and(Option::is_some);
            *walker.walk.known.entry(zone.clone()).or_default() += usize::from(known);
        }
        let end = history
            .first
            .saturating_add(minutes(index + 1))
            .unwrap_or(Timestamp::MAX);
        walker.close(end);
        let case = seen(history, policy, index, walker.evacuated_zone());
        walker.take(end, &classify(&case));
    }
    walker.close(Timestamp::MAX);
    walker.finish()
}

fn minutes(count: usize) -> SignedDuration {
    SignedDuration::from_mins(i64::try_from(count).unwrap_or(i64::MAX / 60))
}

/// What the classifier would have seen at the end of a minute.
fn seen(history: &History, policy: &Policy, index: usize, shifted: Option<&ZoneId>) -> Case {
    let from = (index + 1).saturating_sub(policy.criteria.history());
    let newest = |(zone, counted): (&ZoneId, &Vec<_>)| {
        let counted = counted.get(from..=index).unwrap_or_default();
        (zone.clone(), counted.to_vec())
    };
    Case {
        counts: history.counts.iter().map(newest).collect(),
        situation: Situation {
            regional_alarm: false,
            zonal_alarms: None,
            shifted_away_from: shifted.cloned(),
        },
        criteria: policy.criteria.clone(),
        min_zones: policy.min_zones,
        without_evidence: policy.without_evidence,
        capacity: policy.capacity.clone(),
    }
}

/// What is open while a history is walked.
struct Walker {
    stable: SignedDuration,
    gap: SignedDuration,
    evacuated: Option<Evacuation>,
    /// Near misses that may go on, by their subject, with how near they came.
    near: BTreeMap<Option<ZoneId>, (Nearness, NearMiss)>,
    walk: Walk,
}

impl Walker {
    fn evacuated_zone(&self) -> Option<&ZoneId> {
        self.evacuated.as_ref().map(|evacuation| &evacuation.zone)
    }

    /// Ends what has been over for long enough at this time.
    fn close(&mut self, now: Timestamp) {
        let stable = self.stable;
        if let Some(over) = self
            .evacuated
            .take_if(|open| now.duration_since(open.last) > stable)
        {
            self.walk.evacuations.push(over);
        }
        let gap = self.gap;
        let over = self
            .near
            .extract_if(.., |_, (_, open)| now.duration_since(open.to) > gap);
        self.walk
            .near_misses
            .extend(over.map(|(_, (_, miss))| miss));
    }

    fn take(&mut self, end: Timestamp, ruling: &Ruling) {
        self.walk.minutes += 1;
        *self.walk.reasons.entry(ruling.code()).or_default() += 1;
        if let Some(open) = &mut self.evacuated
            && let Some(found) = ruling.zones.get(&open.zone)
            && found.finding == Finding::Impaired
        {
            open.last = end;
            open.minutes += 1;
            open.worst = open.worst.max(found.own.fraction());
        }
        match &ruling.verdict {
            Ok(zone) if self.evacuated.is_none() => self.evacuate(zone, end, ruling),
            Ok(_) => {}
            Err(hold) => self.hold(hold, end, ruling),
        }
    }

    fn evacuate(&mut self, zone: &ZoneId, end: Timestamp, ruling: &Ruling) {
        let coming = self.near.remove(&Some(zone.clone()));
        let worst = ruling
            .zones
            .get(zone)
            .map_or(0.0, |found| found.own.fraction());
        self.evacuated = Some(Evacuation {
            zone: zone.clone(),
            at: end,
            since: coming.as_ref().map_or(end, |(_, miss)| miss.from),
            last: end,
            minutes: 1,
            worst: coming.map_or(worst, |(_, miss)| miss.worst.max(worst)),
            sentence: ruling.to_string(),
        });
    }

    fn hold(&mut self, hold: &HoldCode, end: Timestamp, ruling: &Ruling) {
        let Some((zone, nearness)) = nearness(hold, &ruling.zones) else {
            return;
        };
        if zone.is_some() && zone == self.evacuated_zone() {
            return;
        }
        let zone = zone.cloned();
        let (nearest, open) = self.near.entry(zone.clone()).or_insert_with(|| {
            let miss = NearMiss {
                zone,
                from: end,
                to: end,
                minutes: 0,
                at: end,
                worst: 0.0,
                reason: ruling.code(),
                sentence: ruling.to_string(),
            };
            (nearness, miss)
        });
        open.to = end;
        open.minutes += 1;
        open.worst = open.worst.max(nearness.1);
        if nearness > *nearest {
            *nearest = nearness;
            open.at = end;
            open.reason = ruling.code();
            open.sentence = ruling.to_string();
        }
    }

    fn finish(mut self) -> Walk {
        self.walk.near_misses.sort_by_key(|miss| miss.from);
        self.walk
    }
}

/// How near a minute came: the strongest finding, and the bad share of its zone.
type Nearness = (Finding, f64);

/// What nearly was: its zone, if it was one, and how nearly. Nothing where all was well or nothing could
/// be told.
fn nearness<'a>(
    hold: &'a HoldCode,
    zones: &'a BTreeMap<ZoneId, ZoneFinding>,
) -> Option<(Option<&'a ZoneId>, Nearness)> {
    let share = |zone| {
        let found: Option<&ZoneFinding> = zones.get(zone);
        found.map_or(0.0, |found| found.own.fraction())
    };
    match hold {
        HoldCode::Counts(Outcome::SeveralZones(bad) | Outcome::Regional(bad)) => {
            let worst = bad.iter().map(share).fold(0.0, f64::max);
            Some((None, (Finding::NotIsolated, worst)))
        }
        HoldCode::Counts(Outcome::Blind(zone)) => {
            Some((Some(zone), (Finding::Impaired, share(zone))))
        }
        _ => zones
            .iter()
            .filter(|(_, found)| found.finding > Finding::NotIsolated)
            .map(|(zone, found)| (Some(zone), (found.finding, found.own.fraction())))
            .max_by(|(_, one), (_, other)| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))),
    }
}
