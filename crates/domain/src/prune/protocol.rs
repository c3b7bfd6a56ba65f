//! The request and the answer of asg-pruning, as JSON.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::failure::{Class, Failure};
use crate::incident::IncidentId;
use crate::name::WorkloadName;
use crate::subnet::SubnetId;
use crate::workload::{GroupSelector, ZoneMap};

/// The version of the request.
pub const REQUEST_SCHEMA: &str = "evac.asg-pruning.request/1";
/// The version of the answer.
pub const ANSWER_SCHEMA: &str = "evac.asg-pruning.answer/1";

/// What asg-pruning is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneRequest {
    /// [`REQUEST_SCHEMA`].
    pub schema: String,
    /// The workload that asks.
    pub workload: WorkloadName,
    /// The workload's zones with their subnets.
    pub zones: ZoneMap,
    /// The workload's groups.
    pub groups: GroupSelector,
    /// Zones that each group must keep; at least 1.
    pub min_zones: u8,
    /// Whether this rehearses instead of helping.
    #[serde(default)]
    pub drill: bool,
    /// Read and plan, but change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// What to do.
    #[serde(flatten)]
    pub action: PruneAction,
}

/// The three things that asg-pruning does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "action",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum PruneAction {
    /// Take the subnets of the incident's zone out of every group.
    Prune {
        /// The incident; it names the zone.
        incident: IncidentId,
    },
    /// Put back what was removed for the incident's zone.
    Restore {
        /// The incident; it names the zone.
        incident: IncidentId,
    },
    /// Only look.
    Status,
}

impl PruneAction {
    /// The incident, where there is one.
    #[must_use]
    pub fn incident(&self) -> Option<&IncidentId> {
        match self {
            Self::Prune { incident } | Self::Restore { incident } => Some(incident),
            Self::Status => None,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Prune { .. } => "prune",
            Self::Restore { .. } => "restore",
            Self::Status => "status",
        }
    }
}

/// What asg-pruning found and did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneAnswer {
    /// [`ANSWER_SCHEMA`].
    pub schema: String,
    /// The word of the action.
    pub action: String,
    /// The incident, where the action has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentId>,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
    /// Per group that was reached.
    pub groups: Vec<GroupReport>,
    /// What was not reached before the deadline; the tick goes on with it.
    #[serde(default, skip_serializing_if = "NotReached::is_nothing")]
    pub not_reached: NotReached,
}

impl PruneAnswer {
    /// What failed, with the group.
    pub fn failures(&self) -> impl Iterator<Item = (&str, Failure)> {
        self.groups
            .iter()
            .filter_map(|report| match &report.outcome {
                Outcome::Failed { class, message } => {
                    Some((report.group.as_str(), Failure::new(*class, message.clone())))
                }
                _ => None,
            })
    }

    /// What was refused, with the group.
    pub fn refusals(&self) -> impl Iterator<Item = (&str, &Refusal)> {
        self.groups
            .iter()
            .filter_map(|report| match &report.outcome {
                Outcome::Refused { refusal } => Some((report.group.as_str(), refusal)),
                _ => None,
            })
    }

    /// What is wrong with the selector: the groups that it names and Auto Scaling does not have.
    pub fn missing(&self) -> impl Iterator<Item = String> {
        self.groups
            .iter()
            .filter_map(|report| match &report.outcome {
                Outcome::Failed {
                    class: Class::NotFound,
                    message,
                } => Some(message.clone()),
                _ => None,
            })
    }

    /// Whether anything was changed.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.groups.iter().any(|report| {
            matches!(
                report.outcome,
                Outcome::Pruned { .. } | Outcome::Restored { .. }
            )
        })
    }

    /// Whether every group was reached, and each with a share in the zone has the capacity for it.
    #[must_use]
    pub fn capacity_ready(&self) -> bool {
        self.not_reached.is_nothing()
            && self.groups.iter().all(|report| {
                report.capacity.is_none_or(Capacity::is_ready)
                    && !matches!(report.outcome, Outcome::Failed { .. })
            })
    }
}

/// What the deadline cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotReached {
    /// Groups that were listed and not acted on.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether there are groups that were not even listed.
    #[serde(default)]
    pub more: bool,
}

impl NotReached {
    /// Whether everything was reached.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.groups.is_empty() && !self.more
    }
}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = match self.groups.len() {
            0 => None,
            1 => Some("1 listed group".to_owned()),
            listed => Some(format!("{listed} listed groups")),
        };
        match (listed, self.more) {
            (Some(listed), true) => write!(f, "{listed} and further groups"),
            (Some(listed), false) => f.write_str(&listed),
            (None, true) => f.write_str("further groups"),
            (None, false) => f.write_str("no group"),
        }
    }
}

/// What asg-pruning found of one group, and did to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupReport {
    /// The group's name.
    pub group: String,
    /// What was done.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What a record on the group says was removed, as read first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned_for: Option<PrunedFor>,
    /// Instances in the incident's zone, where the action concerns a zone and the group has a share
    /// there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Why the group could not be pruned of one zone or another, where it was only looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<Refusal>,
}

/// What a group is pruned for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrunedFor {
    /// The incident.
    pub incident: IncidentId,
    /// Whether that is a rehearsal.
    pub drill: bool,
}

impl From<Record> for PrunedFor {
    fn from(record: Record) -> Self {
        Self {
            incident: record.incident,
            drill: record.drill,
        }
    }
}

/// Instances of a group in one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// Instances in service in the zone.
    pub in_service: u32,
    /// The zone's even share of the desired capacity, rounded down.
    pub expected: u32,
}

impl Capacity {
    /// Whether the zone has its share.
    #[must_use]
    pub fn is_ready(self) -> bool {
        self.in_service >= self.expected
    }
}

/// What became of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "outcome",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Outcome {
    /// The zone's subnets were taken out.
    Pruned {
        /// What was taken out.
        removed: BTreeSet<SubnetId>,
        /// What is left, as read back.
        remaining: Vec<String>,
    },
    /// The zone's subnets were taken out before.
    AlreadyPruned,
    /// The record's subnets are back, and the record is gone.
    Restored {
        /// What was put back; empty where everything was there already.
        added: BTreeSet<SubnetId>,
    },
    /// There is no record of Evac on the group, so there is nothing to put back.
    NotPruned,
    /// The group has no subnet in the zone.
    NothingInZone,
    /// The group has native zonal shift enabled: it is shifted through ARC, not pruned.
    NativeShift,
    /// The group is left as it is, for a reason that a person can change.
    Refused {
        /// The reason.
        refusal: Refusal,
    },
    /// Without `dryRun` this would have been done: `prune` or `restore`.
    Would {
        /// The word of the step.
        step: String,
    },
    /// The group was only looked at.
    Read,
    /// The group could not be read or changed.
    Failed {
        /// The class of the failure.
        class: Class,
        /// What failed.
        message: String,
    },
}

/// Why a group is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "reason",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Refusal {
    /// The group is being deleted.
    BeingDeleted,
    /// Another service manages the group and lets nobody else change it.
    ManagedByOperator {
        /// The service's principal.
        principal: String,
    },
    /// The group names zones instead of subnets.
    ZonesWithoutSubnets,
    /// An instance refresh is in progress: pruning would churn the same instances twice.
    InstanceRefresh {
        /// The refresh's status.
        status: String,
    },
    /// The group has subnets that the workload does not list, so their zones are not known.
    UnlistedSubnets {
        /// The subnets.
        subnets: Vec<String>,
    },
    /// Too few zones would be left.
    TooFewZones {
        /// Zones that would be left.
        left: u8,
        /// Zones that must be left.
        min_zones: u8,
    },
    /// Evac removed another zone from the group, and that has not been restored.
    PrunedForAnotherIncident {
        /// That incident.
        incident: IncidentId,
    },
    /// The group has no room for the tags of the record.
    TooManyTags {
        /// Tags that the group has.
        tags: u8,
    },
    /// The record on the group cannot be read.
    UnreadableRecord {
        /// What is wrong, and what to do.
        problem: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeingDeleted => write!(f, "it is being deleted"),
            Self::ManagedByOperator { principal } => {
                write!(f, "{principal} manages it and lets nobody else change it")
            }
            Self::ZonesWithoutSubnets => {
                write!(f, "it names zones instead of subnets; give it subnets")
            }
            Self::InstanceRefresh { status } => write!(
                f,
                "an instance refresh is in progress ({status}); wait for it or cancel it"
            ),
            Self::UnlistedSubnets { subnets } => {
                write!(
                    f,
                    "its subnets {} are not listed; add them to workload.zones under their zone",
                    subnets.join(", ")
                )
            }
            Self::TooFewZones { left, min_zones } => {
                let zones = if *left == 1 { "zone" } else { "zones" };
                write!(f, "{left} {zones} would be left, and {min_zones} must be")
            }
            Self::PrunedForAnotherIncident { incident } => {
                write!(f, "it is still pruned for {incident}; restore that first")
            }
            Self::TooManyTags { tags } => write!(
                f,
                "it has {tags} tags of 50, too many for the record of what is removed; delete some"
            ),
            Self::UnreadableRecord { problem } => f.write_str(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident() -> IncidentId {
        "wildrydes/use1-az1/20261124T092000Z".parse().unwrap()
    }

    #[test]
    fn an_action_goes_by_its_word_in_json_and_names_its_incident() {
        let prune = PruneAction::Prune {
            incident: incident(),
        };
        let restore = PruneAction::Restore {
            incident: incident(),
        };
        for action in [prune, restore, PruneAction::Status] {
            let json = serde_json::to_value(&action).unwrap();
            assert_eq!(json["action"], action.name());
            let named = json.get("incident").cloned();
            let incident = action
                .incident()
                .map(|incident| incident.to_string().into());
            assert_eq!(named, incident);
        }
    }

    #[test]
    fn only_what_was_pruned_or_restored_has_changed() {
        let changed = |outcome: Outcome| {
            let report = |outcome| GroupReport {
                group: "web".to_owned(),
                outcome,
                pruned_for: None,
                capacity: None,
                obstacles: Vec::new(),
            };
            let answer = PruneAnswer {
                schema: ANSWER_SCHEMA.to_owned(),
                action: "prune".to_owned(),
                incident: Some(incident()),
                dry_run: false,
                groups: vec![report(Outcome::NothingInZone), report(outcome)],
                not_reached: NotReached::default(),
            };
            answer.changed()
        };
        assert!(changed(Outcome::Pruned {
            removed: BTreeSet::new(),
            remaining: Vec::new(),
        }));
        assert!(changed(Outcome::Restored {
            added: BTreeSet::new(),
        }));
        for outcome in [Outcome::AlreadyPruned, Outcome::Read, Outcome::NotPruned] {
            assert!(!changed(outcome));
        }
    }

    #[test]
    fn what_was_not_reached_is_told_in_words() {
        let told = |groups: usize, more| {
            let groups = vec!["web".to_owned(); groups];
            NotReached { groups, more }.to_string()
        };
        assert_eq!(told(0, false), "no group");
        assert_eq!(told(0, true), "further groups");
        assert_eq!(told(1, false), "1 listed group");
        assert_eq!(told(2, true), "2 listed groups and further groups");
    }

    #[test]
    fn a_single_zone_is_no_zones() {
        let told = |left| Refusal::TooFewZones { left, min_zones: 2 }.to_string();
        assert_eq!(told(1), "1 zone would be left, and 2 must be");
        assert_eq!(told(0), "0 zones would be left, and 2 must be");
    }
}
