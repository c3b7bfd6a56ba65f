//! Driving a Region's clock in real time, for drills with real executables.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use crate::region::Region;

/// How often the clock moves.
const BEAT: Duration = Duration::from_millis(5);

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

/// Runs the Region until a moment of its clock, and on until no function runs any more.
pub async fn run_until(region: &Arc<Region>, end: Timestamp, speed: Speed) {
    let mut running = JoinSet::new();
    let mut last = Instant::now();
    loop {
        tokio::time::sleep(BEAT).await;
        while running.try_join_next().is_some() {}
        let beat = last.elapsed();
        last = Instant::now();
        if region.now() >= end && running.is_empty() {
            return;
        }
        let factor = if running.is_empty() { speed.0 } else { 1.0 };
        let by = SignedDuration::try_from_secs_f64(beat.as_secs_f64() * factor).unwrap_or_default();
        let target = region.now().checked_add(by).unwrap_or(end);
        // Past the end the clock only goes on as long as a function runs.
        let target = if running.is_empty() {
            target.min(end)
        } else {
            target
        };
        for due in region.step_until(target) {
            let region = Arc::clone(region);
            running.spawn(async move { region.run_due(due).await });
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
