//! Observations and verdicts as they stand on a line. Unknown fields are refused: a misspelt one must
//! not become its default without a word.

use std::collections::BTreeMap;

use domain::capacity::Limits;
use domain::event::AlarmState;
use domain::judge::{Case, CriteriaDefinition, InstanceMinute, Minute, Ruling, Situation};
use domain::policy::Without;
use domain::{ZoneId, ZoneName};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ObservationLine {
    id: String,
    #[serde(default)]
    policy: PolicyPart,
    zones: BTreeMap<ZoneId, ZonePart>,
    regional_alarm: Option<RegionalState>,
    zonal_alarms: Option<BTreeMap<ZoneId, ZonalState>>,
    shifted_away_from: Option<ZoneId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZonePart {
    #[serde(rename = "name")]
    _name: ZoneName,
    minutes: Vec<Option<MinutePart>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MinutePart {
    requests: u64,
    faults: u64,
    slow: u64,
    healthy_hosts: Option<u64>,
    #[serde(default)]
    instances: Vec<InstancePart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstancePart {
    id: String,
    requests: u64,
    faults: u64,
    slow: u64,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RegionalState {
    Ok,
    Alarm,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ZonalState {
    Ok,
    Alarm,
    InsufficientData,
}

impl From<ZonalState> for AlarmState {
    fn from(state: ZonalState) -> Self {
        match state {
            ZonalState::Ok => Self::Ok,
            ZonalState::Alarm => Self::Alarm,
            ZonalState::InsufficientData => Self::InsufficientData,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyPart {
    #[serde(default)]
    criteria: CriteriaDefinition,
    min_zones: Option<u8>,
    without_evidence: Option<Without>,
}

/// Zones that must be left where the policy does not say: an observation may be of two zones.
const MIN_ZONES: u8 = 1;

/// Reads a line: its id, and what is to be classified.
pub(super) fn read(line: &[u8]) -> Result<(String, Case), String> {
    let observation: ObservationLine =
        serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let policy = observation.policy;
    let case = Case {
        capacity: Limits::default(),
        criteria: policy
            .criteria
            .check("policy.criteria")
            .map_err(|error| error.to_string())?,
        min_zones: policy.min_zones.unwrap_or(MIN_ZONES),
        without_evidence: policy.without_evidence.unwrap_or_default(),
        situation: Situation {
            regional_alarm: observation.regional_alarm == Some(RegionalState::Alarm),
            zonal_alarms: observation.zonal_alarms.map(|alarms| {
                alarms
                    .into_iter()
                    .map(|(zone, state)| (zone, state.into()))
                    .collect()
            }),
            shifted_away_from: observation.shifted_away_from,
        },
        counts: observation
            .zones
            .into_iter()
            .map(|(zone, part)| {
                (
                    zone,
                    part.minutes.into_iter().map(|m| m.map(minute)).collect(),
                )
            })
            .collect(),
    };
    Ok((observation.id, case))
}

fn minute(part: MinutePart) -> Minute {
    let instance = |part: InstancePart| InstanceMinute {
        id: part.id,
        requests: part.requests,
        faults: part.faults,
        slow: part.slow,
    };
    Minute {
        requests: part.requests,
        faults: part.faults,
        slow: part.slow,
        healthy_hosts: part.healthy_hosts,
        instances: part.instances.into_iter().map(instance).collect(),
    }
}

/// A line that is no observation.
#[derive(Serialize)]
pub(super) struct Refusal {
    pub(super) line: usize,
    pub(super) error: String,
}

#[derive(Serialize)]
pub(super) struct VerdictLine<'a> {
    id: &'a str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<&'a ZoneId>,
    reason: &'static str,
    sentence: String,
    zones: BTreeMap<&'a ZoneId, Numbers>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    knowledge: &'static str,
    finding: &'static str,
    minutes: usize,
    requests: f64,
    bad: f64,
    fraction: f64,
    elsewhere: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deviations: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispersion: Option<f64>,
}

/// A ruling as a line.
pub(super) fn verdict<'a>(id: &'a str, ruling: &'a Ruling) -> VerdictLine<'a> {
    let zones = ruling.zones.iter().map(|(zone, found)| {
        let numbers = Numbers {
            knowledge: found.knowledge.code(),
            finding: found.finding.code(),
            minutes: found.minutes,
            requests: found.own.requests,
            bad: found.own.bad,
            fraction: found.own.fraction(),
            elsewhere: found.elsewhere.fraction(),
            probability: found.probability,
            deviations: found.deviations,
            dispersion: found.dispersion,
        };
        (zone, numbers)
    });
    VerdictLine {
        id,
        verdict: if ruling.verdict.is_ok() {
            "evacuate"
        } else {
            "hold"
        },
        zone: ruling.zone(),
        reason: ruling.code(),
        sentence: ruling.to_string(),
        zones: zones.collect(),
    }
}
