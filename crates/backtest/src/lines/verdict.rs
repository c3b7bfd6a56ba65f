//! A verdict as it stands on a line.

use std::io::{self, Write};

use domain::ZoneId;
use domain::capacity::Shortage;
use domain::judge::{Affected, Ruling, ZoneFinding};
use serde::{Serialize, Serializer};

/// What became of a line.
#[cfg(test)]
#[derive(Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "its schema is what it is for")]
pub(super) enum Answer<'a> {
    /// The line was an observation.
    Verdict(Verdict<'a>),
    /// The line was none.
    Refusal(Refusal<'a>),
}

/// A line that was no observation.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub(super) struct Refusal<'a> {
    /// Its number; the first is 1.
    line: u64,
    /// Its id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", default))]
    id: Option<&'a str>,
    /// What is wrong with it: field, what was found, what was expected.
    error: &'a str,
}

/// What Evac makes of an observation.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
pub(super) struct Verdict<'a> {
    /// The observation's.
    id: &'a str,
    verdict: Word,
    /// The AZ ID of the zone that the verdict is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::zone_id"))]
    zone: Option<&'a ZoneId>,
    /// The stable code of the reason.
    #[cfg_attr(test, schemars(schema_with = "super::schema::reason"))]
    reason: &'static str,
    /// The verdict and its reason for people.
    sentence: String,
    /// The code of what the zones that stay lack, where the policy says to act all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::shortage"))]
    warning: Option<&'static str>,
    /// The numbers of each zone, by AZ ID.
    #[serde(serialize_with = "zones")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::numbers"))]
    zones: &'a Ruling,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
enum Word {
    Evacuate,
    Hold,
}

/// What a zone was judged by. A number that was not a question is left out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(super) struct Numbers {
    /// What is known of the zone.
    #[cfg_attr(test, schemars(schema_with = "super::schema::knowledge"))]
    knowledge: &'static str,
    /// What was found of it.
    #[cfg_attr(test, schemars(schema_with = "super::schema::finding"))]
    finding: &'static str,
    /// How many of the newest minutes the numbers are of.
    minutes: usize,
    /// Its requests in these minutes.
    requests: u64,
    /// How many of them failed or were slow.
    bad: u64,
    /// How many of these did not fail and were slow.
    slow: u64,
    /// The bad share of its requests, 0 to 1.
    fraction: f64,
    /// The bad share of all other serving zones' requests, 0 to 1; left out where they had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "f64", default))]
    elsewhere: Option<f64>,
    /// The requests of all other serving zones in these minutes.
    requests_elsewhere: u64,
    /// The probability that its bad share is as far above the others' as the policy asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "f64", default))]
    probability: Option<f64>,
    /// Standard deviations between it and the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "f64", default))]
    deviations: Option<f64>,
    /// How many times as much the others' counts scatter as by chance alone, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "f64", default))]
    dispersion: Option<f64>,
    /// Its instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Instances", default))]
    instances: Option<Instances>,
    /// Hosts that the health checks called healthy, in the newest minute that tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "u64", default))]
    healthy_hosts: Option<u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
struct Instances {
    /// Instances that are as bad as the zone is asked to be.
    affected: usize,
    /// Instances that were given requests.
    of: usize,
}

impl From<Affected> for Instances {
    fn from(found: Affected) -> Self {
        Self {
            affected: found.affected,
            of: found.of,
        }
    }
}

/// Writes a ruling as JSON, without an end of line.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: impl Write, id: &str, ruling: &Ruling) -> io::Result<()> {
    let verdict = Verdict {
        id,
        verdict: match ruling.verdict {
            Ok(_) => Word::Evacuate,
            Err(_) => Word::Hold,
        },
        zone: ruling.zone(),
        reason: ruling.code(),
        sentence: ruling.to_string(),
        warning: ruling.warning.as_ref().map(Shortage::code),
        zones: ruling,
    };
    Ok(serde_json::to_writer(out, &verdict)?)
}

/// Writes why a line is no observation.
pub(super) fn refuse(out: impl Write, line: u64, id: Option<&str>, error: &str) -> io::Result<()> {
    Ok(serde_json::to_writer(out, &Refusal { line, id, error })?)
}

fn zones<S: Serializer>(ruling: &Ruling, serializer: S) -> Result<S::Ok, S::Error> {
    let zones = ruling.zones.iter();
    serializer.collect_map(zones.map(|(zone, found)| (zone.as_str(), Numbers::from(found))))
}

impl From<&ZoneFinding> for Numbers {
    fn from(found: &ZoneFinding) -> Self {
        let elsewhere = found.elsewhere;
        Self {
            knowledge: found.knowledge.code(),
            finding: found.finding.code(),
            minutes: found.minutes,
            requests: count(found.own.requests),
            bad: count(found.own.bad),
            slow: count(found.own.slow),
            fraction: rounded(found.own.fraction(), 1e6).unwrap_or_default(),
            elsewhere: (elsewhere.requests > 0.0)
                .then(|| rounded(elsewhere.fraction(), 1e6))
                .flatten(),
            requests_elsewhere: count(elsewhere.requests),
            probability: found.probability.and_then(|it| rounded(it, 1e6)),
            deviations: found.deviations.and_then(|it| rounded(it, 1e3)),
            dispersion: found.dispersion.and_then(|it| rounded(it, 1e3)),
            instances: found.instances.map(Instances::from),
            healthy_hosts: found.healthy_hosts,
        }
    }
}

/// A tally's count; it is whole, and it is not negative.
fn count(tally: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from a floating-point number saturates"
    )]
    let count = tally.round() as u64;
    count
}

/// To so many parts: more digits than the judgement is worth make lines long and hard to read. What is
/// not a finite number has no place in JSON.
fn rounded(value: f64, parts: f64) -> Option<f64> {
    let rounded = (value * parts).round() / parts;
    rounded.is_finite().then_some(rounded)
}
