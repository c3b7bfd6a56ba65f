//! What a workload's owners allow Evac to do, and when.

use serde::{Deserialize, Serialize};

use crate::capacity::Limits;
use crate::duration::{ShiftDuration, Span};
use crate::judge::Criteria;

/// How far Evac goes by itself.
///
/// The default is [`Mode::Observe`]: automation earns trust first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Decide and notify; change nothing.
    #[default]
    Observe,
    /// Move traffic (data plane), leave Auto Scaling alone.
    Shift,
    /// Move traffic, then take the zone's subnets out of the Auto Scaling groups.
    Evacuate,
}

impl Mode {
    /// The word in a definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Shift => "shift",
            Self::Evacuate => "evacuate",
        }
    }
}

/// Who ends an evacuation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailBackMode {
    /// A person, with the command that Evac's message names.
    #[default]
    Manual,
    /// Evac, on proof that the zone is well.
    Automatic,
}

/// What to do when something that a decision should rest on is missing.
///
/// The default never moves traffic; to act on less is the owners' own decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Without {
    /// Act on what there is.
    Act,
    /// Hold, and tell people.
    #[default]
    Hold,
}

/// A workload's policy, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How far Evac goes by itself.
    pub mode: Mode,
    /// How long a shift lasts unless it is extended. There is no default: `None` only in mode
    /// `observe`, which starts none.
    pub expires_in: Option<ShiftDuration>,
    /// Zones that must be left, of the workload and of each group.
    pub min_zones: u8,
    /// Who ends an evacuation.
    pub fail_back: FailBackMode,
    /// How long the alarm must have been OK, and the zone proven well, before fail-back.
    pub stable_for: Span,
    /// How far back evacuations of the same zone are counted.
    pub flap_window: Span,
    /// After more earlier evacuations of the same zone than this within the window, the zone is not
    /// failed back but by a person.
    pub max_flaps: u16,
    /// What to do when only alarms speak: no evidence is configured, or there is none in time.
    pub without_evidence: Without,
    /// What to do when CloudWatch does not tell the alarms' states in time, and only the event of
    /// one alarm is known: whether other zones or the Region are in ALARM is not.
    pub without_alarms: Without,
    /// How old an alarm's event may be when the alarm itself cannot be read.
    pub stale_after: Span,
    /// The workload has no load balancer in front (it reads a queue): groups may be pruned without
    /// a shift.
    pub nothing_to_shift: bool,
    /// The numbers of the judgement of counts.
    pub criteria: Criteria,
    /// What the zones that stay must be able to take.
    pub capacity: Limits,
}

impl Policy {
    /// [`Policy::stable_for`] in minutes, rounded up.
    #[must_use]
    pub fn stable_minutes(&self) -> usize {
        let seconds = u64::try_from(self.stable_for.length().as_secs()).unwrap_or_default();
        usize::try_from(seconds.div_ceil(60)).unwrap_or(1).max(1)
    }
}

/// The default of [`Policy::min_zones`]: one zone alone has no zone to fail over to.
pub const DEFAULT_MIN_ZONES: u8 = 2;

/// The default of [`Policy::stable_for`] in minutes.
pub const DEFAULT_STABLE_MINUTES: u16 = 15;

/// The default of [`Policy::flap_window`] in hours.
pub const DEFAULT_FLAP_HOURS: u16 = 24;

/// The default of [`Policy::max_flaps`]: a zone may fail again once.
pub const DEFAULT_MAX_FLAPS: u16 = 1;

/// The default of [`Policy::stale_after`] in minutes: Lambda's retries and a short disruption of
/// EventBridge fit in, a decision from another time does not.
pub const DEFAULT_STALE_MINUTES: u16 = 15;
