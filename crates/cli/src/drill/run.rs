//! Playing a scenario.

use region::clock::run_until;
use region::scenario::act::Act;
use region::scenario::{Scenario, ScenarioAct};
use region::stage::Stage;
use region::world::CustomerLog;
use report::Incident;

use super::functions::Functions;
use super::gather::{Drill, gather};
use super::in_time;
use super::live::Live;
use crate::arguments::{DrillOptions, Format, UsageError};
use crate::doors::{Doors, Opening};

/// Plays a scenario with the functions' executables.
pub(crate) async fn play(
    scenario: &Scenario,
    options: &DrillOptions,
    functions: &Functions,
) -> anyhow::Result<Incident> {
    let mut live = Live::new(options.format == Format::Text);
    live.introduce(scenario, options.seed)?;
    let twins = tokio::task::spawn_blocking({
        let scenario = scenario.clone();
        let seed = options.seed;
        move || {
            anyhow::Ok((
                undisturbed(&scenario, seed)?,
                in_time::seen(&scenario, seed)?,
            ))
        }
    });
    let stage =
        Stage::set(scenario, options.seed).map_err(|error| UsageError(error.to_string()))?;
    let doors = Doors::open(&stage, functions, &Opening::of(options)).await?;
    live.follow(&stage, run_until(&stage.region, stage.end, options.speed))
        .await?;
    drop(doors);
    let (without, seen_in_time) = twins.await??;
    Ok(gather(&Drill {
        scenario,
        seed: options.seed,
        stage: &stage,
        without: &without,
        seen_in_time,
        begin: stage.begin,
        end: stage.end,
        fault_at: scenario.fault_at(stage.begin),
        judged: true,
    }))
}

/// What customers see without Evac, and with everything else as it was.
fn undisturbed(scenario: &Scenario, seed: u64) -> anyhow::Result<CustomerLog> {
    let mut scenario = scenario.clone();
    let is_command = |act: &ScenarioAct| matches!(act.act, Act::Command { .. });
    scenario.acts.retain(|act| !is_command(act));
    let stage = Stage::set(&scenario, seed)?;
    // There is no function and no rule, so nothing becomes due.
    let due = stage.region.step_until(stage.end);
    anyhow::ensure!(
        due.is_empty(),
        "an invocation was due in a Region without functions"
    );
    let customers = stage.region.state().world.customers().clone();
    Ok(customers)
}
