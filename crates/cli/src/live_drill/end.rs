//! The end of a drill: given as a command until nothing is left of it.

use jiff::Timestamp;
use serde_json::json;
use tokio::time::sleep;

use super::watch::{Stop, between, now, shifts_of};
use super::{Begun, Drill};
use crate::account::Groups;
use crate::output::{Waiting, complain};
use crate::steer::ask;

/// So many times in a row the end may fail before a person is told to do it.
const MOST_FAILURES: u32 = 10;

/// What became of the end.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// When nothing was left, by the account's clock, where that could be read.
    pub(super) at: Option<Timestamp>,
    /// What is left, in words, with what to do about it.
    pub(super) left: Vec<String>,
}

/// Ends the drill. A second signal leaves the rest to Evac's tick, and to the shift's expiry.
pub(super) async fn end(drill: &Drill<'_>, begun: Option<&Begun>, stop: &mut Stop) -> Ended {
    let waiting = Waiting::for_what("capacity returns, and then traffic");
    let mut failures = 0;
    loop {
        let left = left(drill, begun).await;
        match &left {
            Ok(left) if left.is_empty() => {
                return Ended {
                    at: now(drill).await.ok(),
                    left: Vec::new(),
                };
            }
            Ok(_) => {}
            Err(error) => complain(&format!("evac: {error}")),
        }
        let asked = tokio::select! {
            biased;
            _ = stop.stopped() => break,
            asked = fail_back(drill) => asked,
        };
        failures = match (&left, &asked) {
            (Ok(_), Ok(())) => 0,
            _ => failures + 1,
        };
        if let Err(error) = asked {
            complain(&format!("evac: {error}"));
        }
        if failures == MOST_FAILURES {
            break;
        }
        tokio::select! {
            biased;
            _ = stop.stopped() => break,
            () = sleep(between(drill)) => {}
        }
    }
    drop(waiting);
    let mut ended = Ended::default();
    match left(drill, begun).await {
        Ok(left) if left.is_empty() => return ended,
        Ok(left) => ended.left = left,
        Err(_) => ended.left.push("what is left cannot be read".to_owned()),
    }
    let expires = drill.expires(begun).await;
    let name = &drill.found.workload.name;
    ended.left.push(format!(
        "the shift expires by itself{expires}, and Evac's tick puts the groups back; to end it now: evac fail-back --workload {name} --reason \"end of the drill\" --yes"
    ));
    ended
}

async fn fail_back(drill: &Drill<'_>) -> Result<(), String> {
    let command = json!({"action": "fail-back", "reason": drill.reason});
    let asked = ask(drill.account, &drill.found, command).await;
    asked.map(drop).map_err(|failure| failure.message)
}

/// What is left of the drill in the account.
async fn left(drill: &Drill<'_>, begun: Option<&Begun>) -> Result<Vec<String>, String> {
    let shifts = shifts_of(drill, begun)
        .await
        .map_err(|error| error.to_string())?;
    let mut left: Vec<String> = shifts
        .iter()
        .map(|shift| {
            format!(
                "{} is shifted away from {} until {} ({})",
                shift.resource.short(),
                shift.zone,
                shift.expires,
                shift.id
            )
        })
        .collect();
    if let Some(selector) = &drill.found.workload.groups {
        let groups = Groups::of(drill.account).standing(selector).await;
        let groups = groups.map_err(|error| error.to_string())?;
        left.extend(groups.iter().filter_map(|group| match &group.record {
            Ok(Some(record)) => Some(format!("{} is pruned for {}", group.group, record.incident)),
            _ => None,
        }));
    }
    Ok(left)
}

impl Drill<'_> {
    /// When the shift expires, as ARC says: what began its end may have given it its full time again.
    async fn expires(&self, begun: Option<&Begun>) -> String {
        let shifts = shifts_of(self, begun).await.unwrap_or_default();
        let last = shifts.iter().map(|shift| shift.expires).max();
        last.map(|at| format!(" at {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")))
            .unwrap_or_default()
    }
}
