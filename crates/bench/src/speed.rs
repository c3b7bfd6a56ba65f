//! How fast the embedded Region goes by itself: minutes of its time in a second of one processor.

use anyhow::Context;
use jiff::SignedDuration;
use region::scenario::{Scenario, built_in, healthy};
use region::stage::Stage;

/// Minutes of the Region for a second of processor time.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// In peace: one workload of three zones, with traffic and alarms.
    pub in_peace: f64,
    /// With a zone that is slow.
    pub impaired: f64,
}

/// Measures it over so many minutes each.
///
/// # Errors
/// Where a Region cannot be set up, or the system does not tell how much processor time was used.
pub async fn measure(minutes: u32) -> anyhow::Result<Speed> {
    let impaired = built_in()?
        .into_iter()
        .find(|scenario| scenario.name == "zonal-latency")
        .context("there is no scenario zonal-latency")?;
    Ok(Speed {
        in_peace: of(&healthy()?, minutes).await?,
        impaired: of(&impaired, minutes).await?,
    })
}

async fn of(scenario: &Scenario, minutes: u32) -> anyhow::Result<f64> {
    let stage = Stage::set(scenario, 1)?;
    let before = processor_seconds()?;
    stage
        .region
        .advance(SignedDuration::from_mins(minutes.into()))
        .await;
    Ok(f64::from(minutes) / (processor_seconds()? - before))
}

/// The processor time of this thread so far. It says nothing of the machine's other work, which the clock
/// on the wall would count along.
#[allow(
    clippy::cast_precision_loss,
    reason = "nanoseconds of some minutes are exact"
)]
fn processor_seconds() -> anyhow::Result<f64> {
    let path = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(path).context(path)?;
    let nanos = text.split_whitespace().next().context(path)?;
    Ok(nanos.parse::<u64>()? as f64 / 1e9)
}
