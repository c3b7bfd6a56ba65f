//! Practice runs: half an hour of a shift, to see that the application stands it.
//!
//! Source: ARC API reference, `StartPracticeRun`; ARC developer guide, "How zonal autoshift and
//! practice runs work". The weekly runs that AWS starts are not simulated: nothing is started here
//! unless it is asked for.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::configuration::PracticeRunConfiguration;
use super::model::{Kind, Outcome, Shift, Status, strongest};
use super::window::{Window, is_blocked_on};
use super::{ZonalShifts, validate};
use crate::error::ServiceError;

/// How long a practice run lasts.
const PRACTICE_RUN: SignedDuration = SignedDuration::from_mins(30);

/// What `StartPracticeRun` is asked.
#[derive(Debug, Clone, Copy)]
pub struct PracticeRunInput<'a> {
    /// The resource's ARN, or its name.
    pub resource: &'a str,
    /// The AZ ID of the zone that traffic is to leave.
    pub away_from: &'a str,
    /// The comment; it may be empty.
    pub comment: &'a str,
}

impl ZonalShifts {
    /// Starts a practice run.
    ///
    /// # Errors
    /// `ValidationException`; `ResourceNotFoundException`; `ConflictException` where the resource has
    /// no configuration, where it is shifted, or where its alarms, dates or windows forbid a run.
    pub fn start_practice_run(
        &mut self,
        input: &PracticeRunInput<'_>,
        now: Timestamp,
    ) -> Result<Shift, ServiceError> {
        validate::comment(input.comment)?;
        let (resource, zone) = self.target(input.resource, input.away_from)?;
        let (_, configuration) = self.practising(input.resource)?;
        if let Some(active) = strongest(self.active(&resource)) {
            let reason = match active.kind {
                Kind::Customer => "ZonalShiftAlreadyExists",
                Kind::Autoshift => "ZonalAutoshiftActive",
                Kind::FisExperiment | Kind::PracticeRun => "SimultaneousZonalShiftsConflict",
            };
            let message = format!("{resource} is shifted away from {}", active.away_from);
            return Err(validate::conflict(reason, message, Some(&active.id)));
        }
        self.check_blockers(&configuration, now)?;
        let expires = now.checked_add(PRACTICE_RUN).unwrap_or(Timestamp::MAX);
        let target = (resource, zone);
        Ok(self.begin(Kind::PracticeRun, target, expires, input.comment, now))
    }

    fn check_blockers(
        &self,
        configuration: &PracticeRunConfiguration,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let in_one = |windows: &[String]| windows.iter().any(|window| Window::holds(window, now));
        let allowed = &configuration.allowed_windows;
        let blockers = [
            (
                self.any_red(&configuration.outcome_alarms),
                "PracticeOutcomeAlarmsRed",
                "an outcome alarm is in ALARM",
            ),
            (
                self.any_red(&configuration.blocking_alarms),
                "PracticeBlockingAlarmsRed",
                "a blocking alarm is in ALARM",
            ),
            (
                is_blocked_on(&configuration.blocked_dates, now),
                "PracticeInBlockedDates",
                "today is a blocked date",
            ),
            (
                in_one(&configuration.blocked_windows),
                "PracticeInBlockedWindows",
                "it is a blocked window",
            ),
            (
                !allowed.is_empty() && !in_one(allowed),
                "PracticeOutsideAllowedWindows",
                "it is no allowed window",
            ),
        ];
        match blockers.into_iter().find(|(blocks, ..)| *blocks) {
            Some((_, reason, message)) => Err(validate::conflict(reason, message, None)),
            None => Ok(()),
        }
    }

    /// Cancels a practice run.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for an unknown id, `ValidationException` for a shift that is no
    /// practice run, `ConflictException` for a run that has ended.
    pub fn cancel_practice_run(&mut self, id: &str, now: Timestamp) -> Result<Shift, ServiceError> {
        if self.find(id)?.kind != Kind::PracticeRun {
            return Err(validate::invalid(
                "UnsupportedPracticeCancelShiftType",
                format!("zonal shift {id} is not a practice run"),
            ));
        }
        self.cancel(id, now)
    }

    /// The ARNs of the alarms that practice runs depend on.
    pub(crate) fn watched_alarms(&self) -> impl Iterator<Item = &str> {
        let configurations = self.resources.values().flat_map(|one| &one.practice);
        configurations
            .flat_map(|one| one.outcome_alarms.iter().chain(&one.blocking_alarms))
            .map(String::as_str)
    }

    /// Takes note of which of the watched alarms are in `ALARM`, and ends the runs that they end.
    pub(crate) fn follow_alarms(&mut self, red: BTreeSet<String>, now: Timestamp) {
        if self.red == red {
            return;
        }
        self.red = red;
        let runs = self
            .shifts
            .iter()
            .filter(|shift| shift.is_active() && shift.kind == Kind::PracticeRun);
        let verdict = |shift: &Shift| {
            let configuration = self.resources.get(&shift.resource)?.practice.as_ref()?;
            if self.any_red(&configuration.outcome_alarms) {
                Some((shift.id.clone(), Outcome::Failed))
            } else {
                self.any_red(&configuration.blocking_alarms)
                    .then(|| (shift.id.clone(), Outcome::Interrupted))
            }
        };
        let over: Vec<(String, Outcome)> = runs.filter_map(verdict).collect();
        for (id, outcome) in over {
            let why = "A blocking alarm entered ALARM state.";
            self.end(&id, Status::Canceled, outcome, why, now);
        }
    }

    fn any_red(&self, alarms: &[String]) -> bool {
        alarms.iter().any(|alarm| self.red.contains(alarm))
    }
}
