//! What follows from a verdict.

use serde::{Deserialize, Serialize};

use crate::incident::{IncidentId, Phase};

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
    /// Whether our shift is written anew, so that it lasts its full time and says the phase: it would
    /// end soon, or says another phase.
    pub renew: bool,
    /// The phase that our shift is to say.
    pub phase: Phase,
    /// Whether people have to be told that the zone looks well, or does not any more.
    pub tell_outlook: bool,
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
    /// Whether the shift says the phase already.
    pub begun: bool,
    /// The phase that our shift is to say: fail-back, or a trial, in which traffic stays away.
    pub phase: Phase,
    /// Whether there are groups to restore.
    pub restore: bool,
    /// Whether this rehearses.
    pub drill: bool,
    /// Whether every mutating call is left out.
    pub dry_run: bool,
}
