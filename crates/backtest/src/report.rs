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
        )?;
        if !walk.by_instance {
            write!(
                f,
                "\nNo instances were counted, so one that fails alone looks like its zone here."
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        format!("2026-03-07T{text}:00Z").parse().unwrap()
    }

    fn report(walk: Walk) -> Report {
        Report {
            workload: "wildrydes".to_owned(),
            evidence: "alb app/front/50dc6c495c0c9188".to_owned(),
            from: time("03:00"),
            to: time("04:00"),
            walk,
        }
    }

    fn eventful() -> Walk {
        let zone: ZoneId = "use1-az1".parse().unwrap();
        Walk {
            minutes: 60,
            known: [(zone.clone(), 59)].into(),
            by_instance: false,
            reasons: [("impaired", 5), ("well", 55)].into(),
            evacuations: vec![Evacuation {
                zone: zone.clone(),
                at: time("03:20"),
                since: time("03:18"),
                last: time("03:25"),
                minutes: 5,
                worst: 0.1234,
                sentence: "evacuate use1-az1: 12.3% bad".to_owned(),
            }],
            near_misses: vec![NearMiss {
                zone: Some(zone),
                from: time("03:10"),
                to: time("03:11"),
                minutes: 2,
                at: time("03:10"),
                worst: 0.05,
                reason: "notSustained",
                sentence: "hold use1-az1: one bad minute".to_owned(),
            }],
        }
    }

    #[test]
    fn what_happened_is_told_in_the_order_of_time_and_summed_up() {
        insta::assert_snapshot!(report(eventful()), @r"
        wildrydes by alb app/front/50dc6c495c0c9188, 2026-03-07 03:00 to 2026-03-07 04:00 UTC: 60 minutes

        2026-03-07 03:10  near miss, hold use1-az1: one bad minute
                          2 min from 2026-03-07 03:10 to 2026-03-07 03:11, at worst 5.0% bad
        2026-03-07 03:20  evacuate use1-az1: 12.3% bad
                          seen coming for 2 min; impaired in 5 min up to 2026-03-07 03:25, at worst 12.3% bad

        Summary
          evacuations   1
          near misses   1
          known minutes 59 of use1-az1
          impaired                      5 min  one zone hurts its customers, and it is the zone
          well                         55 min  no zone has more bad requests than tolerated

        By counts alone: metrics hold no alarms and no shifts. In an incident Evac acts only if the zone's
        alarm agrees, and one to three minutes later, when CloudWatch has the minute.
        No instances were counted, so one that fails alone looks like its zone here.
        ");
    }

    #[test]
    fn a_quiet_time_is_said_to_have_been_quiet() {
        let told = report(Walk::default()).to_string();
        assert!(told.contains("\nEvac would not have acted, and nothing came near.\n"));
        let counted = Walk {
            by_instance: true,
            ..Walk::default()
        };
        assert!(told.contains("No instances were counted"));
        assert!(
            !report(counted)
                .to_string()
                .contains("No instances were counted")
        );
    }

    #[test]
    fn programs_get_the_same_in_one_object() {
        let json = serde_json::to_value(report(eventful())).unwrap();
        assert_eq!(json["from"], "2026-03-07T03:00:00Z");
        assert_eq!(json["evacuations"][0]["at"], "2026-03-07T03:20:00Z");
        assert_eq!(json["nearMisses"][0]["reason"], "notSustained");
        assert_eq!(json["reasons"]["well"], 55);
        assert_eq!(json["byInstance"], false);
    }
}
