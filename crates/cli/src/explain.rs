//! `evac explain`.

use std::path::Path;

use classifier::{Explanation, bare_defaults, explain};
use runtime::settings::{Reader, environment};
use serde_json::Value;

use crate::arguments::{ExplainOptions, Format, UsageError};
use crate::input::read;
use crate::output::{complain, tell};
use crate::steer::explain as explain_live;

/// Explains a file, or what is in an account; whether the classifier would take it.
pub(crate) fn command(options: &ExplainOptions) -> anyhow::Result<bool> {
    match (&options.input, &options.workload) {
        (Some(input), _) => file(options, input),
        (None, Some(workload)) => explain_live(workload, options.format),
        (None, None) => Err(UsageError(
            "--input or --workload: neither is given, expected one".to_owned(),
        )
        .into()),
    }
}

fn file(options: &ExplainOptions, input: &Path) -> anyhow::Result<bool> {
    let expected = "a file that holds an event or a command";
    let name = input.display();
    let input = read("--input", input, expected)?;
    let payload: Value = match serde_json::from_str(&input) {
        Ok(payload) => payload,
        Err(error) => {
            complain(&format!(
                "evac: {name}: not JSON: {error}, expected an event or a command as the classifier receives it"
            ));
            return Ok(false);
        }
    };
    let variables = environment();
    let mut reader = Reader::new(&variables);
    let bare = bare_defaults(&mut reader);
    let bare = reader.finish(bare)?;
    let explanation = match explain(&payload, &bare) {
        Ok(explanation) => explanation,
        Err(problems) => {
            complain(&format!(
                "evac: {name}: the classifier refuses this and calls nothing:"
            ));
            for problem in problems.iter() {
                complain(&format!("  {problem}"));
            }
            return Ok(false);
        }
    };
    match options.format {
        Format::Json => tell(&serde_json::to_string_pretty(&explanation)?)?,
        Format::Text => tell(&text(&explanation))?,
    }
    Ok(true)
}

fn text(explanation: &Explanation) -> String {
    let list = |items: &[String]| items.join("\n            ");
    let holds = if explanation.would_hold.is_empty() {
        "not for anything in the input; that depends on what it reads".to_owned()
    } else {
        list(&explanation.would_hold)
    };
    [
        format!("Signal:     {}", explanation.signal),
        format!("Workload:   {}", explanation.workload),
        format!("Would read: {}", list(&explanation.would_read)),
        format!("Would hold: {holds}"),
        format!("Otherwise:  {}", explanation.otherwise),
    ]
    .join("\n")
}
