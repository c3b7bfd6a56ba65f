//! `evac drill`: a scenario with the real executables, live.

mod functions;
mod live;
mod outcome;
mod run;
mod text;

use region::scenario::built_in;

use crate::arguments::{DrillOptions, Format};
use crate::scenarios::find;

pub use outcome::{
    CustomerErrors, MutatingCall, Outcome, SentMessage, TimelineEntry, VerdictEntry,
};

/// Plays a scenario; whether it ended as expected and kept every invariant.
pub(crate) fn command(options: &DrillOptions) -> anyhow::Result<bool> {
    let scenarios = built_in()?;
    if options.list {
        text::list(&scenarios);
        return Ok(true);
    }
    let scenario = find(&scenarios, &options.scenario)?;
    let functions = functions::find(options.functions.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(run::play(scenario, options, &functions))?;
    match options.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&outcome)?),
        Format::Text => text::summary(scenario, &outcome),
    }
    Ok(outcome.is_good())
}
