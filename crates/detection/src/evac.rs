//! Evac at work on an incident: the judgement of `domain`, asked once a minute with the last ten.

use std::collections::BTreeMap;

use domain::ZoneId;
use domain::capacity::Limits;
use domain::event::AlarmState;
use domain::judge::{Case, Counts, Criteria, HoldCode, Minute, Outcome, Situation, classify};
use domain::policy::Without;

use crate::incident::Incident;

/// The first minute that anybody is asked in: before it, the judgement would lack the history that
/// [`Criteria::history`] asks for.
#[must_use]
pub fn asked_from(criteria: &Criteria) -> usize {
    criteria.history() - 1
}

/// What Evac said during an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The first minute and the zone that it would have evacuated.
    pub acted: Option<(usize, usize)>,
    /// Minutes of the fault until then.
    pub fault_minutes: u32,
    /// Those in which it said that it cannot tell.
    pub could_not_tell: u32,
}

/// The zones' names, in the order of their numbers.
fn names(zones: usize) -> Vec<ZoneId> {
    (1..=zones)
        .filter_map(|number| format!("use1-az{number}").parse().ok())
        .collect()
}

/// Shows it the incident minute by minute, until it acts. Where `alarm` is given, the zone's alarm is
/// in ALARM from the fault on and the policy says to act on it where the counts cannot tell.
#[must_use]
pub fn walk(incident: &Incident, criteria: &Criteria, alarm: bool) -> Said {
    let names = names(incident.zones.len());
    let mut case = Case {
        counts: names
            .iter()
            .map(|zone| (zone.clone(), Vec::new()))
            .collect(),
        situation: Situation {
            shifted_away_from: incident.shifted.map(|zone| names[zone].clone()),
            ..Situation::default()
        },
        criteria: criteria.clone(),
        min_zones: 1,
        without_evidence: if alarm { Without::Act } else { Without::Hold },
        // What is asked is what the counts say; whether others could carry the traffic is another thing.
        capacity: Limits {
            without: Without::Act,
            ..Limits::default()
        },
    };
    let mut said = Said::default();
    for minute in 0..incident.minutes() {
        show(&mut case.counts, incident, minute, criteria.history());
        if alarm {
            let state = |zone: usize| {
                if zone == incident.zone && minute >= incident.begins {
                    AlarmState::Alarm
                } else {
                    AlarmState::Ok
                }
            };
            let alarms: BTreeMap<_, _> = names.iter().cloned().zip((0..).map(state)).collect();
            case.situation.zonal_alarms = Some(alarms);
        }
        if minute < asked_from(criteria) {
            continue;
        }
        let ruling = classify(&case);
        if minute >= incident.begins {
            said.fault_minutes += 1;
            let cannot = matches!(
                ruling.verdict,
                Err(HoldCode::Counts(Outcome::CannotTell(_)))
            );
            said.could_not_tell += u32::from(cannot);
        }
        let zone = ruling.verdict.ok();
        let zone = zone.and_then(|zone| names.iter().position(|name| *name == zone));
        // What is shifted already is no news.
        if let Some(zone) = zone.filter(|zone| Some(*zone) != incident.shifted) {
            said.acted = Some((minute, zone));
            return said;
        }
    }
    said
}

fn show(counts: &mut Counts, incident: &Incident, minute: usize, history: usize) {
    for (seen, zone) in counts.values_mut().zip(&incident.zones) {
        if seen.len() == history {
            seen.remove(0);
        }
        seen.push(zone[minute].as_ref().map(|minute| Minute {
            instances: if incident.counts_instances {
                minute.instances.clone()
            } else {
                Vec::new()
            },
            ..*minute
        }));
    }
}
