//! The definition of a workload, to the requests that are made of it.

use domain::IncidentId;
use domain::definition;
use domain::prune::{self, PruneAction, PruneRequest};
use domain::shift::{self, ShiftAction, ShiftRequest};
use domain::workload::Workload;
use serde_json::Value;

use super::{assert_helpful, now};

pub(crate) fn run(bytes: &[u8]) {
    let Ok(definition) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    match definition::read("workload", &definition) {
        Ok(workload) => check(&workload),
        Err(problems) => assert_helpful(&problems, &["workload"]),
    }
}

/// Whatever a definition may say is understood by the functions that have to carry it out: nobody finds
/// out half-way through an evacuation.
fn check(workload: &Workload) {
    for zone in workload.zones.ids() {
        let incident = IncidentId::new(&workload.name, zone, now());
        check_shift(workload, &incident);
        check_prune(workload, &incident);
    }
    if let Some(source) = &workload.evidence {
        let queries = domain::evidence::queries(source, &workload.zones);
        assert!(!queries.is_empty(), "evidence that asks for nothing");
    }
}

fn check_shift(workload: &Workload, incident: &IncidentId) {
    let Some(lead) = workload.resources.first() else {
        return;
    };
    let own = lead.account();
    if definition::check_account("workload", workload, &own).is_err() {
        return;
    }
    let action = match &workload.policy.expires_in {
        Some(expires_in) => ShiftAction::Shift {
            incident: incident.clone(),
            expires_in: expires_in.clone(),
        },
        None => ShiftAction::Cancel {
            incident: incident.clone(),
        },
    };
    let request = ShiftRequest {
        schema: shift::REQUEST_SCHEMA.to_owned(),
        workload: workload.name.clone(),
        resources: workload.resources.clone(),
        drill: false,
        dry_run: false,
        action,
    };
    let written = serde_json::to_value(&request).unwrap();
    assert_eq!(zonal_shift::request::read(&written, &own), Ok(request));
}

fn check_prune(workload: &Workload, incident: &IncidentId) {
    let Some(groups) = &workload.groups else {
        return;
    };
    let request = PruneRequest {
        schema: prune::REQUEST_SCHEMA.to_owned(),
        workload: workload.name.clone(),
        zones: workload.zones.clone(),
        groups: groups.clone(),
        min_zones: workload.policy.min_zones,
        drill: false,
        dry_run: false,
        action: PruneAction::Prune {
            incident: incident.clone(),
        },
    };
    let written = serde_json::to_value(&request).unwrap();
    assert_eq!(asg_pruning::request::read(&written), Ok(request));
}
