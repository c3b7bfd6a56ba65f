//! The detection benchmark: draws the incidents, prints the tables, and writes them into the page or
//! compares them with it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use detection::demand::demands;
use detection::page;
use detection::report::{Heading, tables};
use detection::run::{Plan, run};
use detection::truth::Truth;
use domain::judge::Criteria;

/// Everybody on every incident.
#[derive(Parser)]
struct Arguments {
    /// The seed of the incidents; the page is of this one, which nothing was tuned on
    #[arg(long, default_value_t = 20_261_124)]
    seed: u64,
    /// Incidents of each truth in each setting; a multiple of 18 gives every combination its turn
    #[arg(long, default_value_t = 18)]
    each: u64,
    /// Write the tables into this page
    #[arg(long, value_name = "PAGE", conflicts_with = "check")]
    write: Option<PathBuf>,
    /// Compare the tables with this page, and fail where they differ
    #[arg(long, value_name = "PAGE")]
    check: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let plan = |truths: &[Truth]| Plan {
        truths: truths.to_vec(),
        each: arguments.each,
        seed: arguments.seed,
        criteria: Criteria::default(),
    };
    let asked = run(&plan(&Truth::ASKED));
    let beyond = run(&plan(&Truth::BEYOND));
    let heading = Heading {
        seed: arguments.seed,
        each: arguments.each,
    };
    let tables = tables(heading, &asked, &beyond);
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    if let Some(path) = &arguments.check {
        page::compare(&read(path)?, &tables).with_context(|| path.display().to_string())?;
    } else {
        write!(std::io::stdout().lock(), "{tables}")?;
    }
    if let Some(path) = &arguments.write {
        let written = page::with_tables(&read(path)?, &tables)?;
        std::fs::write(path, written)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut failed = demands(&asked)
        .into_iter()
        .filter(|demand| !demand.holds)
        .peekable();
    if failed.peek().is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    for demand in failed {
        writeln!(
            std::io::stderr().lock(),
            "does not hold: {}: {}",
            demand.asked,
            demand.measured
        )?;
    }
    Ok(ExitCode::FAILURE)
}
