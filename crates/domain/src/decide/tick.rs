//! The tick: what is, is put right; and how an evacuation ends.

use super::outlook::{Outlook, Unproven};
use super::{Case, Decision, FailBack, Plan};
use crate::event::AlarmState;
use crate::hold::HoldReason;
use crate::incident::{IncidentId, Marker, Phase};
use crate::readiness;
use crate::shift::ActiveShift;
use crate::verdict::{EvacuateReason, FailBackReason, Verdict};
use crate::zone::ZoneId;

impl Case<'_> {
    /// The evacuation that is in force: a shift of ours, or a prune of ours that outlived it; with
    /// whether it is a drill.
    pub(super) fn in_force(&self) -> Option<(IncidentId, bool)> {
        let shift = self
            .our_shift()
            .map(|marker| (marker.incident, marker.drill));
        shift.or_else(|| self.prune_on_record())
    }

    /// The mark of our shift: the lead's, or else another resource's.
    pub(super) fn our_shift(&self) -> Option<Marker> {
        let name = &self.workload.name;
        let lead = self.observation.lead_shift(name);
        lead.map(|(_, marker)| marker)
            .or_else(|| self.observation.other_shift(name))
    }

    /// The youngest incident of this workload that groups are pruned for.
    pub(super) fn prune_on_record(&self) -> Option<(IncidentId, bool)> {
        self.observation
            .pruned_for()
            .into_iter()
            .filter(|(incident, _)| *incident.workload() == self.workload.name)
            .max_by_key(|(incident, _)| incident.transition())
            .map(|(incident, drill)| (incident.clone(), drill))
    }

    pub(super) fn foreign_shift(&self) -> Option<HoldReason> {
        self.observation.active_shifts().next().map(not_ours)
    }

    pub(super) fn foreign_shift_away_from(&self, zone: &ZoneId) -> Option<HoldReason> {
        let mut shifts = self.observation.active_shifts();
        shifts
            .find(|(_, shift)| shift.is_away_from(zone))
            .map(not_ours)
    }

    pub(super) fn end(
        &self,
        incident: IncidentId,
        drill: bool,
        reason: FailBackReason,
    ) -> Decision {
        let verdict = Verdict::FailBack {
            zone: incident.zone().clone(),
            reason,
        };
        let ours = self.our_shift();
        let plan = Plan::FailBack(FailBack {
            shift: ours.is_some(),
            // A wait for capacity may outlast the shift: it is written anew when it would end soon.
            begun: ours.is_some_and(|marker| marker.phase == Phase::FailBack) && !self.ends_soon(),
            phase: Phase::FailBack,
            restore: self.workload.groups.is_some(),
            incident,
            drill,
            dry_run: self.is_dry(),
        });
        Decision {
            verdict,
            plan,
            announce: false,
            unready: None,
        }
    }

    /// The tick: what is, is put right.
    pub(super) fn tick(&self) -> Decision {
        if let Some(failure) = self.observation.shifts.failure() {
            return self.quiet(HoldReason::ShiftsUnreadable {
                failure: failure.clone(),
            });
        }
        let name = &self.workload.name;
        if let Some((_, marker)) = self.observation.lead_shift(name) {
            return match self.left_of_another(marker.incident.zone()) {
                Some(decision) => decision,
                None => self.carry_on(marker),
            };
        }
        if let Some(marker) = self.observation.other_shift(name) {
            return self.without_lead(marker);
        }
        match self.prune_on_record() {
            Some((incident, drill)) => self.without_shift(incident, drill),
            None => self.peacetime(),
        }
    }

    /// Ends what is left of the evacuation of another zone than the lead's: a shift of another
    /// resource, that was started when the lead was lost already, or a prune that outlived its shift. The
    /// lead is the lock, so whatever has lost it is over, and until it is gone it stands in the way of the
    /// evacuation that has the lead.
    fn left_of_another(&self, zone: &ZoneId) -> Option<Decision> {
        let name = &self.workload.name;
        let mut pruned = self.observation.pruned_for().into_iter();
        let pruned =
            pruned.find(|(incident, _)| incident.workload() == name && incident.zone() != zone);
        let mut marks = self.observation.marks(name);
        let shifted = marks.find(|marker| marker.incident.zone() != zone);
        let (incident, drill, begun) = match (&shifted, pruned) {
            (Some(marker), _) => (
                marker.incident.clone(),
                marker.drill,
                marker.phase == Phase::FailBack,
            ),
            (None, Some((incident, drill))) => (incident.clone(), drill, false),
            (None, None) => return None,
        };
        let reason = match &shifted {
            Some(_) => FailBackReason::LeadEnded {
                incident: incident.clone(),
            },
            None => FailBackReason::PruneOutlivedShift {
                incident: incident.clone(),
            },
        };
        Some(Decision {
            verdict: Verdict::FailBack {
                zone: incident.zone().clone(),
                reason,
            },
            plan: Plan::FailBack(FailBack {
                incident,
                shift: shifted.is_some(),
                begun,
                phase: Phase::FailBack,
                restore: self.workload.groups.is_some(),
                drill,
                dry_run: self.is_dry(),
            }),
            announce: false,
            unready: None,
        })
    }

    /// Our shift is in force. One resource that is failing back is enough: a run that died while it
    /// marked them all has to be finished.
    pub(super) fn carry_on(&self, marker: Marker) -> Decision {
        let incident = marker.incident;
        let mut marks = self.observation.marks(&self.workload.name);
        let failing_back = marks
            .any(|other| other.phase == Phase::FailBack && incident.is_settled_by(&other.incident));
        if failing_back {
            // The zone has failed anew before its fail-back was finished: that is another incident.
            let zone = incident.zone();
            if !marker.drill && self.has_failed_anew(&incident) {
                let decision = self.judge(zone, None);
                if matches!(decision.verdict, Verdict::Evacuate { .. }) {
                    return decision;
                }
            }
            let reason = FailBackReason::Continues {
                incident: incident.clone(),
            };
            return self.end(incident, marker.drill, reason);
        }
        if marker.drill {
            return self.drill_in_force(incident);
        }
        // A run that was under way when a person ended it has started the lead's shift again.
        if self.lead_was_ended(&incident) {
            let reason = FailBackReason::LeadEnded {
                incident: incident.clone(),
            };
            return self.end(incident, false, reason);
        }
        self.stay_or_end(incident, Some(marker.phase))
    }

    /// Whether the incident was ended on the lead, whatever keeps the lead's traffic away now.
    fn lead_was_ended(&self, incident: &IncidentId) -> bool {
        let answer = self.observation.shifts.taken();
        let lead = answer.and_then(|answer| answer.resources.first());
        lead.is_some_and(|lead| {
            let mut ended = lead.ended.iter();
            ended.any(|ended| incident.is_settled_by(ended))
        })
    }

    /// Whoever rehearses ends the drill.
    fn drill_in_force(&self, incident: IncidentId) -> Decision {
        let zone = incident.zone().clone();
        self.hold(&zone, vec![HoldReason::DrillInForce { incident }])
    }

    /// The zone is evacuated, and its shift says this phase, where there is one. It stays evacuated
    /// until it is proven to be well.
    fn stay_or_end(&self, incident: IncidentId, says: Option<Phase>) -> Decision {
        let outlook = self.outlook(&incident);
        if let Some(says) = says
            && let Some(decision) = self.on_trial(&incident, says, &outlook)
        {
            return decision;
        }
        let (reason, says_well) = match &outlook {
            Outlook::Well(proof) => {
                let proof = *proof;
                match self.kept(&incident) {
                    None => {
                        let reason = FailBackReason::ProvenWell {
                            incident: incident.clone(),
                            proof,
                        };
                        return self.end(incident, false, reason);
                    }
                    Some(kept) => {
                        let for_person = kept.is_for_person();
                        let reason = EvacuateReason::LooksWell {
                            incident: incident.clone(),
                            proof,
                            kept,
                        };
                        (reason, for_person)
                    }
                }
            }
            Outlook::Impaired | Outlook::Unproven(_) => (
                self.still(&incident, &outlook),
                says == Some(Phase::Well) && !outlook.is_worse(),
            ),
        };
        let mut decision = self.evacuate(incident, reason);
        if let Plan::Evacuate(plan) = &mut decision.plan
            && !plan.dry_run
        {
            let phase = match says {
                _ if says_well => Phase::Well,
                Some(tried @ Phase::Tried { .. }) => tried,
                Some(Phase::Trial { .. }) => Phase::Tried {
                    minutes: self.minutes_since(&plan.incident),
                },
                Some(Phase::Evacuate | Phase::Well | Phase::FailBack) | None => Phase::Evacuate,
            };
            // Where no shift can say it, people are told whenever it is so, and nobody when it ends.
            plan.tell_outlook = says.map_or(says_well, |says| says != phase);
            plan.renew |= says.is_some_and(|says| says != phase);
            plan.phase = phase;
        }
        decision
    }

    /// A trial that begins or goes on, if one does. A person who ends the evacuation needs none.
    fn on_trial(&self, incident: &IncidentId, says: Phase, outlook: &Outlook) -> Option<Decision> {
        let phase = match (outlook, says) {
            (Outlook::Unproven(_), Phase::Trial { minutes })
                if self.trial_lasts(incident, minutes) =>
            {
                says
            }
            (Outlook::Unproven(Unproven::WithoutCapacity { .. }), _)
                if self.trial_is_due(incident, says) && !self.is_dry() =>
            {
                Phase::Trial {
                    minutes: self.minutes_since(incident),
                }
            }
            _ => return None,
        };
        if self.kept(incident).is_some() || self.lacks_a_shift(incident) {
            return None;
        }
        let verdict = Verdict::FailBack {
            zone: incident.zone().clone(),
            reason: FailBackReason::OnTrial {
                incident: incident.clone(),
            },
        };
        let plan = Plan::FailBack(FailBack {
            incident: incident.clone(),
            shift: true,
            begun: says == phase && !self.ends_soon(),
            phase,
            restore: true,
            drill: false,
            dry_run: self.is_dry(),
        });
        Some(Decision {
            verdict,
            plan,
            announce: false,
            unready: None,
        })
    }

    /// Whether a resource still has its traffic in the zone, and a shift of it may be started: it ended
    /// by itself, or was never reached. That comes before any trial.
    fn lacks_a_shift(&self, incident: &IncidentId) -> bool {
        let zone = incident.zone();
        let elsewhere = self
            .observation
            .active_shifts()
            .any(|(_, shift)| !shift.is_away_from(zone));
        let resources = self.observation.shifts.taken();
        let mut resources = resources.into_iter().flat_map(|answer| &answer.resources);
        !elsewhere
            && !self.was_ended(incident)
            && resources.any(|report| {
                report.weights.contains_key(zone.as_str())
                    && !report.shifts.iter().any(|shift| shift.is_away_from(zone))
            })
    }

    /// Whether the zone's alarm has gone off again since an incident.
    fn has_failed_anew(&self, incident: &IncidentId) -> bool {
        let alarm = self.workload.alarms.zonal.get(incident.zone());
        let reading = alarm.and_then(|alarm| self.observation.alarm(alarm));
        let since = reading
            .filter(|reading| reading.state == AlarmState::Alarm)
            .and_then(|reading| reading.transitioned_at);
        since.is_some_and(|since| {
            let anew = IncidentId::new(incident.workload(), incident.zone(), since);
            !anew.is_settled_by(incident)
        })
    }

    /// Why a zone that is evacuated stays so.
    fn still(&self, incident: &IncidentId, outlook: &Outlook) -> EvacuateReason {
        let incident = incident.clone();
        match outlook {
            Outlook::Unproven(unproven) => EvacuateReason::NotProvenWell {
                incident,
                unproven: unproven.clone(),
            },
            Outlook::Impaired | Outlook::Well(_) => EvacuateReason::StillImpaired { incident },
        }
    }

    /// Whether what is decided depends on whether an evacuated zone was seen to be well.
    pub(super) fn awaits_proof(&self) -> bool {
        let policy = &self.workload.policy;
        let evacuated = match self.our_shift() {
            Some(marker) => {
                (marker.phase != Phase::FailBack).then_some((marker.incident, marker.drill))
            }
            None if policy.nothing_to_shift => self.prune_on_record(),
            None => None,
        };
        evacuated.is_some_and(|(incident, drill)| !drill && self.settled(&incident).is_ok())
    }

    /// The lead's shift has ended, or was never started, and another resource's is in force.
    pub(super) fn without_lead(&self, marker: Marker) -> Decision {
        let incident = marker.incident;
        let zone = incident.zone();
        let elsewhere = self
            .observation
            .active_shifts()
            .any(|(_, shift)| !shift.is_away_from(zone));
        let in_force = marker.phase != Phase::FailBack && !elsewhere && !self.was_ended(&incident);
        // Somebody else keeps the lead's traffic away, so nobody has ended anything.
        if in_force && self.lead_is_away_from(zone) {
            return if marker.drill {
                self.drill_in_force(incident)
            } else {
                self.stay_or_end(incident, Some(marker.phase))
            };
        }
        let goes_on = in_force && !marker.drill && self.zones_in_alarm().contains(zone);
        if goes_on {
            // Its alarm is in ALARM, so nothing has to be proven.
            let reason = self.still(&incident, &Outlook::Impaired);
            return self.evacuate(incident, reason);
        }
        let reason = match marker.phase {
            Phase::FailBack => FailBackReason::Continues {
                incident: incident.clone(),
            },
            Phase::Evacuate | Phase::Well | Phase::Trial { .. } | Phase::Tried { .. } => {
                FailBackReason::LeadEnded {
                    incident: incident.clone(),
                }
            }
        };
        self.end(incident, marker.drill, reason)
    }

    /// Whether a shift, whosever it is, keeps the lead's traffic away from a zone.
    fn lead_is_away_from(&self, zone: &ZoneId) -> bool {
        let answer = self.observation.shifts.taken();
        let lead = answer.and_then(|answer| answer.resources.first());
        lead.is_some_and(|lead| lead.shifts.iter().any(|shift| shift.is_away_from(zone)))
    }

    /// Groups are pruned, and there is no shift of ours.
    pub(super) fn without_shift(&self, incident: IncidentId, drill: bool) -> Decision {
        let zone = incident.zone().clone();
        if self.workload.policy.nothing_to_shift {
            return if drill {
                self.hold(&zone, vec![HoldReason::DrillInForce { incident }])
            } else {
                self.stay_or_end(incident, None)
            };
        }
        // If the zone is still impaired, that is a new look at it.
        let decision = self.judge(&zone, None);
        if matches!(decision.verdict, Verdict::Evacuate { .. }) {
            return decision;
        }
        // Somebody else keeps traffic away from the zone, so nothing there needs capacity yet.
        if let Some(foreign) = self.foreign_shift_away_from(&zone) {
            return self.hold(&zone, vec![foreign]);
        }
        let reason = FailBackReason::PruneOutlivedShift {
            incident: incident.clone(),
        };
        self.end(incident, drill, reason)
    }

    pub(super) fn peacetime(&self) -> Decision {
        if let Some(failure) = self.observation.alarms.failure() {
            return self.quiet(HoldReason::AlarmsUnreadable {
                failure: failure.clone(),
            });
        }
        match self.zones_in_alarm().first() {
            Some(zone) => self.judge(zone, None),
            None => {
                let alarms = self.regional_in_alarm();
                let well = alarms.is_empty();
                let decision = self.quiet(if well {
                    HoldReason::NoZonalAlarm
                } else {
                    HoldReason::RegionalAlarm { alarms }
                });
                let unready = well
                    .then(|| readiness::findings(self.workload, self.observation, self.now))
                    .flatten();
                Decision {
                    unready,
                    ..decision
                }
            }
        }
    }
}

fn not_ours((resource, shift): (&str, &ActiveShift)) -> HoldReason {
    HoldReason::NotOurs {
        resource: resource.to_owned(),
        zone: shift.zone.clone(),
        kind: shift.kind.clone(),
        id: shift.id.clone(),
    }
}
