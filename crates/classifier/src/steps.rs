//! The steps of a plan: what the other functions are asked, and how long each of them waits for its turn.
//!
//! In a zone's failure the workloads of a whole account act at once, and APIs and Lambda let so many through
//! at a time. A step waits for its turn as long as what it rests on is still true: a shift for a minute after
//! the decision, a prune until the deadline, as long as traffic is seen to be away.

use std::time::Duration;

use domain::decide::{AfterShift, after_shift};
use domain::duration::{DurationError, ShiftDuration};
use domain::failure::{Class, Failure};
use domain::incident;
use domain::prune::{PruneAction, PruneAnswer};
use domain::report::Report;
use domain::shift::{ShiftAction, ShiftAnswer};
use runtime::clients::LONGEST_BACKOFF;
use runtime::telemetry::Metric;
use runtime::turn::Turn;
use tokio::time::{Instant, sleep};

use crate::act::{Run, Stopped, stop, take_shifts};
use crate::observe::{prune_request, shift_request};

/// What is kept of the time for the messages and the answer.
const TO_TELL: Duration = Duration::from_secs(3);

/// What zonal-shift may take, more than its own time limit: so a call that is stuck is told soon.
const TO_SHIFT: Duration = Duration::from_secs(22);

/// What asg-pruning may take, the same way.
const TO_PRUNE: Duration = Duration::from_secs(125);

/// A prune is not begun with less time than this: among others it takes half of it.
const TO_BEGIN_PRUNE: Duration = Duration::from_secs(30);

/// A prune that waits rests on a look at the shift for so long.
const SHIFT_IS_KNOWN: Duration = Duration::from_secs(90);

/// A shift that could not be started so long after the decision is not started from it any more.
const DECISION: Duration = Duration::from_secs(60);

/// Before ARC is asked again whether it applies a shift, while it throttles: between this and twice as
/// long. The shifts of others come first.
const TO_CONFIRM: Duration = Duration::from_secs(60);

impl Run<'_> {
    /// Shifts, and asks again while ARC throttles: soon where the shift could not be started, and late where
    /// all that is missing is whether it is in effect.
    pub(crate) async fn shift_and_confirm(
        &self,
        report: &mut Report,
    ) -> Result<AfterShift, Stopped> {
        let decided = Instant::now();
        let mut measured = false;
        loop {
            let earlier = report.shifts.pop();
            let waiting = match &earlier {
                // What was started is only looked at.
                Some(earlier) if earlier.changed() => DECISION,
                _ => DECISION.saturating_sub(decided.elapsed()),
            };
            let answer = match (self.shift(waiting).await, earlier) {
                (Ok(answer), None) => answer,
                (Ok(answer), Some(earlier)) => earlier.followed_by(answer),
                (Err(failure), Some(earlier)) if failure.class == Class::Throttled => earlier,
                (Err(failure), earlier) => {
                    report.shifts.extend(earlier);
                    return Err(stop(report, "shift", failure));
                }
            };
            let gate = after_shift(self.workload, &answer);
            report.shifts.push(answer);
            if !measured && matches!(gate, AfterShift::InEffect | AfterShift::Unconfirmed) {
                self.measure(report);
                measured = true;
            }
            let wait = match &gate {
                AfterShift::Failed(failure)
                    if failure.class == Class::Throttled && decided.elapsed() < DECISION =>
                {
                    LONGEST_BACKOFF.mul_f64(fastrand::f64())
                }
                AfterShift::Unconfirmed => TO_CONFIRM.mul_f64(1.0 + fastrand::f64()),
                _ => return Ok(gate),
            };
            if wait + TO_SHIFT > self.time_to_act() {
                return Ok(gate);
            }
            sleep(wait).await;
        }
    }

    /// Shifts; Lambda may refuse to run zonal-shift for so long.
    async fn shift(&self, waiting: Duration) -> Result<ShiftAnswer, Failure> {
        let action = ShiftAction::Shift {
            incident: self.incident.clone(),
            expires_in: self.lasting()?,
        };
        self.resources(action, waiting).await
    }

    /// Lets our shifts last their full time from now on, and notes the phase on them.
    pub(crate) async fn extend(&self, phase: incident::Phase) -> Result<ShiftAnswer, Failure> {
        let action = ShiftAction::Extend {
            incident: self.incident.clone(),
            expires_in: self.lasting()?,
            phase,
        };
        self.resources(action, DECISION).await
    }

    pub(crate) async fn end_shift(&self, report: &mut Report) -> Result<(), Stopped> {
        let action = ShiftAction::Cancel {
            incident: self.incident.clone(),
        };
        let answer = self.resources(action, DECISION).await;
        let answer = answer.map_err(|failure| stop(report, "cancel", failure))?;
        take_shifts(report, "cancel", answer)
    }

    async fn resources(
        &self,
        action: ShiftAction,
        waiting: Duration,
    ) -> Result<ShiftAnswer, Failure> {
        let request = shift_request(self.workload, self.drill, self.dry_run, action);
        let within = TO_SHIFT.min(self.time_to_act());
        let turn = Turn::within(waiting.min(self.time_to_act()));
        let function = &self.function.configuration.zonal_shift;
        self.function
            .functions
            .call(function, &request, within, &turn)
            .await
    }

    /// Prunes as soon as Lambda lets asg-pruning run, which it does for only so many at once: traffic is away,
    /// and the others wait. `None` where traffic is not kept away any more, so that nothing may be pruned.
    pub(crate) async fn prune(&self) -> Result<Option<PruneAnswer>, Failure> {
        let action = PruneAction::Prune {
            incident: self.incident.clone(),
        };
        loop {
            let waiting = self.time_to_act().saturating_sub(TO_BEGIN_PRUNE);
            let turn = Turn::within(SHIFT_IS_KNOWN.min(waiting)).giving_way();
            match self.groups(&action, &turn).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(failure) if failure.class != Class::Throttled => return Err(failure),
                Err(failure) if waiting < SHIFT_IS_KNOWN => return Err(failure),
                Err(_) => {}
            }
            if !self.is_still_away().await? {
                tracing::info!(
                    workload = self.workload.name.as_str(),
                    incident = self.incident.to_string(),
                    "traffic is not kept away any more, so nothing is pruned"
                );
                return Ok(None);
            }
        }
    }

    /// Whether traffic is away from the incident's zone, and nobody has ended the incident. A workload without
    /// a shift has none that could end.
    async fn is_still_away(&self) -> Result<bool, Failure> {
        if self.workload.resources.is_empty() || self.dry_run {
            return Ok(true);
        }
        let turn = Turn::within(DECISION.min(self.time_to_act())).giving_way();
        turn.take(|| async {
            let answer = self.resources(ShiftAction::Status, DECISION).await?;
            if let Some((resource, failure)) = answer.failures().next() {
                return Err(failure.of(resource.short()));
            }
            let zone = self.incident.zone().as_str();
            Ok(answer.resources.first().is_some_and(|lead| {
                lead.weights.get(zone).is_some_and(|weight| *weight == 0.0)
                    && !lead.ended.contains(self.incident)
            }))
        })
        .await
    }

    /// Puts back what was pruned. Whoever waits for it in vain leaves it to the next tick.
    pub(crate) async fn restore(&self) -> Result<PruneAnswer, Failure> {
        let action = PruneAction::Restore {
            incident: self.incident.clone(),
        };
        let turn = Turn::within(DECISION.min(self.time_to_act()));
        self.groups(&action, &turn).await
    }

    async fn groups(&self, action: &PruneAction, turn: &Turn) -> Result<PruneAnswer, Failure> {
        let groups = self.workload.groups.as_ref().ok_or_else(|| {
            let missing =
                "workload.autoScalingGroups: missing, expected the groups of the workload";
            Failure::new(Class::BadInput, missing)
        })?;
        let action = action.clone();
        let request = prune_request(self.workload, groups, self.drill, self.dry_run, action);
        let within = TO_PRUNE.min(self.time_to_act());
        let function = &self.function.configuration.asg_pruning;
        self.function
            .functions
            .call(function, &request, within, turn)
            .await
    }

    fn time_to_act(&self) -> Duration {
        self.invocation.remaining().saturating_sub(TO_TELL)
    }

    /// How long a shift lasts. Only a rehearsal may do without the owners' word on it.
    fn lasting(&self) -> Result<ShiftDuration, Failure> {
        match &self.workload.policy.expires_in {
            Some(expires_in) => Ok(expires_in.clone()),
            None if self.dry_run => "1h"
                .parse()
                .map_err(|error: DurationError| Failure::new(Class::BadInput, error.to_string())),
            None => Err(Failure::new(
                Class::BadInput,
                "workload.policy.expiresIn: missing, expected how long a shift lasts, such as 6h",
            )),
        }
    }

    /// The time that customers waited for Evac, in milliseconds since the alarm went off.
    fn measure(&self, report: &Report) {
        let changed = report.shifts.iter().any(ShiftAnswer::changed);
        let Some(alarm_at) = report.triggered_at.filter(|_| changed) else {
            return;
        };
        let now = self.invocation.now();
        let waited = now.duration_since(alarm_at).as_secs_f64() * 1000.0;
        let dimensions = [("Workload", report.workload.as_str())];
        self.function
            .meter
            .record(Metric::TimeToShift, now, waited, &dimensions);
    }
}
