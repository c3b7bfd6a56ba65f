//! `evac preflight`: what has to be true before an incident.
//!
//! [`facts`] reads the account, [`checks`] judges what was read and knows no account, so that each check
//! can be tested alone.

mod checks;
mod facts;

use std::fmt::Write;

use runtime::settings::environment;
use serde_json::{Value, json};

use self::checks::{Finding, State};
use self::facts::Facts;
use crate::account::definition::find;
use crate::account::{Account, Events};
use crate::arguments::{Format, PreflightOptions};
use crate::output::{WIDTH, Waiting, tell, wrapped};

/// The columns of a check's name, and of its state before it.
const HEAD: usize = 14;
const MARK: usize = 8;

/// The version of the JSON.
const SCHEMA: &str = "evac.preflight/1";

/// Looks whether a workload is ready for an incident; whether it is.
pub(crate) fn command(options: &PreflightOptions) -> anyhow::Result<bool> {
    let account = Account::open(&environment(), None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let facts = runtime.block_on(async {
        let found = find(&Events::of(&account), &options.workload, account.region()).await?;
        let _waiting = Waiting::for_what("the account is read");
        anyhow::Ok(Facts::read(&account, found).await)
    })?;
    let findings = checks::judge(&facts);
    let ready = findings.iter().all(|finding| finding.state.is_ready());
    match options.format {
        Format::Json => {
            let findings: Vec<Value> = findings.iter().map(Finding::json).collect();
            let json = json!({
                "schema": SCHEMA, "workload": options.workload, "ready": ready, "findings": findings,
            });
            tell(&serde_json::to_string_pretty(&json)?)?;
        }
        Format::Text => tell(&text(options.workload.as_str(), &findings))?,
    }
    Ok(ready)
}

/// The table that people read, with the remedy under what is wrong.
fn text(workload: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = finding.state.mark();
        let room = WIDTH - HEAD - MARK - 2;
        let remedy = finding.remedy.iter().map(|remedy| format!("-> {remedy}"));
        let lines = std::iter::once(finding.what.clone()).chain(remedy);
        let lines = lines.flat_map(|line| wrapped(&line, room));
        for (number, line) in lines.enumerate() {
            let (mark, check) = match number {
                0 => (mark, finding.check),
                _ => ("", ""),
            };
            let _ = writeln!(text, "{mark:<MARK$}{check:<HEAD$} {line}");
        }
    }
    let wrong = findings.iter().filter(|one| !one.state.is_ready()).count();
    let remarks = findings.iter().filter(|one| one.state == State::Remark);
    let remarks = match remarks.count() {
        0 => String::new(),
        1 => ", 1 remark".to_owned(),
        count => format!(", {count} remarks"),
    };
    let _ = match wrong {
        0 => write!(text, "\n{workload} is ready{remarks}"),
        1 => write!(text, "\n{workload} is not ready: 1 check failed{remarks}"),
        _ => write!(
            text,
            "\n{workload} is not ready: {wrong} checks failed{remarks}"
        ),
    };
    text
}
