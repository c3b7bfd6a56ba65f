//! Files that people name.

use std::io::Read;
use std::path::Path;

use anyhow::Context;

use crate::arguments::UsageError;

/// The text of a file that an option names; `-` is standard input.
///
/// # Errors
/// Where it cannot be read: wrong usage that names the option, and what it expects.
pub(crate) fn read(option: &str, path: &Path, expected: &str) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        let message = format!("{option} {path}: cannot be read ({error}); name {expected}");
        UsageError(message).into()
    })
}
