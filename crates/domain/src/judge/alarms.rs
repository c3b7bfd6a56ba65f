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
use crate::capacity::{Limits, Shortage, shortage};
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
    /// What the zones that stay must be able to take.
    pub capacity: Limits,
}

/// Why nothing is to change.
#[derive(Clone, Debug, PartialEq)]
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
    /// The zones that stay cannot be expected to carry the traffic.
    TooLittleCapacity(Shortage),
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
    /// What the zones that stay lack, where the policy says to act all the same.
    pub warning: Option<Shortage>,
    /// Of each zone.
    pub zones: BTreeMap<ZoneId, ZoneFinding>,
}

/// Classifies a case.
#[must_use]
pub fn classify(case: &Case) -> Ruling {
    let shifted = case.situation.shifted_away_from.as_ref();
    let judgement = judge(&case.counts, shifted, &case.criteria);
    let (verdict, on_alarm_alone, warning) = match candidate(case, &judgement) {
        Ok((zone, alone)) => match obstacle(case, &judgement, &zone, alone) {
            Ok(warning) => (Ok(zone), alone, warning),
            Err(hold) => (Err(hold), false, None),
        },
        Err(hold) => (Err(hold), false, None),
    };
    Ruling {
        verdict,
        on_alarm_alone,
        warning,
        zones: judgement.zones,
    }
}

/// The zone that alarms and counts agree on, and whether the alarm alone does.
fn candidate(case: &Case, judgement: &Judgement) -> Result<(ZoneId, bool), HoldCode> {
    if case.situation.regional_alarm {
        return Err(HoldCode::RegionalAlarm);
    }
    let outcome = &judgement.outcome;
    let Some(alarms) = &case.situation.zonal_alarms else {
        return match outcome {
            Outcome::Impaired(zone) => Ok((zone.clone(), false)),
            other => Err(HoldCode::Counts(other.clone())),
        };
    };
    let alarmed: Vec<ZoneId> = alarms
        .iter()
        .filter(|(_, state)| **state == AlarmState::Alarm)
        .map(|(zone, _)| zone.clone())
        .collect();
    let alarmed = match alarmed.as_slice() {
        [] if matches!(outcome, Outcome::Impaired(_)) => return Err(HoldCode::NoZonalAlarm),
        [] => return Err(HoldCode::Counts(outcome.clone())),
        [zone] => zone.clone(),
        _ => return Err(HoldCode::SeveralAlarms(alarmed)),
    };
    let outcome = judgement.outcome_for(&alarmed);
    match outcome.agreement(&alarmed) {
        Agreement::Proven => Ok((alarmed, false)),
        Agreement::Contradicted => Err(HoldCode::EvidenceContradictsAlarm(alarmed)),
        Agreement::CannotTell if case.without_evidence == Without::Act => Ok((alarmed, true)),
        Agreement::CannotTell | Agreement::NotProven => Err(HoldCode::Counts(outcome)),
    }
}

/// What counts say to the alarm of one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The same: this zone is impaired, and it alone.
    Proven,
    /// The contrary: all is well, or it is another zone.
    Contradicted,
    /// Nothing, for want of requests or of data.
    CannotTell,
    /// Not the same: the outcome says what else it may be.
    NotProven,
}

impl Outcome {
    /// What this says to the alarm of a zone.
    #[must_use]
    pub fn agreement(&self, alarmed: &ZoneId) -> Agreement {
        match self {
            Self::Impaired(zone) if zone == alarmed => Agreement::Proven,
            Self::Impaired(_) | Self::Well => Agreement::Contradicted,
            Self::CannotTell(_) | Self::Silent(_) => Agreement::CannotTell,
            Self::Unproven(_) | Self::SeveralZones(_) | Self::Regional(_) | Self::Blind(_) => {
                Agreement::NotProven
            }
        }
    }
}

/// What makes leaving this zone dangerous; or else what is to be said beside.
fn obstacle(
    case: &Case,
    judgement: &Judgement,
    zone: &ZoneId,
    alone: bool,
) -> Result<Option<Shortage>, HoldCode> {
    let shifted = case.situation.shifted_away_from.as_ref();
    if let Some(other) = shifted.filter(|shifted| *shifted != zone) {
        return Err(HoldCode::OtherZoneShifted(other.clone()));
    }
    // Where the counts cannot tell, they do not tell which zones serve either.
    let left = if alone {
        judgement
            .zones
            .keys()
            .filter(|other| *other != zone)
            .count()
    } else {
        judgement.serving_without(zone)
    };
    if left < usize::from(case.min_zones) {
        return Err(HoldCode::TooFewZones(left));
    }
    match shortage(
        &case.counts,
        zone,
        case.criteria.min_requests,
        &case.capacity,
    ) {
        Some(shortage) if case.capacity.without == Without::Hold => {
            Err(HoldCode::TooLittleCapacity(shortage))
        }
        warning => Ok(warning),
    }
}

impl Judgement {
    /// The outcome as an answer to the alarm of a zone: that the other zones are well says nothing of
    /// one that cannot be judged.
    #[must_use]
    pub fn outcome_for(&self, alarmed: &ZoneId) -> Outcome {
        let unknown = self.zones.get(alarmed).is_none_or(|found| {
            found.knowledge == Knowledge::TooFewRequests || found.knowledge.is_silent()
        });
        match &self.outcome {
            Outcome::Well if unknown => Outcome::CannotTell(vec![alarmed.clone()]),
            outcome => outcome.clone(),
        }
    }

    /// How many other zones are known to serve, and not to be impaired.
    #[must_use]
    pub fn serving_without(&self, zone: &ZoneId) -> usize {
        let serves = |found: &ZoneFinding| {
            found.own.requests > 0.0
                && !found.knowledge.is_silent()
                && found.finding != Finding::Impaired
        };
        let others = self.zones.iter().filter(|(other, _)| *other != zone);
        others.filter(|(_, found)| serves(found)).count()
    }
}
