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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Evacuation, FailBack};
    use crate::hold::HoldReason;
    use crate::incident::Phase;
    use crate::prune::{self, GroupReport, NotReached};
    use crate::shift::{self, ResourceReport};

    fn incident() -> IncidentId {
        "wildrydes/use1-az1/20261124T092000Z".parse().unwrap()
    }

    fn report(plan: Plan) -> Report {
        let verdict = Verdict::hold(None, HoldReason::NoZonalAlarm);
        Report {
            schema: REPORT_SCHEMA.to_owned(),
            at: "2026-11-24T09:20:01Z".parse().unwrap(),
            workload: "wildrydes".parse().unwrap(),
            trigger: "reconcile".to_owned(),
            triggered_at: None,
            arc: None,
            mode: Mode::Evacuate,
            drill: false,
            sentence: verdict.to_string(),
            verdict,
            plan,
            shifts: Vec::new(),
            prunes: Vec::new(),
            waiting_for_capacity: false,
            unready: None,
            unread: Vec::new(),
            failures: Vec::new(),
        }
    }

    #[test]
    fn a_run_is_dry_as_its_plan_says() {
        for dry_run in [false, true] {
            let evacuation = Evacuation {
                incident: incident(),
                shift: true,
                renew: false,
                prune: true,
                phase: Phase::Evacuate,
                tell_outlook: false,
                drill: false,
                dry_run,
            };
            assert_eq!(report(Plan::Evacuate(evacuation)).is_dry(), dry_run);
            let fail_back = FailBack {
                incident: incident(),
                shift: true,
                begun: false,
                phase: Phase::FailBack,
                restore: true,
                drill: false,
                dry_run,
            };
            assert_eq!(report(Plan::FailBack(fail_back)).is_dry(), dry_run);
        }
        assert!(!report(Plan::Nothing).is_dry());
    }

    #[test]
    fn a_run_has_changed_something_if_a_resource_or_a_group_was() {
        let shifts = |outcome| ShiftAnswer {
            schema: shift::ANSWER_SCHEMA.to_owned(),
            action: "shift".to_owned(),
            incident: Some(incident()),
            dry_run: false,
            resources: vec![ResourceReport {
                resource: "arn:aws:eks:us-east-1:111122223333:cluster/main"
                    .parse()
                    .unwrap(),
                outcome,
                weights: Default::default(),
                shifts: Vec::new(),
                ended: Vec::new(),
            }],
            in_effect: true,
            unconfirmed: false,
        };
        let prunes = |outcome| PruneAnswer {
            schema: prune::ANSWER_SCHEMA.to_owned(),
            action: "prune".to_owned(),
            incident: Some(incident()),
            dry_run: false,
            groups: vec![GroupReport {
                group: "web".to_owned(),
                outcome,
                pruned_for: None,
                capacity: None,
                obstacles: Vec::new(),
            }],
            not_reached: NotReached::default(),
        };
        let started = || shift::Outcome::Started {
            zonal_shift_id: "1".to_owned(),
            expires_at: None,
        };
        let restored = || prune::Outcome::Restored {
            added: Default::default(),
        };
        for (shift, prune, changed) in [
            (started(), restored(), true),
            (started(), prune::Outcome::Read, true),
            (shift::Outcome::Read, restored(), true),
            (shift::Outcome::Read, prune::Outcome::Read, false),
        ] {
            let mut report = report(Plan::Nothing);
            report.shifts.push(shifts(shift));
            report.prunes.push(prunes(prune));
            assert_eq!(report.changed(), changed);
        }
        assert!(!report(Plan::Nothing).changed());
    }
}
