//! What came of a walk, for people and for programs.

use std::fmt;

use domain::ZoneId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::reason::REASONS;
use crate::walk::{Evacuation, NearMiss, Walk};

/// A walk, and what was walked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The workload's name.
    pub workload: String,
    /// Where its counts came from.
    pub evidence: String,
    /// The start of the first minute.
    pub from: Timestamp,
    /// The end of the last.
    pub to: Timestamp,
    /// What came of it.
    #[serde(flatten)]
    pub walk: Walk,
}

/// What is told one after the other.
enum Happening<'a> {
    Evacuation(&'a Evacuation),
    NearMiss(&'a NearMiss),
}

impl Happening<'_> {
    fn time(&self) -> Timestamp {
        match self {
            Self::Evacuation(it) => it.at,
            Self::NearMiss(it) => it.at,
        }
    }
}

/// Whole minutes, without the seconds that they do not have.
struct Minute(Timestamp);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M"))
    }
}

/// A share of requests in percent.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}%", self.0 * 100.0)
    }
}

impl fmt::Display for Happening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evacuation(it) => {
                let Evacuation {
                    at,
                    since,
                    last,
                    minutes,
                    worst,
                    sentence,
                    ..
                } = it;
                writeln!(f, "{}  {sentence}", Minute(*at))?;
                let coming = at.duration_since(*since);
                let coming = if coming > SignedDuration::ZERO {
                    format!("seen coming for {} min; ", coming.as_mins())
                } else {
                    String::new()
                };
                write!(
                    f,
                    "                  {coming}impaired in {minutes} min up to {}, at worst {} bad",
                    Minute(*last),
                    Percent(*worst)
                )
            }
            Self::NearMiss(it) => {
                writeln!(f, "{}  near miss, {}", Minute(it.at), it.sentence)?;
                write!(
                    f,
                    "                  {} min from {} to {}, at worst {} bad",
                    it.minutes,
                    Minute(it.from),
                    Minute(it.to),
                    Percent(it.worst)
                )
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let walk = &self.walk;
        writeln!(
            f,
            "{} by {}, {} to {} UTC: {} minutes",
            self.workload,
            self.evidence,
            Minute(self.from),
            Minute(self.to),
            walk.minutes
        )?;
        writeln!(f)?;
        let evacuations = walk.evacuations.iter().map(Happening::Evacuation);
        let near = walk.near_misses.iter().map(Happening::NearMiss);
        let mut all: Vec<Happening<'_>> = evacuations.chain(near).collect();
        all.sort_by_key(Happening::time);
        for happening in &all {
            writeln!(f, "{happening}")?;
        }
        if all.is_empty() {
            writeln!(f, "Evac would not have acted, and nothing came near.")?;
        }
        writeln!(f)?;
        writeln!(f, "Summary")?;
        writeln!(f, "  evacuations   {}", walk.evacuations.len())?;
        writeln!(f, "  near misses   {}", walk.near_misses.len())?;
        let known = |(zone, known): (&ZoneId, &usize)| format!("{known} of {zone}");
        let known: Vec<String> = walk.known.iter().map(known).collect();
        writeln!(f, "  known minutes {}", known.join(", "))?;
        for (code, minutes) in &walk.reasons {
            let meaning = REASONS
                .iter()
                .find(|reason| reason.code == *code)
                .map_or("", |reason| reason.meaning);
            writeln!(f, "  {code:<24} {minutes:>6} min  {meaning}")?;
        }
        writeln!(f)?;
        write!(
            f,
            "By counts alone: metrics hold no alarms and no shifts. In an incident Evac acts only if the zone's\n\
             alarm agrees, and one to three minutes later, when CloudWatch has the minute."
        )
    }
}
