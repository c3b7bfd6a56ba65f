//! The benchmark's program: measures, prints the tables, writes them into the page, and fails where a budget
//! is broken.

use std::process::ExitCode;

use bench::run::Arguments;
use clap::Parser;

fn main() -> anyhow::Result<ExitCode> {
    bench::run::run(&Arguments::parse())
}
