//! What the counts say to an alarm, and what the zones that stay could take.

use super::Case;
use crate::capacity::{self, Shortage};
use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::judge::{Agreement, Judgement, Outcome, judge};
use crate::observation::{Evidence, NoEvidence};
use crate::policy::Without;
use crate::verdict::{AlarmRaised, EvacuateReason};
use crate::zone::ZoneId;

impl Case<'_> {
    /// Whether the counts bear out the alarm of a zone.
    pub(super) fn weigh(
        &self,
        zone: &ZoneId,
        alarm: AlarmRaised,
        shortage: Option<Shortage>,
    ) -> Result<EvacuateReason, HoldReason> {
        let mut judgement = match self.judgement() {
            Ok(judgement) => judgement,
            Err(gap) => return self.on_alarm_alone(gap, alarm, shortage),
        };
        judgement.outcome = judgement.outcome_for(zone);
        match judgement.outcome.agreement(zone) {
            Agreement::Proven => match self.too_few_serving(zone, &judgement) {
                None => Ok(EvacuateReason::Impaired {
                    alarm,
                    judgement,
                    shortage,
                }),
                Some(hold) => Err(hold),
            },
            Agreement::CannotTell => {
                self.on_alarm_alone(NoEvidence::CannotTell(judgement), alarm, shortage)
            }
            Agreement::Contradicted => Err(HoldReason::EvidenceContradictsAlarm {
                zone: zone.clone(),
                judgement,
            }),
            Agreement::NotProven => Err(match judgement.outcome {
                Outcome::SeveralZones(_) => HoldReason::EvidenceSeveralZones { judgement },
                Outcome::Regional(_) => HoldReason::EvidenceRegional { judgement },
                Outcome::Blind(_) => HoldReason::EvidenceBlind { judgement },
                _ => HoldReason::EvidenceUnproven { judgement },
            }),
        }
    }

    /// Zones that the definition lists and that do not serve are no zones to go to.
    fn too_few_serving(&self, zone: &ZoneId, judgement: &Judgement) -> Option<HoldReason> {
        let left = judgement.serving_without(zone);
        let min_zones = self.workload.policy.min_zones;
        (left < usize::from(min_zones)).then_some(HoldReason::TooFewZones { left, min_zones })
    }

    fn on_alarm_alone(
        &self,
        gap: NoEvidence,
        alarm: AlarmRaised,
        shortage: Option<Shortage>,
    ) -> Result<EvacuateReason, HoldReason> {
        self.without_evidence(gap)
            .map(|evidence| EvacuateReason::AlarmAlone {
                alarm,
                evidence,
                shortage,
            })
    }

    /// Whether the policy lets Evac act without evidence.
    pub(super) fn without_evidence(&self, evidence: NoEvidence) -> Result<NoEvidence, HoldReason> {
        match self.workload.policy.without_evidence {
            Without::Act => Ok(evidence),
            Without::Hold => Err(HoldReason::NoEvidence { evidence }),
        }
    }

    /// What the counts say, or why there are none.
    fn judgement(&self) -> Result<Judgement, NoEvidence> {
        match (&self.observation.evidence, &self.workload.evidence) {
            (Evidence::Counted { counts, .. }, _) => Ok(judge(
                counts,
                self.shifted().as_ref(),
                &self.workload.policy.criteria,
            )),
            (Evidence::Unavailable(failure), _) => Err(NoEvidence::Unavailable(failure.clone())),
            (Evidence::NotConfigured, Some(source)) => Err(NoEvidence::Unavailable(Failure::new(
                Class::BadConfiguration,
                format!("{source} was not asked for"),
            ))),
            (Evidence::NotConfigured, None) => Err(NoEvidence::NotConfigured),
        }
    }

    /// The zone that traffic is shifted away from, where the shifts were read.
    fn shifted(&self) -> Option<ZoneId> {
        let mut shifts = self.observation.active_shifts();
        shifts.find_map(|(_, shift)| shift.zone.parse().ok())
    }

    /// What the zones that stay lack, where that is counted.
    pub(super) fn shortage(&self, zone: &ZoneId) -> Option<Shortage> {
        let Evidence::Counted { counts, .. } = &self.observation.evidence else {
            return None;
        };
        let policy = &self.workload.policy;
        let least = policy.criteria.min_requests;
        capacity::shortage(counts, zone, least, &policy.capacity)
    }
}
