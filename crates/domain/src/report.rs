//! The classifier's answer: what it saw, decided and did.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decide::Plan;
use crate::event::ArcChange;
use crate::failure::Failure;
use crate::incident::IncidentId;
use crate::name::WorkloadName;
use crate::policy::Mode;
use crate::prune::PruneAnswer;
use crate::readiness::Unready;
use crate::shift::ShiftAnswer;
use crate::verdict::Verdict;

/// The version of the answer.
pub const REPORT_SCHEMA: &str = "evac.classifier.answer/1";

/// What the classifier saw, decided and did in one invocation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// When it decided, on its own clock.
    pub at: Timestamp,
    /// The workload.
    pub workload: WorkloadName,
    /// What made it look: `zonalAlarm`, `regionalAlarm`, `arcEvent`, or a command's word.
    pub trigger: String,
    /// When what made it look happened, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggered_at: Option<Timestamp>,
    /// What ARC told, where that made it look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arc: Option<ArcChange>,
    /// How far the policy lets it go.
    pub mode: Mode,
    /// Whether this rehearses.
    pub drill: bool,
    /// The verdict with its reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The verdict as a sentence.
    pub sentence: String,
    /// What followed from it.
    pub plan: Plan,
    /// What zonal-shift answered, call by call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<ShiftAnswer>,
    /// What asg-pruning answered, call by call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prunes: Vec<PruneAnswer>,
    /// Whether fail-back waits for capacity in the zone.
    #[serde(default)]
    pub waiting_for_capacity: bool,
    /// What would fail in an incident, where the tick looked for it in peacetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unready: Option<Vec<Unready>>,
    /// What could not be read. The verdict took it into account: where it holds nevertheless, the
    /// invocation ends with an error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<StepFailure>,
    /// The steps that went wrong. Where there is any, the invocation ends with an error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<StepFailure>,
}

/// A step that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepFailure {
    /// Which step: `read alarms`, `read shifts`, `read groups`; `shift`, `renew`, `prune`,
    /// `begin fail-back`, `restore`, `cancel`, `notify`.
    pub step: String,
    /// What failed.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Report {
    /// The incident, if the plan has one.
    #[must_use]
    pub fn incident(&self) -> Option<&IncidentId> {
        match &self.plan {
            Plan::Nothing => None,
            Plan::Evacuate(evacuation) => Some(&evacuation.incident),
            Plan::FailBack(fail_back) => Some(&fail_back.incident),
        }
    }

    /// Whether every mutating call was left out on purpose.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        match &self.plan {
            Plan::Nothing => false,
            Plan::Evacuate(evacuation) => evacuation.dry_run,
            Plan::FailBack(fail_back) => fail_back.dry_run,
        }
    }

    /// What made the invocation an error: a step that went wrong, or a hold for want of an answer.
    #[must_use]
    pub fn errors(&self) -> Vec<&StepFailure> {
        let holds = matches!(self.verdict, Verdict::Hold { .. });
        let unread = self.unread.iter().filter(|_| holds);
        self.failures.iter().chain(unread).collect()
    }

    /// Whether a person gave a command.
    #[must_use]
    pub fn is_commanded(&self) -> bool {
        matches!(self.trigger.as_str(), "evacuate" | "fail-back")
    }

    /// Whether anything was changed.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.shifts.iter().any(ShiftAnswer::changed) || self.prunes.iter().any(PruneAnswer::changed)
    }
}
