//! The outside view: asks each zone's own endpoint, and the regional one, and counts what comes of it.
//!
//! A zone's endpoint answers also while traffic is shifted away from the zone, so this is the only
//! witness of a zone that has no customers, and the proof that fail-back waits for. The counts go to
//! standard output in the embedded metric format; nothing is called but the endpoints.
//!
//! A request is a *fault* where there is no connection, no answer in time, or a status of 400 or more:
//! the page has to be there. It is *slow* where a good answer comes late. Each request has a connection
//! and a name look-up of its own. Zeros are counted too: the canary knows that it asked.

mod plan;
mod probe;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use runtime::telemetry::Meter;
use serde::Serialize;
use tokio::time::sleep;
use tokio_rustls::rustls::RootCertStore;

pub use crate::plan::Plan;
use crate::probe::{Outcome, Prober};

/// The namespace of the canary's metrics.
pub const NAMESPACE: &str = "Evac/Canary";

/// Kept for writing the counts and ending in time.
const RESERVE: Duration = Duration::from_secs(1);

/// The function.
#[derive(Clone)]
pub struct Canary {
    plan: Arc<Plan>,
    prober: Prober,
    meter: Meter,
}

/// What was counted at an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Requests that were made.
    pub requests: u32,
    /// Those that failed.
    pub faults: u32,
    /// Those that did not fail, and were answered late.
    pub slow: u32,
    /// How often each kind of failure was met.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, u32>,
}

/// Why there is no canary.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// Only where a problem of the settings was not told.
    #[error("there is nothing to ask, expected EVAC_CANARY")]
    NoPlan,
    /// What TLS needs is missing.
    #[error("no TLS: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

impl Canary {
    /// The function, trusting the certificates that the system trusts.
    ///
    /// # Errors
    /// Where there is no plan, or no TLS.
    pub fn new(plan: Option<Plan>, meter: Meter) -> Result<Self, CanaryError> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        for error in found.errors {
            tracing::warn!("certificates of the system: {error}");
        }
        Self::trusting(roots, plan, meter)
    }

    /// The function, trusting these certificates.
    ///
    /// # Errors
    /// Where there is no plan, or no TLS.
    pub fn trusting(
        roots: RootCertStore,
        plan: Option<Plan>,
        meter: Meter,
    ) -> Result<Self, CanaryError> {
        let plan = plan.ok_or(CanaryError::NoPlan)?;
        Ok(Self {
            prober: Prober::new(roots, plan.timeout)?,
            plan: Arc::new(plan),
            meter,
        })
    }

    /// Asks every endpoint, writes the counts, and answers with them by AZ ID and under `regional`.
    ///
    /// # Errors
    /// None: that an endpoint does not answer is what it is there to tell.
    pub async fn handle(
        &self,
        invocation: Invocation,
    ) -> Result<BTreeMap<String, Counts>, FunctionError> {
        let at = invocation.now();
        let left = invocation
            .remaining()
            .saturating_sub(self.plan.timeout + RESERVE);
        let spread = self.plan.spread.min(left);
        let endpoints = self.plan.endpoints();
        let asked = endpoints
            .iter()
            .map(|(_, host, port)| self.endpoint(host, *port, spread));
        let counted = join_all(asked).await;
        let mut all = BTreeMap::new();
        for ((zone, _, _), counts) in endpoints.into_iter().zip(counted) {
            let place = zone.map_or(("Endpoint", "regional"), |zone| ("ZoneId", zone.as_str()));
            let values = [
                ("Requests", counts.requests),
                ("Faults", counts.faults),
                ("Slow", counts.slow),
            ]
            .map(|(name, count)| (name, "Count", f64::from(count)));
            let dimensions = [("Workload", self.plan.workload.as_str()), place];
            self.meter.write(NAMESPACE, at, &values, &dimensions);
            for (reason, times) in &counts.reasons {
                tracing::warn!(endpoint = place.1, times, "fault: {reason}");
            }
            all.insert(place.1.to_owned(), counts);
        }
        Ok(all)
    }

    /// Asks an endpoint as often as planned, and does not wait for one answer before the next request.
    async fn endpoint(&self, host: &str, port: u16, spread: Duration) -> Counts {
        let plan = &self.plan;
        let step = spread / plan.requests.max(1);
        let asked = (0..plan.requests).map(|number| async move {
            sleep(step * number).await;
            self.prober.ask(&plan.target, host, port).await
        });
        let mut counts = Counts::default();
        for outcome in join_all(asked).await {
            counts.requests += 1;
            match outcome {
                Outcome::Good(after) => counts.slow += u32::from(after > plan.slow_after),
                Outcome::Fault(reason) => {
                    counts.faults += 1;
                    *counts.reasons.entry(reason).or_default() += 1;
                }
            }
        }
        counts
    }
}
