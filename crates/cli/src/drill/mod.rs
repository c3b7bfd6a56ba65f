//! `evac drill`: a scenario with the real executables, live.

mod crash;
mod functions;
mod gather;
mod in_time;
mod live;
mod run;
mod serve;
mod text;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use region::fault::spec::RegionFault;
use region::scenario::{Scenario, built_in, file_of};

use crate::arguments::{DrillOptions, Format, UsageError};
use crate::input::read;
use crate::output::tell;
use crate::scenarios::{find, with_faults};

pub(crate) use crash::CrashAfter;
pub(crate) use functions::{Functions, find as find_functions};

/// Plays a scenario; whether it ended as expected and kept every invariant.
pub(crate) fn command(options: &DrillOptions) -> anyhow::Result<bool> {
    let scenarios = built_in()?;
    if options.list {
        tell(&text::list(&scenarios))?;
        return Ok(true);
    }
    let scenario = scenario(options, scenarios)?;
    if options.print {
        tell(file_of(&scenario.name).unwrap_or_default().trim_end())?;
        return Ok(true);
    }
    let functions = functions::find(options.functions.as_deref(), options.play_canary)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if options.serve {
        runtime.block_on(serve::serve(&scenario, options, &functions))?;
        return Ok(true);
    }
    let report = options.report.as_deref().map(create_report).transpose()?;
    let incident = runtime.block_on(run::play(&scenario, options, &functions))?;
    match options.format {
        Format::Json => tell(&serde_json::to_string_pretty(&incident)?)?,
        Format::Text => tell(&text::summary(&incident))?,
    }
    if let Some(mut file) = report {
        file.write_all(report::standalone(&incident).as_bytes())
            .context("the report cannot be written")?;
    }
    Ok(incident.is_good())
}

/// Creates the file of the report: before the drill, so that nobody waits for it in vain.
pub(crate) fn create_report(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).map_err(|error| {
        let path = path.display();
        UsageError(format!(
            "--report {path}: {error}; name a file in a directory that exists and can be written to"
        ))
    })?;
    Ok(file)
}

/// The scenario that is to be played, with the faults of the command line.
fn scenario(options: &DrillOptions, built_in: Vec<Scenario>) -> anyhow::Result<Scenario> {
    let scenario = match &options.scenario_file {
        Some(path) => {
            let expected = "a file that holds a scenario; evac drill --print shows one";
            let text = read("--scenario-file", path, expected)?;
            Scenario::read(&text).map_err(|error| {
                UsageError(format!("--scenario-file {}: {error}", path.display()))
            })?
        }
        None => find(built_in, &options.scenario)?,
    };
    let crashes = options.crashes.iter().map(RegionFault::from);
    let faults: Vec<RegionFault> = options.faults.iter().cloned().chain(crashes).collect();
    Ok(with_faults(scenario, &faults)?)
}
