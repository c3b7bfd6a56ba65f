//! What people and AWS do in a scenario.

use std::fmt;

use domain::ZoneId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arc::{StartInput, Status};
use crate::error::ServiceError;
use crate::stage::CLASSIFIER;
use crate::state::State;

/// Something that somebody does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Act {
    /// A person moves traffic away from a zone by hand.
    Shift {
        /// The zone.
        zone: ZoneId,
    },
    /// A person ends every zonal shift that is in force.
    CancelShifts {},
    /// AWS begins an autoshift.
    BeginAutoshift {
        /// The zone.
        zone: ZoneId,
    },
    /// AWS ends its autoshift.
    EndAutoshift {
        /// The zone.
        zone: ZoneId,
    },
    /// A person gives Evac a command.
    Command {
        /// The command, as in docs/CONFIGURATION.md.
        command: Value,
    },
}

impl Act {
    /// The zone that it names, if it names one.
    #[must_use]
    pub fn zone(&self) -> Option<&ZoneId> {
        match self {
            Self::Shift { zone } | Self::BeginAutoshift { zone } | Self::EndAutoshift { zone } => {
                Some(zone)
            }
            Self::CancelShifts {} | Self::Command { .. } => None,
        }
    }

    /// Does it.
    pub(crate) fn perform(&self, state: &mut State) -> Result<(), ServiceError> {
        let now = state.now();
        match self {
            Self::Shift { zone } => {
                let resources: Vec<String> = state
                    .arc
                    .all_resources()
                    .map(|resource| resource.managed.arn.to_string())
                    .collect();
                for resource in resources {
                    let input = StartInput {
                        resource: &resource,
                        away_from: zone.as_str(),
                        expires_in: "2h",
                        comment: "by hand",
                    };
                    state.arc.start(&input, now)?;
                }
            }
            Self::CancelShifts {} => {
                let shifts = state.arc.shifts().iter();
                let active = shifts.filter(|shift| shift.status == Status::Active);
                let active: Vec<String> = active.map(|shift| shift.id.clone()).collect();
                for id in active {
                    state.arc.cancel(&id, now)?;
                }
            }
            Self::BeginAutoshift { zone } => state.arc.start_autoshift(zone, now),
            Self::EndAutoshift { zone } => state.arc.end_autoshift(zone, now),
            Self::Command { command } => {
                let payload = json!({"workload": state.workload, "command": command});
                state.lambda.enqueue(CLASSIFIER, payload, now);
            }
        }
        Ok(())
    }
}

/// What is done, as a sentence.
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shift { zone } => write!(f, "a person moves traffic away from {zone} by hand"),
            Self::CancelShifts {} => write!(f, "a person ends every zonal shift"),
            Self::BeginAutoshift { zone } => {
                write!(f, "AWS decides to move traffic away from {zone}")
            }
            Self::EndAutoshift { zone } => write!(f, "AWS finds {zone} well again"),
            Self::Command { command } => {
                let word = |field: &str| command.get(field).and_then(Value::as_str);
                let action = word("action").unwrap_or("something");
                write!(f, "a person commands: {action}")?;
                match word("zone") {
                    Some(zone) => write!(f, " {zone}"),
                    None => Ok(()),
                }
            }
        }
    }
}
