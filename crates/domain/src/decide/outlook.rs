//! Whether an evacuated zone is well again, and who may end its evacuation.
//!
//! # The policy, and why
//!
//! **Its alarm has to have been OK for `stableFor`,** and to have gone off in this incident at all. A
//! zone that a person left although its alarm was OK is the person's to return to: nothing that Evac
//! sees can have changed the person's mind.
//!
//! **The zone has to have been watched all that time, and seen to be well** ([`crate::judge::proof`]).
//! After a shift its alarm turns OK because nobody is there any more.
//!
//! **Where nothing is left to answer, capacity returns on trial.** A zone whose groups are pruned answers
//! nobody, so no canary can see it well. There, once its alarm has been OK for long enough, capacity comes
//! back while traffic stays away: a trial. Traffic follows if the zone is seen to be well with it. If it
//! is not, or its alarm goes off, it is pruned again, and the next trial waits until the incident is
//! twice as old: a trial takes capacity from the zones that carry the traffic. Where a person ends the
//! evacuation there is no trial, and none while a resource that may be shifted is not.
//!
//! **A zone that keeps failing is left to people.** Each return into a zone that fails again costs
//! customers as much as the first failure did. So after more evacuations within `flapWindow` than
//! `maxFlaps` it stays evacuated until a person says otherwise. The damping is on the return and never
//! on the evacuation: customers who are hurt again are helped again.
//!
//! **AWS knows more.** While an autoshift keeps traffic away from the zone, AWS takes it for impaired,
//! whatever our canary sees.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Case;
use crate::duration::Span;
use crate::event::AlarmState;
use crate::failure::Failure;
use crate::incident::{IncidentId, Phase};
use crate::judge::{Doubt, Proof, proof};
use crate::observation::Evidence;
use crate::policy::FailBackMode;
use crate::shift::ShiftKind;
use crate::verdict::clock;
use crate::zone::ZoneId;

/// So many minutes a trial has for its capacity to come.
const FOR_CAPACITY: u32 = 30;

/// A trial is made again when the incident is so many times as old as it was when the last one ended.
const BACK_OFF: u32 = 2;

/// How an evacuated zone looks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outlook {
    /// Its alarm is not OK.
    Impaired,
    /// Its alarm is OK, and nothing proves that the zone is well.
    Unproven(Unproven),
    /// It is proven to be well.
    Well(Proof),
}

impl Outlook {
    /// Whether the zone is worse than somebody was told who was told that it looks well. That nothing
    /// is seen of it says nothing new.
    pub(super) fn is_worse(&self) -> bool {
        matches!(
            self,
            Self::Impaired
                | Self::Unproven(
                    Unproven::Unsettled { .. }
                        | Unproven::Doubted {
                            doubt: Doubt::Bad { .. }
                        }
                )
        )
    }
}

/// Why nothing proves that a zone is well whose alarm is OK.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Unproven {
    /// Its alarm was OK before the evacuation already, which therefore is a person's.
    Commanded,
    /// Its alarm has not been OK for long enough.
    Unsettled {
        /// Since when, where CloudWatch tells.
        ok_since: Option<Timestamp>,
        /// How long it has to be.
        stable_for: Span,
    },
    /// The workload has neither a canary nor evidence.
    NotWatched,
    /// What watches the zone could not be asked.
    Unavailable {
        /// What failed.
        failure: Failure,
    },
    /// Its groups are pruned, so nothing in it can answer.
    WithoutCapacity {
        /// What was seen.
        doubt: Doubt,
    },
    /// What was seen of the zone is no proof.
    Doubted {
        /// Why not.
        doubt: Doubt,
    },
}

/// As a clause for people.
impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commanded => write!(
                f,
                "its alarm was OK before the evacuation, so whoever commanded it ends it"
            ),
            Self::Unsettled {
                ok_since: Some(since),
                stable_for,
            } => write!(
                f,
                "its alarm is OK since {}, and policy.stableFor asks for {}",
                clock(*since),
                stable_for.as_str()
            ),
            Self::Unsettled { ok_since: None, .. } => {
                write!(f, "CloudWatch does not tell since when its alarm is OK")
            }
            Self::NotWatched => write!(
                f,
                "nothing watches it while it has no customers; add workload.canary"
            ),
            Self::Unavailable { failure } => {
                write!(f, "what watches it cannot be read: {}", failure.message)
            }
            Self::WithoutCapacity { doubt } => write!(
                f,
                "{doubt}, and its groups are pruned, so there is nothing in it to answer well"
            ),
            Self::Doubted { doubt } => doubt.fmt(f),
        }
    }
}

/// Why a zone that is proven to be well stays evacuated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kept",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Kept {
    /// The policy leaves the end to a person.
    Manual,
    /// It has failed too often for Evac to end it.
    Flapping {
        /// Earlier evacuations of the zone that were ended within the window.
        flaps: usize,
        /// The window.
        window: Span,
    },
    /// AWS keeps traffic away from it as well.
    Autoshift,
}

impl Kept {
    /// Whether a person has to end the evacuation.
    #[must_use]
    pub fn is_for_person(&self) -> bool {
        match self {
            Self::Manual | Self::Flapping { .. } => true,
            Self::Autoshift => false,
        }
    }
}

/// As a clause for people.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => write!(
                f,
                "policy.failBack leaves the end to a person; end the evacuation with the command fail-back"
            ),
            Self::Flapping { flaps, window } => write!(
                f,
                "it was evacuated and failed back {flaps} {} in the {} before, so a person has to end it, with the command fail-back",
                if *flaps == 1 { "time" } else { "times" },
                window.as_str()
            ),
            Self::Autoshift => write!(
                f,
                "an autoshift of AWS keeps traffic away from it; Evac goes on when AWS has ended it"
            ),
        }
    }
}

impl Case<'_> {
    /// How an evacuated zone looks.
    pub(super) fn outlook(&self, incident: &IncidentId) -> Outlook {
        if let Err(outlook) = self.settled(incident) {
            return outlook;
        }
        let unproven = match &self.observation.health {
            Evidence::NotConfigured => Unproven::NotWatched,
            Evidence::Unavailable(failure) => Unproven::Unavailable {
                failure: failure.clone(),
            },
            Evidence::Counted { counts, .. } => {
                let minutes = counts.get(incident.zone()).map_or(&[][..], Vec::as_slice);
                let policy = &self.workload.policy;
                match proof(minutes, policy.stable_minutes(), &policy.criteria) {
                    Ok(proof) => return Outlook::Well(proof),
                    Err(doubt @ (Doubt::Bad { .. } | Doubt::TooFew { .. }))
                        if self.is_pruned_of(incident.zone()) =>
                    {
                        Unproven::WithoutCapacity { doubt }
                    }
                    Err(doubt) => Unproven::Doubted { doubt },
                }
            }
        };
        Outlook::Unproven(unproven)
    }

    fn is_pruned_of(&self, zone: &ZoneId) -> bool {
        let mut pruned = self.observation.pruned_for().into_iter();
        pruned.any(|(incident, _)| incident.zone() == zone)
    }

    /// Whether it is time to bring capacity back on trial, after what the shift says.
    pub(super) fn trial_is_due(&self, incident: &IncidentId, says: Phase) -> bool {
        match says {
            Phase::Evacuate | Phase::Well => true,
            Phase::Tried { minutes } => {
                self.minutes_since(incident) >= minutes.saturating_mul(BACK_OFF)
            }
            Phase::Trial { .. } | Phase::FailBack => false,
        }
    }

    /// Whether a trial that began then may still show that the zone is well: its capacity needs time to
    /// come, and then it has to be seen for as long as the policy asks.
    pub(super) fn trial_lasts(&self, incident: &IncidentId, began: u32) -> bool {
        let stable = u32::try_from(self.workload.policy.stable_minutes()).unwrap_or(u32::MAX);
        let longest = stable.saturating_mul(2).saturating_add(FOR_CAPACITY);
        self.minutes_since(incident).saturating_sub(began) <= longest
    }

    /// Minutes since an incident's transition.
    pub(super) fn minutes_since(&self, incident: &IncidentId) -> u32 {
        let minutes = self.now.duration_since(incident.transition()).as_mins();
        u32::try_from(minutes.max(0)).unwrap_or(u32::MAX)
    }

    /// Whether the zone's alarm has been OK for long enough; what is to be said where it has not.
    pub(super) fn settled(&self, incident: &IncidentId) -> Result<(), Outlook> {
        let alarm = self.workload.alarms.zonal.get(incident.zone());
        let reading = alarm.and_then(|alarm| self.observation.alarm(alarm));
        let Some(reading) = reading.filter(|reading| reading.state == AlarmState::Ok) else {
            return Err(Outlook::Impaired);
        };
        let stable_for = &self.workload.policy.stable_for;
        let ok_since = reading.transitioned_at;
        let unproven = match ok_since {
            Some(since) if since <= incident.transition() => Unproven::Commanded,
            Some(since) if self.now.duration_since(since) >= stable_for.length() => return Ok(()),
            _ => Unproven::Unsettled {
                ok_since,
                stable_for: stable_for.clone(),
            },
        };
        Err(Outlook::Unproven(unproven))
    }

    /// Why a zone that is proven to be well stays evacuated nevertheless, if it does.
    pub(super) fn kept(&self, incident: &IncidentId) -> Option<Kept> {
        let policy = &self.workload.policy;
        if self.autoshifted(incident.zone()) {
            return Some(Kept::Autoshift);
        }
        if policy.fail_back == FailBackMode::Manual {
            return Some(Kept::Manual);
        }
        let flaps = self.flaps(incident);
        (flaps > usize::from(policy.max_flaps)).then(|| Kept::Flapping {
            flaps,
            window: policy.flap_window.clone(),
        })
    }

    fn autoshifted(&self, zone: &ZoneId) -> bool {
        self.observation
            .active_shifts()
            .any(|(_, shift)| shift.kind == ShiftKind::Autoshift && shift.is_away_from(zone))
    }

    /// Evacuations of the incident's zone that were ended within the flap window before it.
    fn flaps(&self, incident: &IncidentId) -> usize {
        let window = self.workload.policy.flap_window.length();
        let earlier: BTreeSet<&IncidentId> = self
            .observation
            .ended()
            .filter(|ended| {
                ended.zone() == incident.zone()
                    && ended.workload() == incident.workload()
                    && !incident.is_settled_by(ended)
                    && incident.transition().duration_since(ended.transition()) <= window
            })
            .collect();
        earlier.len()
    }
}
