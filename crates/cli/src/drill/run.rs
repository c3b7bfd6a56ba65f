//! Playing a scenario.

use std::collections::BTreeMap;

use region::clock::run_until;
use region::lambda::Handler;
use region::lambda::sandbox::{Executable, LogSink};
use region::scenario::act::Act;
use region::scenario::{Scenario, ScenarioAct};
use region::stage::{ASG_PRUNING, CLASSIFIER, Handlers, REGION, Stage, ZONAL_SHIFT};
use region::transport::http::listen;
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
    let listening = listen(&stage.region, 0).await?;
    let log = log_sink(&stage, options.logs);
    stage.connect(handlers(
        functions,
        &listening.endpoint(),
        &stage.topic,
        &log,
    ))?;
    live.follow(&stage, run_until(&stage.region, stage.end, options.speed))
        .await?;
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

pub(super) fn handlers(
    functions: &Functions,
    endpoint: &str,
    topic: &str,
    log: &LogSink,
) -> Handlers {
    let handler = |name: &str, own: &[(&str, &str)]| -> Handler {
        let mut variables = BTreeMap::from([
            ("AWS_REGION".to_owned(), REGION.to_owned()),
            ("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned()),
            // The Region tells its callers apart by their key.
            ("AWS_ACCESS_KEY_ID".to_owned(), name.to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "embedded".to_owned()),
        ]);
        variables.extend(
            own.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let executable = Executable {
            name: name.to_owned(),
            path: functions.path(name),
            variables,
            log: log.clone(),
        };
        executable.handler()
    };
    Handlers {
        classifier: handler(
            CLASSIFIER,
            &[
                ("EVAC_ZONAL_SHIFT_FUNCTION", ZONAL_SHIFT),
                ("EVAC_ASG_PRUNING_FUNCTION", ASG_PRUNING),
                ("EVAC_TOPIC_ARN", topic),
            ],
        ),
        zonal_shift: handler(ZONAL_SHIFT, &[]),
        asg_pruning: handler(ASG_PRUNING, &[]),
    }
}

/// A drill tells better than its functions' logs what happens; somebody who works on a function wants
/// to see them all the same.
pub(super) fn log_sink(stage: &Stage, show: bool) -> LogSink {
    LogSink::into(&stage.region, move |function, line| {
        if show {
            complain(&format!("{function}: {line}"));
        }
    })
}
