//! What clap makes of the command line: completions for shells, and manual pages.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::{Arguments, UsageError};
use crate::output::tell;

/// Prints what a shell completes with.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<bool> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "evac", &mut script);
    tell(String::from_utf8(script)?.trim_end())?;
    Ok(true)
}

/// Writes the manual pages into a directory.
pub(crate) fn pages(directory: &Path) -> anyhow::Result<bool> {
    clap_mangen::generate_to(Arguments::command(), directory).map_err(|error| {
        let directory = directory.display();
        UsageError(format!(
            "--out {directory}: {error}; name a directory that exists and can be written to"
        ))
    })?;
    tell(&format!("man -M {} evac shows them", directory.display()))?;
    Ok(true)
}
