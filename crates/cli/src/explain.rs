//! `evac explain`.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use classifier::{bare_defaults, explain};
use runtime::settings::{Reader, environment};
use serde_json::Value;

use crate::arguments::{ExplainOptions, Format};

/// Explains a file; whether the classifier would take it.
pub(crate) fn command(options: &ExplainOptions) -> anyhow::Result<bool> {
    let text = read(&options.input)?;
    let name = options.input.display();
    let payload: Value = match serde_json::from_str(&text) {
        Ok(payload) => payload,
        Err(error) => {
            eprintln!(
                "evac: {name}: not JSON: {error}, expected an event or a command as the classifier receives it"
            );
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
            eprintln!("evac: {name}: the classifier refuses this and calls nothing:");
            for problem in problems.iter() {
                eprintln!("  {problem}");
            }
            return Ok(false);
        }
    };
    match options.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&explanation)?),
        Format::Text => {
            println!("Signal:     {}", explanation.signal);
            println!("Workload:   {}", explanation.workload);
            println!(
                "Would read: {}",
                explanation.would_read.join("\n            ")
            );
            match explanation.would_hold.as_slice() {
                [] => println!(
                    "Would hold: not for anything in the input; that depends on what it reads"
                ),
                holds => println!("Would hold: {}", holds.join("\n            ")),
            }
            println!("Otherwise:  {}", explanation.otherwise);
        }
    }
    Ok(true)
}

fn read(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| {
        format!(
            "--input {}: cannot be read; name a file that holds an event or a command",
            path.display()
        )
    })
}
