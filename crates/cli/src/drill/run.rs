//! Playing a scenario.

use region::clock::run_until;
use region::lambda::sandbox::LogSink;
use region::scenario::act::Act;
use region::scenario::{Scenario, ScenarioAct};
use region::stage::{ASG_PRUNING, CANARY, CLASSIFIER, Handlers, Stage, ZONAL_SHIFT};
use region::transport::endpoints::Endpoints;
use region::transport::http::{Listening, listen};
use region::world::CustomerLog;
use report::Incident;

use super::functions::Functions;
use super::gather::{Drill, gather};
use super::in_time;
use super::live::Live;
use crate::arguments::{DrillOptions, Format, UsageError};
use crate::output::complain;

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
    let doors = Doors::open(&stage, options, functions).await?;
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

/// What the functions' executables talk to, as long as it is kept.
pub(super) struct Doors {
    _region: Listening,
    _endpoints: Option<Endpoints>,
}

impl Doors {
    /// Opens the Region's door and has the executables behind its Lambda; the canary's too, unless the
    /// Region is to play it.
    pub(super) async fn open(
        stage: &Stage,
        options: &DrillOptions,
        functions: &Functions,
    ) -> anyhow::Result<Self> {
        let region = listen(&stage.region, 0).await?;
        let log = log_sink(stage, options.logs);
        let executable = |name, own: &[(&str, &str)]| {
            let endpoint = region.endpoint();
            functions.executable(name, &endpoint, &log, own).handler()
        };
        stage.connect(Handlers {
            classifier: executable(
                CLASSIFIER,
                &[
                    ("EVAC_ZONAL_SHIFT_FUNCTION", ZONAL_SHIFT),
                    ("EVAC_ASG_PRUNING_FUNCTION", ASG_PRUNING),
                    ("EVAC_TOPIC_ARN", &stage.topic),
                ],
            ),
            zonal_shift: executable(ZONAL_SHIFT, &[]),
            asg_pruning: executable(ASG_PRUNING, &[]),
        })?;
        let mut endpoints = None;
        if !options.play_canary {
            let listening = Endpoints::listen(&stage.region).await?;
            let plan = stage.canary_plan(&listening).to_string();
            stage.connect_canary(executable(CANARY, &[("EVAC_CANARY", &plan)]))?;
            endpoints = Some(listening);
        }
        Ok(Self {
            _region: region,
            _endpoints: endpoints,
        })
    }
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

/// A drill tells better than its functions' logs what happens; somebody who works on a function wants
/// to see them all the same.
fn log_sink(stage: &Stage, show: bool) -> LogSink {
    LogSink::into(&stage.region, move |function, line| {
        if show {
            complain(&format!("{function}: {line}"));
        }
    })
}
