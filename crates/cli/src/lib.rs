//! `evac`: rehearse an evacuation, report a real one, explain what Evac makes of an event, try a policy on
//! recorded counts, and run the embedded Region for other clients.
//!
//! The exit status is 0 where everything is as it should be, 1 where it is not, and 2 for wrong
//! usage, such as a file that cannot be read.

mod account;
mod arguments;
mod backtest;
mod classify;
mod doors;
pub mod drill;
mod explain;
mod init;
mod input;
mod judgement;
mod live_drill;
mod manual;
mod output;
mod period;
mod preflight;
mod region;
mod report;
mod scenarios;
mod status;
mod steer;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

/// The exit status of a program that SIGPIPE ended, as shells show it.
const UNHEARD: u8 = 141;

/// Runs the program with these arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for, and go to standard output.
            let status = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let outcome = match arguments.command {
        Command::Backtest(options) => backtest::command(&options),
        Command::Classify => classify::command(),
        Command::Completions { shell } => manual::completions(shell),
        Command::Drill(options) if options.live => live_drill::command(&options),
        Command::Drill(options) => drill::command(&options),
        Command::Evacuate(options) => steer::evacuate(&options),
        Command::Explain(options) => explain::command(&options),
        Command::FailBack(options) => steer::fail_back(&options),
        Command::Init(options) => init::command(&options),
        Command::Man { out } => manual::pages(&out),
        Command::Preflight(options) => preflight::command(&options),
        Command::Reconcile(options) => steer::reconcile(&options),
        Command::Region(options) => region::command(&options),
        Command::Report(options) => report::command(&options),
        Command::Status(options) => status::command(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) if output::is_unheard(&error) => ExitCode::from(UNHEARD),
        Err(error) => {
            output::complain(&format!("evac: {error:#}"));
            let usage = error.downcast_ref::<arguments::UsageError>().is_some();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}
