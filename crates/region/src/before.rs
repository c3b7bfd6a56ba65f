//! What the Region was like before a drill, and how it differs afterwards.
//!
//! Whatever Evac can change is written down to the last detail, the order of a group's subnets included;
//! so are the states of the alarms and the instances in service. Left out is what only tells of the
//! past: which instances they are, activities, shifts that have ended.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use domain::SubnetId;

use crate::state::State;

/// What the Region is like, each detail by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Before {
    details: BTreeMap<String, String>,
}

impl Before {
    /// What the Region is like now.
    pub(crate) fn of(state: &State) -> Self {
        let mut details = BTreeMap::new();
        let mut note = |of: String, what: &str, value: &dyn Debug| {
            details.insert(format!("{what} of {of}"), format!("{value:?}"));
        };
        for group in state.auto_scaling.groups() {
            let name = || format!("group {}", group.name);
            let subnets: Vec<&str> = group.subnets.iter().map(SubnetId::as_str).collect();
            note(name(), "subnets", &subnets);
            note(name(), "zones", &group.zone_names);
            note(name(), "tags", &group.tags);
            note(name(), "propagated tags", &group.propagated);
            note(name(), "sizes", &(group.min, group.desired, group.max));
            note(name(), "target groups", &group.target_groups);
            note(name(), "zonal shift", &(group.zonal_shift, group.impaired));
            note(name(), "suspended processes", &group.suspended);
            note(name(), "deletion", &group.deleting);
            let in_service: BTreeMap<&str, usize> = group
                .counts
                .iter()
                .map(|(zone, counts)| (zone.as_str(), counts.in_service))
                .collect();
            note(name(), "instances in service", &in_service);
        }
        for resource in state.arc.all_resources() {
            let name = || format!("resource {}", resource.managed.name);
            note(name(), "traffic", &resource.applied);
            let active = (resource.shifts.len(), resource.autoshifts.len());
            note(name(), "active shifts and autoshifts", &active);
            note(name(), "practice", &resource.practice);
        }
        for (alarm, alarm_state) in state.cloudwatch.states() {
            note(format!("alarm {alarm}"), "state", &alarm_state);
        }
        Self { details }
    }

    /// Each detail that is not as it was, with both values.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.details.keys().chain(now.details.keys()).collect();
        let value = |of: &Self, name: &str| {
            let value = of.details.get(name);
            value.map_or("nothing".to_owned(), Clone::clone)
        };
        names
            .into_iter()
            .filter(|name| self.details.get(*name) != now.details.get(*name))
            .map(|name| {
                format!(
                    "not as before: {name} was {} and is {}",
                    value(self, name),
                    value(now, name)
                )
            })
            .collect()
    }
}
