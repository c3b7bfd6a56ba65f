//! The decision: from a signal, an observation and `now` to a verdict and a plan.
//!
//! # The policy, and why
//!
//! **An alarm only says where to look.** The event that woke Evac may be late, repeated, or from
//! before somebody repaired the zone; EventBridge delivers events of alarms that are suppressed or
//! muted just like others. So what counts is the alarm as CloudWatch describes it now, together with
//! the alarms of the other zones and of the Region. Only when CloudWatch cannot be asked may the event
//! speak for itself, and then only if it is fresh and the policy says so: whether another zone is as
//! bad is not known then. That is a decision of its own, apart from what to do without evidence.
//!
//! **Leaving a zone helps only if the zone is the cause.** Two zones in ALARM, or a regional alarm,
//! mean that it is not: customers would be moved from one bad place to another, onto less capacity.
//! An alarm that cannot be told from these (suppressed, muted, missing, not in ALARM) holds too.
//! Every reason to hold is reported, not only the first.
//!
//! **At most one zone, ever.** Whatever keeps traffic away from another zone (Evac, AWS, a person, a
//! practice run) makes Evac hold: a customer's shift takes precedence over AWS's own, so shifting
//! away from A while AWS protects B would send traffic into B. On the fast path from an alarm's
//! event the shifts have not been read; zonal-shift reads them anyway before it starts anything, and
//! [`after_shift`] turns its refusal into the hold that it is. That saves two round trips when
//! seconds count, and the rule is enforced at the only place where it can be enforced atomically.
//!
//! **People outrank Evac.** A person's command evacuates although alarms say otherwise, and the
//! verdict names what it overrides; it does not override what ARC or another zone's evacuation makes
//! dangerous. An incident that was ended, by fail-back or by cancelling its shift, is not begun again
//! until its alarm has gone off anew.
//!
//! **The end is decided on proof.** A zone without traffic looks well by itself, so an alarm that
//! turned OK after a shift proves nothing. This version has no proof of health, so only a person's
//! command begins fail-back.
//!
//! **The tick carries on.** Each run does again what should hold, and what holds already costs
//! nothing: it prunes what a run that died left, renews a shift that would end soon, finishes a
//! fail-back, and undoes a prune whose shift has ended, because traffic is back in the zone then. A
//! drill is left as it is: whoever rehearses looks on.
//!
//! **The order within an evacuation** is shift, then prune; in fail-back it is restore, then capacity
//! in service, then the end of the shift. [`after_shift`] and [`after_restore`] are the two gates.

mod gate;
mod plan;

pub use gate::{AfterRestore, AfterShift, after_restore, after_shift};
pub use plan::{Evacuation, FailBack, Plan};

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::event::{AlarmChange, AlarmState};
use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::incident::{IncidentId, Marker, Phase};
use crate::observation::{Evidence, Observation, Reading};
use crate::policy::{Mode, Without};
use crate::shift::ActiveShift;
use crate::signal::{Action, Command, Signal, Trigger};
use crate::verdict::{EvacuateReason, FailBackReason, Verdict};
use crate::workload::{Origin, Workload};
use crate::zone::ZoneId;

/// A verdict and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// What is to be done.
    pub plan: Plan,
    /// Whether people are told even if nothing changes.
    pub announce: bool,
}

/// Decides.
#[must_use]
pub fn decide(signal: &Signal, observation: &Observation, now: Timestamp) -> Decision {
    let case = Case {
        signal,
        workload: &signal.workload,
        observation,
        now,
    };
    match &signal.trigger {
        Trigger::ZonalAlarm { change, .. } | Trigger::RegionalAlarm(change)
            if change.state != AlarmState::Alarm =>
        {
            case.quiet(HoldReason::NotInAlarm {
                alarm: change.alarm.clone(),
                state: change.state.clone(),
            })
        }
        Trigger::ZonalAlarm { zone, change } => Decision {
            announce: true,
            // The alarm recovers by itself once traffic is away: a run that died after its shift
            // finds it so when Lambda tries again, and has to go on.
            ..if case.has_recovered(zone) && case.evacuates(zone) {
                case.tick()
            } else {
                case.judge(zone, Some(change))
            }
        },
        Trigger::RegionalAlarm(change) => case.regional(change),
        Trigger::Arc(change) => Decision {
            announce: change.is_autoshift_of(&signal.workload.resources),
            ..case.tick()
        },
        Trigger::Command(command) => match &command.action {
            Action::Evacuate { zone } => Decision {
                announce: true,
                ..case.commanded(zone, command)
            },
            Action::FailBack => Decision {
                announce: true,
                ..case.fail_back(command)
            },
            Action::Reconcile => case.tick(),
            Action::Explain { zone } => {
                let decision = match zone {
                    Some(zone) => case.judge(zone, None),
                    None => case.tick(),
                };
                Decision {
                    plan: Plan::Nothing,
                    announce: false,
                    ..decision
                }
            }
        },
    }
}

/// Why Evac would hold, as far as the signal alone tells, without asking anybody anything.
#[must_use]
pub fn holds_in_signal(signal: &Signal) -> Vec<HoldReason> {
    let nothing_seen = Observation::default();
    let case = Case {
        signal,
        workload: &signal.workload,
        observation: &nothing_seen,
        now: Timestamp::UNIX_EPOCH,
    };
    match &signal.trigger {
        Trigger::ZonalAlarm { change, .. } | Trigger::RegionalAlarm(change)
            if change.state != AlarmState::Alarm =>
        {
            vec![HoldReason::NotInAlarm {
                alarm: change.alarm.clone(),
                state: change.state.clone(),
            }]
        }
        Trigger::ZonalAlarm { change, .. } => {
            let mut holds = event_holds(change);
            holds.extend(case.too_few_zones_listed());
            holds.extend(case.no_evidence());
            holds
        }
        Trigger::RegionalAlarm(change) => vec![HoldReason::RegionalAlarm {
            alarms: vec![change.alarm.clone()],
        }],
        Trigger::Command(Command {
            action: Action::Evacuate { .. },
            ..
        }) => case.too_few_zones_listed().into_iter().collect(),
        Trigger::Command(_) | Trigger::Arc(_) => Vec::new(),
    }
}

fn event_holds(change: &AlarmChange) -> Vec<HoldReason> {
    let alarm = &change.alarm;
    let muted = change.muted_until.as_ref().map(|until| HoldReason::Muted {
        alarm: alarm.clone(),
        by: format!("until {until}"),
    });
    let suppressed = change
        .suppressed_by
        .as_ref()
        .map(|by| HoldReason::Suppressed {
            alarm: alarm.clone(),
            by: by.clone(),
        });
    muted.into_iter().chain(suppressed).collect()
}

/// What a decision is made of.
struct Case<'a> {
    signal: &'a Signal,
    workload: &'a Workload,
    observation: &'a Observation,
    now: Timestamp,
}

impl Case<'_> {
    fn quiet(&self, reason: HoldReason) -> Decision {
        Decision {
            verdict: Verdict::hold(None, reason),
            plan: Plan::Nothing,
            announce: false,
        }
    }

    fn hold(&self, zone: &ZoneId, reasons: Vec<HoldReason>) -> Decision {
        Decision {
            verdict: Verdict::Hold {
                zone: Some(zone.clone()),
                reasons,
            },
            plan: Plan::Nothing,
            announce: false,
        }
    }

    fn regional(&self, change: &AlarmChange) -> Decision {
        let mut reasons = event_holds(change);
        let mut alarms: BTreeSet<String> = self.regional_in_alarm().into_iter().collect();
        if self.observation.alarm(&change.alarm).is_none() {
            alarms.insert(change.alarm.clone());
        }
        let quiet = alarms.is_empty();
        reasons.push(match self.observation.alarm(&change.alarm) {
            Some(reading) if quiet => HoldReason::Recovered {
                alarm: change.alarm.clone(),
                state: reading.state.clone(),
                event_at: change.at,
            },
            _ => HoldReason::RegionalAlarm {
                alarms: alarms.into_iter().collect(),
            },
        });
        Decision {
            verdict: Verdict::Hold {
                zone: None,
                reasons,
            },
            plan: Plan::Nothing,
            announce: !quiet,
        }
    }

    /// Whether to evacuate a zone because of its alarm.
    fn judge(&self, zone: &ZoneId, event: Option<&AlarmChange>) -> Decision {
        let Some(alarm) = self.workload.alarms.zonal.get(zone) else {
            return self.hold(zone, vec![HoldReason::NoZonalAlarm]);
        };
        let reading = self.observation.alarm(alarm);
        let mut reasons = event.map(event_holds).unwrap_or_default();
        let since = match (&self.observation.alarms, reading) {
            // Told below, with every other alarm that is missing.
            (Reading::Taken(_), None) => self.now,
            (Reading::Taken(_), Some(reading)) if reading.state != AlarmState::Alarm => {
                reasons.push(match event {
                    Some(event) => HoldReason::Recovered {
                        alarm: alarm.clone(),
                        state: reading.state.clone(),
                        event_at: event.at,
                    },
                    None => HoldReason::NotInAlarm {
                        alarm: alarm.clone(),
                        state: reading.state.clone(),
                    },
                });
                self.now
            }
            (Reading::Taken(_), Some(reading)) => {
                if reasons.is_empty() {
                    reasons.extend(self.reading_holds(alarm));
                }
                reading
                    .transitioned_at
                    .or(event.map(|event| event.at))
                    .unwrap_or(self.now)
            }
            (unread, _) => {
                reasons.extend(self.unread_holds(alarm, event, unread.failure()));
                event.map_or(self.now, |event| event.at)
            }
        };
        reasons.extend(self.missing_alarms());
        reasons.extend(self.wider_cause());
        reasons.extend(self.dangers(zone));
        let incident = IncidentId::new(&self.workload.name, zone, since);
        if self.was_ended(&incident) {
            reasons.push(HoldReason::Ended {
                incident: incident.clone(),
            });
        }
        reasons.extend(self.no_evidence());
        if !reasons.is_empty() {
            return self.hold(zone, reasons);
        }
        let reason = EvacuateReason::AlarmAlone {
            alarm: alarm.clone(),
            since,
            evidence: self.observation.evidence.clone(),
            confirmed: reading.is_some(),
            others: self.workload.alarm_names().len().saturating_sub(1),
        };
        self.evacuate(incident, reason)
    }

    /// Suppression and mutes as CloudWatch's API tells them; an event tells them itself.
    fn reading_holds(&self, alarm: &str) -> Vec<HoldReason> {
        let Some(reading) = self.observation.alarm(alarm) else {
            return Vec::new();
        };
        let muted = reading.muted_by.as_ref().map(|by| HoldReason::Muted {
            alarm: alarm.to_owned(),
            by: by.clone(),
        });
        let suppressed = reading
            .suppressed_by
            .as_ref()
            .map(|by| HoldReason::Suppressed {
                alarm: alarm.to_owned(),
                by: by.clone(),
            });
        muted.into_iter().chain(suppressed).collect()
    }

    /// What speaks against trusting the event alone.
    fn unread_holds(
        &self,
        alarm: &str,
        event: Option<&AlarmChange>,
        failure: Option<&Failure>,
    ) -> Vec<HoldReason> {
        let unreadable = || HoldReason::AlarmsUnreadable {
            failure: failure
                .cloned()
                .unwrap_or_else(|| Failure::new(Class::BadInput, "they were not asked for")),
        };
        match event {
            Some(event) if self.workload.policy.without_alarms == Without::Act => {
                let age = self.now.duration_since(event.at);
                let stale = age > self.workload.policy.stale_after.length();
                stale
                    .then(|| HoldReason::Stale {
                        alarm: alarm.to_owned(),
                        event_at: event.at,
                        age_seconds: age.as_secs(),
                    })
                    .into_iter()
                    .collect()
            }
            Some(_) | None => vec![unreadable()],
        }
    }

    /// Whether CloudWatch says that the zone's alarm is not in ALARM now.
    fn has_recovered(&self, zone: &ZoneId) -> bool {
        let alarm = self.workload.alarms.zonal.get(zone);
        let reading = alarm.and_then(|alarm| self.observation.alarm(alarm));
        reading.is_some_and(|reading| reading.state != AlarmState::Alarm)
    }

    /// Whether Evac has this zone evacuated, as far as shifts and groups were read.
    fn evacuates(&self, zone: &ZoneId) -> bool {
        self.in_force()
            .is_some_and(|(incident, _)| incident.zone() == zone)
    }

    fn was_ended(&self, incident: &IncidentId) -> bool {
        self.observation
            .ended()
            .any(|ended| incident.is_settled_by(ended))
    }

    /// Alarms that the workload lists and CloudWatch does not have: what they would say of the other
    /// zones and of the Region is not known.
    fn missing_alarms(&self) -> Vec<HoldReason> {
        self.observation
            .missing(&self.workload.alarm_names())
            .into_iter()
            .map(|alarm| HoldReason::AlarmMissing { alarm })
            .collect()
    }

    /// Signs that the cause is wider than one zone.
    fn wider_cause(&self) -> Vec<HoldReason> {
        let zones = self.zones_in_alarm();
        let several = (zones.len() > 1).then_some(HoldReason::SeveralZones { zones });
        let alarms = self.regional_in_alarm();
        let regional = (!alarms.is_empty()).then_some(HoldReason::RegionalAlarm { alarms });
        several.into_iter().chain(regional).collect()
    }

    /// What makes it dangerous to leave a zone, whatever its state: not even a person overrides it.
    fn dangers(&self, zone: &ZoneId) -> Vec<HoldReason> {
        let other_shift = self
            .observation
            .active_shifts()
            .find(|(_, shift)| !shift.is_away_from(zone));
        let held = other_shift.map(|(resource, shift)| match shift.ours(&self.workload.name) {
            Some(marker) => HoldReason::OtherZoneEvacuated {
                incident: marker.incident,
            },
            None => HoldReason::OtherZoneShifted {
                resource: resource.to_owned(),
                zone: shift.zone.clone(),
                kind: shift.kind.clone(),
                id: shift.id.clone(),
            },
        });
        let pruned = match held {
            Some(_) => None,
            None => self
                .observation
                .pruned_for()
                .into_iter()
                .find(|(incident, _)| incident.zone() != zone)
                .map(|(incident, _)| HoldReason::OtherZoneEvacuated {
                    incident: incident.clone(),
                }),
        };
        let unread =
            self.observation
                .shifts
                .failure()
                .map(|failure| HoldReason::ShiftsUnreadable {
                    failure: failure.clone(),
                });
        held.into_iter()
            .chain(pruned)
            .chain(unread)
            .chain(self.unread_groups())
            .chain(self.too_few_zones())
            .collect()
    }

    /// Where there is nothing to shift, only the groups tell whether another zone is evacuated.
    fn unread_groups(&self) -> Option<HoldReason> {
        if !self.workload.resources.is_empty() || self.workload.groups.is_none() {
            return None;
        }
        let failure = match &self.observation.groups {
            Reading::Taken(_) => return None,
            Reading::Failed(failure) => failure.clone(),
            Reading::NotTaken => Failure::new(Class::BadInput, "they were not asked for"),
        };
        Some(HoldReason::GroupsUnreadable { failure })
    }

    /// As [`Self::too_few_zones`], as far as the workload's definition alone tells.
    fn too_few_zones_listed(&self) -> Option<HoldReason> {
        match self.workload.origin {
            Origin::Definition => self.too_few_zones(),
            Origin::BareAlarm => None,
        }
    }

    fn too_few_zones(&self) -> Option<HoldReason> {
        let zones = match self.workload.origin {
            Origin::Definition => self.workload.zones.len(),
            Origin::BareAlarm => match self.observation.zones_of_lead() {
                Some(zones) => zones.len(),
                None => return Some(HoldReason::ZonesUnknown),
            },
        };
        let left = zones.saturating_sub(1);
        let min_zones = self.workload.policy.min_zones;
        (left < usize::from(min_zones)).then_some(HoldReason::TooFewZones { left, min_zones })
    }

    fn no_evidence(&self) -> Option<HoldReason> {
        let hold = self.workload.policy.without_evidence == Without::Hold;
        let evidence = match (&self.observation.evidence, &self.workload.evidence) {
            (Evidence::NotConfigured, Some(source)) => Evidence::Unavailable(Failure::new(
                Class::BadConfiguration,
                format!("evidence of {source} was not asked for"),
            )),
            (evidence, _) => evidence.clone(),
        };
        hold.then_some(HoldReason::NoEvidence { evidence })
    }

    fn zones_in_alarm(&self) -> Vec<ZoneId> {
        let zonal = self.workload.alarms.zonal.iter();
        zonal
            .filter(|(_, alarm)| self.observation.in_alarm(alarm))
            .map(|(zone, _)| zone.clone())
            .collect()
    }

    fn regional_in_alarm(&self) -> Vec<String> {
        let regional = self.workload.alarms.regional.iter();
        regional
            .filter(|alarm| self.observation.in_alarm(alarm))
            .cloned()
            .collect()
    }

    fn evacuate(&self, incident: IncidentId, reason: EvacuateReason) -> Decision {
        let mode = self.workload.policy.mode;
        let zone = incident.zone().clone();
        let plan = Plan::Evacuate(Evacuation {
            incident,
            shift: !self.workload.resources.is_empty(),
            renew: self.ends_soon(),
            // In mode observe everything is rehearsed, as far as the workload goes.
            prune: mode != Mode::Shift && self.workload.groups.is_some(),
            drill: self.signal.is_drill(),
            dry_run: self.is_dry(),
        });
        Decision {
            verdict: Verdict::Evacuate { zone, reason },
            plan,
            announce: false,
        }
    }

    /// Whether the shift of ours that is in force has run through more than half of its time. So the
    /// tick may fail for hours before a shift ends by itself, and an Evac that is gone for good does
    /// not hold a zone for ever.
    fn ends_soon(&self) -> bool {
        let lead = self.observation.lead_shift(&self.workload.name);
        let ends = lead.and_then(|(shift, _)| shift.expires_at);
        let lasts = self.workload.policy.expires_in.as_ref();
        match (ends, lasts) {
            (Some(ends), Some(lasts)) => ends.duration_since(self.now) < lasts.length() / 2,
            _ => false,
        }
    }

    fn is_dry(&self) -> bool {
        self.workload.policy.mode == Mode::Observe || self.signal.is_dry_run()
    }

    fn stale_command(&self, command: &Command) -> Option<HoldReason> {
        let age = self.now.duration_since(command.at?);
        (age > self.workload.policy.stale_after.length()).then_some(HoldReason::StaleCommand {
            age_seconds: age.as_secs(),
        })
    }

    fn commanded(&self, zone: &ZoneId, command: &Command) -> Decision {
        let mut reasons: Vec<HoldReason> = self.stale_command(command).into_iter().collect();
        reasons.extend(self.dangers(zone));
        if command.drill {
            let mut alarms = self.regional_in_alarm();
            alarms.extend(
                self.zones_in_alarm()
                    .iter()
                    .filter_map(|zone| self.workload.alarms.zonal.get(zone).cloned()),
            );
            if !alarms.is_empty() {
                reasons.push(HoldReason::NotWell { alarms });
            }
            reasons.extend(self.observation.alarms.failure().map(|failure| {
                HoldReason::AlarmsUnreadable {
                    failure: failure.clone(),
                }
            }));
            reasons.extend(self.missing_alarms());
            // A rehearsal must not take over what is meant.
            if let Some((incident, false)) = self.in_force()
                && incident.zone() == zone
            {
                reasons.push(HoldReason::EvacuationInForce { incident });
            }
        }
        // A command begins an incident of its own: a person may evacuate again what a person ended.
        // One that says when it was given is one incident, however often it is delivered.
        let since = command.at.map_or(self.now, |at| at.min(self.now));
        let incident = IncidentId::new(&self.workload.name, zone, since);
        if self.was_ended(&incident) {
            reasons.push(HoldReason::Ended {
                incident: incident.clone(),
            });
        }
        if !reasons.is_empty() {
            return self.hold(zone, reasons);
        }
        let reason = EvacuateReason::Commanded {
            reason: command.reason.clone(),
            despite: self.wider_cause(),
        };
        self.evacuate(incident, reason)
    }

    fn fail_back(&self, command: &Command) -> Decision {
        if let Some(failure) = self.observation.shifts.failure() {
            return self.quiet(HoldReason::ShiftsUnreadable {
                failure: failure.clone(),
            });
        }
        if let Some(stale) = self.stale_command(command) {
            return self.quiet(stale);
        }
        let reason = FailBackReason::Commanded {
            reason: command.reason.clone(),
        };
        match self.in_force() {
            Some((incident, drill)) => self.end(incident, drill, reason),
            None => match self.foreign_shift() {
                Some(foreign) => self.quiet(foreign),
                None => self.quiet(HoldReason::NothingToFailBack),
            },
        }
    }

    /// The evacuation that is in force: a shift of ours, or a prune of ours that outlived it; with
    /// whether it is a drill.
    fn in_force(&self) -> Option<(IncidentId, bool)> {
        let shift = self
            .our_shift()
            .map(|marker| (marker.incident, marker.drill));
        shift.or_else(|| self.prune_on_record())
    }

    /// The mark of our shift: the lead's, or else another resource's.
    fn our_shift(&self) -> Option<Marker> {
        let name = &self.workload.name;
        let lead = self.observation.lead_shift(name);
        lead.map(|(_, marker)| marker)
            .or_else(|| self.observation.other_shift(name))
    }

    /// The youngest incident of this workload that groups are pruned for.
    fn prune_on_record(&self) -> Option<(IncidentId, bool)> {
        self.observation
            .pruned_for()
            .into_iter()
            .filter(|(incident, _)| *incident.workload() == self.workload.name)
            .max_by_key(|(incident, _)| incident.transition())
            .map(|(incident, drill)| (incident.clone(), drill))
    }

    fn foreign_shift(&self) -> Option<HoldReason> {
        self.observation.active_shifts().next().map(not_ours)
    }

    fn foreign_shift_away_from(&self, zone: &ZoneId) -> Option<HoldReason> {
        let mut shifts = self.observation.active_shifts();
        shifts
            .find(|(_, shift)| shift.is_away_from(zone))
            .map(not_ours)
    }

    fn end(&self, incident: IncidentId, drill: bool, reason: FailBackReason) -> Decision {
        let verdict = Verdict::FailBack {
            zone: incident.zone().clone(),
            reason,
        };
        let ours = self.our_shift();
        let plan = Plan::FailBack(FailBack {
            shift: ours.is_some(),
            begun: ours.is_some_and(|marker| marker.phase == Phase::FailBack),
            restore: self.workload.groups.is_some(),
            incident,
            drill,
            dry_run: self.is_dry(),
        });
        Decision {
            verdict,
            plan,
            announce: false,
        }
    }

    /// The tick: what is, is put right.
    fn tick(&self) -> Decision {
        if let Some(failure) = self.observation.shifts.failure() {
            return self.quiet(HoldReason::ShiftsUnreadable {
                failure: failure.clone(),
            });
        }
        let name = &self.workload.name;
        if let Some((_, marker)) = self.observation.lead_shift(name) {
            return self.carry_on(marker);
        }
        if let Some(marker) = self.observation.other_shift(name) {
            return self.without_lead(marker);
        }
        match self.prune_on_record() {
            Some((incident, drill)) => self.without_shift(incident, drill),
            None => self.peacetime(),
        }
    }

    /// Our shift is in force.
    fn carry_on(&self, marker: Marker) -> Decision {
        let incident = marker.incident;
        if marker.phase == Phase::FailBack {
            let reason = FailBackReason::Continues {
                incident: incident.clone(),
            };
            return self.end(incident, marker.drill, reason);
        }
        if marker.drill {
            let zone = incident.zone().clone();
            return self.hold(&zone, vec![HoldReason::DrillInForce { incident }]);
        }
        let reason = self.still(&incident);
        self.evacuate(incident, reason)
    }

    fn still(&self, incident: &IncidentId) -> EvacuateReason {
        let incident = incident.clone();
        if self.is_ok(incident.zone()) {
            EvacuateReason::NotProvenWell { incident }
        } else {
            EvacuateReason::StillImpaired { incident }
        }
    }

    fn is_ok(&self, zone: &ZoneId) -> bool {
        let alarm = self.workload.alarms.zonal.get(zone);
        let reading = alarm.and_then(|alarm| self.observation.alarm(alarm));
        reading.is_some_and(|reading| reading.state == AlarmState::Ok)
    }

    /// The lead's shift has ended, or was never started, and another resource's is in force.
    fn without_lead(&self, marker: Marker) -> Decision {
        let incident = marker.incident;
        let zone = incident.zone();
        let elsewhere = self
            .observation
            .active_shifts()
            .any(|(_, shift)| !shift.is_away_from(zone));
        let goes_on = marker.phase == Phase::Evacuate
            && !marker.drill
            && !elsewhere
            && !self.was_ended(&incident)
            && self.zones_in_alarm().contains(zone);
        if goes_on {
            let reason = self.still(&incident);
            return self.evacuate(incident, reason);
        }
        let reason = match marker.phase {
            Phase::FailBack => FailBackReason::Continues {
                incident: incident.clone(),
            },
            Phase::Evacuate => FailBackReason::LeadEnded {
                incident: incident.clone(),
            },
        };
        self.end(incident, marker.drill, reason)
    }

    /// Groups are pruned, and there is no shift of ours.
    fn without_shift(&self, incident: IncidentId, drill: bool) -> Decision {
        let zone = incident.zone().clone();
        if self.workload.policy.nothing_to_shift {
            return if drill {
                self.hold(&zone, vec![HoldReason::DrillInForce { incident }])
            } else {
                self.evacuate(incident.clone(), self.still(&incident))
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

    fn peacetime(&self) -> Decision {
        if let Some(failure) = self.observation.alarms.failure() {
            return self.quiet(HoldReason::AlarmsUnreadable {
                failure: failure.clone(),
            });
        }
        match self.zones_in_alarm().first() {
            Some(zone) => self.judge(zone, None),
            None => {
                let alarms = self.regional_in_alarm();
                self.quiet(if alarms.is_empty() {
                    HoldReason::NoZonalAlarm
                } else {
                    HoldReason::RegionalAlarm { alarms }
                })
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

#[cfg(test)]
mod tests;
