//! The judgement: is one zone hurting its customers, and is it the zone?
//!
//! [`judge`] compares counts; [`classify`] adds what the alarms and a shift in force say. Both are
//! functions of their arguments, so a policy can be tried on recorded incidents.
//!
//! What it comes to is measured in docs/DETECTION.md.
//!
//! # The policy, and why
//!
//! Each number is a field of [`Criteria`], named here where it is argued.
//!
//! **Rates with their exposure, one zone against all others pooled.** Zones carry unequal traffic, so
//! counts of errors and shares of them say nothing: with traffic 1:1:4 and equal error rates the big
//! zone has two thirds of the errors. Scores that measure a zone by the spread *between* zones (z-score,
//! IQR, MAD) cannot work with so few: with three zones a z-score never exceeds 1.42. A zone left out,
//! the others pooled, gives a comparison that gets better with each zone. Zones without traffic
//! or data add nothing to it, and the zone that traffic is shifted away from is left out.
//!
//! **Bad is failed or slow.** Customers do not mind which.
//!
//! **A zone is impaired if it is material, isolated, certain, lasting and broad.**
//!
//! - *Material*: more than `tolerated` of its requests are bad (1 %). Leaving a zone costs capacity
//!   and cold caches; lower reacts to what customers would not notice, higher leaves them in it.
//! - *Isolated*: at least `factor` times the others' share (3) *and* at least `difference` above it
//!   (0.5 points). The first keeps a bad day of everybody from being one zone's fault; the second
//!   keeps a large workload from leaving a zone over 0.03 % against 0.01 %, which its size makes
//!   significant. And no other materially bad zone is within `factor` of it: with 40 % and 25 % bad the
//!   cause is not one zone. Where another zone has passed `regional_above` (1 %), traffic would move to
//!   a place that is in trouble itself, and only `regional_factor` times as bad (5) is worth that. Lower
//!   figures evacuate in uneven regional trouble; higher ones hold while a zone's trouble spills over.
//!   A zone with few requests may be bad and not show it, so of each other zone alone the probability
//!   that it is, and to a comparable degree, must be at most `doubt` (0.2 %), both in the same minutes
//!   and in all that are known of it. More doubt acts on one of two bad zones; less waits for quiet zones.
//! - *Certain*, in two senses. First, that there is a difference at all: the signed root of the
//!   likelihood ratio must exceed what chance gives `false_alarms_per_day` times a day (0.01) by Bonferroni's
//!   bound over all zones, windows and minutes, because what is looked at often enough is seen. Ten times
//!   less costs about half a standard deviation, some ten percent more requests. Second, that the difference
//!   is as large as asked for: the posterior probability of material and isolated is at least `confidence`
//!   (0.98). Its prior is worth one request. It needs no correction: where zones are
//!   equal, the floors lie far out already.
//! - *Lasting*: with the worst `sustained - 1` minutes left out (one of them), the rest still differs
//!   beyond chance, and is material and isolated with `robust_confidence` (0.9); and the newest minute
//!   still is on the face of it. So one bad minute moves no traffic, and nor does a fault that is over. The
//!   full test of chance is asked of the rest because a bad minute makes any rest be looked at. Each more
//!   costs a minute. A fault of a minute's length that straddles two minutes of data counts as two.
//! - *Broad*: the same with the zone's worst instance left out, where instances are counted. One bad
//!   instance is for health checks and Auto Scaling. A zone with a single instance is never evacuated
//!   on such counts. Where no instances are counted, broad is taken for granted: an instance
//!   that fails alone then looks like its zone.
//!
//! **Several windows.** A strong fault shows in two minutes, a weak one in seven. So every
//! window from `sustained` to `window` minutes (2 to 7), ending now, is tried, the shortest first. A longer
//! `window` sees weaker faults and lower traffic. Each window counts as a look of its own.
//!
//! **A total outage acts sooner.** When `outage` of a single minute's requests are bad (98 %), and a
//! sixth of `min_requests` are there, the minute suffices: nobody would wait. It cannot be told from a
//! blip that takes everything with it: a zone which is dead for one minute and well in the next is left.
//! A lower figure acts sooner on outages that spare some requests, and on more of such blips.
//!
//! **Bursts.** Real counts scatter more than binomial ones, the more so the more requests a minute has. The
//! correlation of a minute's requests is estimated from the other zones' minutes, and each zone's counts
//! are worth what its own traffic makes of it. So a noisy workload needs more evidence, and a spike
//! in another zone makes the judgement slower for some minutes. `dispersion` argues its three constants.
//!
//! **Too little to tell is an answer.** With fewer than `min_requests` (300) in the window, in the zone
//! or in all others together, nothing is said: a zone of 20 requests a minute does not get there in a
//! window of 7, on a busy day either. At 20 a minute one retrying client is 5 %. Less sees smaller workloads
//! and believes single clients. Then an alarm may act alone, if the policy says so: that the other zones
//! are well does not contradict the alarm of one that cannot be judged.
//!
//! **Silence is not health, and not zero.** A minute that is missing enters no sum, and neither do the
//! others' counts of that minute. A zone whose newest two minutes are missing is late, and not judged.
//! If more of the other zones are silent than are known to be well, an impaired zone is not left:
//! a dead zone sends no errors, and traffic would move towards it. Counted zeros are another thing:
//! traffic is elsewhere.
//!
//! **What is left out on purpose.** Latency beyond the slow count; the trend; other workloads in the
//! zone. A canary sees what servers do not count; its counts can be given as requests like any others.

mod alarms;
mod counts;
mod criteria;
mod dispersion;
mod finding;
mod health;
mod probability;
mod sentence;
mod zone;

#[cfg(test)]
mod exact;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use alarms::{Agreement, Case, HoldCode, Ruling, Situation, classify};
pub use counts::{Counts, InstanceMinute, Minute, Minutes, Tally};
pub use criteria::{Criteria, CriteriaDefinition, LONGEST_WINDOW};
pub use finding::{Affected, Finding, Knowledge, Outcome, ZoneFinding};
pub use health::{Doubt, Proof, proof};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::zone::ZoneId;

/// What the counts say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Of all zones together.
    pub outcome: Outcome,
    /// Of each zone.
    pub zones: BTreeMap<ZoneId, ZoneFinding>,
}

/// Judges counts. `shifted` is the zone that traffic is shifted away from: what trickles there is
/// no comparison for the others.
#[must_use]
pub fn judge(counts: &Counts, shifted: Option<&ZoneId>, criteria: &Criteria) -> Judgement {
    let bench = zone::Bench::new(criteria, counts, shifted);
    let zones: BTreeMap<ZoneId, ZoneFinding> = counts
        .keys()
        .enumerate()
        .map(|(index, zone)| (zone.clone(), bench.judge(index)))
        .collect();
    Judgement {
        outcome: outcome(&zones, shifted, criteria),
        zones,
    }
}

fn outcome(
    zones: &BTreeMap<ZoneId, ZoneFinding>,
    shifted: Option<&ZoneId>,
    criteria: &Criteria,
) -> Outcome {
    let those = |keep: &dyn Fn(&ZoneFinding) -> bool| -> Vec<ZoneId> {
        zones
            .iter()
            .filter(|(_, found)| keep(found))
            .map(|(zone, _)| zone.clone())
            .collect()
    };
    let judged = those(&|found| found.knowledge == Knowledge::Judged);
    let impaired = those(&|found| found.finding == Finding::Impaired);
    let material = those(&|found| found.material);
    let silent: Vec<ZoneId> = those(&|found| found.knowledge.is_silent())
        .into_iter()
        .filter(|zone| Some(zone) != shifted)
        .collect();
    match (impaired.as_slice(), material.as_slice()) {
        ([zone], _) => {
            let well = judged
                .iter()
                .filter(|other| !material.contains(other))
                .count();
            if silent.len() >= well.max(1) {
                Outcome::Blind(zone.clone())
            } else {
                Outcome::Impaired(zone.clone())
            }
        }
        ([], [zone]) => Outcome::Unproven(zone.clone()),
        ([], []) => quiet(zones, &judged, silent, criteria),
        (_, several) if several.len() == judged.len() => Outcome::Regional(material),
        _ => Outcome::SeveralZones(material),
    }
}

/// Nothing is materially bad as far as can be judged: how far is that?
fn quiet(
    zones: &BTreeMap<ZoneId, ZoneFinding>,
    judged: &[ZoneId],
    silent: Vec<ZoneId>,
    criteria: &Criteria,
) -> Outcome {
    let too_few: Vec<ZoneId> = zones
        .iter()
        .filter(|(_, found)| found.knowledge == Knowledge::TooFewRequests)
        .filter(|(_, found)| judged.len() < 2 || found.own.fraction() > criteria.tolerated)
        .map(|(zone, _)| zone.clone())
        .collect();
    if !too_few.is_empty() {
        Outcome::CannotTell(too_few)
    } else if !silent.is_empty() {
        Outcome::Silent(silent)
    } else if judged.is_empty() {
        Outcome::CannotTell(zones.keys().cloned().collect())
    } else {
        Outcome::Well
    }
}
