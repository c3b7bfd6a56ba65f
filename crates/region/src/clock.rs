//! Driving a Region's clock in real time, for drills with real executables.

#![allow(
    clippy::disallowed_methods,
    reason = "what ties the Region's clock to the wall clock has to read it"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::task::{JoinError, JoinSet};

use crate::region::Region;

/// How often the clock moves.
const BEAT: Duration = Duration::from_millis(5);

/// The most that one move of the clock makes up for.
const LONGEST_BEAT: Duration = Duration::from_millis(50);
/// How much of the Region's time passes while nobody is answered.
const SLICE: SignedDuration = SignedDuration::from_secs(60);

/// How fast the clock runs while no function does; it runs at the speed of the wall clock while one
/// does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

/// Why a number is not a speed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is out of range, expected 1 to 100000: how many times faster than the wall clock")]
pub struct SpeedError(f64);

impl TryFrom<f64> for Speed {
    type Error = SpeedError;

    fn try_from(times: f64) -> Result<Self, SpeedError> {
        if (1.0..=100_000.0).contains(&times) {
            Ok(Self(times))
        } else {
            Err(SpeedError(times))
        }
    }
}

impl Speed {
    /// How many times faster.
    #[must_use]
    pub fn times(self) -> f64 {
        self.0
    }
}

/// Runs the Region until a moment of its clock, and on until no function runs any more.
///
/// # Errors
/// Where the Region itself broke down while it ran a function.
pub async fn run_until(
    region: &Arc<Region>,
    end: Timestamp,
    speed: Speed,
) -> Result<(), JoinError> {
    run_at(region, end, || Some(speed)).await
}

/// The same at a speed that may change; the clock stands still while there is none, but for a function
/// that runs.
///
/// # Errors
/// Where the Region itself broke down while it ran a function.
pub async fn run_at(
    region: &Arc<Region>,
    end: Timestamp,
    speed: impl Fn() -> Option<Speed>,
) -> Result<(), JoinError> {
    let mut due = JoinSet::new();
    let mut last = Instant::now();
    loop {
        tokio::time::sleep(BEAT).await;
        while let Some(done) = due.try_join_next() {
            done?;
        }
        // Where the machine cannot keep up, the clock runs slower, and not in ever larger steps.
        let beat = last.elapsed().min(LONGEST_BEAT);
        last = Instant::now();
        let (now, busy) = {
            let state = region.state();
            (state.now(), state.lambda.running() > 0)
        };
        let busy = busy || !due.is_empty();
        if now >= end && !busy {
            return Ok(());
        }
        let factor = match speed() {
            _ if busy => 1.0,
            Some(speed) => speed.0,
            None => 0.0,
        };
        let by = SignedDuration::try_from_secs_f64(beat.as_secs_f64() * factor).unwrap_or_default();
        let target = now.checked_add(by).unwrap_or(end);
        // Past the end the clock only goes on as long as a function runs.
        let target = if busy { target } else { target.min(end) };
        // In slices, so that callers are answered in between; a function that begins stops the haste.
        loop {
            let slice = region.now().checked_add(SLICE).unwrap_or(target);
            let items = region.step_until(slice.min(target));
            let began = !items.is_empty();
            for item in items {
                let region = Arc::clone(region);
                due.spawn(async move { region.run_due(item).await });
            }
            if began || region.now() >= target {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_never_runs_slower_than_the_wall_clock_or_absurdly_fast() {
        assert!(Speed::try_from(1.0).is_ok());
        assert!(Speed::try_from(100_000.0).is_ok());
        for times in [0.0, 0.5, -1.0, 100_001.0, f64::NAN, f64::INFINITY] {
            assert!(Speed::try_from(times).is_err(), "{times}");
        }
    }
}
