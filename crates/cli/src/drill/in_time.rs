//! What an alarm would have seen, had the metrics not been late.
//!
//! Late metrics are more than a delay: an alarm that looks at a few minutes may miss them altogether until
//! they are in time again. So how much of the time to detect was the metrics' is not computed from their
//! delay, but seen: the same scenario is played with metrics in time, up to the alarm.

use jiff::Timestamp;
use region::fault::spec::RegionFault;
use region::scenario::{Scenario, ScenarioRegionFault};
use region::stage::Stage;

use super::gather::first_alarm;

/// The end of the newest minute that CloudWatch would have shown to the alarm when it went off; none where
/// the scenario's metrics are in time, or no alarm goes off then.
pub(super) fn seen(scenario: &Scenario, seed: u64) -> anyhow::Result<Option<Timestamp>> {
    let is_late =
        |fault: &ScenarioRegionFault| matches!(fault.fault, RegionFault::LateMetrics { .. });
    if !scenario.region_faults.iter().any(is_late) {
        return Ok(None);
    }
    let mut in_time = scenario.clone();
    in_time.region_faults.retain(|fault| !is_late(fault));
    // Evac acts after the alarm, so it is not needed, and people's commands would find nobody.
    in_time.acts.clear();
    let stage = Stage::set(&in_time, seed)?;
    let due = stage.region.step_until(stage.end);
    anyhow::ensure!(
        due.is_empty(),
        "an invocation was due in a Region without functions"
    );
    let state = stage.region.state();
    let alarm = first_alarm(&state, &stage, scenario.fault_at(stage.begin));
    Ok(alarm.and_then(|alarm| state.newest_minute_shown(alarm)))
}
