//! What follows from a verdict.

use serde::{Deserialize, Serialize};

use crate::incident::IncidentId;

/// What is to be done, in order; each step is idempotent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Plan {
    /// Nothing.
    Nothing,
    /// Shift traffic away, then prune.
    Evacuate(Evacuation),
    /// Restore the groups, wait for capacity, then end the shift.
    FailBack(FailBack),
}

impl Plan {
    /// Whether it rehearses, if there is anything to do.
    #[must_use]
    pub fn is_drill(&self) -> Option<bool> {
        match self {
            Self::Nothing => None,
            Self::Evacuate(evacuation) => Some(evacuation.drill),
            Self::FailBack(fail_back) => Some(fail_back.drill),
        }
    }
}

/// The steps of an evacuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evacuation {
    /// The incident; it names the zone.
    pub incident: IncidentId,
    /// Whether there is anything to shift.
    pub shift: bool,
    /// Whether our shift is to last longer, because it would end soon.
    pub renew: bool,
    /// Whether groups are pruned once the shift is in effect.
    pub prune: bool,
    /// Whether this rehearses.
    pub drill: bool,
    /// Whether every mutating call is left out.
    pub dry_run: bool,
}

/// The steps of a fail-back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailBack {
    /// The incident; it names the zone.
    pub incident: IncidentId,
    /// Whether a shift of ours is in force.
    pub shift: bool,
    /// Whether the shift says already that the fail-back has begun.
    pub begun: bool,
    /// Whether there are groups to restore.
    pub restore: bool,
    /// Whether this rehearses.
    pub drill: bool,
    /// Whether every mutating call is left out.
    pub dry_run: bool,
}
