//! The judgement together with what alarms and a shift in force say.
//!
//! Alarms say where to look, and the counts whether it is true. Where zonal alarms are given, an
//! evacuation needs both: the zone's alarm in ALARM, no other, and the counts. Where none are given, the
//! counts decide alone. A regional alarm, and a shift away from another zone, hold whatever the
//! counts say: customers would be moved onto less capacity, or back into another bad zone.

use std::collections::BTreeMap;

use super::counts::Counts;
use super::criteria::Criteria;
use super::finding::{Finding, Knowledge, Outcome, ZoneFinding};
use super::{Judgement, judge};
use crate::event::AlarmState;
use crate::policy::Without;
use crate::zone::ZoneId;

/// What is known beside the counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// Whether a regional alarm is in ALARM.
    pub regional_alarm: bool,
    /// The zones' alarms, where the workload has them.
    pub zonal_alarms: Option<BTreeMap<ZoneId, AlarmState>>,
    /// The zone that traffic is shifted away from.
    pub shifted_away_from: Option<ZoneId>,
}

/// What is classified.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The counts of each zone.
    pub counts: Counts,
    /// What is known beside them.
    pub situation: Situation,
    /// The numbers of the judgement.
    pub criteria: Criteria,
    /// Serving zones that must be left.
    pub min_zones: u8,
    /// Whether to act on the alarm alone where the counts cannot tell.
    pub without_evidence: Without,
}

/// Why nothing is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldCode {
    /// A regional alarm is in ALARM.
    RegionalAlarm,
    /// Several zonal alarms are in ALARM.
    SeveralAlarms(Vec<ZoneId>),
    /// No zonal alarm is in ALARM.
    NoZonalAlarm,
    /// Traffic is shifted away from this other zone.
    OtherZoneShifted(ZoneId),
    /// Fewer serving zones would be left than must be.
    TooFewZones(usize),
    /// The alarm names one zone, and the counts do not.
    EvidenceContradictsAlarm(ZoneId),
    /// What the counts say.
    Counts(Outcome),
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The zone to evacuate, or why nothing is to change.
    pub verdict: Result<ZoneId, HoldCode>,
    /// Whether the alarm alone decided, because the counts cannot tell.
    pub on_alarm_alone: bool,
    /// Of each zone.
    pub zones: BTreeMap<ZoneId, ZoneFinding>,
}

/// Classifies a case.
#[must_use]
pub fn classify(case: &Case) -> Ruling {
    let shifted = case.situation.shifted_away_from.as_ref();
    let Judgement { outcome, zones } = judge(&case.counts, shifted, &case.criteria);
    let (verdict, on_alarm_alone) = match candidate(case, outcome, &zones) {
        Ok((zone, alone)) => match obstacle(case, &zones, &zone) {
            None => (Ok(zone), alone),
            Some(hold) => (Err(hold), false),
        },
        Err(hold) => (Err(hold), false),
    };
    Ruling {
        verdict,
        on_alarm_alone,
        zones,
    }
}

/// The zone that alarms and counts agree on, and whether the alarm alone does.
fn candidate(
    case: &Case,
    outcome: Outcome,
    zones: &BTreeMap<ZoneId, ZoneFinding>,
) -> Result<(ZoneId, bool), HoldCode> {
    if case.situation.regional_alarm {
        return Err(HoldCode::RegionalAlarm);
    }
    let Some(alarms) = &case.situation.zonal_alarms else {
        return match outcome {
            Outcome::Impaired(zone) => Ok((zone, false)),
            other => Err(HoldCode::Counts(other)),
        };
    };
    let alarmed: Vec<ZoneId> = alarms
        .iter()
        .filter(|(_, state)| **state == AlarmState::Alarm)
        .map(|(zone, _)| zone.clone())
        .collect();
    let alarmed = match alarmed.as_slice() {
        [] if matches!(outcome, Outcome::Impaired(_)) => return Err(HoldCode::NoZonalAlarm),
        [] => return Err(HoldCode::Counts(outcome)),
        [zone] => zone.clone(),
        _ => return Err(HoldCode::SeveralAlarms(alarmed)),
    };
    let unknown = zones.get(&alarmed).is_none_or(|found| {
        found.knowledge == Knowledge::TooFewRequests || found.knowledge.is_silent()
    });
    // That the other zones are well says nothing of one that cannot be judged.
    let outcome = if unknown && outcome == Outcome::Well {
        Outcome::CannotTell(vec![alarmed.clone()])
    } else {
        outcome
    };
    match outcome {
        Outcome::Impaired(zone) if zone == alarmed => Ok((zone, false)),
        Outcome::Impaired(_) | Outcome::Well => Err(HoldCode::EvidenceContradictsAlarm(alarmed)),
        Outcome::CannotTell(_) | Outcome::Silent(_) if case.without_evidence == Without::Act => {
            Ok((alarmed, true))
        }
        other => Err(HoldCode::Counts(other)),
    }
}

/// What makes leaving this zone dangerous.
fn obstacle(case: &Case, zones: &BTreeMap<ZoneId, ZoneFinding>, zone: &ZoneId) -> Option<HoldCode> {
    let shifted = case.situation.shifted_away_from.as_ref();
    if let Some(other) = shifted.filter(|shifted| *shifted != zone) {
        return Some(HoldCode::OtherZoneShifted(other.clone()));
    }
    let left = zones
        .iter()
        .filter(|(other, found)| {
            *other != zone
                && found.own.requests > 0.0
                && !found.knowledge.is_silent()
                && found.finding != Finding::Impaired
        })
        .count();
    (left < usize::from(case.min_zones)).then_some(HoldCode::TooFewZones(left))
}
