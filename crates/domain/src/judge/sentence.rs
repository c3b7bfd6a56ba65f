//! A ruling as a code for machines and a sentence for people.

use std::collections::BTreeMap;
use std::fmt;

use super::Judgement;
use super::alarms::{HoldCode, Ruling};
use super::finding::{Finding, Knowledge, Outcome, ZoneFinding};
use crate::text::thousands;
use crate::zone::ZoneId;

impl Ruling {
    /// The stable code of the reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.verdict {
            Ok(_) if self.on_alarm_alone => "alarmAlone",
            Ok(_) => "impaired",
            Err(hold) => self.hold_code(hold),
        }
    }

    fn hold_code(&self, hold: &HoldCode) -> &'static str {
        match hold {
            HoldCode::RegionalAlarm => "regionalAlarm",
            HoldCode::SeveralAlarms(_) => "severalAlarms",
            HoldCode::NoZonalAlarm => "noZonalAlarm",
            HoldCode::OtherZoneShifted(_) => "otherZoneShifted",
            HoldCode::TooFewZones(_) => "tooFewZones",
            HoldCode::TooLittleCapacity(_) => "tooLittleCapacity",
            HoldCode::EvidenceContradictsAlarm(_) => "evidenceContradictsAlarm",
            HoldCode::Counts(outcome) => outcome_code(outcome, &self.zones),
        }
    }

    /// The zone that the ruling is about, if it is about one.
    #[must_use]
    pub fn zone(&self) -> Option<&ZoneId> {
        match &self.verdict {
            Ok(zone)
            | Err(
                HoldCode::EvidenceContradictsAlarm(zone)
                | HoldCode::Counts(Outcome::Unproven(zone) | Outcome::Blind(zone)),
            ) => Some(zone),
            Err(_) => None,
        }
    }

    fn hold(&self, hold: &HoldCode) -> String {
        match hold {
            HoldCode::RegionalAlarm => {
                "a regional alarm is in ALARM, so a zone is not the cause".to_owned()
            }
            HoldCode::SeveralAlarms(zones) => {
                format!(
                    "the alarms of {} are in ALARM, so one zone is not the cause",
                    list(zones)
                )
            }
            HoldCode::NoZonalAlarm => {
                "the counts show an impaired zone, and its alarm is not in ALARM".to_owned()
            }
            HoldCode::OtherZoneShifted(zone) => {
                format!(
                    "traffic is shifted away from {zone} already, and a second shift would send it back there"
                )
            }
            HoldCode::TooFewZones(left) => {
                format!(
                    "{left} serving {} would be left, fewer than minZones",
                    plural(*left, "zone")
                )
            }
            HoldCode::TooLittleCapacity(shortage) => shortage.to_string(),
            HoldCode::EvidenceContradictsAlarm(zone) => {
                format!(
                    "its alarm is in ALARM, and the counts do not show it: {}",
                    numbers(&self.zones, zone)
                )
            }
            HoldCode::Counts(outcome) => outcome_clause(outcome, &self.zones),
        }
    }
}

impl Judgement {
    /// The stable code of what the counts say.
    #[must_use]
    pub fn code(&self) -> &'static str {
        outcome_code(&self.outcome, &self.zones)
    }

    /// A line for each zone: `use1-az1: 240 of 2,000 requests bad (12.0%) in 2 min: impaired`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.zones
            .iter()
            .map(|(zone, found)| match found.knowledge {
                Knowledge::NoData => format!("{zone}: no data"),
                knowledge => {
                    let (bad, requests) = (thousands(found.own.bad), thousands(found.own.requests));
                    let hosts = found.healthy_hosts.map_or_else(String::new, |hosts| {
                        format!(
                            ", {hosts} healthy {}",
                            plural(usize::try_from(hosts).unwrap_or(usize::MAX), "host")
                        )
                    });
                    format!(
                        "{zone}: {bad} of {requests} requests bad ({}%) in {} min: {}{hosts}",
                        percent(found.own.fraction()),
                        found.minutes,
                        match knowledge {
                            Knowledge::Judged => said(found.finding),
                            Knowledge::TooFewRequests => "too few to tell",
                            Knowledge::NoTraffic => "no traffic",
                            Knowledge::Late | Knowledge::NoData => "the newest minutes are missing",
                        },
                    )
                }
            })
    }

    /// The numbers of a zone, as a clause for people.
    #[must_use]
    pub fn numbers(&self, zone: &ZoneId) -> String {
        numbers(&self.zones, zone)
    }
}

/// What the counts say, as a clause for people.
impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&outcome_clause(&self.outcome, &self.zones))
    }
}

fn outcome_code(outcome: &Outcome, zones: &BTreeMap<ZoneId, ZoneFinding>) -> &'static str {
    match outcome {
        Outcome::Impaired(_) => "impaired",
        Outcome::Well => "well",
        Outcome::Unproven(zone) => zones.get(zone).map_or("well", |found| found.finding.code()),
        Outcome::SeveralZones(_) => "severalZones",
        Outcome::Regional(_) => "regional",
        Outcome::Blind(_) => "blind",
        Outcome::Silent(_) => "missingData",
        Outcome::CannotTell(_) => "tooFewRequests",
    }
}

fn numbers(zones: &BTreeMap<ZoneId, ZoneFinding>, zone: &ZoneId) -> String {
    zones.get(zone).map_or_else(
        || "no counts".to_owned(),
        |found| Numbers(found).to_string(),
    )
}

fn outcome_clause(outcome: &Outcome, found: &BTreeMap<ZoneId, ZoneFinding>) -> String {
    match outcome {
        Outcome::Impaired(zone) => numbers(found, zone),
        Outcome::Well => "no zone has more bad requests than tolerated".to_owned(),
        Outcome::Unproven(zone) => {
            let why = found.get(zone).map_or("", |found| said(found.finding));
            format!("{why}: {}", numbers(found, zone))
        }
        Outcome::SeveralZones(zones) => format!(
            "{} are bad to comparable degrees, so one zone is not the cause",
            listed(zones, |zone| share(found, zone))
        ),
        Outcome::Regional(zones) => format!(
            "every zone that can be judged is bad, so the Region is the cause: {}",
            listed(zones, |zone| share(found, zone))
        ),
        Outcome::Blind(zone) => format!(
            "as many of the other zones send no counts as are known to be well: {}",
            numbers(found, zone)
        ),
        Outcome::Silent(zones) => {
            format!("no counts from {}, and silence is not health", list(zones))
        }
        Outcome::CannotTell(zones) => format!(
            "too few requests to tell: {}",
            listed(zones, |zone| requests(found, zone))
        ),
    }
}

fn said(finding: Finding) -> &'static str {
    match finding {
        Finding::Well => "well",
        Finding::NotIsolated => "too near to the other zones",
        Finding::NotCertain => "chance is not ruled out",
        Finding::NotSustained => "one bad minute, or over by now",
        Finding::NotBroad => "one instance may be the cause",
        Finding::Impaired => "impaired",
    }
}

/// `12.0%`.
fn share(found: &BTreeMap<ZoneId, ZoneFinding>, zone: &ZoneId) -> String {
    found.get(zone).map_or_else(
        || "no counts".to_owned(),
        |found| format!("{}%", percent(found.own.fraction())),
    )
}

/// `60 in 3 min`.
fn requests(found: &BTreeMap<ZoneId, ZoneFinding>, zone: &ZoneId) -> String {
    found.get(zone).map_or_else(
        || "no counts".to_owned(),
        |found| {
            let requests = thousands(found.own.requests);
            format!("{requests} in {} min", found.minutes)
        },
    )
}

/// The ruling in one sentence: `evacuate use1-az1: …`.
impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.verdict.is_ok() {
            "evacuate"
        } else {
            "hold"
        };
        f.write_str(verdict)?;
        if let Some(zone) = self.zone() {
            write!(f, " {zone}")?;
        }
        match &self.verdict {
            Ok(zone) if self.on_alarm_alone => write!(
                f,
                ": its alarm alone is in ALARM, the counts cannot tell, and the policy says to act: {}",
                numbers(&self.zones, zone)
            ),
            Ok(zone) => write!(f, ": {}", numbers(&self.zones, zone)),
            Err(hold) => write!(f, ": {}", self.hold(hold)),
        }?;
        match &self.warning {
            Some(shortage) => write!(f, "; beware: {shortage}"),
            None => Ok(()),
        }
    }
}

/// `11.8% of 4,120 requests failed in the last 3 min, 0.1% elsewhere, on 4 of 4 instances`.
struct Numbers<'a>(&'a ZoneFinding);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.0;
        write!(
            f,
            "{}% of {} {} {} in the last {} min, {}% elsewhere",
            percent(found.own.fraction()),
            thousands(found.own.requests),
            if found.own.requests == 1.0 {
                "request"
            } else {
                "requests"
            },
            match found.own {
                own if own.slow <= 0.0 => "failed",
                own if own.slow >= own.bad => "were slow",
                _ => "failed or were slow",
            },
            found.minutes,
            percent(found.elsewhere.fraction()),
        )?;
        if let Some(instances) = found.instances {
            let noun = plural(instances.of, "instance");
            write!(f, ", on {} of {} {noun}", instances.affected, instances.of)?;
        }
        Ok(())
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
    }
}

fn list(zones: &[ZoneId]) -> String {
    let names: Vec<String> = zones.iter().map(ToString::to_string).collect();
    joined(&names)
}

/// Zones, each with something about it.
fn listed(zones: &[ZoneId], about: impl Fn(&ZoneId) -> String) -> String {
    let each = zones.iter().map(|zone| format!("{zone} ({})", about(zone)));
    joined(&each.collect::<Vec<String>>())
}

fn joined(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.join(""),
    }
}
