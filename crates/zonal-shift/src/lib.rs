//! The only function that talks to ARC: it moves traffic away from a zone, and back.
//!
//! Every resource is read first, all at once; [`domain::shift::plan`] decides from the readings;
//! then the lead resource is shifted alone, because whoever shifts it holds the workload's lock, and
//! the others follow all at once. What ARC says it applies is read back. A call that failed, or
//! whose answer got lost, is not believed either way: the resource is read again.

mod arc;
mod request;

use domain::failure::{Class, Failure};
use domain::incident::{Marker, Phase};
use domain::shift::{
    ANSWER_SCHEMA, ActiveShift, Outcome, ResourceReading, ResourceReport, ShiftAction, ShiftAnswer,
    ShiftRequest, Step, in_effect, plan,
};
use domain::{IncidentId, ResourceArn};
use futures_util::stream::{self, StreamExt};
use runtime::clients::Connections;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use serde_json::Value;
use tokio::time::{Duration, sleep};

use crate::arc::Arc;

/// Calls to ARC at a time. Its limit is not published, and the whole account shares it.
const AT_A_TIME: usize = 8;

/// Waits between reading back, while ARC does not show a shift in effect yet.
const READ_BACK_WAITS: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_millis(1000),
];

/// The function.
#[derive(Debug, Clone)]
pub struct ZonalShift {
    arc: Arc,
}

impl ZonalShift {
    /// The function, over these connections.
    #[must_use]
    pub fn new(connections: &Connections) -> Self {
        Self {
            arc: Arc::new(connections),
        }
    }

    /// Performs a request.
    ///
    /// # Errors
    /// [`Class::BadInput`] where the payload is not a request of this version, and nothing was
    /// called then. What fails with a single resource stands in the answer instead, beside what
    /// became of the others; the classifier makes an error of it.
    pub async fn handle(
        &self,
        invocation: Invocation,
        payload: Value,
    ) -> Result<ShiftAnswer, FunctionError> {
        let request = request::read(&payload, &invocation.account)?;
        let with_cancelled = matches!(
            request.action,
            ShiftAction::Shift { .. } | ShiftAction::Status
        );
        let readings = self.read_all(&request, with_cancelled).await;
        let steps = plan(&request, &readings);
        let done = self.perform(&request, steps).await;
        let mut reports: Vec<ResourceReport> = readings
            .into_iter()
            .zip(done)
            .map(|((resource, reading), done)| {
                let reading = done.reading.unwrap_or(reading);
                report(&request, resource, reading, done.outcome)
            })
            .collect();
        let zone = request.action.incident().map(IncidentId::zone);
        if let (ShiftAction::Shift { .. }, Some(zone)) = (&request.action, zone) {
            self.read_back(&request, zone, &mut reports).await;
        }
        for report in &reports {
            log(&request, report);
        }
        Ok(ShiftAnswer {
            schema: ANSWER_SCHEMA.to_owned(),
            action: request.action.name().to_owned(),
            incident: request.action.incident().cloned(),
            dry_run: request.dry_run,
            in_effect: zone.is_some_and(|zone| in_effect(zone, &reports)),
            resources: reports,
        })
    }

    async fn perform(&self, request: &ShiftRequest, steps: Vec<Step>) -> Vec<Done> {
        let outcomes = match &request.action {
            ShiftAction::Shift {
                incident,
                expires_in,
            } => {
                let comment = marker(request, incident, Phase::Evacuate);
                return self
                    .start_all(request, steps, expires_in.as_str(), &comment)
                    .await;
            }
            ShiftAction::Extend {
                incident,
                expires_in,
                phase,
            } => {
                let comment = marker(request, incident, *phase);
                self.update_all(request, steps, expires_in.as_str(), &comment)
                    .await
            }
            ShiftAction::Cancel { .. } => self.cancel_all(request, steps).await,
            ShiftAction::Status => steps.into_iter().map(unperformed).collect(),
        };
        outcomes.into_iter().map(Done::from).collect()
    }

    async fn read_all(
        &self,
        request: &ShiftRequest,
        with_cancelled: bool,
    ) -> Vec<(ResourceArn, ResourceReading)> {
        let resources = request.resources.iter();
        let readings = resources.map(|resource| async move {
            let reading = self.arc.read(resource, with_cancelled).await;
            (resource.clone(), reading)
        });
        at_once(readings).await
    }

    /// The lead alone, then the others all at once, and these only if the lead is ours to shift.
    async fn start_all(
        &self,
        request: &ShiftRequest,
        steps: Vec<Step>,
        expires_in: &str,
        comment: &str,
    ) -> Vec<Done> {
        let mut steps = steps.into_iter();
        let (Some(lead), Some(lead_step)) = (request.resources.first(), steps.next()) else {
            return Vec::new();
        };
        let lead_done = self
            .start(request, lead, lead_step, expires_in, comment)
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
                    self.start(request, resource, step, expires_in, comment)
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
    ) -> Done {
        let failure = match self
            .try_start(request, resource, &step, expires_in, comment)
            .await
        {
            Ok(outcome) => return outcome.into(),
            Err(failure) if is_unclear(failure.class) => failure,
            Err(failure) => return failed(failure).into(),
        };
        let reading = self.arc.read(resource, true).await;
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
                .try_start(request, resource, &again, expires_in, comment)
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
    ) -> Result<Outcome, Failure> {
        match (step, request.action.incident()) {
            (Step::Update { id }, _) => {
                let expires_at = self.arc.update(resource, id, expires_in, comment).await?;
                Ok(Outcome::Extended {
                    zonal_shift_id: id.clone(),
                    expires_at,
                })
            }
            (Step::Start, Some(incident)) => {
                let zone = incident.zone();
                let (zonal_shift_id, expires_at) =
                    self.arc.start(resource, zone, expires_in, comment).await?;
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
    ) -> Outcome {
        let Step::Update { id } = step else {
            return unperformed(step);
        };
        match self.arc.update(resource, &id, expires_in, comment).await {
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
    async fn cancel_all(&self, request: &ShiftRequest, steps: Vec<Step>) -> Vec<Outcome> {
        let mut steps = steps.into_iter();
        let (Some(lead), Some(lead_step)) = (request.resources.first(), steps.next()) else {
            return Vec::new();
        };
        let others = request.resources.iter().skip(1).zip(steps);
        let others = others.map(|(resource, step)| self.cancel(resource, step));
        let others: Vec<Outcome> = at_once(others).await;
        let stuck = others
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Failed { .. }));
        let lead_outcome = match lead_step {
            Step::Cancel { .. } if stuck => Outcome::NotStarted {
                because: "another resource could not be cancelled, and the lead is released last"
                    .to_owned(),
            },
            step => self.cancel(lead, step).await,
        };
        [lead_outcome].into_iter().chain(others).collect()
    }

    async fn cancel(&self, resource: &ResourceArn, step: Step) -> Outcome {
        let Step::Cancel { id } = step else {
            return unperformed(step);
        };
        let failure = match self.arc.cancel(resource, &id).await {
            Ok(()) => return Outcome::Cancelled { zonal_shift_id: id },
            Err(failure) if is_unclear(failure.class) || failure.class == Class::NotFound => {
                failure
            }
            Err(failure) => return failed(failure),
        };
        // Ended already: by its expiry, by a person, or by an attempt whose answer got lost.
        match self.arc.read(resource, false).await {
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
    ) -> Vec<Outcome> {
        let updates = request.resources.iter().zip(steps);
        let updates =
            updates.map(|(resource, step)| self.update(resource, step, expires_in, comment));
        at_once(updates).await
    }

    /// Reads again what was started, until ARC shows it in effect or patience ends.
    async fn read_back(
        &self,
        request: &ShiftRequest,
        zone: &domain::ZoneId,
        reports: &mut [ResourceReport],
    ) {
        let unconfirmed = |report: &ResourceReport| {
            matches!(
                report.outcome,
                Outcome::Started { .. } | Outcome::Extended { .. } | Outcome::AlreadyShifted { .. }
            ) && report
                .weights
                .get(zone.as_str())
                .is_none_or(|weight| *weight > 0.0)
        };
        let mut waits = READ_BACK_WAITS.iter();
        loop {
            let open: Vec<usize> = reports
                .iter()
                .enumerate()
                .filter(|(_, report)| unconfirmed(report))
                .map(|(index, _)| index)
                .collect();
            if open.is_empty() {
                return;
            }
            let readings = open.into_iter().map(|index| {
                let resource = reports[index].resource.clone();
                async move { (index, self.arc.read(&resource, false).await) }
            });
            let readings = at_once(readings).await;
            for (index, reading) in readings {
                let before = &reports[index];
                reports[index] = report(
                    request,
                    before.resource.clone(),
                    reading,
                    before.outcome.clone(),
                );
            }
            if !reports.iter().any(unconfirmed) {
                return;
            }
            match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => return,
            }
        }
    }
}

/// Runs calls all at once, up to [`AT_A_TIME`]; the answers come in the order of the calls.
async fn at_once<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    // Made before the first runs: a stream that makes them on the way ties their lifetimes to its own.
    let calls: Vec<F> = calls.collect();
    stream::iter(calls).buffered(AT_A_TIME).collect().await
}

/// What became of a resource, and what was read of it meanwhile.
struct Done {
    outcome: Outcome,
    reading: Option<ResourceReading>,
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

fn report(
    request: &ShiftRequest,
    resource: ResourceArn,
    reading: ResourceReading,
    outcome: Outcome,
) -> ResourceReport {
    let state = match reading {
        ResourceReading::Managed(state) => state,
        ResourceReading::NotManaged | ResourceReading::Failed(_) => Default::default(),
    };
    ResourceReport {
        ended: state.ended(&request.workload),
        resource,
        outcome,
        weights: state.weights,
        shifts: state.shifts,
    }
}

fn log(request: &ShiftRequest, report: &ResourceReport) {
    let workload = request.workload.as_str();
    let incident = request.action.incident().map(ToString::to_string);
    let zone = request
        .action
        .incident()
        .map(|incident| incident.zone().to_string());
    let resource = report.resource.as_str();
    let action = request.action.name();
    match &report.outcome {
        Outcome::Started { .. } | Outcome::Extended { .. } | Outcome::Cancelled { .. } => {
            tracing::info!(workload, zone, incident, resource, action, drill = request.drill, outcome = ?report.outcome, "zonal shift changed");
        }
        Outcome::Failed { class, message } => {
            tracing::error!(
                workload,
                zone,
                incident,
                resource,
                action,
                class = class.name(),
                "{message}"
            );
        }
        _ => {
            tracing::debug!(workload, zone, incident, resource, action, outcome = ?report.outcome, "zonal shift left");
        }
    }
}
