//! `evac classify`: one verdict for each observation.

use std::io;

/// Reads observations as JSON lines from standard input, and writes a verdict a line; whether every
/// line was an observation.
pub(crate) fn command() -> anyhow::Result<bool> {
    Ok(backtest::lines::judge_lines(
        io::stdin().lock(),
        io::stdout().lock(),
    )?)
}
