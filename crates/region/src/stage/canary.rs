//! The canary as a function of the drill's Region, in place of the Region's own.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{CANARY, Stage, StageError, WORKLOAD, rule};
use crate::eventbridge::{Input, Trigger};
use crate::lambda::Handler;
use crate::transport::endpoints::Endpoints;

/// The canary's schedule.
const CANARY_RULE: &str = "wildrydes-canary";
/// Requests of the canary to each endpoint in a minute, all at once: as many as the Region itself plays.
const CANARY_REQUESTS: u32 = 60;
/// From when on an answer is slow for it: later than for customers, because it asks in real time, and a
/// machine that is busy delays the answers.
const CANARY_SLOW_AFTER_MS: u64 = 800;
/// How long it waits for an answer. The Region's clock runs no faster than the wall clock meanwhile, so
/// this is on the short side.
const CANARY_TIMEOUT_MS: u64 = 1_500;

impl Stage {
    /// Adds the canary as a function, with its schedule, in place of the Region's own. What it prints has
    /// to be given to [`State::take_printed`](crate::state::State::take_printed).
    ///
    /// # Errors
    /// Where EventBridge refuses the schedule.
    pub fn connect_canary(&self, handler: Handler) -> Result<(), StageError> {
        let mut state = self.region.state();
        let now = state.now();
        (state.lambda).put_function(CANARY, Duration::from_secs(60), handler);
        let mut schedule = rule(
            CANARY_RULE,
            Trigger::Rate { seconds: 60 },
            Input::Constant(json!({})),
        );
        for target in &mut schedule.targets {
            CANARY.clone_into(&mut target.id);
            CANARY.clone_into(&mut target.function);
        }
        (state.events)
            .put_rule(schedule, now)
            .map_err(StageError::of)?;
        state.world.without_canaries();
        Ok(())
    }

    /// What the canary asks, as its variable `EVAC_CANARY` wants it: the workload's endpoints, as often in
    /// a minute as they answer in a moment.
    #[must_use]
    pub fn canary_plan(&self, endpoints: &Endpoints) -> Value {
        let zones = endpoints.zonal().iter();
        let zones: BTreeMap<String, String> = zones
            .map(|(zone, address)| (zone.to_string(), address.to_string()))
            .collect();
        json!({
            "workload": WORKLOAD,
            "url": format!("http://{}/", endpoints.regional()),
            "zones": zones,
            "requests": CANARY_REQUESTS,
            "slowAfterMs": CANARY_SLOW_AFTER_MS,
            "timeoutMs": CANARY_TIMEOUT_MS,
            "spreadSeconds": 0,
        })
    }
}
