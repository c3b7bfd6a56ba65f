//! Performing the steps of a plan: in which order, and what a failed call is worth.

use domain::failure::{Class, Failure};
use domain::incident::{Marker, Phase};
use domain::shift::{ActiveShift, Outcome, ResourceReading, ShiftAction, ShiftRequest, Step, plan};
use domain::{IncidentId, ResourceArn};
use runtime::turn::Turn;

use crate::{ZonalShift, at_once};

impl ZonalShift {
    pub(crate) async fn perform(
        &self,
        request: &ShiftRequest,
        steps: Vec<Step>,
        turn: &Turn,
    ) -> Vec<Done> {
        let outcomes = match &request.action {
            ShiftAction::Shift {
                incident,
                expires_in,
            } => {
                let comment = marker(request, incident, Phase::Evacuate);
                return self
                    .start_all(request, steps, expires_in.as_str(), &comment, turn)
                    .await;
            }
            ShiftAction::Extend {
                incident,
                expires_in,
                phase,
            } => {
                let comment = marker(request, incident, *phase);
                self.update_all(request, steps, expires_in.as_str(), &comment, turn)
                    .await
            }
            ShiftAction::Cancel { .. } => self.cancel_all(request, steps, turn).await,
            ShiftAction::Status => steps.into_iter().map(unperformed).collect(),
        };
        outcomes.into_iter().map(Done::from).collect()
    }

    /// The lead alone, then the others all at once, and these only if the lead is ours to shift.
    async fn start_all(
        &self,
        request: &ShiftRequest,
        steps: Vec<Step>,
        expires_in: &str,
        comment: &str,
        turn: &Turn,
    ) -> Vec<Done> {
        let mut steps = steps.into_iter();
        let (Some(lead), Some(lead_step)) = (request.resources.first(), steps.next()) else {
            return Vec::new();
        };
        let lead_done = self
            .start(request, lead, lead_step, expires_in, comment, turn)
            .await;
        let go_on = matches!(
            lead_done.outcome,
            Outcome::Started { .. }
                | Outcome::Extended { .. }
                | Outcome::AlreadyShifted { .. }
                | Outcome::Would { .. }
        );
        let others = request.resources.iter().skip(1).zip(steps);
        let others = others.map(|(resource, step)| async move {
            match step {
                Step::Start | Step::Update { .. } if !go_on => Done::from(Outcome::NotStarted {
                    because: format!("{} could not be shifted, and it is the lead", lead.short()),
                }),
                step => {
                    self.start(request, resource, step, expires_in, comment, turn)
                        .await
                }
            }
        });
        let mut done = vec![lead_done];
        done.extend(at_once(others).await);
        done
    }

    /// Performs one resource's step of a `shift`. A call that failed, or whose answer got lost, is
    /// not believed: the resource is read and planned again, and what is planned then is tried once.
    async fn start(
        &self,
        request: &ShiftRequest,
        resource: &ResourceArn,
        step: Step,
        expires_in: &str,
        comment: &str,
        turn: &Turn,
    ) -> Done {
        let failure = match self
            .try_start(request, resource, &step, expires_in, comment, turn)
            .await
        {
            Ok(outcome) => return outcome.into(),
            Err(failure) if is_unclear(failure.class) => failure,
            Err(failure) => return failed(failure).into(),
        };
        let reading = self.arc.read(resource, true, turn).await;
        if let Some(outcome) = done_after_all(request, &step, &reading) {
            return Done {
                outcome,
                reading: Some(reading),
            };
        }
        let again = plan(request, &[(resource.clone(), reading.clone())]).pop();
        let outcome = match again {
            Some(Step::Leave(
                outcome @ (Outcome::AlreadyShifted { .. } | Outcome::HeldByOther { .. }),
            )) => outcome,
            // Our shift ended while it was being updated, or somebody's that stood in the way did.
            Some(again @ (Step::Start | Step::Update { .. })) if again != step => self
                .try_start(request, resource, &again, expires_in, comment, turn)
                .await
                .unwrap_or_else(failed),
            _ => failed(failure),
        };
        Done {
            outcome,
            reading: Some(reading),
        }
    }

    async fn try_start(
        &self,
        request: &ShiftRequest,
        resource: &ResourceArn,
        step: &Step,
        expires_in: &str,
        comment: &str,
        turn: &Turn,
    ) -> Result<Outcome, Failure> {
        match (step, request.action.incident()) {
            (Step::Update { id }, _) => {
                let expires_at = self
                    .arc
                    .update(resource, id, expires_in, comment, turn)
                    .await?;
                Ok(Outcome::Extended {
                    zonal_shift_id: id.clone(),
                    expires_at,
                })
            }
            (Step::Start, Some(incident)) => {
                let zone = incident.zone();
                let (zonal_shift_id, expires_at) = self
                    .arc
                    .start(resource, zone, expires_in, comment, turn)
                    .await?;
                Ok(Outcome::Started {
                    zonal_shift_id,
                    expires_at,
                })
            }
            _ => Ok(unperformed(step.clone())),
        }
    }

    async fn update(
        &self,
        resource: &ResourceArn,
        step: Step,
        expires_in: &str,
        comment: &str,
        turn: &Turn,
    ) -> Outcome {
        let Step::Update { id } = step else {
            return unperformed(step);
        };
        match self
            .arc
            .update(resource, &id, expires_in, comment, turn)
            .await
        {
            Ok(expires_at) => Outcome::Extended {
                zonal_shift_id: id,
                expires_at,
            },
            // It ended between reading and extending.
            Err(failure) if failure.class == Class::Conflict => Outcome::NotShifted,
            Err(failure) => failed(failure),
        }
    }

    /// The others all at once, then the lead: it is the lock, so it is released last.
    async fn cancel_all(
        &self,
        request: &ShiftRequest,
        steps: Vec<Step>,
        turn: &Turn,
    ) -> Vec<Outcome> {
        let mut steps = steps.into_iter();
        let (Some(lead), Some(lead_step)) = (request.resources.first(), steps.next()) else {
            return Vec::new();
        };
        let others = request.resources.iter().skip(1).zip(steps);
        let others = others.map(|(resource, step)| self.cancel(resource, step, turn));
        let others: Vec<Outcome> = at_once(others).await;
        let stuck = others
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Failed { .. }));
        let lead_outcome = match lead_step {
            Step::Cancel { .. } if stuck => Outcome::NotStarted {
                because: "another resource could not be cancelled, and the lead is released last"
                    .to_owned(),
            },
            step => self.cancel(lead, step, turn).await,
        };
        [lead_outcome].into_iter().chain(others).collect()
    }

    async fn cancel(&self, resource: &ResourceArn, step: Step, turn: &Turn) -> Outcome {
        let Step::Cancel { id } = step else {
            return unperformed(step);
        };
        let failure = match self.arc.cancel(resource, &id, turn).await {
            Ok(()) => return Outcome::Cancelled { zonal_shift_id: id },
            Err(failure) if is_unclear(failure.class) || failure.class == Class::NotFound => {
                failure
            }
            Err(failure) => return failed(failure),
        };
        // Ended already: by its expiry, by a person, or by an attempt whose answer got lost.
        match self.arc.read(resource, false, turn).await {
            ResourceReading::Managed(state)
                if !state
                    .shifts
                    .iter()
                    .any(|shift| shift.id.as_ref() == Some(&id)) =>
            {
                Outcome::Cancelled { zonal_shift_id: id }
            }
            _ => failed(failure),
        }
    }

    async fn update_all(
        &self,
        request: &ShiftRequest,
        steps: Vec<Step>,
        expires_in: &str,
        comment: &str,
        turn: &Turn,
    ) -> Vec<Outcome> {
        let updates = request.resources.iter().zip(steps);
        let updates =
            updates.map(|(resource, step)| self.update(resource, step, expires_in, comment, turn));
        at_once(updates).await
    }
}

/// What became of a resource, and what was read of it meanwhile.
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    pub(crate) reading: Option<ResourceReading>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            reading: None,
        }
    }
}

fn marker(request: &ShiftRequest, incident: &IncidentId, phase: Phase) -> String {
    Marker {
        incident: incident.clone(),
        phase,
        drill: request.drill,
    }
    .to_comment()
}

/// Whether a call that failed like this may have had its effect nevertheless: at once, or by an
/// attempt before the last whose answer got lost.
fn is_unclear(class: Class) -> bool {
    matches!(
        class,
        Class::Conflict | Class::Timeout | Class::Unavailable | Class::BadAnswer | Class::Throttled
    )
}

/// The outcome of a step whose call failed, where the resource shows that it was performed: it has
/// a shift with the mark of this very incident.
fn done_after_all(
    request: &ShiftRequest,
    step: &Step,
    reading: &ResourceReading,
) -> Option<Outcome> {
    let ResourceReading::Managed(state) = reading else {
        return None;
    };
    let incident = request.action.incident()?;
    let is_ours = |shift: &&ActiveShift| {
        let marker = shift.ours(&request.workload);
        marker.is_some_and(|marker| {
            marker.incident == *incident
                && marker.phase == Phase::Evacuate
                && marker.drill == request.drill
        })
    };
    let shift = state.shifts.iter().find(is_ours)?;
    let zonal_shift_id = shift.id.clone()?;
    let expires_at = shift.expires_at;
    match step {
        Step::Start => Some(Outcome::Started {
            zonal_shift_id,
            expires_at,
        }),
        Step::Update { .. } => Some(Outcome::Extended {
            zonal_shift_id,
            expires_at,
        }),
        Step::Cancel { .. } | Step::Leave(_) => None,
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        class: failure.class,
        message: failure.message,
    }
}

/// The outcome of a step that asks for nothing. A step of another action than the request's cannot
/// come out of its plan; if it did, it would be told and not done.
fn unperformed(step: Step) -> Outcome {
    match step {
        Step::Leave(outcome) => outcome,
        Step::Start | Step::Update { .. } | Step::Cancel { .. } => failed(Failure::new(
            Class::BadInput,
            "the plan holds a step of another action",
        )),
    }
}
