//! A person's command.

use super::{Case, Decision};
use crate::hold::HoldReason;
use crate::incident::IncidentId;
use crate::signal::Command;
use crate::verdict::{EvacuateReason, FailBackReason};
use crate::zone::ZoneId;

impl Case<'_> {
    pub(super) fn stale_command(&self, command: &Command) -> Option<HoldReason> {
        let age = self.now.duration_since(command.at?);
        (age > self.workload.policy.stale_after.length()).then_some(HoldReason::StaleCommand {
            age_seconds: age.as_secs(),
        })
    }

    pub(super) fn commanded(&self, zone: &ZoneId, command: &Command) -> Decision {
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
        let mut despite = self.wider_cause();
        let shortage = self.shortage(zone);
        despite.extend(shortage.map(|shortage| HoldReason::TooLittleCapacity { shortage }));
        let reason = EvacuateReason::Commanded {
            reason: command.reason.clone(),
            despite,
        };
        self.evacuate(incident, reason)
    }

    pub(super) fn fail_back(&self, command: &Command) -> Decision {
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
}
