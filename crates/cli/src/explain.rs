//! `evac explain`.

use classifier::{Explanation, bare_defaults, explain};
use runtime::settings::{Reader, environment};
use serde_json::Value;

use crate::arguments::{ExplainOptions, Format};
use crate::input::read;
use crate::output::{complain, tell};

/// Explains a file; whether the classifier would take it.
pub(crate) fn command(options: &ExplainOptions) -> anyhow::Result<bool> {
    let expected = "a file that holds an event or a command";
    let input = read("--input", &options.input, expected)?;
    let name = options.input.display();
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
