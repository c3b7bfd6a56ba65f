//! `evac drill`: a scenario with the real executables, live.

mod functions;
mod live;
mod outcome;
mod run;
mod text;

use region::scenario::{Scenario, built_in};

use crate::arguments::{DrillOptions, Format, UsageError};
use crate::output::tell;

pub use outcome::{
    CustomerErrors, MutatingCall, Outcome, SentMessage, TimelineEntry, VerdictEntry,
};

/// Plays a scenario; whether it ended as expected and kept every invariant.
pub(crate) fn command(options: &DrillOptions) -> anyhow::Result<bool> {
    let scenarios = built_in()?;
    if options.list {
        tell(&text::list(&scenarios))?;
        return Ok(true);
    }
    let scenario = find(&scenarios, &options.scenario)?;
    let functions = functions::find(options.functions.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(run::play(scenario, options, &functions))?;
    match options.format {
        Format::Json => tell(&serde_json::to_string_pretty(&outcome)?)?,
        Format::Text => tell(&text::summary(&outcome))?,
    }
    Ok(outcome.is_good())
}

fn find<'a>(scenarios: &'a [Scenario], name: &str) -> Result<&'a Scenario, UsageError> {
    scenarios
        .iter()
        .find(|scenario| scenario.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = scenarios
                .iter()
                .map(|scenario| scenario.name.as_str())
                .collect();
            UsageError(format!(
                "--scenario {name}: there is no such scenario, expected one of {}",
                names.join(", ")
            ))
        })
}
