//! The embedded Region as a subject.

use std::sync::Arc;

use jiff::SignedDuration;
use pipeline_tests::scenario_named;
use region::region::Region;
use region::scenario::Scenario;
use region::stage::Stage;
use region::transport::http::{self, Listening};

/// A Region in peacetime that listens on loopback, without any function of Evac.
pub(super) struct Embedded {
    stage: Stage,
    listening: Listening,
}

impl Embedded {
    pub(super) async fn start() -> Self {
        let peace = Scenario {
            faults: Vec::new(),
            ..scenario_named("zonal-errors")
        };
        let stage = Stage::set(&peace, 1).unwrap();
        let listening = http::listen(&stage.region, 0).await.unwrap();
        Self { stage, listening }
    }

    pub(super) fn endpoint(&self) -> String {
        self.listening.endpoint()
    }

    pub(super) fn region(&self) -> &Arc<Region> {
        &self.stage.region
    }

    /// The definition of the workload that is there.
    pub(super) fn workload(&self) -> &serde_json::Value {
        &self.stage.workload
    }

    /// Lets seconds pass.
    pub(super) async fn pass(&self, seconds: i64) {
        self.region()
            .advance(SignedDuration::from_secs(seconds))
            .await;
    }
}
