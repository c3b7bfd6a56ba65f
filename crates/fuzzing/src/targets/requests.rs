//! The requests to zonal-shift and asg-pruning, to the steps that they plan on a state that somebody made
//! up.

use std::collections::{BTreeMap, BTreeSet};

use domain::failure::Failure;
use domain::incident::Marker;
use domain::prune::{self, GroupState, PruneAction, PruneRequest, Record};
use domain::shift::{self, ActiveShift, ResourceReading, ResourceState, ShiftAction, ShiftRequest};
use domain::{IncidentId, ResourceArn, ZoneId};
use serde::Deserialize;
use serde_json::Value;

use super::{assert_helpful, own_account};

/// A request, and what the function would find. A request by itself finds nothing.
#[derive(Deserialize)]
struct Situation {
    request: Value,
    #[serde(default)]
    readings: Vec<Reading>,
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Reading {
    Managed {
        #[serde(default)]
        weights: BTreeMap<String, f64>,
        #[serde(default)]
        shifts: Vec<ActiveShift>,
        #[serde(default)]
        cancelled: Vec<Marker>,
    },
    NotManaged,
    Failed(Failure),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Group {
    subnets: Vec<String>,
    deleting: bool,
    operator: Option<String>,
    native_zonal_shift: bool,
    tags: BTreeMap<String, String>,
    refresh: Option<String>,
    desired: u32,
    in_service: BTreeMap<String, u32>,
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(input) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let situation = Situation::deserialize(&input).unwrap_or_else(|_| Situation {
        request: input,
        readings: Vec::new(),
        groups: Vec::new(),
    });
    let own = own_account();
    match zonal_shift::request::read(&situation.request, &own) {
        Ok(request) => {
            let written = serde_json::to_value(&request).unwrap();
            let again = zonal_shift::request::read(&written, &own);
            assert_eq!(again.as_ref(), Ok(&request));
            check_shift(&request, &situation.readings);
        }
        Err(problems) => assert_helpful(&problems, &[]),
    }
    match asg_pruning::request::read(&situation.request) {
        Ok(request) => {
            let written = serde_json::to_value(&request).unwrap();
            let again = asg_pruning::request::read(&written);
            assert_eq!(again.as_ref(), Ok(&request));
            for group in situation.groups {
                check_prune(&request, &group.into());
            }
        }
        Err(problems) => assert_helpful(&problems, &[]),
    }
}

impl From<&Reading> for ResourceReading {
    fn from(reading: &Reading) -> Self {
        match reading {
            Reading::Managed {
                weights,
                shifts,
                cancelled,
            } => Self::Managed(ResourceState {
                weights: weights.clone(),
                shifts: shifts.clone(),
                cancelled: cancelled.clone(),
            }),
            Reading::NotManaged => Self::NotManaged,
            Reading::Failed(failure) => Self::Failed(failure.clone()),
        }
    }
}

impl From<Group> for GroupState {
    fn from(group: Group) -> Self {
        Self {
            name: "web".to_owned(),
            subnets: group.subnets,
            deleting: group.deleting,
            operator: group.operator,
            native_zonal_shift: group.native_zonal_shift,
            tags: group.tags,
            refresh: group.refresh,
            desired: group.desired,
            in_service: group.in_service,
        }
    }
}

fn check_shift(request: &ShiftRequest, found: &[Reading]) {
    let nothing = Reading::Managed {
        weights: BTreeMap::new(),
        shifts: Vec::new(),
        cancelled: Vec::new(),
    };
    let found = found.iter().chain(std::iter::repeat(&nothing));
    let resources = request.resources.iter().cloned();
    let readings: Vec<(ResourceArn, ResourceReading)> =
        resources.zip(found.map(ResourceReading::from)).collect();
    let steps = shift::plan(request, &readings);
    assert_eq!(steps.len(), readings.len(), "a step for each resource");
    let leaves = |step: &shift::Step| matches!(step, shift::Step::Leave(_));
    if request.dry_run || request.action == ShiftAction::Status {
        assert!(steps.iter().all(leaves), "changes something: {steps:?}");
    }
    let Some(incident) = request.action.incident() else {
        return;
    };
    for ((_, reading), step) in readings.iter().zip(&steps) {
        match step {
            shift::Step::Update { id } | shift::Step::Cancel { id } => {
                let ours = own_shifts(request, incident.zone(), reading);
                assert!(ours.contains(id), "touches {id}, which is not ours");
            }
            shift::Step::Start | shift::Step::Leave(_) => {}
        }
        let cancels = matches!(step, shift::Step::Cancel { .. });
        let may = matches!(request.action, ShiftAction::Cancel { .. });
        assert!(may || !cancels, "cancels without being asked");
    }
    if steps.contains(&shift::Step::Start) {
        assert!(
            matches!(request.action, ShiftAction::Shift { .. }),
            "starts without being asked"
        );
        assert!(
            matches!(readings.first(), Some((_, ResourceReading::Managed(_)))),
            "starts without the lead"
        );
        for (resource, reading) in &readings {
            assert!(
                !matches!(reading, ResourceReading::Failed(_)),
                "starts although {resource} could not be read"
            );
            if let ResourceReading::Managed(state) = reading {
                let away = |shift: &ActiveShift| shift.is_away_from(incident.zone());
                assert!(
                    state.shifts.iter().all(away),
                    "starts although {resource} is away from another zone"
                );
            }
        }
    }
}

/// The ids of this workload's shifts away from a zone.
fn own_shifts(request: &ShiftRequest, zone: &ZoneId, reading: &ResourceReading) -> Vec<String> {
    let ResourceReading::Managed(state) = reading else {
        return Vec::new();
    };
    let shifts = state.shifts.iter();
    let ours =
        shifts.filter(|shift| shift.is_away_from(zone) && shift.ours(&request.workload).is_some());
    ours.filter_map(|shift| shift.id.clone()).collect()
}

fn check_prune(request: &PruneRequest, group: &GroupState) {
    let step = prune::plan(request, group);
    for zone in request.zones.ids() {
        let _ = prune::capacity(group, zone, &request.zones);
    }
    if request.dry_run || request.action == PruneAction::Status {
        assert!(
            matches!(step, prune::Step::Leave(_)),
            "changes something: {step:?}"
        );
    }
    match &step {
        prune::Step::Leave(_) => {}
        prune::Step::Prune {
            record,
            removed,
            remaining,
        } => {
            let PruneAction::Prune { incident } = &request.action else {
                panic!("prunes without being asked");
            };
            assert!(!group.native_zonal_shift && !group.deleting && group.operator.is_none());
            let zone_of = |subnet: &String| request.zones.zone_of_subnet(subnet);
            let left: BTreeSet<&ZoneId> = remaining.iter().filter_map(zone_of).collect();
            assert!(
                left.len() >= usize::from(request.min_zones.max(1)),
                "leaves {} zones",
                left.len()
            );
            assert!(!left.contains(incident.zone()));
            assert!(removed.is_subset(&record.removed), "not on record");
            let after = texts(removed.iter()).chain(remaining.iter().cloned());
            let before: BTreeSet<String> = group.subnets.iter().cloned().collect();
            assert_eq!(after.collect::<BTreeSet<_>>(), before);
            assert_eq!(
                Record::read(&record.to_tags()).as_ref(),
                Ok(&Some(record.clone()))
            );
            check_undone(request, incident, group, &step);
        }
        prune::Step::Restore {
            target,
            added,
            keys,
        } => {
            assert!(
                matches!(request.action, PruneAction::Restore { .. }),
                "restores without being asked"
            );
            assert_eq!(target.is_some(), !added.is_empty());
            if let Some(target) = target {
                assert!(
                    target.starts_with(&group.subnets),
                    "loses what the group has"
                );
                assert_eq!(target.len(), group.subnets.len() + added.len());
            }
            assert!(keys.iter().all(|key| group.tags.contains_key(key)));
        }
    }
}

fn texts<T: ToString>(these: impl Iterator<Item = T>) -> impl Iterator<Item = String> {
    these.map(|this| this.to_string())
}

/// After the prune, another prune finds nothing to do, and the restore gives the group back all that it
/// had.
fn check_undone(
    request: &PruneRequest,
    incident: &IncidentId,
    group: &GroupState,
    step: &prune::Step,
) {
    let prune::Step::Prune {
        record, remaining, ..
    } = step
    else {
        return;
    };
    let mut pruned = group.clone();
    pruned.subnets.clone_from(remaining);
    pruned.tags.extend(record.to_tags());
    let again = prune::plan(request, &pruned);
    assert_eq!(again, prune::Step::Leave(prune::Outcome::AlreadyPruned));
    let restore = PruneRequest {
        action: PruneAction::Restore {
            incident: incident.clone(),
        },
        ..request.clone()
    };
    let prune::Step::Restore {
        target: Some(target),
        keys,
        ..
    } = prune::plan(&restore, &pruned)
    else {
        panic!("what was pruned is not restored");
    };
    let has = |subnet: &String| target.contains(subnet);
    assert!(group.subnets.iter().all(has), "restored without {group:?}");
    pruned.tags.retain(|key, _| !keys.contains(key));
    assert_eq!(Record::read(&pruned.tags), Ok(None), "tags are left");
}
