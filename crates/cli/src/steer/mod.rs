//! `evac evacuate`, `fail-back` and `reconcile`: a person's word to the classifier of an account.
//!
//! The classifier alone decides and acts, so that what it refuses, and what it tells people, is the same
//! whoever asks. Before it is asked, a person sees how the workload stands.

mod outcome;

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use classifier::Functions as Invoker;
use domain::WorkloadName;
use domain::failure::Failure;
use domain::report::Report;
use runtime::settings::environment;
use runtime::turn::Turn;
use serde_json::{Map, Value, json};

use crate::account::definition::{Found, find};
use crate::account::{Account, Events};
use crate::arguments::{CommandOptions, EvacuateOptions, FailBackOptions, Format, UsageError};
use crate::output::{Waiting, complain, tell};
use crate::status;

/// The classifier may run for a quarter of an hour, where APIs throttle; the answer comes after it.
const WITHIN: Duration = Duration::from_secs(910);

/// A classifier that Lambda does not let run for so long is stopped, or too busy for a person to wait.
const TURN: Duration = Duration::from_secs(5);

/// Has a zone evacuated.
pub(crate) fn evacuate(options: &EvacuateOptions) -> anyhow::Result<bool> {
    let mut more = Map::from_iter([("zone".to_owned(), json!(options.zone))]);
    if options.drill {
        more.insert("drill".to_owned(), json!(true));
    }
    steer("evacuate", &options.command, more)
}

/// Has an evacuation ended.
pub(crate) fn fail_back(options: &FailBackOptions) -> anyhow::Result<bool> {
    steer("fail-back", &options.command, Map::new())
}

/// Has the classifier look.
pub(crate) fn reconcile(options: &FailBackOptions) -> anyhow::Result<bool> {
    steer("reconcile", &options.command, Map::new())
}

/// Has the classifier say what it would decide now.
pub(crate) fn explain(workload: &WorkloadName, format: Format) -> anyhow::Result<bool> {
    let options = CommandOptions {
        workload: workload.clone(),
        reason: "evac explain".to_owned(),
        dry_run: false,
        yes: true,
        format,
    };
    steer("explain", &options, Map::new())
}

fn steer(action: &str, options: &CommandOptions, more: Map<String, Value>) -> anyhow::Result<bool> {
    let account = Account::open(&environment(), None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let events = Events::of(&account);
        let found = find(&events, &options.workload, account.region()).await?;
        if let Some(zone) = more.get("zone").and_then(Value::as_str) {
            known_zone(&found, zone)?;
        }
        if !options.yes && !options.dry_run && !agreed(action, &account, &found, &more).await? {
            complain("evac: nothing was done");
            return Ok(false);
        }
        let mut command = more;
        command.insert("action".to_owned(), json!(action));
        command.insert("reason".to_owned(), json!(options.reason));
        if options.dry_run {
            command.insert("dryRun".to_owned(), json!(true));
        }
        let asked = {
            let _waiting = Waiting::for_what("the classifier looks, and acts");
            ask(&account, &found, Value::Object(command)).await
        };
        match asked {
            Ok(report) => {
                match options.format {
                    Format::Json => tell(&serde_json::to_string_pretty(&report)?)?,
                    Format::Text => tell(&outcome::text(&report))?,
                }
                Ok(true)
            }
            Err(failure) => {
                complain(&format!("evac: {}", failure.message));
                Ok(false)
            }
        }
    })
}

/// Gives the classifier of a workload a command, and waits for its report.
pub(crate) async fn ask(
    account: &Account,
    found: &Found,
    command: Value,
) -> Result<Report, Failure> {
    let payload = json!({"workload": found.definition, "command": command});
    let invoker = Invoker::new(account.connections());
    invoker
        .call(&found.classifier, &payload, WITHIN, &Turn::within(TURN))
        .await
}

/// Whether a person agrees, who sees how the workload stands.
pub(crate) async fn agreed(
    action: &str,
    account: &Account,
    found: &Found,
    more: &Map<String, Value>,
) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        let message = "--yes: nobody can be asked, because standard input is no terminal; add --yes, or --dry-run to change nothing";
        return Err(UsageError(message.to_owned()).into());
    }
    let standing = status::Standing::read(account, found).await;
    complain(&status::text(&standing));
    let zone = more.get("zone").and_then(Value::as_str);
    let what = zone.map_or_else(|| action.to_owned(), |zone| format!("{action} {zone}"));
    let mut error = io::stderr().lock();
    write!(
        error,
        "Have Evac {what} for {}? [y/N] ",
        found.workload.name
    )?;
    error.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Whether a workload has a zone.
///
/// # Errors
/// Wrong usage where it does not, with those that it has.
pub(crate) fn known_zone(found: &Found, zone: &str) -> Result<(), UsageError> {
    let zones = found.workload.zones.ids().into_iter();
    let zones: Vec<String> = zones.map(ToString::to_string).collect();
    if zones.iter().any(|known| known == zone) {
        return Ok(());
    }
    let name = &found.workload.name;
    Err(UsageError(format!(
        "--zone {zone}: not a zone of {name}, expected one of {}",
        zones.join(", ")
    )))
}
