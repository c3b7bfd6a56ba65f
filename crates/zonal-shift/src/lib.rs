//! The only function that talks to ARC: it moves traffic away from a zone, and back.
//!
//! Every resource is read first, all at once; [`domain::shift::plan`] decides from the readings;
//! then the lead resource is shifted alone, because whoever shifts it holds the workload's lock, and
//! the others follow all at once. What ARC says it applies is read back. A call that failed, or
//! whose answer got lost, is not believed either way: the resource is read again.
//!
//! Where ARC throttles, calls wait for their turn; but nothing is read back then, which others would have
//! to wait for: the answer says so, and whoever asked asks again later.

mod arc;
mod perform;
pub mod request;

use domain::failure::Class;
use domain::shift::{
    ANSWER_SCHEMA, Outcome, ResourceReading, ResourceReport, ShiftAction, ShiftAnswer,
    ShiftRequest, in_effect, plan,
};
use domain::{IncidentId, ResourceArn};
use futures_util::stream::{self, StreamExt};
use runtime::clients::Connections;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use runtime::turn::Turn;
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

/// What is kept of the time for answering, and for a call that is under way when time is up.
const TO_ANSWER: Duration = Duration::from_secs(3);

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

    /// Makes the calls of a shift, over connections that let none through: [`runtime::warm_up`].
    pub async fn rehearse(&self) {
        let resource = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/rehearsal/0000000000000000";
        let (Ok(resource), Ok(zone)) = (resource.parse(), "use1-az1".parse()) else {
            return;
        };
        let turn = Turn::within(Duration::ZERO);
        self.arc.read(&resource, true, &turn).await;
        let started = self.arc.start(&resource, &zone, "1h", "rehearsal", &turn);
        let _ = started.await;
    }

    /// Performs a request.
    ///
    /// # Errors
    /// [`domain::Class::BadInput`] where the payload is not a request of this version, and nothing was
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
        // Half of the time is left to act on what was read.
        let looking = Turn::within(invocation.remaining() / 2);
        let readings = self.read_all(&request, with_cancelled, &looking).await;
        let steps = plan(&request, &readings);
        let acting = Turn::within(invocation.remaining().saturating_sub(TO_ANSWER));
        let done = self.perform(&request, steps, &acting).await;
        let mut reports: Vec<ResourceReport> = readings
            .into_iter()
            .zip(done)
            .map(|((resource, reading), done)| {
                let reading = done.reading.unwrap_or(reading);
                report(&request, resource, reading, done.outcome)
            })
            .collect();
        let zone = request.action.incident().map(IncidentId::zone);
        let mut unconfirmed = false;
        if let (ShiftAction::Shift { .. }, Some(zone)) = (&request.action, zone) {
            let throttled = looking.was_throttled() || acting.was_throttled();
            unconfirmed = !self
                .read_back(&request, zone, throttled, &mut reports)
                .await;
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
            unconfirmed,
        })
    }

    async fn read_all(
        &self,
        request: &ShiftRequest,
        with_cancelled: bool,
        turn: &Turn,
    ) -> Vec<(ResourceArn, ResourceReading)> {
        let resources = request.resources.iter();
        let readings = resources.map(|resource| async move {
            let reading = self.arc.read(resource, with_cancelled, turn).await;
            (resource.clone(), reading)
        });
        at_once(readings).await
    }

    /// Reads again what was started, until ARC shows it in effect or patience ends; whether it was looked.
    /// Where ARC is known to throttle it is not, and no further from the moment on when it begins to.
    async fn read_back(
        &self,
        request: &ShiftRequest,
        zone: &domain::ZoneId,
        throttled: bool,
        reports: &mut [ResourceReport],
    ) -> bool {
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
            if open.is_empty() || throttled {
                return open.is_empty();
            }
            let once = &Turn::within(Duration::ZERO);
            let readings = open.into_iter().map(|index| {
                let resource = reports[index].resource.clone();
                async move { (index, self.arc.read(&resource, false, once).await) }
            });
            let readings = at_once(readings).await;
            for (index, reading) in readings {
                if is_throttled(&reading) {
                    continue;
                }
                let before = &reports[index];
                reports[index] = report(
                    request,
                    before.resource.clone(),
                    reading,
                    before.outcome.clone(),
                );
            }
            if once.was_throttled() || !reports.iter().any(unconfirmed) {
                return !once.was_throttled();
            }
            match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => return true,
            }
        }
    }
}

fn is_throttled(reading: &ResourceReading) -> bool {
    matches!(reading, ResourceReading::Failed(failure) if failure.class == Class::Throttled)
}

/// Runs calls all at once, up to [`AT_A_TIME`]; the answers come in the order of the calls.
async fn at_once<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    // Made before the first runs: a stream that makes them on the way ties their lifetimes to its own.
    let calls: Vec<F> = calls.collect();
    stream::iter(calls).buffered(AT_A_TIME).collect().await
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
