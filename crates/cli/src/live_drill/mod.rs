//! `evac drill --live`: a real, short evacuation of an account's zone, that ends whatever happens.
//!
//! The classifier does it, as it does everything: by the command `evacuate` with `drill`, and with a shift
//! that expires soon after the drill is to end. So nothing is left where this program is killed: the shift
//! expires by itself, and the tick puts back what was pruned. Everything else ends the drill at once, with
//! the command `fail-back`, which is given until ARC shows no shift of the drill any more.

mod customers;
mod end;
mod preconditions;
mod watch;

use std::fs::File;
use std::io::Write;

use anyhow::Context;
use domain::duration::ShiftDuration;
use domain::report::Report;
use domain::shift::ShiftAnswer;
use domain::{IncidentId, WorkloadName, ZoneId};
use jiff::{SignedDuration, Timestamp};
use runtime::settings::environment;
use serde_json::{Value, json};

use self::customers::Customers;
use self::end::Ended;
use self::watch::{Because, Stop};
use crate::account::definition::{Found, find};
use crate::account::{Account, Events};
use crate::arguments::{DrillOptions, Format, UsageError};
use crate::drill::create_report;
use crate::output::{Waiting, complain, tell};
use crate::steer::{agreed, ask, known_zone};

/// The version of the JSON.
const SCHEMA: &str = "evac.live-drill/1";
/// How much longer than the drill its shift may last: for the last look, and the way of the end.
const MARGIN_MINUTES: i64 = 5;
/// A longer drill is an evacuation.
const LONGEST_MINUTES: i64 = 120;

/// What is rehearsed.
struct Drill<'a> {
    account: &'a Account,
    /// The workload, with a definition whose shifts expire soon.
    found: Found,
    zone: ZoneId,
    length: SignedDuration,
    reason: String,
}

/// A drill that has begun.
struct Begun {
    incident: IncidentId,
    at: Timestamp,
}

/// Rehearses in the account; whether the drill went through, and nothing is left of it.
pub(crate) fn command(options: &DrillOptions) -> anyhow::Result<bool> {
    let (Some(workload), Some(zone), Some(length)) =
        (&options.workload, &options.zone, &options.length)
    else {
        let message = "--live: expected --workload, --zone and --for beside it";
        return Err(UsageError(message.to_owned()).into());
    };
    let minutes = minutes_of(length)?;
    let report = options.report.as_deref().map(create_report).transpose()?;
    let account = Account::open(&environment(), None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let drill = prepare(&account, workload, zone, minutes).await?;
        rehearse(&drill, options, report).await
    })
}

/// The minutes of `--for`.
fn minutes_of(length: &ShiftDuration) -> Result<i64, UsageError> {
    let minutes = length.length().as_mins();
    if (1..=LONGEST_MINUTES).contains(&minutes) {
        return Ok(minutes);
    }
    Err(UsageError(format!(
        "--for {length}: expected 1m to 2h, such as 15m; what is to last longer is evac evacuate"
    )))
}

async fn prepare<'a>(
    account: &'a Account,
    workload: &WorkloadName,
    zone: &ZoneId,
    minutes: i64,
) -> anyhow::Result<Drill<'a>> {
    let mut found = find(&Events::of(account), workload, account.region()).await?;
    known_zone(&found, zone.as_str())?;
    found.definition["policy"]["expiresIn"] = json!(format!("{}m", minutes + MARGIN_MINUTES));
    Ok(Drill {
        account,
        found,
        zone: zone.clone(),
        length: SignedDuration::from_mins(minutes),
        reason: format!("a drill of {minutes} minutes"),
    })
}

async fn rehearse(
    drill: &Drill<'_>,
    options: &DrillOptions,
    file: Option<File>,
) -> anyhow::Result<bool> {
    let wrong = {
        let _waiting = Waiting::for_what("whether everything is well");
        preconditions::look(drill).await
    };
    for line in &wrong {
        complain(&format!("evac: {line}"));
    }
    if !wrong.is_empty() {
        complain("evac: not everything is well, so nothing was begun");
        return Ok(false);
    }
    let what = [("zone".to_owned(), json!(drill.zone))]
        .into_iter()
        .collect();
    let action = "rehearse the evacuation of";
    if !options.yes && !agreed(action, drill.account, &drill.found, &what).await? {
        complain("evac: nothing was done");
        return Ok(false);
    }
    // Before anything is begun: whoever stops it may do so at once.
    let mut stop = Stop::listen()?;
    let begun = {
        let _waiting = Waiting::for_what("the classifier moves traffic");
        ask(drill.account, &drill.found, drill.evacuate(false)).await
    };
    let begun = match begun {
        Ok(report) => drill.begun(&report),
        // It may have had its effect nevertheless, and then its shift shows.
        Err(failure) => {
            complain(&format!("evac: {}", failure.message));
            None
        }
    };
    let because = match &begun {
        Some(begun) => watch::watch(drill, begun, &mut stop).await,
        None => Because::NotBegun,
    };
    complain(&format!("evac: the drill ends: {because}"));
    let ended = end::end(drill, begun.as_ref(), &mut stop).await;
    tell_outcome(drill, options.format, begun.as_ref(), &because, &ended).await?;
    if let (Some(mut file), Some(begun)) = (file, &begun) {
        let to = ended.at.unwrap_or(begun.at);
        let incident = crate::report::of(drill.account, &drill.found, begun.at, to).await?;
        file.write_all(report::standalone(&incident).as_bytes())
            .context("the report cannot be written")?;
    }
    Ok(because == Because::Over && ended.left.is_empty())
}

impl Drill<'_> {
    fn evacuate(&self, dry_run: bool) -> Value {
        let mut command = json!({
            "action": "evacuate", "zone": self.zone, "reason": self.reason, "drill": true,
        });
        if dry_run {
            command["dryRun"] = json!(true);
        }
        command
    }

    fn begun(&self, report: &Report) -> Option<Begun> {
        let incident = report.incident()?.clone();
        let shifted = report.shifts.iter().any(ShiftAnswer::changed);
        shifted.then_some(Begun {
            incident,
            at: report.at,
        })
    }
}

async fn tell_outcome(
    drill: &Drill<'_>,
    format: Format,
    begun: Option<&Begun>,
    because: &Because,
    ended: &Ended,
) -> anyhow::Result<()> {
    let customers = match begun {
        Some(begun) => Customers::read(drill, begun.at, ended.at).await,
        None => Customers::default(),
    };
    let json = json!({
        "schema": SCHEMA,
        "workload": drill.found.workload.name,
        "zone": drill.zone,
        "incident": begun.map(|begun| &begun.incident),
        "began": begun.map(|begun| begun.at),
        "ended": ended.at,
        "because": because.to_string(),
        "left": ended.left,
        "customers": customers.json(),
    });
    if format == Format::Json {
        tell(&serde_json::to_string_pretty(&json)?)?;
        return Ok(());
    }
    let name = &drill.found.workload.name;
    let mut text = match begun {
        Some(begun) => format!("Drill of {name}: {} ({})", drill.zone, begun.incident),
        None => format!("Drill of {name}: {}, which was not begun", drill.zone),
    };
    for line in customers.lines() {
        text.push_str(&format!("\n  {line}"));
    }
    text.push_str(&format!("\n  ended: {because}"));
    match ended.left.is_empty() {
        true => text.push_str(
            "\n  left behind: nothing; ARC shows no shift of the drill, and the groups are whole",
        ),
        false => {
            for left in &ended.left {
                text.push_str(&format!("\n  LEFT BEHIND: {left}"));
            }
        }
    }
    tell(&text)?;
    Ok(())
}
