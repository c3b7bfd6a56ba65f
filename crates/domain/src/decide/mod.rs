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
//! **The counts have to agree.** An alarm has a threshold of its own, and may have gone off by a minute
//! more or less than another zone's. So where the workload names evidence, a zone is left only if
//! [`crate::judge`] finds it impaired, and it alone; the policy to act without evidence is for counts
//! that cannot tell, and never one to act against counts. Counts without an alarm change nothing:
//! whoever silences an alarm means it.
//!
//! **Traffic must have a place to go.** Zones that do not serve are not counted as left, and where the
//! others cannot be expected to carry the traffic ([`crate::capacity`]) the policy says whether Evac
//! holds or acts with a warning.
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
//! turned OK after a shift proves nothing. Fail-back begins on a person's command, or by itself where
//! the policy lets it and the zone was really seen to be well ([`outlook`]). Where the policy leaves it
//! to a person, the person is told, once, and that stands in the shift's comment.
//!
//! **The tick carries on.** Each run does again what should hold, and what holds already costs
//! nothing: it prunes what a run that died left, renews a shift that would end soon, finishes a
//! fail-back, and undoes a prune whose shift has ended, because traffic is back in the zone then. A
//! drill is left as it is: whoever rehearses looks on. Where nothing is wrong, it looks for what would
//! fail in an incident ([`crate::readiness`]).
//!
//! **The order within an evacuation** is shift, then prune; in fail-back it is restore, then capacity
//! in service, then the end of the shift. [`after_shift`] and [`after_restore`] are the two gates.

mod command;
mod dangers;
mod evidence;
mod gate;
mod outlook;
mod plan;
mod tick;

pub use gate::{AfterRestore, AfterShift, after_restore, after_shift};
pub use outlook::{Kept, Unproven};
pub use plan::{Evacuation, FailBack, Plan};

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::event::{AlarmChange, AlarmState};
use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::incident::{IncidentId, Phase};
use crate::observation::{NoEvidence, Observation, Reading};
use crate::policy::{Mode, Without};
use crate::readiness::Unready;
use crate::signal::{Action, Command, Signal, Trigger};
use crate::verdict::{AlarmRaised, EvacuateReason, Verdict};
use crate::workload::Workload;
use crate::zone::ZoneId;

/// A verdict and what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// What is to be done.
    pub plan: Plan,
    /// Whether people are told even if nothing changes.
    pub announce: bool,
    /// What would fail in an incident, where nothing is wrong and all could be looked at.
    pub unready: Option<Vec<Unready>>,
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
                    ..decision
                }
            }
        },
    }
}

/// Whether what is decided depends on whether an evacuated zone was seen to be well
/// ([`Observation::health`]), which nobody has to ask otherwise.
#[must_use]
pub fn awaits_proof(signal: &Signal, observation: &Observation, now: Timestamp) -> bool {
    let case = Case {
        signal,
        workload: &signal.workload,
        observation,
        now,
    };
    case.awaits_proof()
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
            // What evidence there will be is not known yet; that there can be none is.
            if case.workload.evidence.is_none() {
                holds.extend(case.without_evidence(NoEvidence::NotConfigured).err());
            }
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
            unready: None,
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
            unready: None,
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
            unready: None,
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
        let shortage = self.shortage(zone);
        let alarm = AlarmRaised {
            name: alarm.clone(),
            since,
            confirmed: reading.is_some(),
            others: self.workload.alarm_names().len().saturating_sub(1),
        };
        let reason = self.weigh(zone, alarm, shortage.clone());
        // Too few zones may be left by the definition as well as by the counts.
        let hold = reason.as_ref().err();
        reasons.extend(hold.filter(|hold| !reasons.contains(hold)).cloned());
        if self.workload.policy.capacity.without == Without::Hold {
            reasons.extend(shortage.map(|shortage| HoldReason::TooLittleCapacity { shortage }));
        }
        match reason {
            Ok(reason) if reasons.is_empty() => self.evacuate(incident, reason),
            Ok(_) | Err(_) => self.hold(zone, reasons),
        }
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

    fn evacuate(&self, incident: IncidentId, reason: EvacuateReason) -> Decision {
        let mode = self.workload.policy.mode;
        let zone = incident.zone().clone();
        let plan = Plan::Evacuate(Evacuation {
            incident,
            shift: !self.workload.resources.is_empty(),
            renew: self.ends_soon(),
            phase: Phase::Evacuate,
            tell_outlook: false,
            // In mode observe everything is rehearsed, as far as the workload goes.
            prune: mode != Mode::Shift && self.workload.groups.is_some(),
            drill: self.signal.is_drill(),
            dry_run: self.is_dry(),
        });
        Decision {
            verdict: Verdict::Evacuate { zone, reason },
            plan,
            announce: false,
            unready: None,
        }
    }

    /// Whether a shift of ours that is in force has run through more than half of its time. So the
    /// tick may fail for hours before a shift ends by itself, and an Evac that is gone for good does
    /// not hold a zone for ever. The first to end counts: one resource's renewal may have failed, and the
    /// lead may be away by somebody else's shift.
    fn ends_soon(&self) -> bool {
        let shifts = self.observation.active_shifts();
        let ours = shifts.filter(|(_, shift)| shift.ours(&self.workload.name).is_some());
        let ends = ours.filter_map(|(_, shift)| shift.expires_at).min();
        let lasts = self.workload.policy.expires_in.as_ref();
        match (ends, lasts) {
            (Some(ends), Some(lasts)) => ends.duration_since(self.now) < lasts.length() / 2,
            _ => false,
        }
    }

    fn is_dry(&self) -> bool {
        self.workload.policy.mode == Mode::Observe || self.signal.is_dry_run()
    }
}

#[cfg(test)]
mod tests;
